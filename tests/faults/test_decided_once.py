"""Redis answers that never arrive, and workers taken for dead: each comment is decided once all the same."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from moderation.intake import Intake
from moderation.queue import STREAM, ScreeningQueue, connect
from moderation.store import Store
from tests.builders import TERMS, submission
from tests.fake_classifier import FakeClassifier
from tests.faults.databases import name_of
from tests.faults.ledger import NEVER, read_ledger
from tests.faults.report import note
from tests.faults.shift import Keeper, Manner, now, receive_many, working
from tests.proxy import losing_answers

LOST = 0.10
"""The share of Redis' answers that get lost."""


async def submit_all(intake: Intake, comments: int) -> set[str]:
    """So many comments by many readers, a few at a time; the keys of the accepted."""
    keys: set[str] = set()
    together = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        wanted = submission(author=f"test:{number % 1000}", text=f"Paragraph {number} deserves an answer.")
        async with together:
            if number < 1000:
                await intake.agree(wanted.author, language="en", now=now())
            await intake.submit(wanted, now=now())
        keys.add(wanted.source_key)

    for begin in range(0, comments, 1000):  # whoever writes again has agreed by then
        await asyncio.gather(*(one(number) for number in range(begin, min(comments, begin + 1000))))
    return keys


async def decide_through_lost_answers(store: Store, redis: Redis, address: str, *, comments: int) -> dict[str, Any]:
    """Intake, workers and sweeper all talk to Redis through a proxy that loses answers."""
    dice = random.Random(comments)
    async with losing_answers(address, lambda answer: dice.random() < LOST) as proxy:
        client = connect(proxy.address)
        intake = Intake(store, ScreeningQueue(client, at_most=50_000), terms=TERMS)
        async with working(store, lambda: connect(proxy.address), Manner(retry_after_s=0.3)) as shift:
            keys = await submit_all(intake, comments)
            await shift.decided(within_s=120)
        await client.aclose()
    ledger = await read_ledger(store.database.address)
    entries = (await redis.xinfo_stream(STREAM))["entries-added"]
    return {
        "accepted": len(keys),
        "answers of Redis": proxy.answers,
        "lost answers": proxy.lost,
        "entries on the queue": entries,
        "handed out again": shift.handed_out_again,
        **ledger.figures(keys),
    }


async def test_with_each_tenth_answer_of_redis_lost_each_comment_is_decided_once(
    store: Store, redis: Redis, redis_address: str
) -> None:
    figures = await decide_through_lost_answers(store, redis, redis_address, comments=200)
    print(figures)
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0]
    assert figures["lost answers"] > 20


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_with_each_tenth_answer_of_redis_lost_ten_thousand_comments_are_decided_once(
    store: Store, redis: Redis, redis_address: str
) -> None:
    figures = await decide_through_lost_answers(store, redis, redis_address, comments=10_000)
    note("One in ten of Redis' answers lost", figures, run=name_of(store.database))
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0]


async def test_a_client_that_tries_again_by_itself_adds_entries_twice_and_ours_does_not(
    redis: Redis, redis_address: str
) -> None:
    async def entries(client: BlockingRedis) -> int:
        await redis.flushall()

        def add() -> None:
            for number in range(60):
                try:
                    client.xadd(STREAM, {"revision": number})
                except RedisError:
                    continue  # told to whoever asked, who knows that it may have been done

        await asyncio.to_thread(add)
        client.close()
        return int(await redis.xlen(STREAM))

    async with losing_answers(redis_address, lambda answer: answer % 10 == 0) as proxy:
        as_it_comes = await entries(BlockingRedis(port=proxy.port))
    ours = connect(redis_address).connection_pool.connection_kwargs["retry"]
    assert as_it_comes > 60
    assert ours._retries == 0


async def test_workers_that_are_taken_for_dead_while_they_screen_decide_nothing_twice(
    store: Store, redis: Redis, redis_address: str
) -> None:
    revisions = await receive_many(store, 60)
    await ScreeningQueue(redis, at_most=1000).enqueue(revisions)
    slow = Keeper(FakeClassifier(before=lambda text: time.sleep(0.02)))
    # Ten comments a batch take four times as long as a worker may be silent, and they are silent.
    manner = Manner(workers=3, keeper=slow, batch_at_most=10, retry_after_s=0.05, touches=False)
    async with working(store, lambda: connect(redis_address), manner) as shift:
        await shift.decided()
    ledger = await read_ledger(store.database.address)
    assert shift.handed_out_again > 0
    assert (ledger.undecided, ledger.decided_twice, ledger.published_twice, ledger.without_audit) == (0, 0, 0, 0)
