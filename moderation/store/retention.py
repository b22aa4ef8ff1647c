"""What need not be kept any longer, taken away a batch at a time, so that nobody who writes waits for it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.store.tables import legal_holds, outbox, revisions


class RetentionQueries:
    """Each takes at most so many rows in one short transaction and answers how many it took."""

    database: Database

    async def drop_told_events(self, *, older_than: datetime, at_most: int) -> int:
        """Outcome events told before that. The newest event stays: pages that follow live count on from it."""
        newest = sa.select(sa.func.max(outbox.c.id)).scalar_subquery()
        old = (
            sa.select(outbox.c.id)
            .where(outbox.c.done_at < older_than, outbox.c.id < newest)
            .order_by(outbox.c.done_at)
            .limit(at_most)
        )
        async with self.database.write() as connection:
            return (await connection.execute(sa.delete(outbox).where(outbox.c.id.in_(old)))).rowcount

    async def clear_findings(self, *, older_than: datetime, at_most: int) -> int:
        """Scores and findings of what was decided before that; never of what still waits for a moderator."""
        old = (
            sa.select(revisions.c.id)
            .where(
                sa.text("findings IS NOT NULL"),  # as the partial index has it
                revisions.c.decided_at < older_than,
                revisions.c.status.not_in([CommentStatus.RECEIVED, CommentStatus.HELD]),
                _not_kept_by_law(),
            )
            .limit(at_most)
        )
        cleared = sa.update(revisions).where(revisions.c.id.in_(old)).values(scores=sa.null(), findings=sa.null())
        async with self.database.write() as connection:
            return (await connection.execute(cleared)).rowcount

    async def clear_taken_back(self, *, older_than: datetime, at_most: int) -> int:
        """Texts that their authors wrote before that and then withdrew, or replaced before they were decided."""
        old = (
            sa.select(revisions.c.id)
            .where(
                sa.text("status = 'withdrawn' AND text <> ''"),
                revisions.c.received_at < older_than,
                _not_kept_by_law(),
            )
            .limit(at_most)
        )
        cleared = (
            sa.update(revisions)
            .where(revisions.c.id.in_(old))
            .values(text="", fingerprint="", scores=sa.null(), findings=sa.null())
        )
        async with self.database.write() as connection:
            return (await connection.execute(cleared)).rowcount


def _not_kept_by_law() -> sa.ColumnElement[bool]:
    return revisions.c.comment_id.not_in(sa.select(legal_holds.c.comment_id))
