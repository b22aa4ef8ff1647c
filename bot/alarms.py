"""Which alarms stand and who has to be told of them, decided from facts, bounds and what is remembered. Pure.

    Facts ── find_all → Seen ── advance → Standing each ── to_tell → for each chat: what is new, what is over
                                  ↑ remembered in the Report, so that a restart neither repeats nor forgets

An alarm must stand for a while before anybody is told, and be gone for a while before that is told: one that flaps is
told once. Where nothing can be known about an alarm, what is remembered of it stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from moderation.alarms import Alarm, Bounds, Figures, Seen, Vitals, age_s, find

FEED, BOT, TELEGRAM = "feed", "bot", "telegram"

SEEN_WITHIN_S = 30.0
"""A bot looks every few seconds; one that did not for so long counts as gone."""

ANSWERED_WITHIN_S = 60.0
"""Telegram is asked every quarter of a minute; without an answer for so long it counts as gone."""

REPORT = "report"
"""The store's note in which the Report is kept."""

Key = tuple[str, str]
"""An alarm's name and what it is about."""


@dataclass(frozen=True, slots=True)
class WatchedFeed:
    """A feed as the alarms see it: when it was last read (None: never), and how many looks in a row have failed."""

    url: str
    poll_s: float
    read_at: datetime | None
    failures: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a bot knows of the system at one moment; `feeds` is None while the database can't say."""

    vitals: Vitals
    feeds: tuple[WatchedFeed, ...] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm as it is remembered. `gone` is since when it no longer stands; `told` are the chats that know of it.

    `due` once it stood long enough to be told, `over` once it was gone long enough.
    """

    alarm: Alarm
    since: datetime
    gone: datetime | None = None
    due: bool = False
    over: bool = False
    told: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Damping:
    """Seconds that an alarm must stand, and must be gone, before either is told."""

    stands_s: float
    clears_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """What the bots' latest look left behind for their next one and for the web part.

    `group_fault` is Telegram's word on why the moderators' group can't be used; None while it can.
    """

    at: datetime
    telegram_at: datetime | None = None
    feeds: tuple[WatchedFeed, ...] | None = None
    standing: Mapping[Key, Standing] = field(default_factory=dict)
    group_fault: str | None = None


def find_all(facts: Facts, bounds: Bounds, *, feed_silent_s: float) -> Seen:
    """Everything that is wrong: what `moderation` finds, and the silent feeds."""
    return find(facts.vitals, bounds) | silent_feeds(facts.feeds, now=facts.vitals.at, feed_silent_s=feed_silent_s)


def silent_feeds(feeds: Sequence[WatchedFeed] | None, *, now: datetime, feed_silent_s: float) -> Seen:
    """An alarm for each feed that could not be read for so long; one that was never read is at once. 0: none."""
    if not feed_silent_s:
        return Seen((FEED,))
    if feeds is None:
        return Seen((FEED,), unknown=frozenset({FEED}))
    return Seen((FEED,), tuple(_silent(feed, now) for feed in feeds if _is_silent(feed, now, feed_silent_s)))


def _is_silent(feed: WatchedFeed, now: datetime, feed_silent_s: float) -> bool:
    if feed.read_at is None:
        return feed.failures > 0
    # A feed that is rarely looked at is not silent between two looks.
    return age_s(feed.read_at, now) > max(feed_silent_s, 2 * feed.poll_s)


def _silent(feed: WatchedFeed, now: datetime) -> Alarm:
    figures: Figures = {"feed": feed.url, "failures": feed.failures, "waited_s": age_s(feed.read_at, now)}
    return Alarm(FEED, about=feed.url, figures=figures)


def advance(remembered: Mapping[Key, Standing], seen: Seen, *, now: datetime, damping: Damping) -> dict[Key, Standing]:
    """What is to be remembered after a look."""
    standing = {(alarm.name, alarm.about): alarm for alarm in seen.standing}
    moved: dict[Key, Standing] = {}
    for key in (*remembered, *(key for key in standing if key not in remembered)):
        before = remembered.get(key)
        if before is not None and key[0] in seen.unknown:
            moved[key] = before
        elif key in standing:
            moved[key] = _stands(before, standing[key], now=now, damping=damping)
        elif before is not None and before.due:
            gone = before.gone or now
            moved[key] = replace(before, gone=gone, over=now - gone >= timedelta(seconds=damping.clears_s))
    return moved


def _stands(before: Standing | None, alarm: Alarm, *, now: datetime, damping: Damping) -> Standing:
    since = before.since if before is not None else now
    due = (before is not None and before.due) or now - since >= timedelta(seconds=damping.stands_s)
    return Standing(alarm, since, due=due, told=before.told if before is not None else frozenset())


def to_tell(
    remembered: Mapping[Key, Standing], chats: Collection[int]
) -> dict[int, tuple[list[Standing], list[Standing]]]:
    """For each chat that has something to hear: the alarms that are new to it, and those it knows that are over."""
    news = {
        chat: (
            [one for one in remembered.values() if one.due and one.gone is None and chat not in one.told],
            [one for one in remembered.values() if one.over and chat in one.told],
        )
        for chat in chats
    }
    return {chat: told for chat, told in news.items() if any(told)}


def heard(remembered: Mapping[Key, Standing], chat: int) -> dict[Key, Standing]:
    """The same, after this chat, which had something to hear, was told all of it."""
    new, over = to_tell(remembered, {chat})[chat]
    moved = dict(remembered)
    for one in new:
        moved[key_of(one.alarm)] = replace(one, told=one.told | {chat})
    for one in over:
        moved[key_of(one.alarm)] = replace(one, told=one.told - {chat})
    return moved


def forget_over(remembered: Mapping[Key, Standing], chats: Collection[int]) -> dict[Key, Standing]:
    """Without the alarms that are over and of which nobody has anything left to hear."""
    return {key: one for key, one in remembered.items() if not (one.over and one.told.isdisjoint(chats))}


def key_of(alarm: Alarm) -> Key:
    """What tells this alarm from others."""
    return alarm.name, alarm.about


def unseen(report: Report | None, *, now: datetime) -> Seen:
    """What nobody can be told in a chat, so that the web part has to say it: no bot works, or Telegram is away."""
    if report is None or age_s(report.at, now) > SEEN_WITHIN_S:
        figures: Figures = {"waited_s": age_s(report.at, now)} if report is not None else {}
        return Seen((BOT, TELEGRAM), (Alarm(BOT, figures=figures),), frozenset({TELEGRAM}))
    if report.telegram_at is None or age_s(report.telegram_at, now) > ANSWERED_WITHIN_S:
        return Seen((BOT, TELEGRAM), (Alarm(TELEGRAM, figures={"waited_s": age_s(report.telegram_at, now)}),))
    return Seen((BOT, TELEGRAM))


def written(report: Report) -> str:
    """The report as the store keeps it."""
    raw = {
        "at": report.at.isoformat(),
        "telegram_at": _text(report.telegram_at),
        "feeds": None if report.feeds is None else [_feed_row(feed) for feed in report.feeds],
        "standing": [_standing_row(one) for one in report.standing.values()],
        "group_fault": report.group_fault,
    }
    return json.dumps(raw, ensure_ascii=False)


def read(text: str | None) -> Report | None:
    """The report that was kept; None where there is none, or another version's that can't be read."""
    try:
        raw = json.loads(text or "null")
        if raw is None:
            return None
        standing = [_standing(row) for row in raw["standing"]]
        return Report(
            at=datetime.fromisoformat(raw["at"]),
            telegram_at=_time(raw["telegram_at"]),
            feeds=None if raw["feeds"] is None else tuple(_feed(row) for row in raw["feeds"]),
            standing={key_of(one.alarm): one for one in standing},
            group_fault=raw.get("group_fault"),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _standing_row(one: Standing) -> dict[str, Any]:
    return {
        "name": one.alarm.name,
        "about": one.alarm.about,
        "figures": dict(one.alarm.figures),
        "since": one.since.isoformat(),
        "gone": _text(one.gone),
        "due": one.due,
        "over": one.over,
        "told": sorted(one.told),
    }


def _standing(row: Mapping[str, Any]) -> Standing:
    return Standing(
        alarm=Alarm(row["name"], row["about"], row["figures"]),
        since=datetime.fromisoformat(row["since"]),
        gone=_time(row["gone"]),
        due=row["due"],
        over=row["over"],
        told=frozenset(row["told"]),
    )


def _feed_row(feed: WatchedFeed) -> dict[str, Any]:
    return {"url": feed.url, "poll_s": feed.poll_s, "read_at": _text(feed.read_at), "failures": feed.failures}


def _feed(row: Mapping[str, Any]) -> WatchedFeed:
    return WatchedFeed(row["url"], row["poll_s"], _time(row["read_at"]), row["failures"])


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
