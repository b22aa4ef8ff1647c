"""Whom a story is for, and when it may come to them: conditions for a query on subscribers.

When a story is due to somebody follows from their hours, which no database knows: for each choice of hours that there
is the time is told, and the query picks by choice (docs/adr/0023-hours-are-told-when-a-story-is-planned.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from bot.keywords import phrases
from bot.store.keywords import has_keyword
from bot.store.tables import deliveries, shown, subscribers
from bot.story import Story
from bot.subscriber import hours_of
from moderation.database import UtcTime

GROUPS_AT_MOST = 400
"""Different choices of hours that one question of how many want a story tells apart, the most frequent first."""

_CHOICES = 60
"""Different hours of one page: with hundreds a statement takes a second, in which nobody else writes to SQLite."""


class Group(NamedTuple):
    """What many chose alike: the time zone, the quiet time's beginning and end, whether a top story breaks it."""

    timezone: str | None
    begins: int | None
    ends: int | None
    breaking: bool


class Looked(NamedTuple):
    """A subscriber of a page: when they used the bot last, and the hours they chose."""

    person: int
    engaged_at: datetime | None
    timezone: str | None
    begins: int | None
    ends: int | None
    breaking: bool
    daily: int | None


Hours = dict[Group, tuple[datetime, datetime, datetime]]
"""By choice: when a story is due, and when that day begins and ends there."""


def with_few_choices(page: Sequence[Looked]) -> Sequence[Looked]:
    """The first of them, whose hours are not more different than one statement is quick with."""
    groups: set[Group] = set()
    for number, one in enumerate(page):
        groups.update(groups_of([one]))
        if len(groups) > _CHOICES:
            return page[:number]
    return page


def groups_of(page: Sequence[Looked]) -> list[Group]:
    """The hours that these subscribers chose, each once; who chose none has none."""
    chose = (
        Group(one.timezone, one.begins, one.ends, one.breaking)
        for one in page
        if one.begins is not None or one.daily is not None
    )
    return list(dict.fromkeys(chose))


def told_hours(story: Story, groups: Sequence[Group], *, known: Hours, now: datetime) -> Hours:
    """For each of these choices when the story is due, and when that day begins and ends; what was not, is `known`."""
    for group in groups:
        if group not in known:
            quiet = None if group.begins is None or group.ends is None else (group.begins, group.ends)
            hours = hours_of(story.language, timezone=group.timezone, quiet=quiet, breaking=group.breaking)
            due = hours.due(now, breaking=story.top)
            known[group] = (due, *hours.day_of(due))
    return {group: known[group] for group in groups}


def wanting(story: Story) -> list[sa.ColumnElement[bool]]:
    """Whose subscription the story is for, and whose chat has no message with it, as from `/top`."""
    said = phrases(story.title, story.summary)
    has = sa.exists().where(
        shown.c.chat_id == subscribers.c.id, shown.c.story_id == story.id, shown.c.revision.is_not(None)
    )
    conditions: list[sa.ColumnElement[bool]] = [
        subscribers.c.language == story.language,
        subscribers.c.active.is_(True),
        sa.or_(subscribers.c.alerts.is_(True), subscribers.c.breaking.is_(True) if story.top else sa.false()),
        ~has,
        ~has_keyword("mute", said),
    ]
    if not story.top:
        # Sections are a JSON list in both databases; none chosen is the text "[]".
        as_text = sa.cast(subscribers.c.sections, sa.Text)
        of_section = as_text.contains(f'"{story.section}"', autoescape=True)
        conditions.append(sa.or_(as_text == "[]", of_section, has_keyword("follow", said)))
    return conditions


def by_hours(times: Mapping[Group, datetime], *, otherwise: datetime) -> sa.ColumnElement[datetime]:
    """The time for a subscriber's hours."""
    told = [(_chose(group), sa.literal(time, UtcTime)) for group, time in times.items()]
    return sa.case(*told, else_=sa.literal(otherwise, UtcTime)) if told else sa.literal(otherwise, UtcTime)


def _chose(group: Group) -> sa.ColumnElement[bool]:
    return sa.and_(
        subscribers.c.timezone.is_not_distinct_from(group.timezone),
        subscribers.c.quiet_from.is_not_distinct_from(group.begins),
        subscribers.c.quiet_until.is_not_distinct_from(group.ends),
        subscribers.c.breaking.is_(group.breaking),
    )


def has_room(hours: Hours, *, now: datetime) -> sa.ColumnElement[bool]:
    """Whether the subscriber gets fewer stories than they want at most, on the day when one would come."""
    day = timedelta(days=1)
    begins = by_hours({group: begins for group, (_, begins, _) in hours.items()}, otherwise=now - day)
    ends = by_hours({group: ends for group, (_, _, ends) in hours.items()}, otherwise=now + day)
    others = deliveries.alias()
    theirs = sa.select(sa.func.count()).where(
        others.c.subscriber_id == subscribers.c.id,
        others.c.state != "failed",
        others.c.asked.is_(False),
        others.c.due_at >= begins,
        others.c.due_at < ends,
    )
    return sa.or_(subscribers.c.daily_at_most.is_(None), theirs.scalar_subquery() < subscribers.c.daily_at_most)
