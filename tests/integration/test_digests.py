"""Digests at a real sandbox: at their hour, once, with what was not sent before, through kills, faults and recalls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiogram import Bot
from redis.asyncio import Redis

from bot.amending import DELETABLE, Amender
from bot.delivery import Sender
from bot.digest import AT_ONCE, LATEST, LEASE_S, DigestSender
from bot.keyboards import Links
from bot.limiter import Limiter, Rates
from bot.schedule import DIGEST_SINCE, Schedule
from bot.settings import BotSettings
from bot.store import BotStore, SentDigest
from bot.story import FeedStory, Story
from bot.subscriber import Subscriber
from bot.telegram import make_bot
from moderation.database import Database
from tests.integration.sandbox_client import BILAL, EMMA, Sandbox, sandbox_running, until
from tests.planning import planned

UNLIMITED = Rates(per_s=2000, chat_at_most=10_000, group_at_most=10_000)
BEFORE = datetime(2026, 11, 24, 6, tzinfo=UTC)
SEVEN = BEFORE.replace(hour=7)


async def no_counts(stories: Sequence[str]) -> dict[str, int]:
    return {}


@dataclass
class Alerts:
    """The sender of stories, as busy as the test wants."""

    busy: list[bool]

    @property
    def is_busy(self) -> bool:
        return bool(self.busy)


@dataclass
class Room:
    """Emma, who wants a digest at seven in UTC and nothing else; the time is the test's."""

    sandbox: Sandbox
    bot: Bot
    store: BotStore
    schedule: Schedule
    limiter: Limiter
    digests: DigestSender
    amender: Amender
    clock: list[datetime]
    busy: list[bool]

    async def stories(self, *slugs: str, **given: Any) -> list[Story]:
        values = {"summary": "Two lines.", "language": "en", "section": "world", "published_at": self.clock[0]}
        told = [
            FeedStory(url=f"https://news.example/{slug}", title=f"The {slug}", **(values | given)) for slug in slugs
        ]
        added = await self.store.stories.add(told, now=self.clock[0])
        return sorted(added, key=lambda story: slugs.index(story.title.removeprefix("The ")))

    async def reader(self, person: int = EMMA) -> Subscriber:
        found = await self.store.subscribers.one(person)
        assert found is not None
        return found

    async def at(self, when: datetime) -> int:
        """Send what is due at this time; how many digests were taken in hand."""
        self.clock[0] = when
        taken = await self.digests.send_due()
        await self.digests.settled()
        return taken

    async def got(self, person: int = EMMA) -> list[str]:
        """What the bot's messages to the person say."""
        seen = await self.sandbox.messages(person)
        return [one.get("text") or one.get("caption", "") for one in seen if one["from"]["is_bot"]]

    async def change(self, story: Story, **given: Any) -> Story:
        """Correct it, or with `recalled` take it back; and mend the messages."""
        if given.pop("recalled", False):
            done = await self.store.amendments.recall(story, note="", now=self.clock[0])
            changed = done[0] if done is not None else None
        else:
            values = {"title": None, "summary": None, "note": ""}
            changed = await self.store.amendments.correct(story, **(values | given), now=self.clock[0])
        assert changed is not None
        for _ in range(5):
            if await self.amender.amend_waiting():
                return changed
        raise AssertionError("messages are still behind")


@pytest.fixture
async def room(database: Database, redis: Redis) -> AsyncIterator[Room]:
    async with sandbox_running() as sandbox:
        await sandbox.do("PUT", "limits", {"enabled": False})
        await sandbox.start(EMMA, BILAL)
        limiter = Limiter(redis, rates=UNLIMITED)
        bot = make_bot(BotSettings(sandbox_port=urlsplit(sandbox.address).port or 0), limiter, alerts=True)
        clock, store = [BEFORE], BotStore(database)

        def now() -> datetime:
            return clock[0]

        schedule = Schedule(store, counts=no_counts, wake=lambda: None, clock=now, alerts_per_poll=2)
        alerts = Alerts([])
        digests = DigestSender(bot, store=store, choice=schedule, counts=no_counts, after=alerts, clock=now)
        amender = Amender(bot, store=store, links=Links("desk_bot"), counts=no_counts, clock=now)
        for person in (EMMA, BILAL):
            await store.subscribers.subscribe(person, name="Reader", language="en", now=BEFORE)
            await store.subscribers.set_timezone(person, "UTC", now=BEFORE)
        await store.subscribers.set_digest(EMMA, [7 * 60], alerts=False, now=BEFORE)
        yield Room(sandbox, bot, store, schedule, limiter, digests, amender, clock, alerts.busy)
        await bot.session.close()


