"""One story to one subscriber, once: leased, sent, remembered. Those of a push are planned in `pushes`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

import sqlalchemy as sa

from bot.store.keywords import THEIRS
from bot.store.stories import story_in
from bot.store.subscribers import subscriber_in
from bot.store.tables import deliveries, shown, stories, subscribers
from bot.story import Story
from bot.subscriber import Subscriber
from moderation.database import Database, UtcTime

QUIET = "quiet time"
"""Why a delivery waits whose turn came in its reader's quiet time."""

UNWANTED = "no longer wanted"
"""Why a delivery was given up whose reader had left the stories, or the story's language or section."""


class Urgency(IntEnum):
    """Which deliveries go first: none waits for one of a less urgent kind, however many of those there are."""

    ASKED = 0
    BREAKING = 1
    USUAL = 2


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


class Deliveries:
    """Deliveries live in the database: what was promised to a subscriber outlives Redis and every process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plan_one(self, story_id: int, person: int, *, now: datetime) -> bool:
        """A delivery of this story to this one reader, who asked; False when they have it already."""
        insert = self._database.insert(deliveries).values(
            story_id=story_id,
            subscriber_id=person,
            state="pending",
            due_at=now,
            attempts=0,
            asked=True,
            urgency=Urgency.ASKED,
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
        """Deliveries to send now, the most urgent first, of those the oldest: nobody else's while the lease runs.

        One whose lease ran out is given again: its sender died, and a lost alert is worse than a repeated one. So is
        one leased for longer than any lease is: the clock was set back.
        """
        now = clock()
        if not await self._any_due(now, lease_s=lease_s):
            return []  # a look costs no lock; the lease itself takes SQLite's one
        leased: list[Delivery] = []
        async with self._database.write() as connection:
            # The time is taken with the lock in hand: waiting for it may have taken as long as a lease lasts.
            until = clock() + timedelta(seconds=lease_s)
            for turn in _turns(now, lease_s):
                waiting = turn.limit(at_most - len(leased))
                if self._database.dialect == "postgresql":
                    waiting = waiting.with_for_update(skip_locked=True)
                update = sa.update(deliveries).where(deliveries.c.id.in_(waiting)).returning(*_LEASED)
                rows = await connection.execute(
                    update.values(state="leased", attempts=deliveries.c.attempts + 1, leased_until=until)
                )
                leased += sorted((Delivery(*row) for row in rows), key=lambda delivery: delivery.id)
                if len(leased) == at_most:
                    break
        return leased

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
            .where(
                deliveries.c.state.in_(["sent", "failed"]),
                deliveries.c.urgency.in_(list(Urgency)),
                deliveries.c.due_at < older_than,
            )
            .limit(at_most)
        )
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(deliveries).where(deliveries.c.id.in_(old)))).rowcount

    async def _any_due(self, now: datetime, *, lease_s: float) -> bool:
        async with self._database.read() as connection:
            for turn in _turns(now, lease_s):
                if (await connection.execute(turn.limit(1))).first() is not None:
                    return True
        return False

    async def _close(self, delivery: Delivery, condition: sa.ColumnElement[bool], values: Mapping[str, object]) -> None:
        update = sa.update(deliveries).where(deliveries.c.id == delivery.id, condition).values(**values)
        async with self._database.write() as connection:
            await connection.execute(update)


def had_by(person: int) -> sa.ColumnElement[bool]:
    """Deliveries of what this reader was sent, or is to be: not of what they did not want when its turn came."""
    unwanted = sa.and_(deliveries.c.state == "failed", deliveries.c.error == UNWANTED)
    return sa.and_(deliveries.c.subscriber_id == person, sa.not_(unwanted))


_LEASED = (
    deliveries.c.id,
    deliveries.c.story_id,
    deliveries.c.subscriber_id,
    deliveries.c.attempts,
    deliveries.c.failures,
    deliveries.c.asked,
)


def _turns(now: datetime, lease_s: float) -> Iterator[sa.Select[tuple[int]]]:
    """What may be sent, in the order in which it goes: one query for each kind, for which the index has an order."""
    which = sa.select(deliveries.c.id)
    yield which.where(deliveries.c.state == "leased", deliveries.c.urgency.in_(list(Urgency)), _is_over(now, lease_s))
    for urgency in Urgency:
        due = which.where(deliveries.c.state == "pending", deliveries.c.urgency == urgency, deliveries.c.due_at <= now)
        yield due.order_by(deliveries.c.due_at, deliveries.c.id)


def _is_over(now: datetime, lease_s: float) -> sa.ColumnElement[bool]:
    """Whether nobody holds the lease any more; twice as long as a lease lasts, it was given by another clock."""
    until = deliveries.c.leased_until
    return sa.or_(until < now, until > now + timedelta(seconds=2 * lease_s))


def _still_leased(delivery: Delivery) -> sa.ColumnElement[bool]:
    return sa.and_(deliveries.c.state == "leased", deliveries.c.attempts == delivery.attempts)
