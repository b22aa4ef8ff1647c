"""What no feature knows: an unknown command, a button of another day, a callback somebody made up."""

from __future__ import annotations

import re

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, Message

from bot.handlers.answering import answer
from bot.messages.texts import MODERATORS, link, plain, say
from bot.middlewares import Reader


class FallbackHandlers:
    """Answers for what is not understood."""

    def __init__(self, bot: Bot, *, username: str, group: int | None) -> None:
        """`group` is the moderators'."""
        self._bot = bot
        self._username = username
        self._group = group

    def commands(self) -> Router:
        """Commands nobody knows; stands after every feature's commands and before readers' words."""
        router = Router(name="unknown commands")
        router.message.register(self.unknown_command, F.chat.type == "private", F.text.regexp(r"^/[A-Za-z0-9_]"))
        # In a group a command may be for another bot; one that names a bot is for that one alone.
        ours = rf"(?i)^/[a-z0-9_]+(@{re.escape(self._username)})?(\s|$)"
        router.message.register(self.command_in_group, F.chat.id == self._group, F.text.regexp(ours))
        return router

    def presses(self) -> Router:
        """Presses nobody knows; stands last."""
        router = Router(name="unknown presses")
        router.callback_query.register(self.unknown_press)
        return router

    async def unknown_command(self, message: Message, reader: Reader) -> None:
        """Say so, and where the list is."""
        await self._bot.send_message(reader.id, say("unknown-command", reader.language))

    async def command_in_group(self, message: Message) -> None:
        """Say where moderators' commands are answered: the group sees the answer, and its queue is nobody's alone."""
        place = link(f"https://t.me/{self._username}", f"@{self._username}")
        await message.reply(say("answer-in-private", MODERATORS, link=place))

    async def unknown_press(self, callback: CallbackQuery, reader: Reader) -> None:
        """Say that the button no longer works."""
        await answer(callback, plain("old-button", reader.language), alert=True)
