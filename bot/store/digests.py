"""A reader's digest: due at their hours, taken by one sender at a time, and which message shows which stories.

When the next one is due stands with the subscriber. Whoever takes it moves that time ahead by a lease, so that it is
due again where they die; and what they do after counts only while the time is the one they set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries import had_by
from bot.store.stories import story_in
from bot.store.tables import deliveries, digested, stories, subscribers
from bot.story import Story
from moderation.database import Database

LATER_THAN_ANY = timedelta(hours=50)
"""The next digest comes within two days, of which one may have 25 hours."""


@dataclass(frozen=True, slots=True)
class TakenDigest:
    """A digest that is to be sent by whoever took it; `until` is when it is due again, and tells this taking apart."""

    person: int
    until: datetime


@dataclass(frozen=True, slots=True)
class SentDigest:
    """A digest as it was sent: a message with these stories in this order, each as it was then."""

    message_id: int
    stories: Sequence[Story]
    at: datetime


class Digests:
    """Whose digest is due, and the digests that were sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, *, at_most: int, lease_s: float, clock: Callable[[], datetime]) -> list[TakenDigest]:
        """Digests to send now, those due first; nobody else gets them until the lease runs out.

        One due later than any is was told by a clock that was set back since.
        """
        now, column = clock(), subscribers.c.digest_due
        # Asked one after the other: for either of both the index would be gone through from end to end.
        for is_due in (column <= now, column > now + LATER_THAN_ANY):
            due = sa.select(subscribers.c.id).where(column.is_not(None), is_due).order_by(column).limit(at_most)
            async with self._database.read() as connection:
                if (await connection.execute(due.limit(1))).first() is not None:
                    break
        else:
            return []  # a look costs no lock
        if self._database.dialect == "postgresql":
            due = due.with_for_update(skip_locked=True)
        update = sa.update(subscribers).where(subscribers.c.id.in_(due)).returning(subscribers.c.id)
        async with self._database.write() as connection:
            until = clock() + timedelta(seconds=lease_s)
            taken = (await connection.execute(update.values(digest_due=until))).scalars().all()
        return [TakenDigest(person, until) for person in sorted(taken)]

    async def still_goes(self, person: int, chosen: Sequence[Story], *, taken: TakenDigest | None) -> bool:
        """Whether none of its stories was recalled, corrected or sent since; and where it was `taken`, whether it is
        still this sender's to send, and its reader wants it."""
        had = sa.and_(had_by(person), deliveries.c.story_id.in_([story.id for story in chosen]))
        query = sa.select(subscribers.c.id).where(
            subscribers.c.id == person if taken is None else _theirs(taken),
            ~sa.exists().where(_newer(chosen)),
            ~sa.exists().where(had),
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def put_off(self, taken: TakenDigest, until: datetime | None) -> None:
        """The digest is due then. Says nothing about what somebody else took, or the reader chose, meanwhile."""
        async with self._database.write() as connection:
            await connection.execute(sa.update(subscribers).where(_theirs(taken)).values(digest_due=until))

    async def sent(
        self, person: int, sent: SentDigest, *, taken: TakenDigest | None, following: datetime | None
    ) -> None:
        """It was sent; where it was `taken`, the next one is due then. Its stories are not sent to this reader again.

        Where one of them was corrected or recalled while the message was on its way, it is to be amended.
        """
        ids = [story.id for story in sent.stories]
        had = {"subscriber_id": person, "state": "sent", "message_id": sent.message_id, "sent_at": sent.at}
        had |= {"due_at": sent.at, "attempts": 1, "asked": True, "leased_until": None}
        insert = self._database.insert(deliveries)
        async with self._database.write() as connection:
            await self._show(connection, person, sent)
            alone = insert.on_conflict_do_update(
                index_elements=["story_id", "subscriber_id"],
                set_={name: insert.excluded[name] for name in had if name != "subscriber_id"},
                where=sa.or_(deliveries.c.state == "pending", ~had_by(person)),
            )
            await connection.execute(alone, [had | {"story_id": id_} for id_ in ids])
            if taken is not None:
                await connection.execute(sa.update(subscribers).where(_theirs(taken)).values(digest_due=following))

    async def listed(self, person: int, sent: SentDigest) -> None:
        """A reader asked for the top stories, and this message shows them: it changes when they do, as a digest."""
        async with self._database.write() as connection:
            await self._show(connection, person, sent)

    async def _show(self, connection: AsyncConnection, person: int, sent: SentDigest) -> None:
        # Locked first: whoever amends a story, or says that all is done, comes before this message or sees it.
        ids = [story.id for story in sent.stories]
        locked = sa.select(stories.c.revision).where(stories.c.id.in_(ids)).order_by(stories.c.id)
        await connection.execute(locked.with_for_update(key_share=True))
        message = {"chat_id": person, "message_id": sent.message_id, "shown_at": sent.at}
        rows = [
            message | {"place": place, "story_id": story.id, "revision": story.revision}
            for place, story in enumerate(sent.stories, 1)
        ]
        await connection.execute(self._database.insert(digested).on_conflict_do_nothing(), rows)
        await connection.execute(sa.update(stories).where(_newer(sent.stories)).values(amending=True))

    async def shown_in(self, chat_id: int, message_id: int) -> list[Story]:
        """The stories of a digest, in its order, as they are now."""
        query = (
            sa.select(stories)
            .join(digested, digested.c.story_id == stories.c.id)
            .where(digested.c.chat_id == chat_id, digested.c.message_id == message_id)
            .order_by(digested.c.place)
        )
        async with self._database.read() as connection:
            return [story_in(row) for row in (await connection.execute(query)).mappings()]

    async def replaced(self, chat_id: int, message_id: int, *, by: int, after: Story) -> None:
        """Another message stands in this one's place, which shows this story as it is now."""
        this = sa.and_(digested.c.chat_id == chat_id, digested.c.message_id == message_id)
        changed = {
            "message_id": by,
            "revision": sa.case((digested.c.story_id == after.id, after.revision), else_=digested.c.revision),
        }
        async with self._database.write() as connection:
            await connection.execute(sa.update(digested).where(this).values(changed))

    async def drop(self, *, older_than: datetime, at_most: int) -> int:
        """Forget what digests sent before `older_than` show, so many rows at most; how many."""
        key = (digested.c.chat_id, digested.c.message_id, digested.c.place)
        old = sa.select(*key).where(digested.c.shown_at < older_than).limit(at_most)
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(digested).where(sa.tuple_(*key).in_(old)))).rowcount


def _newer(chosen: Sequence[Story]) -> sa.ColumnElement[bool]:
    """Stories that were corrected or recalled since they were chosen."""
    return sa.or_(*(sa.and_(stories.c.id == story.id, stories.c.revision > story.revision) for story in chosen))


def _theirs(taken: TakenDigest) -> sa.ColumnElement[bool]:
    return sa.and_(
        subscribers.c.id == taken.person, subscribers.c.digest_due == taken.until, subscribers.c.active.is_(True)
    )
