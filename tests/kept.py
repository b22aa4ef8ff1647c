"""What is kept of one reader, everywhere it can be: made for tests, and looked for afterwards in every table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

import bot.store.tables
import moderation.store.tables
from bot.store import BotStore, Card, NoticeRow, SentDigest, StoredUpdate
from bot.story import FeedStory
from moderation.database import Database
from moderation.decision import Outcome
from moderation.intake import Accepted
from moderation.store import Store
from tests.builders import NOW, STORY
from tests.desk import Desk
from tests.planning import planned

PERSON = 700_300_123
READER = f"telegram:{PERSON}"
NAME = "Zarmeena"
WORD = "qandil"
TRACES = (str(PERSON), NAME, WORD)
"""What must be nowhere once the reader is erased: number, name, and a word that every text of theirs holds."""

GROUP = -1003000000001
TABLES = [*moderation.store.tables.metadata.sorted_tables, *bot.store.tables.metadata.sorted_tables]


def update(number: int, text: str = f"a {WORD} in an update", *, chat: int = PERSON) -> StoredUpdate:
    """An update of the reader's as it is stored."""
    sender = {"id": PERSON, "is_bot": False, "first_name": NAME}
    chat_of = {"id": chat, "type": "private" if chat > 0 else "supergroup"}
    message = {"message_id": 500 + number, "date": 0, "from": sender, "chat": chat_of, "text": text}
    return StoredUpdate(number, chat, {"update_id": number, "message": message})


async def busy_reader(database: Database) -> dict[str, Accepted]:
    """A reader of whom something stands in every table that can hold it; their comments by what became of them."""
    desk, store = Desk.of(Store(database)), BotStore(database)
    given = {"author": READER, "author_name": NAME}

    def key(message: int) -> str:
        return f"telegram:{PERSON}:{message}"

    published = await desk.publish(text=f"first {WORD}", source_key=key(11), **given)
    edited = await desk.intake.edit(key(11), author=READER, text=f"second {WORD}", now=NOW)
    await desk.screen(edited, Outcome.PUBLISH)
    made = {
        "published": published,
        "held": await desk.hold(text=f"held {WORD}", source_key=key(12), **given),
        "rejected": await desk.hold(text=f"rejected {WORD}", source_key=key(13), **given),
        "received": await desk.receive(text=f"received {WORD}", source_key=key(14), **given),
        "withdrawn": await desk.publish(text=f"withdrawn {WORD}", source_key=key(15), **given),
    }
    await desk.reject(made["rejected"])
    await desk.intake.withdraw(made["withdrawn"].comment_id, author=READER, now=NOW)
    made["answer"] = await desk.hold(text="I answer that.", author="telegram:1002", parent=published.comment_id)
    await desk.store.add_login_link("a" * 64, person=READER, name=NAME, expires_at=NOW + timedelta(days=1), now=NOW)
    await _in_the_bot(store, made)
    return made


async def _in_the_bot(store: BotStore, made: dict[str, Accepted]) -> None:
    (story,) = await store.stories.add([FeedStory(STORY, "Monsoon", "", "en", "world", NOW)], now=NOW)
    await store.subscribers.subscribe(PERSON, name=NAME, language="en", now=NOW)
    await store.subscribers.subscribe(1002, name="Bilal", language="en", now=NOW)
    await planned(store, story, now=NOW)
    for delivery in await store.deliveries.lease(at_most=10, lease_s=9, clock=lambda: NOW):
        await store.deliveries.sent(delivery, message_id=30, now=NOW)
    await store.opened.note(story.id, PERSON, now=NOW)
    await store.keywords.add(PERSON, "follow", f"a {WORD}")
    await store.subscribers.set_digest(PERSON, [0], alerts=True, now=NOW - timedelta(days=2))
    for taken in await store.digests.take(at_most=1, lease_s=9, clock=lambda: NOW):
        await store.digests.sent(PERSON, SentDigest(29, [story], NOW), taken=taken, following=None)
    await store.conversations.enter(PERSON, {"drafts": [{"message": 31, "text": f"a {WORD} in a draft"}]}, now=NOW)
    await store.shown.note_story(PERSON, 30, story_id=story.id, now=NOW)
    for name in ("published", "held", "rejected"):
        comment_id = made[name].comment_id
        await store.shown.note_notice(NoticeRow(comment_id, 1, PERSON, 32, "published", 1), now=NOW)
        await store.shown.note_card(Card(GROUP, 60 + comment_id, comment_id, 1, open=name == "held"), now=NOW)
    answer = made["answer"].comment_id
    await store.shown.note_card(Card(GROUP, 60 + answer, answer, 1, open=True), now=NOW)
    await store.inbox.add([update(number) for number in (1, 2, 3)] + [update(4, chat=GROUP)], now=NOW)
    await store.inbox.done(1, now=NOW)
    await store.inbox.done(2, now=NOW, error="ValueError")


async def every_row(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of both packages."""
    async with database.read() as connection:
        return {
            table.name: [
                dict(row)
                for row in (await connection.execute(sa.select(table).order_by(*table.primary_key))).mappings()
            ]
            for table in TABLES
        }


async def traces(database: Database) -> list[str]:
    """Where something of the reader stands: the table, and what was found."""
    rows = await every_row(database)
    return [f"{table}: {trace}" for table, found in rows.items() for trace in TRACES if trace in repr(found)]
