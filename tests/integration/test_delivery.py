"""Deliveries at a real sandbox: each story once to each subscriber, through blocks, limits, faults and dead senders."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from bot.delivery import LEASE_S, TRIES, Sender
from bot.keyboards import Links
from bot.limiter import Limiter, Rates
from bot.settings import BotSettings
from bot.store import BotStore, Wanted
from bot.story import FeedStory, Story
from bot.telegram import make_bot
from moderation.database import Database
from tests.integration.sandbox_client import BILAL, EMMA, MEERA, OMAR, Sandbox, sandbox_running, until
from tests.planning import planned

EVERYBODY = (EMMA, BILAL, MEERA, OMAR)
UNLIMITED = Rates(per_s=2000, chat_at_most=10_000, group_at_most=10_000)


@dataclass
class PostRoom:
    """Subscribers at a sandbox, a store, and a sender; the time is the test's."""

    sandbox: Sandbox
    store: BotStore
    sender: Sender
    limiter: Limiter
    clock: list[datetime] = field(default_factory=lambda: [datetime.now(UTC)])

    async def story(self, slug: str = "quay", **given: Any) -> Story:
        """A story planned for every subscriber."""
        values = {"title": "The quay is longer", "summary": "Two lines.", "language": "en", "section": "world"}
        told = FeedStory(url=f"https://news.example/{slug}", published_at=self.clock[0], **(values | given))
        (story,) = await self.store.stories.add([told], now=self.clock[0])
        await planned(self.store, story, now=self.clock[0])
        return story

    async def after(self, seconds: float) -> int:
        """Send what is due so much later; how many were taken up."""
        self.clock[0] += timedelta(seconds=seconds)
        started = await self.sender.send_due()
        await self.sender.settled(within_s=30)
        return started

    async def got(self, person: int) -> list[str]:
        """The first lines of what the person was sent."""
        seen = await self.sandbox.messages(person)
        texts = [one.get("text") or one.get("caption", "") for one in seen if one["from"]["is_bot"]]
        return [text.splitlines()[0] for text in texts]

    async def play(self, **fault: Any) -> None:
        """A fault of the Bot API server."""
        await self.sandbox.do("PUT", "faults", {"faults": [fault]})


@pytest.fixture
async def room(database: Database, redis: Redis) -> AsyncIterator[PostRoom]:
    async with post_room(database, redis) as room:
        yield room


@contextlib.asynccontextmanager
async def post_room(database: Database, redis: Redis) -> AsyncIterator[PostRoom]:
    async with sandbox_running() as sandbox:
        await sandbox.do("PUT", "limits", {"enabled": False})
        await sandbox.start(*EVERYBODY)
        settings = BotSettings(sandbox_port=urlsplit(sandbox.address).port or 0)
        limiter = Limiter(redis, rates=UNLIMITED)
        bot = make_bot(settings, limiter, alerts=True)
        clock = [datetime.now(UTC)]
        store = BotStore(database)
        for person in EVERYBODY:
            await store.subscribers.subscribe(person, name="Reader", language="en", now=clock[0])
        sender = Sender(bot, alerts=bot, store=store, links=Links("desk_bot"), counts=no_counts, clock=lambda: clock[0])
        yield PostRoom(sandbox, store, sender, limiter, clock)
        await bot.session.close()


async def no_counts(stories: Sequence[str]) -> dict[str, int]:
    return {}


async def test_a_story_goes_once_to_each_subscriber_and_its_message_is_remembered(room: PostRoom) -> None:
    story = await room.story()
    assert await room.after(0) == len(EVERYBODY)
    assert await room.after(3600) == 0
    for person in EVERYBODY:
        assert await room.got(person) == ["The quay is longer"]
        (message,) = [one for one in await room.sandbox.messages(person) if one["from"]["is_bot"]]
        assert await room.store.shown.story_of(person, message["message_id"]) == (story.id, None)
    assert await room.store.deliveries.counts(story.id) == {"sent": len(EVERYBODY)}


