"""Messages made to say what their story says now: it was corrected, or taken back.

    store.Amendments.waiting → its messages, those sent last first → edited → noted

Of many bot processes one does it at a time, and another goes on where one dies: to edit a message twice changes
nothing. Does not decide what a story says (`editing`), nor pace (the bot's session does).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
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
from aiogram.types import InlineKeyboardMarkup

from bot import keyboards, messages
from bot.delivery import Counts
from bot.keyboards import Links
from bot.messages import Html
from bot.messages.digest import digest
from bot.store import Behind, BotStore
from bot.story import Story
from moderation.database import is_passing
from moderation.running import own_place

log = structlog.get_logger()

AT_ONCE = 60
"""Messages being edited at once."""

HOLDER_S = 90.0
"""Seconds after which another process goes on, when the one that edits was not heard of. Longer than a page takes."""

LOOK_EVERY_S = 1.0
AGAIN_S = 5.0
"""Seconds until messages that Telegram did not answer for are tried again."""

DELETABLE = timedelta(hours=47)
"""A message can be deleted for 48 hours; after that it can only be edited."""

_TURN = "amending"
_NO_TEXT, _NO_CAPTION = "there is no text in the message to edit", "there is no caption in the message to edit"


class Amender:
    """Edits every message that shows an older revision of a story than it has."""

    def __init__(
        self, bot: Bot, *, store: BotStore, links: Links, counts: Counts, clock: Callable[[], datetime]
    ) -> None:
        self._bot = bot
        self._store = store
        self._links = links
        self._counts = counts
        self._clock = clock
        self._holder = own_place()

    async def run(self) -> None:
        """Amend what waits, until cancelled; a message whose edit was not noted is edited once more by the next one."""
        try:
            while True:
                pause_s = await self._round_s()
                await asyncio.sleep(pause_s)
        finally:
            with contextlib.suppress(Exception):  # it ends by itself
                await self._store.shown.give_back(_TURN, holder=self._holder)

    async def _round_s(self) -> float:
        """Go through what waits; seconds until the next time."""
        try:
            return LOOK_EVERY_S if await self.amend_waiting() else AGAIN_S
        except Exception as error:
            if not is_passing(error):
                log.error("stories can't be amended", error=type(error).__name__)
            return AGAIN_S

    async def amend_waiting(self) -> bool:
        """Go once through all messages that are behind; False where some are to be tried again.

        What waits is looked up for each page: a recall goes before all corrections, also one that is under way.
        """
        reached: dict[tuple[int, int], Behind] = {}
        through: set[tuple[int, int]] = set()
        while True:
            waiting = await self._store.amendments.waiting()
            story = next((one for one in waiting if (one.id, one.revision) not in through), None)
            if story is None:
                return not waiting
            if not await self._is_mine():
                return False
            key = story.id, story.revision
            page = await self._store.amendments.behind(story, before=reached.get(key), at_most=AT_ONCE)
            if page:
                reached[key] = page[-1]
                await self._amend_page(story, page)
                continue
            through.add(key)
            if await self._store.amendments.finish(story):
                log.info("story amended", story=story.id, revision=story.revision)

    async def _is_mine(self) -> bool:
        return await self._store.shown.take(_TURN, holder=self._holder, lasts_s=HOLDER_S, now=self._clock())

    async def _amend_page(self, story: Story, page: list[Behind]) -> None:
        counts = await self._counts([story.url]) if story.recalled_at is None else {}
        comments = counts.get(story.url, 0)
        edits = [self._amend(story, one, comments=comments) for one in page]
        done = [one for one, is_done in zip(page, await asyncio.gather(*edits), strict=True) if is_done]
        await self._store.amendments.caught_up(story, done)

    async def _amend(self, story: Story, one: Behind, *, comments: int) -> bool:
        """Whether the message needs nothing more: it was edited, or nobody can."""
        language = one.language or story.language
        try:
            if one.digest:
                await self._amend_digest(story, one)
            elif story.recalled_at is not None:
                await self._take_back(story, one, language=language)
            else:
                markup = keyboards.shown_in(one.chat_id, story, comments=comments, links=self._links, language=language)
                await self._edit(
                    one, messages.alert(story, language=language), markup, captioned=story.picture is not None
                )
        except TelegramRetryAfter:
            return False
        except (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound) as error:
            # Gone, or changed already, or in a chat that is closed to us.
            log.info("message not amended", story=story.id, reason=error.message)
        except TelegramAPIError as error:
            log.warning("amending broken off", story=story.id, error=type(error).__name__)
            return False
        return True

    async def _amend_digest(self, story: Story, one: Behind) -> None:
        """The digest says what all its stories say now. After a recall it has no picture, whosever that was: a feed may
        have changed its stories' pictures since."""
        reader = await self._store.subscribers.one(one.chat_id)
        if reader is None:
            return  # erased, and the digest with them
        stories = await self._store.digests.shown_in(one.chat_id, one.message_id)
        comments = await self._counts([each.url for each in stories if each.recalled_at is None])
        text = digest(stories, reader=reader, at=one.shown_at, comments=comments)
        markup = keyboards.digest(stories, language=reader.language)
        try:
            await self._edit(one, text, markup, captioned=False, only=story.recalled_at is not None)
        except TelegramBadRequest as error:
            if _NO_TEXT not in error.message:
                raise
        else:
            return
        sent = await self._replaced(one, text, markup)
        if sent is None:
            await self._edit(one, text, markup, captioned=True, only=True)
        else:
            await self._store.digests.replaced(one.chat_id, one.message_id, by=sent, after=story)

    async def _replaced(self, one: Behind, text: Html, markup: InlineKeyboardMarkup | None) -> int | None:
        """A new message, which makes no sound, in place of one with a picture; None where that one can't be deleted.

        The new one comes first: cut off in between, the old one is still known to be behind.
        """
        if self._clock() - one.shown_at >= DELETABLE:
            return None
        sent = await self._bot.send_message(one.chat_id, text, reply_markup=markup, disable_notification=True)
        try:
            await self._bot.delete_message(one.chat_id, one.message_id)
        except TelegramBadRequest:
            await self._bot.delete_message(one.chat_id, sent.message_id)
            return None
        return sent.message_id

    async def _take_back(self, story: Story, one: Behind, *, language: str) -> None:
        """The message says that the story was recalled.

        One with a picture goes, while Telegram lets it go, and a new one, which makes no sound, says so before it does.
        """
        text = messages.recalled(story, language=language)
        try:
            await self._edit(one, text, None, captioned=False, only=True)
        except TelegramBadRequest as error:
            if _NO_TEXT not in error.message:
                raise
        else:
            return
        if await self._replaced(one, text, None) is not None:
            return
        await self._edit(one, text, None, captioned=True, only=True)

    async def _edit(
        self, one: Behind, text: Html, markup: InlineKeyboardMarkup | None, *, captioned: bool, only: bool = False
    ) -> None:
        """Edit the text, or the caption; where there is none and not `only` that was meant, the other."""
        try:
            if captioned:
                await self._bot.edit_message_caption(
                    chat_id=one.chat_id, message_id=one.message_id, caption=text, reply_markup=markup
                )
            else:
                await self._bot.edit_message_text(
                    text, chat_id=one.chat_id, message_id=one.message_id, reply_markup=markup
                )
        except TelegramBadRequest as error:
            if only or (_NO_CAPTION if captioned else _NO_TEXT) not in error.message:
                raise
            await self._edit(one, text, markup, captioned=not captioned, only=True)
