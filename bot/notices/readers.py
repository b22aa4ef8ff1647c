"""Authors are told what became of their comments: one message for a revision, edited into the machine's outcome.

What a moderator decides is a reply of its own. At least once: a crash between telling and noting it tells again, since
Telegram has no way to ask whether a message arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
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
from aiogram.types import ReplyParameters

from bot.limiter import Limiter
from bot.messages import notices as texts
from bot.messages.texts import Html, known_language
from bot.store import BotStore, NoticeRow
from bot.subscriber import telegram_id
from moderation.comment import CommentStatus
from moderation.database import is_passing
from moderation.decision import DecidedBy, EventKind, OutcomeEvent
from moderation.outcomes import Outcomes
from moderation.policy import Terms
from moderation.running import stop_if_cancelled
from moderation.threads import CommentRecord, Threads

log = structlog.get_logger(__name__)

LEASE_S = 9.0
"""Seconds an event belongs to whoever tells it; renewed while they do, so this long after a crash others may."""

AT_ONCE = 32

TRIES = 3
"""How often telling of an event may fail by a fault of ours; it then holds back its comment's next ones no longer."""

PACED_S = 0.3
"""A notice whose chat must wait longer than this steps back, so that it keeps no other reader's waiting."""

STALE_S = 1.0
"""After this long "received" is not said any more of a comment that is decided: the outcome follows at once."""

_AGAIN_S = 2.0
_IDLE_S = 1.0


class _NotYet(Exception):
    """The chat was written to as often as it may be; its turn comes at `turn`."""

    def __init__(self, turn: datetime) -> None:
        super().__init__(f"at {turn}")
        self.turn = turn


class _Turns:
    """When each waiting notice of a busy chat is to be looked at again: one after the other, not all at once."""

    def __init__(self) -> None:
        self._last: dict[int, datetime] = {}

    def next(self, chat_id: int, *, wait_s: float, pace_s: float, now: datetime) -> datetime:
        """The next turn of this chat that nobody has been given."""
        self._last = {chat: turn for chat, turn in self._last.items() if turn > now}
        turn = max(now + timedelta(seconds=wait_s), self._last.get(chat_id, now) + timedelta(seconds=pace_s))
        self._last[chat_id] = turn
        return turn


