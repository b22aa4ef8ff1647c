"""The review queue: held revisions with what a moderator needs, and who keeps one for a moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from moderation.comment import CommentStatus, shown_text
from moderation.database import Database
from moderation.decision import Finding, Reason
from moderation.store.tables import AnyRow, audit, comments, revisions
from moderation.store.values import AuditRow, Held, storable

_HELD = revisions.c.status == sa.literal_column("'held'")
"""Written out rather than bound: a partial index is only used where the planner sees its condition."""


class ReviewQueries:
    """Reads and claims of the review queue, and the audit."""

    database: Database

    async def held(
        self, *, limit: int, after: int | None = None, comment_id: int | None = None, now: datetime | None
    ) -> list[Held]:
        """Held comments, longest waiting first: those behind the comment `after`, or the one asked for.

        `now` says which claims still hold; without it none is shown.
        """
        wanted = _held_rows().order_by(revisions.c.held_at, revisions.c.comment_id).limit(limit)
        if comment_id is not None:
            wanted = wanted.where(revisions.c.comment_id == storable(comment_id))
        if after is not None:
            passed = revisions.alias("passed")
            since = (
                sa.select(sa.func.max(passed.c.held_at)).where(passed.c.comment_id == storable(after)).scalar_subquery()
            )
            wanted = wanted.where(
                sa.tuple_(revisions.c.held_at, revisions.c.comment_id)
                > sa.tuple_(sa.func.coalesce(since, sa.literal_column("0")), sa.literal(storable(after), sa.BigInteger))
            )
        async with self.database.read() as connection:
            rows = (await connection.execute(wanted)).all()
            records = await _author_records(connection, {row.author for row in rows})
            return [_held(row, records.get(row.author, {}), now=now) for row in rows]

    async def waiting(self) -> tuple[int, datetime | None]:
        """How many comments are held, and since when the oldest of them."""
        wanted = sa.select(sa.func.count(), sa.func.min(revisions.c.held_at)).where(_HELD)
        async with self.database.read() as connection:
            count, oldest = (await connection.execute(wanted)).one()
            return count, oldest

    async def claim(self, comment_id: int, *, moderator: str, now: datetime, claim_s: float) -> str | None:
        """Keep a held comment for a moderator; answers who keeps it now, None where it is not held."""
        held = sa.exists().where(revisions.c.comment_id == comments.c.id, _HELD).correlate(comments)
        free = sa.or_(comments.c.claimed_by.is_(None), comments.c.claimed_until <= now)
        chosen = comments.c.id == storable(comment_id)
        async with self.database.write() as connection:
            await connection.execute(
                sa.update(comments)
                .where(chosen, held, sa.or_(free, comments.c.claimed_by == moderator))
                .values(claimed_by=moderator, claimed_until=now + timedelta(seconds=claim_s))
            )
            found = await connection.execute(sa.select(comments.c.claimed_by).where(chosen, held))
            return found.scalar()

    async def audit_of(self, comment_id: int) -> list[AuditRow]:
        """Every change of a comment's revisions, in the order in which they happened."""
        wanted = sa.select(audit).where(audit.c.comment_id == storable(comment_id)).order_by(audit.c.id)
        async with self.database.read() as connection:
            return [_audit_row(row) for row in await connection.execute(wanted)]


def _held_rows() -> sa.Select[Any]:
    parent, answered = comments.alias("parent_comment"), revisions.alias("answered")
    return (
        sa.select(
            revisions,
            comments.c.story,
            comments.c.author_name,
            comments.c.claimed_by,
            comments.c.claimed_until,
            sa.func.coalesce(revisions.c.language, comments.c.language, "und").label("shown_language"),
            answered.c.text.label("parent_text"),
        )
        .join(comments, comments.c.id == revisions.c.comment_id)
        .outerjoin(parent, parent.c.id == comments.c.parent)
        .outerjoin(
            answered, (answered.c.comment_id == parent.c.id) & (answered.c.number == parent.c.published_revision)
        )
        .where(_HELD)
    )


async def _author_records(connection: Any, authors: Collection[str]) -> dict[str, dict[str, int]]:
    rows: Sequence[AnyRow] = (
        await connection.execute(
            sa.select(comments.c.author, comments.c.status, sa.func.count())
            .where(
                comments.c.author.in_(authors),
                comments.c.status.in_([CommentStatus.PUBLISHED, CommentStatus.REJECTED]),
            )
            .group_by(comments.c.author, comments.c.status)
        )
    ).all()
    records: dict[str, dict[str, int]] = {}
    for author, status, count in rows:
        records.setdefault(author, {})[status] = count
    return records


def _held(row: AnyRow, record: dict[str, int], *, now: datetime | None) -> Held:
    claimed = now is not None and row.claimed_until is not None and row.claimed_until > now
    return Held(
        comment_id=row.comment_id,
        revision=row.number,
        story=row.story,
        author=row.author,
        author_name=shown_text(row.author_name),
        text=row.text,
        language=row.shown_language,
        received_at=row.received_at,
        held_at=row.held_at,
        clause=row.clause,
        reason=Reason(row.reason) if row.reason else None,
        findings=tuple(Finding.from_json(finding) for finding in row.findings or ()),
        scores=row.scores or {},
        parent_text=shown_text(row.parent_text) if row.parent_text is not None else None,
        author_published=record.get(CommentStatus.PUBLISHED, 0),
        author_rejected=record.get(CommentStatus.REJECTED, 0),
        claimed_by=row.claimed_by if claimed else None,
    )


def _audit_row(row: AnyRow) -> AuditRow:
    return AuditRow(
        at=row.at,
        comment_id=row.comment_id,
        revision_id=row.revision_id,
        who=row.who,
        name=row.name,
        act=row.act,
        from_status=CommentStatus(row.from_status) if row.from_status else None,
        to_status=CommentStatus(row.to_status),
        clause=row.clause,
        reason=Reason(row.reason) if row.reason else None,
        terms=row.terms,
        model=row.model,
        scores=row.scores,
    )
