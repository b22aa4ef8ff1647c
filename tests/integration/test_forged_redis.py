"""Redis is disposable whatever is in it: what a stranger writes there stops nothing for long, and never silently."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

import bot.limiter
from bot.feed import FeedSource, Fetcher
from bot.inbox import Poller
from bot.limiter import ASK_AGAIN_S, LOOK_AGAIN_S, PAUSE_AT_MOST_S, Limiter
from bot.schedule import FeedWatch, Schedule
from bot.store import BotStore
from moderation import alarms
from moderation.alarms import Bounds, Vitals
from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.outcomes import Outcomes
from moderation.queue import GROUP, HEARTBEATS, STREAM, ScreeningQueue
from moderation.store import Store
from moderation.sweeper import Sweeper
from moderation.worker import Pace, Worker
from tests.builders import NOW, policy
from tests.desk import Desk
from tests.fake_classifier import FakeClassifier

DEAD = f"{STREAM}:dead"
LAST = f"{2**64 - 1}-{2**64 - 1}"
"""The last id there is: nothing can be added after it."""

FORGED = ("9" * 25, "9" * 5000, str(2**63 - 1), str(2**63), "-1", "٣", "")


@pytest.fixture
def queue(redis: Redis) -> ScreeningQueue:
    return ScreeningQueue(redis, at_most=1000)


async def ids(queue: ScreeningQueue, consumer: str = "a") -> list[int]:
    return [job.revision_id for job in await queue.claim(consumer, wait_s=0, at_most=100)]


async def exhaust(redis: Redis, stream: str) -> None:
    await redis.xadd(stream, {"x": "y"}, id=LAST)


async def hold_no_stream(redis: Redis, stream: str) -> None:
    await redis.set(stream, "no stream")


Harm = Callable[[Redis, str], Awaitable[None]]
harms = pytest.mark.parametrize("harm", [exhaust, hold_no_stream])


def told(logs: list[Any], event: str = "unusable stream deleted") -> int:
    return sum(entry["event"] == event and entry["log_level"] == "error" for entry in logs)


@harms
async def test_a_stream_that_takes_nothing_more_is_made_anew(queue: ScreeningQueue, redis: Redis, harm: Harm) -> None:
    assert await queue.has_forgotten()
    await harm(redis, STREAM)
    with capture_logs() as logs:
        assert await queue.enqueue([7]) == 1
        assert await queue.enqueue([8]) == 1
    assert await ids(queue) == [7, 8]
    assert told(logs) == 1
    assert await queue.has_forgotten(), "the next sweep takes what was lost with it, whatever its age"


@harms
async def test_the_sweeper_queues_again_though_the_stream_takes_nothing_more(
    store: Store, queue: ScreeningQueue, redis: Redis, harm: Harm
) -> None:
    desk = Desk.of(store)
    waiting = [(await desk.receive(now=NOW - timedelta(minutes=1))).revision_id for _ in range(3)]
    await harm(redis, STREAM)
    sweeper = Sweeper(store=store, queue=queue, consumer="w", every_s=60, older_s=3, clock=lambda: NOW)
    assert await sweeper.sweep() == 3
    assert await ids(queue) == waiting


async def test_a_group_that_was_set_ahead_of_its_stream_is_set_back(queue: ScreeningQueue, redis: Redis) -> None:
    await ids(queue)
    await redis.xgroup_setid(STREAM, GROUP, LAST)
    await queue.enqueue([7])
    assert await ids(queue) == []
    with capture_logs() as logs:
        assert await queue.lost([7]) == []
    assert await ids(queue) == [7]
    assert told(logs, "screening queue set back") == 1


async def test_forged_numbers_are_dropped_and_keep_nobody_waiting(
    store: Store, queue: ScreeningQueue, redis: Redis
) -> None:
    desk = Desk.of(store)
    for _ in range(20):
        for written in FORGED:
            await redis.xadd(STREAM, {"revision": written})
    accepted = await desk.receive()
    assert await queue.lost([accepted.revision_id]) == [accepted.revision_id]
    assert await queue.enqueue([accepted.revision_id]) == 1
    working = worker(store, queue, redis)
    for _ in range(5):
        await working.round()
    assert await desk.status(accepted) is CommentStatus.PUBLISHED
    size = await queue.size()
    assert (size.length, size.pending) == (0, 0)


def worker(store: Store, queue: ScreeningQueue, redis: Redis) -> Worker:
    class Keeper:
        classifier = FakeClassifier()

    return Worker(
        store=store,
        queue=queue,
        outcomes=Outcomes(store, redis),
        keeper=Keeper(),  # type: ignore[arg-type]  # holds a classifier, which is all that is asked
        policy=policy(),
        pace=Pace(batch_at_most=64, retry_after_s=0.02, deliveries_at_most=3, screen_timeout_s=10),
        consumer="w",
        clock=lambda: NOW,
    )


@pytest.mark.parametrize("entry_id", ["99999999999999999-0", LAST])
async def test_a_dead_letter_from_the_future_is_an_alarm_and_hides_no_figure(
    queue: ScreeningQueue, redis: Redis, entry_id: str
) -> None:
    await queue.enqueue([1, 2])
    await redis.xadd(DEAD, {"revision": 1}, id=entry_id)
    size = await queue.size()
    assert (size.length, size.pending, size.dead) == (2, 0, 1)
    assert size.newest_dead is not None
    vitals = Vitals(at=size.newest_dead, database=True, redis=True, queue=size, workers={"w": "1"})
    seen = alarms.find(vitals, Bounds(undecided_s=0, held_s=0, queue_length=1, dead_letter_s=60, disk_free_percent=0))
    assert {alarm.name for alarm in seen.standing} == {alarms.QUEUE, alarms.DEAD_LETTERS}


@pytest.mark.parametrize("stream", [STREAM, DEAD])
async def test_a_key_that_holds_no_stream_hides_no_figure(queue: ScreeningQueue, redis: Redis, stream: str) -> None:
    await queue.size()
    await redis.delete(stream)
    await redis.set(stream, "no stream")
    with capture_logs() as logs:
        size = await queue.size()
    assert (size.length, size.dead) == (0, 0)
    assert told(logs) == 1


@harms
async def test_a_job_is_buried_though_the_dead_letters_take_nothing_more(
    queue: ScreeningQueue, redis: Redis, harm: Harm
) -> None:
    await queue.enqueue([5])
    (job,) = await queue.claim("a", wait_s=0, at_most=1)
    await harm(redis, DEAD)
    await queue.bury(job, reason="hangs")
    assert [fields["revision"] for _, fields in await redis.xrange(DEAD)] == ["5"]
    assert (await queue.size()).length == 0


async def test_a_sign_of_life_that_would_never_end_is_no_workers(queue: ScreeningQueue, redis: Redis) -> None:
    await redis.set(f"{HEARTBEATS}ghost", "2026-01-01.1")
    await redis.set(f"{HEARTBEATS}old", "2026-01-01.1", ex=10**9)
    await redis.lpush(f"{HEARTBEATS}list", "x")
    assert await queue.workers() == {}
    await queue.beat("w", model="m", ttl_s=10)
    assert await queue.workers() == {"w": "m"}


async def poller_s(redis: Redis, database: Database, _folder: Path) -> tuple[str, Callable[[], Awaitable[bool]]]:
    poller = Poller(
        address="", store=BotStore(database), redis=redis, stored=lambda: None, clock=lambda: NOW, place="here-"
    )
    return "baithak:poller", poller._has_lock


async def sweeper_s(redis: Redis, _database: Database, _folder: Path) -> tuple[str, Callable[[], Awaitable[bool]]]:
    queue = ScreeningQueue(redis, at_most=10)
    return f"{STREAM}:sweeper", lambda: queue.may_sweep("w", every_s=0.1)


async def feed_s(redis: Redis, database: Database, folder: Path) -> tuple[str, Callable[[], Awaitable[bool]]]:
    async def counts(addresses: Any) -> dict[str, int]:
        return {}

    store, source = BotStore(database), FeedSource(str(folder / "feed.xml"), "en", "world", 0.1)
    schedule = Schedule(store, counts=counts, wake=lambda: None, clock=lambda: NOW, alerts_per_poll=1)
    watch = FeedWatch(
        [source], store=store, schedule=schedule, fetcher=Fetcher(allowed=()), redis=redis, clock=lambda: NOW
    )
    return f"baithak:feed:{source.url}", lambda: watch._is_ours(source)


@pytest.mark.parametrize("turn", [poller_s, sweeper_s, feed_s])
@pytest.mark.parametrize("kind", ["word", "word for years", "list"])
async def test_a_turn_that_somebody_took_for_ever_is_taken_over(
    redis: Redis, database: Database, tmp_path: Path, turn: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.inbox._LOCK_S", 0.1)
    key, ask = await turn(redis, database, tmp_path)
    if kind == "list":
        await redis.lpush(key, "someone-else")
    else:
        await redis.set(key, "someone-else", ex=10**8 if "years" in kind else None)
    async with asyncio.timeout(10):
        while await redis.type(key) != "string" or await redis.get(key) == "someone-else":
            await ask()
            await asyncio.sleep(0.02)
    assert -1 != await redis.pttl(key) <= 100, "whoever has it now has it for a time"


async def test_a_turn_that_was_taken_in_time_is_left_to_its_holder(redis: Redis) -> None:
    queue = ScreeningQueue(redis, at_most=10)
    assert await queue.may_sweep("a", every_s=60)
    before = await redis.pttl(f"{STREAM}:sweeper")
    assert not await queue.may_sweep("b", every_s=60)
    assert await redis.get(f"{STREAM}:sweeper") == "a"
    assert await redis.pttl(f"{STREAM}:sweeper") <= before


LIMITS = "baithak:limiter"


@pytest.mark.parametrize("name", ["pause:all", "pause:1", "all", "first", "wishes"])
@pytest.mark.parametrize("written", ["99999999999999", "inf", "nan", "1e300", "word"])
async def test_a_time_that_nobody_can_have_meant_keeps_nobody_waiting(redis: Redis, name: str, written: str) -> None:
    limiter = Limiter(redis)
    await redis.set(f"{LIMITS}:{name}", written)
    async with asyncio.timeout(5):
        for _ in range(3):
            assert await limiter.place(1) == 0
    assert limiter._redis_seen


async def test_messages_from_the_future_fill_no_chat(redis: Redis) -> None:
    limiter = Limiter(redis)
    for name in ("chat:1", "sent"):
        await redis.rpush(f"{LIMITS}:{name}", *["99999999999999"] * 50)
    assert await limiter.wait_s(1) == 0


@pytest.mark.parametrize("name", ["pause:all", "pause:1", "all", "chat:1", "sent", "first", "wishes"])
async def test_a_key_of_another_kind_does_not_part_the_processes(redis: Redis, name: str) -> None:
    limiter = Limiter(redis)
    await redis.hset(f"{LIMITS}:{name}", "x", "y")
    assert await limiter.place(1) == 0
    assert limiter._redis_seen, "the limits are still kept together"


async def test_who_waits_notices_that_a_pause_was_taken_back(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.limiter, "ASK_AGAIN_S", 0.05)
    limiter = Limiter(redis)
    seconds, _ = await redis.time()
    await redis.set(f"{LIMITS}:pause:all", (seconds + 600) * 1000)
    assert await limiter.wait_s(1) == LOOK_AGAIN_S, "who comes back later does not do so much later"
    waiting = asyncio.create_task(limiter.place(1))
    await asyncio.sleep(0.2)
    assert not waiting.done(), "a pause that may be ours is kept"
    await redis.delete(f"{LIMITS}:pause:all")
    async with asyncio.timeout(10):
        assert await waiting == 0


def test_who_waits_asks_again_within_seconds() -> None:
    assert ASK_AGAIN_S <= 5
    assert LOOK_AGAIN_S <= 30


async def test_a_wait_past_what_the_sender_has_is_told_at_once(redis: Redis) -> None:
    seconds, _ = await redis.time()
    await redis.set(f"{LIMITS}:pause:all", (seconds + 600) * 1000)
    assert await Limiter(redis).place(1, at_most_s=30) > 590


async def test_a_longer_pause_of_telegrams_is_shared_for_as_long_as_others_believe(redis: Redis) -> None:
    asked = Limiter(redis)
    await asked.pause(1, for_s=10 * PAUSE_AT_MOST_S)
    other = await Limiter(redis).place(1, at_most_s=0)
    assert math.isclose(other, PAUSE_AT_MOST_S, rel_tol=0.01)
    assert await asked.place(1, at_most_s=0) > 9 * PAUSE_AT_MOST_S, "who was asked keeps to it"