async def test_a_digest_comes_at_its_hour_once_with_the_best_first(room: Room) -> None:
    await room.stories("quay", "market")
    await room.stories("flood", top=True)
    assert await room.at(SEVEN - timedelta(seconds=1)) == 0
    assert await room.at(SEVEN) == 1
    (told,) = await room.got()
    assert told.startswith("Top stories · Tuesday 24 November 07:00\n\n1. The flood\nTwo lines.\nWorld\n\n2. The ")
    assert await room.got(BILAL) == []
    for hours in (1, 5, 12):
        assert await room.at(SEVEN + timedelta(hours=hours)) == 0
    (message,) = [one for one in await room.sandbox.messages(EMMA) if one["from"]["is_bot"]]
    numbers, stop = message["reply_markup"]["inline_keyboard"]
    assert [button["callback_data"].partition(":")[0] for button in (*numbers, *stop)] == ["show"] * 3 + ["stop"]


async def test_no_story_comes_twice_in_digests_or_beside_them(room: Room) -> None:
    await room.store.subscribers.set_digest(EMMA, [7 * 60, 18 * 60], alerts=True, now=BEFORE)
    had, fresh = await room.stories("quay", "market")
    await room.store.deliveries.plan_one(had.id, EMMA, now=BEFORE)
    await room.at(SEVEN)
    (told,) = await room.got()
    assert "The market" in told
    assert "The quay" not in told
    await planned(room.store, fresh, now=room.clock[0])
    assert await room.store.deliveries.counts(fresh.id) == {"sent": 1, "pending": 1}, "Bilal's waits, Emma has it"
    assert await room.at(SEVEN.replace(hour=18)) == 1
    assert len(await room.got()) == 1, "there was nothing new to say"
    room.clock[0] += timedelta(minutes=1)
    await room.stories("bridge")
    await room.at(SEVEN + timedelta(days=1))
    assert [("The bridge" in told, "The market" in told) for told in await room.got()][1:] == [(True, False)]


async def test_one_asked_for_comes_at_once_and_leaves_the_next_one_where_it_is(room: Room) -> None:
    await room.stories("quay")
    assert await room.digests.send_now(await room.reader())
    assert not await room.digests.send_now(await room.reader())
    assert len(await room.got()) == 1
    room.clock[0] += timedelta(minutes=1)
    await room.stories("market")
    await room.at(SEVEN)
    assert ["The quay" in told for told in await room.got()] == [True, False]


async def test_stories_that_go_one_by_one_come_before_digests(room: Room) -> None:
    await room.stories("quay")
    room.clock[0] = SEVEN
    running = asyncio.create_task(room.digests.run())
    room.busy.append(True)
    await asyncio.sleep(1.5)
    assert await room.got() == []
    room.busy.clear()

    async def came() -> bool:
        return len(await room.got()) == 1

    await until(came)
    running.cancel()


def sender_of(room: Room) -> Sender:
    """Who sends stories one by one."""
    return Sender(
        room.bot,
        alerts=room.bot,
        store=room.store,
        links=Links("desk_bot"),
        counts=no_counts,
        clock=lambda: room.clock[0],
    )


async def pictures(room: Room) -> list[bool]:
    """Of each of the bot's messages to Emma whether it has a picture."""
    return ["photo" in one for one in await room.sandbox.messages(EMMA) if one["from"]["is_bot"]]


async def waiting_for_its_place(room: Room) -> None:
    """Emma's digest is due, and its message waits for its chat's turn."""
    await room.limiter.pause(EMMA, for_s=1.5)
    room.clock[0] = SEVEN
    await room.digests.send_due()
    await asyncio.sleep(0.5)


