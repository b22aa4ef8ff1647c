"""Deliveries made real: lease, render, send, remember the message.

At least once: a delivery whose sender died is given to another when its lease runs out, because a lost alert is silent
and a repeated one only annoys. Does not choose who gets what (`schedule`), nor pace (the bot's session does).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramRetryAfter,
)
from aiogram.types import InlineKeyboardMarkup, Message

from bot import keyboards, messages
from bot.keyboards import Links
from bot.messages.texts import CAPTION_LENGTH, Html
from bot.store import QUIET, RECALLED, UNWANTED, BotStore, Delivery
from bot.story import Story
from bot.subscriber import Subscriber
from bot.telegram import LAST_LOOK
from moderation.database import is_passing

log = structlog.get_logger()

LEASE_S = 5.0
"""A sender says three times in it that it still has what it took in hand; after so many seconds without a word it is
taken for dead, and another one sends."""

AT_ONCE = 60
"""Deliveries under way at once; some of them wait for their chat's turn."""

KEEP_S, KEEP_AGAIN_S = 60.0, 0.5
"""Seconds for which it is tried to note that a message was sent, and between two tries."""

STOP_S = 3.0
TRIES = 6

Counts = Callable[[Sequence[str]], Awaitable[dict[str, int]]]


class _Unwanted(Exception):
    """The reader has ended the stories while this one waited for its place."""


class _Quiet(Exception):
    """The reader's quiet time has begun meanwhile."""

    def __init__(self, ends: datetime) -> None:
        super().__init__()
        self.ends = ends


class _Recalled(Exception):
    """The story was recalled while its message waited for its place."""


class _LeftToAnother(Exception):
    """This process stood still for longer than a lease: another one has the delivery, or will."""


