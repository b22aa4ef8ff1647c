"""One story to one subscriber, once: planned in one statement, leased, sent, remembered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.keywords import phrases
from bot.store.keywords import THEIRS, has_keyword
from bot.store.stories import story_in
from bot.store.subscribers import subscriber_in
from bot.store.tables import deliveries, shown, stories, subscribers
from bot.story import Story
from bot.subscriber import Subscriber, hours_of
from moderation.database import Database, UtcTime

QUIET = "quiet time"
"""Why a delivery waits whose turn came in its reader's quiet time."""

UNWANTED = "no longer wanted"
"""Why a delivery was given up whose reader had left the stories, or the story's language or section."""

_GROUPS_AT_MOST = 400

_PLANNING = 7_206_951
"""The number of the lock under which PostgreSQL plans one story after the other."""

_Group = tuple[str | None, int | None, int | None, bool]
"""What many chose alike: the time zone, the quiet time's beginning and end, whether a top story breaks it."""

_Hours = dict[_Group, tuple[datetime, datetime, datetime]]
"""By choice: when a story is due, and when that day begins and ends there."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A leased delivery: this story is to be sent to this subscriber by whoever holds the lease.

    `attempts` counts the leases, so it also tells this one from a later one; `failures` those that ended in a fault.
    `asked`: the reader did for it just before, at whatever hour, or had it in a digest.
    """

    id: int
    story_id: int
    subscriber_id: int
    attempts: int
    failures: int
    asked: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """For how many subscribers a story is: who would get it now, when their quiet time ends, and, with as many stories
    as they want that day, not at all."""

    now: int
    later: int
    full: int

    @property
    def planned(self) -> int:
        """How many would get it."""
        return self.now + self.later