async def test_a_story_that_was_sent_by_itself_meanwhile_is_not_in_the_digest(room: Room) -> None:
    await room.store.subscribers.set_digest(EMMA, [7 * 60], alerts=True, now=BEFORE)
    quay, _ = await room.stories("quay", "market")
    await waiting_for_its_place(room)
    await room.store.deliveries.plan_one(quay.id, EMMA, now=SEVEN)
    await room.digests.settled()
    assert await room.got() == []
    assert await room.at(SEVEN + timedelta(seconds=1)) == 1
    (told,) = await room.got()
    assert "The quay" not in told


async def test_one_asked_for_while_another_waits_for_its_place_leaves_that_without_stories(room: Room) -> None:
    await room.stories("quay")
    await waiting_for_its_place(room)
    (taken,) = await room.schedule.digest(await room.reader())
    note = SentDigest(1, [taken], SEVEN)
    await room.store.digests.sent(EMMA, note, taken=None, following=None)
    await room.digests.settled()
    assert await room.got() == []
    assert not await room.digests.send_now(await room.reader())


async def test_a_story_of_which_the_digest_was_chosen_alone_while_it_was_due_comes_with_it(room: Room) -> None:
    (story,) = await room.stories("quay")
    assert await room.store.deliveries.plan_one(story.id, BILAL, now=BEFORE)
    async with room.store.database.write() as connection:
        await connection.exec_driver_sql("UPDATE deliveries SET asked = false")
    await room.store.subscribers.set_digest(BILAL, [7 * 60], alerts=False, now=BEFORE)
    await room.store.deliveries.reschedule(await room.reader(BILAL), now=BEFORE)
    await sender_of(room).send_due()
    await asyncio.sleep(0.5)
    assert await room.store.deliveries.counts(story.id) == {"failed": 1}
    await room.at(SEVEN)
    assert "The quay" in (await room.got(BILAL))[0]
    assert await room.store.deliveries.counts(story.id) == {"sent": 2}


@pytest.mark.parametrize("taken", [False, True])
async def test_a_digest_that_is_due_is_not_lost_by_a_change_of_the_settings(room: Room, taken: bool) -> None:
    await room.stories("quay")
    room.clock[0] = SEVEN + timedelta(minutes=10)
    if taken:
        assert await room.store.digests.take(at_most=1, lease_s=60, clock=lambda: room.clock[0])
    await room.store.subscribers.set_digest(EMMA, [7 * 60, 18 * 60], alerts=False, now=room.clock[0])
    assert await room.at(room.clock[0]) == 1
    assert len(await room.got()) == 1
    await room.store.subscribers.set_digest(EMMA, [18 * 60], alerts=False, now=room.clock[0])
    assert await room.at(room.clock[0]) == 0


async def test_a_reader_of_few_sections_has_theirs_though_much_else_is_newer(room: Room) -> None:
    await room.store.subscribers.set_sections(EMMA, ["sport"])
    await room.stories("match", section="sport", published_at=BEFORE - timedelta(hours=3))
    await room.stories(*(f"n{number}" for number in range(60)))
    await room.at(SEVEN)
    assert "The match" in (await room.got())[0]


async def test_a_story_that_the_chat_shows_already_is_in_no_digest(room: Room) -> None:
    (quay,) = await room.stories("quay")
    await sender_of(room).show(EMMA, quay, language="en")
    assert await room.at(SEVEN) == 1
    assert len(await room.got()) == 1


async def test_where_answers_are_lost_it_is_tried_ever_less_often(room: Room) -> None:
    await room.stories("quay")
    await room.sandbox.do("PUT", "faults", {"faults": [{"kind": "error", "methods": ["sendMessage"], "count": 500}]})
    tries = [minute for minute in range(5 * 60) if await room.at(SEVEN + timedelta(minutes=minute))]
    assert 4 <= len(tries) <= 10
    assert all(later - earlier >= earlier / 2 for earlier, later in pairwise(tries))


async def test_a_clock_that_was_ahead_silences_no_digest(room: Room) -> None:
    await room.at(SEVEN + timedelta(days=30))
    room.clock[0] = SEVEN - timedelta(hours=1)
    await room.stories("quay")
    await room.at(SEVEN)
    assert len(await room.got()) == 1


