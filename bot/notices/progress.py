"""An editor's story on its way: one message that says how far it is, edited until all is done.

Which messages follow which story stands in the store, so that a restart loses none; of many bot processes one edits
them at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import datetime

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError, TelegramNotFound

from bot import keyboards
from bot.messages.progress import Figures, progress
from bot.store import RECALLED, UNWANTED, BotStore
from bot.story import Story
from moderation.database import is_passing
from moderation.running import own_place

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 3.0
"""Seconds between two edits of a message: a hundredth of what Telegram allows."""

HOLDER_S = 15.0
"""Seconds after which another process goes on, when the one that edits was not heard of."""

_TURN = "progress"
_NOTE = "progress:"


class Progress:
    """Messages to editors that follow a story until nothing of it is left to do."""

    def __init__(self, bot: Bot, *, store: BotStore, clock: Callable[[], datetime]) -> None:
        self._bot = bot
        self._store = store
        self._clock = clock
        self._holder = own_place()
        self._seen: dict[str, tuple[float, int]] = {}  # when a message was edited last, and what was done then

    async def follow(self, chat_id: int, story: Story, *, message_id: int | None = None) -> None:
        """Say how far the story is in a message, this one or a new one, and go on saying it."""
        if message_id is None:
            sent = await self._bot.send_message(chat_id, progress(story, await self._figures(story), rate=None))
            message_id = sent.message_id
        await self._store.shown.keep(f"{_NOTE}{chat_id}:{message_id}", str(story.id))

    async def run(self) -> None:
        """Edit what is followed, until cancelled."""
        try:
            while True:
                await self._round()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            with contextlib.suppress(Exception):  # it ends by itself
                await self._store.shown.give_back(_TURN, holder=self._holder)

    async def _round(self) -> None:
        try:
            followed = await self._store.shown.noted(_NOTE)
            if followed and await self._is_mine():
                for name, story_id in followed.items():
                    await self._edit(name, int(story_id))
        except Exception as error:
            if not is_passing(error):
                log.error("progress can't be told", error=type(error).__name__)

    async def _is_mine(self) -> bool:
        return await self._store.shown.take(_TURN, holder=self._holder, lasts_s=HOLDER_S, now=self._clock())

    async def _edit(self, name: str, story_id: int) -> None:
        """Bring one message up to date; once nothing is left to do it is followed no more."""
        chat_id, message_id = (int(part) for part in name.removeprefix(_NOTE).split(":"))
        story = await self._store.stories.one(story_id)
        if story is None:
            await self._store.shown.drop(name)
            return
        figures, now = await self._figures(story), time.monotonic()
        before = self._seen.get(name)
        self._seen[name] = now, figures.done
        rate = None if before is None else (figures.done - before[1]) / max(now - before[0], 0.001)
        markup = keyboards.how_far(story.id) if figures.is_at_rest else None
        try:
            await self._bot.edit_message_text(
                progress(story, figures, rate=rate), chat_id=chat_id, message_id=message_id, reply_markup=markup
            )
        except TelegramBadRequest as error:
            if "message is not modified" not in error.message:
                await self._leave(name)
                return
        except (TelegramForbiddenError, TelegramNotFound):
            await self._leave(name)
            return
        except TelegramAPIError as error:
            log.warning("progress not told", error=type(error).__name__)
            return
        if figures.is_at_rest:
            await self._leave(name)

    async def _leave(self, name: str) -> None:
        self._seen.pop(name, None)
        await self._store.shown.drop(name)

    async def _figures(self, story: Story) -> Figures:
        states = await self._store.deliveries.counts(story.id)
        errors = await self._store.deliveries.errors(story.id)
        later = await self._store.deliveries.count_put_off(story.id, now=self._clock())
        gone, recalled = errors.pop(UNWANTED, 0), errors.pop(RECALLED, 0)
        blocked = sum(number for error, number in errors.items() if "blocked" in error or "deactivated" in error)
        return Figures(
            sent=states.get("sent", 0),
            waiting=max(states.get("pending", 0) + states.get("leased", 0) - later, 0),
            later=later,
            blocked=blocked,
            gone=gone,
            recalled=recalled,
            refused=sum(errors.values()) - blocked,
            behind=await self._store.amendments.count_behind(story),
            is_planned=not await self._store.pushes.is_under_way(story.id),
        )
