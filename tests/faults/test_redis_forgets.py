"""Redis loses its memory, or a hostile hand trims its stream: the database knows what is to be done."""

from __future__ import annotations

import time
from typing import Any

import pytest
from redis.asyncio import Redis

from moderation.queue import STREAM, ScreeningQueue, connect
from moderation.store import Store
from moderation.sweeper import MOST_AT_ONCE, Sweeper
from tests.faults.databases import ONLY_SQLITE, name_of
from tests.faults.ledger import NEVER, read_ledger
from tests.faults.report import note
from tests.faults.shift import QUEUE_AT_MOST, Manner, now, receive_many, waiting, working

KEPT = 100
"""Entries the hostile hand leaves."""

HANDED_OUT = 64


async def rebuild(store: Store, redis: Redis, *, comments: int) -> dict[str, Any]:
    """Redis is empty while so many comments wait: how long until all are queued again, each once."""
    revisions = await receive_many(store, comments)
    queue = ScreeningQueue(redis, at_most=QUEUE_AT_MOST)
    await queue.enqueue(revisions)
    await redis.flushall()
    sweeper = Sweeper(store=store, queue=queue, consumer="w", every_s=1, older_s=0, clock=now)
    began = time.monotonic()
    restored = await sweeper.sweep()
    seconds = time.monotonic() - began
    queued = [int(fields["revision"]) for _, fields in await redis.xrange(STREAM)]
    assert sorted(queued) == revisions
    return {"waiting": comments, "queued again": restored, "seconds": round(seconds, 2)}


async def test_an_empty_redis_is_filled_again_from_the_database(store: Store, redis: Redis) -> None:
    figures = await rebuild(store, redis, comments=400)
    assert figures["queued again"] == 400


@pytest.mark.long
async def test_an_empty_redis_is_filled_again_with_all_that_one_sweep_takes(store: Store, redis: Redis) -> None:
    figures = await rebuild(store, redis, comments=MOST_AT_ONCE)
    assert figures["queued again"] == MOST_AT_ONCE
    note("Redis empty while comments wait", figures, run=name_of(store.database))


async def trim(store: Store, redis: Redis, address: str, *, comments: int, sweeps: bool) -> dict[str, Any]:
    """XTRIM MAXLEN over a backlog of which some entries are handed out; then a shift works off what is left."""
    revisions = await receive_many(store, comments)
    queue = ScreeningQueue(redis, at_most=QUEUE_AT_MOST)
    await queue.enqueue(revisions)
    await queue.claim("dead", wait_s=0, at_most=HANDED_OUT)
    await redis.xtrim(STREAM, maxlen=KEPT, approximate=False)
    async with working(store, lambda: connect(address), Manner(retry_after_s=0.2, sweeps=sweeps)) as shift:
        if sweeps:
            await shift.decided()
        while (size := await queue.size()).length or size.pending:
            pass
    ledger = await read_ledger(store.database.address)
    sources = set(ledger.status_of)
    return {
        "backlog": comments,
        "left by XTRIM": KEPT,
        **ledger.figures(sources),
        "entries left": size.length,
        "pending left": size.pending,
    }


async def test_trimming_a_backlog_loses_nothing(store: Store, redis: Redis, redis_address: str) -> None:
    figures = await trim(store, redis, redis_address, comments=500, sweeps=True)
    print(figures)
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0]


async def test_without_the_sweeper_what_was_trimmed_is_lost(store: Store, redis: Redis, redis_address: str) -> None:
    figures = await trim(store, redis, redis_address, comments=500, sweeps=False)
    assert figures["lost"] == 500 - KEPT == len(await waiting(store))


TRIMMED = "XTRIM MAXLEN 100 over a backlog"


@pytest.mark.long
async def test_trimming_ten_thousand_loses_nothing(store: Store, redis: Redis, redis_address: str) -> None:
    figures = await trim(store, redis, redis_address, comments=10_000, sweeps=True)
    note(TRIMMED, figures, run=name_of(store.database))
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0]


@pytest.mark.long
@ONLY_SQLITE
async def test_the_control_loses_what_was_trimmed(store: Store, redis: Redis, redis_address: str) -> None:
    figures = await trim(store, redis, redis_address, comments=10_000, sweeps=False)
    note(TRIMMED, figures, run="control: no sweeper")
    assert figures["lost"] > 0