async def test_who_blocked_the_bot_is_no_subscriber_any_more_and_the_others_get_theirs(room: PostRoom) -> None:
    await room.sandbox.do("POST", f"users/{BILAL}/block")
    story = await room.story()
    await room.after(0)
    bilal = await room.store.subscribers.one(BILAL)
    assert bilal is not None
    assert not bilal.active
    assert await room.store.deliveries.counts(story.id) == {"sent": 3, "failed": 1}
    assert await room.after(3600) == 0


async def test_who_left_between_planning_and_sending_gets_nothing(room: PostRoom) -> None:
    await room.story()
    await room.store.subscribers.stop(EMMA, now=room.clock[0])
    await room.after(0)
    assert await room.got(EMMA) == []
    assert await room.got(OMAR) == ["The quay is longer"]


async def test_a_chat_that_telegram_does_not_know_is_given_up(room: PostRoom) -> None:
    await room.store.subscribers.subscribe(5555, name="Nobody", language="en", now=room.clock[0])
    story = await room.story()
    await room.after(0)
    assert await room.store.deliveries.counts(story.id) == {"sent": 4, "failed": 1}


async def test_a_long_pause_asked_for_by_telegram_is_kept_without_holding_on_to_the_deliveries(room: PostRoom) -> None:
    await room.sandbox.do("PUT", "limits", {"enabled": True, "chat_burst": 1, "chat_per_s": 0.01})
    await room.story("first")
    await room.after(0)
    second = await room.story("second", title="The second story")
    await room.after(0)
    assert await room.got(EMMA) == ["The quay is longer"]
    assert await room.store.deliveries.counts(second.id) == {"pending": len(EVERYBODY)}
    assert await room.after(50) == 0
    assert await room.after(51) == len(EVERYBODY)


async def test_a_server_error_is_tried_again_later_each_time_a_little_later(room: PostRoom) -> None:
    await room.play(kind="error", methods=["sendMessage"], count=2 * len(EVERYBODY))
    story = await room.story()
    await room.after(0)
    assert await room.after(1) == 0
    await room.after(2)
    assert await room.after(3) == 0
    await room.after(2)
    assert await room.store.deliveries.counts(story.id) == {"sent": len(EVERYBODY)}
    assert await room.got(EMMA) == ["The quay is longer"]


async def test_what_never_works_is_given_up_in_the_end(room: PostRoom) -> None:
    await room.play(kind="error", methods=["sendMessage"])
    story = await room.story()
    for _ in range(TRIES):
        assert await room.after(61) == len(EVERYBODY)
    assert await room.after(3600) == 0
    assert await room.store.deliveries.counts(story.id) == {"failed": len(EVERYBODY)}


async def test_being_asked_to_wait_uses_up_no_try(room: PostRoom) -> None:
    story = await room.story()
    for _ in range(TRIES + 1):
        for delivery in await room.store.deliveries.lease(at_most=10, lease_s=LEASE_S, clock=lambda: room.clock[0]):
            asked = {"due_at": room.clock[0], "error": "asked to wait", "failed": False}
            await room.store.deliveries.postpone(delivery, **asked)
    await room.play(kind="error", methods=["sendMessage"], count=len(EVERYBODY))
    await room.after(0)
    assert await room.store.deliveries.counts(story.id) == {"pending": len(EVERYBODY)}
    await room.after(60)
    assert await room.store.deliveries.counts(story.id) == {"sent": len(EVERYBODY)}


@pytest.mark.parametrize("picture", ["https://127.0.0.1:9/none.jpg", "no address"])
async def test_a_picture_that_can_not_be_had_does_not_cost_the_reader_the_story(room: PostRoom, picture: str) -> None:
    await room.story(picture=picture)
    await room.after(0)
    assert await room.got(EMMA) == ["The quay is longer"]


