"""Digests made real: take what is due, choose the stories, send them in one message, remember which it shows.

At least once, as `delivery`: a digest whose sender died in between comes again when its lease has run out. Gives way
to stories that go out one by one. Does not decide which stories are best (`schedule`), nor pace (the bot's session).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramRetryAfter,
)

from bot import keyboards
from bot.delivery import Counts, kept, send_pictured
from bot.messages import digest as messages
from bot.store import BotStore, SentDigest, TakenDigest
from bot.story import Story
from bot.subscriber import Subscriber
from bot.telegram import LAST_LOOK
from moderation.database import is_passing

log = structlog.get_logger()

LEASE_S = 60.0
"""Seconds after which a digest is due again whose sender was not heard of. Nothing waits so long for its place: the
bot's session asks it to come again long before."""

AT_ONCE = 30
"""Digests under way at once."""

LOOK_EVERY_S = 1.0
AGAIN = timedelta(seconds=30)
"""How long after it a digest is tried again that Telegram did not answer for; then twice as long, and so on."""

STOP_S = 3.0
"""Seconds that digests under way are given when the process ends."""

LATEST = timedelta(hours=4)
"""A digest that could not come for so long does not come at all: the next one has its stories."""

ON_TIME = timedelta(minutes=15)
"""A digest comes at its hour in a quiet time too, for its reader chose both; one that is later than this does not."""


class Chooses(Protocol):
    """What chooses a digest's stories: the schedule."""

    async def digest(self, reader: Subscriber) -> list[Story]:
        """The best stories that this reader has not been sent, best first."""


class Busy(Protocol):
    """What sends stories one by one."""

    @property
    def is_busy(self) -> bool:
        """Whether it has as many in hand as it can."""


class _GoesNoMore(Exception):
    """It was taken by another, or its reader chose anew, or one of its stories was changed, while it waited."""


class DigestSender:
    """Sends digests when they are due, `after` the stories that another sender sends one by one."""

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        choice: Chooses,
        counts: Counts,
        after: Busy | None = None,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._choice = choice
        self._counts = counts
        self._after = after
        self._clock = clock
        self._sending: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Send what is due, until cancelled; what is under way then is finished and remembered."""
        try:
            while True:
                await self._round()
        finally:
            if self._sending:
                _, late = await asyncio.wait(self._sending, timeout=STOP_S)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def _round(self) -> None:
        try:
            gives_way = self._after is not None and self._after.is_busy
            begun = 0 if gives_way else await self.send_due()
        except Exception as error:
            begun = 0
            if not is_passing(error):
                log.error("digests can't be sent", error=type(error).__name__)
        if not begun:
            self._room.clear()
            # Not wait_for: on Python 3.11 it loses a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._room.wait()

    async def send_due(self) -> int:
        """Take what is due, as far as there is room, and begin to send it; how many were taken."""
        room = AT_ONCE - len(self._sending)
        if room <= 0:
            return 0
        ends = time.monotonic() + LEASE_S
        taken = await self._store.digests.take(at_most=room, lease_s=LEASE_S, clock=self._clock)
        for one in taken:
            task = asyncio.create_task(self._send(one, ends=ends))
            self._sending.add(task)
            task.add_done_callback(self._sent)
        return len(taken)

    async def send_now(self, reader: Subscriber) -> bool:
        """A digest for a reader who asks for one; False where there is no story they were not sent.

        Raises what Telegram answers.
        """
        stories, now = await self._choice.digest(reader), self._clock()
        if not stories:
            return False

        async def look() -> None:
            if not await self._store.digests.still_goes(reader.id, stories, taken=None):
                raise _GoesNoMore

        before = LAST_LOOK.set(look)
        try:
            sent = SentDigest(await self._show(reader, stories, at=now), stories, now)
        except _GoesNoMore:
            return False
        finally:
            LAST_LOOK.reset(before)
        await kept(lambda: self._store.digests.sent(reader.id, sent, taken=None, following=None))
        return True

    async def show_top(self, reader: Subscriber, stories: Sequence[Story]) -> None:
        """The top stories in one message, for a reader who asks for them. Raises what Telegram answers."""
        now = self._clock()
        message_id = await self._show(reader, stories, at=now, pictured=False)
        await kept(lambda: self._store.digests.listed(reader.id, SentDigest(message_id, stories, now)))

    async def settled(self) -> None:
        """Wait for what is under way."""
        while self._sending:
            await asyncio.wait(self._sending)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._room.set()

    async def _send(self, taken: TakenDigest, *, ends: float) -> None:
        """One digest. What breaks is logged: it is due again when its lease has run out."""
        try:
            await self._send_to_reader(taken, ends=ends)
        except Exception as error:
            if not is_passing(error):
                log.error("digest broken", subscriber=taken.person, error=type(error).__name__)

    async def _send_to_reader(self, taken: TakenDigest, *, ends: float) -> None:
        reader, now = await self._store.subscribers.one(taken.person), self._clock()
        if reader is None or not reader.active:
            await self._store.digests.put_off(taken, None)
            return
        following = reader.hours.next_digest(now, reader.digest_at)
        stories = [] if _is_too_late(reader, now) else await self._choice.digest(reader)
        if not stories:
            await self._store.digests.put_off(taken, following)
            return

        async def look() -> None:
            goes = await self._store.digests.still_goes(reader.id, stories, taken=taken)
            if time.monotonic() > ends or not goes:
                raise _GoesNoMore

        LAST_LOOK.set(look)
        try:
            message_id = await self._show(reader, stories, at=now)
        except _GoesNoMore:
            # Chosen anew at once, where it is still ours; who took it or chose meanwhile has set another time.
            await self._store.digests.put_off(taken, self._clock())
        except TelegramRetryAfter as error:
            await self._store.digests.put_off(taken, self._clock() + timedelta(seconds=error.retry_after))
        except TelegramForbiddenError:
            await self._store.subscribers.stop(reader.id, now=self._clock())
            log.info("subscriber left", subscriber=reader.id)
        except (TelegramBadRequest, TelegramNotFound) as error:
            await self._store.digests.put_off(taken, following)
            log.warning("digest refused", subscriber=reader.id, error=error.message)
        except TelegramAPIError as error:
            # Whether it came is not known, and what it holds may be what fails: ever less often, until it is too late.
            came = reader.hours.last_digest(now, reader.digest_at) or now
            await self._store.digests.put_off(taken, self._clock() + max(AGAIN, now - came))
            log.warning("digest put off", subscriber=reader.id, error=type(error).__name__)
        else:
            sent = SentDigest(message_id, stories, now)
            await kept(lambda: self._store.digests.sent(reader.id, sent, taken=taken, following=following))
            log.info("digest sent", subscriber=reader.id, stories=len(stories))

    async def _show(self, reader: Subscriber, stories: Sequence[Story], *, at: datetime, pictured: bool = True) -> int:
        comments = await self._counts([story.url for story in stories])
        text = messages.digest(stories, reader=reader, at=at, comments=comments)
        first = messages.picture(stories) if pictured else None
        picture = first.picture if first is not None else None
        markup = keyboards.digest(stories, language=reader.language)
        return (await send_pictured(self._bot, reader.id, text, picture, markup)).message_id


def _is_too_late(reader: Subscriber, now: datetime) -> bool:
    """Whether the digest that is due should have come so long ago that the next one is better."""
    came = reader.hours.last_digest(now, reader.digest_at)
    if came is None:
        return True
    return now - came > LATEST or (now - came > ON_TIME and reader.hours.due(now) > now)
