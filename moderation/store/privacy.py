"""What is held of one reader, as plain values; who was erased; which comments the law keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from moderation.database import Database
from moderation.store.tables import (
    BY_MODERATORS,
    AnyRow,
    agreements,
    audit,
    comments,
    erasures,
    legal_holds,
    login_links,
    revisions,
    sessions,
)
from moderation.store.values import MACHINE, Erasure, LegalHold


class PrivacyQueries:
    """Reads across the tables, for the reader they are about and for whoever answers to the law."""

    database: Database

    async def everything_of(self, author: str) -> dict[str, Any]:
        """All that is held of the author, as JSON can say it. Names no moderator."""
        async with self.database.read() as connection:
            return {
                "comments": await _comments(connection, author),
                "agreements": [
                    {"terms": row.terms, "language": row.language, "agreed_at": row.agreed_at.isoformat()}
                    for row in await connection.execute(
                        sa.select(agreements).where(agreements.c.author == author).order_by(agreements.c.agreed_at)
                    )
                ],
                "sessions": await _doors(connection, sessions, author),
                "login_links": await _doors(connection, login_links, author),
                "acts_as_moderator": await _acts(connection, author),
            }

    async def erasures(self) -> list[Erasure]:
        """Every erasure, oldest first."""
        async with self.database.read() as connection:
            rows = await connection.execute(sa.select(erasures).order_by(erasures.c.erased_at, erasures.c.id))
            return [Erasure(row.author_hash, row.erased_at, row.who) for row in rows]

    async def authors(self, connection: AsyncConnection) -> set[str]:
        """Everybody of whom anything is held, as seen in this transaction."""
        columns = (comments.c.author, agreements.c.author, sessions.c.person, login_links.c.person)
        found: set[str] = set()
        for column in columns:
            found.update((await connection.execute(sa.select(column).distinct())).scalars())
        return found - {""}

    async def legal_holds(self) -> list[LegalHold]:
        """Every comment that a legal hold keeps, longest first."""
        async with self.database.read() as connection:
            rows = await connection.execute(
                sa.select(legal_holds).order_by(legal_holds.c.since, legal_holds.c.comment_id)
            )
            return [LegalHold(row.comment_id, row.who, row.note, row.since, row.erasure_due) for row in rows]


async def _comments(connection: AsyncConnection, author: str) -> list[dict[str, Any]]:
    mine = sa.select(comments.c.id).where(comments.c.author == author)
    texts, history = defaultdict(list), defaultdict(list)
    for row in await connection.execute(
        sa.select(revisions).where(revisions.c.comment_id.in_(mine)).order_by(revisions.c.id)
    ):
        texts[row.comment_id].append(_revision(row))
    for row in await connection.execute(sa.select(audit).where(audit.c.comment_id.in_(mine)).order_by(audit.c.id)):
        history[row.comment_id].append(_change(row, author))
    rows = await connection.execute(
        sa.select(comments, legal_holds.c.since)
        .outerjoin(legal_holds, legal_holds.c.comment_id == comments.c.id)
        .where(comments.c.author == author)
        .order_by(comments.c.id)
    )
    return [
        {
            "id": row.id,
            "story": row.story,
            "answers": row.parent,
            "name": row.author_name,
            "language": row.language,
            "message": row.source_key,
            "status": row.status,
            "created_at": row.created_at.isoformat(),
            "published_at": _told(row.published_at),
            "legal_hold_since": _told(row.since),
            "revisions": texts[row.id],
            "history": history[row.id],
        }
        for row in rows
    ]


def _revision(row: AnyRow) -> dict[str, Any]:
    kept = ("number", "text", "fingerprint", "status", "outcome", "decided_by", "terms", "clause", "reason", "language")
    return {
        **{name: getattr(row, name) for name in (*kept, "model", "scores", "findings")},
        "received_at": row.received_at.isoformat(),
        "decided_at": _told(row.decided_at),
    }


def _change(row: AnyRow, author: str) -> dict[str, Any]:
    return {
        "at": row.at.isoformat(),
        "who": {author: "you", MACHINE: MACHINE}.get(row.who, "moderator"),
        "act": row.act,
        "from": row.from_status,
        "to": row.to_status,
        "clause": row.clause,
    }


async def _doors(connection: AsyncConnection, table: sa.Table, person: str) -> list[dict[str, Any]]:
    rows = await connection.execute(sa.select(table).where(table.c.person == person))
    return [{"name": row.name, "expires_at": row.expires_at.isoformat()} for row in rows]


async def _acts(connection: AsyncConnection, person: str) -> list[Mapping[str, Any]]:
    """What the person did to others' comments, at the desk."""
    others = sa.select(comments.c.id).where(comments.c.author == person)
    rows = await connection.execute(
        sa.select(audit)
        .where(BY_MODERATORS, audit.c.who == person, audit.c.comment_id.not_in(others))
        .order_by(audit.c.id)
    )
    return [
        {"at": row.at.isoformat(), "comment": row.comment_id, "act": row.act, "to": row.to_status, "name": row.name}
        for row in rows
    ]


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
