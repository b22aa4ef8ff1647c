"""Alarms reach administrators once each and once when they are over: over restarts, with two bots, without the store.

On a real store; Telegram and what is measured are written by hand, so that a test says what is wrong and when.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import SendMessage

from bot.alarms import Damping, WatchedFeed
from bot.feed import FeedSource
from bot.limiter import Limiter
from bot.notices import Rules, Watch
from bot.settings import BotSettings
from bot.store import BotStore, FeedState
from bot.web.health import front_health
from moderation.alarms import Vitals, Waiting
from moderation.database import Database
from moderation.sqlite import BUSY_S
from tests.builders import NOW, bounds, vitals

MEERA, OMAR = 2001, 2002
RULES = Rules(bounds(), feed_silent_s=1800, damping=Damping(stands_s=10, clears_s=30), chats=frozenset({MEERA, OMAR}))
CALL = SendMessage(chat_id=MEERA, text="x")
AWAY = TelegramNetworkError(CALL, "away")
WELL, NO_WORKER = vitals(), vitals(workers={})


@dataclass
class FakeBot:
    """Telegram, as far as alarms meet it: remembers what was sent, and refuses whom it is told to refuse."""

    sent: list[tuple[int, str]] = field(default_factory=list)
    refused: dict[int, Exception] = field(default_factory=dict)
    away: bool = False
    group_fault: Exception | None = None

    async def send_message(self, chat_id: int, text: str, **_options: Any) -> None:
        if self.away:
            raise AWAY
        if chat_id in self.refused:
            raise self.refused[chat_id]
        self.sent.append((chat_id, text))

    async def get_me(self, **_options: Any) -> None:
        if self.away:
            raise AWAY

    async def get_chat(self, _chat: int, **_options: Any) -> None:
        if self.group_fault is not None:
            raise self.group_fault

    def told(self, chat: int = MEERA) -> list[str]:
        """The first words of each line a chat was sent."""
        lines = [line for to, text in self.sent if to == chat for line in text.splitlines()]
        return [" ".join(line.removeprefix("• ").split()[:3]) for line in lines if line.startswith("• ")]


@dataclass
class Measured:
    """What would be measured; the clock stands still unless it is moved."""

    vitals: Vitals = WELL
    now: datetime = NOW

    async def look(self) -> Vitals:
        return replace(self.vitals, at=self.now)

    def clock(self) -> datetime:
        return self.now


@dataclass
class Room:
    """A system to watch, and the bots that watch it."""

    store: BotStore
    bot: FakeBot = field(default_factory=FakeBot)
    measured: Measured = field(default_factory=Measured)
    feeds: list[FeedSource] = field(default_factory=list)

    def watch(self, rules: Rules = RULES, *, store: Any = None) -> Watch:
        """One more bot; every one is a process that has just started."""
        return Watch(
            self.bot,  # type: ignore[arg-type]  # written by hand
            store=store or self.store,
            health=self.measured,  # type: ignore[arg-type]  # written by hand
            feeds=self.feeds,
            limiter=Limiter(None),
            rules=rules,
            clock=self.measured.clock,
            lease_s=12,
        )

    async def pass_(self, seconds: float, *bots: Watch, facts: Vitals | None = None) -> None:
        """So many seconds go by, in which every bot looks every five; `facts` are true from the beginning on."""
        if facts is not None:
            self.measured.vitals = facts
        for _ in range(int(seconds / 5)):
            self.measured.now += timedelta(seconds=5)
            for bot in bots:
                await bot.look()


@pytest.fixture
def room(database: Database) -> Room:
    return Room(BotStore(database))


RAISED, OVER = "No worker runs:", "A worker runs"


async def test_an_alarm_is_told_once_and_once_when_it_is_over(room: Room) -> None:
    watch = room.watch()
    await room.pass_(30, watch)
    assert room.bot.sent == []
    await room.pass_(60, watch, facts=NO_WORKER)
    assert room.bot.told(MEERA) == room.bot.told(OMAR) == [RAISED]
    await room.pass_(60, watch, facts=WELL)
    assert room.bot.told(MEERA) == room.bot.told(OMAR) == [RAISED, OVER]


async def test_a_moderators_group_that_can_not_be_used_is_told_of_on_readyz(room: Room) -> None:
    watch = room.watch(replace(RULES, group=-1009))

    async def state() -> str:
        await room.pass_(20, watch)
        return front_health(await watch.report(), now=room.measured.now, feed_silent_s=60).states["telegram"]

    assert await state() == "ok"
    for fault in (TelegramBadRequest(CALL, "chat not found"), TelegramForbiddenError(CALL, "bot was kicked")):
        room.bot.group_fault = fault
        assert await state() == f"answers, but the moderators' group can't be used: {fault.message}"
    room.bot.group_fault = AWAY
    assert (await state()).endswith("bot was kicked"), "what was known last"
    room.bot.group_fault = None
    assert await state() == "ok"


async def test_a_restart_neither_repeats_nor_forgets(room: Room) -> None:
    await room.pass_(30, room.watch(), facts=NO_WORKER)
    again = room.watch()
    await room.pass_(60, again)
    assert room.bot.told() == [RAISED]
    # It ends while no bot runs at all.
    room.measured.now += timedelta(hours=1)
    await room.pass_(60, room.watch(), facts=WELL)
    assert room.bot.told() == [RAISED, OVER]


async def test_the_one_in_a_dead_bot_s_place_tells_at_once_and_any_other_when_its_lease_is_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAITHAK_PLACE", "first")
    await room.pass_(5, room.watch(), facts=NO_WORKER)
    successor = room.watch()
    monkeypatch.setenv("BAITHAK_PLACE", "second")
    other = room.watch()
    await room.pass_(5, other)
    assert room.bot.sent == []
    await room.pass_(5, successor)
    assert room.bot.told() == [RAISED]


async def test_a_restart_in_the_middle_of_a_fault_s_first_seconds_still_tells_it(room: Room) -> None:
    first = room.watch()
    await room.pass_(5, first, facts=NO_WORKER)
    assert room.bot.sent == []
    await room.pass_(20, room.watch())
    assert room.bot.told() == [RAISED]


async def test_of_two_bots_one_tells_and_the_other_goes_on_when_it_dies(room: Room) -> None:
    one, two = room.watch(), room.watch()
    await room.pass_(60, one, two, facts=NO_WORKER)
    assert room.bot.told() == [RAISED]
    await room.pass_(60, two, facts=WELL)
    assert room.bot.told() == [RAISED, OVER]


async def test_two_bots_that_look_at_the_same_moment_tell_it_once(room: Room) -> None:
    bots = [room.watch() for _ in range(4)]
    room.measured.vitals = NO_WORKER
    for _ in range(6):
        room.measured.now += timedelta(seconds=5)
        await asyncio.gather(*(bot.look() for bot in bots))
    assert room.bot.told() == [RAISED]


async def test_who_can_not_be_reached_is_told_later_and_the_others_only_once(room: Room) -> None:
    watch = room.watch()
    room.bot.refused[OMAR] = TelegramRetryAfter(CALL, "Too Many Requests", 30)
    await room.pass_(40, watch, facts=NO_WORKER)
    assert (room.bot.told(MEERA), room.bot.told(OMAR)) == ([RAISED], [])
    room.bot.refused.clear()
    await room.pass_(10, room.watch())
    await room.pass_(20, watch)
    assert (room.bot.told(MEERA), room.bot.told(OMAR)) == ([RAISED], [RAISED])


@pytest.mark.parametrize(
    "refusal",
    [
        TelegramForbiddenError(CALL, "Forbidden: bot can't initiate conversation with a user"),
        TelegramBadRequest(CALL, "Bad Request: chat not found"),
    ],
)
async def test_who_never_started_the_bot_is_logged_once_and_keeps_nobody_waiting(
    room: Room, refusal: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    room.bot.refused[OMAR] = refusal
    watch = room.watch()
    await room.pass_(60, watch, facts=NO_WORKER)
    await room.pass_(60, watch, facts=WELL)
    await room.pass_(60, watch, facts=NO_WORKER)
    assert (room.bot.told(MEERA), room.bot.told(OMAR)) == ([RAISED, OVER, RAISED], [])
    assert capsys.readouterr().out.count("an administrator can't be told") == 1


async def test_what_came_and_went_while_telegram_was_away_is_told_nobody(room: Room) -> None:
    watch = room.watch()
    room.bot.away = True
    await room.pass_(60, watch, facts=NO_WORKER)
    await room.pass_(60, watch, facts=WELL)
    room.bot.away = False
    await room.pass_(60, watch)
    assert room.bot.sent == []


async def test_what_still_stands_when_telegram_is_back_is_told(room: Room) -> None:
    watch = room.watch()
    room.bot.away = True
    await room.pass_(60, watch, facts=NO_WORKER)
    room.bot.away = False
    await room.pass_(10, watch)
    assert room.bot.told() == [RAISED]


async def test_the_report_says_when_a_bot_looked_and_telegram_answered(room: Room) -> None:
    watch = room.watch()
    await room.pass_(20, watch)
    began = await watch.report()
    assert began is not None and began.at == room.measured.now
    assert began.telegram_at is not None and room.measured.now - began.telegram_at <= timedelta(seconds=15)
    room.bot.away = True
    await room.pass_(60, watch)
    report = await watch.report()
    assert report is not None and report.at == room.measured.now
    assert report.telegram_at == began.telegram_at


async def test_each_silent_feed_is_told_by_itself(room: Room) -> None:
    urls = [f"https://news.example/{name}" for name in ("world", "sport", "new")]
    room.feeds = [FeedSource(url, "en", "world", 300) for url in urls]
    long_ago = NOW - timedelta(hours=2)
    for url, read_at in zip(urls, (long_ago, NOW, long_ago), strict=True):
        await room.store.stories.note_feed(FeedState(url, succeeded_at=read_at, failures=3, error="503"), now=NOW)
    watch = room.watch()
    await room.pass_(20, watch)
    ((_, text),) = [sent for sent in room.bot.sent if sent[0] == MEERA]
    assert text.startswith("<b>2 alarms</b>") and urls[0] in text and urls[2] in text and urls[1] not in text
    facts = await watch.facts()
    assert facts.feeds is not None and facts.feeds[0] == WatchedFeed(urls[0], 300, long_ago, 3, "503")
    await room.store.stories.note_feed(FeedState(urls[0], succeeded_at=room.measured.now), now=room.measured.now)
    await room.pass_(60, watch)
    assert f"The feed {urls[0]} is read again" in room.bot.sent[-1][1]


class Gone:
    """A store that can't be reached; what it had is there again when it is back."""

    def __init__(self, store: BotStore) -> None:
        self._store = store
        self.is_gone = True

    def __getattr__(self, part: str) -> Any:
        return GonePart() if self.is_gone else getattr(self._store, part)


