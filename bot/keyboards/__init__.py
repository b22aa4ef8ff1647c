"""Buttons and their callback data: what readers are shown, what they choose, and what moderators and editors decide."""

from __future__ import annotations

from bot.keyboards.choices import digests, hours, settings, words, zones
from bot.keyboards.desk import (
    card,
    clauses,
    decided,
    editing,
    end_switch,
    following,
    how_far,
    stop_publishing,
    switches,
)
from bot.keyboards.press import AMONG_ALL, ANSWERING, DIGEST, HOURS, NONE, NOW, START, WORDS, Ask, Press, data, read
from bot.keyboards.stories import Links, alert, counted, digest, forget, languages, terms, thread, writing

__all__ = [
    "AMONG_ALL",
    "ANSWERING",
    "DIGEST",
    "HOURS",
    "NONE",
    "NOW",
    "START",
    "WORDS",
    "Ask",
    "Links",
    "Press",
    "alert",
    "card",
    "clauses",
    "counted",
    "data",
    "decided",
    "digest",
    "digests",
    "editing",
    "end_switch",
    "following",
    "forget",
    "hours",
    "how_far",
    "languages",
    "read",
    "settings",
    "stop_publishing",
    "switches",
    "terms",
    "thread",
    "words",
    "writing",
    "zones",
]