async def test_a_recall_leaves_no_picture_though_feeds_changed_theirs_and_calls_failed(room: Room) -> None:
    (quay,) = await room.stories("quay", top=True)
    (market,) = await room.stories("market", picture=await room.sandbox.picture(EMMA))
    await room.at(SEVEN)
    again = FeedStory(quay.url, quay.title, quay.summary, "en", "world", BEFORE, "https://news.example/p.png", top=True)
    await room.store.stories.add([again], now=room.clock[0])
    await room.sandbox.do("PUT", "faults", {"faults": [{"kind": "error", "methods": ["deleteMessage"], "count": 1}]})
    await room.store.amendments.recall(market, note="", now=room.clock[0])
    assert not await room.amender.amend_waiting(), "one call failed"
    assert await room.amender.amend_waiting()
    assert await pictures(room) in ([False], [False, False]), "the second, of the first try, holds nothing recalled"
    assert not [told for told in await room.got() if "The market" in told]
    assert await room.store.amendments.waiting() == []


async def test_who_wants_digests_alone_is_sent_no_story_but_breaking_news_where_they_want_it(room: Room) -> None:
    (plain,) = await room.stories("quay")
    (top,) = await room.stories("flood", top=True)
    for story in (plain, top):
        await planned(room.store, story, now=BEFORE)
        assert await room.store.deliveries.counts(story.id) == {"pending": 1}, "for Bilal"
    await room.store.subscribers.set_hours(EMMA, quiet=None, breaking=True)
    await planned(room.store, plain, now=BEFORE)
    await planned(room.store, top, now=BEFORE)
    assert await room.store.deliveries.counts(plain.id) == {"pending": 1}
    assert await room.store.deliveries.counts(top.id) == {"pending": 2}


async def test_what_waited_for_the_quiet_to_end_comes_with_the_digest_chosen_meanwhile(room: Room) -> None:
    await room.store.subscribers.set_hours(BILAL, quiet=(5 * 60, 9 * 60), breaking=False)
    (story,) = await room.stories("quay")
    await planned(room.store, story, now=BEFORE)
    await room.store.subscribers.set_digest(BILAL, [7 * 60], alerts=False, now=BEFORE)
    await room.store.deliveries.reschedule(await room.reader(BILAL), now=BEFORE)
    assert await room.store.deliveries.counts(story.id) == {}
    await room.at(SEVEN)
    assert "The quay" in (await room.got(BILAL))[0], "in the quiet too: its hour was chosen"


async def test_sections_and_age_are_heeded_and_one_section_takes_no_more_than_its_share(room: Room) -> None:
    await room.stories("old", published_at=BEFORE - DIGEST_SINCE)
    await room.stories(*(f"match{n}" for n in range(5)), section="sport")
    await room.stories("a", "b", section="science")
    await room.at(SEVEN)
    (told,) = await room.got()
    assert told.count("Sport") == 3
    assert told.count("Science") == 2
    assert "The old" not in told
    await room.store.subscribers.set_sections(BILAL, ["science"])
    await room.store.subscribers.set_digest(BILAL, [8 * 60], alerts=False, now=room.clock[0])
    await room.at(SEVEN.replace(hour=8))
    (told,) = await room.got(BILAL)
    assert (told.count("Sport"), told.count("Science")) == (0, 2)


@pytest.mark.parametrize("what", ["stopped", "no digest", "another hour"])
async def test_what_is_chosen_anew_holds_at_once(room: Room, what: str) -> None:
    await room.stories("quay")
    match what:
        case "stopped":
            await room.store.subscribers.stop(EMMA, now=BEFORE)
        case "no digest":
            await room.store.subscribers.set_digest(EMMA, [], alerts=False, now=BEFORE)
            assert (await room.reader()).alerts, "or nothing would ever come"
        case _:
            await room.store.subscribers.set_digest(EMMA, [18 * 60], alerts=False, now=BEFORE)
    assert await room.at(SEVEN) == 0
    assert await room.at(SEVEN.replace(hour=18)) == (what == "another hour")


async def test_who_comes_back_has_their_digest_again(room: Room) -> None:
    await room.store.subscribers.stop(EMMA, now=BEFORE)
    await room.store.subscribers.subscribe(EMMA, name="Emma", language="en", now=BEFORE)
    await room.stories("quay")
    assert await room.at(SEVEN) == 1
    assert len(await room.got()) == 1


