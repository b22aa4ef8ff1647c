"""Reading comments in the chat: a story's thread, one's own comments, the terms."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime

from aiogram import Bot, F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, MessageReactionUpdated

from bot import keyboards
from bot.handlers.answering import answer
from bot.keyboards import Ask
from bot.messages import notices, stories
from bot.messages import terms as terms_messages
from bot.messages.texts import Html, plain, say
from bot.middlewares import Reader
from bot.store import BotStore
from bot.story import Story
from moderation.intake import Intake
from moderation.policy import Terms
from moderation.switches import Switches
from moderation.threads import PAGE_AT_MOST, PublishedComment, Threads

SHOWN_AT_ONCE = 5
"""Comments of a thread that are sent at once: each is a message of its own, so that it can be answered."""

OWN_AT_MOST = 10


class ReadingHandlers:
    """Threads, one's own comments and the terms, as messages."""

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        intake: Intake,
        switches: Switches,
        threads: Threads,
        terms: Mapping[str, Terms],
        version: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._intake = intake
        self._switches = switches
        self._threads = threads
        self._terms = terms
        self._version = version
        self._clock = clock

    def router(self) -> Router:
        """What of the updates is for this feature."""
        router = Router(name="reading")
        router.message.filter(F.chat.type == "private")
        router.message.register(self.comments, Command("comments", ignore_case=True))
        router.message.register(self.own_comments, Command("mycomments", ignore_case=True))
        router.message.register(self.terms, Command("terms", ignore_case=True))
        router.message_reaction.filter(F.chat.type == "private")
        router.message_reaction.register(self.react)
        router.callback_query.register(self.press_comments, F.data.startswith(f"{Ask.THREAD}:"))
        return router

    async def press_comments(self, callback: CallbackQuery, reader: Reader) -> None:
        """Show a page of a story's thread."""
        press = keyboards.read(callback.data)
        story_id = press.number(0) if press is not None else None
        story = await self._store.stories.one(story_id) if story_id is not None else None
        if press is None or story is None:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        await answer(callback)
        await self._store.opened.note(story.id, reader.id, now=self._clock())
        total = await self._show_thread(reader, story, page=press.number(1) or 0)
        await self._count_anew(callback, story, total=total, language=reader.language)

    async def _count_anew(self, callback: CallbackQuery, story: Story, *, total: int, language: str) -> None:
        """The story's message says how many comments there are now, where it said another number."""
        message = callback.message
        if not isinstance(message, Message) or message.reply_markup is None:
            return
        markup = keyboards.counted(message.reply_markup, story.id, comments=total, language=language)
        if markup == message.reply_markup:
            return
        now = await self._store.stories.one(story.id)
        if now is None or now.recalled_at is not None:
            return  # its message has no buttons any more
        with contextlib.suppress(TelegramBadRequest):  # the message is gone, or says so already
            await self._bot.edit_message_reply_markup(
                chat_id=message.chat.id, message_id=message.message_id, reply_markup=markup
            )

    async def react(self, reaction: MessageReactionUpdated, reader: Reader) -> None:
        """A reaction to a story's message counts as opening it; one that is taken back changes nothing."""
        shown = await self._store.shown.story_of(reaction.chat.id, reaction.message_id)
        if reaction.new_reaction and shown is not None and shown[1] is None:
            await self._store.opened.note(shown[0], reader.id, now=self._clock())

    async def comments(self, message: Message, reader: Reader) -> None:
        """The thread of the story this command answers, or of the newest one."""
        replied, shown = message.reply_to_message, None
        if replied is not None:
            shown = await self._store.shown.story_of(message.chat.id, replied.message_id)
        if shown is not None:
            story = await self._store.stories.one(shown[0])
        else:
            newest = await self._store.stories.newest(language=reader.language, section=None, before=None, at_most=1)
            story = newest[0] if newest else None
        if story is None:
            await self._bot.send_message(reader.id, say("top-none", reader.language))
            return
        await self._show_thread(reader, story, page=0)

    async def _show_thread(self, reader: Reader, story: Story, *, page: int) -> int:
        """The newest comments, oldest of them first, as they are read; page 1 has the ones before, and so on.

        Answers how many there are.
        """
        end = min((page + 1) * SHOWN_AT_ONCE, PAGE_AT_MOST)
        found = await self._threads.published(story.url, sort="newest", limit=end, cursor=None)
        chosen = found.items[page * SHOWN_AT_ONCE : end]
        if page == 0:
            await self._show_heading(reader, story, total=found.total)
        names = {comment.id: comment.author_name for comment in found.items}
        more = page + 1 if found.total > end and end < PAGE_AT_MOST else None
        for number, comment in enumerate(reversed(chosen), 1):
            last = number == len(chosen)
            markup = keyboards.thread(story.id, next_page=more, language=reader.language) if last else None
            await self._show_comment(
                reader, story, comment, answers=await self._answered(comment, names), markup=markup
            )
        return found.total

    async def _show_heading(self, reader: Reader, story: Story, *, total: int) -> None:
        if story.recalled_at is not None:  # its title is not said any more
            await self._bot.send_message(reader.id, stories.recalled(story, language=reader.language))
            return
        state = await self._switches.state_of(
            story.url, section=story.section, published_at=story.published_at, now=self._clock()
        )
        key = "comments-closed" if not state.open else "comments-heading" if total else "comments-none"
        markup = None
        if key == "comments-none":  # else the button stands under the last of the comments
            markup = keyboards.thread(story.id, next_page=None, language=reader.language)
        text = say(key, reader.language, n=total, title=story.title)
        sent = await self._bot.send_message(reader.id, text, reply_markup=markup)
        await self._store.shown.note_story(reader.id, sent.message_id, story_id=story.id, now=self._clock())

    async def _show_comment(
        self,
        reader: Reader,
        story: Story,
        comment: PublishedComment,
        *,
        answers: str | None,
        markup: InlineKeyboardMarkup | None,
    ) -> None:
        text = stories.thread_comment(
            author_name=comment.author_name,
            text=comment.text,
            published_at=comment.published_at,
            edited=comment.edited,
            answers=answers,
            language=reader.language,
        )
        sent = await self._bot.send_message(reader.id, text, reply_markup=markup)
        await self._store.shown.note_story(
            reader.id, sent.message_id, story_id=story.id, comment_id=comment.id, now=self._clock()
        )

    async def _answered(self, comment: PublishedComment, names: Mapping[int, str]) -> str | None:
        """The name of whom a comment answers."""
        if comment.parent is None:
            return None
        if comment.parent in names:
            return names[comment.parent]
        parent = await self._threads.shown(comment.parent)
        return parent.author_name if parent is not None else None

    async def own_comments(self, message: Message, reader: Reader) -> None:
        """The reader's latest comments, and where each stands."""
        records = await self._threads.of_author(reader.author, limit=OWN_AT_MOST)
        if not records:
            await self._bot.send_message(reader.id, say("mycomments-none", reader.language))
            return
        titles = await self._store.stories.titles([record.comment.story for record in records])
        entries = [
            notices.my_comment(
                record.comment.status,
                title=titles.get(record.comment.story, record.comment.story),
                text=record.comment.latest.text,
                story_url=record.comment.story,
                comment_id=record.comment.id,
                language=reader.language,
            )
            for record in records
        ]
        await self._bot.send_message(reader.id, Html("\n\n".join([say("mycomments", reader.language), *entries])))

    async def terms(self, message: Message, reader: Reader) -> None:
        """The terms in full; with the button where the reader has not agreed."""
        parts = terms_messages.in_full(self._terms[reader.language])
        agreed = await self._intake.has_agreed(reader.author)
        for part in parts[:-1]:
            await self._bot.send_message(reader.id, part)
        markup = None if agreed else keyboards.terms(version=self._version, language=reader.language)
        note = [] if agreed else [say("terms-not-agreed", reader.language)]
        await self._bot.send_message(reader.id, Html("\n\n".join([parts[-1], *note])), reply_markup=markup)
