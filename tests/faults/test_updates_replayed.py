"""Telegram sends updates again, in any order: each changes something once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.inbox import InboxWorker, stored_update
from bot.store import BotStore, StoredUpdate
from moderation.comment import Submission
from moderation.database import Database
from moderation.store import Store
from tests.builders import STORY
from tests.desk import Desk
from tests.faults.databases import ONLY_SQLITE, name_of
from tests.faults.ledger import number, reading, received
from tests.faults.report import note
from tests.faults.shift import now
from tests.integration.chat.talk import Talk, running_talk
from tests.integration.sandbox_client import EMMA, until

COPIES = 3
COMMENTS = 12
NEW_NUMBERS = 5_000_000
"""From here on the second copies are numbered, as if Telegram had forgotten that it had sent them."""


def shuffled(updates: list[dict[str, Any]], *, seed: int) -> list[dict[str, Any]]:
    """Each update three times, one of them under another number, in no order."""
    again = [update | {"update_id": NEW_NUMBERS + at} for at, update in enumerate(updates)]
    copies = updates * (COPIES - 1) + again
    random.Random(seed).shuffle(copies)
    return copies


def watch_what_comes(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every update as Telegram sends it; the inbox forgets the words of those that are handled."""
    came: list[dict[str, Any]] = []
    real = talk.parts.poller.keep

    async def keep(updates: list[Mapping[str, Any]]) -> None:
        came.extend(dict(update) for update in updates)
        await real(updates)

    monkeypatch.setattr(talk.parts.poller, "keep", keep)
    return came


async def has_received(database: Database, comments: int) -> bool:
    return await received(database.address) == comments


async def everything_handled(talk: Talk) -> bool:
    return await talk.bot_store.inbox.waiting() == 0


async def test_updates_that_come_three_times_in_any_order_make_each_comment_once(
    database: Database, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_talk(database, redis, tmp_path) as talk:
        came = watch_what_comes(talk, monkeypatch)
        await talk.story()
        story = await talk.joins_and_agrees()
        for at in range(COMMENTS):
            written = await talk.comments(story, f"Paragraph {at} deserves an answer.")
        # One chat's updates are handled one after the other.
        await until(lambda: has_received(database, COMMENTS), at_most_s=60)
        await talk.told(written, "Received")
        sent = [update for update in came if "Paragraph" in update.get("message", {}).get("text", "")]
        said = await talk.said_by_bot(EMMA)
        for update in shuffled(sent, seed=1):
            await talk.parts.poller.keep([update])
        talk.parts.worker.wake()
        await until(lambda: everything_handled(talk), at_most_s=60)
        await talk.settled()
        said_since = (await talk.said_by_bot(EMMA))[len(said) :]
    async with reading(database.address) as connection:
        comments = await number(connection, "SELECT count(*) FROM comments")
        events = await number(connection, "SELECT count(*) FROM outbox WHERE kind = 'received'")
    assert (len(sent), comments, events) == (COMMENTS, COMMENTS, COMMENTS)
    assert not [text for text in said_since if text.startswith("Received")]


@pytest.mark.long
@pytest.mark.timeout(1200)
@ONLY_SQLITE
async def test_ten_thousand_updates_three_times_over_make_ten_thousand_comments(database: Database) -> None:
    desk, bot_store = Desk.of(Store(database)), BotStore(database)
    for at in range(1000):
        await desk.intake.agree(f"telegram:{at}", language="en", now=now())

    async def handle(stored: StoredUpdate) -> None:
        message = stored.payload["message"]
        chat, text = message["chat"]["id"], message["text"]
        source = f"telegram:{chat}:{message['message_id']}"
        await desk.intake.submit(Submission(STORY, f"telegram:{chat}", "Reader", text, source), now=now())

    updates = [
        {"update_id": at, "message": {"message_id": at, "chat": {"id": at % 1000}, "text": f"Paragraph {at}."}}
        for at in range(10_000)
    ]
    copies = shuffled(updates, seed=2)
    for begin in range(0, len(copies), 100):
        await bot_store.inbox.add([stored_update(one) for one in copies[begin : begin + 100]], now=now())
    worker = InboxWorker(bot_store, handle, clock=now)
    working = asyncio.create_task(worker.run())
    async with asyncio.timeout(1000):
        while await bot_store.inbox.waiting():
            await asyncio.sleep(0.5)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    async with reading(database.address) as connection:
        rows = await number(connection, "SELECT count(*) FROM comments")
    note(
        "Updates three times over, shuffled",
        {"updates": len(updates), "deliveries": len(copies), "comments": rows},
        run=name_of(database),
    )
    assert (len(copies), rows) == (30_000, 10_000)
