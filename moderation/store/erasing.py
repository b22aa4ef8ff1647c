"""The writes of an erasure and of a legal hold: within a Change, and decided by nobody here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from moderation.database import Database
from moderation.decision import Reason
from moderation.store.tables import (
    agreements,
    audit,
    comments,
    erasures,
    legal_holds,
    login_links,
    outbox,
    revisions,
    sessions,
)
from moderation.store.values import Erasure, LegalHold, storable

NOBODY = ""
"""Author of a tombstone: no submission may have it."""


class ErasingWrites:
    """What a Change can do to what is kept of a reader."""

    _database: Database
    _connection: AsyncConnection

    async def drop_agreements(self, author: str) -> int:
        """Forget that the author agreed to any terms: waits for the comment being stored that rests on it."""
        gone = await self._connection.execute(sa.delete(agreements).where(agreements.c.author == author))
        return gone.rowcount

    async def close_doors(self, author: str) -> int:
        """Forget the person's login links and sessions."""
        links = await self._connection.execute(sa.delete(login_links).where(login_links.c.person == author))
        open_ = await self._connection.execute(sa.delete(sessions).where(sessions.c.person == author))
        return links.rowcount + open_.rowcount

    async def comments_by(self, author: str) -> dict[int, str]:
        """The author's comments that were not erased yet, in the order of ids, each with the message it came from."""
        kept = sa.select(legal_holds.c.comment_id).where(legal_holds.c.erasure_due.is_(True))
        rows = await self._connection.execute(
            sa.select(comments.c.id, comments.c.source_key)
            .where(comments.c.author == author, comments.c.id.not_in(kept))
            .order_by(comments.c.id)
        )
        return {row.id: row.source_key for row in rows}

    async def answers_to(self, comment_ids: Collection[int]) -> list[int]:
        """The comments that answer these."""
        rows = await self._connection.execute(
            sa.select(comments.c.id).where(comments.c.parent.in_(comment_ids)).order_by(comments.c.id)
        )
        return list(rows.scalars())

    async def kept_by_law(self, author: str) -> list[int]:
        """The author's comments whose text a legal hold keeps although the author was erased."""
        rows = await self._connection.execute(
            sa.select(comments.c.id)
            .join(legal_holds, legal_holds.c.comment_id == comments.c.id)
            .where(comments.c.author == author, legal_holds.c.erasure_due.is_(True))
            .order_by(comments.c.id)
        )
        return list(rows.scalars())

    async def put_off_erasure(self, comment_ids: Collection[int]) -> set[int]:
        """Have those of the comments that a legal hold keeps erased when it is released; answers which they are."""
        rows = await self._connection.execute(
            sa.update(legal_holds)
            .where(legal_holds.c.comment_id.in_(comment_ids))
            .values(erasure_due=True)
            .returning(legal_holds.c.comment_id)
        )
        return set(rows.scalars())

    async def mark_erased(self, comment_ids: Collection[int]) -> None:
        """Nobody is shown these comments again, nor told of them."""
        mine = revisions.c.comment_id.in_(comment_ids)
        await self._connection.execute(sa.update(revisions).where(mine).values(reason=Reason.ERASED))
        await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.comment_id.in_(comment_ids))
            .values(author=NOBODY, done_at=sa.func.coalesce(outbox.c.done_at, outbox.c.at))
        )

    async def empty_comments(self, comment_ids: Collection[int], *, author: str) -> None:
        """Take every word, name, key and score out of these comments and of their audit; ids, statuses, times stay."""
        await self._connection.execute(
            sa.update(comments)
            .where(comments.c.id.in_(comment_ids))
            .values(
                author=NOBODY,
                author_name="",
                language=None,
                source_key=sa.literal("erased:") + sa.cast(comments.c.id, sa.Text),
            )
        )
        await self._connection.execute(
            sa.update(revisions)
            .where(revisions.c.comment_id.in_(comment_ids))
            .values(author=NOBODY, text="", fingerprint="", language=None, scores=sa.null(), findings=sa.null())
        )
        # The audit's own trigger lets this pass for comments that are nobody's, and nothing else.
        who = sa.case((audit.c.who == author, NOBODY), else_=audit.c.who)
        name = sa.case((audit.c.who == author, ""), else_=audit.c.name)
        await self._connection.execute(
            sa.update(audit).where(audit.c.comment_id.in_(comment_ids)).values(who=who, name=name, scores=sa.null())
        )

    async def note_erasure(self, erasure: Erasure) -> None:
        """Remember that somebody was erased; the same one twice is once."""
        await self._connection.execute(
            self._database.insert(erasures)
            .values(author_hash=erasure.author_hash, erased_at=erasure.erased_at, who=erasure.who)
            .on_conflict_do_nothing(index_elements=["author_hash", "erased_at"])
        )

    async def is_noted(self, author_hash: str) -> bool:
        """Whether somebody of this hash was erased before."""
        found = await self._connection.execute(
            sa.select(erasures.c.id).where(erasures.c.author_hash == author_hash).limit(1)
        )
        return found.first() is not None

    async def noted_erasures(self) -> set[tuple[str, datetime]]:
        """Every erasure remembered: of whom, by hash, and when."""
        rows = await self._connection.execute(sa.select(erasures.c.author_hash, erasures.c.erased_at))
        return {(row.author_hash, row.erased_at) for row in rows}

    async def put_legal_hold(self, comment_id: int, *, who: str, note: str, since: datetime) -> bool:
        """Keep a comment's text whatever is asked; False when it is kept already."""
        put = await self._connection.execute(
            self._database.insert(legal_holds)
            .values(comment_id=comment_id, who=who, note=note, since=since, erasure_due=False)
            .on_conflict_do_nothing(index_elements=["comment_id"])
        )
        return put.rowcount == 1

    async def lift_legal_hold(self, comment_id: int) -> LegalHold | None:
        """End a legal hold; what it was, or None where there is none."""
        row = (
            await self._connection.execute(
                sa.delete(legal_holds).where(legal_holds.c.comment_id == storable(comment_id)).returning(*legal_holds.c)
            )
        ).first()
        return LegalHold(row.comment_id, row.who, row.note, row.since, row.erasure_due) if row is not None else None
