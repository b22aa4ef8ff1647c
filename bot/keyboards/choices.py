"""Buttons of the settings: each names what it sets, so that a press handled twice changes nothing the second time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.hours import DAY, DIGEST_AT, MOST_A_DAY, OFFERED, USUAL_QUIET, USUALLY_A_DAY
from bot.keyboards.press import DIGEST, HOURS, NONE, NOW, WORDS, Ask, button, rows_of
from bot.keywords import Keyword
from bot.messages import hours as hours_told
from bot.messages.stories import section
from bot.messages.texts import plain
from bot.story import SECTIONS
from bot.subscriber import Subscriber


def settings(*, language: str, chosen: Collection[str], active: bool) -> InlineKeyboardMarkup:
    """Sections to switch on and off, stories on or off, and the way to another language."""
    # Each names the state it asks for, so that a press handled twice changes nothing the second time.
    toggles = [
        button(
            ("✓ " if name in chosen else "") + section(name, language),
            Ask.SETTINGS,
            "drop" if name in chosen else "add",
            name,
        )
        for name in SECTIONS
    ]
    everything = button(("✓ " if not chosen else "") + plain("section-all", language), Ask.SETTINGS, "all")
    push = ("settings-pause", "pause") if active else ("settings-resume", "resume")
    last = [
        button(plain("settings-words", language), Ask.SETTINGS, WORDS),
        button(plain("settings-digest", language), Ask.SETTINGS, DIGEST),
        button(plain("settings-hours", language), Ask.SETTINGS, HOURS),
        button(plain(push[0], language), Ask.SETTINGS, push[1]),
        button(plain("settings-language", language), Ask.SETTINGS, "language"),
    ]
    rows = rows_of([*toggles, everything], width=2).inline_keyboard
    return InlineKeyboardMarkup(inline_keyboard=[*rows, *([button] for button in last)])


def hours(subscriber: Subscriber) -> InlineKeyboardMarkup:
    """Quiet hours, how many stories a day, the time zone. Each button names what it sets."""
    language, quiet = subscriber.language, subscriber.quiet
    rows: list[list[InlineKeyboardButton]] = []
    if quiet is None:
        begins, ends = (hours_told.clock(minute, language) for minute in USUAL_QUIET)
        rows.append([_hours(plain("button-quiet-on", language, begins=begins, ends=ends), "quiet", *USUAL_QUIET)])
    else:
        rows += [
            _either("begins", quiet[0], but=quiet[1], language=language),
            _either("ends", quiet[1], but=quiet[0], language=language),
            [
                _hours(plain("button-breaking-waits", language), "breaking", "no")
                if subscriber.breaking
                else _hours(plain("button-breaking-comes", language), "breaking", "yes")
            ],
            [_hours(plain("button-quiet-off", language), "quiet", NONE)],
        ]
    most = subscriber.daily_at_most
    wanted = [USUALLY_A_DAY] if most is None else [n for n in (most - 1, most + 1) if 1 <= n <= MOST_A_DAY]
    rows.append([_hours(plain("button-daily", language, n=n), "most", n) for n in wanted])
    if most is not None:
        rows.append([_hours(plain("button-daily-any", language), "most", NONE)])
    rows.append(
        [
            _hours(plain("button-zones", language), "zones"),
            button(plain("button-settings-back", language), Ask.SETTINGS, "show"),
        ]
    )
    return InlineKeyboardMarkup(inline_keyboard=rows)


def zones(language: str, *, now: datetime) -> InlineKeyboardMarkup:
    """Time zones, each with what its clocks show now; and the way back."""
    buttons = [
        _hours(f"{hours_told.place(zone, language)} {hours_told.shown(now, zone, language)}", "zone", zone)
        for zone in OFFERED
    ]
    back = [_hours(plain("button-settings-back", language))]
    return InlineKeyboardMarkup(inline_keyboard=[*rows_of(buttons, width=2).inline_keyboard, back])


def digests(subscriber: Subscriber) -> InlineKeyboardMarkup:
    """When digests come, and whether stories come one by one as well. Each button names what it sets."""
    language, chosen = subscriber.language, subscriber.digest_at
    hours = [
        button(
            ("✓ " if minute in chosen else "") + hours_told.clock(minute, language),
            Ask.SETTINGS,
            DIGEST,
            "drop" if minute in chosen else "add",
            minute,
        )
        for minute in sorted({*DIGEST_AT, *chosen})
    ]
    rows = rows_of(hours, width=4).inline_keyboard
    if chosen:
        alone = ("button-digest-alone", "no") if subscriber.alerts else ("button-digest-besides", "yes")
        rows.append([button(plain(alone[0], language), Ask.SETTINGS, DIGEST, "alerts", alone[1])])
        rows.append([button(plain("button-digest-off", language), Ask.SETTINGS, DIGEST, NONE)])
    rows.append([button(plain("button-digest-now", language), Ask.SETTINGS, DIGEST, NOW)])
    rows.append([button(plain("button-settings-back", language), Ask.SETTINGS, "show")])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _hours(text: str, *names: str | int) -> InlineKeyboardButton:
    return button(text, Ask.SETTINGS, HOURS, *names)


_ENDS = {"begins": "button-quiet-begins", "ends": "button-quiet-ends"}


def _either(end: str, minute: int, *, but: int, language: str) -> list[InlineKeyboardButton]:
    """An hour earlier, an hour later; not where the quiet time would last no time."""
    others = [(minute + step) % DAY for step in (-60, 60)]
    return [
        _hours(plain(_ENDS[end], language, time=hours_told.clock(other, language)), end, other)
        for other in others
        if other != but
    ]


def words(chosen: Sequence[Keyword], *, language: str) -> InlineKeyboardMarkup:
    """Follow a word, mute one; each that is chosen, to be taken away."""
    add = [
        button(plain("button-word-follow", language), Ask.SETTINGS, WORDS, "follow"),
        button(plain("button-word-mute", language), Ask.SETTINGS, WORDS, "mute"),
    ]
    drop = [button(f"✕ {one.word}", Ask.SETTINGS, WORDS, "drop", one.id) for one in chosen]
    back = [button(plain("button-settings-back", language), Ask.SETTINGS, "show")]
    return InlineKeyboardMarkup(inline_keyboard=[add, *rows_of(drop, width=2).inline_keyboard, back])