class ReaderNotices:
    """Tells authors. Never decides, and never tells of what was undone before it was told (`silent`).

    `changed` hears of every comment whose cards may have to change.
    """

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        outcomes: Outcomes,
        threads: Threads,
        limiter: Limiter,
        terms: Mapping[str, Terms],
        changed: Callable[[int], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._outcomes = outcomes
        self._threads = threads
        self._limiter = limiter
        self._terms = terms
        self._changed = changed
        self._clock = clock
        self._wake = asyncio.Event()
        self._running: dict[asyncio.Task[None], int] = {}
        self._faults: Counter[int] = Counter()
        self._turns = _Turns()

    async def run(self) -> None:
        """Tell of events as they come, until cancelled; what was in hand is told again by whoever comes next."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="outcome signals")
                tasks.create_task(self._hold(), name="notice leases")
                tasks.create_task(self._work(), name="notices")
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            stop_if_cancelled()
            await self._outcomes.wait(timeout_s=_IDLE_S)
            self._wake.set()

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            if not self._running:
                continue
            try:
                await self._outcomes.hold(list(self._running.values()), lease_s=LEASE_S, now=self._clock())
            except Exception as error:
                log.warning("leases not renewed", error=type(error).__name__)

    async def _work(self) -> None:
        while True:
            stop_if_cancelled()
            self._wake.clear()
            begun = 0
            try:
                begun = await self.start_due()
            except Exception as error:
                log.error("outcomes unreachable", error=type(error).__name__, passing=is_passing(error))
                await asyncio.sleep(0.5)
            if not begun:
                await self._wake.wait()

    async def start_due(self) -> int:
        """Begin to tell of what is due and nobody has; how many."""
        free = AT_ONCE - len(self._running)
        if free <= 0:
            return 0
        events = await self._outcomes.lease(at_most=free, lease_s=LEASE_S, now=self._clock())
        for event in events:
            task = asyncio.create_task(self._one(event), name=f"event {event.id}")
            self._running[task] = event.id
            task.add_done_callback(self._finished)
        return len(events)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._wake.set()  # the next event of the same comment may follow now
        if not task.cancelled() and task.exception() is not None:
            log.warning("event left to its lease", task=task.get_name(), error=type(task.exception()).__name__)

    async def _one(self, event: OutcomeEvent) -> None:
        try:
            await self.tell(event)
        except _NotYet as error:
            await self._outcomes.release(event.id, retry_at=error.turn)
        except TelegramRetryAfter as error:
            await self._again(event, error.retry_after, "asked to wait")
        except TelegramForbiddenError:
            # Blocked: whoever wants no messages wants no notices either.
            reader = telegram_id(event.author)
            if reader is not None:
                await self._store.subscribers.stop(reader, now=self._clock())
            await self._outcomes.done(event.id, now=self._clock())
        except (TelegramBadRequest, TelegramNotFound) as error:
            log.error("notice refused", event_id=event.id, comment=event.comment_id, error=error.message)
            await self._outcomes.done(event.id, now=self._clock())
        except TelegramAPIError as error:
            await self._again(event, _AGAIN_S, type(error).__name__)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await self._outcomes.release(event.id, retry_at=self._clock())
            raise
        except Exception as error:
            if is_passing(error) or not self._is_hopeless(event):
                raise
            log.error("notice given up", event_id=event.id, comment=event.comment_id, error=type(error).__name__)
            await self._outcomes.done(event.id, now=self._clock())
        else:
            await self._outcomes.done(event.id, now=self._clock())

    def _is_hopeless(self, event: OutcomeEvent) -> bool:
        """Whether telling of it has failed by a fault of ours so often that a reader might be told the same forever."""
        self._faults[event.id] += 1
        if self._faults[event.id] < TRIES:
            return False
        del self._faults[event.id]
        return True

    async def _again(self, event: OutcomeEvent, after_s: float, why: str) -> None:
        log.warning("notice not sent", event_id=event.id, comment=event.comment_id, why=why, again_in_s=after_s)
        await self._outcomes.release(event.id, retry_at=self._clock() + timedelta(seconds=after_s))

    async def tell(self, event: OutcomeEvent) -> None:
        """Tell the author of one event, or nothing where it is no news to them.

        Raises what Telegram answers, database errors that may pass, and _NotYet when the chat has to wait.
        """
        self._changed(event.comment_id)
        reader = telegram_id(event.author)
        if event.silent or reader is None:
            return
        known = await self._store.shown.notice(event.comment_id, event.revision)
        if known is not None and known.event_id >= event.id:
            return
        record = await self._threads.one(event.comment_id)
        if record is None or record.erased or self._is_stale(event, record, known):
            return
        await self._wait_turn(reader)
        standing = record.comment.published_revision
        text = texts.notice(
            event,
            await self._terms_for(reader),
            stands=standing is not None and standing != event.revision,
            again=known is not None and known.told != EventKind.RECEIVED,
        )
        if text is None:
            return
        message_id = await self._show(event, record, reader, text, known)
        row = NoticeRow(event.comment_id, event.revision, reader, message_id, event.kind.value, event.id)
        await self._store.shown.note_notice(row, now=self._clock())
        if event.kind is EventKind.RECEIVED and event.revision > 1:
            await self._replace_earlier(event, reader)

    def _is_stale(self, event: OutcomeEvent, record: CommentRecord, known: NoticeRow | None) -> bool:
        """Whether this is "received" of a text decided since, or about one its author replaced before hearing of it.

        So twenty edits in a row do not bring twenty notices.
        """
        latest = record.comment.latest
        if latest.number != event.revision:
            return event.kind is EventKind.RECEIVED or known is None
        if event.kind is not EventKind.RECEIVED:
            return False
        late = self._clock() - event.at > timedelta(seconds=STALE_S)
        return late and latest.status is not CommentStatus.RECEIVED

    async def _wait_turn(self, reader: int) -> None:
        wait_s = await self._limiter.wait_s(reader)
        if wait_s > PACED_S:
            pace_s = self._limiter.pace_s(reader)
            raise _NotYet(self._turns.next(reader, wait_s=wait_s, pace_s=pace_s, now=self._clock()))

    async def _terms_for(self, reader: int) -> Terms:
        subscriber = await self._store.subscribers.one(reader)
        return self._terms[known_language(subscriber.language if subscriber is not None else None)]

    async def _show(
        self, event: OutcomeEvent, record: CommentRecord, reader: int, text: Html, known: NoticeRow | None
    ) -> int:
        """Edit the notice into what is true now, or reply anew; the message's id."""
        if known is not None and event.decided_by is DecidedBy.MACHINE:
            try:
                await self._bot.edit_message_text(text, chat_id=reader, message_id=known.message_id)
            except TelegramBadRequest as error:
                if "message is not modified" in error.message:
                    return known.message_id
                log.info("notice not editable", comment=event.comment_id, error=error.message)
            else:
                return known.message_id
        sent = await self._bot.send_message(reader, text, reply_parameters=_reply_to(record))
        return sent.message_id

    async def _replace_earlier(self, event: OutcomeEvent, reader: int) -> None:
        """A notice that still promises an answer about a text its author has replaced says so."""
        earlier = await self._store.shown.notice(event.comment_id, event.revision - 1)
        if earlier is None or earlier.told not in {EventKind.RECEIVED, EventKind.HELD}:
            return
        text = texts.replaced((await self._terms_for(reader)).language)
        with contextlib.suppress(TelegramBadRequest):
            await self._bot.edit_message_text(text, chat_id=earlier.chat_id, message_id=earlier.message_id)


def _reply_to(record: CommentRecord) -> ReplyParameters | None:
    """The reader's own message, from the name `moderation` keeps of it."""
    number = record.source_key.rpartition(":")[2]
    if not number.isascii() or not number.isdigit():
        return None
    return ReplyParameters(message_id=int(number), allow_sending_without_reply=True)
