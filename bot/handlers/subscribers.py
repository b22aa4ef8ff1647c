"""Readers as subscribers: first story, language, sections, on and off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

import structlog
from aiogram import Bot, F, Router
from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import BotCommand, BotCommandScopeChat, CallbackQuery, ChatMemberUpdated, Message

from bot import keyboards
from bot.handlers.answering import answer, edit_or_send, place_of
from bot.keyboards import Ask
from bot.messages import stories
from bot.messages.texts import LANGUAGE_NAMES, plain, say
from bot.middlewares import Reader
from bot.store import BotStore
from bot.story import SECTIONS, Story, story_of_payload

log = structlog.get_logger(__name__)

TOP_AT_ONCE = 3
"""Stories that /top sends."""

COMMANDS = ("start", "top", "settings", "language", "comments", "mycomments", "terms", "privacy", "stop", "help")
"""The commands a reader is offered, in the order of Telegram's menu."""


class Stories(Protocol):
    """What is chosen for whom: the schedule."""

    async def top_stories(self, language: str, *, at_most: int) -> list[Story]:
        """The best stories of a language now."""

    async def first_story(self, person: int, *, language: str, sections: frozenset[str]) -> Story | None:
        """The best story this reader has not been sent."""


class Shows(Protocol):
    """What sends a story to a chat at once: the sender."""

    async def show(self, chat_id: int, story: Story, *, language: str) -> Message:
        """Send it, with its buttons, and remember which message shows it."""


Begin = Callable[[Reader, Story], Awaitable[None]]


