"""Small ways of answering that every feature shares."""

from __future__ import annotations

from typing import Any

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup

from bot.keyboards import Press, read
from bot.messages.texts import cut, plain
from bot.middlewares import Reader
from bot.store import BotStore
from bot.subscriber import Subscriber

_ANSWER_AT_MOST = 200


async def answer(callback: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Answer a press, so that the button stops spinning. A press too old for an answer is no fault of anybody's."""
    try:
        await callback.answer(cut(text, at_most=_ANSWER_AT_MOST) if text else None, show_alert=alert)
    except TelegramBadRequest as error:
        if "query is too old" not in error.message and "query ID is invalid" not in error.message:
            raise


async def edit_or_send(
    bot: Bot, chat_id: int, message_id: int, text: str, *, reply_markup: InlineKeyboardMarkup | None = None
) -> None:
    """Show a text in place of a message's; where that message can't be edited any more, as a new one."""
    try:
        await bot.edit_message_text(text, chat_id=chat_id, message_id=message_id, reply_markup=reply_markup)
    except TelegramBadRequest as error:
        if "message is not modified" not in error.message:
            await bot.send_message(chat_id, text, reply_markup=reply_markup)


def place_of(callback: CallbackQuery) -> tuple[int, int] | None:
    """(chat, message) of the pressed button; None for a message Telegram no longer names."""
    message: Any = callback.message
    return None if message is None else (message.chat.id, message.message_id)


async def settings_pressed(
    callback: CallbackQuery, store: BotStore, reader: Reader
) -> tuple[Press, int, Subscriber] | None:
    """What was pressed in the settings, in which message, and what its reader has chosen until now.

    None where the button is none of ours, or its message or its reader is gone: that is said then.
    """
    press, place = read(callback.data), place_of(callback)
    subscriber = await store.subscribers.one(reader.id)
    if press is None or place is None or subscriber is None:
        await answer(callback, plain("old-button", reader.language), alert=True)
        return None
    return press, place[1], subscriber
