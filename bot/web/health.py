"""How bot, Telegram and feeds are, as the bots' latest report has it: for when nobody can be told in a chat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from bot.alarms import BOT, FEED, REPORT, TELEGRAM, Report, WatchedFeed, read, silent_feeds, unseen
from bot.store import BotStore
from moderation.alarms import Seen, age_s
from moderation.health import PROBE_S
from moderation.web import FrontGauge, FrontHealth


def front_of(
    store: BotStore, *, feed_silent_s: float, clock: Callable[[], datetime]
) -> Callable[[], Awaitable[FrontHealth]]:
    """What `WebParts.front` is to be: reads the bots' latest report, and never raises."""

    async def look() -> FrontHealth:
        try:
            async with asyncio.timeout(PROBE_S):
                text = await store.shown.note(REPORT)
        except Exception:
            # Whatever a driver raises: the report is in the database, which is told of by itself.
            names, unknown = (BOT, TELEGRAM, FEED), "unknown while the database can't be reached"
            states = dict.fromkeys((BOT, TELEGRAM, "feeds"), unknown)
            return FrontHealth(states, Seen(names, unknown=frozenset(names)))
        return front_health(read(text), now=clock(), feed_silent_s=feed_silent_s)

    return look


def front_health(report: Report | None, *, now: datetime, feed_silent_s: float) -> FrontHealth:
    """What a report says at this moment; what it says of feeds and Telegram is not known once no bot looks."""
    missing = unseen(report, now=now)
    works = all(alarm.name != BOT for alarm in missing.standing)
    feeds = report.feeds if report is not None and works else None
    silent = silent_feeds(feeds, now=now, feed_silent_s=feed_silent_s)
    states = {
        BOT: "ok" if works else _not_seen(report, now),
        TELEGRAM: _telegram(report, now, is_ok=not missing.standing) if works else "unknown while no bot works",
        "feeds": _feeds(feeds, len(silent.standing)),
    }
    return FrontHealth(states, missing | silent, [*_gauges(report, now), *_feed_gauges(feeds or (), now)])


def _not_seen(report: Report | None, now: datetime) -> str:
    return "never seen" if report is None else f"not seen for {age_s(report.at, now)} s"


def _telegram(report: Report | None, now: datetime, *, is_ok: bool) -> str:
    if is_ok:
        fault = report.group_fault if report is not None else None
        return "ok" if fault is None else f"answers, but the moderators' group can't be used: {fault}"
    if report is None or report.telegram_at is None:
        return "never answered"
    return f"no answer for {age_s(report.telegram_at, now)} s"


def _feeds(feeds: Sequence[WatchedFeed] | None, silent: int) -> str:
    if feeds is None:
        return "unknown while no bot works"
    return f"{silent} of {len(feeds)} silent" if silent else "ok"


def _gauges(report: Report | None, now: datetime) -> list[FrontGauge]:
    gauges = []
    if report is not None:
        words = "Seconds since a bot last looked at the system."
        gauges.append(FrontGauge("baithak_bot_seen_seconds", words, age_s(report.at, now)))
    if report is not None and report.telegram_at is not None:
        words = "Seconds since Telegram last answered a bot."
        gauges.append(FrontGauge("baithak_telegram_answered_seconds", words, age_s(report.telegram_at, now)))
    return gauges


def _feed_gauges(feeds: Sequence[WatchedFeed], now: datetime) -> list[FrontGauge]:
    read, failures = "Seconds since a feed was last read.", "Looks at a feed that failed in a row."
    gauges = []
    for feed in feeds:
        labels = {"feed": feed.url}
        gauges.append(FrontGauge("baithak_feed_failures", failures, feed.failures, labels))
        if feed.read_at is not None:
            gauges.append(FrontGauge("baithak_feed_read_seconds", read, age_s(feed.read_at, now), labels))
    return gauges
