"""What every screening queue keeps: that on Redis, on fakeredis and its server, and the fake of the tests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import fakeredis
import pytest

from moderation.alarms import QueueSize
from moderation.errors import QueueUnavailable
from moderation.queue import ScreeningQueue, connect
from tests.fake_queue import FakeQueue

Queue = Any


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of what `baithak up` runs where there is no Redis at all."""
    noted = tmp_path_factory.mktemp("stand-in") / "address"
    process = subprocess.Popen([sys.executable, "-m", "bot.embedded", str(noted)], stderr=subprocess.DEVNULL)
    try:
        while not noted.is_file():
            assert process.poll() is None, "the stand-in ended"
            time.sleep(0.01)
        yield noted.read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait(timeout=10)


@pytest.fixture(params=["redis", "fakeredis", "stand-in", "fake"])
async def queue(request: pytest.FixtureRequest) -> AsyncIterator[Queue]:
    if request.param == "fake":
        yield FakeQueue(at_most=10)
    elif request.param == "fakeredis":
        client = fakeredis.FakeAsyncRedis(decode_responses=True)
        yield ScreeningQueue(client, at_most=10)
        await client.aclose()
    else:
        address = {"redis": "redis_address", "stand-in": "stand_in"}[request.param]
        client = connect(request.getfixturevalue(address))
        await client.flushall()
        yield ScreeningQueue(client, at_most=10)
        await client.aclose()


async def claimed(queue: Queue, consumer: str = "a", *, at_most: int = 10) -> list[int]:
    return [job.revision_id for job in await queue.claim(consumer, wait_s=0, at_most=at_most)]


async def test_jobs_come_in_the_order_in_which_they_were_added(queue: Queue) -> None:
    assert await queue.enqueue([3, 1, 2]) == 3
    assert await claimed(queue) == [3, 1, 2]


async def test_no_more_are_claimed_than_asked_for(queue: Queue) -> None:
    await queue.enqueue([1, 2, 3])
    assert await claimed(queue, at_most=2) == [1, 2]
    assert await claimed(queue, at_most=2) == [3]


async def test_a_job_goes_to_one_consumer_only(queue: Queue) -> None:
    await queue.enqueue([1, 2])
    assert await claimed(queue, "a", at_most=1) == [1]
    assert await claimed(queue, "b") == [2]


async def test_the_first_delivery_counts_one(queue: Queue) -> None:
    await queue.enqueue([1])
    (job,) = await queue.claim("a", wait_s=0, at_most=1)
    assert job.deliveries == 1


async def test_nothing_is_claimed_from_an_empty_queue(queue: Queue) -> None:
    assert await claimed(queue) == []
    assert await queue.claim("a", wait_s=0.01, at_most=1) == []


async def test_a_claim_waits_for_a_job_that_comes_later(queue: Queue) -> None:
    await claimed(queue)
    waiting = asyncio.create_task(queue.claim("a", wait_s=2, at_most=5))
    await queue.enqueue([7])
    jobs = await waiting
    while not jobs:  # fakeredis does not block: the next claim finds it
        jobs = await queue.claim("a", wait_s=2, at_most=5)
    assert [job.revision_id for job in jobs] == [7]


async def test_a_claim_may_not_wait_longer_than_the_socket(queue: Queue) -> None:
    with pytest.raises(ValueError, match="wait_s"):
        await queue.claim("a", wait_s=5, at_most=1)


async def test_what_is_acknowledged_is_gone(queue: Queue) -> None:
    await queue.enqueue([1, 2])
    jobs = await queue.claim("a", wait_s=0, at_most=2)
    await queue.ack(jobs)
    assert await queue.size() == QueueSize(length=0, pending=0, dead=0, newest_dead=None)
    assert await queue.reclaim("b", idle_s=0, at_most=5) == []


async def test_acknowledging_twice_is_harmless(queue: Queue) -> None:
    await queue.enqueue([1])
    jobs = await queue.claim("a", wait_s=0, at_most=1)
    await queue.ack(jobs)
    await queue.ack(jobs)
    await queue.ack([])
    assert (await queue.size()).length == 0


async def test_what_a_consumer_left_unfinished_is_reclaimed_with_its_deliveries_counted(queue: Queue) -> None:
    await queue.enqueue([1, 2])
    await claimed(queue, "dead")
    again = await queue.reclaim("b", idle_s=0, at_most=10)
    assert [(job.revision_id, job.deliveries) for job in again] == [(1, 2), (2, 2)]
    once_more = await queue.reclaim("c", idle_s=0, at_most=1)
    assert [(job.revision_id, job.deliveries) for job in once_more] == [(1, 3)]


async def test_what_was_handed_out_again_and_left_again_is_reclaimed_one_by_one(queue: Queue) -> None:
    await queue.enqueue([1, 2, 3, 4])
    await claimed(queue, "dead", at_most=2)
    await queue.reclaim("dead", idle_s=0, at_most=10)
    await claimed(queue, "dead")
    assert [job.revision_id for job in await queue.reclaim("b", idle_s=0, at_most=10)] == [1]
    (first,) = await queue.reclaim("b", idle_s=0, at_most=10)
    await queue.ack([first])
    (second,) = await queue.reclaim("b", idle_s=0, at_most=10)
    await queue.ack([second])
    assert [(job.revision_id, job.deliveries) for job in await queue.reclaim("b", idle_s=0, at_most=10)] == [
        (3, 2),
        (4, 2),
    ]


