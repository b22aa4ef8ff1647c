"""When stories may come to a subscriber: their time zone, their quiet hours, how many a day, their digests. Pure.

A quiet time is a span of each local day, told by the clock on the wall: it begins when the clock first shows its
beginning and ends when it last shows its end, so that there is one each day also where clocks are set forward or back.
An hour that a day leaves out counts as the one after it (PEP 495).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = 24 * 60
"""Minutes of a day by the clock on the wall."""

USUAL_QUIET = (22 * 60, 7 * 60)
"""What is offered to who wants quiet nights: from ten to seven."""

USUALLY_A_DAY = 5
MOST_A_DAY = 50

DIGEST_AT = tuple(hour * 60 for hour in (6, 7, 8, 9, 12, 13, 17, 18, 19, 20, 21, 22))
"""When a digest may come, in minutes since midnight."""

GUESSED = {
    "en": "Europe/London",
    "ur": "Asia/Karachi",
    "hi": "Asia/Kolkata",
    "mr": "Asia/Kolkata",
    "ar": "Asia/Riyadh",
}
"""The time zone of who has chosen none, by their language."""

OFFERED = (
    "Europe/London",
    "Europe/Berlin",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Africa/Cairo",
    "Asia/Riyadh",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Dhaka",
    "Asia/Singapore",
    "Australia/Sydney",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
)
"""Time zones with a button; any other comes with a list of subscribers."""


@dataclass(frozen=True)
class Hours:
    """When stories may come. `quiet` is where the quiet time begins and ends, in minutes since midnight.

    `breaking`: what the site marks as a top story comes in the quiet time too.
    """

    timezone: str
    quiet: tuple[int, int] | None = None
    breaking: bool = False

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone; UTC where this machine knows none of that name."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo("UTC")

    def due(self, now: datetime, *, breaking: bool = False) -> datetime:
        """From when on a story may come: now, or the end of the quiet time. `breaking`: it is a top story."""
        quiet = self.quiet
        if quiet is None or quiet[0] == quiet[1] or (breaking and self.breaking):
            return now
        due = now
        # Where clocks are set forward, a quiet time may end in the next one.
        for _ in range(3):
            today = due.astimezone(self.zone).date()
            spans = (self._span(day, quiet) for day in (today - timedelta(days=1), today))
            due = next((ends for begins, ends in spans if begins <= due < ends), due)
        return due

    def next_digest(self, now: datetime, minutes: Collection[int]) -> datetime | None:
        """When a digest comes next, of those that come at these minutes of each local day; None without any."""
        return min((at for at in self._digests(now, minutes) if at > now), default=None)

    def last_digest(self, now: datetime, minutes: Collection[int]) -> datetime | None:
        """When a digest came last, or comes just now."""
        return max((at for at in self._digests(now, minutes) if at <= now), default=None)

    def _digests(self, now: datetime, minutes: Collection[int]) -> Iterator[datetime]:
        """Those of the days around. Where clocks are set back, a digest comes when they show its time first."""
        today = now.astimezone(self.zone).date()
        for days in (-1, 0, 1):
            for minute in minutes:
                yield self._at(today + timedelta(days=days), minute, last=False)

    def day_of(self, at: datetime) -> tuple[datetime, datetime]:
        """The midnights before and after, by the clock on the wall."""
        day = at.astimezone(self.zone).date()
        return self._at(day, 0, last=False), self._at(day + timedelta(days=1), 0, last=False)

    def _span(self, day: date, quiet: tuple[int, int]) -> tuple[datetime, datetime]:
        """The quiet time that begins on this day."""
        begins, ends = quiet
        ending = day + timedelta(days=1) if ends < begins else day
        return self._at(day, begins, last=False), self._at(ending, ends, last=True)

    def _at(self, day: date, minute: int, *, last: bool) -> datetime:
        """When the clock shows this, the first time or the last on that day."""
        shown = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=self.zone)
        first = shown.astimezone(UTC)
        return max(first, shown.replace(fold=1).astimezone(UTC)) if last else first
