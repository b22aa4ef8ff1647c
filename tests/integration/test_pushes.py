"""Pushes: planned in pages, whoever dies meanwhile; who uses the bot comes first; the urgent overtakes the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.store import BotStore, Push, pushes, wanting
from bot.store.pushes import LATELY, LEASE_S
from bot.story import FeedStory, Story
from moderation.database import Database
from tests.planning import planned

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
JOINED = NOW - timedelta(days=90)
PAGE = 5
DAY = timedelta(days=1)


@pytest.fixture
def store(database: Database, monkeypatch: pytest.MonkeyPatch) -> BotStore:
    monkeypatch.setattr(pushes, "PAGE", PAGE)
    return BotStore(database)


async def subscribed(store: BotStore, people: Sequence[int]) -> None:
    for person in people:
        await store.subscribers.subscribe(person, name="Reader", language="en", now=JOINED)


async def known(store: BotStore, slug: str = "quay", *, top: bool = False) -> Story:
    told = FeedStory(f"https://news.example/{slug}", "The quay is longer", "", "en", "world", NOW, top=top)
    (story,) = await store.stories.add([told], now=NOW)
    return story


async def leased(store: BotStore, *, at_most: int = 1_000) -> list[tuple[int, int]]:
    """What is sent next, in its order: story and subscriber."""
    found = await store.deliveries.lease(at_most=at_most, lease_s=60, clock=lambda: NOW)
    return [(one.story_id, one.subscriber_id) for one in found]


async def begun(store: BotStore, story: Story, *, now: datetime = NOW) -> Push:
    push = await store.pushes.begin(story, now=now)
    assert push is not None
    return push


async def a_page(store: BotStore, push: Push) -> bool:
    """Plan the next page alone; whether it was the last."""
    page = await store.pushes._plan_page(push, {}, clock=lambda: NOW)
    return page is None or page[1]


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def nothing() -> None:
    return None


async def test_every_page_can_be_sent_while_the_next_is_planned(store: BotStore) -> None:
    people = range(1, 3 * PAGE + 3)
    await subscribed(store, people)
    story = await known(store)
    push, seen = await begun(store, story), list[int]()

    def page_planned() -> None:
        seen.append(len(seen) + 1)

    assert await store.pushes.plan(push, clock=at(NOW), page_planned=page_planned) == len(people)
    assert seen == [1, 2, 3, 4]
    assert await leased(store) == [(story.id, person) for person in people]
    assert not await store.pushes.is_under_way(story.id)


async def test_who_used_the_bot_last_is_first_and_nobody_is_passed_over(store: BotStore) -> None:
    people = range(1, 4 * PAGE)
    await subscribed(store, people)
    used = {7: 1, 3: 2, 11: 2, 18: 5, 2: 8, 9: 13, 4: 21, 1: 29}
    for person, days in used.items():
        await store.subscribers.engaged(person, now=NOW - timedelta(days=days))
    await store.subscribers.engaged(5, now=NOW - LATELY - timedelta(days=1))
    story = await known(store)
    assert await planned(store, story, now=NOW) == len(people)
    order = [person for _, person in await leased(store)]
    assert order[: len(used)] == [7, 11, 3, 18, 2, 9, 4, 1]
    assert order[len(used) :] == sorted(set(people) - set(used))


async def test_who_uses_the_bot_while_a_push_is_planned_gets_the_story_once(store: BotStore) -> None:
    people = range(1, 3 * PAGE)
    await subscribed(store, people)
    for person in people:
        await store.subscribers.engaged(person, now=NOW - timedelta(days=person))
    push = await begun(store, await known(store))
    assert not await a_page(store, push)
    # One who was planned already, and one who was not yet: now both are before the place reached.
    for person in (2, 3 * PAGE - 1):
        await store.subscribers.engaged(person, now=NOW)
    await store.pushes.plan(push, clock=at(NOW), page_planned=nothing)
    assert sorted(person for _, person in await leased(store)) == list(people)


async def test_what_a_dead_planner_left_another_finishes_and_nobody_is_planned_twice(store: BotStore) -> None:
    people = range(1, 4 * PAGE)
    await subscribed(store, people)
    story = await known(store)
    push = await begun(store, story)
    for _ in range(2):
        assert not await a_page(store, push)
    assert len(await leased(store)) == PAGE
    assert await store.pushes.take(now=NOW + timedelta(seconds=LEASE_S - 1)) is None, "it may be planning yet"
    late = NOW + timedelta(seconds=LEASE_S + 1)
    taken = await store.pushes.take(now=late)
    assert taken == push
    assert await store.pushes.take(now=late) is None, "somebody has it now"
    assert await store.pushes.plan(taken, clock=at(late), page_planned=nothing) == len(people)
    # Thought dead, the first planner stood still: what it goes on with is planned.
    assert await a_page(store, push)
    assert await store.deliveries.counts(story.id) == {"leased": PAGE, "pending": len(people) - PAGE}
    assert await store.pushes.take(now=late + timedelta(days=1)) is None


async def test_a_planner_whose_clock_was_set_back_holds_nothing_for_ever(store: BotStore) -> None:
    await subscribed(store, [1])
    push = await begun(store, await known(store), now=NOW + timedelta(hours=2))
    assert await store.pushes.take(now=NOW) == push


async def test_two_who_plan_one_push_plan_everybody_once(store: BotStore) -> None:
    people = range(1, 6 * PAGE)
    await subscribed(store, people)
    story = await known(store)
    push = await begun(store, story)
    await asyncio.gather(*(store.pushes.plan(push, clock=at(NOW), page_planned=nothing) for _ in range(3)))
    assert [person for _, person in await leased(store)] == list(people)


async def test_a_recall_ends_the_planning_and_stops_what_was_planned(store: BotStore) -> None:
    await subscribed(store, range(1, 5 * PAGE))
    story = await known(store)
    push = await begun(store, story)
    for _ in range(3):
        await a_page(store, push)
    recalled = await store.amendments.recall(story, note="", now=NOW)
    assert recalled is not None
    assert recalled[1] == 2 * PAGE
    assert await a_page(store, push)
    assert await leased(store) == []
    assert not await store.pushes.is_under_way(story.id)


async def test_a_recall_in_the_middle_of_a_page_leaves_nothing_to_send(store: BotStore) -> None:
    await subscribed(store, range(1, 20 * PAGE))
    story = await known(store)
    push = await begun(store, story)
    planning = asyncio.create_task(store.pushes.plan(push, clock=at(NOW), page_planned=nothing))
    while not (await store.deliveries.counts(story.id)).get("pending"):
        await asyncio.sleep(0)
    await store.amendments.recall(story, note="", now=NOW)
    await planning
    assert set(await store.deliveries.counts(story.id)) == {"failed"}
    assert await leased(store) == []


async def test_new_stories_and_their_pushes_are_stored_together_or_not_at_all(store: BotStore) -> None:
    await subscribed(store, [1, 2])
    found = [FeedStory(f"https://news.example/{n}", f"Story {n}", "", "en", "world", NOW) for n in range(3)]

    def dies(fresh: Sequence[Story], before: Sequence[Story]) -> pushes.Chosen:
        assert (len(fresh), len(before)) == (3, 0)
        raise RuntimeError("killed here")

    def two(fresh: Sequence[Story], _before: Sequence[Story]) -> pushes.Chosen:
        return fresh[:2], fresh[2:]

    with pytest.raises(RuntimeError, match="killed here"):
        await store.pushes.begin_new(found, choose=dies, recent=DAY, followed_at_most=5, now=NOW)
    await store.keywords.add(2, "follow", "Story 2")
    begun = await store.pushes.begin_new(found, choose=two, recent=DAY, followed_at_most=5, now=NOW)
    assert [(push.story.title, push.followed) for push in begun] == [
        ("Story 0", False),
        ("Story 1", False),
        ("Story 2", True),
    ]
    # Whoever stored them dies before planning anything: nothing of it is lost.
    late = NOW + timedelta(seconds=LEASE_S + 1)
    while (push := await store.pushes.take(now=late)) is not None:
        await store.pushes.plan(push, clock=at(late), page_planned=nothing)
    found_by = {person: await store.deliveries.received(person) for person in (1, 2)}
    assert [len(stories) for stories in found_by.values()] == [2, 3]
    assert await store.pushes.begin_new(found, choose=two, recent=DAY, followed_at_most=5, now=NOW) == []


async def test_what_a_reader_asked_for_and_breaking_news_overtake_what_waits(store: BotStore) -> None:
    people = range(1, 2 * PAGE)
    await subscribed(store, people)
    usual = await known(store)
    await planned(store, usual, now=NOW - timedelta(minutes=10))
    first = await leased(store, at_most=2)
    breaking, asked = await known(store, "storm", top=True), await known(store, "asked")
    await planned(store, breaking, now=NOW)
    await store.deliveries.plan_one(asked.id, 99, now=NOW)
    some = await leased(store, at_most=3)
    assert some == [(asked.id, 99), (breaking.id, 1), (breaking.id, 2)]
    rest = await leased(store)
    assert rest == [(breaking.id, n) for n in people[2:]] + [(usual.id, n) for n in people[2:]]
    assert first == [(usual.id, 1), (usual.id, 2)]


async def test_a_breaking_story_is_taken_up_before_others_that_were_left(store: BotStore) -> None:
    usual, breaking = await known(store), await known(store, "storm", top=True)
    for story in (usual, breaking):
        await begun(store, story, now=NOW - timedelta(minutes=1))
    taken = [await store.pushes.take(now=NOW) for _ in range(3)]
    assert [one.story.id if one is not None else None for one in taken] == [breaking.id, usual.id, None]


async def test_recall_plan_and_a_look_at_the_feed_never_wait_for_one_another_in_a_ring(store: BotStore) -> None:
    await subscribed(store, range(1, 12 * PAGE))
    for number in range(6):
        story = await known(store, f"quay-{number}")
        told = FeedStory(story.url, story.title, "", "en", "world", NOW)
        push = await begun(store, story)

        def none(_fresh: Sequence[Story], _before: Sequence[Story]) -> pushes.Chosen:
            return [], []

        await asyncio.gather(
            store.pushes.plan(push, clock=at(NOW), page_planned=nothing),
            store.amendments.recall(story, note="", now=NOW),
            *(store.pushes.begin_new([told], choose=none, recent=DAY, followed_at_most=1, now=NOW) for _ in range(4)),
        )
        assert "pending" not in await store.deliveries.counts(story.id)


async def test_a_story_recalled_before_its_push_began_is_planned_for_nobody(store: BotStore) -> None:
    await subscribed(store, [1])
    story = await known(store)
    await store.amendments.recall(story, note="", now=NOW)
    assert await store.pushes.begin(story, now=NOW) is None


async def test_one_story_that_the_database_refuses_costs_the_others_neither_place_nor_push(store: BotStore) -> None:
    await subscribed(store, [1])
    found = [
        FeedStory(f"https://news.example/{n}", f"Story {n}", "\ud800" if n == 1 else "", "en", "world", NOW)
        for n in range(3)
    ]

    def every(fresh: Sequence[Story], _before: Sequence[Story]) -> pushes.Chosen:
        return fresh, []

    begun_ = await store.pushes.begin_new(found, choose=every, recent=DAY, followed_at_most=1, now=NOW)
    assert [push.story.title for push in begun_] == ["Story 0", "Story 2"]

    def dies(_fresh: Sequence[Story], _before: Sequence[Story]) -> pushes.Chosen:
        raise RuntimeError("killed here")

    more = [FeedStory(one.url + "-b", one.title, one.summary, "en", "world", NOW) for one in found]
    with pytest.raises(RuntimeError):
        await store.pushes.begin_new(more, choose=dies, recent=DAY, followed_at_most=1, now=NOW)
    assert await store.stories.by_address(more[0].url) is None
    with pytest.raises(Exception, match="surrogates"):
        await store.pushes.begin_new([found[1]] * 2, choose=every, recent=DAY, followed_at_most=1, now=NOW)


async def test_many_different_hours_make_shorter_pages_and_everybody_is_planned(store: BotStore) -> None:
    people = range(1, 3 * PAGE)
    await subscribed(store, people)
    for person in people:
        await store.subscribers.set_hours(person, quiet=(person, person + 600), breaking=False)
    story = await known(store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wanting, "_CHOICES", 2)
        assert await planned(store, story, now=NOW) == len(people)
