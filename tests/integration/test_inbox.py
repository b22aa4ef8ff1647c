"""Updates are stored before they are confirmed, and handled once, in order within a chat, on both databases."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from bot import inbox
from bot.inbox import PATIENT_TRIES, TRIES, InboxWorker, Poller, RetryLater, stored_update
from bot.store import BotStore, StoredUpdate
from moderation.database import Database
from tests.builders import NOW
from tests.integration.sandbox_client import EMMA, Sandbox, sandbox_running, until


def message(update_id: int, *, chat: int = 1, text: str = "hello") -> dict[str, Any]:
    """A raw update with a message."""
    return {"update_id": update_id, "message": {"chat": {"id": chat}, "text": text}}


@pytest.mark.parametrize(
    ("raw", "lane"),
    [
        (message(1, chat=7), 7),
        ({"update_id": 1, "edited_message": {"chat": {"id": 8}}}, 8),
        ({"update_id": 1, "callback_query": {"from": {"id": 9}, "message": {"chat": {"id": -100}}}}, 9),
        ({"update_id": 1, "my_chat_member": {"chat": {"id": 10}}}, 10),
        ({"update_id": 1, "poll": {"id": "1"}}, 0),
        ({"update_id": 1, "message": {"chat": {"id": 2**64}}}, 0),
        ({"update_id": 1, "message": {"chat": "x"}}, 0),
    ],
)
def test_a_lane_is_the_chat_and_for_a_press_the_person(raw: dict[str, Any], lane: int) -> None:
    assert stored_update(raw).lane == lane


@pytest.mark.parametrize("raw", [{}, {"update_id": "1"}, {"update_id": -1}, {"update_id": 2**63}])
def test_what_is_no_update_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="update_id"):
        stored_update(raw)


@pytest.fixture
def bot_store(database: Database) -> BotStore:
    """The bot's store on a fresh database."""
    return BotStore(database)


class Clock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        return self.now


class HastyClock(Clock):
    """A clock that goes on by a second each time it is looked at, so that pauses end soon."""

    def __call__(self) -> Any:
        self.now += timedelta(seconds=1)
        return self.now


async def keep(store: BotStore, *updates: dict[str, Any]) -> None:
    """Put updates into the inbox."""
    await store.inbox.add([stored_update(update) for update in updates], now=NOW)


@contextlib.asynccontextmanager
async def working(
    store: BotStore, handle: Callable[[StoredUpdate], Awaitable[None]], clock: Callable[[], Any]
) -> AsyncIterator[InboxWorker]:
    """A worker that runs until the block ends."""
    worker = InboxWorker(store, handle, clock=clock)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def empty(store: BotStore) -> bool:
    """Whether everything was handled."""
    return await store.inbox.waiting() == 0


async def test_each_update_is_handled_once_and_a_chats_in_order(bot_store: BotStore) -> None:
    seen: list[tuple[int, int]] = []

    async def handle(stored: StoredUpdate) -> None:
        await asyncio.sleep(0)
        seen.append((stored.lane, stored.update_id))

    updates = [message(number, chat=number % 3) for number in range(1, 31)]
    await keep(bot_store, *updates)
    await keep(bot_store, *updates)
    async with working(bot_store, handle, Clock()), working(bot_store, handle, Clock()):
        await until(lambda: empty(bot_store))
    assert len(seen) == 30
    for lane in range(3):
        numbers = [number for at, number in seen if at == lane]
        assert numbers == sorted(numbers)


async def test_a_slow_chat_does_not_keep_others_waiting(bot_store: BotStore) -> None:
    release, seen = asyncio.Event(), list[int]()

    async def handle(stored: StoredUpdate) -> None:
        if stored.lane == 1:
            await release.wait()
        seen.append(stored.lane)

    await keep(bot_store, message(1, chat=1), message(2, chat=1), message(3, chat=2))

    async def other_is_done() -> bool:
        return seen == [2]

    async with working(bot_store, handle, Clock()):
        await until(other_is_done)
        release.set()
        await until(lambda: empty(bot_store))
    assert seen == [2, 1, 1]


async def test_a_failing_update_is_tried_again_and_then_set_aside(bot_store: BotStore) -> None:
    tried: list[int] = []

    async def handle(stored: StoredUpdate) -> None:
        tried.append(stored.update_id)
        if stored.update_id == 1:
            raise ZeroDivisionError("a reader's words")

    await keep(bot_store, message(1), message(2))
    async with working(bot_store, handle, HastyClock()):
        await until(lambda: empty(bot_store), at_most_s=30)
    assert tried == [1] * TRIES + [2]


