"""The bot is killed while a story goes out: everybody gets it, and twice only those it was on its way to."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from bot.delivery import AT_ONCE
from bot.store import BotStore
from bot.story import FeedStory, Story
from bot.subscriber import Listed
from moderation.database import Database
from tests.faults.full_size import sized
from tests.faults.report import note
from tests.faults.site import Site
from tests.integration.sandbox_client import Sandbox, sandbox_running
from tests.planning import planned

FIRST = 700_000
TITLE = "The quay is longer"
LARGE = 700
"""Subscribers from which on a run is put on record."""


async def subscribed(sandbox: Sandbox, store: BotStore, count: int) -> list[int]:
    """People who started the bot once, and what they wrote then is gone."""
    people = list(range(FIRST, FIRST + count))
    for person in people:
        await sandbox.do("POST", "users", {"id": person, "first_name": "Reader"})
    await sandbox.start(*people)
    listed = [Listed(id=person, language="en", sections=(), timezone=None) for person in people]
    by_hash = {str(one.id): one for one in listed}
    assert await store.subscribers.add_listed(by_hash, now=datetime.now(UTC)) == (count, 0)
    return people


async def pushed(store: BotStore) -> Story:
    now = datetime.now(UTC)
    told = FeedStory("https://news.example/quay", TITLE, "Two lines.", "en", "world", now)
    (story,) = await store.stories.add([told], now=now)
    await planned(store, story, now=now)
    return story


async def received(sandbox: Sandbox, people: list[int]) -> Counter[int]:
    """How often each was sent the story."""
    found: Counter[int] = Counter()
    for person in people:
        seen = await sandbox.messages(person)
        found[person] = sum(str(one.get("text", "")).startswith(TITLE) for one in seen if one["from"]["is_bot"])
    return found


async def counted(store: BotStore, story: Story, *, sent: int, within_s: float, every_s: float = 0.05) -> float:
    """Wait until so many are noted as sent; how long that took."""
    began = time.monotonic()
    while (await store.deliveries.counts(story.id)).get("sent", 0) < sent:
        assert time.monotonic() - began < within_s, await store.deliveries.counts(story.id)
        await asyncio.sleep(every_s)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("subscribers", "kills"),
    [
        pytest.param(200, 5, id="small"),
        pytest.param(*sized((750, 10), (1500, 20)), id="large", marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
async def test_everybody_gets_a_story_though_the_bot_is_killed_again_and_again(
    site: Site, subscribers: int, kills: int
) -> None:
    database = Database(site.address)
    store = BotStore(database)
    async with sandbox_running() as sandbox:
        people = await subscribed(sandbox, store, subscribers)
        site.environment |= {"BAITHAK_SANDBOX_PORT": str(urlsplit(sandbox.address).port)}
        story = await pushed(store)
        site.start("bot", "bot", "bot")
        resumed: list[float] = []
        for kill in range(1, kills + 1):
            await counted(store, story, sent=round(subscribers * kill / (kills + 2)), within_s=120)
            noted = (await store.deliveries.counts(story.id)).get("sent", 0)
            await asyncio.to_thread(site.kill, "bot")
            resumed.append(await counted(store, story, sent=noted + 1, within_s=60))
        await counted(store, story, sent=subscribers, within_s=120)
        got = await received(sandbox, people)
        stats = await sandbox.do("GET", "stats")
    await database.close()
    twice = sum(times - 1 for times in got.values() if times > 1)
    assert min(got.values()) >= 1, "everybody got it"
    assert twice <= kills * AT_ONCE
    assert max(got.values()) <= 1 + kills
    if subscribers < LARGE:
        return
    note(
        "A story on its way while the bot is killed",
        {
            "subscribers": subscribers,
            "kills": kills,
            "without it": 0,
            "sent twice": twice,
            "on its way at once, at most": AT_ONCE,
            "429s": sum(stats["too_many_requests"].values()),
            "until it went on after a kill, median s": round(sorted(resumed)[len(resumed) // 2], 1),
            "longest, s": round(max(resumed), 1),
        },
        run="SQLite" if database.dialect == "sqlite" else "PostgreSQL",
    )
