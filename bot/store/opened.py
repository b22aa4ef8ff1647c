"""Which readers opened which story: its comments, its own message, or the way to comment on it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.store.tables import opened
from moderation.database import Database


class Opened:
    """A reader counts once for a story, however often they come back to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, story_id: int, person: int, *, now: datetime) -> None:
        """This reader opened the story."""
        known = sa.select(opened.c.person).where(opened.c.story_id == story_id, opened.c.person == person)
        async with self._database.read() as connection:
            if (await connection.execute(known)).first() is not None:
                return  # a look costs no lock
        insert = self._database.insert(opened).values(story_id=story_id, person=person, opened_at=now)
        async with self._database.write() as connection:
            await connection.execute(insert.on_conflict_do_nothing())

    async def counts(self, story_ids: Collection[int]) -> dict[int, int]:
        """By how many readers each of these stories was opened; those that nobody opened are left out."""
        query = (
            sa.select(opened.c.story_id, sa.func.count())
            .where(opened.c.story_id.in_(story_ids))
            .group_by(opened.c.story_id)
        )
        async with self._database.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def drop(self, *, older_than: datetime, at_most: int) -> int:
        """Forget who opened what before `older_than`, so many rows at most; how many."""
        key = (opened.c.story_id, opened.c.person)
        old = sa.select(*key).where(opened.c.opened_at < older_than).limit(at_most)
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(opened).where(sa.tuple_(*key).in_(old)))).rowcount
