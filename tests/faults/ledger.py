"""What the database says became of every comment, read by nothing of ours but the tables' names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool


@dataclass(frozen=True, slots=True)
class Ledger:
    """Comments by their source key, and everything about them that must never be."""

    status_of: dict[str, str]
    decided_twice: int
    published_twice: int
    undecided: int
    without_audit: int
    seconds_to_decision: tuple[float, ...]

    def lost(self, accepted: set[str]) -> int:
        """How many of the accepted are not there, or were never decided."""
        return len(accepted - set(self.status_of)) + self.undecided

    def figures(self, accepted: set[str]) -> dict[str, float]:
        """What a report shows: the four that must be 0, and how long a decision took."""
        return {
            "lost": self.lost(accepted),
            "decided twice": self.decided_twice,
            "published twice": self.published_twice,
            "audit rows missing": self.without_audit,
            "p50 s": round(percentile(self.seconds_to_decision, 0.5), 3),
            "p99 s": round(percentile(self.seconds_to_decision, 0.99), 3),
            "max s": round(self.seconds_to_decision[-1], 3),
        }


NEVER = ("lost", "decided twice", "published twice", "audit rows missing")
"""The figures that must be 0, whatever was killed."""

_UNDECIDED = "SELECT count(*) FROM revisions WHERE status = 'received'"


@asynccontextmanager
async def reading(address: str) -> AsyncIterator[AsyncConnection]:
    """A connection of its own to the database, which may be in use; a SQLite file is opened for reading only."""
    scheme, _, place = address.partition("///")
    if scheme.startswith("sqlite"):
        address = f"{scheme}///file:{place}?mode=ro&uri=true"
    engine = create_async_engine(address, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def number(connection: AsyncConnection, query: str) -> int:
    """The one number that a query answers with."""
    return int((await connection.execute(sa.text(query))).scalar_one())


async def undecided(address: str) -> int:
    """How many revisions nobody decided yet; cheaper than the whole ledger."""
    async with reading(address) as connection:
        return await number(connection, _UNDECIDED)


async def received(address: str) -> int:
    """How many comments there are."""
    async with reading(address) as connection:
        return await number(connection, "SELECT count(*) FROM comments")


async def decided_at(address: str) -> dict[str, float]:
    """When each comment's first revision was decided by a machine, in seconds since 1970, by its source key."""
    async with reading(address) as connection:
        rows = await connection.execute(
            sa.text(
                "SELECT c.source_key, min(a.at) FROM comments c JOIN revisions r ON r.comment_id = c.id "
                "JOIN audit a ON a.revision_id = r.id WHERE a.from_status = 'received' GROUP BY c.source_key"
            )
        )
        return {row[0]: row[1] / 1_000_000 for row in rows}


async def read_ledger(address: str) -> Ledger:
    """The ledger of a database, which may be in use: SQLite or PostgreSQL."""
    async with reading(address) as connection:
        statuses = await connection.execute(sa.text("SELECT source_key, status FROM comments"))
        waits = await connection.execute(
            sa.text(
                "SELECT a.at - r.received_at FROM audit a JOIN revisions r ON r.id = a.revision_id "
                "WHERE a.from_status = 'received'"
            )
        )
        return Ledger(
            status_of={row[0]: row[1] for row in statuses},
            decided_twice=await number(
                connection,
                "SELECT count(*) FROM (SELECT revision_id FROM audit WHERE from_status = 'received' "
                "AND to_status != 'withdrawn' GROUP BY revision_id HAVING count(*) > 1) AS twice",
            ),
            published_twice=await number(
                connection,
                "SELECT count(*) FROM (SELECT comment_id, revision FROM outbox WHERE kind = 'published' "
                "GROUP BY comment_id, revision HAVING count(*) > 1) AS twice",
            ),
            undecided=await number(connection, _UNDECIDED),
            without_audit=await number(
                connection,
                "SELECT count(*) FROM revisions r WHERE r.status != 'received' AND NOT EXISTS "
                "(SELECT 1 FROM audit a WHERE a.revision_id = r.id AND a.from_status = 'received')",
            ),
            seconds_to_decision=tuple(sorted(row[0] / 1_000_000 for row in waits)),
        )


def percentile(ordered: tuple[float, ...], share: float) -> float:
    """The value below which this share of an ordered row lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
