"""Submitted → decided, with a real worker process, a real Redis and SQLite as they ship.

`pace`: comments come at a steady rate, whatever becomes of those before them (an open loop), and each is timed from the
moment it was due until somebody else can read its decision. `backlog`: many wait in the queue, and one worker process
decides them; beside it, loops without a queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from benchmarks.candidates import candidate, train_peer
from benchmarks.comments import own_comments
from benchmarks.report import Spread, rate, small
from benchmarks.screening import ONE_THREAD, ROOT
from benchmarks.site import (
    Site,
    Waiting,
    data_directory,
    now,
    opened,
    redis_running,
    submission,
    until,
    worker_ready,
    worker_running,
)
from benchmarks.timed import BATCH, COMMENTS_FILE
from moderation.settings import Settings

PER_S, SECONDS = 50.0, 20.0
BACKLOG = 5_000
DRAINED_WITHIN_S = 300.0

WORKER = ("worker", BATCH)

LOOPS = (("classifier", 1), ("classifier", BATCH), ("plain", 1), ("plain", BATCH))
"""Candidate and comments a commit."""


@dataclass(frozen=True, slots=True)
class Paced:
    """One run of `pace`, in milliseconds: `accepted` until `submit` returned, `decided` until the decision was read."""

    accepted_ms: tuple[float, ...]
    decided_ms: tuple[float, ...]


class Watch:
    """When each comment was due, and when its decision was seen in the store. Reads, and never leases an event."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._due: dict[int, float] = {}
        self.decided_ms: list[float] = []

    async def add(self, revision_id: int, *, due: float) -> None:
        """Wait for this one too; it may have been decided meanwhile."""
        self._due[revision_id] = due
        await self.look()

    async def look(self) -> None:
        """Note whichever is decided now."""
        asked = list(self._due)
        undecided = {pending.revision_id for pending in await self._site.store.for_screening(asked)}
        seen = time.perf_counter()
        for revision_id in set(asked) - undecided:
            due = self._due.pop(revision_id, None)
            if due is not None:
                self.decided_ms.append((seen - due) * 1000)

    async def run(self, count: int) -> None:
        """Look at every signal of an outcome until so many decisions were seen."""
        while len(self.decided_ms) < count:
            await self._site.outcomes.wait(timeout_s=1.0)
            await self.look()


def pace(texts: Sequence[str], *, per_s: float) -> Paced:
    """Submit the texts at this rate to a system of its own, and wait for every decision. Raises TimeoutError."""
    with data_directory() as settings, redis_running(settings), worker_running(settings):
        return asyncio.run(_pace(settings, texts, per_s=per_s))


async def _pace(settings: Settings, texts: Sequence[str], *, per_s: float) -> Paced:
    async with opened(settings) as site:
        await site.agree()
        await worker_ready(site)
        intake, watch = site.intake(outcomes=site.outcomes), Watch(site)
        accepted_ms: list[float] = []

        async def submit(number: int, text: str, due: float) -> None:
            accepted = await intake.submit(submission(number, text), now=now())
            accepted_ms.append((time.perf_counter() - due) * 1000)
            await watch.add(accepted.revision_id, due=due)

        watching = asyncio.create_task(watch.run(len(texts)))
        submitting = []
        began = time.perf_counter()
        for number, text in enumerate(texts):
            due = began + number / per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            submitting.append(asyncio.create_task(submit(number, text, due)))
        await asyncio.gather(*submitting)
        await asyncio.wait_for(watching, DRAINED_WITHIN_S)
        return Paced(tuple(accepted_ms), tuple(watch.decided_ms))


def backlog(
    texts: Sequence[str],
    *,
    runs: int,
    loops: Sequence[tuple[str, int]] = LOOPS,
    peer_examples_at_most: int | None = None,
) -> list[dict[tuple[str, int], float]]:
    """Comments a second of the worker process (WORKER) and of each of the loops, run by run."""
    with data_directory() as template, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / COMMENTS_FILE).write_text(json.dumps(list(texts)), encoding="utf-8")
        train_peer(folder, examples_at_most=peer_examples_at_most)
        revision_ids = asyncio.run(_fill(template, texts))
        return [
            {WORKER: _drained(template.data_dir, revision_ids)}
            | {(key, size): len(texts) / _looped(key, size, folder) for key, size in loops}
            for _ in range(runs)
        ]


async def _fill(settings: Settings, texts: Sequence[str]) -> list[int]:
    waiting = Waiting()
    async with opened(settings) as site:
        await site.agree()
        intake = site.intake(waiting)
        for number, text in enumerate(texts):
            await intake.submit(submission(number, text), now=now())
    return waiting.revision_ids


