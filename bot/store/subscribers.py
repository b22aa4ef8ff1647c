"""Readers of the bot and what they chose."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.keywords import THEIRS, by_kind
from bot.store.tables import forgotten, subscribers
from bot.subscriber import Listed, Subscriber
from moderation.database import Database


class Subscribers:
    """Subscribers by their Telegram id, which is also their private chat's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def one(self, person: int) -> Subscriber | None:
        """The subscriber, active or not."""
        query = sa.select(subscribers, THEIRS).where(subscribers.c.id == person)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else subscriber_in(row)

    async def subscribe(self, person: int, *, name: str, language: str, now: datetime) -> Subscriber:
        """Switch push on in this language; sections chosen before stay."""
        insert = self._database.insert(subscribers).values(
            id=person, name=name, language=language, sections=[], active=True, joined_at=now
        )
        changed: dict[str, Any] = {"name": name, "language": language, "active": True, "stopped_at": None}
        async with self._database.write() as connection:
            before = await _row_of(connection, person)
            await connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=changed))
            await _date_digest(connection, person, before=before, now=now)
            row = (await connection.execute(sa.select(subscribers).where(subscribers.c.id == person))).mappings().one()
        return subscriber_in(row)

    async def meet(self, person: int, *, name: str, language: str, now: datetime) -> None:
        """Remember a reader's language without switching push on; who is known already stays as they are."""
        insert = self._database.insert(subscribers).values(
            id=person, name=name, language=language, sections=[], active=False, joined_at=now
        )
        async with self._database.write() as connection:
            await connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]))

    async def stop(self, person: int, *, now: datetime) -> bool:
        """Switch push off; False when it was off already."""
        on = sa.update(subscribers).where(subscribers.c.id == person, subscribers.c.active.is_(True))
        # Who never had it on has said now that they want none: no list brings it on for them.
        never = sa.update(subscribers).where(subscribers.c.id == person, subscribers.c.stopped_at.is_(None))
        async with self._database.write() as connection:
            done = await connection.execute(on.values(active=False, stopped_at=now, digest_due=None))
            await connection.execute(never.values(stopped_at=now))
        return done.rowcount == 1

    async def set_language(self, person: int, language: str) -> None:
        """Speak to this reader in another language from now on."""
        await self._update(person, language=language)

    async def set_sections(self, person: int, sections: Collection[str]) -> None:
        """Push stories of these sections only; none means all."""
        await self._update(person, sections=sorted(sections))

    async def set_hours(self, person: int, *, quiet: tuple[int, int] | None, breaking: bool) -> None:
        """Push nothing in this time of each day, but with `breaking` the site's top stories; none means at any hour."""
        begins, ends = quiet or (None, None)
        await self._update(person, quiet_from=begins, quiet_until=ends, breaking=breaking)

    async def set_timezone(self, person: int, timezone: str, *, now: datetime) -> None:
        """Reckon this reader's hours and days by the clocks there."""
        await self._update_digest(person, now=now, timezone=timezone)

    async def set_digest(self, person: int, at: Collection[int], *, alerts: bool, now: datetime) -> None:
        """Send a digest at these minutes of each day; without `alerts`, stories in it alone.

        Without any minute stories come by themselves, whatever `alerts` says.
        """
        await self._update_digest(person, now=now, digest_at=sorted(at), alerts=alerts or not at)

    async def engaged(self, person: int, *, now: datetime) -> None:
        """This reader uses the bot now."""
        await self._update(person, engaged_at=now)

    async def set_daily(self, person: int, at_most: int | None) -> None:
        """Push at most so many stories a day; none means as many as there are."""
        await self._update(person, daily_at_most=at_most)

    async def add_listed(self, listed: Mapping[str, Listed], *, now: datetime) -> tuple[int, int]:
        """Switch push on for those who never chose here; how many, and how many were erased and stay so.

        Who is subscribed, or has stopped, stays as they are. Each is given under the hash that an erasure keeps.
        """
        undecided = sa.and_(subscribers.c.active.is_(False), subscribers.c.stopped_at.is_(None))
        async with self._database.write() as connection:
            hashes = sa.select(forgotten.c.author_hash).where(forgotten.c.author_hash.in_(listed))
            erased = set((await connection.execute(hashes)).scalars())
            wanted = {one.id: one for hash_, one in listed.items() if hash_ not in erased}
            ids = list(wanted)
            known = set(
                (await connection.execute(sa.select(subscribers.c.id).where(subscribers.c.id.in_(ids)))).scalars()
            )
            met = sa.select(subscribers.c.id).where(subscribers.c.id.in_(known), undecided)
            again = set((await connection.execute(met)).scalars())
            insert = self._database.insert(subscribers).on_conflict_do_nothing(index_elements=["id"])
            if fresh := [_row(one, now) for one in wanted.values() if one.id not in known]:
                await connection.execute(insert, fresh)
            for number in again:
                one = wanted[number]
                update = sa.update(subscribers).where(subscribers.c.id == number, undecided)
                await connection.execute(
                    update.values(
                        active=True, language=one.language, sections=list(one.sections), timezone=one.timezone
                    )
                )
                await _date_digest(connection, number, before=None, now=now)
        return len(fresh) + len(again), len(erased)

    async def set_channels(self, channels: Mapping[int, str], *, now: datetime) -> None:
        """Push to these channels from now on, each in its language, and to no others."""
        async with self._database.write() as connection:
            others = sa.and_(subscribers.c.id < 0, subscribers.c.id.not_in(channels))
            await connection.execute(sa.update(subscribers).where(others).values(active=False))
            for number, language in channels.items():
                chosen = {"language": language, "active": True}
                row = {"id": number, "name": "", "sections": [], "joined_at": now}
                insert = self._database.insert(subscribers).values(row | chosen)
                await connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=chosen))

    async def active_after(self, person: int, *, at_most: int) -> list[Subscriber]:
        """Those with push on, by number, after this one: one page of them."""
        query = (
            sa.select(subscribers)
            .where(subscribers.c.id > max(person, 0), subscribers.c.active.is_(True))
            .order_by(subscribers.c.id)
            .limit(at_most)
        )
        async with self._database.read() as connection:
            return [subscriber_in(row) for row in (await connection.execute(query)).mappings()]

    async def count(self) -> int:
        """How many have push on."""
        readers = sa.and_(subscribers.c.id > 0, subscribers.c.active.is_(True))
        query = sa.select(sa.func.count()).select_from(subscribers).where(readers)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def _update(self, person: int, **values: Any) -> None:
        async with self._database.write() as connection:
            await connection.execute(sa.update(subscribers).where(subscribers.c.id == person).values(**values))

    async def _update_digest(self, person: int, *, now: datetime, **values: Any) -> None:
        async with self._database.write() as connection:
            before = await _row_of(connection, person)
            await connection.execute(sa.update(subscribers).where(subscribers.c.id == person).values(**values))
            await _date_digest(connection, person, before=before, now=now)