class GonePart:
    """Its part: every question fails when it is asked."""

    def __getattr__(self, question: str) -> Any:
        async def ask(*_: Any, **__: Any) -> None:
            raise ConnectionRefusedError

        return ask


NO_DATABASE = vitals(database=False, waiting=None)
DATABASE, DATABASE_OVER = "The database can’t", "The database can"


async def test_without_the_store_its_own_alarm_still_goes_out_once_and_ends_once(room: Room) -> None:
    store = Gone(room.store)
    store.is_gone = False
    watch = room.watch(store=store)
    await room.pass_(30, watch, facts=vitals(waiting=Waiting(0, None, 1, NOW - timedelta(hours=2))))
    assert room.bot.told() == ["One comment waits"]
    store.is_gone = True
    await room.pass_(60, watch, facts=NO_DATABASE)
    store.is_gone = False
    await room.pass_(10, watch, facts=WELL)
    # A restart, before it has been over long enough to be told.
    await room.pass_(60, room.watch())
    assert room.bot.told()[:2] == ["One comment waits", DATABASE]
    assert sorted(room.bot.told()[2:]) == ["No comment waits", DATABASE_OVER]


async def test_a_bot_that_started_without_the_store_repeats_nothing_that_others_told(room: Room) -> None:
    held = vitals(waiting=Waiting(0, None, 1, NOW - timedelta(hours=2)))
    await room.pass_(30, room.watch(), facts=held)
    store = Gone(room.store)
    late = room.watch(store=store)
    await room.pass_(60, late, facts=NO_DATABASE)
    store.is_gone = False
    await room.pass_(90, late, facts=held)
    assert room.bot.told() == ["One comment waits", DATABASE, DATABASE_OVER]


