"""Readers about their own data: a copy of it, and its end. And what arrives of an erased reader from before."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot, F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command
from aiogram.types import (
    BotCommandScopeChat,
    BufferedInputFile,
    CallbackQuery,
    Message,
    TelegramObject,
    Update,
)

from bot import keyboards
from bot.handlers.answering import answer, edit_or_send, place_of
from bot.keyboards import Ask
from bot.messages.texts import Html, plain, say
from bot.middlewares import Next, Reader
from bot.privacy import BY_READER, ReaderData

log = structlog.get_logger(__name__)

FILE_NAME = "mydata.json"

READERS_PRESSES = frozenset({Ask.LANGUAGE, Ask.AGREE, Ask.COMMENT, Ask.THREAD, Ask.SETTINGS})
"""Presses that would make something of a reader anew. Moderators' are none of these, nor is the one that erases."""


class PrivacyHandlers:
    """/mydata and /forget. Who writes is answered about themselves: nothing they send names anybody else."""

    def __init__(self, bot: Bot, *, data: ReaderData) -> None:
        self._bot = bot
        self._data = data

    def router(self) -> Router:
        """What of the updates is for this feature."""
        router = Router(name="privacy")
        router.message.filter(F.chat.type == "private")
        router.message.register(self.my_data, Command("mydata", ignore_case=True))
        router.message.register(self.ask_to_forget, Command("forget", ignore_case=True))
        router.callback_query.register(self.forget, F.data.startswith(f"{Ask.FORGET}:"))
        return router

    async def my_data(self, message: Message, reader: Reader) -> None:
        """Everything held of the reader: a few lines, and a file with all of it."""
        held = await self._data.export(reader.author)
        comments = held["moderation"]["comments"]
        summary = [
            say("mydata", reader.language, comments=len(comments), stories=len(held["bot"]["deliveries"])),
        ]
        kept = sum(1 for comment in comments if comment["legal_hold_since"] is not None)
        if kept:
            summary.append(say("mydata-held", reader.language, n=kept))
        document = json.dumps(held, ensure_ascii=False, indent=2).encode()
        await self._bot.send_document(
            reader.id, BufferedInputFile(document, FILE_NAME), caption=Html("\n".join(summary))
        )

    async def ask_to_forget(self, message: Message, reader: Reader) -> None:
        """Ask first: what is erased does not come back."""
        await self._bot.send_message(
            reader.id, say("forget-ask", reader.language), reply_markup=keyboards.forget(reader.language)
        )

    async def forget(self, callback: CallbackQuery, reader: Reader, event_update: Update) -> None:
        """Erase who presses, and say so; or leave everything as it is."""
        press, place = keyboards.read(callback.data), place_of(callback)
        if press is None or place is None or place[0] != reader.id or press.name(0) not in {"yes", "no"}:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        await answer(callback)
        if press.name(0) == "no":
            await edit_or_send(self._bot, reader.id, place[1], say("forget-kept", reader.language))
            return
        erased = await self._data.erase(
            reader.author, who=BY_READER, through_message=place[1], before_update=event_update.update_id
        )
        lines = [say("forgotten", reader.language)]
        if erased.kept:
            lines.append(say("forgotten-held", reader.language, n=len(erased.kept)))
        await edit_or_send(self._bot, reader.id, place[1], Html("\n".join(lines)))
        await self._take_menu_away(reader.id)

    async def _take_menu_away(self, chat_id: int) -> None:
        try:
            await self._bot.delete_my_commands(scope=BotCommandScopeChat(chat_id=chat_id))
        except TelegramBadRequest as error:
            log.warning("commands not taken away", error=error.message)


class CoveredByErasure(BaseMiddleware):
    """Passes over what an erased reader wrote or pressed before: replayed or late, it brings nothing back.

    Told by the numbers of messages, which only grow within a chat, and by no clock. A moderator's press is no reader's
    and passes; so does one that asks to be erased, which may have to be handled twice.
    """

    def __init__(self, is_covered: Callable[[int, int], Awaitable[bool]]) -> None:
        self._is_covered = is_covered

    async def __call__(self, handler: Next, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Let it pass, or answer that it is of another day."""
        reader: Reader = data["reader"]
        inner = event.event if isinstance(event, Update) else event
        message = _own_message(inner)
        if message is None or not await self._is_covered(reader.id, message):
            return await handler(event, data)
        log.info("covered by an erasure", kind=type(inner).__name__)
        if isinstance(inner, CallbackQuery):
            await answer(inner, plain("old-button", reader.language), alert=True)
        elif isinstance(inner, Message) and inner.edit_date is not None and inner.text is not None:
            await inner.answer(say("edit-unknown", reader.language))
        return None


def _own_message(event: TelegramObject) -> int | None:
    """The message in the reader's own chat that this is, or is about."""
    message: Any = event.message if isinstance(event, CallbackQuery) else event
    if isinstance(event, CallbackQuery) and (event.data or "").partition(":")[0] not in READERS_PRESSES:
        return None
    if getattr(getattr(message, "chat", None), "type", None) != "private":
        return None
    number: int | None = getattr(message, "message_id", None)
    return number
