"""The bot's tables on both databases: stories once, deliveries once, updates once and in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.store import BotStore, Card, NoticeRow, StoredUpdate
from bot.store.stories import FeedState
from bot.story import FeedStory, Story
from moderation.database import Database
from tests.planning import planned

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def bot_store(database: Database) -> BotStore:
    return BotStore(database)


def feed_story(number: int = 1, *, language: str = "en", section: str = "world", top: bool = False) -> FeedStory:
    return FeedStory(
        url=f"https://news.example/{language}/{number}",
        title=f"Story {number}",
        summary="Two lines.",
        language=language,
        section=section,
        published_at=NOW - timedelta(minutes=number),
        top=top,
    )


def update(number: int, *, lane: int) -> StoredUpdate:
    return StoredUpdate(number, lane, {"update_id": number})


async def known(store: BotStore, *stories: FeedStory) -> list[Story]:
    return await store.stories.add(stories, now=NOW)


async def test_a_story_is_new_once_and_its_words_are_refreshed(bot_store: BotStore) -> None:
    (first,) = await known(bot_store, feed_story())
    later = FeedStory(
        first.url, "Story 1, corrected", "More.", "en", "sport", NOW + timedelta(days=1), "https://p.example/a.png"
    )
    assert await bot_store.stories.add([later], now=NOW + timedelta(hours=1)) == []
    story = await bot_store.stories.one(first.id)
    assert story is not None
    assert (story.title, story.summary, story.picture) == ("Story 1, corrected", "More.", "https://p.example/a.png")
    assert (story.published_at, story.section) == (first.published_at, "world")


async def test_a_story_that_the_database_refuses_costs_the_others_nothing(bot_store: BotStore) -> None:
    # Half a character: neither database takes it.
    refused = replace(feed_story(2), title="\ud800")
    added = await known(bot_store, feed_story(1), refused, feed_story(3))
    assert [story.title for story in added] == ["Story 1", "Story 3"]
    for alone in ([refused], [refused, replace(feed_story(4), summary="\ud800")]):
        with pytest.raises(Exception, match="surrogates"):
            await known(bot_store, *alone)


async def test_a_story_is_found_by_number_and_by_any_way_of_writing_its_address(bot_store: BotStore) -> None:
    (story,) = await known(bot_store, feed_story(7))
    for reference in (str(story.id), story.url, "HTTPS://NEWS.example:443/en/7?utm_source=x#comments"):
        assert await bot_store.stories.by_reference(reference) == story
    for reference in ("999", "nonsense", "https://news.example/other", "9" * 40, "javascript:1"):
        assert await bot_store.stories.by_reference(reference) is None
    both = await bot_store.stories.by_references([story.url, "999", str(story.id), "javascript:1"])
    assert both == {story.url: story, str(story.id): story}


async def test_stories_are_listed_newest_first_page_by_page(bot_store: BotStore) -> None:
    await known(bot_store, *(feed_story(n) for n in range(1, 8)), feed_story(1, language="ur"))
    seen: list[str] = []
    before = None
    while page := await bot_store.stories.newest(language="en", section="world", before=before, at_most=3):
        seen += [story.title for story in page]
        before = (page[-1].published_at, page[-1].id)
    assert seen == [f"Story {n}" for n in range(1, 8)]


async def test_a_feed_is_remembered(bot_store: BotStore) -> None:
    url = "https://news.example/rss"
    assert await bot_store.stories.feed(url) == FeedState(url)
    state = FeedState(url, etag='"7"', last_modified="x", succeeded_at=NOW, failures=0)
    await bot_store.stories.note_feed(state, now=NOW)
    assert await bot_store.stories.feed(url) == state


async def test_a_delivery_is_planned_for_who_wants_the_story_and_once(bot_store: BotStore) -> None:
    for person, language, sections in (
        (1, "en", []),
        (2, "en", ["sport"]),
        (3, "ur", []),
        (4, "en", ["world"]),
        (5, "en", []),
    ):
        await bot_store.subscribers.subscribe(person, name="A", language=language, now=NOW)
        await bot_store.subscribers.set_sections(person, sections)
    await bot_store.subscribers.stop(5, now=NOW)
    plain, top = await known(bot_store, feed_story(1), feed_story(2, top=True))
    assert await planned(bot_store, plain, now=NOW) == 2
    assert await planned(bot_store, plain, now=NOW) == 0
    assert await planned(bot_store, top, now=NOW) == 3
    assert await bot_store.deliveries.plan_one(plain.id, 1, now=NOW) is False
    assert await bot_store.deliveries.plan_one(plain.id, 2, now=NOW) is True
    assert await bot_store.deliveries.received(2) == {plain.id, top.id}


async def test_two_senders_never_hold_the_same_delivery(bot_store: BotStore) -> None:
    (story,) = await known(bot_store, feed_story())
    for person in range(40):
        await bot_store.deliveries.plan_one(story.id, person, now=NOW)
    shares = await asyncio.gather(
        *(bot_store.deliveries.lease(at_most=15, lease_s=60, clock=lambda: NOW) for _ in range(4))
    )
    leased = [delivery.id for share in shares for delivery in share]
    assert len(leased) == len(set(leased)) == 40


async def test_a_delivery_whose_sender_died_is_given_again_and_one_that_went_out_is_not(bot_store: BotStore) -> None:
    (story,) = await known(bot_store, feed_story())
    for person in (1, 2, 3, 4):
        await bot_store.deliveries.plan_one(story.id, person, now=NOW)
    first = await bot_store.deliveries.lease(at_most=10, lease_s=60, clock=lambda: NOW)
    await bot_store.deliveries.sent(first[0], message_id=9, now=NOW)
    await bot_store.deliveries.failed(first[1], error="Forbidden")
    await bot_store.deliveries.postpone(
        first[2], due_at=NOW + timedelta(seconds=90), error="asked to wait", failed=False
    )
    assert await bot_store.deliveries.lease(at_most=10, lease_s=60, clock=lambda: NOW + timedelta(seconds=59)) == []
    again = await bot_store.deliveries.lease(at_most=10, lease_s=60, clock=lambda: NOW + timedelta(seconds=61))
    assert [(delivery.id, delivery.attempts) for delivery in again] == [(first[3].id, 2)]
    later = await bot_store.deliveries.lease(at_most=10, lease_s=60, clock=lambda: NOW + timedelta(seconds=91))
    assert [delivery.id for delivery in later] == [first[2].id]
    assert await bot_store.deliveries.counts(story.id) == {"sent": 1, "failed": 1, "leased": 2}


async def test_an_update_is_stored_once_however_often_it_comes(bot_store: BotStore) -> None:
    assert await bot_store.inbox.add([update(1, lane=5), update(2, lane=5)], now=NOW) == 2
    assert await bot_store.inbox.add([update(2, lane=5), update(1, lane=5), update(3, lane=6)], now=NOW) == 1
    assert await bot_store.inbox.waiting() == 3


async def test_updates_of_a_chat_are_handled_one_after_the_other_and_chats_side_by_side(bot_store: BotStore) -> None:
    await bot_store.inbox.add([update(n, lane=lane) for n, lane in ((3, 5), (1, 5), (2, 6), (4, 6))], now=NOW)

    async def lease(after_s: float = 0) -> list[int]:
        now = NOW + timedelta(seconds=after_s)
        return [one.update_id for one in await bot_store.inbox.lease(at_most=10, lease_s=30, now=now)]

    assert await lease() == [1, 2]
    assert await lease() == []
    await bot_store.inbox.done(1, now=NOW)
    assert await lease() == [3]
    await bot_store.inbox.retry(2, due_at=NOW + timedelta(seconds=10), error="locked")
    assert await lease() == []
    assert await lease(11) == [2]
    assert await lease(31) == [3]
    assert await lease(45) == [2]


async def test_two_processes_never_handle_the_same_update(bot_store: BotStore) -> None:
    await bot_store.inbox.add([update(n, lane=n) for n in range(30)], now=NOW)
    shares = await asyncio.gather(*(bot_store.inbox.lease(at_most=30, lease_s=30, now=NOW) for _ in range(4)))
    leased = [one.update_id for share in shares for one in share]
    assert sorted(leased) == list(range(30))


async def test_handled_updates_are_forgotten_in_time_and_waiting_ones_never(bot_store: BotStore) -> None:
    await bot_store.inbox.add([update(1, lane=1), update(2, lane=2)], now=NOW)
    await bot_store.inbox.done(1, now=NOW)
    assert await bot_store.inbox.forget_done(older_than=NOW, at_most=9) == 0
    assert await bot_store.inbox.forget_done(older_than=NOW + timedelta(days=9), at_most=9) == 1
    assert await bot_store.inbox.waiting() == 1


async def test_a_conversation_is_remembered_until_it_is_left(bot_store: BotStore) -> None:
    assert await bot_store.conversations.state(1) is None
    await bot_store.conversations.enter(1, {"story": 7}, now=NOW)
    await bot_store.conversations.enter(1, {"story": 8, "text": "شکریہ"}, now=NOW)
    assert await bot_store.conversations.state(1) == {"story": 8, "text": "شکریہ"}
    await bot_store.conversations.leave(1)
    assert await bot_store.conversations.state(1) is None


async def test_what_a_message_shows_is_remembered(bot_store: BotStore) -> None:
    await bot_store.shown.note_story(1, 10, story_id=7, now=NOW)
    await bot_store.shown.note_story(1, 11, story_id=7, comment_id=3, now=NOW)
    await bot_store.shown.note_story(1, 10, story_id=8, now=NOW)
    assert await bot_store.shown.story_of(1, 10) == (8, None)
    assert await bot_store.shown.story_of(1, 11) == (7, 3)
    assert await bot_store.shown.story_of(2, 10) is None


async def test_notices_and_cards_are_remembered(bot_store: BotStore) -> None:
    row = NoticeRow(comment_id=3, revision=1, chat_id=1, message_id=12, told="received", event_id=5)
    await bot_store.shown.note_notice(row, now=NOW)
    assert await bot_store.shown.notice(3, 1) == row
    assert await bot_store.shown.notice(3, 2) is None
    here, there = Card(-100, 1, 3, 1, True), Card(2001, 4, 3, 1, True)
    for card in (here, there):
        await bot_store.shown.note_card(card, now=NOW)
    await bot_store.shown.close_card(here)
    assert await bot_store.shown.open_cards(-100) == []
    assert await bot_store.shown.open_cards(2001) == [there]
    assert {card.chat_id for card in await bot_store.shown.cards_of(3)} == {-100, 2001}
    assert await bot_store.shown.card_at(2001, 4) == there
    assert await bot_store.shown.card_at(2001, 5) is None


async def test_a_subscriber_joins_chooses_leaves_and_comes_back(bot_store: BotStore) -> None:
    joined = await bot_store.subscribers.subscribe(1, name="Asha", language="hi", now=NOW)
    assert joined.active
    await bot_store.subscribers.set_sections(1, {"sport", "world"})
    await bot_store.subscribers.set_language(1, "mr")
    assert await bot_store.subscribers.stop(1, now=NOW) is True
    assert await bot_store.subscribers.stop(1, now=NOW) is False
    assert await bot_store.subscribers.count() == 0
    back = await bot_store.subscribers.subscribe(1, name="Asha", language="mr", now=NOW)
    assert (back.sections, back.language, back.active) == (frozenset({"sport", "world"}), "mr", True)
    assert await bot_store.subscribers.one(2) is None
