"""Which message shows what: stories, comments, notices, review cards; and the few notes the bot keeps for itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.tables import cards, notes, notices, shown, stories
from bot.story import Story
from moderation.database import Database


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """The message that tells an author what became of a revision. `told` is the event kind it shows."""

    comment_id: int
    revision: int
    chat_id: int
    message_id: int
    told: str
    event_id: int


@dataclass(frozen=True, slots=True)
class Card:
    """A copy of a review card in some chat."""

    chat_id: int
    message_id: int
    comment_id: int
    revision: int
    open: bool


class Shown:
    """What was sent where, kept so that replies are understood and messages can be edited."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note_story(
        self, chat_id: int, message_id: int, *, story_id: int, comment_id: int | None = None, now: datetime
    ) -> None:
        """This message is about this story, or shows this comment under it."""
        values = {"story_id": story_id, "comment_id": comment_id, "shown_at": now, "revision": None}
        await self._put(shown, {"chat_id": chat_id, "message_id": message_id}, values)

    async def note_alert(self, chat_id: int, message_id: int, *, story: Story, now: datetime) -> None:
        """This message shows this story itself, as it is in this revision.

        Where it was corrected or recalled while the message was on its way, it is to be amended once more.
        """
        values = {"story_id": story.id, "comment_id": None, "shown_at": now, "revision": story.revision}
        insert = self._database.insert(shown).values(chat_id=chat_id, message_id=message_id, **values)
        # Locked first: whoever amends the story, or says that all is done, comes before this message or sees it.
        locked = sa.select(stories.c.revision).where(stories.c.id == story.id).with_for_update(key_share=True)
        newer = sa.and_(stories.c.id == story.id, stories.c.revision > story.revision)
        async with self._database.write() as connection:
            await connection.execute(locked)
            await connection.execute(
                insert.on_conflict_do_update(index_elements=["chat_id", "message_id"], set_=values)
            )
            await connection.execute(sa.update(stories).where(newer).values(amending=True))

    async def story_of(self, chat_id: int, message_id: int) -> tuple[int, int | None] | None:
        """(story, comment or None) that a message shows; None for a message that shows neither."""
        query = sa.select(shown.c.story_id, shown.c.comment_id).where(
            shown.c.chat_id == chat_id, shown.c.message_id == message_id
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else (row.story_id, row.comment_id)

    async def drop_shown(self, *, older_than: datetime, at_most: int) -> int:
        """Forget what messages sent before `older_than` show, so many at most; how many."""
        old = sa.select(shown.c.chat_id, shown.c.message_id).where(shown.c.shown_at < older_than).limit(at_most)
        chosen = sa.tuple_(shown.c.chat_id, shown.c.message_id).in_(old)
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(shown).where(chosen))).rowcount

    async def notice(self, comment_id: int, revision: int) -> NoticeRow | None:
        """The message that tells of this revision."""
        query = sa.select(notices).where(notices.c.comment_id == comment_id, notices.c.revision == revision)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            return None
        return NoticeRow(
            row["comment_id"], row["revision"], row["chat_id"], row["message_id"], row["told"], row["event_id"]
        )

    async def note_notice(self, row: NoticeRow, *, now: datetime) -> None:
        """Remember which message tells of a revision, and what it says."""
        values = {
            "chat_id": row.chat_id,
            "message_id": row.message_id,
            "told": row.told,
            "event_id": row.event_id,
            "told_at": now,
        }
        await self._put(notices, {"comment_id": row.comment_id, "revision": row.revision}, values)

    async def note_card(self, card: Card, *, now: datetime) -> None:
        """A copy of a card stands in a chat; a message shows one comment at a time."""
        values = {
            "comment_id": card.comment_id,
            "revision": card.revision,
            "open": card.open,
            "posted_at": now,
            "stale": False,
        }
        await self._put(cards, {"chat_id": card.chat_id, "message_id": card.message_id}, values)

    async def cards_of(self, comment_id: int) -> list[Card]:
        """Every copy of a comment's card, decided or not."""
        return await self._cards(cards.c.comment_id == comment_id)

    async def card_at(self, chat_id: int, message_id: int) -> Card | None:
        """The card a message shows."""
        found = await self._cards(sa.and_(cards.c.chat_id == chat_id, cards.c.message_id == message_id))
        return found[0] if found else None

    async def open_cards(self, chat_id: int | None = None) -> list[Card]:
        """Cards that still wait for a decision, oldest first; in this chat, or in all."""
        here = sa.true() if chat_id is None else cards.c.chat_id == chat_id
        return await self._cards(sa.and_(here, cards.c.open.is_(True)))

    async def stale_cards(self) -> list[Card]:
        """Cards to be shown anew, oldest first: of somebody erased since, or of an edit that was undecided."""
        return await self._cards(cards.c.stale.is_(True))

    async def close_card(self, card: Card, *, stale: bool = False) -> None:
        """The card was decided, or its comment is gone, and the message shows it; `stale`: more is to be said."""
        async with self._database.write() as connection:
            await connection.execute(
                sa.update(cards)
                .where(cards.c.chat_id == card.chat_id, cards.c.message_id == card.message_id)
                .values(open=False, stale=stale)
            )

    async def note(self, name: str) -> str | None:
        """A note the bot keeps for itself."""
        async with self._database.read() as connection:
            value: str | None = (
                await connection.execute(sa.select(notes.c.value).where(notes.c.name == name))
            ).scalar()
        return value

    async def noted(self, beginning: str) -> dict[str, str]:
        """All notes whose name begins so."""
        query = sa.select(notes.c.name, notes.c.value).where(notes.c.name.startswith(beginning, autoescape=True))
        async with self._database.read() as connection:
            return {row.name: row.value for row in await connection.execute(query.order_by(notes.c.name))}

    async def keep(self, name: str, value: str) -> None:
        """Keep a note under a name, in place of an older one."""
        await self._put(notes, {"name": name}, {"value": value})

    async def drop(self, name: str) -> None:
        """Forget a note."""
        async with self._database.write() as connection:
            await connection.execute(sa.delete(notes).where(notes.c.name == name))

    async def take(self, name: str, *, holder: str, lasts_s: float, now: datetime) -> bool:
        """Whether this holder has the lease of that name now: it was free, run out, or theirs already."""
        until = now + timedelta(seconds=lasts_s)
        first = self._database.insert(notes).values(name=name, value="")
        held = sa.select(notes.c.value).where(notes.c.name == name).with_for_update()
        async with self._database.write() as connection:
            await connection.execute(first.on_conflict_do_nothing())
            known, _, known_until = (await connection.execute(held)).scalar_one().partition(" ")
            # Ahead by more than any lease lasts, it was given by a clock that was set back since.
            if known != holder and known_until and now < datetime.fromisoformat(known_until) < now + 2 * (until - now):
                return False
            value = f"{holder} {until.isoformat()}"
            await connection.execute(sa.update(notes).where(notes.c.name == name).values(value=value))
        return True

    async def give_back(self, name: str, *, holder: str) -> None:
        """End the lease of that name, where this holder has it."""
        mine = sa.and_(notes.c.name == name, notes.c.value.startswith(f"{holder} ", autoescape=True))
        async with self._database.write() as connection:
            await connection.execute(sa.update(notes).where(mine).values(value=""))

    async def _cards(self, condition: sa.ColumnElement[bool]) -> list[Card]:
        query = sa.select(cards).where(condition).order_by(cards.c.posted_at, cards.c.message_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            Card(row["chat_id"], row["message_id"], row["comment_id"], row["revision"], row["open"]) for row in rows
        ]

    async def _put(self, table: sa.Table, key: dict[str, Any], values: dict[str, Any]) -> None:
        insert = self._database.insert(table).values(**key, **values)
        async with self._database.write() as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values))