class Deliveries:
    """Deliveries live in the database: what was promised to a subscriber outlives Redis and every process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plan(self, story: Story, *, now: datetime, followed: bool = False) -> int:
        """A delivery for every active subscriber whose language and choice the story is of; how many are new.

        With `followed` for those alone who follow a word that the story has.

        It is due when their quiet time is over. Whoever has the story already, or is about to get it, is left out by
        the unique key, and so is who would get more stories that day than they want.
        """
        hours = await self._hours(story, now=now)
        chosen = sa.select(
            sa.literal(story.id),
            subscribers.c.id,
            sa.literal("pending"),
            _by_hours({group: due for group, (due, _, _) in hours.items()}, otherwise=now),
            sa.literal(0),
            sa.false(),
        ).where(*_wanting(story, followed=followed), _has_room(hours, now=now))
        insert = self._database.insert(deliveries).from_select(
            ["story_id", "subscriber_id", "state", "due_at", "attempts", "asked"], chosen
        )
        async with self._database.write() as connection:
            if self._database.dialect == "postgresql":
                # Two at once would not see each other, and both take the last room of a day.
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_PLANNING)))
            done = await connection.execute(insert.on_conflict_do_nothing())
        return done.rowcount

    async def count_wanting(self, story: Story, *, now: datetime) -> Wanted:
        """For how many subscribers a push would plan a delivery, and when it would be due."""
        hours = await self._hours(story, now=now)
        has = sa.exists().where(deliveries.c.subscriber_id == subscribers.c.id, deliveries.c.story_id == story.id)
        room = _has_room(hours, now=now)
        later = _by_hours({group: due for group, (due, _, _) in hours.items()}, otherwise=now) > now
        columns = (
            _counted(sa.and_(room, sa.not_(later))),
            _counted(sa.and_(room, later)),
            _counted(sa.not_(room)),
        )
        query = sa.select(*columns).select_from(subscribers).where(*_wanting(story), ~has)
        async with self._database.read() as connection:
            return Wanted(*(await connection.execute(query)).one())

    async def _hours(self, story: Story, *, now: datetime) -> _Hours:
        """For those who chose the same hours: when the story is due, and when that day begins and ends for them.

        As many choices as one statement takes, the most frequent first; whose are not among them are told by the
        sender, before it sends.
        """
        choice = (subscribers.c.timezone, subscribers.c.quiet_from, subscribers.c.quiet_until, subscribers.c.breaking)
        query = (
            sa.select(*choice)
            .where(
                subscribers.c.language == story.language,
                subscribers.c.active.is_(True),
                sa.or_(subscribers.c.quiet_from.is_not(None), subscribers.c.daily_at_most.is_not(None)),
            )
            .group_by(*choice)
            .order_by(sa.func.count().desc())
            .limit(_GROUPS_AT_MOST)
        )
        async with self._database.read() as connection:
            groups = [tuple(row) for row in (await connection.execute(query)).all()]
        found: _Hours = {}
        for timezone, begins, ends, breaking in groups:
            quiet = None if begins is None else (begins, ends)
            hours = hours_of(story.language, timezone=timezone, quiet=quiet, breaking=breaking)
            due = hours.due(now, breaking=story.top)
            found[timezone, begins, ends, breaking] = (due, *hours.day_of(due))
        return found

    async def plan_one(self, story_id: int, person: int, *, now: datetime) -> bool:
        """A delivery of this story to this one reader, who asked; False when they have it already."""
        insert = self._database.insert(deliveries).values(
            story_id=story_id, subscriber_id=person, state="pending", due_at=now, attempts=0, asked=True
        )
        async with self._database.write() as connection:
            done = await connection.execute(insert.on_conflict_do_nothing())
        return done.rowcount == 1

    async def received(self, person: int) -> set[int]:
        """The stories this reader was sent or is about to be sent, or that their chat shows, as from `/top`."""
        sent = sa.select(deliveries.c.story_id).where(had_by(person))
        # Which revision is looked at here: asked for, it would be found by an index of all the messages that have one.
        seen = sa.select(shown.c.story_id, shown.c.revision).where(shown.c.chat_id == person)
        async with self._database.read() as connection:
            had = set((await connection.execute(sent)).scalars())
            return had | {row.story_id for row in await connection.execute(seen) if row.revision is not None}

    async def lease(self, *, at_most: int, lease_s: float, clock: Callable[[], datetime]) -> list[Delivery]:
        """Deliveries to send now, oldest first; nobody else gets them until the lease runs out.

        One whose lease ran out is given again: its sender died, and a lost alert is worse than a repeated one. So is
        one leased for longer than any lease is: the clock was set back.
        """
        now = clock()
        if not await self._any_due(now, lease_s=lease_s):
            return []  # a look costs no lock; the lease itself takes SQLite's one
        waiting = (
            sa.select(deliveries.c.id)
            .where(
                sa.or_(
                    sa.and_(deliveries.c.state == "pending", deliveries.c.due_at <= now),
                    sa.and_(deliveries.c.state == "leased", _is_over(now, lease_s)),
                )
            )
            .order_by(deliveries.c.due_at, deliveries.c.id)
            .limit(at_most)
        )
        if self._database.dialect == "postgresql":
            waiting = waiting.with_for_update(skip_locked=True)
        update = (
            sa.update(deliveries)
            .where(deliveries.c.id.in_(waiting))
            .returning(
                deliveries.c.id,
                deliveries.c.story_id,
                deliveries.c.subscriber_id,
                deliveries.c.attempts,
                deliveries.c.failures,
                deliveries.c.asked,
            )
        )
        async with self._database.write() as connection:
            # The time is taken with the lock in hand: waiting for it may have taken as long as a lease lasts.
            until = {"leased_until": clock() + timedelta(seconds=lease_s)}
            leased = update.values(state="leased", attempts=deliveries.c.attempts + 1, **until)
            rows = (await connection.execute(leased)).all()
        return sorted((Delivery(*row) for row in rows), key=lambda delivery: delivery.id)

    async def meant_for(self, delivery: Delivery) -> tuple[Story, Subscriber] | None:
        """The story and the subscriber as they are now; None where either is gone."""
        both = stories.join(subscribers, subscribers.c.id == delivery.subscriber_id)
        query = sa.select(stories, subscribers, THEIRS).select_from(both).where(stories.c.id == delivery.story_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        columns = len(stories.c)
        story = dict(zip(stories.c.keys(), row[:columns], strict=True))
        subscriber = dict(zip([*subscribers.c.keys(), THEIRS.name], row[columns:], strict=True))
        return story_in(story), subscriber_in(subscriber)

    async def hold(self, ids: Collection[int], *, lease_s: float, clock: Callable[[], datetime]) -> None:
        """These are still on their way: nobody else is given them for `lease_s` from now."""
        held = sa.update(deliveries).where(deliveries.c.id.in_(ids), deliveries.c.state == "leased")
        async with self._database.write() as connection:
            await connection.execute(held.values(leased_until=clock() + timedelta(seconds=lease_s)))

    async def sent(self, delivery: Delivery, *, message_id: int, now: datetime) -> None:
        """It was sent, as this message: true also when the lease had run out meanwhile."""
        values = {"state": "sent", "message_id": message_id, "sent_at": now, "leased_until": None}
        await self._close(delivery, deliveries.c.state != "sent", values)

    async def failed(self, delivery: Delivery, *, error: str) -> None:
        """It can't be sent: blocked, gone, or refused for its content. Says nothing about what somebody else leased."""
        await self._close(delivery, _still_leased(delivery), {"state": "failed", "error": error, "leased_until": None})

    async def postpone(self, delivery: Delivery, *, due_at: datetime, error: str, failed: bool) -> None:
        """Try again from `due_at` on; `failed` where that was a fault, and no wish of Telegram's to wait.

        Says nothing about what somebody else leased meanwhile.
        """
        failures = delivery.failures + failed
        values = {"state": "pending", "due_at": due_at, "error": error, "leased_until": None, "failures": failures}
        await self._close(delivery, _still_leased(delivery), values)

    async def reschedule(self, reader: Subscriber, *, now: datetime) -> bool:
        """What waits for this reader's hours waits for those they have chosen now; whether anything did.

        What they want in no message of its own any more waits for none, and comes with a digest.
        """
        top = deliveries.c.story_id.in_(sa.select(stories.c.id).where(stories.c.top.is_(True)))
        usual, breaking = (sa.literal(reader.hours.due(now, breaking=top), UtcTime) for top in (False, True))
        waiting = sa.and_(
            deliveries.c.subscriber_id == reader.id,
            deliveries.c.state == "pending",
            deliveries.c.due_at > now,
            deliveries.c.asked.is_(False),
            sa.or_(deliveries.c.error.is_(None), deliveries.c.error == QUIET),
        )
        async with self._database.write() as connection:
            if not reader.alerts:
                unwanted = waiting if not reader.breaking else sa.and_(waiting, ~top)
                await connection.execute(sa.delete(deliveries).where(unwanted))
            moved = sa.update(deliveries).where(waiting).values(due_at=sa.case((top, breaking), else_=usual))
            return (await connection.execute(moved)).rowcount > 0

    async def count_put_off(self, story_id: int, *, now: datetime) -> int:
        """How many deliveries of a story wait for their reader's hours."""
        waiting = sa.and_(deliveries.c.story_id == story_id, deliveries.c.state == "pending", deliveries.c.due_at > now)
        query = sa.select(sa.func.count()).where(
            waiting, sa.or_(deliveries.c.error.is_(None), deliveries.c.error == QUIET)
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def counts(self, story_id: int) -> dict[str, int]:
        """How many deliveries of a story stand in each state."""
        query = (
            sa.select(deliveries.c.state, sa.func.count())
            .where(deliveries.c.story_id == story_id)
            .group_by(deliveries.c.state)
        )
        async with self._database.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def errors(self, story_id: int) -> dict[str, int]:
        """Why deliveries of a story were given up, and how many each."""
        given_up = sa.and_(deliveries.c.story_id == story_id, deliveries.c.state == "failed")
        query = sa.select(deliveries.c.error, sa.func.count()).where(given_up).group_by(deliveries.c.error)
        async with self._database.read() as connection:
            return {error or "": number for error, number in await connection.execute(query)}

    async def drop_finished(self, *, older_than: datetime, at_most: int) -> int:
        """Forget deliveries sent or given up that were due before `older_than`, so many at most; how many."""
        old = (
            sa.select(deliveries.c.id)
            .where(deliveries.c.state.in_(["sent", "failed"]), deliveries.c.due_at < older_than)
            .limit(at_most)
        )
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(deliveries).where(deliveries.c.id.in_(old)))).rowcount

    async def _any_due(self, now: datetime, *, lease_s: float) -> bool:
        due = sa.select(deliveries.c.id).where(deliveries.c.state == "pending", deliveries.c.due_at <= now).limit(1)
        late = sa.select(deliveries.c.id).where(deliveries.c.state == "leased", _is_over(now, lease_s)).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(due)).first() is not None or (
                await connection.execute(late)
            ).first() is not None

    async def _close(self, delivery: Delivery, condition: sa.ColumnElement[bool], values: Mapping[str, object]) -> None:
        update = sa.update(deliveries).where(deliveries.c.id == delivery.id, condition).values(**values)
        async with self._database.write() as connection:
            await connection.execute(update)