async def _row_of(connection: AsyncConnection, person: int) -> Mapping[Any, Any] | None:
    query = sa.select(subscribers).where(subscribers.c.id == person)
    return (await connection.execute(query)).mappings().first()


async def _date_digest(
    connection: AsyncConnection, person: int, *, before: Mapping[Any, Any] | None, now: datetime
) -> None:
    """Tell when the next digest is due, by what stands in the row: at once, where one is due and was not sent yet."""
    row = await _row_of(connection, person)
    if row is None:
        return
    reader = subscriber_in(row)
    due = reader.hours.next_digest(now, reader.digest_at) if reader.active else None
    if due is not None and before is not None and _waits(before, now):
        due = now
    await connection.execute(sa.update(subscribers).where(subscribers.c.id == person).values(digest_due=due))


def _waits(row: Mapping[Any, Any], now: datetime) -> bool:
    """Whether a digest is due, or is being sent: then it is due at a time that no digest comes at."""
    due, reader = row["digest_due"], subscriber_in(row)
    return due is not None and (due <= now or due != reader.hours.next_digest(now, reader.digest_at))


def _row(one: Listed, now: datetime) -> dict[str, Any]:
    chosen = {"language": one.language, "sections": list(one.sections), "timezone": one.timezone}
    return {"id": one.id, "name": "", "active": True, "joined_at": now, **chosen}


def subscriber_in(row: Mapping[Any, Any]) -> Subscriber:
    """A row of the table as a subscriber, with their keywords where the row has them."""
    words = by_kind(row.get("keywords"))
    return Subscriber(
        id=row["id"],
        name=row["name"],
        language=row["language"],
        sections=frozenset(row["sections"]),
        active=row["active"],
        joined_at=row["joined_at"],
        stopped_at=row["stopped_at"],
        timezone=row["timezone"],
        quiet=None if row["quiet_from"] is None else (row["quiet_from"], row["quiet_until"]),
        breaking=row["breaking"],
        daily_at_most=row["daily_at_most"],
        digest_at=tuple(row["digest_at"]),
        alerts=row["alerts"],
        follows=words["follow"],
        mutes=words["mute"],
        engaged_at=row["engaged_at"],
    )
