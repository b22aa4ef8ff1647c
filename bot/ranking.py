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


TOLD_ALIKE = timedelta(hours=18)
"""Within it two stories with one title are one piece of news; what comes every day under one title may come earlier."""

_WORDS_AT_LEAST = 4
"""Words of a title that tells news apart: "Editorial" and "Live updates" tell nothing."""

_MARKS = frozenset({"update", "updated", "breaking", "exclusive"})
"""What a title may begin with when it comes again, with or without a number: "UPDATE 2-Dam opens"."""


def rank(
    stories: Sequence[Story], *, comments: Mapping[str, int], readers: Mapping[int, int], now: datetime
) -> list[Story]:
    """The stories, best first: what an editor pinned, then what the site marks and readers discuss, sinking with age.

    score = (1 + 8·top + 0.2/place + 2·ln(1 + comments) + ln(1 + readers)) / (hours + 2)^1.8; equal scores by newest.
    Of several pinned ones that whose time is over last is first. What an editor muted is left out. `comments` is by
    address, `readers` by the story's number: how many opened it here.
    """

    def score(story: Story) -> float:
        hours = max(0.0, (now - story.published_at).total_seconds() / 3600)
        points = 1 + TOP_POINTS * story.top
        points += PLACE_POINTS / story.place if story.place is not None else 0
        points += COMMENTS_POINTS * math.log1p(comments.get(story.url, 0))
        points += READERS_POINTS * math.log1p(readers.get(story.id, 0))
        return float(points / (hours + 2) ** GRAVITY)

    def order(story: Story) -> tuple[float, float, float, int]:
        pinned = story.pinned_until.timestamp() if story.pinned_until is not None and story.is_pinned(now) else 0.0
        return -pinned, -score(story), -story.published_at.timestamp(), story.id

    return sorted((story for story in stories if not story.muted), key=order)


class Told:
    """News that was told already, found again by its title: in one language, on one site, within TOLD_ALIKE."""

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._at: dict[tuple[str, str, tuple[str, ...]], list[datetime]] = defaultdict(list)
        for story in stories:
            self.add(story)

    def add(self, story: Story) -> None:
        """This is told from now on."""
        if (key := _news(story)) is not None:
            self._at[key].append(story.published_at)

    def has(self, story: Story) -> bool:
        """Whether this story is news told before, here or at another address."""
        key = _news(story)
        return key is not None and any(abs(at - story.published_at) < TOLD_ALIKE for at in self._at.get(key, ()))


def distinct(ranked: Sequence[Story], *, told: Iterable[Story] = ()) -> list[Story]:
    """Without the news that stands before under another address, or was `told`."""
    before, kept = Told(told), list[Story]()
    for story in ranked:
        if not before.has(story):
            kept.append(story)
            before.add(story)
    return kept


def _news(story: Story) -> tuple[str, str, tuple[str, ...]] | None:
    words = _headline(story.title)
    return None if words is None else (story.language, story.url.split("/", 3)[2], words)


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