def had_by(person: int) -> sa.ColumnElement[bool]:
    """Deliveries of what this reader was sent, or is to be: not of what they did not want when its turn came."""
    unwanted = sa.and_(deliveries.c.state == "failed", deliveries.c.error == UNWANTED)
    return sa.and_(deliveries.c.subscriber_id == person, sa.not_(unwanted))


def _wanting(story: Story, *, followed: bool = False) -> list[sa.ColumnElement[bool]]:
    """Whose subscription the story is for, and whose chat has no message with it, as from `/top`."""
    said = phrases(story.title, story.summary)
    has = sa.exists().where(
        shown.c.chat_id == subscribers.c.id, shown.c.story_id == story.id, shown.c.revision.is_not(None)
    )
    wanting: list[sa.ColumnElement[bool]] = [
        subscribers.c.language == story.language,
        subscribers.c.active.is_(True),
        sa.or_(subscribers.c.alerts.is_(True), subscribers.c.breaking.is_(True) if story.top else sa.false()),
        ~has,
        ~has_keyword("mute", said),
    ]
    if followed:
        wanting.append(has_keyword("follow", said))
    elif not story.top:
        # Sections are a JSON list in both databases; none chosen is the text "[]".
        as_text = sa.cast(subscribers.c.sections, sa.Text)
        of_section = as_text.contains(f'"{story.section}"', autoescape=True)
        wanting.append(sa.or_(as_text == "[]", of_section, has_keyword("follow", said)))
    return wanting


