"""Digests, chosen by buttons alone, and a story of one shown with its own buttons."""

from __future__ import annotations

from typing import Any

import pytest

from bot.messages.hours import clock
from bot.subscriber import Subscriber
from moderation.policy import LANGUAGES
from tests.integration.chat.talk import EMMA, Talk, buttons_of, has_data, text_of


async def digests_of(talk: Talk, language: str = "en") -> dict[str, Any]:
    """The settings' message, showing the digests."""
    await talk.story(language=language)
    await talk.joins(EMMA, language=language)
    choice = await talk.sees(EMMA, has_data("settings:digest"))
    await talk.press(EMMA, choice, "settings:digest")
    return await talk.sees(EMMA, has_data("settings:digest:add:420"))


async def chosen(talk: Talk) -> Subscriber:
    """What is kept."""
    subscriber = await talk.bot_store.subscribers.one(EMMA)
    assert subscriber is not None
    return subscriber


@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_is_changed_by_buttons_in_one_message(talk: Talk, language: str) -> None:
    message = await digests_of(talk, language)
    for pressed, following in (
        ("settings:digest:add:420", "settings:digest:drop:420"),
        ("settings:digest:add:1080", "settings:digest:drop:1080"),
        ("settings:digest:alerts:no", "settings:digest:alerts:yes"),
    ):
        await talk.press(EMMA, message, pressed)
        told = await talk.sees(EMMA, has_data(following))
        assert told["message_id"] == message["message_id"]
    kept = await chosen(talk)
    assert (kept.digest_at, kept.alerts) == ((420, 1080), False)
    assert kept.timezone is not None, "the clock that was shown with them is theirs"
    for minute in kept.digest_at:
        assert clock(minute, language) in text_of(told)
        assert f"✓ {clock(minute, language)}" in [button["text"] for button in buttons_of(told)]
    await talk.press(EMMA, message, "settings:show")
    back = await talk.sees(EMMA, has_data("settings:pause"))
    assert clock(1080, language) in text_of(back)
    await talk.press(EMMA, message, "settings:digest:none")
    kept = await chosen(talk)
    assert (kept.digest_at, kept.alerts) == ((), True)


@pytest.mark.parametrize(
    "data",
    [
        "settings:digest:add:421",
        "settings:digest:add",
        "settings:digest:add:1440",
        "settings:digest:add:-60",
        "settings:digest:alerts",
        "settings:digest:alerts:perhaps",
        "settings:digest:what",
        "show:",
        "show:999999",
        "show:x",
    ],
)
async def test_a_button_that_nobody_was_shown_changes_nothing(talk: Talk, data: str) -> None:
    message, before = await digests_of(talk), await chosen(talk)
    answer = await talk.press(EMMA, message, data)
    assert answer is not None
    assert answer["show_alert"]
    assert await chosen(talk) == before


async def test_a_story_of_a_digest_is_shown_with_its_buttons_and_can_be_commented_on(talk: Talk) -> None:
    message = await digests_of(talk)
    story = await talk.story("second", title="A second story")
    await talk.press(EMMA, message, "settings:digest:now")
    digest = await talk.sees(EMMA, has_data(f"show:{story.id}"))
    assert digest["message_id"] > message["message_id"]
    await talk.press(EMMA, digest, f"show:{story.id}")
    shown = await talk.sees(EMMA, has_data(f"comment:{story.id}"))
    assert text_of(shown).startswith("A second story")
    answer = await talk.press(EMMA, message, "settings:digest:now")
    assert answer is not None
    assert answer["text"] == "There is nothing new that you were not sent."
