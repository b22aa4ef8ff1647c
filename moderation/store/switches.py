"""Switches for a bad day: begun, ended, and read. A row is its own audit: it is ended once, never changed otherwise."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from moderation.database import Database
from moderation.store.tables import AnyRow, switches
from moderation.store.values import storable
from moderation.switch import Scope, Switch, SwitchKind

_IN_ORDER = 0x62616975
"""Key of the advisory lock between who turns a switch and whoever acts on what they read of them (PostgreSQL)."""


class SwitchQueries:
    """The switches of the site."""

    database: Database

    async def begin_switch(
        self, kind: SwitchKind, scope: Scope, target: str, *, note: str, who: str, name: str, now: datetime
    ) -> tuple[Switch, bool]:
        """The active switch of this kind and reach, and whether it is this one that began it."""
        values = {
            "kind": kind,
            "scope": scope,
            "target": target,
            "note": note,
            "begun_by": who,
            "begun_by_name": name,
            "begun_at": now,
        }
        this = sa.and_(switches.c.kind == kind, switches.c.scope == scope, switches.c.target == target)
        async with self.database.write() as connection:
            await _turn(connection, self.database)
            active = sa.select(switches).where(this, switches.c.ended_at.is_(None))
            known = (await connection.execute(active)).first()
            if known is None:
                await connection.execute(sa.insert(switches).values(values))
            row = known or (await connection.execute(active)).one()
            return _switch(row), known is None

    async def end_switch(self, switch_id: int, *, who: str, name: str, now: datetime) -> tuple[Switch, bool] | None:
        """The switch, and whether it is this that ended it; None where there is no such switch."""
        this = switches.c.id == storable(switch_id)
        async with self.database.write() as connection:
            await _turn(connection, self.database)
            ended = await connection.execute(
                sa.update(switches)
                .where(this, switches.c.ended_at.is_(None))
                .values(ended_by=who, ended_by_name=name, ended_at=now)
            )
            row = (await connection.execute(sa.select(switches).where(this))).first()
            return (_switch(row), bool(ended.rowcount)) if row is not None else None

    async def active_switches(self) -> list[Switch]:
        """Every switch that is on, oldest first. Another may be begun at once: to act on this, ask a Change instead."""
        async with self.database.read() as connection:
            return await _active(connection)

    async def switches(self) -> list[Switch]:
        """Every switch there ever was, newest first."""
        return await self._switches(sa.select(switches).order_by(switches.c.id.desc()))

    async def switches_since(self, switch_id: int, *, also: Collection[int]) -> list[Switch]:
        """Those begun after this one, and those named, oldest first."""
        wanted = sa.or_(switches.c.id > switch_id, switches.c.id.in_(also))
        return await self._switches(sa.select(switches).where(wanted).order_by(switches.c.id))

    async def _switches(self, wanted: sa.Select[tuple[object, ...]]) -> list[Switch]:
        async with self.database.read() as connection:
            return [_switch(row) for row in await connection.execute(wanted)]


async def switches_in_force(connection: AsyncConnection, database: Database) -> list[Switch]:
    """The active switches; until this transaction ends nobody turns one.

    So a switch that is committed before what the transaction does was seen by it, and nothing is published after one
    was committed that it did not see.
    """
    if database.dialect == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_IN_ORDER)))
    # A statement of its own: what it sees is taken when it begins, and that must be after the lock was got.
    return await _active(connection)


async def _turn(connection: AsyncConnection, database: Database) -> None:
    """Wait for whoever acts on the switches as they are, and keep others from it until the transaction ends."""
    if database.dialect == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_IN_ORDER)))


async def _active(connection: AsyncConnection) -> list[Switch]:
    rows = await connection.execute(sa.select(switches).where(switches.c.ended_at.is_(None)).order_by(switches.c.id))
    return [_switch(row) for row in rows]


def _switch(row: AnyRow) -> Switch:
    try:
        kind, scope, is_known = SwitchKind(row.kind), Scope(row.scope), True
    except ValueError:
        # Begun by a newer version: what it asks for is not known here, and so everything is held.
        kind, scope, is_known = SwitchKind.HOLD, Scope.SITE, False
    return Switch(
        id=row.id,
        kind=kind,
        scope=scope,
        target=row.target,
        note=row.note,
        begun_by=row.begun_by,
        begun_by_name=row.begun_by_name,
        begun_at=row.begun_at,
        ended_by=row.ended_by,
        ended_by_name=row.ended_by_name,
        ended_at=row.ended_at,
        is_known=is_known,
    )