class Sender:
    """Sends stories to readers, from leased deliveries or at once. What they asked for goes by `bot`, and so before all
    that goes by `alerts`."""

    def __init__(
        self, bot: Bot, *, alerts: Bot, store: BotStore, links: Links, counts: Counts, clock: Callable[[], datetime]
    ) -> None:
        self._bot = bot
        self._alerts = alerts
        self._store = store
        self._links = links
        self._counts = counts
        self._clock = clock
        self._work = asyncio.Event()
        self._sending: dict[asyncio.Task[None], Delivery] = {}
        self._held_until: dict[int, float] = {}  # of each delivery in hand, by a clock that is never set

    @property
    def is_busy(self) -> bool:
        """Whether as many stories are under way as may be."""
        return len(self._sending) >= AT_ONCE

    def wake(self) -> None:
        """There is something to send."""
        self._work.set()

    async def run(self) -> None:
        """Send what is due, until cancelled; what is under way then is finished and remembered."""
        holding = asyncio.create_task(self._hold(), name="delivery leases")
        try:
            while True:
                await self._round()
        except asyncio.CancelledError:
            # A message sent and not remembered would go out twice; one that still waits for its place may wait long.
            await self.settled(within_s=STOP_S)
            raise
        finally:
            holding.cancel()

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            in_hand = [delivery.id for delivery in self._sending.values()]
            if not in_hand:
                continue
            asked_at = time.monotonic()
            try:
                await self._store.deliveries.hold(in_hand, lease_s=LEASE_S, clock=self._clock)
                self._held_until.update(dict.fromkeys(in_hand, asked_at + LEASE_S))
            except Exception as error:
                if not is_passing(error):
                    log.error("deliveries not held", error=type(error).__name__)

    async def _round(self) -> None:
        try:
            started = await self.send_due()
        except Exception as error:
            if not is_passing(error):
                log.error("deliveries can't be sent", error=type(error).__name__)
            started = 0
            await asyncio.sleep(0.5)
        if not started:
            self._work.clear()
            # Not wait_for: on Python 3.11 it loses a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._work.wait()

    async def send_due(self) -> int:
        """Lease what is due, as far as there is room, and begin to send it; how many were leased.

        One that waits for its chat's turn keeps no other waiting.
        """
        room = AT_ONCE - len(self._sending)
        if room <= 0:
            return 0
        asked_at = time.monotonic()
        leased = await self._store.deliveries.lease(at_most=room, lease_s=LEASE_S, clock=self._clock)
        in_hand = {delivery.id for delivery in self._sending.values()}
        for delivery in leased:
            if delivery.id in in_hand:  # the database was away for longer than a lease: it is on its way all the same
                continue
            self._held_until[delivery.id] = asked_at + LEASE_S
            task = asyncio.create_task(self._deliver(delivery))
            self._sending[task] = delivery
            task.add_done_callback(self._sent)
        return len(leased)

    async def settled(self, *, within_s: float) -> None:
        """Wait for what is under way, so long at most; the rest is given up and goes out when its lease has run out."""
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._held_until.pop(self._sending.pop(task).id, None)
        self._work.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("delivery broken", error=type(error).__name__)

    async def show(self, chat_id: int, story: Story, *, language: str) -> Message:
        """Send a story to a chat now, and remember which message shows it. Raises what Telegram answers.

        Of a story that was recalled only that is said.
        """
        if story.recalled_at is not None:
            return await self._bot.send_message(chat_id, messages.recalled(story, language=language))
        return await self._show(self._bot, chat_id, story, language=language)

    async def _show(self, bot: Bot, chat_id: int, story: Story, *, language: str) -> Message:
        counts = await self._counts([story.url])
        text = messages.alert(story, language=language)
        comments = counts.get(story.url, 0)
        markup = keyboards.shown_in(chat_id, story, comments=comments, links=self._links, language=language)
        message = await send_pictured(bot, chat_id, text, story.picture, markup)
        shown, now = message.message_id, self._clock()
        await kept(lambda: self._store.shown.note_alert(chat_id, shown, story=story, now=now))
        return message

    async def _still_goes(self, delivery: Delivery) -> tuple[Story, Subscriber]:
        """The story and its reader, if it is wanted and ours: its place comes long after it was taken in hand."""
        if time.monotonic() > self._held_until.get(delivery.id, 0):
            raise _LeftToAnother
        meant = await self._store.deliveries.meant_for(delivery)
        if meant is None:
            raise _Unwanted
        story, reader = meant
        if story.recalled_at is not None:
            raise _Recalled
        if not (reader.active if delivery.asked else reader.wants(story)):
            raise _Unwanted
        now = self._clock()
        if not delivery.asked and (ends := reader.hours.due(now, breaking=story.top)) > now:
            raise _Quiet(ends)
        return story, reader

    async def _deliver(self, delivery: Delivery) -> None:
        async def look() -> None:
            await self._still_goes(delivery)

        LAST_LOOK.set(look)
        try:
            story, reader = await self._still_goes(delivery)
            bot = self._bot if delivery.asked else self._alerts
            message = await self._show(bot, reader.id, story, language=reader.language)
        except _Recalled:
            await self._store.deliveries.failed(delivery, error=RECALLED)
        except _Unwanted:
            await self._store.deliveries.failed(delivery, error=UNWANTED)
        except _Quiet as quiet:
            await self._store.deliveries.postpone(delivery, due_at=quiet.ends, error=QUIET, failed=False)
        except _LeftToAnother:
            log.warning("delivery left to another sender", delivery=delivery.id)
        except TelegramRetryAfter as error:
            # No fault of the delivery's: it may be asked to wait as often as Telegram likes.
            await self._postpone(delivery, error.retry_after, "asked to wait", failed=False)
        except TelegramForbiddenError as error:
            await self._unsubscribe(delivery, reader, error.message)
        except (TelegramBadRequest, TelegramNotFound) as error:
            await self._store.deliveries.failed(delivery, error=error.message)
            log.warning(
                "delivery refused", subscriber=reader.id, delivery=delivery.id, story=story.id, error=error.message
            )
        except TelegramAPIError as error:
            tries = delivery.failures + 1
            if tries >= TRIES:
                await self._store.deliveries.failed(delivery, error=type(error).__name__)
                log.error("delivery given up", delivery=delivery.id, subscriber=reader.id, error=type(error).__name__)
            else:
                await self._postpone(delivery, min(2**tries, 60), type(error).__name__, failed=True)
        else:
            sent, now = message.message_id, self._clock()
            await kept(lambda: self._store.deliveries.sent(delivery, message_id=sent, now=now))
            log.info("delivered", delivery=delivery.id, story=story.id, subscriber=reader.id)

    async def _postpone(self, delivery: Delivery, pause_s: float, why: str, *, failed: bool) -> None:
        due_at = self._clock() + timedelta(seconds=pause_s)
        await self._store.deliveries.postpone(delivery, due_at=due_at, error=why, failed=failed)

    async def _unsubscribe(self, delivery: Delivery, reader: Subscriber, why: str) -> None:
        await self._store.deliveries.failed(delivery, error=why)
        if reader.is_channel:
            # It is the settings' choice: once the bot is let in again, the next story is posted.
            log.error("channel can't be posted to", channel=reader.id, reason=why)
            return
        await self._store.subscribers.stop(reader.id, now=self._clock())
        log.info("subscriber left", subscriber=reader.id)


async def send_pictured(
    bot: Bot, chat_id: int, text: Html, picture: str | None, markup: InlineKeyboardMarkup
) -> Message:
    """Send the text under its picture, where it has one and fits. Raises what Telegram answers."""
    if picture is not None and messages.visible_length(text) <= CAPTION_LENGTH:
        try:
            return await bot.send_photo(chat_id, picture, caption=text, reply_markup=markup)
        except TelegramBadRequest as error:
            # A picture Telegram can't fetch or won't take must not cost the reader the story.
            log.warning("picture refused", reason=error.message)
    return await bot.send_message(chat_id, text, reply_markup=markup)


async def kept(work: Callable[[], Awaitable[None]]) -> None:
    """Note what was sent, however long the database is away: a message nobody knows of goes out again, and is never
    corrected. Raises what is not passing, and what lasts for longer than KEEP_S.
    """
    ends = time.monotonic() + KEEP_S
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_passing(error) or time.monotonic() > ends:
                raise
        await asyncio.sleep(KEEP_AGAIN_S)
