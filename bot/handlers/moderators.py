"""Moderators' presses and commands. Who presses is asked for their role each time: callback data proves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.handlers.answering import answer, place_of
from bot.keyboards import Ask
from bot.messages import cards as texts
from bot.messages import health as health_texts
from bot.messages.texts import MODERATORS, link, plain, say, spoken_name
from bot.middlewares import Reader
from bot.notices import Desk, Watch
from bot.store import BotStore, Card
from moderation.alarms import age_s
from moderation.comment import CommentStatus
from moderation.decision import Outcome
from moderation.errors import AlreadyDecided, PublishingStopped, StaleRevision, UndoRefused, UnknownComment
from moderation.login import Login
from moderation.policy import Terms
from moderation.review import Review
from moderation.roles import Roles
from moderation.threads import Threads

log = structlog.get_logger(__name__)

PRESSES = (Ask.APPROVE, Ask.REJECT, Ask.CLAUSE, Ask.UNDO, Ask.QUEUE)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press on a card by somebody who may decide."""

    card: Card
    press: keyboards.Press
    moderator: Reader


class ModeratorHandlers:
    """The desk in Telegram. Decisions go through `review`; what the cards then show is the Desk's."""

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        review: Review,
        threads: Threads,
        roles: Roles,
        login: Login,
        desk: Desk,
        watch: Watch,
        terms: Terms,
        web_address: str,
        login_link_s: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._review = review
        self._threads = threads
        self._roles = roles
        self._login = login
        self._desk = desk
        self._watch = watch
        self._terms = terms
        self._web_address = web_address
        self._login_link_s = login_link_s
        self._clock = clock

    def router(self) -> Router:
        """What of the updates is for this feature. Its commands are for moderators: to others they are unknown."""
        router = Router(name="moderators")
        router.message.filter(F.chat.type == ChatType.PRIVATE, self.is_moderator)
        router.message.register(self.dashboard, Command("dashboard", ignore_case=True))
        router.message.register(self.queue, Command("queue", ignore_case=True))
        router.message.register(self.stats, Command("stats", ignore_case=True))
        router.message.register(self.status, Command("status", ignore_case=True))
        router.message.register(self.feeds, Command("feeds", ignore_case=True))
        for ask in PRESSES:
            router.callback_query.register(self.press, F.data.startswith(f"{ask}:"))
        return router

    async def is_moderator(self, message: Message, reader: Reader) -> bool:
        """Whether a command comes from somebody who may review; only commands are asked about."""
        return (message.text or "").startswith("/") and await self._roles.may_review(reader.author)

    async def press(self, callback: CallbackQuery, reader: Reader) -> None:
        """A press on a card's button."""
        press, place = keyboards.read(callback.data), place_of(callback)
        if not await self._roles.may_review(reader.author):
            log.info("press refused", reader=reader.id, ask=press.ask if press is not None else None)
            await answer(callback, plain("answer-not-moderator", MODERATORS), alert=True)
            return
        if press is not None and place is not None and press.ask is Ask.QUEUE:
            await self._press_next(callback, reader, place)
            return
        comment_id, revision = (press.number(0), press.number(1)) if press is not None else (None, None)
        if press is None or place is None or comment_id is None or revision is None:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        card = Card(place[0], place[1], comment_id, revision, open=True)
        await self._decide(callback, Pressed(card, press, reader))

    async def _decide(self, callback: CallbackQuery, pressed: Pressed) -> None:
        steps = {
            Ask.APPROVE: self._approve,
            Ask.REJECT: self._choose_clause,
            Ask.CLAUSE: self._reject,
            Ask.UNDO: self._undo,
        }
        comment_id = pressed.card.comment_id
        try:
            await steps[pressed.press.ask](callback, pressed)
        except AlreadyDecided as error:
            await answer(callback, await self._late(pressed, error), alert=True)
        except PublishingStopped as error:
            await answer(callback, plain("answer-stopped", MODERATORS, name=spoken_name(error.stopped_by)), alert=True)
        except StaleRevision:
            await answer(callback, plain("answer-stale", MODERATORS), alert=True)
        except UnknownComment:
            await answer(callback, plain("answer-unknown", MODERATORS), alert=True)
            return
        await self._desk.note_pressed(pressed.card)
        self._desk.changed(comment_id)

    async def _late(self, pressed: Pressed, error: AlreadyDecided) -> str:
        """What a press is answered that changed nothing: who decided, and what."""
        record = await self._threads.one(pressed.card.comment_id)
        clause = record.decision.clause if record is not None and record.decision is not None else None
        wanted = CommentStatus.PUBLISHED if pressed.press.ask is Ask.APPROVE else CommentStatus.REJECTED
        if error.decided_by == pressed.moderator.author and error.status == wanted:
            # Their own decision, pressed twice or handled again after a crash.
            return _done(wanted, clause)
        name = error.name or plain("card-machine", MODERATORS)
        return texts.late(status=error.status, name=name, clause=clause)

    async def _approve(self, callback: CallbackQuery, pressed: Pressed) -> None:
        await self._review_it(pressed, Outcome.PUBLISH, clause=None)
        await answer(callback, _done(CommentStatus.PUBLISHED, None))

    async def _reject(self, callback: CallbackQuery, pressed: Pressed) -> None:
        clause = pressed.press.name(2)
        if clause not in self._terms.clauses:
            await answer(callback, plain("old-button", pressed.moderator.language), alert=True)
            return
        await self._review_it(pressed, Outcome.REJECT, clause=clause)
        await answer(callback, _done(CommentStatus.REJECTED, clause))

    async def _review_it(self, pressed: Pressed, outcome: Outcome, *, clause: str | None) -> None:
        await self._review.review(
            pressed.card.comment_id,
            revision=pressed.card.revision,
            outcome=outcome,
            clause=clause,
            moderator=pressed.moderator.author,
            moderator_name=pressed.moderator.name,
            now=self._clock(),
        )

    async def _choose_clause(self, callback: CallbackQuery, pressed: Pressed) -> None:
        """Ask under which clause; `back` returns to the two buttons."""
        card = pressed.card
        if pressed.press.name(2) == "back":
            await answer(callback)
            await self._desk.open_keyboard(card)
            return
        await self._review.claim(card.comment_id, moderator=pressed.moderator.author, now=self._clock())
        held = await self._review.held(card.comment_id)
        if held is None or held.revision != card.revision:
            raise StaleRevision("the author edited the comment")
        await answer(callback)
        likely = [finding.clause for finding in held.findings if finding.clause is not None]
        markup = keyboards.clauses(card.comment_id, card.revision, terms=self._terms, likely=likely)
        try:
            await self._bot.edit_message_reply_markup(
                chat_id=card.chat_id, message_id=card.message_id, reply_markup=markup
            )
        except TelegramBadRequest as error:
            if "message is not modified" not in error.message:
                raise

    async def _undo(self, callback: CallbackQuery, pressed: Pressed) -> None:
        try:
            await self._review.undo(
                pressed.card.comment_id,
                revision=pressed.card.revision,
                moderator=pressed.moderator.author,
                moderator_name=pressed.moderator.name,
                now=self._clock(),
            )
        except UndoRefused as refused:
            # The same press handled again after a crash finds its own work done.
            acts = [row.act for row in await self._review.history(pressed.card.comment_id)]
            undone = acts[-1:] == ["undo"]
            await answer(
                callback, plain("answer-undone" if undone else f"answer-undo-{refused.why}", MODERATORS), alert=True
            )
        else:
            await answer(callback, plain("answer-undone", MODERATORS))

    async def _press_next(self, callback: CallbackQuery, reader: Reader, place: tuple[int, int]) -> None:
        found = await self._desk.next_for(place[0], message_id=place[1], moderator=reader.author)
        await answer(callback, None if found else plain("answer-nothing", MODERATORS))

    async def queue(self, message: Message, reader: Reader) -> None:
        """The next held comment, as a card in private."""
        if not await self._desk.next_for(reader.id, message_id=None, moderator=reader.author):
            await self._bot.send_message(reader.id, texts.nothing_waiting())

    async def dashboard(self, message: Message, reader: Reader) -> None:
        """A one-time link to the web's review queue."""
        token = await self._login.issue(reader.author, reader.name, self._clock())
        address = f"{self._web_address}/review/login?token={token}"
        text = say(
            "dashboard",
            MODERATORS,
            link=link(address, plain("dashboard-link", MODERATORS)),
            minutes=max(1, round(self._login_link_s / 60)),
        )
        await self._bot.send_message(reader.id, text, protect_content=True)

    async def stats(self, message: Message, reader: Reader) -> None:
        """How much waits, and for how many the bot works."""
        waiting = await self._threads.waiting()
        text = say(
            "stats",
            MODERATORS,
            waiting=waiting.held,
            span=health_texts.span(age_s(waiting.oldest_held, self._clock())),
            received=waiting.received,
            subscribers=await self._store.subscribers.count(),
        )
        await self._bot.send_message(reader.id, text)

    async def status(self, message: Message, reader: Reader) -> None:
        """The whole system in one message, what is wrong first."""
        facts, report = await asyncio.gather(self._watch.facts(), self._watch.report())
        remembered = report.standing if report is not None else {}
        text = health_texts.status(facts, self._watch.seen(facts), remembered)
        await self._bot.send_message(reader.id, text)

    async def feeds(self, message: Message, reader: Reader) -> None:
        """Every feed, when it was read last, and why not."""
        await self._bot.send_message(reader.id, health_texts.feeds(await self._watch.facts()))


def _done(status: CommentStatus, clause: str | None) -> str:
    if status is CommentStatus.PUBLISHED:
        return plain("answer-approved", MODERATORS)
    return plain("answer-rejected", MODERATORS, clause=clause or "?")
