"""The one limiter for every message to Telegram, shared by all processes through Redis.

Three limits at once, as Telegram's FAQ gives them: all messages together, each private chat, each group. Whoever wants
to send takes a place in all of them in one step or is told how long to wait. Alerts leave a place free for answers, so
that a reader who writes is not kept waiting by a story going out. Without Redis each process keeps to the limits by
itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast messages may go.

    In any second at most `per_s` + 2 go out in all. A private chat may have `chat_burst` at once and one each
    `chat_every_s` after. A group may have `group_at_most` in any `group_window_s`.
    """

    per_s: float = 28
    chat_every_s: float = 1.0
    chat_burst: int = 15
    group_at_most: int = 19
    group_window_s: float = 60.5


_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local every, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
local is_group, take = ARGV[3] == '1', ARGV[4] == '1'
local first, second = tonumber(ARGV[5]), tonumber(ARGV[6])
local wait = 0
for _, key in ipairs({KEYS[3], KEYS[4]}) do
  wait = math.max(wait, (tonumber(redis.call('GET', key)) or 0) - now)
end
local overall = math.max(tonumber(redis.call('GET', KEYS[1])) or 0, now)
wait = math.max(wait, overall - tolerance - now)
local chat = 0
if is_group then
  local oldest = tonumber(redis.call('LINDEX', KEYS[2], first - 1))
  if oldest then wait = math.max(wait, oldest + second - now) end
else
  chat = math.max(tonumber(redis.call('GET', KEYS[2])) or 0, now)
  wait = math.max(wait, chat - second - now)
end
if wait > 0 or not take then return math.ceil(math.max(wait, 0)) end
redis.call('SET', KEYS[1], string.format('%.3f', overall + every), 'PX', 60000)
if is_group then
  redis.call('LPUSH', KEYS[2], string.format('%.3f', now))
  redis.call('LTRIM', KEYS[2], 0, first - 1)
  redis.call('PEXPIRE', KEYS[2], math.ceil(second) + 1000)
else
  redis.call('SET', KEYS[2], string.format('%.3f', chat + first), 'PX', math.ceil(second) + 60000)
end
return 0
"""


@dataclass
class _Local:
    """The same limits within one process, in milliseconds of a steady clock."""

    overall: float = 0.0
    chats: dict[int, float] = field(default_factory=dict)
    groups: dict[int, list[float]] = field(default_factory=dict)
    paused: dict[int | None, float] = field(default_factory=dict)


class Limiter:
    """Who wants to send waits here for a place.

    Does not send, and does not retry: it only says when. Never raises because Redis is gone.
    """

    def __init__(
        self,
        redis: Redis | None,
        *,
        rates: Rates | None = None,
        prefix: str = "baithak:limiter",
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis: Any = redis
        self._rates = rates or Rates()
        self._prefix = prefix
        self._steady_clock = steady_clock
        self._local = _Local()
        self._redis_seen = True

    async def place(self, chat_id: int, *, alert: bool = False) -> None:
        """Wait until a message to this chat may go, and take its place. `alert`: it gives way to answers."""
        while True:
            wait_s = await self._ask(chat_id, take=True, alert=alert)
            if wait_s <= 0:
                return
            await asyncio.sleep(wait_s)

    async def wait_s(self, chat_id: int) -> float:
        """Seconds a message to this chat would have to wait now; takes no place."""
        return await self._ask(chat_id, take=False, alert=False)

    async def pause(self, chat_id: int, *, for_s: float) -> None:
        """Telegram asked for a pause. A group's is its own; after a private chat's nobody is written to meanwhile."""
        whom = chat_id if chat_id < 0 else None
        log.warning("paused", chat=whom, seconds=for_s)
        self._local.paused[whom] = self._now() + for_s * 1000
        if self._redis is None:
            return
        try:
            seconds, microseconds = await self._redis.time()
            until = seconds * 1000 + microseconds / 1000 + for_s * 1000
            await self._redis.set(self._pause_key(whom), f"{until:.3f}", px=max(1, round(for_s * 1000)))
        except (RedisError, OSError):
            pass  # the pause is kept to within this process

    async def _ask(self, chat_id: int, *, take: bool, alert: bool) -> float:
        wait_ms = self._paused_ms(chat_id)
        if wait_ms > 0:
            return wait_ms / 1000
        if self._redis is None:
            return self._ask_locally(chat_id, take=take, alert=alert) / 1000
        try:
            answer = await self._redis.eval(_SCRIPT, 4, *self._keys(chat_id), *self._arguments(chat_id, take, alert))
        except (RedisError, OSError):
            if self._redis_seen:
                log.warning("limiter without Redis", advice="each process now keeps to the limits by itself")
            self._redis_seen = False
            return self._ask_locally(chat_id, take=take, alert=alert) / 1000
        self._redis_seen = True
        return int(answer) / 1000

    def _keys(self, chat_id: int) -> list[str]:
        chat = f"{self._prefix}:chat:{chat_id}"
        return [f"{self._prefix}:all", chat, self._pause_key(None), self._pause_key(chat_id)]

    def _pause_key(self, whom: int | None) -> str:
        return f"{self._prefix}:pause:{'all' if whom is None else whom}"

    def _arguments(self, chat_id: int, take: bool, alert: bool) -> list[str]:
        rates = self._rates
        every = 1000 / rates.per_s
        if chat_id < 0:
            first, second = float(rates.group_at_most), rates.group_window_s * 1000
        else:
            first, second = rates.chat_every_s * 1000, (rates.chat_burst - 1) * rates.chat_every_s * 1000
        numbers = [every, 0.0 if alert else every]
        return [*map(str, numbers), "1" if chat_id < 0 else "0", "1" if take else "0", str(first), str(second)]

    def _now(self) -> float:
        return self._steady_clock() * 1000

    def _paused_ms(self, chat_id: int) -> float:
        now = self._now()
        return max(self._local.paused.get(None, 0) - now, self._local.paused.get(chat_id, 0) - now, 0)

    def _ask_locally(self, chat_id: int, *, take: bool, alert: bool) -> float:
        now, rates, local = self._now(), self._rates, self._local
        every = 1000 / rates.per_s
        overall = max(local.overall, now)
        wait = overall - (0 if alert else every) - now
        if chat_id < 0:
            window = rates.group_window_s * 1000
            sent = local.groups[chat_id] = [at for at in local.groups.get(chat_id, []) if at > now - window]
            wait = max(wait, sent[-rates.group_at_most] + window - now if len(sent) >= rates.group_at_most else 0)
        else:
            chat = max(local.chats.get(chat_id, 0), now)
            wait = max(wait, chat - (rates.chat_burst - 1) * rates.chat_every_s * 1000 - now)
        if wait > 0 or not take:
            return max(wait, 0)
        local.overall = overall + every
        if chat_id < 0:
            local.groups[chat_id].append(now)
        else:
            local.chats = {person: until for person, until in local.chats.items() if until > now}
            local.chats[chat_id] = max(local.chats.get(chat_id, 0), now) + rates.chat_every_s * 1000
        return 0
