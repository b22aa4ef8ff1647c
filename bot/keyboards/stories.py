"""Buttons under what readers are shown: stories, digests, comments, the terms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiogram.types import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup

from bot.keyboards.press import START, Ask, button, data, rows_of
from bot.messages.texts import LANGUAGE_NAMES, plain
from bot.story import Story, start_payload

_NUMBERS = 5
"""Buttons with a number in one row: more are too narrow for a thumb."""


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that open the bot. They are plain and may be shared: they name a story and grant nothing."""

    bot_username: str

    def story(self, story_id: int) -> str:
        """Opens the story in the bot."""
        return f"https://t.me/{self.bot_username}?start={start_payload(story_id)}"

    def share(self, story: Story) -> str:
        """Lets a reader choose whom to send the story to."""
        return "https://t.me/share/url?" + urlencode({"url": self.story(story.id), "text": story.title[:200]})


def languages(*, starting: bool = False) -> InlineKeyboardMarkup:
    """The five languages, each under its own name; `starting`: the press is to bring a story as well."""
    ending = [START] if starting else []
    buttons = [button(name, Ask.LANGUAGE, code, *ending) for code, name in LANGUAGE_NAMES.items()]
    return rows_of(buttons, width=2)


def alert(story: Story, *, comments: int, links: Links, language: str) -> InlineKeyboardMarkup:
    """A story's buttons: Comment, Comments (n), Read, Share, the story in other languages, and no more stories."""
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                button(plain("button-comment", language), Ask.COMMENT, story.id),
                button(plain("button-comments", language, n=comments), Ask.THREAD, story.id),
            ],
            *_elsewhere(story, links=links, language=language),
            [button(plain("settings-pause", language), Ask.STOP)],
        ]
    )


def _elsewhere(story: Story, *, links: Links, language: str) -> list[list[InlineKeyboardButton]]:
    """Read and Share, and below them each other language in which the story can be read, under its own name."""
    others = [InlineKeyboardButton(text=LANGUAGE_NAMES[one], url=url) for one, url in story.read_in]
    return [
        [
            InlineKeyboardButton(text=plain("button-read", language), url=story.url),
            InlineKeyboardButton(text=plain("button-share", language), url=links.share(story)),
        ],
        *([others] if others else []),
    ]


def in_channel(story: Story, *, links: Links, language: str) -> InlineKeyboardMarkup:
    """A story's buttons in a channel, where nobody is asked who they are: Comment leads into the bot; Read, Share."""
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=plain("button-comment", language), url=links.story(story.id))],
            *_elsewhere(story, links=links, language=language),
        ]
    )


def shown_in(chat_id: int, story: Story, *, comments: int, links: Links, language: str) -> InlineKeyboardMarkup:
    """The buttons a story has in this chat: a channel's number is below zero."""
    if chat_id < 0:
        return in_channel(story, links=links, language=language)
    return alert(story, comments=comments, links=links, language=language)


def counted(shown: InlineKeyboardMarkup, story_id: int, *, comments: int, language: str) -> InlineKeyboardMarkup:
    """The same buttons, with the number of the story's comments as it is now on the one that shows them all."""
    thread = data(Ask.THREAD, story_id)
    label = plain("button-comments", language, n=comments)
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [button.model_copy(update={"text": label}) if button.callback_data == thread else button for button in row]
            for row in shown.inline_keyboard
        ]
    )


def digest(stories: Sequence[Story], *, language: str) -> InlineKeyboardMarkup:
    """Under a digest or the top stories: each by its number, to be shown with its own buttons; and no more stories."""
    numbers = [
        button(str(number), Ask.SHOW, story.id) for number, story in enumerate(stories, 1) if story.recalled_at is None
    ]
    width = math.ceil(len(numbers) / max(1, math.ceil(len(numbers) / _NUMBERS)))  # six are two rows of three
    rows = [numbers[begin : begin + width] for begin in range(0, len(numbers), width or 1)]
    return InlineKeyboardMarkup(inline_keyboard=[*rows, [button(plain("settings-pause", language), Ask.STOP)]])


def writing(language: str) -> ForceReply:
    """Opens the keyboard of a reader who is asked to write."""
    return ForceReply(input_field_placeholder=plain("compose-placeholder", language))


def thread(story_id: int, *, next_page: int | None, language: str) -> InlineKeyboardMarkup:
    """Under the last comment shown, or the word that there is none: comment, and the way to older ones, if any."""
    buttons = [button(plain("button-comment", language), Ask.COMMENT, story_id)]
    if next_page is not None:
        buttons.append(button(plain("button-more", language), Ask.THREAD, story_id, next_page))
    return rows_of(buttons, width=2)


def terms(*, version: str, language: str) -> InlineKeyboardMarkup:
    """The button that agrees to this version of the terms."""
    return rows_of([button(plain("button-agree", language), Ask.AGREE, version)], width=1)


def forget(language: str) -> InlineKeyboardMarkup:
    """Erase everything, or leave it."""
    return rows_of(
        [
            button(plain("button-forget-yes", language), Ask.FORGET, "yes"),
            button(plain("button-forget-no", language), Ask.FORGET, "no"),
        ],
        width=1,
    )
