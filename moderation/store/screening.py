"""What the worker and the sweeper ask: what is to be screened, and what came before it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.store.tables import comments, revisions
from moderation.store.values import Counts, Pending

_SECOND = 1_000_000

_RECEIVED = revisions.c.status == sa.literal_column("'received'")
"""Written out rather than bound: a partial index is only used where the planner sees its condition."""


class ScreeningQueries:
    """Reads of the screening's side of the store."""

    database: Database

    async def for_screening(self, revision_ids: Collection[int]) -> list[Pending]:
        """Those of the revisions that still have to be screened, oldest first; decided or unknown ones are left out."""
        wanted = (
            sa.select(
                revisions.c.id,
                revisions.c.comment_id,
                revisions.c.number,
                comments.c.story,
                revisions.c.author,
                revisions.c.text,
                comments.c.language,
                revisions.c.status,
                revisions.c.received_at,
            )
            .join(comments, comments.c.id == revisions.c.comment_id)
            .where(revisions.c.id.in_(revision_ids), revisions.c.status == CommentStatus.RECEIVED)
            .order_by(revisions.c.id)
        )
        async with self.database.read() as connection:
            rows = await connection.execute(wanted)
            return [
                Pending(
                    revision_id=row.id,
                    comment_id=row.comment_id,
                    number=row.number,
                    story=row.story,
                    author=row.author,
                    text=row.text,
                    language=row.language,
                    status=CommentStatus(row.status),
                    received_at=row.received_at,
                )
                for row in rows
            ]

    async def facts(
        self, revision_ids: Collection[int], *, flood_window_s: float = 0, repeat_window_s: float = 0
    ) -> dict[int, Counts]:
        """What was received before each revision, within so many seconds before it; 0 leaves that count out.

        Measured from the revision's own arrival, so a backlog is judged as it would have been at once.
        """
        mine, other = revisions.alias("mine"), revisions.alias("other")
        before = (other.c.id < mine.c.id) & (other.c.received_at <= mine.c.received_at)

        def since(seconds: float) -> sa.ColumnElement[bool]:
            arrived = sa.type_coerce(mine.c.received_at, sa.BigInteger)
            return sa.type_coerce(other.c.received_at, sa.BigInteger) > arrived - round(seconds * _SECOND)

        def count(what: sa.ColumnElement[int], seconds: float, *where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            if not seconds:
                return sa.literal(0)
            return sa.select(what).where(before, since(seconds), *where).correlate(mine).scalar_subquery()

        alike = (other.c.fingerprint == mine.c.fingerprint) & (other.c.comment_id != mine.c.comment_id)
        wanted = sa.select(
            mine.c.id,
            count(sa.func.count(), flood_window_s, other.c.author == mine.c.author).label("by_author"),
            count(sa.func.count(), repeat_window_s, alike, other.c.author == mine.c.author).label("same_by_author"),
            count(
                sa.func.count(sa.distinct(other.c.author)), repeat_window_s, alike, other.c.author != mine.c.author
            ).label("same_by_others"),
        ).where(mine.c.id.in_(revision_ids))
        async with self.database.read() as connection:
            rows = await connection.execute(wanted)
            return {row.id: Counts(row.by_author, row.same_by_author, row.same_by_others) for row in rows}

    async def unscreened(self, *, older_than: datetime, limit: int) -> list[int]:
        """Revisions received before `older_than` that nobody decided yet, oldest first."""
        wanted = (
            sa.select(revisions.c.id)
            .where(_RECEIVED, revisions.c.received_at < older_than)
            .order_by(revisions.c.received_at, revisions.c.id)
            .limit(limit)
        )
        async with self.database.read() as connection:
            return list((await connection.execute(wanted)).scalars())
