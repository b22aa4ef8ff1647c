"""The bot ends between telling and noting that it told: the site shows a comment once, and all places say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.notices import readers
from bot.store import NoticeRow
from moderation.database import Database
from moderation.decision import Outcome
from tests.faults.ledger import number, reading
from tests.integration.chat.talk import Talk, running_talk, text_of
from tests.integration.sandbox_client import BILAL, EMMA, until
from tests.newsroom import running_newsroom

TEXT = "The harbour <b>needs</b> a longer quay & a crane."
"""With signs that each place has to write in a way of its own."""


def fail_before_noting(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Each event is told, and the first time nobody notes it; the list says of which events that was so."""
    shown = talk.parts.store.shown
    real, failed = shown.note_notice, list[int]()

    async def note_notice(row: NoticeRow, **named: Any) -> None:
        if row.event_id not in failed:
            failed.append(row.event_id)
            raise OSError("gone before it was noted")
        await real(row, **named)

    monkeypatch.setattr(readers, "LEASE_S", 0.5)
    monkeypatch.setattr(shown, "note_notice", note_notice)
    return failed


async def test_told_and_not_noted_a_comment_is_published_once_and_alike_everywhere(
    database: Database, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_talk(database, redis, tmp_path) as talk, running_newsroom(database, redis) as newsroom:
        failed = fail_before_noting(talk, monkeypatch)
        story = await talk.story()
        written = await talk.comments(await talk.joins_and_agrees(), TEXT)
        await talk.told(written, "Received")
        await talk.screen(Outcome.PUBLISH)
        await talk.told(written, "Published")

        async def everything_told() -> bool:
            async with reading(database.address) as connection:
                return not await number(connection, "SELECT count(*) FROM outbox WHERE done_at IS NULL")

        await until(everything_told, at_most_s=20)
        async with aiohttp.ClientSession(newsroom.address) as http:
            async with http.get("/api/v1/comments", params={"story": story.url}) as answer:  # what the widget reads
                page = await answer.json()
            async with http.get("/feeds/comments.atom") as answer:
                feed = await answer.text()
        other = await talk.joins_and_agrees(BILAL)
        await talk.press(BILAL, other, f"thread:{story.id}:0")
        in_chat = await talk.sees(BILAL, lambda message: TEXT in text_of(message))
        told = [text for text in await talk.said_by_bot(EMMA) if text.startswith(("Received", "Published"))]
    assert len(failed) == 2, "both events were told and not noted"
    assert (page["total"], [item["text"] for item in page["items"]]) == (1, [TEXT])
    assert feed.count("needs") == 1 and "<b>needs" not in feed
    assert text_of(in_chat).count(TEXT) == 1
    # Telegram has no way to ask whether a message arrived, so what was not noted is said again: once for each time.
    assert told[-1].startswith("Published")
    assert len(told) <= 2 + len(failed)
    async with reading(database.address) as connection:
        assert await number(connection, "SELECT count(*) FROM outbox WHERE kind = 'published'") == 1
