-- Takes a place among all messages and among its chat's, in one step, or says how long to wait.
--
-- KEYS: when the next is due, when the last of all went, when the chat's last went, pause of all, pause of the chat,
-- until when answers go first, wishes to wait. ARGV: messages in any second of all, its milliseconds with the slack,
-- messages and ms of the chat's window, whether to take the place, whether it is an alert, ms of the longest pause,
-- AT_ONCE, SLOWER, SLOWER_AT_MOST, the time of a place that was taken and is used only now, WAKING_MS, ms for which
-- wishes are kept at most. Answers microseconds to wait for all, those for this chat's own limit, and the time of the
-- place that was taken.
--
-- What can't be ours is as if it were not there: a time further ahead than any is ever set (with a second for a clock
-- that was set back), a word, and a key that holds something else.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local count, second = tonumber(ARGV[1]), tonumber(ARGV[2])
local at_most, window = tonumber(ARGV[3]), tonumber(ARGV[4])
local take, alert = ARGV[5] == '1', ARGV[6] == '1'
for index, kind in ipairs({'string', 'list', 'list', 'string', 'string', 'string', 'string'}) do
  local found = redis.call('TYPE', KEYS[index])['ok']
  if found ~= kind and found ~= 'none' then redis.call('DEL', KEYS[index]) end
end
local function ahead(written, longest)
  local left = (tonumber(written) or 0) - now
  if left > 0 and left <= longest then return left end
  return 0
end
if ARGV[11] ~= '' then
  local used = string.format('%.3f', now)
  if redis.call('LREM', KEYS[2], 1, ARGV[11]) == 1 then redis.call('LPUSH', KEYS[2], used) end
  return {0, 0, used}
end
local lasts = redis.call('PTTL', KEYS[7])
if lasts == -1 or lasts > tonumber(ARGV[13]) then redis.call('DEL', KEYS[7]) end
local wishes = tonumber(redis.call('GET', KEYS[7])) or 0
if wishes > 0 and wishes < 1000 then second = second * math.min(tonumber(ARGV[9]) ^ wishes, tonumber(ARGV[10])) end
local every, early = second / count, tonumber(ARGV[8]) - 1
if alert then early = early - 1 end
local pause = tonumber(ARGV[7])
local own = ahead(redis.call('GET', KEYS[5]), pause)
own = math.max(own, ahead((tonumber(redis.call('LINDEX', KEYS[3], at_most - 1)) or 0) + window, window + 1000))
local due = tonumber(redis.call('GET', KEYS[1])) or 0
if not (due > 0 and due <= now + (tonumber(ARGV[8]) + 1) * every + 1000) then due = 0 end
local free = due - early * every
local first = tonumber(redis.call('LINDEX', KEYS[2], count - 1)) or 0
if first <= now + 1000 then free = math.max(free, first + second) end
local wait = math.max(free - now, 0)
if alert then
  wait = math.max(wait, ahead(redis.call('GET', KEYS[6]), second))
elseif take and wait > 0 and own == 0 then
  -- No longer than an answer takes to wake and ask: the next place is not to be lost by it.
  local asks = wait + 2 * tonumber(ARGV[12])
  redis.call('SET', KEYS[6], string.format('%.3f', now + asks), 'PX', math.ceil(asks))
end
wait = math.max(wait, ahead(redis.call('GET', KEYS[4]), pause))
if not take or math.max(wait, own) > 0 then return {math.ceil(wait * 1000), math.ceil(own * 1000), ''} end
if not alert then redis.call('DEL', KEYS[6]) end
free = math.max(free, now - tonumber(ARGV[12]))
redis.call('SET', KEYS[1], string.format('%.3f', math.max(due, free) + every), 'PX', 60000)
local place = string.format('%.3f', free)
for index, kept in pairs({[2] = {count, second}, [3] = {at_most, window}}) do
  redis.call('LPUSH', KEYS[index], index == 2 and place or string.format('%.3f', now))
  redis.call('LTRIM', KEYS[index], 0, kept[1] - 1)
  redis.call('PEXPIRE', KEYS[index], math.ceil(kept[2]) + 1000)
end
return {0, 0, place}