async def test_without_the_store_several_bots_may_tell_it_but_each_only_once(room: Room) -> None:
    stores = [Gone(room.store), Gone(room.store)]
    bots = [room.watch(store=store) for store in stores]
    await room.pass_(60, *bots, facts=NO_DATABASE)
    assert room.bot.told() == [DATABASE, DATABASE]
    for store in stores:
        store.is_gone = False
    await room.pass_(90, *bots, facts=WELL)
    assert room.bot.told() == [DATABASE, DATABASE, DATABASE_OVER]


@contextlib.asynccontextmanager
async def unwritable(database: Database) -> AsyncIterator[None]:
    """The database answers, and nobody can write what is asked for."""
    other = Database(database.address)
    async with other.write() as connection:
        if database.dialect == "postgresql":
            # This is no process that sleeps in the middle of its work.
            await connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            await connection.execute(sa.text("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE"))
        else:
            await connection.execute(sa.text("SELECT 1"))  # a transaction locks from its first statement on
        yield
    await other.close()


async def test_a_database_that_only_answers_is_an_alarm_as_well(room: Room, database: Database) -> None:
    """SQLite locked by another writer; PostgreSQL with the table locked, so that the note can't be taken."""
    watch = room.watch(replace(RULES, damping=Damping(0, 0)))
    await watch.look()
    async with unwritable(database):
        async with asyncio.timeout(BUSY_S + 10):
            await watch.look()
        assert room.bot.told() == [DATABASE]
    for _ in range(2):
        await watch.look()
    assert room.bot.told() == [DATABASE, DATABASE_OVER]


