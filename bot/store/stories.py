"""Stories and the feeds they come from, as the store keeps them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import feeds, stories
from bot.story import SECTIONS, FeedStory, Story, canonical_address, story_of_link
from moderation.database import Database, is_passing

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between two looks at it."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    succeeded_at: datetime | None = None
    failures: int = 0
    error: str | None = None


class Stories:
    """Stories, each known once by its canonical address."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, found: Sequence[FeedStory], *, now: datetime) -> list[Story]:
        """Store the stories that are new and return them; a known one's title, summary and picture are refreshed.

        Not those of one that an editor corrected or recalled: a feed has the old words for a while.

        A story that the database refuses is left out and costs the others nothing. Raises what the database raises
        where it takes none, or can't be used now.
        """
        if not found:
            return []
        try:
            async with self._database.write() as connection:
                return await add_in(connection, self._database, found, now=now)
        except Exception as error:
            if is_passing(error) or len(found) == 1:
                raise
        async with self._database.write() as connection:
            return await add_each_in(connection, self._database, found, now=now)

    async def one(self, story_id: int) -> Story | None:
        """The story with this number."""
        return await self._first(stories.c.id == story_id)

    async def by_address(self, address: str) -> Story | None:
        """The story at this address, in whatever way the address is written."""
        try:
            return await self._first(stories.c.url == canonical_address(address))
        except ValueError:
            return None

    async def by_reference(self, reference: str) -> Story | None:
        """The story a program means: by its number or by its address."""
        return (await self.by_references([reference])).get(reference)

    async def by_references(self, references: Sequence[str]) -> dict[str, Story]:
        """The stories a program means, each by its number or by its address, in one look; unknown ones are left out."""
        meant: dict[str, int | str] = {}
        for reference in references:
            if reference.isascii() and reference.isdigit() and len(reference) < 18:
                meant[reference] = int(reference)
            else:
                with contextlib.suppress(ValueError):
                    meant[reference] = canonical_address(reference)
        numbers = [one for one in meant.values() if isinstance(one, int)]
        addresses = [one for one in meant.values() if isinstance(one, str)]
        wanted = sa.select(stories).where(sa.or_(stories.c.id.in_(numbers), stories.c.url.in_(addresses)))
        async with self._database.read() as connection:
            found = [story_in(row) for row in (await connection.execute(wanted)).mappings()]
        known: dict[int | str, Story] = {story.id: story for story in found} | {story.url: story for story in found}
        return {reference: known[one] for reference, one in meant.items() if one in known}

    async def pointed_at(self, words: str) -> Story | None:
        """The story a person means: by its number, its address, or a link that opens it in the bot."""
        story = await self.by_reference(words.strip())
        number = story_of_link(words) if story is None else None
        return await self.one(number) if number is not None else story

    async def section_called(self, name: str) -> str | None:
        """The section a person means, in any case, as stories name it; None where no story ever was in one."""
        folded = " ".join(name.lower().split())
        if folded in SECTIONS:
            return folded
        query = sa.select(stories.c.section).where(sa.func.lower(stories.c.section) == folded).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar()

    async def pin(self, story_id: int, *, until: datetime | None) -> None:
        """The story stands first of the top stories until then; with None where its score puts it. It is muted no more
        where it is pinned."""
        values: dict[str, Any] = {"pinned_until": until}
        if until is not None:
            values["muted"] = False
        await self._update(story_id, **values)

    async def mute(self, story_id: int, *, muted: bool) -> None:
        """The story is none of the top stories, whatever its score, and not pinned; or may be one again."""
        values: dict[str, Any] = {"muted": muted}
        if muted:
            values["pinned_until"] = None
        await self._update(story_id, **values)

    async def titles(self, addresses: Sequence[str]) -> dict[str, str]:
        """Title by canonical address, for those that are known and were not recalled."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                sa.select(stories.c.url, stories.c.title).where(
                    stories.c.url.in_(addresses), stories.c.recalled_at.is_(None)
                )
            )
            return {row.url: row.title for row in rows}

    async def newest(
        self, *, language: str | None, section: str | None, before: tuple[datetime, int] | None, at_most: int
    ) -> list[Story]:
        """Stories by time, newest first, those older than `before` (time, number): one page of the list."""
        query = sa.select(stories).where(stories.c.recalled_at.is_(None))
        if language is not None:
            query = query.where(stories.c.language == language)
        if section is not None:
            query = query.where(stories.c.section == section)
        if before is not None:
            query = query.where(sa.tuple_(stories.c.published_at, stories.c.id) < sa.tuple_(*_bound(before)))
        async with self._database.read() as connection:
            rows = await connection.execute(
                query.order_by(stories.c.published_at.desc(), stories.c.id.desc()).limit(at_most)
            )
            return [story_in(row) for row in rows.mappings()]

    async def candidates(
        self, *, language: str | None, section: str | None, at_most: int, now: datetime
    ) -> list[Story]:
        """The newest stories, so many, and besides them what is pinned now: those among which the best are."""
        newest = await self.newest(language=language, section=section, before=None, at_most=at_most)
        query = sa.select(stories).where(stories.c.pinned_until > now, stories.c.recalled_at.is_(None))
        if language is not None:
            query = query.where(stories.c.language == language)
        if section is not None:
            query = query.where(stories.c.section == section)
        async with self._database.read() as connection:
            pinned = [story_in(row) for row in (await connection.execute(query)).mappings()]
        known = {story.id for story in newest}
        return newest + [story for story in pinned if story.id not in known]

    async def recalled(self, *, since: datetime) -> list[Story]:
        """Stories published since then that were taken back."""
        query = sa.select(stories).where(stories.c.published_at >= since, stories.c.recalled_at.is_not(None))
        async with self._database.read() as connection:
            return [story_in(row) for row in (await connection.execute(query)).mappings()]

    async def feed(self, url: str) -> FeedState:
        """What is remembered of the feed; an empty memory for a new one."""
        return (await self.feeds([url]))[0]

    async def feeds(self, urls: Sequence[str]) -> list[FeedState]:
        """What is remembered of each of the feeds, in the order asked for."""
        async with self._database.read() as connection:
            rows = (await connection.execute(sa.select(feeds).where(feeds.c.url.in_(urls)))).mappings().all()
        known = {
            row["url"]: FeedState(
                row["url"], row["etag"], row["last_modified"], row["succeeded_at"], row["failures"], row["error"]
            )
            for row in rows
        }
        return [known.get(url, FeedState(url)) for url in urls]

    async def note_feed(self, state: FeedState, *, now: datetime) -> None:
        """Remember how the look at the feed went."""
        values: dict[str, Any] = {
            "etag": state.etag,
            "last_modified": state.last_modified,
            "polled_at": now,
            "succeeded_at": state.succeeded_at,
            "failures": state.failures,
            "error": state.error,
        }
        insert = self._database.insert(feeds).values(url=state.url, **values)
        async with self._database.write() as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=["url"], set_=values))

    async def _update(self, story_id: int, **values: Any) -> None:
        async with self._database.write() as connection:
            await connection.execute(sa.update(stories).where(stories.c.id == story_id).values(**values))

    async def _first(self, condition: sa.ColumnElement[bool]) -> Story | None:
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(stories).where(condition))).mappings().first()
        return None if row is None else story_in(row)


async def add_in(
    connection: AsyncConnection, database: Database, found: Sequence[FeedStory], *, now: datetime
) -> list[Story]:
    """What `Stories.add` does, in a transaction of the caller's; nothing is left of it where one story is refused."""
    fresh: list[int] = []
    for story in found:
        values = _values(story)
        insert = database.insert(stories).values(**values, seen_at=now)
        row = await connection.execute(insert.on_conflict_do_nothing(index_elements=["url"]).returning(stories.c.id))
        new_id = row.scalar()
        if new_id is not None:
            fresh.append(new_id)
            continue
        # The date stays: a feed that touches its dates must not lift an old story over the new ones.
        changed = {key: values[key] for key in ("title", "summary", "picture", "top", "place", "read_in")}
        await connection.execute(
            sa.update(stories).where(stories.c.url == story.url, stories.c.revision == 0).values(**changed)
        )
    rows = await connection.execute(sa.select(stories).where(stories.c.id.in_(fresh)).order_by(stories.c.id))
    return [story_in(row) for row in rows.mappings()]