async def test_what_a_dead_sender_took_is_sent_when_its_lease_has_run_out(room: PostRoom) -> None:
    await room.story()
    await room.store.deliveries.lease(at_most=10, lease_s=LEASE_S, clock=lambda: room.clock[0])
    assert await room.after(LEASE_S - 1) == 0
    assert await room.after(2) == len(EVERYBODY)
    assert await room.got(EMMA) == ["The quay is longer"]


async def test_the_late_word_of_a_sender_whose_lease_ran_out_changes_nothing(room: PostRoom) -> None:
    story = await room.story()
    late = await room.store.deliveries.lease(at_most=10, lease_s=LEASE_S, clock=lambda: room.clock[0])
    await room.after(LEASE_S + 1)
    for delivery in late[:2]:
        await room.store.deliveries.postpone(delivery, due_at=room.clock[0], error="late", failed=True)
    for delivery in late[2:]:
        await room.store.deliveries.failed(delivery, error="late")
    assert await room.store.deliveries.counts(story.id) == {"sent": len(EVERYBODY)}
    assert await room.after(1) == 0


async def test_a_story_recalled_while_its_message_waits_for_its_place_is_not_sent(room: PostRoom) -> None:
    for person in EVERYBODY:
        await room.limiter.pause(person, for_s=0.5)
    story = await room.story()
    await room.sender.send_due()
    assert await room.store.amendments.recall(story, note="", now=room.clock[0]) is not None
    await room.sender.settled(within_s=30)
    assert [await room.got(person) for person in EVERYBODY] == [[]] * len(EVERYBODY)
    assert await room.store.deliveries.counts(story.id) == {"failed": len(EVERYBODY)}


