"""Facts to alarms, as a table; and who is told what of them, when, and once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.alarms import (
    BOT,
    FEED,
    TELEGRAM,
    Damping,
    Facts,
    Key,
    Report,
    Standing,
    WatchedFeed,
    advance,
    find_all,
    forget_over,
    heard,
    read,
    silent_feeds,
    to_tell,
    unseen,
    written,
)
from moderation.alarms import CHECKS, Alarm, Bounds, Disk, QueueSize, Seen, Waiting, find
from moderation.settings import Settings
from tests.builders import NOW, bounds, vitals

MEERA, OMAR = 2001, 2002
DAMPING = Damping(stands_s=10, clears_s=30)
WORKERS = Alarm("workers")
STANDS, CLEAR, UNKNOWN = (
    Seen(("workers",), (WORKERS,)),
    Seen(("workers",)),
    Seen(("workers",), (), frozenset({"workers"})),
)


def ago(seconds: float) -> Any:
    return NOW - timedelta(seconds=seconds)


def size(**given: Any) -> QueueSize:
    return QueueSize(**({"length": 0, "pending": 0, "dead": 0} | given))


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]] = {
    "all is well": ({}, {}, None),
    "the database": ({"database": False, "waiting": None}, {}, {"database": {"wrong": 1}}),
    "Redis": ({"redis": False, "queue": None, "workers": None}, {}, {"redis": {"wrong": 1}}),
    "no worker": ({"workers": {}}, {}, {"workers": {"wrong": 1}}),
    "no model": ({"workers": {"one": None}}, {}, {"model": {"without": 1, "workers": 1}}),
    "no model at one of two": ({"workers": {"one": None, "two": "m"}}, {}, {"model": {"without": 1, "workers": 2}}),
    "waited just as long as it may": ({"waiting": Waiting(1, ago(120))}, {}, None),
    "waited longer": ({"waiting": Waiting(2, ago(121))}, {}, {"undecided": {"received": 2, "waited_s": 121}}),
    "that one switched off": ({"waiting": Waiting(2, ago(9999))}, {"undecided_s": 0}, None),
    "a clock that is ahead": ({"waiting": Waiting(2, ago(-500))}, {}, None),
    "held too long": ({"waiting": Waiting(0, None, 3, ago(3601))}, {}, {"held": {"held": 3, "waited_s": 3601}}),
    "held, switched off": ({"waiting": Waiting(0, None, 3, ago(3601))}, {"held_s": 0}, None),
    "the queue at its bound": ({"queue": size(length=1000)}, {}, None),
    "the queue above it": ({"queue": size(length=1001)}, {}, {"queue": {"length": 1001}}),
    "the queue, switched off": ({"queue": size(length=1001)}, {"queue_length": 0}, None),
    "a new dead letter": (
        {"queue": size(dead=4, newest_dead=ago(5))},
        {},
        {"dead_letters": {"dead": 4, "waited_s": 5}},
    ),
    "only old dead letters": ({"queue": size(dead=4, newest_dead=ago(3600))}, {}, None),
    "dead letters, switched off": ({"queue": size(dead=4, newest_dead=ago(5))}, {"dead_letter_s": 0}, None),
    "little disk": ({"disk": Disk(9 * 2**20, 100 * 2**20)}, {}, {"disk": {"percent": 9, "mb": 9}}),
    "just enough disk": ({"disk": Disk(10, 100)}, {}, None),
    "a disk without any room": ({"disk": Disk(0, 0)}, {}, {"disk": {"percent": 0, "mb": 0}}),
    "the disk, switched off": ({"disk": Disk(0, 100)}, {"disk_free_percent": 0}, None),
}


@pytest.mark.parametrize(("facts", "bound", "expected"), CASES.values(), ids=CASES)
def test_facts_and_bounds_make_alarms(
    facts: dict[str, Any], bound: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    seen = find(vitals(**facts), bounds(**bound))
    assert {alarm.name: dict(alarm.figures) for alarm in seen.standing} == (expected or {})


@pytest.mark.parametrize(
    ("facts", "unknown"),
    [
        ({}, set()),
        ({"database": False, "waiting": None}, {"undecided", "held"}),
        ({"redis": False, "queue": None, "workers": None}, {"workers", "model", "queue", "dead_letters"}),
        ({"workers": {}}, {"model"}),
        ({"disk": None}, {"disk"}),
    ],
)
def test_what_can_not_be_known_is_neither_an_alarm_nor_none(facts: dict[str, Any], unknown: set[str]) -> None:
    seen = find(vitals(**facts), bounds())
    assert seen.unknown == unknown
    assert not unknown & {alarm.name for alarm in seen.standing}
    assert seen.names == tuple(CHECKS)


def test_the_bounds_are_those_of_the_settings() -> None:
    settings = Settings(alarm_undecided_s=1, alarm_held_s=2, alarm_queue_length=3, alarm_dead_letter_s=4)
    assert Bounds.of(settings) == Bounds(1, 2, 3, 4, 10)


def feed(**given: Any) -> WatchedFeed:
    values: dict[str, Any] = {"url": "https://news.example/rss", "poll_s": 300, "read_at": ago(10), "failures": 0}
    return WatchedFeed(**(values | given))


@pytest.mark.parametrize(
    ("watched", "bound", "is_silent"),
    [
        (feed(), 1800, False),
        (feed(read_at=ago(1801), failures=9), 1800, True),
        (feed(read_at=ago(1801), failures=9), 0, False),
        (feed(read_at=ago(1801), poll_s=3600), 1800, False),
        (feed(read_at=None, failures=1), 1800, True),
        (feed(read_at=None), 1800, False),
    ],
)
def test_a_feed_is_silent_when_it_could_not_be_read_for_long(
    watched: WatchedFeed, bound: float, is_silent: bool
) -> None:
    seen = find_all(Facts(vitals(), (watched,)), bounds(), feed_silent_s=bound)
    assert [(alarm.name, alarm.about) for alarm in seen.standing] == ([(FEED, watched.url)] if is_silent else [])


def test_feeds_are_unknown_while_the_database_is_away() -> None:
    assert silent_feeds(None, now=NOW, feed_silent_s=60) == Seen((FEED,), unknown=frozenset({FEED}))


def followed(*looks: tuple[float, Seen], chats: Sequence[int] = (MEERA,)) -> list[tuple[float, str]]:
    """What is told over some looks, each so many seconds after the beginning: `new` and `over`."""
    remembered: dict[Key, Standing] = {}
    told: list[tuple[float, str]] = []
    for second, seen in looks:
        remembered = advance(remembered, seen, now=NOW + timedelta(seconds=second), damping=DAMPING)
        for chat, (new, over) in to_tell(remembered, chats).items():
            told += [(second, "new") for _ in new] + [(second, "over") for _ in over]
            remembered = heard(remembered, chat)
        remembered = forget_over(remembered, chats)
    return told


STORIES: dict[str, tuple[list[tuple[float, Seen]], list[tuple[float, str]]]] = {
    "too short to be told": ([(0, STANDS), (9, STANDS), (10, CLEAR), (60, CLEAR)], []),
    "told once it stood long enough": ([(0, STANDS), (9, STANDS), (10, STANDS), (20, STANDS)], [(10, "new")]),
    "over once it was gone long enough": (
        [(0, STANDS), (10, STANDS), (20, CLEAR), (49, CLEAR), (50, CLEAR), (90, CLEAR)],
        [(10, "new"), (50, "over")],
    ),
    "flapping is told once": (
        [(0, STANDS), (10, STANDS), (20, CLEAR), (40, STANDS), (50, CLEAR), (70, STANDS), (80, CLEAR), (110, CLEAR)],
        [(10, "new"), (110, "over")],
    ),
    "flapping too fast is not told": ([(s, STANDS if s % 10 else CLEAR) for s in range(0, 100, 5)], []),
    "not known is no change": (
        [(0, STANDS), (10, STANDS), (20, UNKNOWN), (500, UNKNOWN), (501, STANDS), (510, CLEAR), (540, CLEAR)],
        [(10, "new"), (540, "over")],
    ),
    "not known is no beginning": ([(0, UNKNOWN), (60, UNKNOWN)], []),
    "again, after it was over": (
        [(0, STANDS), (10, STANDS), (20, CLEAR), (50, CLEAR), (60, STANDS), (70, STANDS)],
        [(10, "new"), (50, "over"), (70, "new")],
    ),
}


@pytest.mark.parametrize(("looks", "told"), STORIES.values(), ids=STORIES)
def test_an_alarm_is_told_once_and_once_when_it_is_over(
    looks: list[tuple[float, Seen]], told: list[tuple[float, str]]
) -> None:
    assert followed(*looks) == told


def due(**given: Any) -> Standing:
    return Standing(**({"alarm": WORKERS, "since": NOW, "due": True} | given))


def test_who_could_not_be_told_is_told_later_and_nobody_else_again() -> None:
    remembered = {("workers", ""): due()}
    assert set(to_tell(remembered, {MEERA, OMAR})) == {MEERA, OMAR}
    remembered = heard(remembered, MEERA)
    assert to_tell(remembered, {MEERA, OMAR}) == {OMAR: ([due(told=frozenset({MEERA}))], [])}


def test_that_it_is_over_hears_who_was_told_of_it_and_then_it_is_forgotten() -> None:
    remembered = {("workers", ""): due(gone=NOW, over=True, told=frozenset({MEERA}))}
    assert set(to_tell(remembered, {MEERA, OMAR})) == {MEERA}
    assert forget_over(remembered, {MEERA, OMAR}) == remembered
    assert forget_over(heard(remembered, MEERA), {MEERA, OMAR}) == {}
    assert forget_over(remembered, {OMAR}) == {}, "who is no administrator any more is waited for no longer"


def test_a_report_is_read_as_it_was_written() -> None:
    alarm = Alarm(FEED, "https://news.example/rss", {"waited_s": 7, "feed": "ق"})
    standing = Standing(alarm, ago(60), gone=ago(5), due=True, told=frozenset({MEERA, -100}))
    for report in (
        Report(NOW, ago(3), (feed(read_at=None), feed(url="b")), {(FEED, alarm.about): standing}),
        Report(NOW, None, None, {}, group_fault="chat not found"),
    ):
        assert read(written(report)) == report


@pytest.mark.parametrize("text", [None, "", "null", "[]", "{}", "not JSON", '{"at": 7}', '{"at": "x", "standing": 1}'])
def test_a_report_that_can_not_be_read_is_none(text: str | None) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("report", "name", "unknown"),
    [
        (None, BOT, {TELEGRAM}),
        (Report(ago(31), NOW), BOT, {TELEGRAM}),
        (Report(ago(30), ago(60)), None, set()),
        (Report(NOW, None), TELEGRAM, set()),
        (Report(NOW, ago(61)), TELEGRAM, set()),
    ],
)
def test_a_bot_or_telegram_that_is_gone_is_seen_from_outside(
    report: Report | None, name: str | None, unknown: set[str]
) -> None:
    seen = unseen(report, now=NOW)
    assert [alarm.name for alarm in seen.standing] == ([name] if name else [])
    assert seen.unknown == unknown
