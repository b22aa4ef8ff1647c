"""Where a conversation with a reader stands, so that it survives a restart in its middle."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.tables import conversations
from moderation.database import Database


class Conversations:
    """One state a person, a small JSON object the handlers understand; none when nothing is under way."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, person: int) -> dict[str, Any] | None:
        """What is under way with this person."""
        query = sa.select(conversations.c.state).where(conversations.c.person == person)
        async with self._database.read() as connection:
            state: dict[str, Any] | None = (await connection.execute(query)).scalar()
        return state

    async def enter(self, person: int, state: dict[str, Any], *, now: datetime) -> None:
        """This is under way now, whatever was before."""
        values = {"state": state, "changed_at": now}
        insert = self._database.insert(conversations).values(person=person, **values)
        async with self._database.write() as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=["person"], set_=values))

    async def leave(self, person: int) -> None:
        """Nothing is under way any more."""
        async with self._database.write() as connection:
            await connection.execute(sa.delete(conversations).where(conversations.c.person == person))
