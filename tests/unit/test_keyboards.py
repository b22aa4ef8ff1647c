"""Buttons and their callback data: what is written is read back, within 64 bytes, and nothing else is believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram.types import InlineKeyboardMarkup

from bot import keyboards
from bot.keyboards import Ask, Links, read
from bot.subscriber import Subscriber
from moderation.config import load_policy, load_terms
from moderation.policy import LANGUAGES
from tests.unit.test_messages import story

POLICY = load_policy()
TERMS = load_terms(POLICY)
LARGEST = 10**17
LINKS = Links("desk_bot")
OTHERS = tuple((language, f"https://news.example/{language}/7") for language in ("ur", "hi", "mr", "ar"))


def subscriber(language: str, **chosen: Any) -> Subscriber:
    """Somebody who chose this."""
    joined_at = datetime(2026, 11, 24, tzinfo=UTC)
    return Subscriber(1, "Reader", language, frozenset(), active=True, joined_at=joined_at, **chosen)


def every_keyboard(language: str) -> list[InlineKeyboardMarkup]:
    """Each keyboard there is, with the largest numbers it may hold."""
    return [
        keyboards.languages(),
        keyboards.shown_in(1, story(id=LARGEST), comments=123456, links=LINKS, language=language),
        keyboards.shown_in(-1, story(id=LARGEST, read_in=OTHERS), comments=123456, links=LINKS, language=language),
        keyboards.settings(language=language, chosen={"world"}, active=True),
        keyboards.settings(language=language, chosen=(), active=False),
        keyboards.hours(subscriber(language)),
        keyboards.hours(subscriber(language, quiet=(22 * 60, 7 * 60), breaking=True, daily_at_most=50)),
        keyboards.hours(subscriber(language, quiet=(0, 60), daily_at_most=1)),
        keyboards.zones(language, now=datetime(2028, 2, 29, 12, tzinfo=UTC)),
        keyboards.terms(version=POLICY.version, language=language),
        keyboards.thread(LARGEST, next_page=19, language=language),
        keyboards.thread(LARGEST, next_page=None, language=language),
        keyboards.card(LARGEST, 10_000),
        keyboards.clauses(LARGEST, 10_000, terms=TERMS[language], likely=["3.2"]),
        keyboards.decided(LARGEST, 10_000, following=True),
        keyboards.following(),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_has_words_and_data_that_telegram_takes_and_we_read_back(language: str) -> None:
    for keyboard in every_keyboard(language):
        for button in (button for row in keyboard.inline_keyboard for button in row):
            assert button.text.strip() and "\u2068" not in button.text
            if button.callback_data is None:
                assert button.url is not None and button.url.startswith("https://")
                continue
            assert 1 <= len(button.callback_data.encode()) <= 64
            press = read(button.callback_data)
            assert press is not None and keyboards.data(press.ask, *press.names) == button.callback_data


@pytest.mark.parametrize(
    "written", [None, "", "nothing", "withdraw:1", "approve" + ":1" * 40, "x" * 65, "ş" * 40, "\ud800"]
)
def test_data_this_bot_never_wrote_is_nothing(written: str | None) -> None:
    assert read(written) is None


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("comment:12", 12),
        ("comment:", None),
        ("comment:x", None),
        ("comment:-1", None),
        ("comment:" + "9" * 19, None),
        ("comment:١٢", None),
        ("comment: 12", None),
        ("comment", None),
    ],
)
def test_a_number_in_a_press_is_one_a_database_takes(written: str, number: int | None) -> None:
    press = read(written)
    assert press is not None and press.number(0) == number


def test_a_name_that_is_not_there_is_empty() -> None:
    press = read("lang:")
    assert press is not None and press.name(0) == press.name(7) == ""


def test_data_above_the_bound_is_a_fault() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        keyboards.data(Ask.SETTINGS, "x" * 60)


def test_the_likely_clauses_come_first_with_a_row_each_and_every_clause_comes_once() -> None:
    keyboard = keyboards.clauses(1, 1, terms=TERMS["en"], likely=["5.1", "3.2", "5.1", "9.9"])
    rows = [[button.text.partition(" ")[0] for button in row] for row in keyboard.inline_keyboard]
    assert rows[:2] == [["5.1"], ["3.2"]]
    assert {len(row) for row in rows[2:-2]} == {2}
    assert rows[-1] == ["Back"]
    assert sorted(id_ for row in rows[:-1] for id_ in row) == sorted(POLICY.clauses)


def test_a_shared_link_opens_the_story_and_grants_nothing() -> None:
    assert LINKS.story(7) == "https://t.me/desk_bot?start=s7"
    assert LINKS.share(story(title="A & B")) == (
        "https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fdesk_bot%3Fstart%3Ds7&text=A+%26+B"
    )


def test_a_reader_who_is_asked_to_write_finds_the_keyboard_open() -> None:
    assert keyboards.writing("en").input_field_placeholder == "Your comment"


def test_a_story_in_other_languages_has_a_button_for_each_under_its_own_name() -> None:
    for chat in (1, -1):
        markup = keyboards.shown_in(chat, story(read_in=OTHERS), comments=0, links=LINKS, language="en")
        row = next(row for row in markup.inline_keyboard if row[0].text == "اردو")
        assert [(one.text, one.url) for one in row] == [
            ("اردو", OTHERS[0][1]),
            ("हिन्दी", OTHERS[1][1]),
            ("मराठी", OTHERS[2][1]),
            ("العربية", OTHERS[3][1]),
        ]
        plain = keyboards.shown_in(chat, story(), comments=0, links=LINKS, language="en")
        assert len(plain.inline_keyboard) == len(markup.inline_keyboard) - 1
