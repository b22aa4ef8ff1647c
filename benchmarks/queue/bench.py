"""One row: its queue filled and drained, and comments at a steady rate.

    worker starts → probe → open loop at 200 a second → (stands still while its queue is filled) → drain
                  → open loop at 2,000 a second, where the drain was as fast as that

Each row has a Redis and a database of its own. Rows that take long are stopped in the middle of their drain: what they
had stored until then tells their rate.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from benchmarks.queue.adapters import BATCH, Kind
from benchmarks.queue.processes import Feeder, Row, Working, feeding, wait_until, working
from benchmarks.queue.work import done_at, lines_written, prepare
from benchmarks.site import empty_directory, redis_running

SLOW_PER_S, FAST_PER_S = 200.0, 2_000.0
SLOW_S, FAST_S = 3.0, 1.5
DRAIN_AT_MOST_S = 4.0
FIRST_WITHIN_S = 30.0
"""Seconds for the first of a full queue to be stored; the drain's time begins with it."""

LATE_S = 3.0
"""Seconds after the last comment was due in which all must be stored, or the row does not keep up."""


@dataclass(frozen=True, slots=True)
class Paced:
    """Milliseconds from due to stored, by the part of the comments that had it."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Run:
    """What a row did, once. An open loop is None where it did not keep up; NaN is what could not be seen."""

    enqueued_per_s: float
    stored_per_s: float
    slow: Paced | None
    fast: Paced | None
    peak_mb: float


def tasks(kind: Kind, ids: Sequence[int]) -> list[list[int]]:
    """The comments as they are enqueued: one a task, or so many as a task of this kind has."""
    size = BATCH if kind is Kind.BATCH else 1
    return [list(ids[first : first + size]) for first in range(0, len(ids), size)]


def measure(row: Row, texts: Sequence[str]) -> Run:
    """One run of a row. Raises RuntimeError when its worker does not start."""
    slow, fast = _count(SLOW_PER_S * SLOW_S, texts), _count(FAST_PER_S * FAST_S, texts)
    ids = range(1, len(texts) + slow + fast + 1)
    # Numbered in the order of their turn.
    to_pace, to_fill, to_race = ids[:slow], ids[slow : slow + len(texts)], ids[slow + len(texts) :]
    with empty_directory() as settings, redis_running(settings):
        address, folder = settings.redis_address(), settings.data_dir
        prepare(folder, [*texts[:slow], *texts, *texts[:fast]])
        with working(row, address, folder) as worker, feeding(row, address) as feeder:
            feeder.probe(lambda: lines_written(folder) > 0)
            paced = _paced(row, feeder, folder, to_pace, per_s=SLOW_PER_S)
            enqueued_per_s = _filled(row, feeder, worker, to_fill)
            stored_per_s = _drained(folder, to_fill)
            raced = None
            if stored_per_s >= FAST_PER_S:
                raced = _paced(row, feeder, folder, to_race, per_s=FAST_PER_S)
            return Run(enqueued_per_s, stored_per_s, paced, raced, worker.peak_mb())


def _count(wanted: float, texts: Sequence[str]) -> int:
    return min(round(wanted), len(texts))


def _paced(row: Row, feeder: Feeder, folder: Path, ids: Sequence[int], *, per_s: float) -> Paced | None:
    due = dict(zip(ids, feeder.pace(tasks(row.kind, ids), per_s=per_s), strict=True))

    if not _all_stored(folder, ids, within_s=LATE_S):
        return None
    stored_at = done_at(folder)
    waited_ms = [(stored_at[comment] - due[comment]) * 1000 for comment in ids]
    return Paced(report.percentile(waited_ms, 0.5), report.percentile(waited_ms, 0.99))


def _all_stored(folder: Path, ids: Sequence[int], *, within_s: float) -> bool:
    wanted = set(ids)
    # Every comment so far has a line; only then is it worth reading them all.
    return wait_until(lambda: lines_written(folder) >= max(ids) and wanted <= done_at(folder).keys(), within_s=within_s)


def _filled(row: Row, feeder: Feeder, worker: Working, ids: Sequence[int]) -> float:
    worker.stand_still()
    took = feeder.fill(tasks(row.kind, ids))
    worker.go_on()
    return len(ids) / took


def _drained(folder: Path, ids: Sequence[int]) -> float:
    """Comments stored a second, from the first commit to the last one, less the first; NaN if there was one at most."""
    before = min(ids) - 1
    wait_until(lambda: lines_written(folder) > before and min(ids) <= max(done_at(folder)), within_s=FIRST_WITHIN_S)
    ends = time.monotonic() + DRAIN_AT_MOST_S
    _all_stored(folder, ids, within_s=DRAIN_AT_MOST_S)
    stored_at = done_at(folder)
    times = sorted(stored_at[comment] for comment in ids if stored_at.get(comment, ends) < ends)
    later = [at for at in times if at > times[0]]
    return len(later) / (times[-1] - times[0]) if later else float("nan")
