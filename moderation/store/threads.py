"""Reads of comments: what everybody may see, and one comment with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from moderation.alarms import Waiting
from moderation.comment import Comment, CommentStatus, Revision, shown_text
from moderation.database import Database, Id, UtcTime
from moderation.decision import DecidedBy, Decision, Finding, Outcome, Reason
from moderation.store.tables import AnyRow, comments, revisions
from moderation.store.values import CommentRecord, PublishedComment, storable

Sort = Literal["newest", "oldest", "top"]
"""`top` puts the comments with the most published answers first."""

Place = tuple[int, datetime, int]
"""Where a page ended: published answers, time of publication, id of its last comment."""

_answer = comments.alias("answer")

_answers = (
    sa.select(sa.func.count())
    .where(_answer.c.parent == comments.c.id, _answer.c.status == CommentStatus.PUBLISHED)
    .correlate(comments)
    .scalar_subquery()
)

_LANGUAGE = sa.func.coalesce(revisions.c.language, comments.c.language, "und")


class ThreadQueries:
    """Reads for threads, notices and figures."""

    database: Database

    async def published(
        self, story: str | None, *, sort: Sort, limit: int, after: Place | None = None
    ) -> list[tuple[PublishedComment, Place]]:
        """Published comments of a story, or of all, each with its place; those after a place where one is given."""
        order: list[sa.ColumnElement[Any]] = [comments.c.published_at, comments.c.id]
        place: list[sa.ColumnElement[Any]] = []
        if after is not None:
            place = [sa.literal(after[1], UtcTime), sa.literal(after[2], Id)]
        if sort == "top":
            order.insert(0, _answers)
            place = [sa.literal(after[0], sa.BigInteger), *place] if after is not None else place
        chosen = sa.select(
            comments.c.id,
            comments.c.story,
            comments.c.parent,
            comments.c.author_name,
            comments.c.language,
            comments.c.published_revision,
            comments.c.published_at,
            comments.c.edited,
            (_answers if sort == "top" else sa.literal(0)).label("answers"),
        ).where(comments.c.status == CommentStatus.PUBLISHED)
        if story is not None:
            chosen = chosen.where(comments.c.story == story)
        if after is not None:
            here, there = sa.tuple_(*order), sa.tuple_(*place)
            chosen = chosen.where(here > there if sort == "oldest" else here < there)

        def ordered(*columns: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
            return list(columns) if sort == "oldest" else [column.desc() for column in columns]

        # The page first and its texts then: else PostgreSQL reads all texts there are to sort those of a long thread.
        page = chosen.order_by(*ordered(*order)).limit(limit).subquery("page")
        mine = (revisions.c.comment_id == page.c.id) & (revisions.c.number == page.c.published_revision)
        language = sa.func.coalesce(revisions.c.language, page.c.language, "und").label("shown_language")
        wanted = (
            sa.select(page, revisions.c.text, revisions.c.decided_at, language)
            .join(revisions, mine)
            .order_by(*ordered(page.c.answers, page.c.published_at, page.c.id))
        )
        async with self.database.read() as connection:
            rows = await connection.execute(wanted)
            return [(_published(row), (row.answers, row.published_at, row.id)) for row in rows]

    async def published_one(self, comment_id: int) -> PublishedComment | None:
        """The comment as everybody sees it now; None where it is not published."""
        columns = (comments, revisions.c.text, revisions.c.decided_at, _LANGUAGE.label("shown_language"))
        wanted = sa.select(*columns).select_from(_with_revision(comments.c.published_revision))
        wanted = wanted.where(comments.c.id == storable(comment_id), comments.c.status == CommentStatus.PUBLISHED)
        async with self.database.read() as connection:
            row = (await connection.execute(wanted)).first()
            return _published(row) if row is not None else None

    async def counts(self, stories: Sequence[str]) -> dict[str, int]:
        """How many published comments the stories have, where they have any."""
        wanted = sa.select(comments.c.story, sa.func.count().label("published")).where(
            comments.c.status == CommentStatus.PUBLISHED, comments.c.story.in_(stories)
        )
        async with self.database.read() as connection:
            rows = await connection.execute(wanted.group_by(comments.c.story))
            return {row.story: row.published for row in rows}

    async def comment(self, comment_id: int) -> CommentRecord | None:
        """A comment in any status."""
        return next(iter(await self._records(comments.c.id == storable(comment_id), limit=1)), None)

    async def comment_by_source(self, source_key: str) -> CommentRecord | None:
        """The comment that came from this message, in any status."""
        return next(iter(await self._records(comments.c.source_key == source_key, limit=1)), None)

    async def comments_of(self, author: str, *, limit: int) -> list[CommentRecord]:
        """The author's comments in any status, newest first."""
        return await self._records(comments.c.author == author, limit=limit)

    async def _records(self, chosen: sa.ColumnElement[bool], *, limit: int) -> list[CommentRecord]:
        wanted = (
            sa.select(
                comments,
                revisions.c.id.label("revision_id"),
                revisions.c.status.label("revision_status"),
                revisions.c.language.label("revision_language"),
                *(column for column in revisions.c if column.name not in {"id", "status", "author", "language"}),
            )
            .select_from(_with_revision(comments.c.latest_revision))
            .where(chosen)
            .order_by(comments.c.id.desc())
            .limit(limit)
        )
        async with self.database.read() as connection:
            return [_record(row) for row in await connection.execute(wanted)]

    async def by_status(self) -> dict[CommentStatus, int]:
        """How many comments stand in each status. Reads every comment's."""
        wanted = sa.select(comments.c.status, sa.func.count()).group_by(comments.c.status)
        async with self.database.read() as connection:
            return {CommentStatus(status): count for status, count in await connection.execute(wanted)}

    async def undecided(self) -> Waiting:
        """How many revisions wait for the machine and for moderators, and since when. Reads those alone."""
        received = sa.select(sa.func.count(), sa.func.min(revisions.c.received_at)).where(
            revisions.c.status == sa.literal_column("'received'")
        )
        held = sa.select(sa.func.count(), sa.func.min(revisions.c.held_at)).where(
            revisions.c.status == sa.literal_column("'held'")
        )
        async with self.database.read() as connection:
            rows = [(await connection.execute(wanted)).one() for wanted in (received, held)]
        return Waiting(rows[0][0], rows[0][1], rows[1][0], rows[1][1])


