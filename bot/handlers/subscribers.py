"""Readers as subscribers: first story, language, sections, on and off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from aiogram import Bot, F, Router
from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import BotCommand, BotCommandScopeChat, CallbackQuery, ChatMemberUpdated, Message

from bot import keyboards
from bot.handlers.answering import answer, edit_or_send, place_of, settings_pressed
from bot.keyboards import Ask
from bot.messages import stories
from bot.messages.hours import in_short
from bot.messages.texts import LANGUAGE_NAMES, MODERATORS, Html, plain, say
from bot.middlewares import Reader
from bot.store import BotStore
from bot.story import SECTIONS, Story, story_of_payload
from bot.subscriber import Subscriber
from moderation.roles import Roles

log = structlog.get_logger(__name__)

TOP_AT_ONCE = 10
"""Stories that /top lists, of which it sends the first by itself."""

COMMANDS = (
    "start",
    "top",
    "settings",
    "language",
    "comments",
    "mycomments",
    "terms",
    "privacy",
    "mydata",
    "forget",
    "stop",
    "help",
)
"""The commands a reader is offered, in the order of Telegram's menu."""


class Stories(Protocol):
    """What is chosen for whom: the schedule."""

    async def top_stories(self, language: str, *, at_most: int) -> list[Story]:
        """The best stories of a language now."""

    async def first_story(self, person: int, *, language: str, sections: frozenset[str]) -> Story | None:
        """The best story this reader has not been sent."""


