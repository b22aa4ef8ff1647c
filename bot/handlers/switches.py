"""Moderators' switches for a bad day, in Telegram. Who presses is asked for their role each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot import keyboards
from bot.handlers.answering import answer, edit_or_send, place_of
from bot.keyboards import Ask
from bot.messages import switches as texts
from bot.messages.texts import MODERATORS, Html, plain, say, spoken_name
from bot.middlewares import Reader
from bot.store import BotStore
from bot.story import SECTIONS
from moderation.comment import shown_text
from moderation.errors import UnknownSwitch
from moderation.roles import Roles
from moderation.switch import Scope, Switch, SwitchKind
from moderation.switches import Switches, Turned

log = structlog.get_logger(__name__)

NAMED_AT_MOST = 100
"""Letters of a name nobody knows that are said back."""


class SwitchHandlers:
    """Commands and presses that turn switches. What the group is told of them is the Switchboard's."""

    def __init__(
        self, bot: Bot, *, store: BotStore, switches: Switches, roles: Roles, clock: Callable[[], datetime]
    ) -> None:
        self._bot = bot
        self._store = store
        self._switches = switches
        self._roles = roles
        self._clock = clock

    def router(self) -> Router:
        """What of the updates is for this feature. Its commands are for moderators: to others they are unknown."""
        router = Router(name="switches")
        router.message.filter(
            F.chat.type == ChatType.PRIVATE, Command("switches", "hold", "close", ignore_case=True), self.is_moderator
        )
        router.message.register(self.show, Command("switches", ignore_case=True))
        router.message.register(self.hold, Command("hold", ignore_case=True))
        router.message.register(self.close, Command("close", ignore_case=True))
        router.callback_query.register(self.press, F.data.startswith(f"{Ask.SWITCH}:"))
        return router

    async def is_moderator(self, message: Message, reader: Reader) -> bool:
        """Whether a command comes from somebody who may review."""
        return await self._roles.may_review(reader.author)

    async def show(self, message: Message, reader: Reader) -> None:
        """The switches that are on, each with a button that ends it, and those for the whole site."""
        text, markup = await self._overview()
        await self._bot.send_message(reader.id, text, reply_markup=markup)

    async def hold(self, message: Message, command: CommandObject, reader: Reader) -> None:
        """Have people read every comment on a story, or in a section, first."""
        await self._for_one(message, command, reader, SwitchKind.HOLD)

    async def close(self, message: Message, command: CommandObject, reader: Reader) -> None:
        """Close a story's comments."""
        await self._for_one(message, command, reader, SwitchKind.CLOSE)

    async def _for_one(self, message: Message, command: CommandObject, reader: Reader, kind: SwitchKind) -> None:
        args = (command.args or "").strip()
        named = await self._named(message, args, kind)
        if named is None:
            text = say("switch-which", MODERATORS, command=f"/{kind}")
            if args:
                first, sections = shown_text(args.split()[0])[:NAMED_AT_MOST], ", ".join(SECTIONS)
                about = {"named": first, "sections": sections, "command": f"/{kind}"}
                text = say("switch-nothing-so-called", MODERATORS, **about)
            await self._bot.send_message(reader.id, text)
            return
        scope, target, note = named
        turned = await self._begin(reader, kind, scope, target, note=note)
        text = await self._line(turned.switch)
        if not turned.by_this:
            text = say("switch-already", MODERATORS, switch=text)
        await self._bot.send_message(reader.id, text, reply_markup=keyboards.end_switch(turned.switch.id))

    async def _named(self, message: Message, args: str, kind: SwitchKind) -> tuple[Scope, str, str] | None:
        """What a command is about, and the note behind it: the story it answers, else a section or a story's link."""
        replied = message.reply_to_message
        shown = await self._store.shown.story_of(message.chat.id, replied.message_id) if replied is not None else None
        if shown is not None:
            # All that stands behind it is the reason: that may well begin with a number or a section's name.
            answered = await self._store.stories.one(shown[0])
            return (Scope.STORY, answered.url, args) if answered is not None else None
        first, _, note = args.partition(" ")
        if kind is SwitchKind.HOLD and first.lower() in SECTIONS:
            return Scope.SECTION, first.lower(), note
        story = await self._store.stories.pointed_at(first) if first else None
        return (Scope.STORY, story.url, note) if story is not None else None

    async def press(self, callback: CallbackQuery, reader: Reader) -> None:
        """A press on a switch's button."""
        press, place = keyboards.read(callback.data), place_of(callback)
        if not await self._roles.may_review(reader.author):
            log.info("press refused", reader=reader.id, ask=press.ask if press is not None else None)
            await answer(callback, plain("answer-not-moderator", MODERATORS), alert=True)
            return
        if press is None or place is None:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        match press.name(0):
            case "end":
                await self._press_end(callback, reader, press, place)
            case "hold":
                await answer(callback, _begun(await self._begin(reader, SwitchKind.HOLD, Scope.SITE)))
                await self._show_at(place)
            case "stop":
                await answer(callback)
                sure = say("switch-sure", MODERATORS)
                await edit_or_send(self._bot, *place, sure, reply_markup=keyboards.stop_publishing())
            case "sure":
                await answer(callback, _begun(await self._begin(reader, SwitchKind.STOP, Scope.SITE)))
                await self._show_at(place)
            case "back":
                await answer(callback)
                await self._show_at(place)
            case _:
                await answer(callback, plain("old-button", reader.language), alert=True)

    async def _press_end(
        self, callback: CallbackQuery, reader: Reader, press: keyboards.Press, place: tuple[int, int]
    ) -> None:
        try:
            turned = await self._switches.end(
                press.number(1) or 0, who=reader.author, name=reader.name, now=self._clock()
            )
        except UnknownSwitch:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        name = spoken_name(turned.switch.ended_by_name or "")
        ended, already = "answer-switch-ended", "answer-switch-ended-already"
        await answer(callback, plain(ended if turned.by_this else already, MODERATORS, name=name))
        if press.name(2) == keyboards.AMONG_ALL:
            await self._show_at(place)
        else:
            await edit_or_send(self._bot, *place, await self._line(turned.switch))

    async def _begin(
        self, reader: Reader, kind: SwitchKind, scope: Scope, target: str = "", *, note: str = ""
    ) -> Turned:
        return await self._switches.begin(
            kind, scope, target, note=note, who=reader.author, name=reader.name, now=self._clock()
        )

    async def _show_at(self, place: tuple[int, int]) -> None:
        text, markup = await self._overview()
        await edit_or_send(self._bot, *place, text, reply_markup=markup)

    async def _overview(self) -> tuple[Html, InlineKeyboardMarkup]:
        active = await self._switches.active()
        titles = await self._store.stories.titles([switch.target for switch in active])
        return texts.overview(active, titles), keyboards.switches(texts.first(active))

    async def _line(self, switch: Switch) -> Html:
        return texts.line(switch, await self._store.stories.titles([switch.target]))


def _begun(turned: Turned) -> str:
    if turned.by_this:
        return plain("answer-switch-on", MODERATORS)
    return plain("answer-switch-already", MODERATORS, name=spoken_name(turned.switch.begun_by_name))