def _by_hours(times: Mapping[_Group, datetime], *, otherwise: datetime) -> sa.ColumnElement[datetime]:
    """The time for a subscriber's hours."""
    told = [(_chose(group), sa.literal(time, UtcTime)) for group, time in times.items()]
    return sa.case(*told, else_=sa.literal(otherwise, UtcTime)) if told else sa.literal(otherwise, UtcTime)


def _chose(group: _Group) -> sa.ColumnElement[bool]:
    timezone, begins, ends, breaking = group
    return sa.and_(
        subscribers.c.timezone.is_not_distinct_from(timezone),
        subscribers.c.quiet_from.is_not_distinct_from(begins),
        subscribers.c.quiet_until.is_not_distinct_from(ends),
        subscribers.c.breaking.is_(breaking),
    )


def _has_room(hours: _Hours, *, now: datetime) -> sa.ColumnElement[bool]:
    """Whether the subscriber gets fewer stories than they want at most, on the day when one would come."""
    day = timedelta(days=1)
    begins = _by_hours({group: begins for group, (_, begins, _) in hours.items()}, otherwise=now - day)
    ends = _by_hours({group: ends for group, (_, _, ends) in hours.items()}, otherwise=now + day)
    others = deliveries.alias()
    theirs = sa.select(sa.func.count()).where(
        others.c.subscriber_id == subscribers.c.id,
        others.c.state != "failed",
        others.c.asked.is_(False),
        others.c.due_at >= begins,
        others.c.due_at < ends,
    )
    return sa.or_(subscribers.c.daily_at_most.is_(None), theirs.scalar_subquery() < subscribers.c.daily_at_most)


def _counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _is_over(now: datetime, lease_s: float) -> sa.ColumnElement[bool]:
    """Whether nobody holds the lease any more; twice as long as a lease lasts, it was given by another clock."""
    until = deliveries.c.leased_until
    return sa.or_(until < now, until > now + timedelta(seconds=2 * lease_s))


def _still_leased(delivery: Delivery) -> sa.ColumnElement[bool]:
    return sa.and_(deliveries.c.state == "leased", deliveries.c.attempts == delivery.attempts)
