"""Corrections and recalls: what a story says now, and which messages still say something else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.stories import story_in
from bot.store.tables import deliveries, digested, pushes, shown, stories, subscribers
from bot.story import Story
from moderation.database import Database


@dataclass(frozen=True, slots=True)
class Behind:
    """A message that shows an older revision of a story. `language` is its reader's, where they are known.

    `digest`: it shows others besides.
    """

    chat_id: int
    message_id: int
    shown_at: datetime
    language: str | None
    digest: bool


class Amendments:
    """A story and all messages that show it. What is to be changed stands in the database until it was."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def correct(
        self, story: Story, *, title: str | None, summary: str | None, note: str, now: datetime
    ) -> Story | None:
        """Have the story say this from now on, in every message; None where it was recalled meanwhile.

        What is None stays as it is: somebody else may have corrected it a moment ago.
        """
        words = {"title": title, "summary": summary}
        values: dict[str, Any] = {name: text for name, text in words.items() if text is not None}
        values |= {"note": note, "corrected_at": now}
        async with self._database.write() as connection:
            return await self._amend(connection, story.id, values)

    async def recall(self, story: Story, *, note: str, now: datetime) -> tuple[Story, int] | None:
        """Take the story back: nobody is sent it any more; and how many were about to be. None where it was already.

        First nobody plans it any more: who plans a page of it now comes to its end before this goes on.
        """
        waiting = sa.and_(deliveries.c.story_id == story.id, deliveries.c.state == "pending")
        async with self._database.write() as connection:
            recalled = await self._amend(connection, story.id, {"note": note, "recalled_at": now})
            if recalled is None:
                return None
            await connection.execute(sa.delete(pushes).where(pushes.c.story_id == story.id))
            stopped = await connection.execute(
                sa.update(deliveries).where(waiting).values(state="failed", error=RECALLED)
            )
        return recalled, stopped.rowcount

    async def waiting(self) -> list[Story]:
        """Stories of which some message may still say something else; those recalled first."""
        query = (
            sa.select(stories)
            .where(stories.c.amending.is_(True))
            .order_by(stories.c.recalled_at.is_(None), stories.c.id)
        )
        async with self._database.read() as connection:
            return [story_in(row) for row in (await connection.execute(query)).mappings()]

    async def behind(self, story: Story, *, before: Behind | None, at_most: int) -> list[Behind]:
        """Messages to be changed, those sent last first: a page of them, after the one the last page ended with."""
        found = _showing(story)
        query = (
            sa.select(found.c.chat_id, found.c.message_id, found.c.shown_at, subscribers.c.language, found.c.digest)
            .outerjoin(subscribers, subscribers.c.id == found.c.chat_id)
            .where(found.c.revision < story.revision)
            .order_by(found.c.shown_at.desc(), found.c.chat_id.desc(), found.c.message_id.desc())
            .limit(at_most)
        )
        if before is not None:
            place = sa.tuple_(found.c.shown_at, found.c.chat_id, found.c.message_id)
            bound = sa.tuple_(
                sa.literal(before.shown_at, shown.c.shown_at.type),
                sa.literal(before.chat_id, sa.BigInteger),
                sa.literal(before.message_id, sa.BigInteger),
            )
            query = query.where(place < bound)
        async with self._database.read() as connection:
            return [Behind(*row) for row in await connection.execute(query)]

    async def count_behind(self, story: Story) -> int:
        """How many messages are still to be changed."""
        found = _showing(story)
        query = sa.select(sa.func.count()).select_from(found).where(found.c.revision < story.revision)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def was_sent(self, story: Story) -> bool:
        """Whether any message shows the story."""
        query = sa.select(_showing(story).c.chat_id).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def caught_up(self, story: Story, messages: Collection[Behind]) -> None:
        """These messages show this revision now, or are gone, or can't be changed by anybody.

        Where the story was amended again meanwhile, they may have been changed back by it, and are behind once more.
        """
        if not messages:
            return
        async with self._database.write() as connection:
            await connection.execute(_locked(story))
            for table in (shown, digested):
                update = sa.update(table).where(
                    table.c.chat_id == sa.bindparam("chat"),
                    table.c.message_id == sa.bindparam("message"),
                    table.c.story_id == story.id,
                )
                theirs = [one for one in messages if one.digest is (table is digested)]
                if theirs:
                    await connection.execute(
                        update.values(revision=story.revision),
                        [{"chat": one.chat_id, "message": one.message_id} for one in theirs],
                    )
            newer = sa.and_(stories.c.id == story.id, stories.c.revision > story.revision)
            await connection.execute(sa.update(stories).where(newer).values(amending=True))

    async def finish(self, story: Story) -> bool:
        """No message is behind this revision any more; False where one is, or the story was amended again."""
        found = _showing(story)
        left = sa.exists().where(found.c.revision < story.revision)
        update = sa.update(stories).where(stories.c.id == story.id, stories.c.revision == story.revision, ~left)
        async with self._database.write() as connection:
            await connection.execute(_locked(story))
            return (await connection.execute(update.values(amending=False))).rowcount == 1

    async def _amend(self, connection: Any, story_id: int, values: dict[str, Any]) -> Story | None:
        standing = sa.and_(stories.c.id == story_id, stories.c.recalled_at.is_(None))
        update = sa.update(stories).where(standing).values(**values, revision=stories.c.revision + 1, amending=True)
        if (await connection.execute(update)).rowcount == 0:
            return None
        row = (await connection.execute(sa.select(stories).where(stories.c.id == story_id))).mappings().one()
        return story_in(row)


RECALLED = "recalled"
"""Why a delivery of a story that was recalled was given up."""


def _locked(story: Story) -> sa.Select[tuple[int]]:
    """Looked at first, so that what is asked next sees every message that was noted before."""
    return sa.select(stories.c.revision).where(stories.c.id == story.id).with_for_update(key_share=True)


def _showing(story: Story) -> sa.Subquery:
    """Every message that shows the story: of its own, and digests."""
    alone = sa.select(shown.c.chat_id, shown.c.message_id, shown.c.shown_at, shown.c.revision).where(
        shown.c.story_id == story.id, shown.c.revision.is_not(None)
    )
    among = sa.select(digested.c.chat_id, digested.c.message_id, digested.c.shown_at, digested.c.revision).where(
        digested.c.story_id == story.id
    )
    both = alone.add_columns(sa.false().label("digest")).union_all(among.add_columns(sa.true().label("digest")))
    return both.subquery("showing")
