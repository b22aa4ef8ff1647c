"""From a feed to planned deliveries: new stories are pushed once, old ones are not, a bad feed delays nobody."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from redis.asyncio import Redis

from bot.feed import FeedRefused, FeedSource, Fetcher, read_feed
from bot.ranking import distinct
from bot.schedule import FOLLOWED_AT_MOST, FeedWatch, Schedule
from bot.store import BotStore
from bot.story import FeedStory
from bot.web.demo.stories import feed_xml, load
from moderation.database import Database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Newsroom:
    """A feed file, a schedule over a real store, and how often the sender was woken."""

    def __init__(self, database: Database, redis: Redis, folder: Path) -> None:
        self.store = BotStore(database)
        self.file = folder / "feed.xml"
        self.source = FeedSource(str(self.file), "en", "world", 2)
        self.woken = 0
        self.schedule = Schedule(self.store, counts=self._counts, wake=self._wake, clock=lambda: NOW, alerts_per_poll=2)
        self._redis = redis

    def watch(self, fetcher: Fetcher) -> FeedWatch:
        return FeedWatch(
            [self.source],
            store=self.store,
            schedule=self.schedule,
            fetcher=fetcher,
            redis=self._redis,
            clock=lambda: NOW,
        )

    async def look(self) -> int:
        async with Fetcher(allowed=()) as fetcher:
            return await self.watch(fetcher).look(self.source)

    def write(self, *numbers: int) -> None:
        items = "".join(
            f"<item><title>Story {n}</title><link>https://news.example/{n}</link>"
            f"<pubDate>Sun, 22 Nov 2026 {n:02}:00:00 GMT</pubDate></item>"
            for n in numbers
        )
        self.file.write_text(f'<rss version="2.0"><channel><title>N</title>{items}</channel></rss>', encoding="utf-8")

    async def planned(self, person: int) -> list[str]:
        ids = await self.store.deliveries.received(person)
        stories = [await self.store.stories.one(number) for number in ids]
        return sorted(story.title for story in stories if story is not None)

    async def _counts(self, addresses: Sequence[str]) -> dict[str, int]:
        return {}

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
async def newsroom(database: Database, redis: Redis, tmp_path: Path) -> Newsroom:
    room = Newsroom(database, redis, tmp_path)
    await room.store.subscribers.subscribe(1, name="Emma", language="en", now=NOW)
    return room


async def test_the_first_look_pushes_the_best_story_and_later_looks_what_is_new(newsroom: Newsroom) -> None:
    newsroom.write(1, 2, 3)
    await newsroom.look()
    assert await newsroom.planned(1) == ["Story 3"]
    newsroom.write(1, 2, 3, 4)
    await newsroom.look()
    assert await newsroom.planned(1) == ["Story 3", "Story 4"]
    await newsroom.look()
    assert newsroom.woken == 2


async def test_a_feed_that_brings_many_stories_at_once_pushes_only_the_best(newsroom: Newsroom) -> None:
    newsroom.write(1)
    await newsroom.look()
    newsroom.write(1, 2, 3, 4, 5, 6)
    await newsroom.look()
    assert await newsroom.planned(1) == ["Story 1", "Story 5", "Story 6"]


async def test_of_the_rest_who_follows_a_word_is_sent_theirs_and_of_very_many_some(newsroom: Newsroom) -> None:
    newsroom.write(1)
    await newsroom.look()
    await newsroom.store.subscribers.subscribe(2, name="Bilal", language="en", now=NOW)
    await newsroom.store.keywords.add(2, "follow", "Story 2")
    newsroom.write(1, 2, 3, 4, 5)
    await newsroom.look()
    assert await newsroom.planned(1) == ["Story 1", "Story 4", "Story 5"]
    assert await newsroom.planned(2) == ["Story 2", "Story 4", "Story 5"]
    await newsroom.store.keywords.add(2, "follow", "story")
    newsroom.file.write_text(
        newsroom.file.read_text().replace(
            "</channel>", "".join(_item(f"Story {n}", n) for n in range(100, 150)) + "</channel>"
        )
    )
    await newsroom.look()
    assert len(await newsroom.planned(2)) == 3 + 2 + FOLLOWED_AT_MOST


async def test_the_same_news_at_another_address_is_stored_and_pushed_once(newsroom: Newsroom) -> None:
    newsroom.write(1)
    await newsroom.look()
    items = [_item("The dam opens after heavy rain", 7), _item("The dam opens, after heavy rain", 8)]

    def have(*given: str) -> None:
        said = "".join(given)
        newsroom.file.write_text(f'<rss version="2.0"><channel><title>N</title>{said}</channel></rss>', "utf-8")

    have(*items)
    await newsroom.look()
    assert len(await newsroom.planned(1)) == 2
    have(*items, _item("UPDATE 1-The dam opens after heavy rain", 9), _item("The dam opens wider, two towns wait", 10))
    await newsroom.look()
    assert await newsroom.planned(1) == [
        "Story 1",
        "The dam opens after heavy rain",
        "The dam opens wider, two towns wait",
    ]
    assert await newsroom.store.stories.by_address("https://news.example/9") is not None
    best = [story.title for story in await newsroom.schedule.top_stories("en", at_most=9)]
    assert sum("after heavy rain" in title for title in best) == 1


async def test_news_that_went_to_nobody_or_was_taken_back_is_pushed_at_its_other_address(newsroom: Newsroom) -> None:
    title = "The dam opens after heavy rain"

    async def look(*items: str) -> list[str]:
        said = "".join(items)
        newsroom.file.write_text(f'<rss version="2.0"><channel><title>N</title>{said}</channel></rss>', "utf-8")
        await newsroom.look()
        return [await address(number) for number in sorted(await newsroom.store.deliveries.received(1))]

    async def address(number: int) -> str:
        story = await newsroom.store.stories.one(number)
        assert story is not None
        return story.url.rpartition("/")[2]

    # The first look pushes one story, of which this is none; then it comes at another address.
    assert await look(_item("Story of the hour, first", 1), _item(title, 2)) == ["1"]
    assert await look(_item(title, 3)) == ["1", "3"]
    story = await newsroom.store.stories.by_address("https://news.example/3")
    assert story is not None
    await newsroom.store.amendments.recall(story, note="", now=NOW)
    assert await look(_item(title, 4)) == ["1", "3", "4"]


async def test_what_was_muted_or_taken_back_does_not_come_back_by_its_twin(newsroom: Newsroom) -> None:
    title = "The dam opens after heavy rain"
    told = [FeedStory(f"https://news.example/{n}", title, "", "en", "world", NOW) for n in (1, 2)]
    first, second = await newsroom.store.stories.add(told, now=NOW)

    async def best() -> list[str]:
        return [story.url for story in await newsroom.schedule.top_stories("en", at_most=9)]

    assert await best() == [first.url]
    await newsroom.store.stories.mute(first.id, muted=True)
    assert await best() == []
    await newsroom.store.stories.mute(first.id, muted=False)
    await newsroom.store.amendments.recall(first, note="", now=NOW + timedelta(minutes=1))
    assert await best() == []
    later = replace(told[0], url="https://news.example/3")
    (third,) = await newsroom.store.stories.add([later], now=NOW + timedelta(minutes=2))
    assert await best() == [third.url], "what comes after the recall says what is right"
    assert second.id


async def test_a_pinned_story_stays_first_though_many_come_after_it_and_in_digests_too(newsroom: Newsroom) -> None:
    old = FeedStory("https://news.example/old", "The one", "", "en", "world", NOW - timedelta(hours=40))
    await newsroom.store.stories.add([old], now=NOW)
    pinned = await newsroom.store.stories.by_address(old.url)
    assert pinned is not None
    await newsroom.store.stories.pin(pinned.id, until=NOW + timedelta(hours=9))
    many = [FeedStory(f"https://news.example/{n}", f"Story {n}", "", "en", "world", NOW) for n in range(80)]
    await newsroom.store.stories.add(many, now=NOW)
    assert (await newsroom.schedule.top_stories("en", at_most=9))[0].url == old.url
    reader = await newsroom.store.subscribers.one(1)
    assert reader is not None
    assert (await newsroom.schedule.digest(reader))[0].url == old.url


async def test_a_digest_does_not_tell_again_what_came_by_itself_at_another_address(newsroom: Newsroom) -> None:
    title = "The dam opens after heavy rain"
    told = [FeedStory(f"https://news.example/{n}", title, "", "en", "world", NOW) for n in (1, 2)]
    first, _ = await newsroom.store.stories.add(told, now=NOW)
    await newsroom.store.deliveries.plan_one(first.id, 1, now=NOW)
    reader = await newsroom.store.subscribers.one(1)
    assert reader is not None
    assert await newsroom.schedule.digest(reader) == []


async def test_very_many_titles_are_compared_in_a_moment(newsroom: Newsroom) -> None:
    stories = [
        FeedStory(f"https://news.example/{n}/{'x' * 1400}", f"The dam opens after {n % 7} days", "", "en", "world", NOW)
        for n in range(1500)
    ]
    known = await newsroom.store.stories.add(stories, now=NOW)
    operations = 0

    class Counting(str):
        def split(self, *given: Any, **named: Any) -> list[str]:
            nonlocal operations
            operations += 1
            return super().split(*given, **named)

    counted = [replace(story, url=Counting(story.url)) for story in known]
    assert len(distinct(counted)) == 7
    assert operations <= 3 * len(counted), "each address is looked at as often as there are stories, not pairs of them"


def _item(title: str, number: int) -> str:
    when = "Sun, 22 Nov 2026 09:00:00 GMT"
    return f"<item><title>{title}</title><link>https://news.example/{number}</link><pubDate>{when}</pubDate></item>"


async def test_a_refused_feed_counts_its_failures_and_recovers(newsroom: Newsroom) -> None:
    newsroom.file.write_text("<!DOCTYPE a [<!ENTITY b 'c'>]><rss/>", encoding="utf-8")
    assert await newsroom.look() == 1
    assert await newsroom.look() == 2
    newsroom.write(1)
    assert await newsroom.look() == 0
    assert await newsroom.planned(1) == ["Story 1"]


async def test_a_look_that_the_database_ends_counts_as_a_failure_of_the_feed(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: object, **__: object) -> None:
        raise RuntimeError("no room")

    newsroom.write(1)
    with monkeypatch.context() as broken:
        broken.setattr(newsroom.schedule, "take", refuses)
        async with Fetcher(allowed=()) as fetcher:
            await newsroom.watch(fetcher).first_look(within_s=0.01)
    state = await newsroom.store.stories.feed(str(newsroom.file))
    assert (state.failures, state.error, state.succeeded_at) == (1, "can't be stored: RuntimeError", None)
    await newsroom.look()
    state = await newsroom.store.stories.feed(str(newsroom.file))
    assert (state.failures, state.error) == (0, None)


async def test_among_good_stories_one_at_an_endless_address_is_left_out(newsroom: Newsroom) -> None:
    newsroom.write(1)
    await newsroom.look()
    digits = random.Random(7)  # what does not repeat itself: PostgreSQL squeezes what does
    long = "".join(digits.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(9000))
    items = "".join(
        f"<item><title>{page[:9]}</title><link>https://news.example/{page}</link></item>"
        for page in ("good", long, "good-too")
    )
    newsroom.file.write_text(f'<rss version="2.0"><channel>{items}</channel></rss>', encoding="utf-8")
    assert await newsroom.look() == 0
    assert await newsroom.planned(1) == ["Story 1", "good", "good-too"]


async def test_why_a_feed_was_refused_is_kept_short_and_printable(newsroom: Newsroom) -> None:
    async with Fetcher(allowed=()) as fetcher:
        watch = newsroom.watch(fetcher)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(fetcher, "fetch", AsyncMock(side_effect=FeedRefused("\0\ud800" + "x" * 10_000)))
            assert await watch.look(newsroom.source) == 1
    assert (await newsroom.store.stories.feed(str(newsroom.file))).error == "  " + "x" * 298


async def test_a_feed_that_starts_when_we_do_is_looked_at_until_it_is_there(newsroom: Newsroom) -> None:
    async with Fetcher(allowed=()) as fetcher:
        looking = asyncio.create_task(newsroom.watch(fetcher).first_look(within_s=30))
        while (await newsroom.store.stories.feed(str(newsroom.file))).failures == 0:
            await asyncio.sleep(0)
        newsroom.write(1)
        await looking
        assert await newsroom.planned(1) == ["Story 1"]
        newsroom.file.unlink()
        await newsroom.watch(fetcher).first_look(within_s=0.01)
    assert (await newsroom.store.stories.feed(str(newsroom.file))).failures > 0


async def test_a_reader_is_given_the_best_story_they_have_not_had(newsroom: Newsroom) -> None:
    newsroom.write(1, 2, 3)
    await newsroom.look()
    story = await newsroom.schedule.first_story(1, language="en", sections=frozenset())
    assert story is not None
    assert story.title == "Story 2"
    assert await newsroom.schedule.first_story(1, language="ur", sections=frozenset()) is None


async def test_the_sample_feeds_are_read_whole_in_all_five_languages(newsroom: Newsroom) -> None:
    for language in ("en", "ur", "hi", "mr", "ar"):
        stories = [story for story in load() if story.language == language]
        newsroom.file.write_bytes(feed_xml(load(), base_url="http://127.0.0.1:8080", language=language, now=NOW))
        source = FeedSource(str(newsroom.file), language, "world", 2)
        reading = read_feed(
            newsroom.file.read_bytes(), source, content_type="application/rss+xml", address="http://x.example/", now=NOW
        )
        assert [story.language for story in reading.stories] == [language] * len(stories)
        assert {story.section for story in reading.stories} == {story.section for story in stories}
        assert sum(story.top for story in reading.stories) == sum(story.top for story in stories) > 0
        assert reading.problems == ()
        assert min(story.published_at for story in reading.stories) >= NOW - timedelta(days=7)
