"""Outcome events: those to be told, and those that changed what everybody sees."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from moderation.database import Database
from moderation.decision import DecidedBy, EventKind, OutcomeEvent
from moderation.store.tables import AnyRow, outbox
from moderation.store.values import storable


class OutboxQueries:
    """The outbox: rows are leased, told, and marked as done; visible ones are also read by number."""

    database: Database

    async def lease_events(self, *, at_most: int, lease_s: float, now: datetime) -> list[OutcomeEvent]:
        """Due events nobody holds, the oldest undone one of each comment, oldest first; now held for `lease_s`.

        Two processes never hold the same event at once, unless one of them outlives its lease.
        """
        free, earlier = outbox.alias("free"), outbox.alias("earlier")
        # A subquery rather than NOT EXISTS: PostgreSQL turns that into a join, and where it has no figures of the table
        # yet, into one that reads every untold event for every other one.
        oldest = (
            sa.select(sa.func.min(earlier.c.id))
            .where(earlier.c.comment_id == free.c.comment_id, earlier.c.done_at.is_(None))
            .correlate(free)
            .scalar_subquery()
        )
        wanted = (
            sa.select(free.c.id)
            .where(_leasable(free, now), free.c.due_at <= now, free.c.id == oldest)
            .order_by(free.c.id)
        )
        async with self.database.read() as connection:
            # A look without a lock first: this is asked again and again, mostly in vain.
            if (await connection.execute(wanted.limit(1))).first() is None:
                return []
        async with self.database.write() as connection:
            # Chosen first and leased then: PostgreSQL may run a subquery of an UPDATE again for each row, and a limit
            # inside it would not be one.
            chosen = await connection.execute(wanted.limit(at_most).with_for_update(skip_locked=True))
            rows = await connection.execute(
                sa.update(outbox)
                .where(outbox.c.id.in_(chosen.scalars().all()), _leasable(outbox, now))
                .values(leased_until=now + timedelta(seconds=lease_s))
                .returning(*outbox.c)
            )
            return sorted((_event(row) for row in rows), key=lambda event: event.id)

    async def hold_events(self, event_ids: Collection[int], *, lease_s: float, now: datetime) -> None:
        """Whoever was given these events is still at them: nobody else is given them for `lease_s` from now."""
        async with self.database.write() as connection:
            await connection.execute(
                sa.update(outbox)
                .where(outbox.c.id.in_(event_ids), outbox.c.done_at.is_(None), outbox.c.leased_until.is_not(None))
                .values(leased_until=now + timedelta(seconds=lease_s))
            )

    async def event_done(self, event_id: int, *, now: datetime) -> None:
        """The event was told; the next one of its comment may follow."""
        async with self.database.write() as connection:
            await connection.execute(
                sa.update(outbox).where(outbox.c.id == event_id, outbox.c.done_at.is_(None)).values(done_at=now)
            )

    async def release_event(self, event_id: int, *, retry_at: datetime) -> None:
        """The event could not be told yet: it is due again at `retry_at`."""
        async with self.database.write() as connection:
            await connection.execute(
                sa.update(outbox)
                .where(outbox.c.id == event_id, outbox.c.done_at.is_(None))
                .values(due_at=retry_at, leased_until=None)
            )

    async def newest_event(self, *, visible_only: bool) -> int:
        """The highest number of an event so far; 0 when there is none."""
        wanted = sa.select(sa.func.max(outbox.c.id))
        if visible_only:
            wanted = wanted.where(outbox.c.visible.is_(True))
        async with self.database.read() as connection:
            return int((await connection.execute(wanted)).scalar() or 0)

    async def visible_events(self, event_id: int, *, story: str | None, at_most: int) -> list[OutcomeEvent]:
        """Events after `event_id` that changed what everybody sees, in order; told or not, due or not."""
        wanted = sa.select(outbox).where(outbox.c.visible.is_(True), outbox.c.id > storable(event_id))
        if story is not None:
            wanted = wanted.where(outbox.c.story == story)
        async with self.database.read() as connection:
            rows = await connection.execute(wanted.order_by(outbox.c.id).limit(at_most))
            return [_event(row) for row in rows]


def _leasable(table: sa.FromClause, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.done_at.is_(None), sa.or_(table.c.leased_until.is_(None), table.c.leased_until <= now))


def _event(row: AnyRow) -> OutcomeEvent:
    return OutcomeEvent(
        id=row.id,
        at=row.at,
        kind=EventKind(row.kind),
        comment_id=row.comment_id,
        revision=row.revision,
        author=row.author,
        story=row.story,
        decided_by=DecidedBy(row.decided_by) if row.decided_by else None,
        moderator=row.moderator,
        moderator_name=row.moderator_name,
        clause=row.clause,
        reason=row.reason,
        visible=row.visible,
        first=row.first,
        silent=row.silent,
    )
