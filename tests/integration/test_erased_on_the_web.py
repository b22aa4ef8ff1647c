"""What the site and programs show of an erased reader: nothing, and at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from redis.asyncio import Redis

from moderation.database import Database
from moderation.privacy import Privacy
from tests.newsroom import Newsroom, running_newsroom

AUTHOR, WORD = "telegram:700300123", "qandil"


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    async with running_newsroom(database, redis) as newsroom:
        yield newsroom


async def test_pages_api_counts_feed_and_stream_follow_an_erasure_at_once(newsroom: Newsroom) -> None:
    story = await newsroom.story()
    gone = await newsroom.published(story, text=f"a {WORD}", author=AUTHOR, author_name="Zarmeena")
    answer = await newsroom.published(story, text="I answer that.", parent=gone)
    async with (
        aiohttp.ClientSession(newsroom.address, timeout=aiohttp.ClientTimeout(total=20)) as http,
        http.get("/api/v1/comments/stream", params={"story": story}) as live,
    ):
        await live.content.readuntil(b"\n\n")
        await Privacy(newsroom.store, newsroom.parts.outcomes).erase(AUTHOR, who="reader", now=datetime.now(UTC))
        event = ""
        while "event: removed" not in event:  # what was published just before may be told first
            event = (await live.content.readuntil(b"\n\n")).decode()
        assert (json.loads(event.partition("data: ")[2])["id"], WORD in event) == (str(gone), False)
        async with http.get("/api/v1/comments", params={"story": story}) as page:
            (left,) = (await page.json())["items"]
            assert (left["id"], left["parent"]) == (str(answer), str(gone)), "the thread keeps its form"
        async with http.get("/api/v1/comments/counts", params={"story": story}) as counts:
            assert (await counts.json())["counts"] == {story: 1}
        async with http.get("/feeds/comments.atom") as feed:
            assert WORD not in await feed.text() and "Zarmeena" not in await feed.text()
        async with http.get(
            "/api/v1/comments/stream", params={"story": story}, headers={"Last-Event-ID": "0"}
        ) as again:
            await again.content.readuntil(b"\n\n")
            replayed = (await again.content.readuntil(b"\n\n")).decode()
            assert "event: removed" in replayed and WORD not in replayed, "its publication is not told again"
