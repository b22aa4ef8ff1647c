"""A subscriber's hours, changed by buttons alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.messages.hours import clock
from bot.messages.texts import plain
from bot.subscriber import Subscriber
from moderation.policy import LANGUAGES
from tests.integration.chat.talk import BILAL, EMMA, Talk, buttons_of, has_data, text_of


async def hours_of(talk: Talk, language: str = "en") -> dict[str, Any]:
    """The settings' message, showing the hours."""
    await talk.story(language=language)
    await talk.joins(EMMA, language=language)
    choice = await talk.sees(EMMA, has_data("settings:hours"))
    await press(talk, choice, plain("settings-hours", language))
    return await talk.sees(EMMA, has_data("settings:hours:zones"))


async def press(talk: Talk, message: dict[str, Any], words: str) -> dict[str, Any] | None:
    """Press the button with these words, as soon as the message has it."""

    def has_it(one: dict[str, Any]) -> bool:
        return one["message_id"] == message["message_id"] and any(button["text"] == words for button in buttons_of(one))

    shown = await talk.sees(EMMA, has_it)
    (data,) = [one["callback_data"] for one in buttons_of(shown) if one["text"] == words]
    return await talk.press(EMMA, shown, data)


async def chosen(talk: Talk) -> Subscriber:
    """What is kept."""
    subscriber = await talk.bot_store.subscribers.one(EMMA)
    assert subscriber is not None
    return subscriber


@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_is_changed_by_buttons_in_one_message(talk: Talk, language: str) -> None:
    message = await hours_of(talk, language)

    async def presses(key: str, **variables: Any) -> None:
        await press(talk, message, plain(key, language, **variables))

    def shown(minute: int) -> str:
        return clock(minute, language)

    await presses("button-quiet-on", begins=shown(22 * 60), ends=shown(7 * 60))
    await presses("button-quiet-begins", time=shown(23 * 60))
    await presses("button-quiet-begins", time=shown(0))
    await presses("button-quiet-ends", time=shown(6 * 60))
    await presses("button-breaking-comes")
    await presses("button-daily", n=5)
    await presses("button-daily", n=4)
    await presses("button-zones")
    zones = await talk.sees(EMMA, has_data("settings:hours:zone:Asia/Dubai"))
    await talk.press(EMMA, zones, "settings:hours:zone:Asia/Dubai")
    told = await talk.sees(EMMA, has_data("settings:hours:zones"))
    assert told["message_id"] == message["message_id"]
    assert shown(6 * 60) in text_of(told)
    kept = await chosen(talk)
    assert (kept.quiet, kept.breaking, kept.daily_at_most, kept.timezone) == ((0, 360), True, 4, "Asia/Dubai")
    await presses("button-breaking-waits")
    await presses("button-daily-any")
    await presses("button-quiet-off")
    await presses("button-settings-back")
    back = await talk.sees(EMMA, has_data("settings:pause"))
    assert back["message_id"] == message["message_id"]
    assert plain("hours-short-any", language) in text_of(back)
    kept = await chosen(talk)
    assert (kept.quiet, kept.breaking, kept.daily_at_most) == (None, False, None)


async def test_the_settings_say_the_quiet_hours_in_short(talk: Talk) -> None:
    message = await hours_of(talk)
    await talk.press(EMMA, message, "settings:hours:quiet:1320:420")
    await talk.press(EMMA, message, "settings:show")
    shown = await talk.sees(EMMA, has_data("settings:pause"))
    assert "Hours: quiet from 22:00 until 07:00 (London)" in text_of(shown)


@pytest.mark.parametrize(
    "data",
    [
        "settings:hours:quiet:1440:0",
        "settings:hours:quiet:60:60",
        "settings:hours:quiet:60",
        "settings:hours:quiet:-5:60",
        "settings:hours:begins:60",
        "settings:hours:ends:60",
        "settings:hours:most:0",
        "settings:hours:most:51",
        "settings:hours:breaking:perhaps",
        "settings:hours:zone:Moon/Tranquility",
        "settings:hours:zone:../../etc/passwd",
        "settings:hours:what",
    ],
)
async def test_a_button_that_nobody_was_shown_changes_nothing(talk: Talk, data: str) -> None:
    message, before = await hours_of(talk), await chosen(talk)
    answer = await talk.press(EMMA, message, data)
    assert answer is not None
    assert answer["show_alert"]
    assert await chosen(talk) == before


async def test_somebody_elses_buttons_are_not_ones_own(talk: Talk) -> None:
    message = await hours_of(talk)
    await talk.joins(BILAL)
    await talk.press(EMMA, message, "settings:hours:most:5")
    bilal = await talk.bot_store.subscribers.one(BILAL)
    assert bilal is not None
    assert bilal.daily_at_most is None


async def test_what_waited_for_the_morning_comes_when_the_quiet_is_taken_back(talk: Talk) -> None:
    message = await hours_of(talk)
    # Quiet at whatever hour this test runs, but for an hour that is not now.
    minute = datetime.now(UTC).hour * 60
    await talk.bot_store.subscribers.set_timezone(EMMA, "UTC", now=datetime.now(UTC))
    await talk.press(EMMA, message, f"settings:hours:quiet:{minute}:{(minute - 60) % 1440}")
    late = await talk.story("late", title="A late story")
    await talk.parts.schedule.push(late)
    await talk.settled()
    assert await talk.bot_store.deliveries.counts(late.id) == {"pending": 1}
    await talk.press(EMMA, message, "settings:hours:quiet:none")
    await talk.sees(EMMA, lambda one: "A late story" in text_of(one))
