"""Each worker killed once with -9 in the middle of a drain and started again: what is lost, what is stored twice.

Two rows at a time are busy; those that only wait for what a dead worker had in its hands wait side by side. What was
not stored within WAIT_S after the new worker was up counts as lost, though some peers would come back to it later.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore

from benchmarks.queue import shipped
from benchmarks.queue.bench import tasks
from benchmarks.queue.processes import Row, feeding, wait_until, working
from benchmarks.queue.work import lines_written, prepare, stored
from benchmarks.site import data_directory, empty_directory, opened, redis_running, worker_running
from moderation.settings import Settings

COMMENTS = 1_000
KILLED_AFTER = 300
WITHIN_S = 60.0
WAIT_S = 75.0
"""Longer than the minute that most peers wait before they take a worker for dead."""

BUSY_AT_ONCE = 2
BUSY_S = 3.0
"""Seconds in which the new worker does what the old one had not begun."""

AFTERWARDS_S = 2.0
"""Seconds for what is still to be stored a second time."""


@dataclass(frozen=True, slots=True)
class Killed:
    """What a kill did to so many comments. `seconds` is from the new worker's start to the last comment's end."""

    lost: int
    twice: int
    seconds: float


def measure(rows: Sequence[Row], texts: Sequence[str], *, wait_s: float = WAIT_S) -> dict[Row | None, Killed]:
    """Every row's kill; None is our worker as it ships."""
    texts, busy = texts[:COMMENTS], Semaphore(BUSY_AT_ONCE)
    with ThreadPoolExecutor(len(rows) + 1) as pool:
        ours = pool.submit(_ours, texts, wait_s, busy)
        others = {row: pool.submit(_killed, row, texts, wait_s, busy) for row in rows}
        return {None: ours.result()} | {row: found.result() for row, found in others.items()}


def _killed(row: Row, texts: Sequence[str], wait_s: float, busy: Semaphore) -> Killed:
    with empty_directory() as settings, redis_running(settings), contextlib.ExitStack() as running:
        address, folder = settings.redis_address(), settings.data_dir
        with busy:
            prepare(folder, texts)
            feeder = running.enter_context(feeding(row, address))
            with working(row, address, folder) as worker:
                feeder.probe(lambda: lines_written(folder) > 0)
                worker.stand_still()
                feeder.fill(tasks(row.kind, range(1, len(texts) + 1)))
                worker.go_on()
                middle = len(texts) * KILLED_AFTER // COMMENTS
                wait_until(lambda: lines_written(folder) > middle, within_s=WITHIN_S)
            running.enter_context(working(row, address, folder))
            began = time.monotonic()
            wait_until(lambda: _all_stored(folder, len(texts)), within_s=BUSY_S)
        wait_until(lambda: _all_stored(folder, len(texts)), within_s=wait_s - BUSY_S)
        seconds = time.monotonic() - began
        time.sleep(AFTERWARDS_S)
        counts = stored(folder)
        return Killed(len(texts) - len(counts), sum(count > 1 for count in counts.values()), seconds)


def _all_stored(folder: Path, count: int) -> bool:
    # The probe has a line too; with fewer the database need not be asked, which costs more.
    return lines_written(folder) > count and len(stored(folder)) == count


def _ours(texts: Sequence[str], wait_s: float, busy: Semaphore) -> Killed:
    with busy, data_directory() as settings, redis_running(settings):
        return asyncio.run(_ours_killed(settings, texts, wait_s))


async def _ours_killed(settings: Settings, texts: Sequence[str], wait_s: float) -> Killed:
    async with opened(settings) as site, shipped.seeing(settings.data_dir) as seen:
        await site.agree()
        revision_ids = await shipped.received(site, texts, first=0)
        await site.queue.enqueue(revision_ids)
        with worker_running(settings) as worker:
            middle = revision_ids[: len(texts) * KILLED_AFTER // COMMENTS]
            await seen.wait_for(middle, within_s=WITHIN_S)
            worker.kill()
        with worker_running(settings):
            began = time.monotonic()
            await seen.wait_for(revision_ids, within_s=wait_s)
            return Killed(*shipped.left_and_twice(settings), time.monotonic() - began)
