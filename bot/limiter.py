"""The one limiter for every message to Telegram, shared by all processes through Redis.

Three limits at once, as Telegram's FAQ gives them: all messages together, each private chat, each group. Whoever wants
to send takes a place in all of them in one step or is told how long to wait. Alerts leave a place free for answers, so
that a reader who writes is not kept waiting by a story going out. Without Redis each process keeps to the limits by
itself.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from moderation.running import stop_if_cancelled

log = structlog.get_logger(__name__)

_CHATS_AT_MOST = 50_000

PAUSE_AT_MOST_S = 3600.0
"""The longest pause that processes tell each other. After it one message is tried, and Telegram asks again if it must;
a pause in Redis that is longer was written by nobody of ours, and would silence the bot for as long as it likes."""

ASK_AGAIN_S = 2.0
"""Seconds until whoever waits asks again: what it waits for may have been taken back."""

LOOK_AGAIN_S = 30.0
"""The same for who comes back later instead; longer than a busy private chat keeps anybody waiting."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast messages may go: in any second at most `per_s` + 2 in all, and so many in any window to one chat.

    A private chat's is the FAQ's one a second with its short bursts, a group's the FAQ's 20 a minute, each one short.
    """

    per_s: float = 28
    chat_at_most: int = 19
    chat_window_s: float = 20.5
    group_at_most: int = 19
    group_window_s: float = 60.5

    def takes_s(self, messages: int) -> float:
        """Seconds in which so many go out, each to a chat of its own, where nothing else does."""
        return messages / self.per_s

    def of_chat(self, chat_id: int) -> tuple[int, float]:
        """(messages, milliseconds): so many in any such time."""
        if chat_id < 0:
            return self.group_at_most, self.group_window_s * 1000
        return self.chat_at_most, self.chat_window_s * 1000


# KEYS: all, chat, pause of all, pause of the chat. ARGV: ms between two of all, ms the next may come early,
# messages and ms of the chat's window, whether to take the place, ms of the longest pause. The chat's key lists when
# its last messages went. What can't be ours is as if it were not there: a time further ahead than any is ever set (with
# a second for a clock that was set back), a word, and a key that holds something else.
_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local every, early = tonumber(ARGV[1]), tonumber(ARGV[2])
local at_most, window = tonumber(ARGV[3]), tonumber(ARGV[4])
for index, kind in ipairs({'string', 'list', 'string', 'string'}) do
  local found = redis.call('TYPE', KEYS[index])['ok']
  if found ~= kind and found ~= 'none' then redis.call('DEL', KEYS[index]) end
end
local function ahead(written, longest)
  local left = (tonumber(written) or 0) - now
  if left > 0 and left <= longest then return left end
  return 0
end
local wait = 0
for _, key in ipairs({KEYS[3], KEYS[4]}) do
  wait = math.max(wait, ahead(redis.call('GET', key), tonumber(ARGV[6])))
end
local due = now + ahead(redis.call('GET', KEYS[1]), 2 * every + 1000)
wait = math.max(wait, due - early - now)
wait = math.max(wait, ahead((tonumber(redis.call('LINDEX', KEYS[2], at_most - 1)) or 0) + window, window + 1000))
if wait > 0 or ARGV[5] ~= '1' then return math.ceil(math.max(wait, 0)) end
redis.call('SET', KEYS[1], string.format('%.3f', due + every), 'PX', 60000)
redis.call('LPUSH', KEYS[2], string.format('%.3f', now))
redis.call('LTRIM', KEYS[2], 0, at_most - 1)
redis.call('PEXPIRE', KEYS[2], math.ceil(window) + 1000)
return 0
"""


