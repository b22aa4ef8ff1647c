"""Review cards in the chats: what stands there is brought to what is true, again and again.

What is held has a card in the moderators' group, as long as there are few; above `cards_at_most` one live summary
stands for the rest. Every copy of a card, in the group or in a moderator's private chat, changes once its comment is
decided, wherever that happened. Nothing here depends on an event arriving: it only makes the next look come sooner.

Never decides. Of many processes one posts (a lease in the store); editing is done by any, since it is harmless twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import InlineKeyboardMarkup

from bot import keyboards
from bot.limiter import Limiter
from bot.messages import cards as texts
from bot.messages.texts import MODERATORS, Html, plain
from bot.store import BotStore, Card
from moderation.comment import CommentStatus
from moderation.database import is_passing
from moderation.decision import DecidedBy
from moderation.review import Held, Review
from moderation.running import own_place, stop_if_cancelled
from moderation.threads import CommentRecord, Threads

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0

PACED_S = 0.5
"""A chat that has to wait longer than this is left for a later look."""

SUMMARY_EVERY_S = 3.0
"""The summary is edited no more often: the group's few messages a minute are needed for cards."""

_LEASE = "desk"
_LEASE_S = 5.0
_SUMMARY = "summary"
_HELD_READ = 200


class _Edit(Enum):
    """What became of an edit: it shows, it is to be tried again, or there is no message to edit."""

    SHOWN = auto()
    LATER = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Summary:
    """The live message that stands for a long review queue, and what it says."""

    message_id: int
    waiting: int
    at: datetime


