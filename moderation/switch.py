"""Switches for a bad day: what one is, and what it covers.

    close   nobody may comment on a story any more
    hold    what the machine would publish waits for a person, under a story, in a section, or everywhere
    stop    nothing is published at all, by nobody

Pure: which of them are on is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class SwitchKind(StrEnum):
    """What a switch does."""

    CLOSE = "close"
    HOLD = "hold"
    STOP = "stop"


class Scope(StrEnum):
    """How far a switch reaches."""

    STORY = "story"
    SECTION = "section"
    SITE = "site"


SCOPES = {
    SwitchKind.CLOSE: frozenset({Scope.STORY}),
    SwitchKind.HOLD: frozenset(Scope),
    SwitchKind.STOP: frozenset({Scope.SITE}),
}
"""How far each kind may reach."""

_HARDEST_FIRST = (SwitchKind.STOP, SwitchKind.HOLD)


@dataclass(frozen=True, slots=True)
class Switch:
    """One use of a switch: who began and who ended it, and when. `target` is the story or section, "" for the site.

    `is_known` is False for one that a newer version began, and this one can't read: it holds everything.
    """

    id: int
    kind: SwitchKind
    scope: Scope
    target: str
    note: str
    begun_by: str
    begun_by_name: str
    begun_at: datetime
    ended_by: str | None = None
    ended_by_name: str | None = None
    ended_at: datetime | None = None
    is_known: bool = True

    def covers(self, *, story: str, section: str | None) -> bool:
        """Whether it reaches a comment on this story. One whose section nobody told may be in any: it is covered."""
        if self.scope is Scope.STORY:
            return self.target == story
        return self.scope is Scope.SITE or section is None or section == self.target


def holding(switches: Iterable[Switch], *, story: str, section: str | None) -> Switch | None:
    """The hardest of these switches that keeps a comment on this story from being published; None where none does."""
    found = [one for one in switches if one.kind in _HARDEST_FIRST and one.covers(story=story, section=section)]
    return min(found, key=lambda one: (_HARDEST_FIRST.index(one.kind), one.id), default=None)


def is_open(
    switches: Iterable[Switch], *, story: str, published_at: datetime | None, open_days: int, now: datetime
) -> bool:
    """Whether readers may comment on this story: nobody closed it, and it is no older than `open_days` (0: any age)."""
    if any(one.kind is SwitchKind.CLOSE and one.covers(story=story, section=None) for one in switches):
        return False
    return open_days == 0 or published_at is None or now - published_at <= timedelta(days=open_days)
