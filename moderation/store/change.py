"""The writes that accept, decide and withdraw, within one transaction.

Only intake and enforcement hold a Change. The comment's row is the lock: whoever changes a comment takes it first, in
the order of ids, so that on PostgreSQL nobody deadlocks and everything read after it is current. On SQLite the
transaction itself is that lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from moderation.comment import CommentStatus, Revision, Submission
from moderation.database import Database
from moderation.decision import DecidedBy, Decision, Reason
from moderation.store.erasing import ErasingWrites
from moderation.store.switches import switches_in_force
from moderation.store.tables import AnyRow, agreements, audit, comments, outbox, revisions
from moderation.store.values import AuditRow, NewEvent, Standing, storable
from moderation.switch import Switch

_EVENTS_IN_ORDER = 0x62616974
"""Key of the advisory lock under which visible events are numbered (PostgreSQL)."""


class Change(ErasingWrites):
    """One transaction's hand on the tables. Nothing here decides: it writes what it is told."""

    def __init__(self, database: Database, connection: AsyncConnection) -> None:
        self._database = database
        self._connection = connection

    async def lock(self, comment_ids: Collection[int]) -> None:
        """Keep everybody else from changing these comments until the transaction ends."""
        if self._database.dialect == "sqlite":
            return
        wanted = (
            sa.select(comments.c.id)
            .where(comments.c.id.in_([storable(comment_id) for comment_id in comment_ids]))
            .order_by(comments.c.id)
        )
        await self._connection.execute(wanted.with_for_update(key_share=True))

    async def switches(self) -> list[Switch]:
        """The active switches; nobody turns one until this transaction ends. Lock comments before this, never after."""
        return await switches_in_force(self._connection, self._database)

    async def comments_of(self, revision_ids: Collection[int]) -> set[int]:
        """The comments that these revisions belong to."""
        rows = await self._connection.execute(
            sa.select(revisions.c.comment_id).where(revisions.c.id.in_(revision_ids)).distinct()
        )
        return set(rows.scalars())

    async def standing(
        self, *, revision_ids: Collection[int] = (), comment_id: int | None = None, comment_ids: Collection[int] = ()
    ) -> list[Standing]:
        """Where the given revisions stand, or all revisions of one comment or of several, oldest first."""
        if comment_id is not None:
            chosen = revisions.c.comment_id == storable(comment_id)
        elif comment_ids:
            chosen = revisions.c.comment_id.in_(comment_ids)
        else:
            chosen = revisions.c.id.in_(revision_ids)
        rows = await self._connection.execute(
            sa.select(
                revisions,
                comments.c.story,
                comments.c.section,
                comments.c.story_published_at,
                comments.c.status.label("comment_status"),
                comments.c.latest_revision,
                comments.c.published_revision,
                comments.c.published_at,
                comments.c.edited,
            )
            .join(comments, comments.c.id == revisions.c.comment_id)
            .where(chosen)
            .order_by(revisions.c.id)
        )
        return [_standing(row) for row in rows]

    async def move(
        self, revision_ids: Collection[int], *, to: CommentStatus, from_: Collection[CommentStatus]
    ) -> set[int]:
        """Give revisions a status if they have one of `from_` now; answers which of them it changed."""
        rows = await self._connection.execute(
            sa.update(revisions)
            .where(revisions.c.id.in_(revision_ids), revisions.c.status.in_(from_))
            .values(status=to)
            .returning(revisions.c.id)
        )
        return set(rows.scalars())

    async def keep_decisions(self, decisions: Mapping[int, Decision]) -> None:
        """Write each revision's decision in force; the machine's with everything it saw."""
        by_machine = [d for d in decisions.items() if d[1].decided_by is DecidedBy.MACHINE]
        by_moderator = [d for d in decisions.items() if d[1].decided_by is DecidedBy.MODERATOR]
        for group, columns in ((by_machine, _machine_columns), (by_moderator, _decision_columns)):
            if group:
                rows = [{"key": revision_id, **columns(decision)} for revision_id, decision in group]
                await self._update(revisions, rows)

    async def restore_hold(self, standing: Standing) -> None:
        """Put the machine's hold in force again, where a moderator's decision was."""
        values = {
            "outcome": "hold",
            "decided_by": DecidedBy.MACHINE,
            "decided_at": standing.held_at,
            "clause": standing.machine_clause,
            "reason": standing.machine_reason,
            "moderator": None,
            "moderator_name": None,
        }
        await self._update(revisions, [{"key": standing.revision.id, **values}])

    async def change_comments(self, values: Mapping[int, Mapping[str, Any]]) -> None:
        """Write what became of comments: for each, the same columns."""
        await self._update(comments, [{"key": comment_id, **columns} for comment_id, columns in values.items()])

    async def _update(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        names = [name for name in rows[0] if name != "key"]
        changed = sa.update(table).where(table.c.id == sa.bindparam("key"))
        await self._connection.execute(changed.values({name: sa.bindparam(name) for name in names}), rows)

    async def audit(self, rows: Sequence[AuditRow]) -> None:
        """Note changes of status."""
        await self._connection.execute(sa.insert(audit), [asdict(row) for row in rows])

    async def announce(self, events: Sequence[NewEvent]) -> None:
        """Put events into the outbox, to be told after the commit."""
        if self._database.dialect == "postgresql" and any(event.visible for event in events):
            # Numbers are given before commit. Who follows the visible events by number would miss one that is committed
            # after a later one, so they are numbered and committed one transaction at a time.
            await self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_EVENTS_IN_ORDER)))
        await self._connection.execute(sa.insert(outbox), [asdict(event) for event in events])

    async def drop_waiting(self, comment_id: int, *, revision: int, now: datetime) -> bool:
        """Take back a revision's events that no listener was given yet; False if there is none."""
        result = await self._connection.execute(
            sa.update(outbox)
            .where(
                outbox.c.comment_id == comment_id,
                outbox.c.revision == revision,
                outbox.c.done_at.is_(None),
                outbox.c.decided_by == DecidedBy.MODERATOR,
                sa.or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now),
            )
            .values(done_at=now)
        )
        return bool(result.rowcount)

    async def agreed(self, author: str, *, terms: str) -> bool:
        """Whether the author agreed to this version of the terms; so it stays until the transaction ends.

        Whoever erases the author takes the agreement away first, and so waits for the comment that rests on it.
        """
        found = await self._connection.execute(
            sa.select(agreements.c.author)
            .where(agreements.c.author == author, agreements.c.terms == terms)
            .with_for_update(read=True, key_share=True)
        )
        return found.first() is not None

    async def comment_from(self, source_key: str) -> int | None:
        """The comment that came from this message."""
        found = await self._connection.execute(sa.select(comments.c.id).where(comments.c.source_key == source_key))
        return found.scalar()

    async def is_published(self, comment_id: int, *, story: str) -> bool:
        """Whether the comment stands published under the story."""
        found = await self._connection.execute(
            sa.select(comments.c.id).where(
                comments.c.id == storable(comment_id),
                comments.c.story == story,
                comments.c.status == CommentStatus.PUBLISHED,
            )
        )
        return found.first() is not None

    async def insert_comment(self, submission: Submission, *, now: datetime) -> int | None:
        """A new comment's id; None when one came from the same message before."""
        row = await self._connection.execute(
            self._database.insert(comments)
            .values(
                story=submission.story,
                parent=submission.parent,
                author=submission.author,
                author_name=submission.author_name,
                language=submission.language,
                source_key=submission.source_key,
                section=submission.section,
                story_published_at=submission.story_published_at,
                status=CommentStatus.RECEIVED,
                latest_revision=1,
                edited=False,
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=["source_key"])
            .returning(comments.c.id)
        )
        comment_id: int | None = row.scalar_one_or_none()
        return comment_id

    async def insert_revision(
        self, comment_id: int, *, number: int, author: str, text: str, fingerprint: str, now: datetime
    ) -> int:
        """A received revision's id. A comment has at most one undecided revision: a second one is an IntegrityError."""
        row = await self._connection.execute(
            sa.insert(revisions)
            .values(
                comment_id=comment_id,
                number=number,
                author=author,
                text=text,
                fingerprint=fingerprint,
                received_at=now,
                status=CommentStatus.RECEIVED,
            )
            .returning(revisions.c.id)
        )
        return int(row.scalar_one())


