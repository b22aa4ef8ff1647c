"""What is measured of the system, and that measuring ends whatever is away or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from moderation import alarms
from moderation.alarms import QueueSize, Waiting
from moderation.database import Database
from moderation.health import PROBE_S, Health
from moderation.queue import Job, ScreeningQueue, connect
from moderation.store import Store
from moderation.threads import Threads
from tests.builders import NOW, bounds
from tests.desk import Desk

AWAY = "postgresql+asyncpg://desk:swordfish@127.0.0.1:9/desk"


def health(database: Database, redis: Redis, folder: Path, **given: Any) -> Health:
    values: dict[str, Any] = {
        "database": database,
        "queue": ScreeningQueue(redis, at_most=10),
        "threads": Threads(Store(database)),
        "data_dir": folder,
        "clock": lambda: NOW,
    }
    return Health(**(values | given))


@contextlib.asynccontextmanager
async def silent_port() -> AsyncIterator[int]:
    """A port that takes connections and never says a word."""
    ended = asyncio.Event()

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended.set()
        server.close()


async def test_everything_is_measured(desk: Desk, database: Database, redis: Redis, tmp_path: Path) -> None:
    await desk.receive(now=NOW - timedelta(minutes=2))
    await desk.hold(now=NOW - timedelta(hours=1))
    queue = ScreeningQueue(redis, at_most=10)
    await queue.beat("one", model="2026-11-22.1", ttl_s=60)
    await queue.enqueue([1, 2, 3])
    (job, _) = await queue.claim("one", wait_s=0, at_most=2)
    await queue.bury(job, reason="stops workers")
    vitals = await health(database, redis, tmp_path / "not" / "made").look()
    assert (vitals.at, vitals.database, vitals.redis) == (NOW, True, True)
    assert vitals.waiting == Waiting(1, NOW - timedelta(minutes=2), 1, NOW - timedelta(hours=1))
    assert vitals.workers == {"one": "2026-11-22.1"}
    assert vitals.queue is not None and vitals.queue.newest_dead is not None
    assert (vitals.queue.length, vitals.queue.pending, vitals.queue.dead) == (2, 1, 1)
    assert vitals.disk is not None and 0 < vitals.disk.free < vitals.disk.total


async def test_what_is_away_is_not_known_and_the_rest_is(database: Database, redis: Redis, tmp_path: Path) -> None:
    gone = connect("redis://127.0.0.1:9")
    vitals = await health(database, gone, tmp_path).look()
    assert (vitals.redis, vitals.queue, vitals.workers) == (False, None, None)
    assert vitals.database and vitals.waiting == Waiting()
    await gone.aclose()
    away = Database(AWAY)
    vitals = await health(away, redis, tmp_path).look()
    assert (vitals.database, vitals.waiting) == (False, None)
    assert vitals.redis and vitals.queue == QueueSize(length=0, pending=0, dead=0)
    await away.close()


async def test_what_hangs_is_not_waited_for(redis: Redis, tmp_path: Path) -> None:
    async with silent_port() as port:
        hung_redis = connect(f"redis://127.0.0.1:{port}")
        hung = Database(f"postgresql+asyncpg://desk:swordfish@127.0.0.1:{port}/desk")
        began = time.monotonic()
        vitals = await health(hung, hung_redis, tmp_path).look()
        # On Python 3.11 the Redis client may lose the first word to stop; its own limit then ends it.
        assert time.monotonic() - began < PROBE_S + 5 + 3
        assert (vitals.database, vitals.redis) == (False, False)
        found = alarms.find(vitals, bounds(disk_free_percent=0))
        assert [alarm.name for alarm in found.standing] == ["database", "redis"]
        await hung.close()
        await hung_redis.aclose()


@pytest.mark.parametrize("letters", [0, 3])
async def test_the_newest_dead_letter_is_as_old_as_redis_says(
    database: Database, redis: Redis, tmp_path: Path, letters: int
) -> None:
    queue = ScreeningQueue(redis, at_most=10)
    for number in range(letters):
        await queue.bury(Job("0-1", number, 4), reason="stops workers")
    seconds, microseconds = await redis.time()
    vitals = await health(database, redis, tmp_path).look()
    assert vitals.queue is not None and vitals.queue.dead == letters
    if letters:
        assert vitals.queue.newest_dead is not None
        assert abs(vitals.queue.newest_dead.timestamp() - seconds - microseconds / 1e6) < 5