async def add_each_in(
    connection: AsyncConnection, database: Database, found: Sequence[FeedStory], *, now: datetime
) -> list[Story]:
    """The same, without the stories that the database refuses. Raises what it says of them where it takes none."""
    added: list[Story] = []
    refused: list[Exception] = []
    for story in found:
        try:
            async with connection.begin_nested():
                added += await add_in(connection, database, [story], now=now)
        except Exception as error:
            if is_passing(error):
                raise
            log.warning("story refused by the database", story=ascii(story.url)[:200], error=type(error).__name__)
            refused.append(error)
    if len(refused) == len(found):
        raise refused[0]
    return added


def _bound(before: tuple[datetime, int]) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    return sa.literal(before[0], stories.c.published_at.type), sa.literal(before[1])


def _values(story: FeedStory) -> dict[str, Any]:
    return {
        "url": story.url,
        "title": story.title,
        "summary": story.summary,
        "language": story.language,
        "section": story.section,
        "picture": story.picture,
        "published_at": story.published_at,
        "top": story.top,
        "place": story.place,
        "read_in": [list(one) for one in story.read_in],
    }


def story_in(row: Any) -> Story:
    """A row of the table as a story."""
    return Story(
        id=row["id"],
        url=row["url"],
        title=row["title"],
        summary=row["summary"],
        language=row["language"],
        section=row["section"],
        picture=row["picture"],
        published_at=row["published_at"],
        seen_at=row["seen_at"],
        top=row["top"],
        place=row["place"],
        pinned_until=row["pinned_until"],
        muted=row["muted"],
        read_in=tuple((language, address) for language, address in row["read_in"]),
        revision=row["revision"],
        corrected_at=row["corrected_at"],
        recalled_at=row["recalled_at"],
        note=row["note"],
    )
