"""What stands before every handler: who writes, in which language, and whether they are faster than is good."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram import BaseMiddleware
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, Message, TelegramObject, Update, User

from bot.messages.texts import known_language, plain, say, spoken_name
from bot.store import BotStore
from bot.subscriber import Subscriber, person_name

log = structlog.get_logger(__name__)

Next = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

ENGAGED_EVERY = timedelta(days=1)
"""How exactly it is kept when a reader used the bot last: more exactly, each press would cost a write."""

_PEOPLE_AT_MOST = 50_000


@dataclass(frozen=True, slots=True)
class Reader:
    """Who wrote or pressed, and the language to answer in."""

    id: int
    name: str
    language: str

    @property
    def author(self) -> str:
        """The reader's name in `moderation`."""
        return person_name(self.id)


class KnowReader(BaseMiddleware):
    """Gives handlers `reader`: the language they chose, else their Telegram's when it is one of ours, else English.

    An update without a person (a channel's) ends here. Of a known reader the day is kept on which they did anything
    last: those who use the bot are sent stories first.
    """

    def __init__(self, store: BotStore, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Find out who it is."""
        user: User | None = data.get("event_from_user")
        if user is None or user.is_bot:
            return None
        subscriber = await self._store.subscribers.one(user.id)
        language = subscriber.language if subscriber is not None else known_language(user.language_code)
        if subscriber is not None:
            await self._engaged(subscriber)
        data["reader"] = Reader(user.id, spoken_name(user.first_name), known_language(language))
        return await handler(event, data)

    async def _engaged(self, subscriber: Subscriber) -> None:
        now = self._clock()
        if subscriber.engaged_at is None or not subscriber.engaged_at <= now < subscriber.engaged_at + ENGAGED_EVERY:
            await self._store.subscribers.engaged(subscriber.id, now=now)


@dataclass(slots=True)
class _Bucket:
    left: float
    seen_at: float
    told_at: float = float("-inf")


class Throttle(BaseMiddleware):
    """Keeps one person from keeping everybody else waiting.

    Commands have a small allowance: each is answered with messages. Presses have a larger one, for moderators at a
    long queue. Words have the largest: whether somebody floods with comments is the terms' matter, and a comment that
    was let in here is never dropped after. Who exceeds it is told so: at every press, else not each time.
    """

    TELL_EVERY_S = 30.0

    def __init__(
        self,
        *,
        commands: tuple[float, float] = (40, 2.0),
        presses: tuple[float, float] = (150, 5.0),
        words: tuple[float, float] = (600, 10.0),
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Each: how many at once, and how many a second after that."""
        self._allowances = {"commands": commands, "presses": presses, "words": words}
        self._steady_clock = steady_clock
        self._buckets: OrderedDict[tuple[str, int], _Bucket] = OrderedDict()

    async def __call__(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Let the update pass, or say that it was too much."""
        reader: Reader = data["reader"]
        inner = event.event if isinstance(event, Update) else event
        bucket = self._bucket(_kind(inner), reader.id)
        if bucket.left >= 1:
            bucket.left -= 1
            return await handler(event, data)
        if isinstance(inner, CallbackQuery):
            await _answer(inner, reader.language)
        elif bucket.seen_at - bucket.told_at >= self.TELL_EVERY_S:
            bucket.told_at = bucket.seen_at
            log.info("throttled", reader=reader.id)
            await _tell(inner, reader.language)
        return None

    def _bucket(self, kind: str, person: int) -> _Bucket:
        at_once, per_s = self._allowances[kind]
        now = self._steady_clock()
        bucket = self._buckets.pop((kind, person), None) or _Bucket(left=at_once, seen_at=now)
        bucket.left = min(at_once, bucket.left + (now - bucket.seen_at) * per_s)
        bucket.seen_at = now
        self._buckets[kind, person] = bucket
        if len(self._buckets) > _PEOPLE_AT_MOST:
            self._buckets.popitem(last=False)
        return bucket


def _kind(event: TelegramObject) -> str:
    if not isinstance(event, Message):
        return "presses"
    return "commands" if (event.text or "").startswith("/") else "words"


async def _answer(press: CallbackQuery, language: str) -> None:
    """Answer it, or its button goes on spinning; too old for an answer, it has stopped by itself."""
    with contextlib.suppress(TelegramBadRequest):
        await press.answer(plain("throttled", language))


async def _tell(event: TelegramObject, language: str) -> None:
    if isinstance(event, Message) and event.chat.type == "private":
        await event.answer(say("throttled", language))