async def test_while_telegram_is_away_an_update_is_not_given_up(bot_store: BotStore) -> None:
    tried: list[int] = []

    async def handle(stored: StoredUpdate) -> None:
        tried.append(stored.attempts)
        if len(tried) < TRIES * 3:
            raise RetryLater("away", after_s=1)

    await keep(bot_store, message(1))
    async with working(bot_store, handle, HastyClock()):
        await until(lambda: empty(bot_store), at_most_s=30)
    assert len(tried) == TRIES * 3 < PATIENT_TRIES


async def test_an_update_that_ends_its_process_each_time_is_set_aside(
    bot_store: BotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PATIENT_TRIES", 2)
    await keep(bot_store, message(1))
    for hour in range(2):
        # Leased, and never heard of again.
        assert await bot_store.inbox.lease(at_most=1, lease_s=1, now=NOW + timedelta(hours=hour))
    clock = Clock()
    clock.now += timedelta(hours=2)

    async def handle(stored: StoredUpdate) -> None:
        raise AssertionError("it must not be handled any more")

    async with working(bot_store, handle, clock):
        await until(lambda: empty(bot_store))


async def test_an_update_in_hand_at_the_end_is_given_back_at_once(bot_store: BotStore) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def stuck(stored: StoredUpdate) -> None:
        begun.set()
        await never.wait()

    await keep(bot_store, message(1))
    async with working(bot_store, stuck, Clock()):
        await begun.wait()
    assert [one.update_id for one in await bot_store.inbox.lease(at_most=1, lease_s=1, now=NOW)] == [1]


def poller_of(sandbox: Sandbox, store: BotStore, redis: Redis | None) -> Poller:
    """A poller at this sandbox."""
    return Poller(
        address=f"{sandbox.address}/bot42:SANDBOX/", store=store, redis=redis, stored=lambda: None, clock=lambda: NOW
    )


@contextlib.asynccontextmanager
async def polling(*pollers: Poller) -> AsyncIterator[None]:
    """The pollers, running until the block ends."""
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_people_write_is_stored_and_then_confirmed(bot_store: BotStore, redis: Redis) -> None:
    async with sandbox_running() as sandbox, polling(poller_of(sandbox, bot_store, redis)):
        for number in range(3):
            await sandbox.write(EMMA, f"message {number}")

        async def three() -> bool:
            return await bot_store.inbox.waiting() == 3

        await until(three)

        async def confirmed() -> bool:
            return int((await sandbox.call("getWebhookInfo"))["pending_update_count"]) == 0

        await until(confirmed)


async def test_an_update_that_no_database_takes_holds_up_none_behind_it(
    bot_store: BotStore, database: Database
) -> None:
    # Python reads a NaN in an answer, and PostgreSQL keeps none; SQLite does, so there it is what can't be written.
    refused = {"swordfish": float("nan") if database.dialect == "postgresql" else {1}}
    stored = []
    poller = Poller(address="", store=bot_store, redis=None, stored=lambda: stored.append(1), clock=lambda: NOW)
    with structlog.testing.capture_logs() as logged:
        await poller.keep([message(1), message(2, chat=2) | refused, message(3, chat=3)])
        await poller.keep([message(4) | refused])
    assert [one.update_id for one in await bot_store.inbox.lease(at_most=9, lease_s=1, now=NOW)] == [1, 3]
    assert [(line["event"], line["update"]) for line in logged] == [("update left out", 2), ("update left out", 4)]
    assert "swordfish" not in str(logged)
    assert len(stored) == 1


async def test_while_it_is_the_database_that_takes_nothing_no_update_is_left_out(
    bot_store: BotStore, database: Database
) -> None:
    poller = Poller(address="", store=bot_store, redis=None, stored=lambda: None, clock=lambda: NOW)
    async with database.write() as connection:
        await connection.execute(sa.text("ALTER TABLE inbox RENAME TO elsewhere"))
    with pytest.raises(sa.exc.DBAPIError):
        await poller.keep([message(1)])
    async with database.write() as connection:
        await connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO inbox"))
    await poller.keep([message(1)])
    assert await bot_store.inbox.waiting() == 1


async def test_of_two_processes_one_polls_and_the_other_takes_over(bot_store: BotStore, redis: Redis) -> None:
    async with sandbox_running() as sandbox:
        first, second = poller_of(sandbox, bot_store, redis), poller_of(sandbox, bot_store, redis)
        async with polling(second):
            async with polling(first):
                await sandbox.write(EMMA, "one")

                async def stored() -> bool:
                    return await bot_store.inbox.waiting() == 1

                await until(stored)
            await sandbox.write(EMMA, "two")

            async def both_stored() -> bool:
                return await bot_store.inbox.waiting() == 2

            await until(both_stored)


async def test_who_takes_the_place_of_a_killed_poller_does_not_wait_for_its_lock_and_others_do(
    bot_store: BotStore, redis: Redis
) -> None:
    def poller(place: str) -> Poller:
        return Poller(address="", store=bot_store, redis=redis, stored=lambda: None, clock=lambda: NOW, place=place)

    assert await poller("host-1-")._has_lock()
    assert not await poller("host-2-")._has_lock()
    successor = poller("host-1-")
    assert await successor._has_lock()
    assert await redis.get("baithak:poller") == successor._me


async def test_what_is_in_hand_is_not_begun_twice_though_its_lease_ran_out(bot_store: BotStore) -> None:
    begun, release, clock = [], asyncio.Event(), Clock()

    async def handle(stored: StoredUpdate) -> None:
        begun.append(stored.update_id)
        await release.wait()

    await bot_store.inbox.add([stored_update(message(1))], now=clock())
    worker = InboxWorker(bot_store, handle, clock=clock)
    assert await worker.start_due() == 1
    clock.now += timedelta(seconds=inbox.LEASE_S + 1)
    await bot_store.inbox.add([stored_update(message(2, chat=2))], now=clock())
    await worker.start_due()

    async def other_begun() -> bool:
        return 2 in begun

    await until(other_begun)
    assert begun == [1, 2]
    release.set()
    await asyncio.gather(*worker._running)


async def test_a_webhook_left_behind_is_removed(bot_store: BotStore, redis: Redis) -> None:
    async with sandbox_running() as sandbox:
        await sandbox.call("setWebhook", url="http://127.0.0.1:9/nowhere")
        async with polling(poller_of(sandbox, bot_store, redis)):
            await sandbox.write(EMMA, "hello")

            async def stored() -> bool:
                return await bot_store.inbox.waiting() == 1

            await until(stored)


async def test_faults_of_telegram_are_outlived_and_nothing_is_confirmed_unstored(
    bot_store: BotStore, redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    offsets: list[int | None] = []
    answers: list[Any] = [
        web.Response(status=502, text="<html>bad gateway"),
        web.json_response({"ok": False, "error_code": 429, "parameters": {"retry_after": 0}}, status=429),
        web.json_response(
            {"ok": False, "error_code": 409, "description": "terminated by other getUpdates"}, status=409
        ),
        web.json_response([]),
        web.json_response({"ok": True, "result": [message(5), message(6)]}),
    ]

    async def get_updates(request: web.Request) -> web.Response:
        offsets.append((await request.json()).get("offset"))
        if answers:
            answer: web.Response = answers.pop(0)
            return answer
        await asyncio.sleep(0.01)
        return web.json_response({"ok": True, "result": []})

    app = web.Application()
    app.router.add_post("/bot42:SECRET/getUpdates", get_updates)
    server = TestServer(app)
    await server.start_server()
    poller = Poller(
        address=str(server.make_url("/bot42:SECRET/")),
        store=bot_store,
        redis=None,
        stored=lambda: None,
        clock=lambda: NOW,
    )

    async def confirmed() -> bool:
        return len(offsets) >= 7

    async with polling(poller):
        await until(confirmed, at_most_s=15)
    await server.close()
    assert offsets[:5] == [None] * 5 and offsets[5] == 7
    assert offsets[6] is None
    assert await bot_store.inbox.waiting() == 2
    assert "SECRET" not in capsys.readouterr().out


async def test_who_is_still_at_an_update_keeps_it_and_a_dead_process_loses_it(
    bot_store: BotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "LEASE_S", 0.3)
    begun, release = asyncio.Event(), asyncio.Event()
    handled: list[str] = []

    def handler(name: str) -> Callable[[StoredUpdate], Awaitable[None]]:
        async def handle(stored: StoredUpdate) -> None:
            begun.set()
            await release.wait()
            handled.append(name)

        return handle

    def clock() -> datetime:
        return datetime.now(UTC)

    await bot_store.inbox.add([stored_update(message(1))], now=clock())
    dead = await bot_store.inbox.lease(at_most=1, lease_s=0.3, now=clock())
    assert len(dead) == 1
    async with working(bot_store, handler("first"), clock):
        await begun.wait()
        began = clock()
        async with working(bot_store, handler("second"), clock):

            async def several_leases_later() -> bool:
                return clock() - began > timedelta(seconds=1)

            await until(several_leases_later)
            release.set()
            await until(lambda: empty(bot_store))
    assert handled == ["first"]
