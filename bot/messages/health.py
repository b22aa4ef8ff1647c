"""How the system is, as administrators are told of it: alarms that stand or are over, and all of it in one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from bot.alarms import Facts, Key, Standing, WatchedFeed, key_of
from bot.messages.texts import MODERATORS, Html, cut, plain, say
from moderation.alarms import Alarm, Seen, Vitals, age_s

T = TypeVar("T")

_LINES_AT_MOST = 12
"""Alarms in one message, each of at most so many UTF-16 units below: together well within Telegram's 4,096."""

_FEEDS_AT_MOST = 6
_LISTED = 15
"""Feeds in the message about feeds: with the longest address and reason each, so many fit."""

_ADDRESS_AT_MOST = 80
_REASON_AT_MOST = 80
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


def told(new: Sequence[Standing], over: Sequence[Standing], *, now: datetime) -> Html:
    """What a chat is told after a look: the alarms that are new to it, then those that are over."""
    lines: list[str] = []
    if new:
        lines += [say("alarms-new", MODERATORS, n=len(new)), *_listed([alarm_line(one.alarm) for one in new])]
    if over:
        lines += ["", say("alarms-over", MODERATORS), *_listed([_over_line(one, now) for one in over])]
    return Html("\n".join(lines).strip())


def alarm_line(alarm: Alarm) -> Html:
    """What an alarm means and what to do first."""
    never = alarm.name == "feed" and not alarm.figures["waited_s"]
    return say("alarm-feed-never" if never else f"alarm-{alarm.name}", MODERATORS, **_variables(alarm))


def status(facts: Facts, seen: Seen, remembered: Mapping[Key, Standing]) -> Html:
    """The whole system in one message, the standing alarms first."""
    now = facts.vitals.at
    lines: list[str] = [say("system-well", MODERATORS)]
    if seen.standing:
        alarms = [_standing_line(alarm, remembered.get(key_of(alarm)), now) for alarm in seen.standing]
        lines = [say("alarms-new", MODERATORS, n=len(alarms)), *_listed(alarms)]
    return Html("\n".join([*lines, "", *_parts(facts)]))


def feeds(facts: Facts) -> Html:
    """Every feed, those that fail first and then those not read for longest, as far as one message has room."""
    watched, now = facts.feeds, facts.vitals.at
    if watched is None:
        return say("feeds", MODERATORS, state=say("system-unknown", MODERATORS))
    order = sorted(watched, key=lambda feed: (-feed.failures, feed.read_at is not None, -age_s(feed.read_at, now)))
    lines = [say("feeds", MODERATORS, state=_feeds(watched)), *(_feed_line(feed, now) for feed in order[:_LISTED])]
    if len(order) > _LISTED:
        lines.append(say("feeds-more", MODERATORS, n=len(order) - _LISTED))
    return Html("\n".join(lines))


def _feed_line(feed: WatchedFeed, now: datetime) -> Html:
    read = say("feeds-never", MODERATORS)
    if feed.read_at is not None:
        read = say("feeds-read", MODERATORS, span=span(age_s(feed.read_at, now)))
    name, every = cut(feed.url, at_most=_ADDRESS_AT_MOST), span(feed.poll_s)
    if not feed.failures:
        return say("feeds-good", MODERATORS, feed=name, read=read, every=every)
    error = cut(feed.error or "", at_most=_REASON_AT_MOST)
    return say("feeds-bad", MODERATORS, feed=name, failures=feed.failures, error=error, read=read)