async def test_who_blocked_the_bot_is_left_alone(room: Room) -> None:
    await room.sandbox.do("POST", f"users/{EMMA}/block")
    await room.stories("quay")
    await room.at(SEVEN)
    assert not (await room.reader()).active
    assert await room.at(SEVEN + timedelta(days=1)) == 0


async def test_of_two_senders_one_has_it_and_of_a_dead_one_the_other_after_its_lease(room: Room) -> None:
    await room.stories("quay")
    room.clock[0] = SEVEN
    (dead,) = await room.store.digests.take(at_most=9, lease_s=LEASE_S, clock=lambda: SEVEN)
    assert await room.at(SEVEN + timedelta(seconds=LEASE_S - 1)) == 0
    assert await room.at(SEVEN + timedelta(seconds=LEASE_S)) == 1
    assert len(await room.got()) == 1
    # The dead one was only slow, and says when to try again: the next digest stays when it is.
    await room.store.digests.put_off(dead, SEVEN)
    assert await room.at(SEVEN + timedelta(hours=1)) == 0


async def test_a_digest_much_too_late_gives_way_to_the_next_and_none_breaks_the_quiet_late(room: Room) -> None:
    await room.stories("quay")
    assert await room.at(SEVEN + LATEST + timedelta(seconds=1)) == 1
    assert await room.got() == []
    await room.store.subscribers.set_digest(EMMA, [7 * 60, 21 * 60], alerts=False, now=room.clock[0])
    await room.store.subscribers.set_hours(EMMA, quiet=(21 * 60 + 30, 7 * 60), breaking=False)
    await room.at(SEVEN.replace(hour=21, minute=40))
    assert await room.got() == []
    await room.at(SEVEN + timedelta(days=1))
    assert len(await room.got()) == 1


async def test_a_fault_of_telegrams_puts_it_off_and_a_refusal_ends_it_for_today(room: Room) -> None:
    await room.stories("quay")
    faults = [{"kind": "error", "methods": ["sendMessage"], "count": 1}]
    await room.sandbox.do("PUT", "faults", {"faults": faults})
    assert await room.at(SEVEN) == 1
    assert await room.got() == []
    assert await room.at(SEVEN + timedelta(seconds=30)) == 1
    assert len(await room.got()) == 1


async def test_a_picture_stands_over_it_and_one_that_telegram_refuses_costs_nothing(room: Room) -> None:
    await room.stories("quay", picture=await room.sandbox.picture(EMMA))
    await room.at(SEVEN)
    room.clock[0] += timedelta(hours=1)
    await room.stories("market", picture="https://nowhere.invalid/picture.png")
    await room.at(SEVEN + timedelta(days=1))
    first, second = [one for one in await room.sandbox.messages(EMMA) if one["from"]["is_bot"]]
    assert ("photo" in first, "photo" in second) == (True, False)


async def test_a_correction_and_a_recall_reach_the_digest_and_leave_its_other_stories(room: Room) -> None:
    quay, market = await room.stories("quay", "market")
    await room.at(SEVEN)
    await room.change(quay, title="The shorter quay")
    (told,) = await room.got()
    assert "The shorter quay" in told
    assert "The market" in told
    assert "Corrected" in told
    await room.change(market, recalled=True)
    (told,) = await room.got()
    assert "The market" not in told
    assert "taken back" in told
    assert "The shorter quay" in told
    assert await room.store.amendments.waiting() == []
    (message,) = [one for one in await room.sandbox.messages(EMMA) if one["from"]["is_bot"]]
    assert [len(row) for row in message["reply_markup"]["inline_keyboard"]] == [1, 1]


@pytest.mark.parametrize("young", [True, False])
async def test_the_picture_of_a_recalled_story_goes_from_the_digest(room: Room, young: bool) -> None:
    picture = await room.sandbox.picture(EMMA)
    (top,) = await room.stories("flood", top=True, picture=picture)
    (market,) = await room.stories("market")
    await room.at(SEVEN)
    room.clock[0] += timedelta(hours=1) if young else DELETABLE + timedelta(hours=1)
    await room.change(top, recalled=True)
    (message,) = [one for one in await room.sandbox.messages(EMMA) if one["from"]["is_bot"]]
    assert ("photo" in message) is not young, "after two days Telegram lets nobody delete it"
    await room.change(market, title="The fish market")
    (told,) = await room.got()
    assert "The fish market" in told
    assert "The flood" not in told