async def test_who_stood_still_for_longer_than_a_lease_leaves_the_delivery_to_another(
    room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.delivery.LEASE_S", 0.3)
    for person in EVERYBODY:
        await room.limiter.pause(person, for_s=0.6)
    story = await room.story()
    await room.sender.send_due()  # and nobody says that it is still in hand
    await room.sender.settled(within_s=30)
    assert await room.got(EMMA) == []
    assert await room.after(1) == len(EVERYBODY)
    assert await room.got(EMMA) == ["The quay is longer"]
    assert await room.store.deliveries.counts(story.id) == {"sent": len(EVERYBODY)}


async def test_what_was_sent_is_noted_when_the_database_is_back(
    room: PostRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([OSError("the database is away")] * 2)
    note_alert, sent = room.store.shown.note_alert, room.store.deliveries.sent

    async def breaks_first(work: Any, *given: Any, **named: Any) -> Any:
        for error in failures:
            raise error
        return await work(*given, **named)

    monkeypatch.setattr("bot.delivery.KEEP_AGAIN_S", 0.01)
    monkeypatch.setattr(
        room.store.shown, "note_alert", lambda *given, **named: breaks_first(note_alert, *given, **named)
    )
    monkeypatch.setattr(room.store.deliveries, "sent", lambda *given, **named: breaks_first(sent, *given, **named))
    story = await room.story()
    await room.after(0)
    assert await room.store.deliveries.counts(story.id) == {"sent": len(EVERYBODY)}
    assert await room.got(EMMA) == ["The quay is longer"]
    assert await room.store.amendments.was_sent(story)


async def test_a_clock_set_back_keeps_no_delivery_waiting_for_the_hour(room: PostRoom) -> None:
    await room.story()
    await room.store.deliveries.lease(at_most=10, lease_s=LEASE_S, clock=lambda: room.clock[0] + timedelta(hours=1))
    assert await room.after(0) == len(EVERYBODY)


async def test_two_senders_at_once_send_each_delivery_once(room: PostRoom) -> None:
    for number in range(15):
        await room.story(f"story-{number}", title=f"Story {number}")

    async def send() -> int:
        sent = 0
        while taken := await room.after(0):
            sent += taken
        return sent

    assert sum(await asyncio.gather(send(), send(), send())) == 15 * len(EVERYBODY)
    assert sorted(await room.got(EMMA)) == sorted(f"Story {number}" for number in range(15))


async def test_a_chat_whose_turn_is_far_off_keeps_no_other_waiting(room: PostRoom) -> None:
    await room.play(kind="latency", methods=["sendMessage"], count=1, ms=5000)
    story = await room.story()
    running = asyncio.create_task(room.sender.run())

    async def all_but_one() -> bool:
        return (await room.store.deliveries.counts(story.id)).get("sent", 0) == len(EVERYBODY) - 1

    await until(all_but_one)
    later = await room.story("late", title="A later story")

    async def later_too() -> bool:
        return (await room.store.deliveries.counts(later.id)).get("sent", 0) == len(EVERYBODY)

    await until(later_too)
    assert (await room.store.deliveries.counts(story.id)).get("leased") == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_is_under_way_when_told_to_stop_is_finished_and_remembered(room: PostRoom) -> None:
    await room.play(kind="latency", methods=["sendMessage"], ms=800)
    story = await room.story()
    # Begun before it runs: told to stop between the lease and the first call, it would have nothing under way.
    assert await room.sender.send_due() == len(EVERYBODY)
    running = asyncio.create_task(room.sender.run())
    await asyncio.sleep(0)
    assert await room.store.deliveries.counts(story.id) == {"leased": len(EVERYBODY)}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await room.store.deliveries.counts(story.id) == {"sent": len(EVERYBODY)}


async def test_the_sender_goes_on_when_the_database_was_away(room: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    await room.story()
    lease = room.store.deliveries.lease
    failures = iter([OSError("the database is away")])

    async def breaks_once(**given: Any) -> Any:
        for error in failures:
            raise error
        return await lease(**given)

    monkeypatch.setattr(room.store.deliveries, "lease", breaks_once)
    running = asyncio.create_task(room.sender.run())

    async def delivered() -> bool:
        return await room.got(EMMA) == ["The quay is longer"]

    await until(delivered)
    running.cancel()


NIGHT, NOON = datetime(2026, 11, 24, 23, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC)
QUIET = (22 * 60, 7 * 60)


async def in_utc(room: PostRoom, person: int, **chosen: Any) -> None:
    """This person's clock shows UTC, and this is what they chose of hours."""
    await room.store.subscribers.set_timezone(person, "UTC", now=room.clock[0])
    await room.store.subscribers.set_hours(person, quiet=chosen.get("quiet"), breaking=chosen.get("breaking", False))
    await room.store.subscribers.set_daily(person, chosen.get("most"))


async def test_in_the_quiet_a_story_waits_for_its_end_and_a_top_story_for_those_who_want_that(room: PostRoom) -> None:
    room.clock[0] = NIGHT
    await in_utc(room, EMMA, quiet=QUIET)
    await in_utc(room, BILAL, quiet=QUIET, breaking=True)
    await room.story()
    await room.story("flood", title="The river is over the quay", top=True)
    await room.after(0)
    both = {"The quay is longer", "The river is over the quay"}
    assert set(await room.got(OMAR)) == both
    assert await room.got(EMMA) == []
    assert await room.got(BILAL) == ["The river is over the quay"]
    assert await room.after(8 * 3600 - 1) == 0
    await room.after(1)
    assert sorted(await room.got(EMMA)) == sorted(both)
    assert await room.got(BILAL) == ["The river is over the quay", "The quay is longer"]
    assert await room.after(86400) == 0


async def test_whose_turn_comes_in_the_quiet_waits_as_well(room: PostRoom) -> None:
    room.clock[0] = NIGHT - timedelta(hours=1, seconds=5)
    await in_utc(room, EMMA, quiet=QUIET)
    story = await room.story()
    await room.after(10)
    assert await room.got(EMMA) == []
    assert await room.store.deliveries.counts(story.id) == {"sent": 3, "pending": 1}
    room.clock[0] = NIGHT.replace(hour=7) + timedelta(days=1)
    await room.after(0)
    assert await room.got(EMMA) == ["The quay is longer"]


async def test_what_a_reader_asks_for_comes_at_any_hour(room: PostRoom) -> None:
    room.clock[0] = NIGHT
    await in_utc(room, EMMA, quiet=QUIET, most=1)
    told = FeedStory("https://news.example/quay", "The quay is longer", "", "en", "world", NIGHT)
    (story,) = await room.store.stories.add([told], now=NIGHT)
    assert await room.store.deliveries.plan_one(story.id, EMMA, now=NIGHT)
    await room.after(0)
    assert await room.got(EMMA) == ["The quay is longer"]


async def test_nobody_gets_more_stories_a_day_than_they_want(room: PostRoom) -> None:
    room.clock[0] = NOON
    await in_utc(room, EMMA, most=2)
    for number in range(4):
        await room.story(f"s{number}", title=f"Story {number}")
        await room.after(0)
    assert await room.got(EMMA) == ["Story 0", "Story 1"]
    assert len(await room.got(OMAR)) == 4
    room.clock[0] = NOON.replace(hour=0) + timedelta(days=1)
    story = await room.story("tomorrow", title="Tomorrow's")
    assert await room.store.deliveries.counts(story.id) == {"pending": 4}
    await room.after(0)
    assert (await room.got(EMMA))[2:] == ["Tomorrow's"]


async def test_what_waits_for_the_morning_counts_for_the_day_on_which_it_comes(room: PostRoom) -> None:
    room.clock[0] = NIGHT
    await in_utc(room, EMMA, quiet=QUIET, most=2)
    stories = [await room.story(f"s{number}", title=f"Story {number}") for number in range(3)]
    wanted = [await room.store.pushes.count_wanting(story, now=NIGHT) for story in stories]
    assert [one.planned for one in wanted] == [0, 0, 0], "each is planned for all who want it"
    assert [one.full for one in wanted] == [0, 0, 1], "and Emma wants no third"
    room.clock[0] = NIGHT.replace(hour=12) + timedelta(days=1)
    await room.after(0)
    await room.story("noon", title="At noon")
    await room.after(0)
    assert sorted(await room.got(EMMA)) == ["Story 0", "Story 1"]
    assert len(await room.got(OMAR)) == 4


async def test_many_different_choices_of_hours_are_planned_at_once(room: PostRoom) -> None:
    room.clock[0] = NOON
    for number in range(450):
        person = 10_000 + number
        await room.store.subscribers.subscribe(person, name="Reader", language="en", now=NOON)
        await room.store.subscribers.set_hours(person, quiet=(number, number + 720), breaking=False)
    story = await room.story()
    assert await room.store.deliveries.counts(story.id) == {"pending": 454}


async def test_what_waits_for_tomorrow_takes_no_room_of_today(room: PostRoom) -> None:
    room.clock[0] = NIGHT
    await in_utc(room, EMMA, quiet=QUIET, breaking=True, most=2)
    await room.story("one", title="One")
    await room.story("two", title="Two")
    await room.story("flood", title="The river is over the quay", top=True)
    await room.after(0)
    assert await room.got(EMMA) == ["The river is over the quay"]


async def test_what_a_reader_asked_for_takes_no_room(room: PostRoom) -> None:
    room.clock[0] = NOON
    await in_utc(room, EMMA, most=1)
    told = FeedStory("https://news.example/first", "The first", "", "ur", "world", NOON)
    (story,) = await room.store.stories.add([told], now=NOON)
    assert await room.store.deliveries.plan_one(story.id, EMMA, now=NOON)
    await room.story()
    await room.after(0)
    assert sorted(await room.got(EMMA)) == ["The first", "The quay is longer"]


@pytest.mark.parametrize("what", ["stopped", "quiet", "another language", "another section"])
async def test_who_wants_it_no_more_while_it_waits_for_its_place_does_not_get_it(room: PostRoom, what: str) -> None:
    room.clock[0] = NOON
    await room.limiter.pause(EMMA, for_s=1.5)
    story = await room.story()
    assert await room.sender.send_due() == len(EVERYBODY)
    await asyncio.sleep(0.5)
    match what:
        case "stopped":
            await room.store.subscribers.stop(EMMA, now=NOON)
        case "quiet":
            await in_utc(room, EMMA, quiet=(11 * 60, 13 * 60))
        case "another language":
            await room.store.subscribers.set_language(EMMA, "ur")
        case _:
            await room.store.subscribers.set_sections(EMMA, ["sport"])
    await room.sender.settled(within_s=30)
    assert await room.got(EMMA) == []
    waits = "pending" if what == "quiet" else "failed"
    assert await room.store.deliveries.counts(story.id) == {"sent": 3, waits: 1}


async def test_who_wants_top_stories_at_any_hour_gets_what_waits_and_keeps_what_is_due(room: PostRoom) -> None:
    room.clock[0] = NIGHT
    await in_utc(room, EMMA, quiet=QUIET)
    await room.story()
    await room.story("flood", title="The river is over the quay", top=True)
    await room.after(0)
    await in_utc(room, EMMA, quiet=QUIET, breaking=True)
    emma = await room.store.subscribers.one(EMMA)
    assert emma is not None
    assert await room.store.deliveries.reschedule(emma, now=room.clock[0])
    await room.story("fire", title="A fire at the port", top=True)
    assert not emma.hours.due(room.clock[0], breaking=True) > room.clock[0]
    await room.store.deliveries.reschedule(emma, now=room.clock[0])
    await room.after(0)
    assert sorted(await room.got(EMMA)) == ["A fire at the port", "The river is over the quay"]


async def test_the_editor_is_told_who_gets_it_now_later_and_not_at_all(room: PostRoom) -> None:
    room.clock[0] = NIGHT
    await in_utc(room, EMMA, quiet=QUIET)
    await in_utc(room, BILAL, most=1)
    await room.story()
    told = FeedStory("https://news.example/port", "The port", "", "en", "world", NIGHT)
    (story,) = await room.store.stories.add([told], now=NIGHT)
    assert await room.store.pushes.count_wanting(story, now=NIGHT) == Wanted(now=2, later=1, full=1)
    assert await planned(room.store, story, now=NIGHT) == 3
    assert await room.store.deliveries.count_put_off(story.id, now=NIGHT) == 1


async def test_stories_that_wait_for_their_place_in_a_channel_keep_no_reader_waiting(
    database: Database, redis: Redis
) -> None:
    channel = -1003000000101
    rates = Rates(per_s=2000, chat_at_most=10_000, group_at_most=1)
    async with sandbox_running() as sandbox:
        await sandbox.do("PUT", "limits", {"enabled": False})
        await sandbox.do("PUT", f"chats/{channel}", {"title": "The Desk"})
        await sandbox.start(EMMA)
        settings = BotSettings(sandbox_port=urlsplit(sandbox.address).port or 0)
        bot = make_bot(settings, Limiter(redis, rates=rates), alerts=True)
        store, now = BotStore(database), datetime.now(UTC)
        await store.subscribers.set_channels({channel: "en"}, now=now)
        sender = Sender(
            bot,
            alerts=bot,
            store=store,
            links=Links("desk_bot"),
            counts=no_counts,
            clock=lambda: datetime.now(UTC),
        )
        for number in range(5):
            told = FeedStory(f"https://news.example/{number}", f"Story {number}", "", "en", "world", now)
            (story,) = await store.stories.add([told], now=now)
            await planned(store, story, now=now)
        began = asyncio.get_running_loop().time()
        assert await sender.send_due() == 5
        await sender.settled(within_s=30)
        assert asyncio.get_running_loop().time() - began < 10, "their places come one a minute"
        await bot.session.close()
    states = [await store.deliveries.counts(number) for number in range(1, 6)]
    assert sorted(next(iter(state)) for state in states) == ["pending"] * 4 + ["sent"]
