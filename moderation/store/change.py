"""The writes that accept, decide and withdraw, within one transaction.

Only intake and enforcement hold a Change. The comment's row is the lock: whoever changes a comment takes it first, in
the order of ids, so that on PostgreSQL nobody deadlocks and everything read after it is current. On SQLite the
transaction itself is that lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from moderation.comment import CommentStatus, Revision
from moderation.database import Database
from moderation.decision import DecidedBy, Decision, Reason
from moderation.store.erasing import ErasingWrites
from moderation.store.switches import switches_in_force
from moderation.store.tables import AnyRow, agreements, audit, comments, outbox, revisions
from moderation.store.values import Arrival, AuditRow, Latest, NewEvent, NewRevision, Standing, storable
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
        await self._connection.execute(sa.insert(audit), [_columns(row) for row in rows])

    async def announce(self, events: Sequence[NewEvent]) -> None:
        """Put events into the outbox, to be told after the commit."""
        if self._database.dialect == "postgresql" and any(event.visible for event in events):
            # Numbers are given before commit. Who follows the visible events by number would miss one that is committed
            # after a later one, so they are numbered and committed one transaction at a time.
            await self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_EVENTS_IN_ORDER)))
        await self._connection.execute(sa.insert(outbox), [_columns(event) for event in events])

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

    async def agreed(self, authors: Collection[str], *, terms: str) -> set[str]:
        """Which of the authors agreed to this version of the terms; so it stays until the transaction ends.

        Whoever erases an author takes the agreement away first, and so waits for the comment that rests on it.
        """
        found = await self._connection.execute(
            sa.select(agreements.c.author)
            .where(agreements.c.author.in_(authors), agreements.c.terms == terms)
            .with_for_update(read=True, key_share=True)
        )
        return set(found.scalars())

    async def comment_from(self, source_key: str) -> int | None:
        """The comment that came from this message."""
        found = await self._connection.execute(sa.select(comments.c.id).where(comments.c.source_key == source_key))
        return found.scalar()

    async def latest_from(self, source_keys: Collection[str]) -> dict[str, Latest]:
        """The newest revisions of the comments that came from these messages, those that there are."""
        found = await self._connection.execute(
            sa.select(comments.c.source_key, comments.c.id, revisions.c.id.label("revision_id"), revisions.c.number)
            .join(revisions, revisions.c.comment_id == comments.c.id)
            .where(comments.c.source_key.in_(source_keys), revisions.c.number == comments.c.latest_revision)
        )
        return {row.source_key: Latest(row.id, row.revision_id, row.number) for row in found}

    async def published_among(self, comment_ids: Collection[int]) -> dict[int, str]:
        """Those of the comments that stand published, and under which story."""
        if not comment_ids:
            return {}
        found = await self._connection.execute(
            sa.select(comments.c.id, comments.c.story).where(
                comments.c.id.in_([storable(comment_id) for comment_id in comment_ids]),
                comments.c.status == CommentStatus.PUBLISHED,
            )
        )
        return {row.id: row.story for row in found}

    async def insert_comments(self, arrivals: Sequence[Arrival]) -> dict[str, int]:
        """New comments' ids by their source keys, in the order given; without those whose message came before."""
        rows = await self._connection.execute(
            self._database.insert(comments)
            .on_conflict_do_nothing(index_elements=["source_key"])
            .returning(comments.c.source_key, comments.c.id),
            [
                {
                    "story": arrival.submission.story,
                    "parent": arrival.submission.parent,
                    "author": arrival.submission.author,
                    "author_name": arrival.submission.author_name,
                    "language": arrival.submission.language,
                    "source_key": arrival.submission.source_key,
                    "section": arrival.submission.section,
                    "story_published_at": arrival.submission.story_published_at,
                    "status": CommentStatus.RECEIVED,
                    "latest_revision": 1,
                    "edited": False,
                    "created_at": arrival.at,
                }
                for arrival in arrivals
            ],
        )
        return {row.source_key: row.id for row in rows}

    async def insert_revisions(self, new: Sequence[NewRevision]) -> dict[int, int]:
        """Received revisions' ids by their comments', in the order given.

        A comment has at most one undecided revision: a second one is an IntegrityError.
        """
        rows = await self._connection.execute(
            sa.insert(revisions).returning(revisions.c.comment_id, revisions.c.id),
            [_columns(revision) | {"status": CommentStatus.RECEIVED} for revision in new],
        )
        return {row.comment_id: row.id for row in rows}


def _columns(row: AuditRow | NewEvent | NewRevision) -> dict[str, Any]:
    # Not asdict: that copies each value deeply, which in a batch took longer than writing it.
    return {field.name: getattr(row, field.name) for field in fields(row)}


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