class Desk:
    """The cards, as moderators see them. Without a group, only in private chats."""

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        review: Review,
        threads: Threads,
        limiter: Limiter,
        group: int | None,
        cards_at_most: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._review = review
        self._threads = threads
        self._limiter = limiter
        self._group = group
        self._cards_at_most = cards_at_most
        self._clock = clock
        self._holder = own_place()
        self._changed: dict[int, None] = {}
        self._wake = asyncio.Event()
        self._leads_until: datetime | None = None
        self._group_pause: datetime | None = None
        self._choosing = asyncio.Lock()

    def changed(self, comment_id: int) -> None:
        """Something happened to this comment: its cards are looked at soon."""
        self._changed[comment_id] = None
        self._wake.set()

    async def run(self) -> None:
        """Keep the cards true, until cancelled."""
        while True:
            stop_if_cancelled()
            try:
                await self.look()
            except Exception as error:
                # Whatever it is, readers go on being told; the cards are looked at again.
                log.error("cards not brought up to date", error=type(error).__name__, passing=is_passing(error))
                await asyncio.sleep(LOOK_EVERY_S)
            self._wake.clear()
            if not self._changed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._wake.wait()

    async def look(self) -> None:
        """Look once: at the comments something happened to, then, holding the lease, at all there is."""
        for comment_id in list(self._changed):
            self._changed.pop(comment_id, None)
            await self.refresh(comment_id)
        if await self._leads():
            await self._look_at_all()

    async def _leads(self) -> bool:
        now = self._clock()
        if self._leads_until is None or self._leads_until - now < timedelta(seconds=_LEASE_S / 2):
            mine = await self._store.shown.take(_LEASE, holder=self._holder, lasts_s=_LEASE_S, now=now)
            self._leads_until = now + timedelta(seconds=_LEASE_S) if mine else None
        return self._leads_until is not None

    async def _look_at_all(self) -> None:
        for card in await self._store.shown.stale_cards():
            await self._show_anew(card)
        held = await self._review.pending(limit=_HELD_READ)
        held_now = {(one.comment_id, one.revision) for one in held}
        shown = await self._store.shown.open_cards()
        for card in shown:
            if (card.comment_id, card.revision) not in held_now:
                await self.refresh(card.comment_id)
        if self._group is None or (self._group_pause is not None and self._clock() < self._group_pause):
            return
        on_cards = {card.comment_id for card in shown if card.chat_id == self._group}
        without = [one for one in held if one.comment_id not in on_cards]
        waiting, oldest = await self._review.waiting()
        if waiting > self._cards_at_most and without:
            await self._show_summary(waiting, oldest, cards=bool(on_cards))
            return
        await self._remove_summary()
        for one in without:
            if await self._limiter.wait_s(self._group) > PACED_S:
                return
            if not await self._guarded(self._show(one, self._group), what="card"):
                return

    async def refresh(self, comment_id: int) -> None:
        """Bring every copy of a comment's card to what is true now."""
        copies = await self._store.shown.cards_of(comment_id)
        if not copies:
            return
        held = await self._review.held(comment_id)
        for card in copies:
            if held is not None and card.revision == held.revision:
                if not card.open:
                    await self._show_open(card, held)
            elif card.open:
                await self._show_closed(card)

    async def next_for(self, chat_id: int, *, message_id: int | None, moderator: str) -> bool:
        """Show the longest waiting comment that has no card in this chat; False when there is none.

        In the group the summary becomes that card; in private it is a new message. Prefers one nobody has claimed.
        """
        async with self._choosing:
            shown = {card.comment_id for card in await self._store.shown.open_cards() if card.chat_id == chat_id}
            held = await self._review.pending(limit=_HELD_READ, now=self._clock())
            free = [one for one in held if one.comment_id not in shown]
            unclaimed = [one for one in free if one.claimed_by in {None, moderator}]
            chosen = next(iter(unclaimed or free), None)
            if chosen is None:
                return False
            summary = await self._summary()
            if summary is not None and chat_id == self._group and message_id == summary.message_id:
                await self._store.shown.drop(_SUMMARY)
                await self._show_open(Card(chat_id, message_id, chosen.comment_id, chosen.revision, open=False), chosen)
            else:
                await self._show(chosen, chat_id)
            return True

    async def note_pressed(self, card: Card) -> None:
        """Remember a card whose buttons were pressed: it may have been posted by a process that died before noting."""
        if await self._store.shown.card_at(card.chat_id, card.message_id) is None:
            await self._store.shown.note_card(card, now=self._clock())

    async def open_keyboard(self, card: Card) -> None:
        """Put Approve and Reject back under a card."""
        with contextlib.suppress(TelegramBadRequest):
            markup = keyboards.card(card.comment_id, card.revision)
            await self._bot.edit_message_reply_markup(
                chat_id=card.chat_id, message_id=card.message_id, reply_markup=markup
            )

    async def _post(self, held: Held, chat_id: int) -> None:
        text, markup = await self._open_card(held)
        sent = await self._bot.send_message(chat_id, text, reply_markup=markup)
        card = Card(chat_id, sent.message_id, held.comment_id, held.revision, open=True)
        await self._store.shown.note_card(card, now=self._clock())

    async def _show(self, held: Held, chat_id: int) -> None:
        """A held comment's card in a chat: the copy from before its decision was undone, else a new one."""
        for card in await self._store.shown.cards_of(held.comment_id):
            is_here = card.chat_id == chat_id and card.revision == held.revision
            if is_here and await self._show_open(card, held) is not _Edit.GONE:
                return
        await self._post(held, chat_id)

    async def _show_open(self, card: Card, held: Held) -> _Edit:
        text, markup = await self._open_card(held)
        edited = await self._edit(card.chat_id, card.message_id, text, markup)
        if edited is _Edit.SHOWN:
            await self._store.shown.note_card(replace(card, open=True), now=self._clock())
        return edited

    async def _show_anew(self, card: Card) -> None:
        """Take words out of a card whose author, or whom it answers, was erased; say what became of an edit."""
        held = await self._review.held(card.comment_id)
        if held is None or held.revision != card.revision:
            await self._show_closed(card)
        elif await self._show_open(card, held) is _Edit.GONE:
            await self._store.shown.close_card(card)

    async def _show_closed(self, card: Card) -> None:
        record = await self._threads.one(card.comment_id)
        undecided = record is not None and not record.erased and _is_undecided_edit(card, record)
        if undecided and not card.open:
            return  # it says so already
        text, markup = await self._closed_card(card, record)
        edited = await self._edit(card.chat_id, card.message_id, text, markup)
        if edited is not _Edit.LATER:
            await self._store.shown.close_card(card, stale=undecided and edited is _Edit.SHOWN)

    async def _open_card(self, held: Held) -> tuple[Html, InlineKeyboardMarkup]:
        text = texts.held_card(
            text=held.text,
            language=held.language,
            story_title=await self._title(held.story),
            story_url=held.story,
            author_name=held.author_name,
            author_published=held.author_published,
            author_rejected=held.author_rejected,
            parent_text=held.parent_text,
            reason=held.reason,
            findings=held.findings,
        )
        return text, keyboards.card(held.comment_id, held.revision)

    async def _closed_card(self, card: Card, record: CommentRecord | None) -> tuple[Html, InlineKeyboardMarkup | None]:
        following = keyboards.following() if card.chat_id > 0 else None
        if record is None:
            return texts.withdrawn(), following
        if record.erased:
            return texts.erased(), following
        comment, decision = record.comment, record.decision
        markup: InlineKeyboardMarkup | None = following
        if comment.latest.number != card.revision:
            line = texts.edited(comment.latest.status)
        elif comment.latest.status is CommentStatus.WITHDRAWN:
            line = texts.withdrawn()
        elif decision is not None and decision.decided_by is DecidedBy.MODERATOR:
            name = decision.moderator_name or plain("card-someone", MODERATORS)
            approved = comment.latest.status is CommentStatus.PUBLISHED
            line = texts.approved(name) if approved else texts.rejected(name, decision.clause)
            markup = keyboards.decided(card.comment_id, card.revision, following=card.chat_id > 0)
        else:
            line = texts.decided_otherwise(comment.latest.status.value, None)
        text = texts.closed_card(
            status_line=line,
            text=comment.latest.text,
            hidden=_is_covered(record),
            story_title=await self._title(comment.story),
            story_url=comment.story,
            author_name=comment.author_name,
        )
        return text, markup

    async def _title(self, story: str) -> str:
        return (await self._store.stories.titles([story])).get(story, story)

    async def _edit(self, chat_id: int, message_id: int, text: Html, markup: InlineKeyboardMarkup | None) -> _Edit:
        if await self._limiter.wait_s(chat_id) > PACED_S:
            return _Edit.LATER  # the group's pace keeps no other chat waiting
        try:
            await self._bot.edit_message_text(text, chat_id=chat_id, message_id=message_id, reply_markup=markup)
        except (TelegramRetryAfter, TelegramNetworkError, TelegramServerError) as error:
            log.warning("card not edited yet", chat=chat_id, message=message_id, error=type(error).__name__)
            return _Edit.LATER
        except TelegramAPIError as error:
            if "message is not modified" not in error.message:
                log.warning("card can't be edited", chat=chat_id, message=message_id, error=error.message)
                return _Edit.GONE
        return _Edit.SHOWN

    async def _show_summary(self, waiting: int, oldest: datetime | None, *, cards: bool) -> None:
        now = self._clock()
        summary = await self._summary()
        if summary is not None:
            age = now - summary.at
            unchanged = summary.waiting == waiting and age < timedelta(minutes=1)
            if unchanged or age < timedelta(seconds=SUMMARY_EVERY_S):
                return
        minutes = max(0, round((now - oldest).total_seconds() // 60)) if oldest is not None else 0
        if self._group is None or await self._limiter.wait_s(self._group) > PACED_S:
            return
        text = texts.summary(waiting=waiting, minutes=minutes, cards=cards)
        await self._guarded(self._say_summary(self._group, summary, text, waiting), what="summary")

    async def _say_summary(self, group: int, summary: Summary | None, text: Html, waiting: int) -> None:
        markup, message_id = keyboards.following(), None
        if summary is not None:
            edited = await self._edit(group, summary.message_id, text, markup)
            if edited is _Edit.LATER:
                return
            message_id = summary.message_id if edited is _Edit.SHOWN else None
        if message_id is None:
            message_id = (await self._bot.send_message(group, text, reply_markup=markup)).message_id
        value = {"message_id": message_id, "waiting": waiting, "at": self._clock().isoformat()}
        await self._store.shown.keep(_SUMMARY, json.dumps(value))

    async def _summary(self) -> Summary | None:
        kept = await self._store.shown.note(_SUMMARY)
        if kept is None:
            return None
        raw = json.loads(kept)
        return Summary(raw["message_id"], raw["waiting"], datetime.fromisoformat(raw["at"]))

    async def _remove_summary(self) -> None:
        summary = await self._summary()
        if summary is None or self._group is None:
            return
        try:
            await self._bot.delete_message(self._group, summary.message_id)
        except TelegramBadRequest:
            # Older than Telegram lets a message be deleted.
            await self._edit(self._group, summary.message_id, texts.nothing_waiting(), None)
        await self._store.shown.drop(_SUMMARY)

    async def _guarded(self, sending: Awaitable[None], *, what: str) -> bool:
        """Send to the group; where it can't be written to now, False, and look again after a while."""
        try:
            await sending
        except TelegramRetryAfter as error:
            self._group_pause = self._clock() + timedelta(seconds=error.retry_after)
        except (TelegramBadRequest, TelegramForbiddenError) as error:
            self._group_pause = self._clock() + timedelta(seconds=30)
            log.error(
                "the moderators' group can't be written to",
                what=what,
                error=error.message,
                advice="make the bot a member of BAITHAK_MODERATORS_CHAT",
            )
        else:
            return True
        return False


def _is_undecided_edit(card: Card, record: CommentRecord) -> bool:
    """Whether the card's comment was edited since, and nobody has decided about the new text."""
    latest = record.comment.latest
    return latest.number != card.revision and latest.status is CommentStatus.RECEIVED


def _is_covered(record: CommentRecord) -> bool:
    """Whether a decided card covers the text: as while it was held, but what a moderator approved somebody has read."""
    decision = record.decision
    if decision is None:
        return True
    unread = decision.model is None and record.comment.latest.status is not CommentStatus.PUBLISHED
    return unread or texts.is_abusive(decision.findings, decision.reason)
