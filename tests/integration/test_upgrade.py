"""What the first schema wrote is read by the newest, on both databases."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

import bot.store
import moderation.store
from bot.doctor import look_at_database
from bot.settings import BotSettings
from bot.store import BotStore
from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.decision import Reason
from moderation.outcomes import Outcomes
from moderation.store import Store
from moderation.threads import Threads
from tests.builders import NOW, STORY, TERMS
from tests.desk import Desk


def at(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


WHEN = at(NOW)
COMMENT = {"story": STORY, "author": "telegram:1001", "author_name": "Asha", "edited": False, "created_at": WHEN}
REVISION = {"number": 1, "fingerprint": "0" * 16, "author": "telegram:1001", "received_at": WHEN}
DECIDED = {"decided_by": "machine", "decided_at": WHEN, "terms": TERMS, "language": "en", "model": "2026-11-22.1"}
SCORES = json.dumps({"toxic": 0.25})
HELD = {"outcome": "hold", "held_at": WHEN, "clause": "3.2", "machine_clause": "3.2", **DECIDED}

FIRST: list[tuple[str, list[dict[str, Any]]]] = [
    ("agreements", [{"author": "telegram:1001", "terms": TERMS, "language": "en", "agreed_at": WHEN}]),
    (
        "comments",
        [
            COMMENT
            | {"id": 1, "source_key": "telegram:1001:5", "status": "published", "latest_revision": 1}
            | {"published_revision": 1, "published_at": WHEN},
            COMMENT | {"id": 2, "source_key": "telegram:1001:6", "status": "held", "latest_revision": 1, "parent": 1},
        ],
    ),
    (
        "revisions",
        [
            REVISION
            | {"id": 1, "comment_id": 1, "text": "پہلا تبصرہ", "status": "published", "outcome": "publish", **DECIDED}
            | {"scores": SCORES, "findings": "[]"},
            REVISION | {"id": 2, "comment_id": 2, "text": "held", "status": "held", **HELD} | {"findings": "[]"},
        ],
    ),
    (
        "audit",
        [
            {"at": WHEN, "comment_id": 1, "revision_id": 1, "who": "telegram:1001", "name": "", "act": "submit"}
            | {"to_status": "received", "terms": TERMS},
            {"at": WHEN, "comment_id": 1, "revision_id": 1, "who": "machine", "name": "", "act": "screen"}
            | {"from_status": "received", "to_status": "published", "terms": TERMS, "scores": SCORES},
        ],
    ),
    (
        "outbox",
        [
            {"at": WHEN, "kind": "published", "comment_id": 1, "revision": 1, "author": "telegram:1001"}
            | {"story": STORY, "visible": True, "first": True, "silent": False, "due_at": WHEN}
        ],
    ),
    (
        "stories",
        [
            {"id": 3, "url": STORY, "title": "Monsoon", "summary": "", "language": "en", "section": "world"}
            | {"published_at": WHEN, "seen_at": WHEN, "top": True}
        ],
    ),
    (
        "subscribers",
        [
            {"id": 1001, "name": "Asha", "language": "ur", "sections": '["world"]', "active": True, "joined_at": WHEN},
        ],
    ),
    (
        "deliveries",
        [
            {"id": 1, "story_id": 3, "subscriber_id": 1001, "state": "sent", "due_at": WHEN, "attempts": 1}
            | {"message_id": 9, "sent_at": WHEN}
        ],
    ),
    (
        "inbox",
        [
            {"update_id": 1, "lane": 1001, "payload": '{"message": {"text": "words"}}', "received_at": WHEN}
            | {"attempts": 1, "due_at": WHEN, "done_at": WHEN},
            {"update_id": 2, "lane": 1001, "payload": '{"message": {"text": "waiting"}}', "received_at": WHEN}
            | {"attempts": 0, "due_at": WHEN},
        ],
    ),
    ("shown", [{"chat_id": 1001, "message_id": 9, "story_id": 3, "shown_at": WHEN}]),
    (
        "cards",
        [{"chat_id": -1, "message_id": 4, "comment_id": 2, "revision": 1, "open": True, "posted_at": WHEN}],
    ),
]
"""A small system as the first release wrote it: times in microseconds, JSON as text."""

JSON_COLUMNS = {"scores", "findings", "sections", "payload"}


async def first_rows(address: str) -> None:
    """A database of the first form, with something in it."""
    for upgrade in (moderation.store.upgrade, bot.store.upgrade):
        await asyncio.to_thread(upgrade, address, to="0001")
    database = Database(address)
    async with database.write() as connection:
        for table, rows in FIRST:
            for row in rows:
                names = ", ".join(row)
                values = ", ".join(f"CAST(:{name} AS JSON)" if name in JSON_COLUMNS else f":{name}" for name in row)
                if database.dialect == "sqlite":
                    values = ", ".join(f":{name}" for name in row)
                await connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)
            if database.dialect == "postgresql" and "id" in rows[0] and table != "subscribers":
                # As if the numbers had been counted up.
                counted = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {rows[-1]['id']})"
                await connection.execute(sa.text(counted))
    await database.close()


async def read_back(address: str) -> None:
    """Everything of it is there, by today's code."""
    database = Database(address)
    store, bot_store = Store(database), BotStore(database)
    page = await Threads(store).published(STORY, sort="newest", limit=10, cursor=None)
    assert [(one.id, one.text, one.author_name) for one in page.items] == [(1, "پہلا تبصرہ", "Asha")]
    record = await store.comment(1)
    assert record is not None and record.decision is not None and record.decision.scores == {"toxic": 0.25}
    (held,) = await store.held(limit=10, now=None)
    assert (held.comment_id, held.clause, held.parent_text) == (2, "3.2", "پہلا تبصرہ")
    assert [row.act for row in await store.audit_of(1)] == ["submit", "screen"]
    (event,) = await Outcomes(store, None).lease(at_most=10, lease_s=9, now=NOW)
    assert event.comment_id == 1 and event.reason is not Reason.ERASED
    reader = await bot_store.subscribers.one(1001)
    assert reader is not None and (reader.language, reader.sections) == ("ur", {"world"})
    assert await bot_store.deliveries.received(1001) == {3}
    assert await bot_store.shown.story_of(1001, 9) == (3, None)
    story = await bot_store.stories.one(3)
    assert story is not None
    corrected = await bot_store.amendments.correct(story, title="Rain", summary="", note="", now=NOW)
    assert corrected is not None and await bot_store.amendments.count_behind(corrected) == 1
    (card,) = await bot_store.shown.open_cards()
    assert card.comment_id == 2 and await bot_store.shown.stale_cards() == []
    (waiting,) = await bot_store.inbox.lease(at_most=10, lease_s=9, now=NOW)
    assert waiting.payload == {"message": {"text": "waiting"}}
    desk = Desk.of(store)
    new = await desk.publish()
    assert await desk.status(new) is CommentStatus.PUBLISHED, "and it goes on from there"
    await database.close()


async def test_what_the_first_release_wrote_is_read_by_the_newest(empty_database_address: str, tmp_path: Any) -> None:
    await first_rows(empty_database_address)
    for upgrade in (moderation.store.upgrade, bot.store.upgrade):
        assert await asyncio.to_thread(upgrade, empty_database_address) is True
    settings = BotSettings(database_url=empty_database_address, data_dir=tmp_path)  # type: ignore[arg-type]  # it is read
    assert (await look_at_database(settings)).fault is None
    await read_back(empty_database_address)
    database = Database(empty_database_address)
    async with database.read() as connection:
        words = (await connection.execute(sa.text("SELECT payload FROM inbox WHERE update_id = 1"))).scalar()
    await database.close()
    assert words in ("{}", {}), "what was handled is not kept any longer"