def _standing(row: AnyRow) -> Standing:
    return Standing(
        revision=Revision(
            id=row.id,
            comment_id=row.comment_id,
            number=row.number,
            text=row.text,
            status=CommentStatus(row.status),
            received_at=row.received_at,
        ),
        latest=row.latest_revision,
        author=row.author,
        story=row.story,
        section=row.section,
        story_published_at=row.story_published_at,
        comment_status=CommentStatus(row.comment_status),
        published_revision=row.published_revision,
        published_at=row.published_at,
        edited=row.edited,
        held_at=row.held_at,
        decided_by=DecidedBy(row.decided_by) if row.decided_by else None,
        decided_at=row.decided_at,
        terms=row.terms,
        moderator=row.moderator,
        moderator_name=row.moderator_name,
        machine_clause=row.machine_clause,
        machine_reason=Reason(row.machine_reason) if row.machine_reason else None,
    )


def _decision_columns(decision: Decision) -> dict[str, Any]:
    return {
        "outcome": decision.outcome,
        "decided_by": decision.decided_by,
        "decided_at": decision.decided_at,
        "terms": decision.terms,
        "clause": decision.clause,
        "reason": decision.reason,
        "moderator": decision.moderator,
        "moderator_name": decision.moderator_name,
    }


def _machine_columns(decision: Decision) -> dict[str, Any]:
    return _decision_columns(decision) | {
        "language": decision.language,
        "model": decision.model,
        "scores": dict(decision.scores),
        "findings": [finding.as_json() for finding in decision.findings],
        "machine_clause": decision.clause,
        "machine_reason": decision.reason,
        "held_at": decision.decided_at if decision.outcome.value == "hold" else None,
    }