def _drained(template: Path, revision_ids: Sequence[int]) -> float:
    with data_directory(template) as settings, redis_running(settings):
        asyncio.run(_enqueue(settings, revision_ids))
        with worker_running(settings):
            asyncio.run(_until_decided(settings))
        return decided_per_s(settings.data_dir / "baithak.db")


async def _enqueue(settings: Settings, revision_ids: Sequence[int]) -> None:
    async with opened(settings) as site:
        await site.queue.enqueue(revision_ids)


async def _until_decided(settings: Settings) -> None:
    async with opened(settings) as site:

        async def decided() -> bool:
            return not await site.store.unscreened(older_than=now(), limit=1)

        await until(decided, within_s=DRAINED_WITHIN_S)


def decided_per_s(database: Path) -> float:
    """What the store says of how fast it went: from the first batch's decision to the last's, less the first batch.

    So the worker's start is not in it. Raises ValueError for fewer than two batches.
    """
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT at, count(*) FROM audit WHERE act = 'screen' GROUP BY at ORDER BY at")
        batches = rows.fetchall()
    if len(batches) < 2:
        raise ValueError("too few comments to tell a rate")
    return float(sum(count for _, count in batches[1:]) / ((batches[-1][0] - batches[0][0]) / 1e6))


def _looped(key: str, size: int, folder: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.loops", key, str(size), str(folder)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, check=True)
    return float(done.stdout)


def pace_section(found: Sequence[Paced], *, per_s: float, load_before: float) -> str:
    """The table of `pace` as Markdown."""

    def row(name: str, each: Sequence[tuple[float, ...]]) -> list[str]:
        parts = [Spread.of(report.percentile(run, part) for run in each).shown(small) for part in (0.5, 0.99, 1.0)]
        return [name, *parts]

    return "\n".join(
        [
            report.machine(runs=len(found), load_before=load_before),
            "",
            f"{len(found[0].decided_ms):,} comments, {per_s:g} a second, whatever becomes of those before them. "
            "Each is timed from the moment it was due. *Decided* is when another process than the worker had read the "
            "decision in the store, woken as the bot is; that process also submitted. One worker process, Redis with "
            "its log on disk, SQLite with every commit flushed. Neither Telegram nor the bot's handlers are in it.",
            "",
            report.table(
                ["", "p50 ms", "p99 ms", "most ms"],
                [
                    row("due → accepted for good", [run.accepted_ms for run in found]),
                    row("due → decided", [run.decided_ms for run in found]),
                ],
            ),
        ]
    )


def backlog_section(found: Sequence[dict[tuple[str, int], float]], *, count: int, load_before: float) -> str:
    """The table of `backlog` as Markdown."""

    beside = [key for key in found[0] if key != WORKER]

    def row(key: tuple[str, int], name: str) -> list[str]:
        ratio = Spread.of(run[key] / run[beside[0]] for run in found)
        return [name, Spread.of(run[key] for run in found).shown(rate), f"{ratio.middle:.2f} ×"]

    names = {key: f"loop: {candidate(key[0]).name}, {'one' if key[1] == 1 else key[1]} a commit" for key in beside}
    return "\n".join(
        [
            report.machine(runs=len(found), load_before=load_before),
            "",
            f"{count:,} comments stand in the screening queue; one worker process takes them in batches of {BATCH}, "
            "screens them with all rules, and commits status, decision, audit row and outcome event of each. The loops "
            "are what one would write by hand without a queue: score, insert one row of text and score, commit as "
            "durably as ours, and nothing else: no rules, no audit, nothing left to find after a crash. Each is one "
            "process on one thread. The ratio is to the loop with our classifier that takes one comment at a time, "
            "run by run; what a batch is worth shows in the loop that takes 64.",
            "",
            report.table(
                ["", "comments a second", "ratio"],
                [row(WORKER, "Baithak: queued → screened → stored"), *(row(key, name) for key, name in names.items())],
            ),
        ]
    )


def run(*, runs: int, page: Path = report.PAGE) -> None:
    """Measure both, and put their sections into the page."""
    texts = own_comments(BACKLOG).texts
    before = report.load_average()
    paced = [pace(texts[: round(PER_S * SECONDS)], per_s=PER_S) for _ in range(runs)]
    title = f"Submitted → decided, {PER_S:g} a second on SQLite"
    report.write(title, pace_section(paced, per_s=PER_S, load_before=before), page=page)
    before = report.load_average()
    found = backlog(texts, runs=runs)
    title = "Queued → screened → stored, one worker process on SQLite"
    report.write(title, backlog_section(found, count=len(texts), load_before=before), page=page)
