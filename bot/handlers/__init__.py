"""Updates in, each to the feature it is for.

    hours        when stories may come
    words        which words are followed and muted
    digests      the best of them in one message
    subscribers  start, language, sections, top stories, stop
    reading      threads, one's own comments, the terms
    privacy      a copy of one's data, and its end
    moderators   cards, dashboard, queue
    switches     for a bad day
    editors      push, correct, recall, pin, mute a story
    comments     begin, agree, write, edit
    fallback     what nobody knows

`Handling` is what the inbox hands stored updates to.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from aiogram import Bot, Dispatcher, Router
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import CallbackQuery, Message, TelegramObject, Update, User
from pydantic import ValidationError

from bot.handlers.answering import answer
from bot.handlers.comments import CommentHandlers
from bot.handlers.digests import DigestHandlers
from bot.handlers.drafts import Drafts
from bot.handlers.editors import EditorHandlers
from bot.handlers.fallback import FallbackHandlers
from bot.handlers.hours import HourHandlers
from bot.handlers.moderators import ModeratorHandlers
from bot.handlers.privacy import CoveredByErasure, PrivacyHandlers
from bot.handlers.reading import ReadingHandlers
from bot.handlers.subscribers import SubscriberHandlers
from bot.handlers.switches import SwitchHandlers
from bot.handlers.words import WordHandlers
from bot.inbox import ALLOWED_UPDATES, TRIES, RetryLater
from bot.messages.texts import known_language, plain, say
from bot.middlewares import KnowReader, Next, Reader, Throttle
from bot.store import BotStore, StoredUpdate
from moderation.database import is_passing

__all__ = [
    "CommentHandlers",
    "DigestHandlers",
    "Drafts",
    "EditorHandlers",
    "FallbackHandlers",
    "Handling",
    "HourHandlers",
    "ModeratorHandlers",
    "PrivacyHandlers",
    "ReadingHandlers",
    "SubscriberHandlers",
    "SwitchHandlers",
    "WordHandlers",
]

log = structlog.get_logger(__name__)

_REPLACEMENT = "\ufffd"

DEEPEST = 100
"""How many things in one another are read of an update. Telegram's go a dozen deep; Python ends at some hundreds."""


class Handling:
    """Stored updates to the features' routers, in the order in which they are given."""

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        drafts: Drafts,
        throttle: Throttle,
        is_covered: Callable[[int, int], Awaitable[bool]],
        routers: Sequence[Router],
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._drafts = drafts
        self._clock = clock
        self._dispatcher = Dispatcher(disable_fsm=True)
        self._dispatcher.update.outer_middleware(KnowReader(store, clock=clock))
        self._dispatcher.update.outer_middleware(CoveredByErasure(is_covered))
        self._dispatcher.update.outer_middleware(throttle)
        self._dispatcher.message.outer_middleware(self._leave_writing)
        self._dispatcher.include_routers(*routers)

    async def __call__(self, stored: StoredUpdate) -> None:
        """Handle one update. Kinds unknown are passed over; of what can't be read, its sender is told so.

        Raises RetryLater when Telegram is away or wants a pause; whatever else a handler raises is the handler's fault.
        """
        if not any(kind in stored.payload for kind in ALLOWED_UPDATES):
            log.info("unknown update passed over", update=stored.update_id)
            return
        payload, damaged = readable(stored.payload)
        try:
            update = self._read(payload)
        except ValidationError as error:
            # What it says quotes the update, and so a reader's words: only how much is wrong is logged.
            log.warning("unreadable update", update=stored.update_id, faults=error.error_count())
            try:
                update, damaged = self._read(outline(payload)), True
            except ValidationError:
                return
        try:
            await self._dispatcher.feed_update(self._bot, update, damaged=damaged)
        except TelegramForbiddenError:
            await self._left(update)
        except TelegramRetryAfter as error:
            raise RetryLater("asked to wait", after_s=error.retry_after) from error
        except (TelegramNetworkError, TelegramServerError) as error:
            raise RetryLater(type(error).__name__) from error
        except Exception as error:
            if stored.attempts >= TRIES and not is_passing(error):
                await self._say_failed(update)
            raise

    def _read(self, payload: dict[str, Any]) -> Update:
        return Update.model_validate(payload, context={"bot": self._bot})

    async def _left(self, update: Update) -> None:
        """The bot may not answer: its reader has blocked it, and wants no stories either."""
        person = getattr(update.event, "from_user", None)
        log.info("answer refused", update=update.update_id)
        if person is not None:
            await self._store.subscribers.stop(person.id, now=self._clock())

    async def _say_failed(self, update: Update) -> None:
        """Nobody will try again: whoever waits for an answer is told."""
        event = update.event
        with contextlib.suppress(TelegramAPIError):
            if isinstance(event, CallbackQuery):
                await answer(event, plain("failed", await self._language_of(event.from_user)), alert=True)
            elif isinstance(event, Message) and event.chat.type == "private":
                await event.reply(say("failed", await self._language_of(event.from_user)))

    async def _language_of(self, person: User | None) -> str:
        subscriber = await self._store.subscribers.one(person.id) if person is not None else None
        return known_language(subscriber.language if subscriber is not None else None)

    async def _leave_writing(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Any command ends what was begun: who sends /top does not mean it as a comment."""
        reader: Reader = data["reader"]
        if isinstance(event, Message) and (event.text or "").startswith("/"):
            await self._drafts.leave(reader.id, now=self._clock())
        return await handler(event, data)


def readable(payload: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The update with every half of a surrogate pair replaced, cut where it is nested too deep, and whether it was.

    JSON may hold such halves; no text may, and one would keep the whole update from being read.
    """
    damaged = False

    def mend(value: Any, depth: int = 0) -> Any:
        nonlocal damaged
        if isinstance(value, dict | list) and depth > DEEPEST:
            damaged = True
            return None
        if isinstance(value, dict):
            return {mend(key): mend(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [mend(item, depth + 1) for item in value]
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            damaged = True
            return "".join(_REPLACEMENT if "\ud800" <= letter <= "\udfff" else letter for letter in value)
        return value

    return mend(payload), damaged


def outline(payload: dict[str, Any]) -> dict[str, Any]:
    """What an answer needs of an update that can't be read as it is: who sent it, and where. Promises not to be valid.

    Of words only that there were some is left.
    """
    kept: dict[str, Any] = {"update_id": payload.get("update_id")}
    for kind in ("message", "edited_message"):
        if isinstance(message := payload.get(kind), dict):
            replied = message.get("reply_to_message")
            kept[kind] = _place(message) | ({"text": _REPLACEMENT} if isinstance(message.get("text"), str) else {})
            kept[kind] |= {"from": message.get("from")}
            kept[kind] |= {"reply_to_message": _place(replied)} if isinstance(replied, dict) else {}
    if isinstance(press := payload.get("callback_query"), dict):
        kept["callback_query"] = {name: press.get(name) for name in ("id", "from")} | {"chat_instance": "", "data": ""}
    return kept


def _place(message: dict[str, Any]) -> dict[str, Any]:
    return {"message_id": message.get("message_id"), "chat": message.get("chat"), "date": 0}