@dataclass
class _Local:
    """The same limits within one process, in milliseconds of a steady clock."""

    due: float = 0.0
    chats: OrderedDict[int, list[float]] = field(default_factory=OrderedDict)
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

    async def place(self, chat_id: int, *, alert: bool = False, at_most_s: float = math.inf) -> float:
        """Wait until a message to this chat may go, and take its place. `alert`: it gives way to answers.

        Answers 0; or the seconds still to wait, without a place, when that would be longer than `at_most_s` in all.
        """
        waited_s = 0.0
        while True:
            wait_s = await self._ask(chat_id, take=True, alert=alert)
            stop_if_cancelled()
            if wait_s <= 0:
                return 0
            if waited_s + wait_s > at_most_s:
                return wait_s
            sleeps_s = min(wait_s, ASK_AGAIN_S)
            await asyncio.sleep(sleeps_s)
            waited_s += sleeps_s

    async def wait_s(self, chat_id: int) -> float:
        """Seconds until a message to this chat may go, as far as can be said now; takes no place.

        After LOOK_AGAIN_S at the latest it is worth asking again.
        """
        return min(await self._ask(chat_id, take=False, alert=False), LOOK_AGAIN_S)

    def pace_s(self, chat_id: int) -> float:
        """Seconds between two messages to this chat in the long run."""
        at_most, window_ms = self._rates.of_chat(chat_id)
        return window_ms / 1000 / at_most

    async def pause(self, chat_id: int, *, for_s: float) -> None:
        """Telegram asked for a pause: the chat gets it, and everybody if another private chat is paused already.

        Telegram does not say which of its limits was met. One chat's own is no reason to keep all others waiting; two
        chats at once mean that it is the limit of all.
        """
        now = self._now()
        elsewhere = [
            chat for chat, until in self._local.paused.items() if chat is not None and chat > 0 and until > now
        ]
        everybody = chat_id > 0 and any(chat != chat_id for chat in elsewhere)
        log.warning("asked to wait", chat=chat_id, seconds=for_s, everybody=everybody)
        self._local.paused = {chat: until for chat, until in self._local.paused.items() if until > now}
        for whom in (chat_id, None) if everybody else (chat_id,):
            self._local.paused[whom] = now + for_s * 1000
            await self._tell_others(whom, for_s=for_s)

    async def _tell_others(self, whom: int | None, *, for_s: float) -> None:
        if self._redis is None:
            return
        for_s = min(for_s, PAUSE_AT_MOST_S)
        try:
            seconds, microseconds = await self._redis.time()
            until = seconds * 1000 + microseconds / 1000 + for_s * 1000
            await self._redis.set(self._pause_key(whom), f"{until:.3f}", px=max(1, round(for_s * 1000)))
        except (RedisError, OSError):
            return  # the pause is kept to within this process

    async def _ask(self, chat_id: int, *, take: bool, alert: bool) -> float:
        wait_ms = self._paused_ms(chat_id)
        if wait_ms > 0:
            return wait_ms / 1000
        if self._redis is None:
            return self._ask_locally(chat_id, take=take, alert=alert) / 1000
        every = 1000 / self._rates.per_s
        at_most, window = self._rates.of_chat(chat_id)
        arguments = (every, 0.0 if alert else every, at_most, window, int(take), PAUSE_AT_MOST_S * 1000)
        try:
            answer = await self._redis.eval(_SCRIPT, 4, *self._keys(chat_id), *map(str, arguments))
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

    def _now(self) -> float:
        return self._steady_clock() * 1000

    def _paused_ms(self, chat_id: int) -> float:
        now = self._now()
        return max(self._local.paused.get(None, 0) - now, self._local.paused.get(chat_id, 0) - now, 0)

    def _ask_locally(self, chat_id: int, *, take: bool, alert: bool) -> float:
        now, local = self._now(), self._local
        every = 1000 / self._rates.per_s
        at_most, window = self._rates.of_chat(chat_id)
        due = max(local.due, now)
        sent = [at for at in local.chats.get(chat_id, []) if at > now - window]
        full = sent[-at_most] + window - now if len(sent) >= at_most else 0
        wait = max(due - (0 if alert else every) - now, full, 0)
        if wait > 0 or not take:
            return wait
        local.due = due + every
        local.chats[chat_id] = [*sent, now]
        local.chats.move_to_end(chat_id)
        if len(local.chats) > _CHATS_AT_MOST:
            local.chats.popitem(last=False)
        return 0
