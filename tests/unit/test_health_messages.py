"""What administrators are told of the system: every alarm has its words, and all of it fits into one message."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.alarms import FEED, Facts, Standing, WatchedFeed, find_all, key_of
from bot.messages import health as texts
from bot.messages.texts import visible_length
from moderation.alarms import CHECKS, Alarm, Disk, QueueSize, Waiting
from tests.builders import NOW, bounds, vitals

FIGURES: dict[str, dict[str, Any]] = {
    "database": {},
    "redis": {},
    "workers": {},
    "model": {"without": 1, "workers": 3},
    "disk": {"percent": 4, "mb": 812},
    "undecided": {"received": 7, "waited_s": 300},
    "queue": {"length": 1500},
    "dead_letters": {"dead": 2, "waited_s": 40},
    "held": {"held": 1, "waited_s": 7200},
    FEED: {"failures": 4, "waited_s": 3600},
}
ADDRESS = "https://news.example/rss?a=1&b=<2>"


def alarm(name: str) -> Alarm:
    return Alarm(name, ADDRESS if name == FEED else "", FIGURES[name])


def standing(name: str, **given: Any) -> Standing:
    return Standing(**({"alarm": alarm(name), "since": NOW - timedelta(minutes=4), "due": True} | given))


def failing(number: int) -> WatchedFeed:
    url = f"https://news.example/{number}/{'long-' * 60}<b>"
    return WatchedFeed(url, 300, NOW - timedelta(hours=5), failures=9, error="answered with status 500 " * 20)


def test_every_alarm_is_one_line_and_so_is_its_end() -> None:
    assert set(FIGURES) == {*CHECKS, FEED}
    for name in FIGURES:
        line = texts.alarm_line(alarm(name))
        over = texts.told([], [standing(name)], now=NOW)
        assert "{" not in line + over and "alarm-" not in line and "over-" not in over, name
        assert len(line.splitlines()) == 1 and len(over.splitlines()) == 2, name
        assert line.count(". ") + line.count(": ") >= 1, f"{name}: says what to do first"
        assert "4 min" in over, name


def test_what_is_new_comes_before_what_is_over() -> None:
    text = texts.told([standing("workers"), standing("held")], [standing("redis")], now=NOW)
    lines = text.splitlines()
    assert lines[0] == "<b>2 alarms</b>"
    assert lines[1].startswith("• No worker runs: ")
    assert lines[2] == "• One comment waits for a moderator, the oldest for 2 h. " + lines[2].partition(". ")[2]
    assert lines[3:] == ["", "<b>Over</b>", "• Redis answers again, after 4 min."]
    assert texts.told([standing("workers")], [], now=NOW).startswith("<b>Alarm</b>\n• ")


def test_a_feed_s_address_is_literal_text() -> None:
    line = texts.alarm_line(alarm(FEED))
    assert "https://news.example/rss?a=1&amp;b=&lt;2&gt;" in line and "1 h" not in line and "60 min" in line
    assert "could never be read" in texts.alarm_line(Alarm(FEED, ADDRESS, {"failures": 1, "waited_s": 0}))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_a_stretch_of_time_is_told_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert texts.span(seconds) == shown


def test_a_system_in_order_is_well_and_every_part_is_named() -> None:
    facts = Facts(vitals(), (WatchedFeed("https://news.example/rss", 300, NOW, 0),))
    text = texts.status(facts, find_all(facts, bounds(), feed_silent_s=60), {})
    assert text.splitlines() == [
        "<b>All is well</b>",
        "",
        "Database: ok",
        "Redis: ok",
        "Workers: 1, model 2026-11-22.1",
        "Bot: works",
        "Feeds: 1 read",
        "Screening queue: 0, 0 of them with workers",
        "Received: none waiting",
        "Held: none waiting",
        "Dead letters: 0",
        "Disk: 50 % free, 51,200 MB",
    ]


def test_what_is_wrong_stands_first_and_since_when() -> None:
    facts = Facts(
        vitals(
            redis=False,
            queue=None,
            workers=None,
            waiting=Waiting(3, NOW - timedelta(minutes=9), 12, NOW - timedelta(days=3)),
            disk=None,
        ),
        (failing(1), WatchedFeed("https://news.example/rss", 300, NOW, 0)),
    )
    remembered = {key_of(one.alarm): one for one in (standing("redis"), standing("undecided", due=False))}
    lines = texts.status(facts, find_all(facts, bounds(), feed_silent_s=60), remembered).splitlines()
    assert lines[0] == "<b>4 alarms</b>"
    assert lines[1].startswith("• Redis can’t be reached") and lines[1].endswith("<i>For 4 min.</i>")
    assert lines[2].startswith("• 3 comments wait to be screened") and "<i>" not in lines[2]
    told = dict(line.split(": ", 1) for line in lines[6:])
    assert told["Redis"] == "can’t be used"
    assert {told[part] for part in ("Workers", "Screening queue", "Dead letters", "Disk")} == {"not known"}
    assert told["Feeds"] == "1 of 2 failing"
    assert told["Held"] == "12 waiting, the oldest for 3 days"


@pytest.mark.parametrize(
    ("workers", "shown"),
    [
        ({}, "none"),
        ({"a": "m1", "b": "m1"}, "2, model m1"),
        ({"a": "m2", "b": "m1"}, "2, model m1, m2"),
        ({"a": None, "b": "m1"}, "2, 1 without a usable model, the rest with m1"),
        ({"a": None}, "1, 1 without a usable model, the rest with none"),
    ],
)
def test_workers_are_told_with_their_models(workers: dict[str, str | None], shown: str) -> None:
    facts = Facts(vitals(workers=workers), ())
    assert f"Workers: {shown}" in texts.status(facts, find_all(facts, bounds(), feed_silent_s=60), {}).splitlines()


def test_however_much_is_wrong_it_is_one_message() -> None:
    worst = vitals(
        waiting=Waiting(9**9, NOW - timedelta(days=99), 9**9, NOW - timedelta(days=99)),
        queue=QueueSize(9**9, 9**9, 9**9, NOW),
        workers=dict.fromkeys(map(str, range(99))),
        disk=Disk(0, 100),
    )
    facts = Facts(worst, tuple(failing(number) for number in range(200)))
    seen = find_all(facts, bounds(), feed_silent_s=60)
    remembered = {key_of(one): Standing(one, NOW, due=True) for one in seen.standing}
    everything = [*remembered.values()]
    text = texts.status(facts, seen, remembered)
    assert visible_length(text) <= 4096
    assert f"and {len(everything) - 12} more: write /status" in text
    assert visible_length(texts.told(everything, everything, now=NOW)) <= 4096


def test_of_feeds_those_that_fail_come_first_then_those_not_read_for_longest() -> None:
    watched = (
        WatchedFeed("https://a.example/rss", 300, NOW - timedelta(minutes=3), 0),
        WatchedFeed("https://b.example/rss", 2, NOW - timedelta(hours=4), 0),
        WatchedFeed("https://c.example/rss", 300, None, 1, "answered with status 503"),
        WatchedFeed("https://d.example/<rss>", 300, NOW - timedelta(days=3), 7, "is not a feed"),
        WatchedFeed("https://e.example/rss", 300, None, 0),
    )
    assert texts.feeds(Facts(vitals(), watched)).splitlines() == [
        "<b>Feeds:</b> 2 of 5 failing",
        "✗ https://d.example/&lt;rss&gt;: failed 7 times in a row, is not a feed; read 3 days ago",
        "✗ https://c.example/rss: failed once in a row, answered with status 503; never read",
        "✓ https://e.example/rss: never read, looked at every 5 min",
        "✓ https://b.example/rss: read 4 h ago, looked at every 2 s",
        "✓ https://a.example/rss: read 3 min ago, looked at every 5 min",
    ]


def test_very_many_feeds_fit_into_one_message_and_the_rest_is_counted() -> None:
    told = texts.feeds(Facts(vitals(), tuple(failing(number) for number in range(40))))
    assert visible_length(told) <= 4096
    assert "… and 25 more." in told
    assert texts.feeds(Facts(vitals(), None)) == "<b>Feeds:</b> not known"
