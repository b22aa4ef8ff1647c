"""Callback data: what a button asks for stands beside what reads it back.

Callback data names what it is about and never authorises: whoever handles a press asks who pressed and what they may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.messages.texts import MODERATORS, plain

DATA_AT_MOST = 64
"""Bytes of callback data Telegram takes."""

START = "start"
"""What a language's button names besides when it was offered by /start."""

AMONG_ALL = "all"
"""Says of a switch's End button that it stands under all of them, which are to be shown again."""

HOURS, DIGEST, WORDS = "hours", "digest", "words"
NONE, NOW = "none", "now"
"""Says of a button of the settings what it is about; that what it names is chosen no more, or wanted at once."""

ANSWERING = "answer"
"""Says of a story's command that it answered the story: all that stands behind it is what is to be said."""


class Ask(StrEnum):
    """What a button asks for: the word before the first colon of its callback data."""

    LANGUAGE = "lang"
    AGREE = "agree"
    COMMENT = "comment"
    THREAD = "thread"
    SETTINGS = "settings"
    STOP = "stop"
    FORGET = "forget"
    APPROVE = "approve"
    REJECT = "reject"
    CLAUSE = "clause"
    UNDO = "undo"
    QUEUE = "queue"
    SWITCH = "switch"
    STORY = "story"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class Press:
    """A button's callback data, read: what it asks for, and the names that follow. Nothing in it is to be believed."""

    ask: Ask
    names: tuple[str, ...]

    def number(self, position: int) -> int | None:
        """The name at this place as a number a database takes, or None."""
        if position >= len(self.names):
            return None
        name = self.names[position]
        return int(name) if name.isascii() and name.isdigit() and len(name) <= 18 else None

    def name(self, position: int) -> str:
        """The name at this place, empty when there is none."""
        return self.names[position] if position < len(self.names) else ""


def read(data: str | None) -> Press | None:
    """What callback data asks for; None for data this bot never wrote."""
    if data is None or len(data.encode("utf-8", "replace")) > DATA_AT_MOST:
        return None
    ask, _, rest = data.partition(":")
    try:
        return Press(Ask(ask), tuple(rest.split(":")) if rest else ())
    except ValueError:
        return None


def data(ask: Ask, *names: str | int) -> str:
    """Callback data. Raises ValueError above 64 bytes."""
    written = ":".join([ask.value, *(str(name) for name in names)])
    if len(written.encode()) > DATA_AT_MOST:
        raise ValueError(f"callback data has at most {DATA_AT_MOST} bytes: {written}")
    return written


def button(text: str, ask: Ask, *names: str | int) -> InlineKeyboardButton:
    """A button with this callback data."""
    return InlineKeyboardButton(text=text, callback_data=data(ask, *names))


def desk_button(key: str, ask: Ask, *names: str | int) -> InlineKeyboardButton:
    """The same with words for moderators."""
    return button(plain(key, MODERATORS), ask, *names)


def rows_of(buttons: Sequence[InlineKeyboardButton], *, width: int) -> InlineKeyboardMarkup:
    """So many buttons a row."""
    rows = [list(buttons[begin : begin + width]) for begin in range(0, len(buttons), width)]
    return InlineKeyboardMarkup(inline_keyboard=rows)
