"""Our worker process as it ships, beside the others: all rules, status, decision, audit row and outcome event.

It writes no journal, so another process looks into the database every few milliseconds and notes what it sees there:
the wait until that look is in its figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks import report
from benchmarks.queue.bench import DRAIN_AT_MOST_S, FAST_PER_S, FAST_S, LATE_S, SLOW_PER_S, SLOW_S, Paced, Run
from benchmarks.queue.processes import peak_mb
from benchmarks.site import (
    Site,
    Waiting,
    data_directory,
    now,
    opened,
    redis_running,
    submission,
    worker_ready,
    worker_running,
)
from moderation.settings import Settings

LOOK_S = 0.002
DRAINED_WITHIN_S = 60.0


class Seen:
    """When each revision's decision was first seen in the database, by one who only reads."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(f"file:{folder / 'baithak.db'}?mode=ro", uri=True)
        self._last = 0
        self.at: dict[int, float] = {}

    def look(self) -> None:
        """Note what is new."""
        wanted = "SELECT id, revision_id FROM audit WHERE id > ? AND act = 'screen' ORDER BY id"
        rows = self._connection.execute(wanted, (self._last,)).fetchall()
        seen = time.monotonic()
        for self._last, revision_id in rows:
            self.at.setdefault(revision_id, seen)

    async def wait_for(self, revision_ids: Sequence[int], *, within_s: float) -> bool:
        """Look until all of them are there; False when they were not in time."""
        ends = time.monotonic() + within_s
        wanted = set(revision_ids)
        while not wanted <= self.at.keys():
            if time.monotonic() >= ends:
                return False
            await asyncio.sleep(LOOK_S)
            self.look()
        return True

    def close(self) -> None:
        """Look no more."""
        self._connection.close()


@contextlib.asynccontextmanager
async def seeing(folder: Path) -> AsyncIterator[Seen]:
    """Somebody who looks, for as long as the block lasts."""
    seen = Seen(folder)
    try:
        yield seen
    finally:
        seen.close()


async def received(site: Site, texts: Sequence[str], *, first: int, per_s: float | None = None) -> list[int]:
    """Put comments into the store, received and not queued; answers their revisions.

    Comments that will be due at a rate are received at that rate from now on: else the sweeper, which queues what was
    left, would be before us.
    """
    waiting, began = Waiting(), now()
    intake = site.intake(waiting)
    await asyncio.gather(
        *(
            intake.submit(
                submission(first + place, text),
                now=began + timedelta(seconds=place / per_s if per_s else 0),
            )
            for place, text in enumerate(texts)
        )
    )
    return sorted(waiting.revision_ids)


def measure(texts: Sequence[str]) -> Run:
    """One run."""
    with data_directory() as settings, redis_running(settings):
        return asyncio.run(_measure(settings, texts))


async def _measure(settings: Settings, texts: Sequence[str]) -> Run:
    async with opened(settings) as site, seeing(settings.data_dir) as seen:
        await site.agree()
        backlog = await received(site, texts, first=0)
        began = time.monotonic()
        for revision_id in backlog:
            await site.queue.enqueue([revision_id])  # as intake does
        enqueued_per_s = len(backlog) / (time.monotonic() - began)
        with worker_running(settings) as worker:
            stored_per_s = await _drained(site, seen, backlog)
            await seen.wait_for(backlog, within_s=DRAINED_WITHIN_S)
            slow = await _paced(site, seen, texts[: round(SLOW_PER_S * SLOW_S)], per_s=SLOW_PER_S)
            fast = None
            if stored_per_s >= FAST_PER_S:
                fast = await _paced(site, seen, texts[: round(FAST_PER_S * FAST_S)], per_s=FAST_PER_S)
            return Run(enqueued_per_s, stored_per_s, slow, fast, peak_mb(worker.pid))


async def _drained(site: Site, seen: Seen, revision_ids: Sequence[int]) -> float:
    await worker_ready(site)
    await seen.wait_for(revision_ids, within_s=DRAIN_AT_MOST_S)
    times = sorted(seen.at[each] for each in revision_ids if each in seen.at)
    later = [at for at in times if at > times[0]]
    return len(later) / (times[-1] - times[0]) if later else float("nan")


async def _paced(site: Site, seen: Seen, texts: Sequence[str], *, per_s: float) -> Paced | None:
    revision_ids = await received(site, texts, first=round(time.monotonic() * 1e6), per_s=per_s)
    due: dict[int, float] = {}

    async def enqueue() -> None:
        began = time.monotonic()
        adding = []
        for place, revision_id in enumerate(revision_ids):
            due[revision_id] = began + place / per_s
            await asyncio.sleep(max(0.0, due[revision_id] - time.monotonic()))
            adding.append(asyncio.create_task(site.queue.enqueue([revision_id])))
        await asyncio.gather(*adding)

    enqueuing = asyncio.create_task(enqueue())
    kept_up = await seen.wait_for(revision_ids, within_s=len(texts) / per_s + LATE_S)
    await enqueuing
    if not kept_up:
        return None
    waited_ms = [(seen.at[each] - due[each]) * 1000 for each in revision_ids]
    return Paced(report.percentile(waited_ms, 0.5), report.percentile(waited_ms, 0.99))


def left_and_twice(settings: Settings) -> tuple[int, int]:
    """Revisions that nobody decided, and such as were decided more than once."""
    with contextlib.closing(sqlite3.connect(f"file:{settings.data_dir / 'baithak.db'}?mode=ro", uri=True)) as opened_:
        left = opened_.execute("SELECT count(*) FROM revisions WHERE status = 'received'").fetchone()[0]
        twice = opened_.execute(
            "SELECT count(*) FROM (SELECT 1 FROM audit WHERE act = 'screen' GROUP BY revision_id HAVING count(*) > 1)"
        ).fetchone()[0]
    return int(left), int(twice)
