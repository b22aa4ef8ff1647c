"""What only a real Redis does to a queue: it forgets, trims, loses answers and drops consumers."""

from __future__ import annotations

import asyncio
from typing import Any

import fakeredis
import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

import moderation.queue
from moderation.errors import QueueUnavailable, SettingsError
from moderation.eviction import require_noeviction
from moderation.queue import GROUP, STREAM, Job, ScreeningQueue, connect
from tests.proxy import every, losing_answers
from tests.servers import short_folder

DEAD = f"{STREAM}:dead"


@pytest.fixture
def queue(redis: Redis) -> ScreeningQueue:
    return ScreeningQueue(redis, at_most=1000)


async def ids(queue: ScreeningQueue, consumer: str = "a", *, at_most: int = 100, wait_s: float = 0) -> list[int]:
    return [job.revision_id for job in await queue.claim(consumer, wait_s=wait_s, at_most=at_most)]


async def test_after_flushall_the_queue_works_on(queue: ScreeningQueue, redis: Redis) -> None:
    await queue.enqueue([1])
    assert await ids(queue) == [1]
    await redis.flushall()
    assert await ids(queue) == []
    await queue.enqueue([2])
    assert await ids(queue) == [2]


async def test_what_was_added_before_there_was_a_group_is_work_too(queue: ScreeningQueue, redis: Redis) -> None:
    await redis.xadd(STREAM, {"revision": 5})
    assert await ids(queue) == [5]


async def test_a_reader_blocked_while_the_stream_vanishes_goes_on(queue: ScreeningQueue, redis: Redis) -> None:
    await ids(queue)
    waiting = asyncio.create_task(queue.claim("a", wait_s=3, at_most=5))
    while not (await redis.info("clients"))["blocked_clients"]:
        await asyncio.sleep(0)
    await redis.delete(STREAM)
    while not await redis.exists(STREAM):  # the reader makes the group again
        await asyncio.sleep(0)
    await queue.enqueue([4])
    assert [job.revision_id for job in await waiting] == [4]


async def test_two_readers_that_make_the_group_again_are_in_nobodys_way(redis: Redis) -> None:
    queues = [ScreeningQueue(redis, at_most=10) for _ in range(5)]
    assert await asyncio.gather(*(ids(queue, str(n)) for n, queue in enumerate(queues))) == [[]] * 5


async def test_jobs_handed_out_in_an_answer_that_never_came_are_read_after_reconnecting(redis: Redis) -> None:
    await ScreeningQueue(redis, at_most=10).enqueue([1, 2])
    await redis.xgroup_create(STREAM, GROUP, id="0")
    await redis.xreadgroup(GROUP, "a", {STREAM: ">"}, count=5)  # as if the answer had been lost
    fresh = ScreeningQueue(redis, at_most=10)
    jobs = await fresh.claim("a", wait_s=0, at_most=5)
    assert [(job.revision_id, job.deliveries) for job in jobs] == [(1, 2), (2, 2)]
    await fresh.ack(jobs)
    assert await ids(fresh) == []


async def test_entries_deleted_behind_the_groups_back_leave_nothing_pending(
    queue: ScreeningQueue, redis: Redis
) -> None:
    await queue.enqueue([1, 2, 3])
    assert await ids(queue, "dead") == [1, 2, 3]
    await redis.xtrim(STREAM, maxlen=1, approximate=False)
    again = ScreeningQueue(redis, at_most=10)
    assert await ids(again, "dead") == [3]
    assert (await again.size()).pending == 1


async def test_reclaiming_skips_what_was_trimmed(queue: ScreeningQueue, redis: Redis) -> None:
    await queue.enqueue(list(range(60)))
    await ids(queue, "dead")
    await redis.xtrim(STREAM, maxlen=2, approximate=False)
    # One asked for, 58 ghosts before it.
    assert [job.revision_id for job in await queue.reclaim("b", idle_s=0, at_most=1)] == [58]


