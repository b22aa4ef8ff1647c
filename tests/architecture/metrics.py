"""What `/metrics` gives when everything can be reached and something was counted."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.alarms import Report, WatchedFeed
from bot.web.health import front_health
from moderation.alarms import find
from moderation.comment import CommentStatus
from moderation.web.metrics import Metrics, system_metrics
from tests.builders import NOW, bounds, vitals


def exposition() -> str:
    """The text of a whole answer."""
    counts = Metrics()
    counts.answered(route="comments", method="GET", status=200, seconds=0.01)
    counts.streams(1)
    before = NOW - timedelta(seconds=5)
    feed = WatchedFeed("https://news.example/rss", 300, before, 0)
    front = front_health(Report(before, before, (feed,)), now=NOW, feed_silent_s=60)
    seen = find(vitals(), bounds()) | front.seen
    state = system_metrics(vitals(), by_status={CommentStatus.PUBLISHED: 1}, switches=[], seen=seen, front=front.gauges)
    return (state + counts.exposition()).decode()


def exposed_metrics() -> dict[str, str]:
    """Each metric's name with its kind."""
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", exposition(), flags=re.MULTILINE))
    # The client library adds a `_created` time to each counter; it is the library's, not ours.
    return {name: kind for name, kind in kinds.items() if not name.endswith("_created")}


def exposed_labels() -> dict[str, set[str]]:
    """Each time series' name as it is asked for, with the labels it carries."""
    found: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? ", exposition(), flags=re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found