async def test_the_loop_rides_out_whatever_breaks(room: Room) -> None:
    class Broken(Measured):
        looks = 0

        async def look(self) -> Vitals:
            self.looks += 1
            self.now = datetime.now(UTC)
            if self.looks % 2:
                raise RuntimeError("broken")
            return await super().look()

    room.measured = measured = Broken(NO_WORKER)
    watch = Watch(
        room.bot,  # type: ignore[arg-type]  # written by hand
        store=room.store,
        health=measured,  # type: ignore[arg-type]  # written by hand
        feeds=(),
        limiter=Limiter(None),
        rules=replace(RULES, damping=Damping(0, 0)),
        clock=measured.clock,
        every_s=0.01,
    )
    running = asyncio.create_task(watch.run())
    async with asyncio.timeout(10):
        while not room.bot.sent:
            await asyncio.sleep(0.01)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert room.bot.told() == [RAISED]


@pytest.mark.parametrize(
    ("given", "chats"),
    [
        ({"bot_token": "1:a", "administrators": (7, 8), "moderators_chat": -100}, {7, 8}),
        ({"bot_token": "1:a", "moderators_chat": -100}, {-100}),
        ({"bot_token": "1:a"}, set()),
        ({}, {2001}),
    ],
)
def test_administrators_are_told_or_else_the_moderators_group(given: dict[str, Any], chats: set[int]) -> None:
    assert Rules.of(BotSettings(**given)).chats == chats
