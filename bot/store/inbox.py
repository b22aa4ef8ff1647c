"""Telegram's updates, stored before they are acknowledged and handled once, in order within a chat."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.tables import HANDLED, inbox
from moderation.database import Database


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """An update as Telegram sent it. `lane` is the chat within which order is kept."""

    update_id: int
    lane: int
    payload: dict[str, Any]
    attempts: int = 0


class Inbox:
    """The durable inbox: what is in it was acknowledged, so it may never be lost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, updates: Sequence[StoredUpdate], *, now: datetime) -> int:
        """Store the updates that are not known yet, in one transaction; how many were new."""
        new = 0
        async with self._database.write() as connection:
            for update in updates:
                insert = self._database.insert(inbox).values(
                    update_id=update.update_id,
                    lane=update.lane,
                    payload=update.payload,
                    received_at=now,
                    due_at=now,
                    attempts=0,
                )
                new += (await connection.execute(insert.on_conflict_do_nothing())).rowcount
        return new

    async def lease(self, *, at_most: int, lease_s: float, now: datetime) -> list[StoredUpdate]:
        """The oldest waiting update of each chat that nobody is handling; a chat is leased with it."""
        waiting = self._heads(now).limit(at_most)
        async with self._database.read() as connection:
            if not (await connection.execute(waiting)).all():
                return []
        free = sa.or_(inbox.c.leased_until.is_(None), inbox.c.leased_until < now)
        update = (
            sa.update(inbox)
            .where(inbox.c.update_id.in_(waiting), inbox.c.done_at.is_(None), free)
            .values(leased_until=now + timedelta(seconds=lease_s), attempts=inbox.c.attempts + 1)
            .returning(inbox.c.update_id, inbox.c.lane, inbox.c.payload, inbox.c.attempts)
        )
        async with self._database.write() as connection:
            rows = (await connection.execute(update)).all()
        return sorted((StoredUpdate(*row) for row in rows), key=lambda stored: stored.update_id)

    async def hold(self, update_ids: Collection[int], *, lease_s: float, now: datetime) -> None:
        """These updates are still being handled: nobody else is given them for `lease_s` from now."""
        async with self._database.write() as connection:
            await connection.execute(
                sa.update(inbox)
                .where(inbox.c.update_id.in_(update_ids), inbox.c.done_at.is_(None), inbox.c.leased_until.is_not(None))
                .values(leased_until=now + timedelta(seconds=lease_s))
            )

    async def done(self, update_id: int, *, now: datetime, error: str | None = None) -> None:
        """It was handled, or set aside for the reason given.

        Of what was handled only its number is kept, so that it is known when it comes again: neither whose it was nor
        what it said. What was set aside stays for a person to look at.
        """
        values: dict[str, Any] = {"done_at": now, "leased_until": None, "error": error}
        async with self._database.write() as connection:
            await connection.execute(
                sa.update(inbox)
                .where(inbox.c.update_id == update_id)
                .values(**values if error is not None else values | {"payload": {}, "lane": 0})
            )

    async def retry(self, update_id: int, *, due_at: datetime, error: str) -> None:
        """Hand it out again from `due_at` on; the rest of its chat waits behind it."""
        async with self._database.write() as connection:
            await connection.execute(
                sa.update(inbox)
                .where(inbox.c.update_id == update_id)
                .values(due_at=due_at, leased_until=None, error=error)
            )

    async def forget_done(self, *, older_than: datetime, at_most: int) -> int:
        """Drop updates handled or set aside that were received before `older_than`, so many at most; how many."""
        old = sa.select(inbox.c.update_id).where(HANDLED, inbox.c.received_at < older_than).limit(at_most)
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(inbox).where(inbox.c.update_id.in_(old)))).rowcount

    async def waiting(self) -> int:
        """How many updates are not handled yet."""
        query = sa.select(sa.func.count()).select_from(inbox).where(inbox.c.done_at.is_(None))
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    def _heads(self, now: datetime) -> sa.Select[tuple[int]]:
        earlier = inbox.alias("earlier")
        return (
            sa.select(inbox.c.update_id)
            .where(
                inbox.c.done_at.is_(None),
                inbox.c.due_at <= now,
                sa.or_(inbox.c.leased_until.is_(None), inbox.c.leased_until < now),
                ~sa.exists().where(
                    earlier.c.done_at.is_(None),
                    earlier.c.lane == inbox.c.lane,
                    earlier.c.update_id < inbox.c.update_id,
                ),
            )
            .order_by(inbox.c.update_id)
        )
