"""A digest's words: they fit under a picture, and say of each story what it says now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.keyboards import digest as buttons
from bot.messages.digest import STORIES_AT_MOST, digest, picture
from bot.messages.texts import CAPTION_LENGTH, visible_length
from bot.ranking import spread
from bot.story import NOTE_LENGTH, Story
from bot.subscriber import Subscriber
from moderation.policy import LANGUAGES

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)


def story(number: int, *, section: str = "world", **given: object) -> Story:
    url = f"https://news.example/{number}"
    told = Story(number, url, f"Title {number}", "A summary.", "en", section, None, NOW, NOW)
    return replace(told, **given)  # type: ignore[arg-type]  # the fields are the test's


def reader(language: str = "en") -> Subscriber:
    return Subscriber(1, "Reader", language, frozenset(), active=True, joined_at=NOW, timezone="Asia/Karachi")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_fits_under_a_picture(language: str) -> None:
    worst = [
        story(
            n,
            section="w" * 64,
            title="𝕏 & " * 80,
            summary="𝕏<" * 400,
            corrected_at=NOW,
            note="&" * NOTE_LENGTH,
            revision=1,
        )
        for n in range(STORIES_AT_MOST)
    ]
    counts = {one.url: 123_456 for one in worst}
    told = digest(worst, reader=reader(language), at=NOW, comments=counts)
    assert visible_length(told) <= CAPTION_LENGTH
    for number in range(STORIES_AT_MOST):
        some = [replace(one, recalled_at=NOW) if place == number else one for place, one in enumerate(worst)]
        assert visible_length(digest(some, reader=reader(language), at=NOW, comments=counts)) <= CAPTION_LENGTH
    gone = [replace(one, recalled_at=NOW) for one in worst]
    told = digest(gone, reader=reader(language), at=NOW, comments=counts)
    assert visible_length(told) <= CAPTION_LENGTH
    assert "𝕏" not in told


def test_it_is_headed_by_the_readers_own_time_and_its_titles_are_links() -> None:
    told = digest([story(1), story(2)], reader=reader(), at=NOW, comments={"https://news.example/2": 3})
    assert told.startswith("<b>Top stories</b> · Tuesday 24 November 12:00\n\n1. <b><a href=")
    assert "A summary.\n<i>World</i>" in told
    assert "<i>World · Comments (3)</i>" in told
    assert told.count("A summary.") == 1


def test_markup_in_a_title_is_only_shown() -> None:
    told = digest([story(1, title='<b>"x"&</b>')], reader=reader(), at=NOW, comments={})
    assert "&lt;b&gt;" in told


def test_a_recalled_story_has_no_button_and_keeps_its_number() -> None:
    stories = [story(1, recalled_at=NOW), story(2)]
    told = digest(stories, reader=reader(), at=NOW, comments={})
    assert "Title 1" not in told
    assert "2. <b><a" in told
    numbers, _ = buttons(stories, language="en").inline_keyboard
    assert [button.callback_data for button in numbers] == ["show:2"]
    assert len(buttons(stories[:1], language="en").inline_keyboard) == 1


def test_its_picture_is_that_of_the_first_that_has_one() -> None:
    stories = [story(1), story(2, picture="a"), story(3, picture="b")]
    found = picture(stories)
    assert found is not None
    assert found.id == 2
    assert picture(stories[:1]) is None


def test_one_section_takes_half_while_others_have_stories() -> None:
    ranked = [*(story(n, section="sport") for n in range(6)), story(7, section="world"), story(8, section="cities")]
    assert [one.id for one in spread(ranked, at_most=5)] == [0, 1, 2, 7, 8]
    assert [one.id for one in spread(ranked[:6], at_most=5)] == [0, 1, 2, 3, 4]
    assert [one.id for one in spread(ranked[:7], at_most=5)] == [0, 1, 2, 3, 7]
    assert spread([], at_most=5) == []
