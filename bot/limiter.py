"""The one limiter for every message to Telegram, shared by all processes through Redis.

Three limits at once, as Telegram's FAQ gives them: all messages together, each private chat, each group. Whoever wants
to send takes a place in all of them in one step or is told how long to wait. In each process one message at a time
asks for the place that comes next, those behind it wait in line; one that its own chat keeps waiting leaves the line.
Answers have a line of their own and go before alerts, so that a reader who writes is not kept waiting by a story going
out. Without Redis each process keeps to the limits by itself.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from moderation.running import stop_if_cancelled

log = structlog.get_logger(__name__)

_CHATS_AT_MOST = 5_000
"""Chats remembered in the process itself; no more messages than that go in the longest window."""

ANSWERS_WITHIN_S, AWAY_S = 0.5, 3.0
"""A Redis that takes longer is left alone for so long, as is one that is gone: one message at a time asks it."""

LOOKS_WITHIN_S = 2.0
"""A last look that takes longer is given up, and the message comes back to the end of the line."""

PAUSE_AT_MOST_S = 3600.0
"""The longest pause that processes tell each other. After it one message is tried, and Telegram asks again if it must;
a pause in Redis that is longer was written by nobody of ours, and would silence the bot for as long as it likes."""

ASK_AGAIN_S = 2.0
"""Seconds until whoever waits asks again: what it waits for may have been taken back."""

LOOK_AGAIN_S = 30.0
"""The same for who comes back later instead; longer than a busy private chat keeps anybody waiting."""

SLACK_MS = 12.0
"""By so much longer than a second is the time in which no more go than a second may hold: two messages can draw nearer
to each other on their way, and those between that a place is free and that it is used."""

WAKING_MS, LATE_MS = 4.0, 3.0
"""A place counts from when it was free, not when it was asked for, if that was so little later: who wakes late loses no
time for everybody. And from when it is used, where that was longer after it was asked for than the second."""

AT_ONCE = 3
"""So many go at once after a rest; what was lost by waking late is caught up with by so many."""

STALE_S = 0.25
"""A last look that is older is taken again."""

SLOWER, SLOWER_AT_MOST, SLOWER_FOR_S = 1.05, 2.0, 600.0
"""Each wish of Telegram's that everybody wait makes all so much slower, up to a bound, until there was none so long."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast messages may go: at most `per_s` in any second in all, and so many in any window to one chat.

    A private chat's is the FAQ's one a second with its short bursts, a group's the FAQ's 20 a minute, each one short.
    """

    per_s: int = 30
    chat_at_most: int = 19
    chat_window_s: float = 20.5
    group_at_most: int = 19
    group_window_s: float = 60.5

    def takes_s(self, messages: int) -> float:
        """Seconds in which so many go out, each to a chat of its own, where nothing else does."""
        return messages / self.per_s * (1 + SLACK_MS / 1000)

    def of_chat(self, chat_id: int) -> tuple[int, float]:
        """(messages, milliseconds): so many in any such time."""
        if chat_id < 0:
            return self.group_at_most, self.group_window_s * 1000
        return self.chat_at_most, self.chat_window_s * 1000


USED: ContextVar[Callable[[], None] | None] = ContextVar("USED", default=None)
"""What is to be called in a task that has a place, at the moment when its message goes."""

_Look = Callable[[], Awaitable[None]]

_SCRIPT = (Path(__file__).parent / "limiter.lua").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Waits:
    """Seconds to wait for all messages' limit and for the chat's own; `place` is the time of one that was taken."""

    all_s: float = 0.0
    own_s: float = 0.0
    place: str = ""

    @property
    def longest_s(self) -> float:
        """Until a place may be had, by what can be said now."""
        return max(self.all_s, self.own_s)


@dataclass
class _Local:
    """The same limits within one process, in milliseconds of a steady clock."""

    due: float = 0.0
    sent: deque[float] = field(default_factory=deque)
    chats: OrderedDict[int, list[float]] = field(default_factory=OrderedDict)
    paused: dict[int | None, float] = field(default_factory=dict)


class _Line:
    """Who waits for the next place. One at a time is at its head; the one behind it gets ready meanwhile."""

    def __init__(self) -> None:
        self._second, self._head = asyncio.Lock(), asyncio.Lock()
        self.length = 0

    async def join(self, *, at_most_s: float) -> bool:
        """Wait until there is nobody before us but the head. False, and out of the line, where that takes longer."""
        self.length += 1
        try:
            return await _acquired(self._second, at_most_s)
        finally:
            self.length -= 1

    async def lead(self, *, at_most_s: float) -> bool:
        """Come to the head; another one is second then. False, and out of the line, where that takes longer."""
        self.length += 1
        try:
            return await _acquired(self._head, at_most_s)
        finally:
            self.length -= 1
            self._second.release()

    def step_out(self) -> None:
        """Who is second leaves the line."""
        self._second.release()

    def leave(self) -> None:
        """The head leaves the line."""
        self._head.release()


async def _acquired(lock: asyncio.Lock, at_most_s: float) -> bool:
    try:
        async with asyncio.timeout(None if math.isinf(at_most_s) else max(at_most_s, 0)):
            return await lock.acquire()
    except TimeoutError:
        return False


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
        self._answers, self._alerts = _Line(), _Line()
        self._telling: set[asyncio.Task[_Waits]] = set()
        self._redis_seen = True
        self._away_until = self._heeds_local_until = -math.inf

    async def place(
        self,
        chat_id: int,
        *,
        alert: bool = False,
        at_most_s: float = math.inf,
        last_look: _Look | None = None,
    ) -> float:
        """Wait until a message to this chat may go, and take its place. `alert`: it gives way to answers.

        Answers 0; or the seconds still to wait, without a place, when that would be longer than `at_most_s` in all.
        `last_look` is awaited shortly before the place is taken, so that the message goes as soon as it has it; raises
        what that raises.
        """
        line = self._alerts if alert else self._answers
        ends = self._steady_clock() + at_most_s
        while True:
            looked_at = await self._come_to_head(line, ends=ends, last_look=last_look)
            if looked_at is None:
                return self._rates.takes_s(line.length + 1)
            try:
                waits = await self._at_the_head(
                    chat_id, alert=alert, ends=ends, last_look=last_look, looked_at=looked_at
                )
            finally:
                line.leave()
            if waits.longest_s <= 0:
                return 0
            if self._steady_clock() + waits.longest_s > ends:
                return waits.longest_s
            # Only this chat keeps it waiting: those behind it in the line need not.
            await asyncio.sleep(min(waits.own_s, ASK_AGAIN_S))

    async def _come_to_head(self, line: _Line, *, ends: float, last_look: _Look | None) -> float | None:
        """When the last look was taken, once we are at the head; None where the time is over."""
        if not await line.join(at_most_s=ends - self._steady_clock()):
            return None
        try:
            # While the one before still waits for its place, so that the look keeps nobody waiting.
            looked_at = await self._looked(last_look)
        except BaseException:
            line.step_out()
            raise
        return looked_at if await line.lead(at_most_s=ends - self._steady_clock()) else None

    async def _at_the_head(
        self, chat_id: int, *, alert: bool, ends: float, last_look: _Look | None, looked_at: float
    ) -> _Waits:
        while True:
            if self._steady_clock() - looked_at > STALE_S:
                looked_at = await self._looked(last_look)
                if self._steady_clock() - looked_at > STALE_S:
                    return _Waits(own_s=ASK_AGAIN_S)
            asked_at = self._steady_clock()
            waits = await self._ask(chat_id, take=True, alert=alert)
            stop_if_cancelled()
            if waits.longest_s <= 0:
                self._use(waits, chat_id, asked_at=asked_at)
                return waits
            if waits.own_s > waits.all_s or self._steady_clock() + waits.all_s > ends:
                return waits
            await asyncio.sleep(min(waits.all_s, ASK_AGAIN_S))

    async def _looked(self, last_look: _Look | None) -> float:
        """When the look was taken: now, for ever where there is none to take, and never where it takes too long."""
        if last_look is None:
            return math.inf
        try:
            async with asyncio.timeout(LOOKS_WITHIN_S):
                await last_look()
        except TimeoutError:
            return -math.inf
        return self._steady_clock()

    def _use(self, taken: _Waits, chat_id: int, *, asked_at: float) -> None:
        """See to it that the others learn of it where the place is used late: a new connection alone takes a while."""
        USED.set(partial(self._used, taken.place, chat_id, asked_at) if taken.place else None)

    def _used(self, place: str, chat_id: int, asked_at: float) -> None:
        if (self._steady_clock() - asked_at) * 1000 > LATE_MS:
            telling = asyncio.create_task(self._ask(chat_id, take=True, alert=False, place=place))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    async def wait_s(self, chat_id: int) -> float:
        """Seconds until a message to this chat may go, as far as can be said now; takes no place.

        After LOOK_AGAIN_S at the latest it is worth asking again.
        """
        return min((await self._ask(chat_id, take=False, alert=False)).longest_s, LOOK_AGAIN_S)

    def pace_s(self, chat_id: int) -> float:
        """Seconds between two messages to this chat in the long run."""
        at_most, window_ms = self._rates.of_chat(chat_id)
        return window_ms / 1000 / at_most

    async def pause(self, chat_id: int, *, for_s: float) -> None:
        """Telegram asked for a pause: the chat gets it, and everybody if another private chat is paused already.

        Telegram does not say which of its limits was met. One chat's own is no reason to keep all others waiting; two
        chats at once mean that it is the limit of all, which is then kept to more slowly for a while.
        """
        now = self._now()
        elsewhere = [
            chat for chat, until in self._local.paused.items() if chat is not None and chat > 0 and until > now
        ]
        everybody = chat_id > 0 and any(chat != chat_id for chat in elsewhere)
        log.warning("asked to wait", chat=chat_id, seconds=for_s, everybody=everybody)
        self._local.paused = {chat: until for chat, until in self._local.paused.items() if until > now}
        # What was on its way when all were paused is refused as well, and says nothing new.
        anew = everybody and None not in self._local.paused
        for whom in (chat_id, None) if everybody else (chat_id,):
            self._local.paused[whom] = max(self._local.paused.get(whom, 0), now + for_s * 1000)
            await self._tell_others(whom, for_s=(self._local.paused[whom] - now) / 1000, wish=anew and whom is None)

    async def _tell_others(self, whom: int | None, *, for_s: float, wish: bool) -> None:
        if self._redis is None:
            return
        for_s = min(for_s, PAUSE_AT_MOST_S)
        try:
            seconds, microseconds = await self._redis.time()
            until = seconds * 1000 + microseconds / 1000 + for_s * 1000
            await self._redis.set(self._pause_key(whom), f"{until:.3f}", px=max(1, round(for_s * 1000)))
            if wish:
                wishes = f"{self._prefix}:wishes"
                await self._redis.incr(wishes)
                await self._redis.expire(wishes, round(SLOWER_FOR_S + for_s))
        except (RedisError, OSError):
            return  # the pause is kept to within this process

    async def _ask(self, chat_id: int, *, take: bool, alert: bool, place: str = "") -> _Waits:
        paused = self._paused(chat_id)
        if paused.longest_s > 0 and not place:
            return paused
        if self._redis is None or self._steady_clock() < self._away_until:
            return _Waits() if place else self._ask_locally(chat_id, take=take, alert=alert)
        if not place and (own := self._by_own_book(chat_id, alert=alert)).longest_s > 0:
            return own
        rates = self._rates
        at_most, window = rates.of_chat(chat_id)
        arguments = (rates.per_s, 1000 + SLACK_MS, at_most, window, int(take), int(alert), PAUSE_AT_MOST_S * 1000)
        tuning = (AT_ONCE, SLOWER, SLOWER_AT_MOST, place, WAKING_MS, (SLOWER_FOR_S + PAUSE_AT_MOST_S) * 1000)
        keys = self._keys(chat_id)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                answer = await self._redis.eval(_SCRIPT, len(keys), *keys, *map(str, (*arguments, *tuning)))
        except (RedisError, OSError):  # a time-out is an OSError
            if self._redis_seen:
                log.warning("limiter without Redis", advice="each process now keeps to the limits by itself")
            self._redis_seen = False
            self._away_until = self._steady_clock() + AWAY_S
            return _Waits() if place else self._ask_locally(chat_id, take=take, alert=alert)
        if not self._redis_seen:
            # What went without it does not stand in its books.
            self._heeds_local_until = self._steady_clock() + 1 + SLACK_MS / 1000
        self._redis_seen = True
        all_us, own_us, taken = answer
        if taken and not place:
            now = self._now()
            self._note(chat_id, now, free=now)
        return _Waits(int(all_us) / 1e6, int(own_us) / 1e6, taken.decode() if isinstance(taken, bytes) else taken)

    def _keys(self, chat_id: int) -> list[str]:
        names = ("all", "sent", f"chat:{chat_id}", "pause:all", f"pause:{chat_id}", "first", "wishes")
        return [f"{self._prefix}:{name}" for name in names]

    def _pause_key(self, whom: int | None) -> str:
        return f"{self._prefix}:pause:{'all' if whom is None else whom}"

    def _now(self) -> float:
        return self._steady_clock() * 1000

    def _paused(self, chat_id: int) -> _Waits:
        now, paused = self._now(), self._local.paused
        own_ms, all_ms = (max(paused.get(whom, 0) - now, 0) for whom in (chat_id, None))
        return _Waits(all_ms / 1000, own_ms / 1000)

    def _by_own_book(self, chat_id: int, *, alert: bool) -> _Waits:
        """What this process knows by itself of what went: all of it shortly after Redis was away, else the chat's."""
        waits = self._ask_locally(chat_id, take=False, alert=alert)
        heeds_all = self._steady_clock() < self._heeds_local_until
        return waits if heeds_all else _Waits(own_s=waits.own_s)

    def _ask_locally(self, chat_id: int, *, take: bool, alert: bool) -> _Waits:
        now, local, count = self._now(), self._local, self._rates.per_s
        second = 1000 + SLACK_MS
        every = second / count
        at_most, window = self._rates.of_chat(chat_id)
        free = local.due - (AT_ONCE - 1 - alert) * every
        if len(local.sent) >= count:
            free = max(free, local.sent[0] + second)
        # An alert that finds answers waiting stands behind them.
        all_ms = max(free - now, every if alert and self._answers.length else 0, 0)
        sent = [at for at in local.chats.get(chat_id, []) if at > now - window]
        own_ms = max(sent[-at_most] + window - now if len(sent) >= at_most else 0, 0)
        if max(all_ms, own_ms) > 0 or not take:
            return _Waits(all_ms / 1000, own_ms / 1000)
        self._note(chat_id, now, free=max(free, now - WAKING_MS))
        return _Waits()

    def _note(self, chat_id: int, now: float, *, free: float) -> None:
        """A message to this chat goes, by a place that was free then."""
        local, count = self._local, self._rates.per_s
        at_most, _ = self._rates.of_chat(chat_id)
        local.due = max(local.due, free) + (1000 + SLACK_MS) / count
        local.sent.append(free)
        while len(local.sent) > count:
            local.sent.popleft()
        local.chats[chat_id] = [*local.chats.get(chat_id, [])[1 - at_most :], now] if at_most > 1 else [now]
        local.chats.move_to_end(chat_id)
        if len(local.chats) > _CHATS_AT_MOST:
            local.chats.popitem(last=False)