def span(seconds: float) -> str:
    """A stretch of time in its largest whole unit."""
    for unit_s, key in ((_DAY_S, "span-days"), (_HOUR_S, "span-h"), (_MINUTE_S, "span-min")):
        if seconds >= 2 * unit_s:
            return plain(key, MODERATORS, n=int(seconds // unit_s))
    return plain("span-s", MODERATORS, n=int(seconds))


def _variables(alarm: Alarm) -> dict[str, str | int]:
    variables = dict(alarm.figures)
    if "waited_s" in variables:
        variables["span"] = span(int(variables.pop("waited_s")))
    if alarm.about:
        variables["feed"] = cut(alarm.about, at_most=_ADDRESS_AT_MOST)
    return variables


def _over_line(one: Standing, now: datetime) -> Html:
    variables = _variables(one.alarm) | {"span": span(age_s(one.since, one.gone or now))}
    return say(f"over-{one.alarm.name}", MODERATORS, **variables)


def _standing_line(alarm: Alarm, remembered: Standing | None, now: datetime) -> Html:
    line = alarm_line(alarm)
    if remembered is None or not remembered.due:
        return line
    return say("system-since", MODERATORS, text=line, span=span(age_s(remembered.since, now)))


def _listed(lines: Sequence[Html]) -> list[str]:
    shown = [f"• {line}" for line in lines[:_LINES_AT_MOST]]
    if len(lines) > _LINES_AT_MOST:
        shown.append(say("alarms-more", MODERATORS, n=len(lines) - _LINES_AT_MOST))
    return shown


def _parts(facts: Facts) -> list[Html]:
    vitals = facts.vitals

    def line(key: str, state: Html) -> Html:
        return say(key, MODERATORS, state=state)

    return [
        line("system-database", _reached(vitals.database)),
        line("system-redis", _reached(vitals.redis)),
        line("system-workers", _known(vitals.workers, _workers)),
        say("system-bot", MODERATORS),
        line("system-feeds", _known(facts.feeds, _feeds)),
        *_failing_feeds(facts.feeds or ()),
        line(
            "system-queue",
            _known(
                vitals.queue,
                lambda size: say("system-queue-is", MODERATORS, length=size.length, pending=size.pending),
            ),
        ),
        line("system-received", _waiting(vitals, "received")),
        line("system-held", _waiting(vitals, "held")),
        line("system-dead", _known(vitals.queue, lambda size: Html(size.dead))),
        line(
            "system-disk",
            _known(
                vitals.disk,
                lambda disk: say("system-disk-is", MODERATORS, percent=int(disk.free_percent), mb=disk.free // 2**20),
            ),
        ),
    ]


def _known(value: T | None, tell: Callable[[T], Html]) -> Html:
    return say("system-unknown", MODERATORS) if value is None else tell(value)


def _reached(answers: bool) -> Html:
    return say("system-ok" if answers else "system-away", MODERATORS)


def _workers(workers: Mapping[str, str | None]) -> Html:
    models = sorted({model for model in workers.values() if model is not None})
    without = sum(model is None for model in workers.values())
    if not workers:
        return say("system-workers-none", MODERATORS)
    key = "system-workers-without" if without else "system-workers-are"
    named = ", ".join(models) or plain("system-workers-none", MODERATORS)
    return say(key, MODERATORS, n=len(workers), without=without, models=named)


def _feeds(feeds: Sequence[WatchedFeed]) -> Html:
    failing = sum(feed.failures > 0 for feed in feeds)
    if not failing:
        return say("system-feeds-read", MODERATORS, n=len(feeds))
    return say("system-feeds-failing", MODERATORS, n=len(feeds), failing=failing)


def _failing_feeds(feeds: Sequence[WatchedFeed]) -> list[Html]:
    failing = sorted((feed for feed in feeds if feed.failures), key=lambda feed: -feed.failures)
    return [
        say(
            "system-feed",
            MODERATORS,
            feed=cut(feed.url, at_most=_ADDRESS_AT_MOST),
            failures=feed.failures,
            error=cut(feed.error or "", at_most=_REASON_AT_MOST),
        )
        for feed in failing[:_FEEDS_AT_MOST]
    ]


def _waiting(vitals: Vitals, what: str) -> Html:
    if vitals.waiting is None:
        return say("system-unknown", MODERATORS)
    number, oldest = getattr(vitals.waiting, what), getattr(vitals.waiting, f"oldest_{what}")
    if not number:
        return say("system-none-wait", MODERATORS)
    return say("system-waiting", MODERATORS, n=number, span=span(age_s(oldest, vitals.at)))
