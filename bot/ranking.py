"""Which stories come first. Pure; time is an argument."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.story import Story

GRAVITY = 1.8
"""How fast a story sinks: the exponent of its age, as in the ranking Hacker News has published."""

TOP_POINTS = 8.0
"""What the site's own mark of a top story weighs, in comments."""


def spread(ranked: Sequence[Story], *, at_most: int) -> list[Story]:
    """The first so many, in their order, no section more than half of them where others have some to give."""
    chosen: list[Story] = []
    passed: list[Story] = []
    taken: Counter[str] = Counter()
    for story in ranked:
        full = taken[story.section] >= (at_most + 1) // 2
        (passed if full else chosen).append(story)
        taken[story.section] += not full
    places = {story.id: place for place, story in enumerate(ranked)}
    return sorted([*chosen[:at_most], *passed[: max(0, at_most - len(chosen))]], key=lambda story: places[story.id])


def rank(stories: Sequence[Story], *, comments: Mapping[str, int], now: datetime) -> list[Story]:
    """The stories, best first: what the site marks and readers discuss, sinking with age.

    score = (1 + top·8 + ln(1 + comments)·2) / (hours + 2)^1.8; equal scores by newest. `comments` is by address.
    """

    def score(story: Story) -> float:
        hours = max(0.0, (now - story.published_at).total_seconds() / 3600)
        points = 1 + TOP_POINTS * story.top + 2 * math.log1p(comments.get(story.url, 0))
        return float(points / (hours + 2) ** GRAVITY)

    return sorted(stories, key=lambda story: (-score(story), -story.published_at.timestamp(), story.id))
