"""Words that subscribers follow or mute."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.keywords import KEYWORDS_AT_MOST, Keyword, Kind, keyword, phrases
from bot.store.tables import keywords, subscribers
from bot.story import Story
from moderation.database import Database


class Keywords:
    """Each subscriber's keywords."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, person: int) -> list[Keyword]:
        """All of this subscriber's, oldest first."""
        query = sa.select(keywords.c.id, keywords.c.kind, keywords.c.word).where(keywords.c.subscriber_id == person)
        async with self._database.read() as connection:
            return [Keyword(*row) for row in await connection.execute(query.order_by(keywords.c.id))]

    async def add(self, person: int, kind: Kind, word: str) -> bool:
        """Follow or mute a word from now on; False where there are KEYWORDS_AT_MOST of that kind already.

        It is followed or muted, not both: the later choice holds. Raises ValueError for what is no keyword.
        """
        compared = keyword(word)
        if compared is None:
            raise ValueError("not a keyword")
        values = {"subscriber_id": person, "kind": kind, "word": " ".join(word.split()), "folded": compared}
        other = sa.and_(keywords.c.subscriber_id == person, keywords.c.kind != kind, keywords.c.folded == compared)
        count = sa.select(sa.func.count()).where(
            keywords.c.subscriber_id == person, keywords.c.kind == kind, keywords.c.folded != compared
        )
        # Two presses at once take turns at the subscriber's row, or both would take the last place.
        row = sa.select(subscribers.c.id).where(subscribers.c.id == person).with_for_update()
        async with self._database.write() as connection:
            await connection.execute(row)
            if (await connection.execute(count)).scalar_one() >= KEYWORDS_AT_MOST:
                return False
            await connection.execute(sa.delete(keywords).where(other))
            await connection.execute(self._database.insert(keywords).values(values).on_conflict_do_nothing())
        return True

    async def drop(self, person: int, number: int) -> bool:
        """Neither follow nor mute this one any more; False where they have no such."""
        theirs = sa.and_(keywords.c.subscriber_id == person, keywords.c.id == number)
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(keywords).where(theirs))).rowcount == 1


async def followed(connection: AsyncConnection, told: Sequence[Story]) -> list[Story]:
    """Those of these stories that have a word somebody follows."""
    found: list[Story] = []
    for story in told:
        said = sorted(phrases(story.title, story.summary))
        query = sa.select(keywords.c.id).where(keywords.c.folded.in_(said), keywords.c.kind == "follow")
        if (await connection.execute(query.limit(1))).first() is not None:
            found.append(story)
    return found


# A subscriber's keywords in one column, so that who asks for a subscriber asks once: kind and word, a line for each.
THEIRS = (
    sa.select(sa.func.aggregate_strings(keywords.c.kind + " " + keywords.c.folded, "\n"))
    .where(keywords.c.subscriber_id == subscribers.c.id)
    .scalar_subquery()
    .label("keywords")
)


def by_kind(theirs: str | None) -> dict[str, frozenset[str]]:
    """What THEIRS gives: the keywords by their kind, as they are compared."""
    lines = [line.partition(" ") for line in (theirs or "").split("\n")]
    return {kind: frozenset(word for its, _, word in lines if its == kind) for kind in ("follow", "mute")}


def has_keyword(kind: Kind, said: frozenset[str]) -> sa.ColumnElement[bool]:
    """Whether one of the subscriber's words of this kind is among these."""
    return subscribers.c.id.in_(
        sa.select(keywords.c.subscriber_id).where(keywords.c.kind == kind, keywords.c.folded.in_(sorted(said)))
    )