async def test_a_story_recalled_while_the_digest_waits_for_its_place_is_not_in_it(room: Room) -> None:
    quay, _ = await room.stories("quay", "market")
    await room.limiter.pause(EMMA, for_s=1.5)
    room.clock[0] = SEVEN
    await room.digests.send_due()
    await asyncio.sleep(0.5)
    await room.store.amendments.recall(quay, note="", now=SEVEN)
    await room.digests.settled()
    assert await room.got() == []
    assert await room.at(SEVEN + timedelta(seconds=1)) == 1
    (told,) = await room.got()
    assert "The quay" not in told
    assert "The market" in told


async def test_a_recall_that_comes_with_the_sending_is_amended(room: Room) -> None:
    (quay,) = await room.stories("quay")
    (taken,) = await room.store.digests.take(at_most=1, lease_s=60, clock=lambda: SEVEN)
    sent = await room.bot.send_message(EMMA, "1. The quay")
    await room.store.amendments.recall(quay, note="", now=SEVEN)
    assert await room.amender.amend_waiting(), "nothing shows it yet"
    note = SentDigest(sent.message_id, [quay], SEVEN)
    await room.store.digests.sent(EMMA, note, taken=taken, following=None)
    assert await room.amender.amend_waiting()
    (told,) = await room.got()
    assert "The quay" not in told


async def test_a_story_of_a_digest_is_kept_until_its_time_and_then_forgotten(room: Room) -> None:
    await room.stories("quay", "market")
    await room.at(SEVEN)
    assert await room.store.digests.drop(older_than=SEVEN, at_most=10) == 0
    assert await room.store.digests.drop(older_than=SEVEN + timedelta(days=1), at_most=1) == 1
    assert await room.store.digests.drop(older_than=SEVEN + timedelta(days=1), at_most=10) == 1


async def test_all_who_are_due_get_theirs_also_where_they_are_more_than_go_at_once(room: Room) -> None:
    await room.stories("quay")
    people = range(70_000, 70_000 + AT_ONCE + 5)
    for person in people:
        await room.store.subscribers.subscribe(person, name="Reader", language="en", now=BEFORE)
        await room.store.subscribers.set_timezone(person, "UTC", now=BEFORE)
        await room.store.subscribers.set_digest(person, [7 * 60], alerts=False, now=BEFORE)
    room.clock[0] = SEVEN
    running = asyncio.create_task(room.digests.run())

    async def all_tried() -> bool:
        # Telegram knows none of them: each was tried, and tomorrow's is due.
        return await room.store.digests.take(at_most=1, lease_s=0, clock=lambda: SEVEN) == []

    await until(all_tried)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert len(await room.got()) == 1


@pytest.mark.parametrize("day", ["2028-03-25", "2028-10-28", "2028-02-28"])
async def test_one_comes_each_day_over_the_changes_of_the_clocks_and_a_leap_day(room: Room, day: str) -> None:
    begins = datetime.fromisoformat(day).replace(tzinfo=UTC)
    # At half past one, which one of these days has not, and another has twice.
    await room.store.subscribers.set_digest(EMMA, [], alerts=True, now=begins)
    await room.store.subscribers.set_timezone(EMMA, "Europe/London", now=begins)
    await room.store.subscribers.set_digest(EMMA, [90], alerts=False, now=begins)
    came = []
    for quarter in range(4 * 24 * 4):
        room.clock[0] = begins + timedelta(minutes=15 * quarter)
        if quarter % 4 == 0:
            await room.stories(f"story{quarter}")
        if await room.at(room.clock[0]):
            came.append(room.clock[0].astimezone((await room.reader()).hours.zone))
    assert len(await room.got()) == len(came)
    assert [one.date() for one in came] == [(begins + timedelta(days=n)).date() for n in range(4)]
    assert {(one.hour, one.minute) for one in came} <= {(1, 30), (2, 30)}
