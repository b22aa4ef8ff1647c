"""The sweeper: what Redis lost comes back into the queue, once, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

import moderation.sweeper
from moderation.decision import Outcome
from moderation.queue import ScreeningQueue
from moderation.store import Store
from moderation.sweeper import Sweeper
from tests.builders import NOW
from tests.desk import Desk
from tests.fake_queue import FakeQueue

OLD = NOW - timedelta(seconds=60)


def sweeper(store: Store, queue: Any, *, every_s: float = 60) -> Sweeper:
    return Sweeper(store=store, queue=queue, consumer="w1", every_s=every_s, older_s=3, clock=lambda: NOW)


@pytest.fixture
def queue(redis: Redis) -> ScreeningQueue:
    return ScreeningQueue(redis, at_most=1000)


async def received(store: Store, *, count: int = 1, at: Any = OLD) -> list[int]:
    desk = Desk.of(store)
    return [(await desk.receive(text=f"Comment {n}", now=at)).revision_id for n in range(count)]


async def waiting(queue: ScreeningQueue) -> list[int]:
    return [job.revision_id for job in await queue.claim("a", wait_s=0, at_most=1000)]


async def test_what_never_reached_redis_is_queued(store: Store, queue: ScreeningQueue) -> None:
    ids = await received(store, count=3)
    assert await sweeper(store, queue).sweep() == 3
    assert await waiting(queue) == ids


async def test_after_flushall_everything_undecided_is_queued_again(
    store: Store, queue: ScreeningQueue, redis: Redis
) -> None:
    ids = await received(store, count=20)
    await queue.enqueue(ids)
    await redis.flushall()
    assert await sweeper(store, queue).sweep() == 20
    assert await waiting(queue) == ids


async def test_what_waits_or_is_worked_on_is_left_alone_however_often_it_looks(
    store: Store, queue: ScreeningQueue
) -> None:
    await queue.enqueue(await received(store, count=5))
    await queue.claim("busy", wait_s=0, at_most=2)
    sweeps = sweeper(store, queue)
    assert [await sweeps.sweep() for _ in range(3)] == [0, 0, 0]
    assert (await queue.size()).length == 5


async def test_what_has_just_come_is_left_to_who_queues_it(store: Store, queue: ScreeningQueue) -> None:
    sweeps = sweeper(store, queue)
    await sweeps.sweep()
    await received(store, at=NOW - timedelta(seconds=2))
    assert await sweeps.sweep() == 0


async def test_what_redis_forgot_is_queued_again_whatever_its_age(
    store: Store, queue: ScreeningQueue, redis: Redis
) -> None:
    sweeps = sweeper(store, queue)
    await sweeps.sweep()
    ids = await received(store, count=2, at=NOW - timedelta(seconds=1))
    await queue.enqueue(ids)
    await redis.flushall()
    assert await sweeps.sweep() == 2
    assert await waiting(queue) == ids


async def test_what_seems_to_lie_ahead_is_seen_now_and_then(store: Store, queue: ScreeningQueue) -> None:
    await received(store, at=NOW + timedelta(hours=1))
    sweeps = sweeper(store, queue)
    assert sum([await sweeps.sweep() for _ in range(moderation.sweeper.EACH_AGE_EVERY)]) == 1


async def test_what_is_decided_is_not_queued_again(store: Store, queue: ScreeningQueue) -> None:
    await Desk.of(store).publish(now=OLD)
    assert await sweeper(store, queue).sweep() == 0


async def test_what_was_decided_between_its_two_looks_is_not_queued_again(store: Store) -> None:
    desk, queue = Desk.of(store), FakeQueue()
    decided = await desk.receive(now=OLD)
    (waits,) = await received(store)
    look = queue.lost

    async def lost(revision_ids: Sequence[int]) -> list[int]:
        await desk.screen(decided, Outcome.PUBLISH, now=NOW)
        return await look(revision_ids)

    queue.lost = lost  # type: ignore[method-assign]  # a worker is done just before the queue is looked at
    assert await sweeper(store, queue).sweep() == 1
    assert [entry.revision_id for entry in queue.entries.values()] == [waits]


async def test_it_sweeps_until_it_is_told_to_stop(store: Store) -> None:
    queue, stop = FakeQueue(), asyncio.Event()
    task = asyncio.create_task(sweeper(store, queue, every_s=0.01).run(stop))
    (first,) = await received(store)
    while [entry.revision_id for entry in queue.entries.values()] != [first]:
        await asyncio.sleep(0.005)
    stop.set()
    await task


async def test_neither_redis_nor_the_database_gone_ends_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, stop = FakeQueue(gone=True), asyncio.Event()
    real = store.unscreened
    failures = iter([OperationalError("select", {}, Exception("locked")), RuntimeError("ours")])

    async def unscreened(**given: Any) -> list[int]:
        for error in failures:
            raise error
        return await real(**given)

    monkeypatch.setattr(store, "unscreened", unscreened)
    (lost,) = await received(store)
    with capture_logs() as logs:
        task = asyncio.create_task(sweeper(store, queue, every_s=0.01).run(stop))
        while not logs:
            await asyncio.sleep(0.005)
        queue.gone = False
        while not queue.entries:
            await asyncio.sleep(0.005)
        stop.set()
        await task
    assert [entry.revision_id for entry in queue.entries.values()] == [lost]
    assert [entry["passing"] for entry in logs if entry["event"] == "sweep broken"] == [True, False]


async def test_that_nobody_sweeps_is_told_once_until_redis_is_back(store: Store) -> None:
    queue, stop, looks = FakeQueue(gone=True), asyncio.Event(), 0
    ask = queue.may_sweep

    async def may_sweep(consumer: str, *, every_s: float) -> bool:
        nonlocal looks
        looks += 1
        return await ask(consumer, every_s=every_s)

    queue.may_sweep = may_sweep  # type: ignore[method-assign]  # counts the looks
    with capture_logs() as logs:
        task = asyncio.create_task(sweeper(store, queue, every_s=0.005).run(stop))
        for gone in (True, False, True):
            queue.gone, before = gone, looks
            while looks < before + 4:
                await asyncio.sleep(0.005)
        stop.set()
        await task
    assert [entry["log_level"] for entry in logs if entry["event"] == "sweep left out"] == ["warning"] * 2


async def test_only_one_of_many_processes_sweeps(store: Store, queue: ScreeningQueue) -> None:
    await received(store)
    stops = [asyncio.Event() for _ in range(4)]
    tasks = [asyncio.create_task(sweeper(store, queue).run(stop)) for stop in stops]
    while not (await queue.size()).length:
        await asyncio.sleep(0.005)
    for stop in stops:
        stop.set()
    await asyncio.gather(*tasks)
    assert (await queue.size()).length == 1
