"""The bot's side of an erasure: what it keeps of a reader, given out or taken away, and until which message."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import (
    SET_ASIDE,
    SOMEBODY_S,
    cards,
    conversations,
    deliveries,
    digested,
    forgotten,
    inbox,
    keywords,
    notices,
    opened,
    shown,
    subscribers,
)
from moderation.database import Database, UtcTime

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An erasure that may have to be finished: `done` once nothing but what was in flight can be left."""

    person: int
    author_hash: str
    erased_at: datetime
    through_message: int
    done: bool


class Forgotten:
    """Who was erased. The person's number stands there while the erasure is under way, and only their hash after."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, person: int, *, author_hash: str, now: datetime) -> None:
        """An erasure begins: should this process die in it, another one finishes it."""
        insert = self._database.insert(forgotten).values(
            author_hash=author_hash, erased_at=now, through_message=0, person=person, done=False
        )
        again = {"erased_at": now, "person": person, "done": False}
        async with self._database.write() as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=["author_hash"], set_=again))

    async def erase(
        self,
        person: int,
        *,
        author_hash: str,
        comments: Collection[int],
        answers: Collection[int],
        through_message: int,
        before_update: int | None,
        now: datetime,
    ) -> None:
        """Take away all that is kept of the person, in one transaction.

        `comments` were theirs: their cards are to lose the words, and so are those of the `answers`. Messages up to
        `through_message`, or to the newest one known of, are no news from now on. Updates not handled yet are dropped,
        but for those after `before_update`, where it is given.
        """
        async with self._database.write() as connection:
            await self.erase_within(
                connection,
                person,
                author_hash=author_hash,
                comments=comments,
                answers=answers,
                through_message=through_message,
                before_update=before_update,
                now=now,
            )

    async def erase_within(
        self,
        connection: AsyncConnection,
        person: int,
        *,
        author_hash: str,
        comments: Collection[int],
        answers: Collection[int],
        through_message: int,
        before_update: int | None,
        now: datetime,
    ) -> None:
        """The same as part of a larger transaction."""
        through = max(through_message, await _newest_message(connection, person))
        await _drop(connection, person)
        for ids in _parts(comments):
            await connection.execute(sa.delete(notices).where(notices.c.comment_id.in_(ids)))
            await connection.execute(sa.update(cards).where(cards.c.comment_id.in_(ids)).values(stale=True))
        for ids in _parts(answers):
            open_ = sa.and_(cards.c.comment_id.in_(ids), cards.c.open.is_(True))
            await connection.execute(sa.update(cards).where(open_).values(stale=True))
        await _empty_updates(connection, person, before_update=before_update, now=now)
        values = {"erased_at": now, "through_message": through, "person": person, "done": True}
        insert = self._database.insert(forgotten).values(author_hash=author_hash, **values)
        higher = sa.case((forgotten.c.through_message > through, forgotten.c.through_message), else_=through)
        await connection.execute(
            insert.on_conflict_do_update(index_elements=["author_hash"], set_={**values, "through_message": higher})
        )

    async def note(
        self, connection: AsyncConnection, *, author_hash: str, through_message: int, erased_at: datetime
    ) -> None:
        """Remember an erasure that was made elsewhere, of somebody of whom nothing is held here."""
        await connection.execute(
            self._database.insert(forgotten)
            .values(
                author_hash=author_hash, erased_at=erased_at, through_message=through_message, person=None, done=True
            )
            .on_conflict_do_nothing(index_elements=["author_hash"])
        )

    async def settle(self, one: Unfinished) -> None:
        """Take away what was in flight when the person was erased, and forget who it was.

        Of somebody who came back meanwhile only what belongs to messages from before.
        """
        async with self._database.write() as connection:
            back = sa.select(subscribers.c.id).where(subscribers.c.id == one.person)
            if (await connection.execute(back)).first() is None:
                await _drop(connection, one.person)
            for table in (shown, digested, notices):
                old = sa.and_(table.c.chat_id == one.person, table.c.message_id <= one.through_message)
                await connection.execute(sa.delete(table).where(old))
            await connection.execute(
                sa.update(forgotten).where(forgotten.c.author_hash == one.author_hash).values(person=None)
            )

    async def unfinished(self, *, before: datetime) -> list[Unfinished]:
        """Erasures begun before that and not settled."""
        wanted = sa.select(forgotten).where(sa.text("person IS NOT NULL"), forgotten.c.erased_at < before)
        async with self._database.read() as connection:
            return [
                Unfinished(row.person, row.author_hash, row.erased_at, row.through_message, row.done)
                for row in await connection.execute(wanted)
            ]

    async def through(self, author_hash: str) -> int | None:
        """The newest message that the erasure of this person covers; None for somebody who was never erased."""
        wanted = sa.select(forgotten.c.through_message).where(forgotten.c.author_hash == author_hash)
        async with self._database.read() as connection:
            number: int | None = (await connection.execute(wanted)).scalar()
        return number

    async def all_through(self) -> dict[str, int]:
        """The same of everybody, by hash."""
        async with self._database.read() as connection:
            rows = await connection.execute(sa.select(forgotten.c.author_hash, forgotten.c.through_message))
            return {row.author_hash: row.through_message for row in rows}

    async def everything_of(self, person: int) -> dict[str, Any]:
        """All that the bot keeps of the person, as JSON can say it."""
        async with self._database.read() as connection:
            return {
                "subscriber": await _rows(connection, subscribers, subscribers.c.id == person),
                "conversation": await _rows(connection, conversations, conversations.c.person == person),
                "deliveries": await _rows(connection, deliveries, deliveries.c.subscriber_id == person),
                "notices": await _rows(connection, notices, notices.c.chat_id == person),
                "digests": await _rows(connection, digested, digested.c.chat_id == person),
                "keywords": await _rows(connection, keywords, keywords.c.subscriber_id == person),
                "opened": await _rows(connection, opened, opened.c.person == person),
                "shown": await _rows(connection, shown, shown.c.chat_id == person),
                "updates": await _rows(connection, inbox, sa.and_(SOMEBODY_S, _from(person))),
            }

    async def people(self, connection: AsyncConnection) -> set[int]:
        """Everybody of whom anything is held, as seen in this transaction."""
        found: set[int] = set()
        for column in (*_OWNERS, inbox.c.lane):
            found.update((await connection.execute(sa.select(column).distinct())).scalars())
        return {number for number in found if number > 0}


_OWNERS = (
    subscribers.c.id,
    conversations.c.person,
    deliveries.c.subscriber_id,
    shown.c.chat_id,
    digested.c.chat_id,
    keywords.c.subscriber_id,
    opened.c.person,
    notices.c.chat_id,
)
"""Whose a row is, in each table that has rows of one person."""


async def _drop(connection: AsyncConnection, person: int) -> None:
    for column in _OWNERS:
        await connection.execute(sa.delete(column.table).where(column == person))


async def _newest_message(connection: AsyncConnection, person: int) -> int:
    newest = 0
    for message, owner in (
        (shown.c.message_id, shown.c.chat_id),
        (digested.c.message_id, digested.c.chat_id),
        (notices.c.message_id, notices.c.chat_id),
        (deliveries.c.message_id, deliveries.c.subscriber_id),
    ):
        found = (await connection.execute(sa.select(sa.func.max(message)).where(owner == person))).scalar()
        newest = max(newest, found or 0)
    return newest


async def _empty_updates(connection: AsyncConnection, person: int, *, before_update: int | None, now: datetime) -> None:
    """What was set aside may quote anybody, so all of it is emptied; what waits goes where it is the person's.

    An update keeps its number, and so is known when it comes again.
    """
    empty: dict[str, Any] = {"payload": {}, "lane": 0}
    await connection.execute(sa.update(inbox).where(SET_ASIDE).values(**empty))
    waiting = sa.and_(_from(person), inbox.c.done_at.is_(None), inbox.c.leased_until.is_(None))
    if before_update is not None:
        waiting = sa.and_(waiting, inbox.c.update_id < before_update)
    await connection.execute(sa.update(inbox).where(waiting).values(**empty, done_at=sa.literal(now, UtcTime)))


def _from(person: int) -> sa.ColumnElement[bool]:
    """Updates in the person's own chat, and those of a group that came from them: payloads are kept as JSON's text."""
    text = sa.cast(inbox.c.payload, sa.Text)
    return sa.or_(
        inbox.c.lane == person,
        sa.and_(inbox.c.lane < 0, text.contains(f'"from": {{"id": {person},', autoescape=True)),
    )


async def _rows(
    connection: AsyncConnection, table: sa.Table, condition: sa.ColumnElement[bool]
) -> list[dict[str, Any]]:
    # Sorted here: for an order by the key SQLite would rather walk all of the table along it.
    rows = (await connection.execute(sa.select(table).where(condition))).mappings()
    keys = [column.name for column in table.primary_key]
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
        for row in sorted(rows, key=lambda row: [row[key] for key in keys])
    ]


def _parts(ids: Collection[int]) -> list[list[int]]:
    ordered = sorted(ids)
    return [ordered[begin : begin + _AT_ONCE] for begin in range(0, len(ordered), _AT_ONCE)]