async def test_a_job_handed_out_once_does_not_bring_along_one_that_may_stop_workers(queue: Queue) -> None:
    await queue.enqueue([1, 2])
    (_, second) = await queue.claim("dead", wait_s=0, at_most=2)
    await queue.enqueue([3])
    await claimed(queue, "dead")
    for _ in range(2):
        await queue.reclaim("dead", idle_s=0, at_most=1)
    assert [job.revision_id for job in await queue.reclaim("b", idle_s=0, at_most=10)] == [1]
    assert second.revision_id == 2


async def test_what_was_just_taken_is_not_reclaimed(queue: Queue) -> None:
    await queue.enqueue([1])
    await claimed(queue)
    assert await queue.reclaim("b", idle_s=60, at_most=1) == []


async def test_touching_keeps_a_job_and_counts_no_delivery(queue: Queue) -> None:
    await queue.enqueue([1])
    jobs = await queue.claim("a", wait_s=0, at_most=1)
    await asyncio.sleep(0.02)
    await queue.touch("a", jobs)
    await queue.touch("a", [])
    assert await queue.reclaim("b", idle_s=0.015, at_most=1) == []
    (job,) = await queue.reclaim("b", idle_s=0, at_most=1)
    assert job.deliveries == 2


async def test_what_the_dead_hold_is_anybodys_at_once_and_the_livings_is_not(queue: Queue) -> None:
    await queue.give_up("host-1-")
    await queue.enqueue([1, 2, 3])
    await claimed(queue, "host-1-8", at_most=1)
    await claimed(queue, "host-2-9", at_most=1)
    await claimed(queue, "host-1-7", at_most=1)
    await queue.give_up("host-1-")
    jobs = await queue.reclaim("b", idle_s=60, at_most=5)
    assert [(job.revision_id, job.deliveries) for job in jobs] == [(1, 2), (3, 2)]
    assert await queue.reclaim("b", idle_s=60, at_most=5) == []


async def test_the_buried_are_counted_and_no_longer_delivered(queue: Queue) -> None:
    await queue.enqueue([1])
    (job,) = await queue.claim("a", wait_s=0, at_most=1)
    await queue.bury(job, reason="stops workers")
    size = await queue.size()
    assert (size.length, size.pending, size.dead) == (0, 0, 1)
    assert size.newest_dead is not None
    assert abs(datetime.now(UTC) - size.newest_dead) < timedelta(minutes=1)


async def test_beyond_its_bound_nothing_is_taken(queue: Queue) -> None:
    assert await queue.enqueue(list(range(12))) == 10
    assert await queue.enqueue([99]) == 0
    assert (await queue.size()).length == 10


async def test_those_who_add_at_once_do_not_pass_its_bound_together(queue: Queue) -> None:
    taken = await asyncio.gather(*(queue.enqueue([10 * one + each for each in range(3)]) for one in range(8)))
    assert sum(taken) == (await queue.size()).length == 10


async def test_of_nothing_nothing_is_taken(queue: Queue) -> None:
    assert await queue.enqueue([]) == 0
    assert await queue.lost([]) == []


async def test_lost_is_what_neither_waits_nor_is_worked_on(queue: Queue) -> None:
    await queue.enqueue([1, 2])
    await queue.claim("a", wait_s=0, at_most=1)
    assert await queue.lost([4, 1, 2, 3]) == [4, 3]
    await queue.enqueue([4])
    assert await queue.lost([4, 1, 2, 3]) == [3]
    assert (await queue.size()).length == 3


async def test_the_size_of_an_untouched_queue_is_nothing(queue: Queue) -> None:
    assert await queue.size() == QueueSize(length=0, pending=0, dead=0, newest_dead=None)


async def test_living_workers_are_known_by_their_model(queue: Queue) -> None:
    assert await queue.workers() == {}
    await queue.beat("a", model="2026-11-22.1", ttl_s=5)
    await queue.beat("b", model=None, ttl_s=5)
    assert await queue.workers() == {"a": "2026-11-22.1", "b": None}
    await queue.leave("a")
    assert await queue.workers() == {"b": None}


async def test_one_process_sweeps_at_a_time(queue: Queue) -> None:
    assert await queue.may_sweep("a", every_s=5)
    assert not await queue.may_sweep("b", every_s=5)


async def test_what_was_forgotten_is_told_once(queue: Queue) -> None:
    assert await queue.has_forgotten()
    assert not await queue.has_forgotten()


async def test_a_queue_out_of_reach_says_so(queue: Queue) -> None:
    if isinstance(queue, FakeQueue):
        queue.gone = True
    else:
        unreachable = fakeredis.FakeServer()
        unreachable.connected = False
        queue = ScreeningQueue(fakeredis.FakeAsyncRedis(server=unreachable, decode_responses=True), at_most=10)
    with pytest.raises(QueueUnavailable):
        await queue.enqueue([1])
    with pytest.raises(QueueUnavailable):
        await queue.claim("a", wait_s=0, at_most=1)
    with pytest.raises(QueueUnavailable):
        await queue.size()