class SubscriberHandlers:
    """Commands and presses of a reader as a subscriber. `begin` opens a comment on a story."""

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        choice: Stories,
        shows: Shows,
        deliver: Callable[[], None],
        begin: Begin,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._choice = choice
        self._shows = shows
        self._deliver = deliver
        self._begin = begin
        self._clock = clock

    def router(self) -> Router:
        """What of the updates is for this feature."""
        router = Router(name="subscribers")
        private = router.message
        private.filter(F.chat.type == "private")
        private.register(self.start, CommandStart())
        private.register(self.stop, Command("stop"))
        private.register(self.top, Command("top"))
        private.register(self.settings, Command("settings", "topics"))
        private.register(self.language, Command("language"))
        private.register(self.privacy, Command("privacy"))
        private.register(self.help, Command("help"))
        router.callback_query.register(self.choose_language, F.data.startswith(f"{Ask.LANGUAGE}:"))
        router.callback_query.register(self.choose, F.data.startswith(f"{Ask.SETTINGS}:"))
        router.my_chat_member.register(self.blocked, F.chat.type == "private")
        return router

    async def start(self, message: Message, command: CommandObject, reader: Reader) -> None:
        """Offer the languages; a story's link opens the story first."""
        payload = (command.args or "").strip()
        story_id = story_of_payload(payload)
        story = await self._store.stories.one(story_id) if story_id is not None else None
        if story is not None:
            await self._open(reader, story)
            return
        if payload:
            await self._bot.send_message(reader.id, say("story-unknown", reader.language))
        await self._offer_languages(reader)

    async def _open(self, reader: Reader, story: Story) -> None:
        known = await self._store.subscribers.one(reader.id)
        await self._store.subscribers.meet(reader.id, name=reader.name, language=reader.language, now=self._clock())
        if known is None:
            await self._offer_languages(reader)
        await self._shows.show(reader.id, story, language=reader.language)
        await self._begin(reader, story)

    async def _offer_languages(self, reader: Reader) -> None:
        text = say("start-choose", reader.language)
        await self._bot.send_message(reader.id, text, reply_markup=keyboards.languages())

    async def choose_language(self, callback: CallbackQuery, reader: Reader) -> None:
        """Subscribe in this language, send a story at once, offer the sections."""
        press, place = keyboards.read(callback.data), place_of(callback)
        language = press.name(0) if press is not None else ""
        if language not in LANGUAGE_NAMES:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        await answer(callback, plain("language-saved", language))
        before = await self._store.subscribers.one(reader.id)
        now = self._clock()
        subscriber = await self._store.subscribers.subscribe(reader.id, name=reader.name, language=language, now=now)
        markup = keyboards.settings(language=language, chosen=subscriber.sections, active=True)
        if place is None:
            await self._bot.send_message(reader.id, say("welcome", language), reply_markup=markup)
        else:
            await edit_or_send(self._bot, reader.id, place[1], say("welcome", language), reply_markup=markup)
        anew = before is None or not before.active or before.language != language
        if anew or not await self._store.deliveries.received(reader.id):
            await self._first_story(reader.id, language=language, sections=subscriber.sections)
        await self._name_commands(reader.id, language)

    async def _first_story(self, person: int, *, language: str, sections: frozenset[str]) -> None:
        story = await self._choice.first_story(person, language=language, sections=sections)
        if story is None:
            await self._bot.send_message(person, say("top-none", language))
        elif await self._store.deliveries.plan_one(story.id, person, now=self._clock()):
            self._deliver()

    async def _name_commands(self, chat_id: int, language: str) -> None:
        commands = [BotCommand(command=name, description=plain(f"command-{name}", language)) for name in COMMANDS]
        try:
            await self._bot.set_my_commands(commands, scope=BotCommandScopeChat(chat_id=chat_id))
        except TelegramBadRequest as error:
            log.warning("commands not named", error=error.message)

    async def stop(self, message: Message, reader: Reader) -> None:
        """No more stories."""
        stopped = await self._store.subscribers.stop(reader.id, now=self._clock())
        await self._bot.send_message(reader.id, say("stopped" if stopped else "stopped-already", reader.language))

    async def top(self, message: Message, reader: Reader) -> None:
        """The best stories now, whether or not they were sent before."""
        best = await self._choice.top_stories(reader.language, at_most=TOP_AT_ONCE)
        if not best:
            await self._bot.send_message(reader.id, say("top-none", reader.language))
        for story in best:
            await self._shows.show(reader.id, story, language=reader.language)

    async def settings(self, message: Message, reader: Reader) -> None:
        """What the reader has chosen, with buttons to change it."""
        subscriber = await self._store.subscribers.one(reader.id)
        if subscriber is None:
            await self._offer_languages(reader)
            return
        chosen, active = subscriber.sections, subscriber.active
        await self._bot.send_message(
            reader.id,
            stories.settings(language=reader.language, sections=chosen, active=active),
            reply_markup=keyboards.settings(language=reader.language, chosen=chosen, active=active),
        )

    async def choose(self, callback: CallbackQuery, reader: Reader) -> None:
        """Switch a section, all of them, or the stories; the message shows what is chosen now."""
        press, place = keyboards.read(callback.data), place_of(callback)
        subscriber = await self._store.subscribers.one(reader.id)
        if press is None or place is None or subscriber is None:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        name = press.name(1)
        match press.name(0):
            case "add" if name in SECTIONS:
                await self._store.subscribers.set_sections(reader.id, subscriber.sections | {name})
            case "drop" if name in SECTIONS:
                await self._store.subscribers.set_sections(reader.id, subscriber.sections - {name})
            case "all":
                await self._store.subscribers.set_sections(reader.id, ())
            case "pause":
                await self._store.subscribers.stop(reader.id, now=self._clock())
            case "resume":
                await self._store.subscribers.subscribe(
                    reader.id, name=reader.name, language=reader.language, now=self._clock()
                )
            case "language":
                await answer(callback)
                await self._offer_languages(reader)
                return
            case _:
                await answer(callback, plain("old-button", reader.language), alert=True)
                return
        await answer(callback, plain("sections-saved", reader.language))
        await self._show_choice(reader, message_id=place[1])

    async def _show_choice(self, reader: Reader, *, message_id: int) -> None:
        subscriber = await self._store.subscribers.one(reader.id)
        if subscriber is None:
            return
        chosen, active = subscriber.sections, subscriber.active
        await edit_or_send(
            self._bot,
            reader.id,
            message_id,
            stories.settings(language=reader.language, sections=chosen, active=active),
            reply_markup=keyboards.settings(language=reader.language, chosen=chosen, active=active),
        )

    async def language(self, message: Message, reader: Reader) -> None:
        """Offer the languages again."""
        await self._offer_languages(reader)

    async def privacy(self, message: Message, reader: Reader) -> None:
        """What is kept about the reader."""
        await self._bot.send_message(reader.id, say("privacy", reader.language))

    async def help(self, message: Message, reader: Reader) -> None:
        """What the bot can do."""
        await self._bot.send_message(reader.id, say("help", reader.language))

    async def blocked(self, change: ChatMemberUpdated, reader: Reader) -> None:
        """Who blocks the bot wants no stories; who lets it in again is asked by /start."""
        if change.new_chat_member.status == ChatMemberStatus.KICKED:
            await self._store.subscribers.stop(reader.id, now=self._clock())
