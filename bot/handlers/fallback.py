"""What no feature knows: an unknown command, a button of another day, a callback somebody made up."""

from __future__ import annotations

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, Message

from bot.handlers.answering import answer
from bot.messages.texts import plain, say
from bot.middlewares import Reader


class FallbackHandlers:
    """Answers for what is not understood."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def commands(self) -> Router:
        """Commands nobody knows; stands after every feature's commands and before readers' words."""
        router = Router(name="unknown commands")
        router.message.register(self.unknown_command, F.chat.type == "private", F.text.regexp(r"^/[A-Za-z0-9_]"))
        return router

    def presses(self) -> Router:
        """Presses nobody knows; stands last."""
        router = Router(name="unknown presses")
        router.callback_query.register(self.unknown_press)
        return router

    async def unknown_command(self, message: Message, reader: Reader) -> None:
        """Say so, and where the list is."""
        await self._bot.send_message(reader.id, say("unknown-command", reader.language))

    async def unknown_press(self, callback: CallbackQuery, reader: Reader) -> None:
        """Say that the button no longer works."""
        await answer(callback, plain("old-button", reader.language), alert=True)
