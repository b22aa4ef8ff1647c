"""When stories may come, as a subscriber is told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time

from babel import Locale
from babel.dates import format_time, get_timezone_location

from bot.hours import Hours
from bot.messages.texts import Html, comma, plain, say
from bot.subscriber import Subscriber

_BY_COUNTRY = {"Asia/Kolkata": "IN", "Asia/Kathmandu": "NP"}
"""Zones of a whole country that are named after a city of which not every language here has a word."""


def clock(minute: int, language: str) -> str:
    """What the clock shows so many minutes after midnight."""
    return format_time(time(minute // 60, minute % 60), "HH:mm", locale=language)


def clocks(minutes: Collection[int], language: str) -> str:
    """The same of several, one after the other."""
    return comma(language).join(clock(minute, language) for minute in minutes)


def place(timezone: str, language: str) -> str:
    """Where a time zone's clocks hang."""
    country = _BY_COUNTRY.get(timezone)
    if country is not None:
        return str(Locale(language).territories[country])
    try:
        return str(get_timezone_location(timezone, locale=language, return_city=True))
    except LookupError:  # a name that lists may hold and that is no place, such as Factory
        return timezone


def shown(now: datetime, timezone: str, language: str) -> str:
    """What the clocks of a time zone show now."""
    return format_time(now.astimezone(Hours(timezone).zone), "HH:mm", locale=language)


def hours(subscriber: Subscriber, *, now: datetime) -> Html:
    """What they have chosen of hours, and what time it is for them."""
    language, timezone = subscriber.language, subscriber.hours.zone.key
    begins, ends = subscriber.quiet or (0, 0)
    return say(
        "hours",
        language,
        # A variable that chooses a wording is shown nowhere: isolated, it would choose none.
        quiet=Html("no" if subscriber.quiet is None else "yes"),
        begins=clock(begins, language),
        ends=clock(ends, language),
        breaking=Html("yes" if subscriber.breaking else "no"),
        limited=Html("no" if subscriber.daily_at_most is None else "yes"),
        n=subscriber.daily_at_most or 0,
        place=place(timezone, language),
        time=shown(now, timezone, language),
    )


def in_short(subscriber: Subscriber) -> str:
    """The hours in a few words, for the settings."""
    language = subscriber.language
    if subscriber.quiet is None:
        said = plain("hours-short-any", language)
    else:
        begins, ends = (clock(minute, language) for minute in subscriber.quiet)
        where = place(subscriber.hours.zone.key, language)
        said = plain("hours-short-quiet", language, begins=begins, ends=ends, place=where)
    if subscriber.daily_at_most is not None:
        said += comma(language) + plain("hours-short-daily", language, n=subscriber.daily_at_most)
    if subscriber.digest_at:
        said += comma(language) + plain("digest-short", language, times=clocks(subscriber.digest_at, language))
    return said
