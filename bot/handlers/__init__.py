"""Updates in, each to the feature it is for.

    subscribers  start, language, sections, top stories, stop
    reading      threads, one's own comments, the terms
    moderators   cards, dashboard, queue
    comments     begin, agree, write, edit
    fallback     what nobody knows

`Handling` is what the inbox hands stored updates to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from aiogram import Bot, Dispatcher, Router
from aiogram.exceptions import (
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import Message, TelegramObject, Update
from pydantic import ValidationError

from bot.handlers.comments import CommentHandlers
from bot.handlers.drafts import Drafts
from bot.handlers.fallback import FallbackHandlers
from bot.handlers.moderators import ModeratorHandlers
from bot.handlers.reading import ReadingHandlers
from bot.handlers.subscribers import SubscriberHandlers
from bot.inbox import ALLOWED_UPDATES, RetryLater
from bot.middlewares import KnowReader, Next, Reader, Throttle
from bot.store import BotStore, StoredUpdate

__all__ = [
    "CommentHandlers",
    "Drafts",
    "FallbackHandlers",
    "Handling",
    "ModeratorHandlers",
    "ReadingHandlers",
    "SubscriberHandlers",
]

log = structlog.get_logger(__name__)

_REPLACEMENT = "\ufffd"


class Handling:
    """Stored updates to the features' routers, in the order in which they are given."""

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        drafts: Drafts,
        throttle: Throttle,
        routers: Sequence[Router],
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._drafts = drafts
        self._clock = clock
        self._dispatcher = Dispatcher(disable_fsm=True)
        self._dispatcher.update.outer_middleware(KnowReader(store))
        self._dispatcher.update.outer_middleware(throttle)
        self._dispatcher.message.outer_middleware(self._leave_writing)
        self._dispatcher.include_routers(*routers)

    async def __call__(self, stored: StoredUpdate) -> None:
        """Handle one update. Kinds unknown and updates that can't be read are passed over.

        Raises RetryLater when Telegram is away or wants a pause; whatever else a handler raises is the handler's fault.
        """
        if not any(kind in stored.payload for kind in ALLOWED_UPDATES):
            log.info("unknown update passed over", update=stored.update_id)
            return
        payload, damaged = readable(stored.payload)
        try:
            update = Update.model_validate(payload, context={"bot": self._bot})
        except ValidationError as error:
            # What it says quotes the update, and so a reader's words: only how much is wrong is logged.
            log.warning("unreadable update passed over", update=stored.update_id, faults=error.error_count())
            return
        try:
            await self._dispatcher.feed_update(self._bot, update, damaged=damaged)
        except TelegramForbiddenError:
            await self._left(update)
        except TelegramRetryAfter as error:
            raise RetryLater("asked to wait", after_s=error.retry_after) from error
        except (TelegramNetworkError, TelegramServerError) as error:
            raise RetryLater(type(error).__name__) from error

    async def _left(self, update: Update) -> None:
        """The bot may not answer: its reader has blocked it, and wants no stories either."""
        person = getattr(update.event, "from_user", None)
        log.info("answer refused", update=update.update_id)
        if person is not None:
            await self._store.subscribers.stop(person.id, now=self._clock())

    async def _leave_writing(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Any command ends what was begun: who sends /top does not mean it as a comment."""
        reader: Reader = data["reader"]
        if isinstance(event, Message) and (event.text or "").startswith("/"):
            await self._drafts.leave(reader.id, now=self._clock())
        return await handler(event, data)


def readable(payload: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The update with every half of a surrogate pair replaced, and whether there was one.

    JSON may hold such halves; no text may, and one would keep the whole update from being read.
    """
    damaged = False

    def mend(value: Any) -> Any:
        nonlocal damaged
        if isinstance(value, dict):
            return {mend(key): mend(item) for key, item in value.items()}
        if isinstance(value, list):
            return [mend(item) for item in value]
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            damaged = True
            return "".join(_REPLACEMENT if "\ud800" <= letter <= "\udfff" else letter for letter in value)
        return value

    return mend(payload), damaged