def _with_revision(number: sa.ColumnElement[Any]) -> sa.Join:
    return comments.join(revisions, (revisions.c.comment_id == comments.c.id) & (revisions.c.number == number))


def _published(row: AnyRow) -> PublishedComment:
    return PublishedComment(
        id=row.id,
        story=row.story,
        parent=row.parent,
        author_name=shown_text(row.author_name),
        text=shown_text(row.text),
        language=row.shown_language,
        published_at=row.published_at,
        changed_at=row.decided_at or row.published_at,
        edited=row.edited,
    )


def _record(row: AnyRow) -> CommentRecord:
    latest = Revision(
        id=row.revision_id,
        comment_id=row.id,
        number=row.number,
        text=row.text,
        status=CommentStatus(row.revision_status),
        received_at=row.received_at,
    )
    comment = Comment(
        id=row.id,
        story=row.story,
        parent=row.parent,
        author=row.author,
        author_name=row.author_name,
        status=CommentStatus(row.status),
        latest=latest,
        published_revision=row.published_revision,
        created_at=row.created_at,
    )
    erased = row.reason == Reason.ERASED
    return CommentRecord(comment, decision_of(row._asdict()), source_key=row.source_key, erased=erased)


def decision_of(row: Mapping[str, Any]) -> Decision | None:
    """The decision in force that a revision's columns hold; None where nobody decided."""
    if row["decided_by"] is None:
        return None
    return Decision(
        outcome=Outcome(row["outcome"]),
        decided_by=DecidedBy(row["decided_by"]),
        decided_at=row["decided_at"],
        terms=row["terms"],
        clause=row["clause"],
        reason=Reason(row["reason"]) if row["reason"] else None,
        moderator=row["moderator"],
        moderator_name=row["moderator_name"],
        language=row["revision_language"] or "und",
        model=row["model"],
        scores=row["scores"] or {},
        findings=tuple(Finding.from_json(finding) for finding in row["findings"] or ()),
    )
