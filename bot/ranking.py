"""Which stories come first. Pure; time is an argument.

The form is that which Hacker News has published for its front page, points / (hours + 2)^1.8, with points of our own:
what the site itself puts first, and what readers make of a story, by its logarithm, so that the hundredth comment
counts for little and no crowd can hold a story at the top.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from bot.keywords import folded
from bot.story import Story

GRAVITY = 1.8
"""How fast a story sinks: the exponent of its age."""

TOP_POINTS = 8.0
"""What the site's own mark of a top story weighs, in points; a story has one of itself."""

PLACE_POINTS = 0.2
"""What the first place in its feed weighs; the second weighs half of it, the third a third. It orders the stories of an
hour: where a feed lists them oldest first, more would put old news before new."""

COMMENTS_POINTS, READERS_POINTS = 2.0, 1.0
"""What the logarithm of its comments weighs, and that of its readers: who comments does more than who opens."""


TOLD_ALIKE = timedelta(hours=24)
"""Within it two stories with one title are one piece of news; a title that comes again later is another day's."""

_WORDS_AT_LEAST = 4
"""Words of a title that tells news apart: "Editorial" and "Live updates" tell nothing."""

_MARKS = frozenset({"update", "updated", "breaking", "exclusive"})
"""What a title may begin with when it comes again, with or without a number: "UPDATE 2-Dam opens"."""


def rank(
    stories: Sequence[Story], *, comments: Mapping[str, int], readers: Mapping[int, int], now: datetime
) -> list[Story]:
    """The stories, best first: what an editor pinned, then what the site marks and readers discuss, sinking with age.

    score = (1 + 8·top + 0.2/place + 2·ln(1 + comments) + ln(1 + readers)) / (hours + 2)^1.8; equal scores by newest.
    Of several pinned ones the last pinned is first. What an editor muted is left out. `comments` is by address,
    `readers` by the story's number: how many opened it here.
    """

    def score(story: Story) -> float:
        hours = max(0.0, (now - story.published_at).total_seconds() / 3600)
        points = 1 + TOP_POINTS * story.top
        points += PLACE_POINTS / story.place if story.place is not None else 0
        points += COMMENTS_POINTS * math.log1p(comments.get(story.url, 0))
        points += READERS_POINTS * math.log1p(readers.get(story.id, 0))
        return float(points / (hours + 2) ** GRAVITY)

    def order(story: Story) -> tuple[float, float, float, int]:
        pinned = story.pinned_until.timestamp() if story.pinned_until is not None and story.pinned_until > now else 0.0
        return -pinned, -score(story), -story.published_at.timestamp(), story.id

    return sorted((story for story in stories if not story.muted), key=order)


def is_told(story: Story, before: Iterable[Story]) -> bool:
    """Whether one of these is the same news at another address of the site: by its title, of the same day."""
    words = _headline(story.title)
    return words is not None and any(
        other.id != story.id
        and other.language == story.language
        and urlsplit(other.url).netloc == urlsplit(story.url).netloc
        and abs(other.published_at - story.published_at) < TOLD_ALIKE
        and _headline(other.title) == words
        for other in before
    )


def distinct(ranked: Sequence[Story]) -> list[Story]:
    """Without the news that stands before under another address."""
    kept: list[Story] = []
    by_words: dict[tuple[str, ...] | None, list[Story]] = defaultdict(list)
    for story in ranked:
        same = by_words[_headline(story.title)]
        if not is_told(story, same):
            kept.append(story)
            same.append(story)
    return kept


@lru_cache(maxsize=2_000)
def _headline(title: str) -> tuple[str, ...] | None:
    """The words of a title as they are compared; None where they are too few."""
    words = folded(title)
    while words and (words[0] in _MARKS or (words[0].isdigit() and words != folded(title))):
        words = words[1:]
    return words if len(words) >= _WORDS_AT_LEAST else None


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
