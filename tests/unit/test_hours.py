"""Quiet hours and days by the clock on the wall: over both changes of a year, a leap day, and odd choices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours import DAY, GUESSED, OFFERED, Hours
from moderation.policy import LANGUAGES

NIGHT = (22 * 60, 7 * 60)


def at(zone: str, *given: int) -> datetime:
    """What the clock shows there."""
    year, month, day, *time = given
    return datetime.combine(date(year, month, day), clock_time(*time), tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ((2026, 11, 24, 21, 59), None),
        ((2026, 11, 24, 22, 0), (2026, 11, 25, 7, 0)),
        ((2026, 11, 25, 3, 0), (2026, 11, 25, 7, 0)),
        ((2026, 11, 25, 7, 0), None),
        ((2028, 2, 28, 23, 0), (2028, 2, 29, 7, 0)),
        ((2028, 2, 29, 23, 0), (2028, 3, 1, 7, 0)),
        ((2026, 12, 31, 23, 0), (2027, 1, 1, 7, 0)),
    ],
)
def test_what_comes_in_the_quiet_waits_for_its_end(now: tuple[int, ...], due: tuple[int, ...] | None) -> None:
    zone = "Asia/Karachi"
    expected = at(zone, *(due or now))
    assert Hours(zone, NIGHT).due(at(zone, *now)) == expected


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Sydney", "Asia/Karachi"])
@pytest.mark.parametrize("quiet", [NIGHT, (0, 6 * 60), (23 * 60, 9 * 60), (13 * 60, 15 * 60)])
def test_over_a_year_each_day_has_one_quiet_time_that_ends_when_the_clock_shows_its_end(
    zone: str, quiet: tuple[int, int]
) -> None:
    hours = Hours(zone, quiet)
    now, ends = at(zone, 2028, 1, 1).astimezone(UTC), set()
    while now < at(zone, 2029, 1, 1):
        local = now.astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        begins, until = quiet
        inside = begins <= minute < until if begins < until else (minute >= begins or minute < until)
        due = hours.due(now)
        assert (due > now) == inside, local
        if inside:
            shown = due.astimezone(ZoneInfo(zone))
            assert (shown.hour * 60 + shown.minute) == until, shown
            assert due - now <= timedelta(days=1)
            ends.add(due)
        now += timedelta(minutes=15)
    assert len(ends) in (366, 367), "each day of a leap year, and the one that began the year before"


@pytest.mark.parametrize(
    ("zone", "day", "quiet", "asleep"),
    [
        # Clocks go from 1 to 2: an hour less. And from 2 back to 1: an hour more.
        ("Europe/London", (2026, 3, 29), (0, 6 * 60), 5),
        ("Europe/London", (2026, 10, 25), (0, 6 * 60), 7),
        # It begins, or ends, in the hour that is left out or comes twice.
        ("Europe/London", (2026, 10, 25), (0, 90), 2.5),
        ("Europe/London", (2026, 10, 25), (90, 6 * 60), 5.5),
        ("Europe/London", (2026, 3, 29), (0, 90), 1.5),
        ("Europe/London", (2026, 3, 29), (90, 6 * 60), 3.5),
        ("America/New_York", (2026, 3, 8), (0, 6 * 60), 5),
        ("America/New_York", (2026, 11, 1), (0, 6 * 60), 7),
    ],
)
def test_a_night_in_which_clocks_are_set_is_quiet_from_its_beginning_to_its_end(
    zone: str, day: tuple[int, int, int], quiet: tuple[int, int], asleep: float
) -> None:
    hours, now = Hours(zone, quiet), at(zone, *day).astimezone(UTC)
    minutes = [now + timedelta(minutes=minute) for minute in range(9 * 60)]
    waits = [minute for minute in minutes if hours.due(minute) > minute]
    assert len(waits) == asleep * 60
    assert waits == minutes[minutes.index(waits[0]) :][: len(waits)], "in one piece"


def test_a_top_story_comes_in_the_quiet_of_who_wants_that() -> None:
    now = at("Asia/Karachi", 2026, 11, 24, 23)
    assert Hours("Asia/Karachi", NIGHT, breaking=True).due(now, breaking=True) == now
    assert Hours("Asia/Karachi", NIGHT, breaking=True).due(now) > now
    assert Hours("Asia/Karachi", NIGHT).due(now, breaking=True) > now


def test_a_day_begins_at_midnight_there_also_when_clocks_are_set() -> None:
    london = Hours("Europe/London")
    for month, day, hours in ((3, 29, 23), (10, 25, 25), (11, 24, 24)):
        begins, ends = london.day_of(at("Europe/London", 2026, month, day, 23))
        assert begins == at("Europe/London", 2026, month, day)
        assert ends - begins == timedelta(hours=hours)
    begins, _ = Hours("Asia/Karachi").day_of(datetime(2026, 11, 24, 20, tzinfo=UTC))
    assert begins == at("Asia/Karachi", 2026, 11, 25)


@given(
    st.sampled_from(OFFERED),
    st.integers(0, DAY - 1),
    st.integers(0, DAY - 1),
    st.integers(0, 6 * 366 * DAY).map(lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
)
def test_when_it_is_due_nobody_waits_any_more(zone: str, begins: int, ends: int, now: datetime) -> None:
    hours = Hours(zone, (begins, ends))
    due = hours.due(now)
    assert now <= due <= now + timedelta(hours=49)
    assert hours.due(due) == due


def test_a_quiet_time_that_ends_in_the_next_one_is_followed_to_its_end() -> None:
    # Clocks go from 1 to 2 that night: what would end at 1 ends when the next one begins, at 2 as it were.
    hours, now = Hours("Europe/London", (2 * 60, 60)), datetime(2026, 3, 28, 14, 45, tzinfo=UTC)
    due = hours.due(now)
    assert hours.due(due) == due


def test_a_zone_this_machine_does_not_know_is_taken_for_utc() -> None:
    assert Hours("Moon/Tranquility").zone.key == "UTC"


def test_every_language_has_a_zone_that_is_offered() -> None:
    assert set(GUESSED) == set(LANGUAGES)
    assert set(GUESSED.values()) <= set(OFFERED)
    assert all(Hours(zone).zone.key == zone for zone in OFFERED)


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/New_York", "Africa/Cairo", "Asia/Kathmandu", "Australia/Sydney"]
)
@pytest.mark.parametrize("minute", [0, 90, 150, 7 * 60, 23 * 60 + 59])
def test_a_digest_comes_once_on_each_day_of_a_leap_year(zone: str, minute: int) -> None:
    hours, now, days = Hours(zone), at(zone, 2027, 12, 31, 23, 59, 30), []
    while True:
        following = hours.next_digest(now, [minute])
        assert following is not None
        assert following > now
        assert hours.last_digest(following, [minute]) == following
        shown = following.astimezone(hours.zone)
        if shown.year > 2028:
            break
        days.append(shown.date())
        asked = minute // 60, minute % 60
        # Where the clock leaves the time out, it is an hour later by it.
        assert (shown.hour, shown.minute) in {asked, ((asked[0] + 1) % 24, asked[1])}
        now = following
    assert days == [date(2028, 1, 1) + timedelta(days=number) for number in range(366)]


def test_of_several_digests_a_day_the_next_and_the_last_are_told() -> None:
    hours, now = Hours("Asia/Karachi"), at("Asia/Karachi", 2026, 11, 24, 12)
    assert hours.next_digest(now, [7 * 60, 18 * 60]) == at("Asia/Karachi", 2026, 11, 24, 18)
    assert hours.last_digest(now, [7 * 60, 18 * 60]) == at("Asia/Karachi", 2026, 11, 24, 7)
    assert hours.last_digest(now, [18 * 60]) == at("Asia/Karachi", 2026, 11, 23, 18)
    assert hours.next_digest(now, []) is None
    assert hours.last_digest(now, []) is None