async def test_redis_6_answers_to_reclaiming_are_understood(
    queue: ScreeningQueue, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue.enqueue([1])
    await ids(queue, "dead")
    await ids(queue, "b")
    real = redis.xclaim

    async def with_a_ghost(*args: Any, **named: Any) -> list[Any]:
        return [(None, None), *await real(*args, **named)]

    monkeypatch.setattr(redis, "xclaim", with_a_ghost)
    assert [job.revision_id for job in await queue.reclaim("b", idle_s=0, at_most=1)] == [1]
    # The ghost had no name; the next claim reads this consumer's own jobs, which names it.
    assert await ids(queue, "b") == [1]


async def test_entries_that_are_not_ours_are_dropped_and_do_not_stop_the_others(
    queue: ScreeningQueue, redis: Redis
) -> None:
    await redis.xadd(STREAM, {"revision": "DROP TABLE"})
    await redis.xadd(STREAM, {"other": "1"})
    await queue.enqueue([1])
    assert await ids(queue) == [1]
    assert (await queue.size()).length == 1


async def test_a_consumers_own_ghosts_are_cleared_page_by_page(redis: Redis) -> None:
    for _ in range(3):
        await redis.xadd(STREAM, {"other": "1"})
    await redis.xgroup_create(STREAM, GROUP, id="0")
    await redis.xreadgroup(GROUP, "a", {STREAM: ">"}, count=5)
    queue = ScreeningQueue(redis, at_most=10)
    assert await ids(queue, at_most=1) == []
    assert (await queue.size()).pending == 0


async def test_what_a_deleted_consumer_had_is_lost_once(queue: ScreeningQueue, redis: Redis) -> None:
    await queue.enqueue([1, 2])
    await ids(queue, "dead", at_most=1)
    await redis.xgroup_delconsumer(STREAM, GROUP, "dead")
    assert await queue.lost([1, 2]) == [1]
    await queue.enqueue([1])
    assert await queue.lost([1, 2]) == []
    assert sorted(await ids(queue)) == [1, 2]
    assert (await queue.size()).length == 2


async def test_everything_is_lost_after_an_empty_restart(queue: ScreeningQueue, redis: Redis) -> None:
    await queue.enqueue(list(range(50)))
    await redis.flushall()
    assert await queue.lost(list(range(50))) == list(range(50))


async def test_in_a_long_queue_that_was_never_read_nothing_is_lost(redis: Redis) -> None:
    queue = ScreeningQueue(redis, at_most=5000)
    await queue.enqueue(list(range(2500)))
    assert await queue.lost([0, 1500, 2499]) == []
    assert await queue.lost([9999]) == [9999]
    assert (await queue.size()).length == 2500


async def test_looking_for_what_is_lost_reads_past_entries_of_others(queue: ScreeningQueue, redis: Redis) -> None:
    await redis.xadd(STREAM, {"other": "1"})
    await queue.enqueue([1])
    assert await queue.lost([1]) == []


async def test_the_dead_letters_name_the_reason(queue: ScreeningQueue, redis: Redis) -> None:
    await queue.enqueue([8])
    (job,) = await queue.claim("a", wait_s=0, at_most=1)
    await queue.bury(job, reason="hangs")
    ((_, letter),) = await redis.xrange(DEAD)
    assert letter == {"revision": "8", "reason": "hangs", "deliveries": "1"}


async def test_a_consumer_with_unfinished_jobs_is_not_forgotten(queue: ScreeningQueue, redis: Redis) -> None:
    await queue.enqueue([1])
    await ids(queue)
    await queue.leave("a")
    assert [row["name"] for row in await redis.xinfo_consumers(STREAM, GROUP)] == ["a"]
    (job,) = await queue.reclaim("a", idle_s=0, at_most=1)
    await queue.ack([job])
    await queue.leave("a")
    assert await redis.xinfo_consumers(STREAM, GROUP) == []


async def test_who_leaves_clears_away_the_long_dead_that_have_nothing_unfinished(
    queue: ScreeningQueue, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue.enqueue([1])
    await ids(queue, "dead with a job")
    await ids(queue, "dead")
    await ids(queue, "leaving")
    monkeypatch.setattr(moderation.queue, "LONG_DEAD_S", 0)
    await queue.leave("leaving")
    assert [row["name"] for row in await redis.xinfo_consumers(STREAM, GROUP)] == ["dead with a job"]


async def test_leaving_and_touching_without_a_group_are_harmless(queue: ScreeningQueue) -> None:
    await queue.leave("a")
    await queue.touch("a", [Job("1-1", 1, 1)])


async def test_a_fault_that_is_not_the_missing_group_is_told(queue: ScreeningQueue, redis: Redis) -> None:
    await redis.set(STREAM, "no stream")
    with pytest.raises(QueueUnavailable):
        await queue.claim("a", wait_s=0, at_most=1)


async def test_a_group_that_cant_be_made_is_told(
    queue: ScreeningQueue, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise ResponseError("READONLY You can't write against a read only replica.")

    monkeypatch.setattr(redis, "xgroup_create", refuse)
    with pytest.raises(QueueUnavailable):
        await queue.claim("a", wait_s=0, at_most=1)


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru", "allkeys-random"])
async def test_a_redis_that_would_drop_the_queue_is_refused(redis: Redis, policy: str) -> None:
    await redis.config_set("maxmemory-policy", policy)
    try:
        with pytest.raises(SettingsError, match="set maxmemory-policy noeviction"):
            await require_noeviction(redis)
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")


async def test_a_redis_that_keeps_everything_is_taken(redis: Redis) -> None:
    await require_noeviction(redis)


async def test_where_the_policy_cant_be_asked_there_is_a_warning_only() -> None:
    client = fakeredis.FakeAsyncRedis(decode_responses=True)
    await require_noeviction(client)
    await client.aclose()


async def test_a_redis_out_of_reach_is_told_at_the_start() -> None:
    with short_folder("none") as folder:
        client = connect(f"unix://{folder}/none.sock")
        with pytest.raises(QueueUnavailable):
            await require_noeviction(client)
        await client.aclose()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="BAITHAK_REDIS_URL"):
        connect("http://example.org")


async def test_when_answers_get_lost_no_job_does(redis: Redis, redis_address: str) -> None:
    direct = ScreeningQueue(redis, at_most=1000)
    await direct.enqueue(list(range(100)))
    done: set[int] = set()
    failures = 0
    async with losing_answers(redis_address, every(7)) as proxy:
        client = connect(proxy.address)
        queue = ScreeningQueue(client, at_most=1000)
        while (await direct.size()).length:
            try:
                jobs = await queue.claim("a", wait_s=0, at_most=8)
                done.update(job.revision_id for job in jobs)
                await queue.ack(jobs)
            except QueueUnavailable:
                failures += 1
        await client.aclose()
    assert done == set(range(100))
    assert failures > 0
    assert (await direct.size()).pending == 0


async def test_a_command_whose_answer_is_lost_is_not_sent_twice(redis: Redis, redis_address: str) -> None:
    async with losing_answers(redis_address, every(3)) as proxy:
        client = connect(proxy.address)
        queue = ScreeningQueue(client, at_most=1000)
        refused = 0
        for number in range(30):
            try:
                await queue.enqueue([number])
            except QueueUnavailable:
                refused += 1
        await client.aclose()
    assert refused > 0
    added = [int(fields["revision"]) for _, fields in await redis.xrange(STREAM)]
    assert len(added) == len(set(added))
