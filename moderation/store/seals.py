"""The seals on the audit, and the audit's rows as seals see them. Seals are added and read, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from moderation.database import Database
from moderation.seals import AuditedRow, Seal
from moderation.store.tables import AnyRow, audit, audit_seals, comments
from moderation.store.values import storable


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest row of the audit at one moment, `up_to`.

    Rows with smaller ids may still be on their way, on PostgreSQL, which gives ids before commit: by transactions whose
    numbers are below `before`. `oldest` is the lowest number of a transaction that ran, `server` which server counted.
    """

    up_to: int
    before: int = 0
    oldest: int = 0
    server: str = ""

    def shows_all_of(self, earlier: Mark) -> bool:
        """Whether whatever could still have come before the earlier mark was there, or never to come, at this one."""
        return self.server == earlier.server and self.oldest >= earlier.before


class SealQueries:
    """What the sealer and whoever verifies its seals ask."""

    database: Database

    async def newest_seal(self) -> Seal | None:
        """The head of the chain."""
        async with self.database.read() as connection:
            found = await connection.execute(sa.select(audit_seals).order_by(audit_seals.c.number.desc()).limit(1))
            row = found.first()
            return _seal(row) if row is not None else None

    async def seals(self, *, after: int, up_to: int, at_most: int) -> list[Seal]:
        """The seals that follow this number, in order, as far as another one."""
        within = (audit_seals.c.number > after, audit_seals.c.number <= up_to)
        wanted = sa.select(audit_seals).where(*within).order_by(audit_seals.c.number)
        async with self.database.read() as connection:
            return [_seal(row) for row in await connection.execute(wanted.limit(at_most))]

    async def add_seal(self, seal: Seal) -> bool:
        """Keep a seal; False where its number was taken by somebody else meanwhile."""
        async with self.database.write() as connection:
            added = await connection.execute(
                self.database.insert(audit_seals)
                .values(number=seal.number, at=seal.at, up_to=seal.up_to, row_count=seal.row_count, hash=seal.hash)
                .on_conflict_do_nothing(index_elements=["number"])
            )
            return added.rowcount == 1

    async def mark_audit(self) -> Mark:
        """Where the audit ends now."""
        newest = sa.select(sa.func.coalesce(sa.func.max(audit.c.id), 0)).scalar_subquery()
        if self.database.dialect == "sqlite":  # one writer: no smaller id comes after a larger one
            async with self.database.read() as connection:
                return Mark((await connection.execute(sa.select(newest))).scalar_one())
        # A number of our own is higher than that of every transaction that had one when the newest row was seen. Not
        # the snapshot's xmax: that is only beyond the highest one *completed*, and one that runs may be beyond it.
        # Whoever writes the audit has written to its comment before, and so has a number before an id is given.
        wanted = sa.select(
            newest,
            _number(sa.func.pg_current_xact_id()),
            _number(sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot())),
            sa.cast(sa.func.pg_postmaster_start_time(), sa.Text),  # numbers of a standby that took over are others
        )
        async with self.database.write() as connection:
            return Mark(*(await connection.execute(wanted)).one())

    async def audited(self, *, after: int, at_most: int, up_to: int | None = None) -> list[AuditedRow]:
        """The audit's rows that follow this id, in order of ids."""
        author = sa.select(comments.c.author).where(comments.c.id == audit.c.comment_id).scalar_subquery()
        wanted = sa.select(
            audit.c.id,
            sa.type_coerce(audit.c.at, sa.BigInteger).label("at"),
            audit.c.comment_id,
            audit.c.revision_id,
            # A comment that is gone has no author: false, and found out by that.
            sa.func.coalesce(audit.c.who == author, sa.false()).label("is_own"),
            audit.c.who,
            audit.c.name,
            audit.c.act,
            audit.c.from_status,
            audit.c.to_status,
            audit.c.clause,
            audit.c.reason,
            audit.c.terms,
            audit.c.model,
        ).where(audit.c.id > after)
        if up_to is not None:
            wanted = wanted.where(audit.c.id <= storable(up_to))
        async with self.database.read() as connection:
            rows = await connection.execute(wanted.order_by(audit.c.id).limit(at_most))
            return [AuditedRow(*row) for row in rows]


def _number(xid8: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(sa.cast(xid8, sa.Text), sa.BigInteger)


def _seal(row: AnyRow) -> Seal:
    return Seal(row.number, row.at, row.up_to, row.row_count, row.hash)