class Lists(Protocol):
    """What shows several stories in one message: the digests' sender."""

    async def show_top(self, reader: Subscriber, stories: Sequence[Story]) -> None:
        """Send them, with a number for each, and remember which message shows them."""


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
        lists: Lists,
        deliver: Callable[[], None],
        begin: Begin,
        roles: Roles,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._store = store
        self._choice = choice
        self._shows = shows
        self._lists = lists
        self._deliver = deliver
        self._begin = begin
        self._roles = roles
        self._clock = clock

    def router(self) -> Router:
        """What of the updates is for this feature."""
        router = Router(name="subscribers")
        private = router.message
        private.filter(F.chat.type == "private")
        private.register(self.start, CommandStart(ignore_case=True))
        private.register(self.stop, Command("stop", ignore_case=True))
        private.register(self.top, Command("top", ignore_case=True))
        private.register(self.settings, Command("settings", "topics", ignore_case=True))
        private.register(self.language, Command("language", ignore_case=True))
        private.register(self.privacy, Command("privacy", ignore_case=True))
        private.register(self.help, Command("help", ignore_case=True))
        router.callback_query.register(self.choose_language, F.data.startswith(f"{Ask.LANGUAGE}:"))
        router.callback_query.register(self.choose, F.data.startswith(f"{Ask.SETTINGS}:"))
        router.callback_query.register(self.stop_here, F.data == Ask.STOP)
        router.my_chat_member.register(self.blocked, F.chat.type == "private")
        return router

    async def start(self, message: Message, command: CommandObject, reader: Reader) -> None:
        """Offer the languages, and send stories again to who had stopped them; a story's link opens the story."""
        payload = (command.args or "").strip()
        story_id = story_of_payload(payload)
        story = await self._store.stories.one(story_id) if story_id is not None else None
        if story is not None:
            await self._open(reader, story)
            return
        if payload:
            await self._bot.send_message(reader.id, say("story-unknown", reader.language))
        known = await self._store.subscribers.one(reader.id)
        if known is not None and known.stopped_at is not None:
            await self._store.subscribers.subscribe(
                reader.id, name=reader.name, language=known.language, now=self._clock()
            )
            await self._bot.send_message(reader.id, say("stories-again", reader.language))
        await self._offer_languages(reader, starting=True)

    async def _open(self, reader: Reader, story: Story) -> None:
        known = await self._store.subscribers.one(reader.id)
        await self._store.subscribers.meet(reader.id, name=reader.name, language=reader.language, now=self._clock())
        if known is None:
            await self._offer_languages(reader, starting=True)
        await self._store.opened.note(story.id, reader.id, now=self._clock())
        await self._shows.show(reader.id, story, language=reader.language)
        if story.recalled_at is None:
            await self._begin(reader, story)

    async def _offer_languages(self, reader: Reader, *, starting: bool = False) -> None:
        text = say("start-choose", reader.language)
        await self._bot.send_message(reader.id, text, reply_markup=keyboards.languages(starting=starting))

    async def choose_language(self, callback: CallbackQuery, reader: Reader) -> None:
        """Subscribe in this language, send a story at once, offer the sections. Who has stopped stories gets none."""
        press, place = keyboards.read(callback.data), place_of(callback)
        language = press.name(0) if press is not None else ""
        if press is None or language not in LANGUAGE_NAMES:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        before = await self._store.subscribers.one(reader.id)
        starting = press.name(1) == keyboards.START
        if before is not None and before.stopped_at is not None and not starting:
            await self._store.subscribers.set_language(reader.id, language)
            await answer(callback, plain("sections-saved", language))
            await self._show_choice(reader.id, message_id=place[1] if place is not None else None)
        else:
            await self._subscribe(callback, reader, language=language, before=before, starting=starting)
        await self._name_commands(reader.id, language)

    async def _subscribe(
        self, callback: CallbackQuery, reader: Reader, *, language: str, before: Subscriber | None, starting: bool
    ) -> None:
        await answer(callback, plain("language-saved", language))
        place, now = place_of(callback), self._clock()
        subscriber = await self._store.subscribers.subscribe(reader.id, name=reader.name, language=language, now=now)
        markup = keyboards.settings(language=language, chosen=subscriber.sections, active=True)
        if place is None:
            await self._bot.send_message(reader.id, say("welcome", language), reply_markup=markup)
        else:
            await edit_or_send(self._bot, reader.id, place[1], say("welcome", language), reply_markup=markup)
        anew = before is None or not before.active or before.language != language
        if anew or starting or not await self._store.deliveries.received(reader.id):
            await self._first_story(subscriber, offer=place[1] if starting and place is not None else None)

    async def _first_story(self, subscriber: Subscriber, *, offer: int | None) -> None:
        """A story at once, also to who had all there are, where a message `offer` promised one.

        The offer is noted as the story's, so that its button, pressed twice or handled again after a crash, brings one.
        """
        noted = await self._store.shown.story_of(subscriber.id, offer) if offer is not None else None
        if noted is not None:
            await self._plan(noted[0], subscriber)
            return
        language, sections = subscriber.language, subscriber.sections
        fresh = await self._choice.first_story(subscriber.id, language=language, sections=sections)
        story = fresh or next(iter(await self._choice.top_stories(language, at_most=1)), None)
        if story is None:
            await self._bot.send_message(subscriber.id, say("top-none", language))
            return
        if offer is not None:
            await self._store.shown.note_story(subscriber.id, offer, story_id=story.id, now=self._clock())
        if fresh is not None:
            await self._plan(fresh.id, subscriber)
        elif offer is not None:
            await self._shows.show(subscriber.id, story, language=language)

    async def _plan(self, story_id: int, subscriber: Subscriber) -> None:
        if await self._store.deliveries.plan_one(story_id, subscriber.id, now=self._clock()):
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

    async def stop_here(self, callback: CallbackQuery, reader: Reader) -> None:
        """No more stories, from under one, which stays as it is."""
        stopped = await self._store.subscribers.stop(reader.id, now=self._clock())
        await answer(callback, plain("stopped" if stopped else "stopped-already", reader.language), alert=True)

    async def top(self, message: Message, reader: Reader) -> None:
        """The best stories now, whether or not they were sent before: the first with its buttons, then all of them."""
        best = await self._choice.top_stories(reader.language, at_most=TOP_AT_ONCE)
        if not best:
            await self._bot.send_message(reader.id, say("top-none", reader.language))
            return
        await self._shows.show(reader.id, best[0], language=reader.language)
        await self._store.subscribers.meet(reader.id, name=reader.name, language=reader.language, now=self._clock())
        subscriber = await self._store.subscribers.one(reader.id)
        if len(best) > 1 and subscriber is not None:
            await self._lists.show_top(subscriber, best)

    async def settings(self, message: Message, reader: Reader) -> None:
        """What the reader has chosen, with buttons to change it."""
        subscriber = await self._store.subscribers.one(reader.id)
        if subscriber is None:
            await self._offer_languages(reader)
            return
        await self._show_choice(reader.id, message_id=None)

    async def choose(self, callback: CallbackQuery, reader: Reader) -> None:
        """Switch a section, all of them, or the stories; the message shows what is chosen now."""
        pressed = await settings_pressed(callback, self._store, reader)
        if pressed is None:
            return
        press, message_id, subscriber = pressed
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
            case "show":
                await answer(callback)
                await self._show_choice(reader.id, message_id=message_id)
                return
            case "language":
                await answer(callback)
                await self._offer_languages(reader)
                return
            case _:
                await answer(callback, plain("old-button", reader.language), alert=True)
                return
        await answer(callback, plain("sections-saved", reader.language))
        await self._show_choice(reader.id, message_id=message_id)

    async def _show_choice(self, person: int, *, message_id: int | None) -> None:
        """What the reader has chosen, in place of a message, or as a new one."""
        subscriber = await self._store.subscribers.one(person)
        if subscriber is None:
            return
        language, chosen, active = subscriber.language, subscriber.sections, subscriber.active
        text = stories.settings(language=language, sections=chosen, active=active, hours=in_short(subscriber))
        markup = keyboards.settings(language=language, chosen=chosen, active=active)
        if message_id is None:
            await self._bot.send_message(person, text, reply_markup=markup)
        else:
            await edit_or_send(self._bot, person, message_id, text, reply_markup=markup)

    async def language(self, message: Message, reader: Reader) -> None:
        """Offer the languages again."""
        await self._offer_languages(reader)

    async def privacy(self, message: Message, reader: Reader) -> None:
        """What is kept about the reader."""
        await self._bot.send_message(reader.id, say("privacy", reader.language))

    async def help(self, message: Message, reader: Reader) -> None:
        """What the bot can do; for who may review now, the moderators' commands besides."""
        parts = [say("help", reader.language)]
        if await self._roles.may_review(reader.author):
            parts.append(say("help-moderators", MODERATORS))
        if self._roles.is_administrator(reader.author):
            parts.append(say("help-administrators", MODERATORS))
        await self._bot.send_message(reader.id, Html("\n\n".join(parts)))

    async def blocked(self, change: ChatMemberUpdated, reader: Reader) -> None:
        """Who blocks the bot wants no stories; who lets it in again is asked by /start."""
        if change.new_chat_member.status == ChatMemberStatus.KICKED:
            await self._store.subscribers.stop(reader.id, now=self._clock())
