"""Written → accepted for good: how many comments a second one process stores, by how many are written at once.

All ways in `intake` are the real ones: checks, comment, revision, audit row and event, committed and flushed before
anybody is answered; the queue alone is a list. Beside it a row written by hand, with a commit of its own.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.comments import own_comments
from benchmarks.report import Spread, rate
from benchmarks.site import Waiting, data_directory, now, opened, submission
from moderation.settings import Settings

COMMENTS = 2_000
AT_ONCE = (1, 8, 64)
BY_HAND = 0
"""Key of the loop without `intake`."""


def measure(texts: Sequence[str], *, runs: int, at_once: Sequence[int] = AT_ONCE) -> list[dict[int, float]]:
    """Comments a second by how many were on their way at once, and BY_HAND, run by run."""
    found = []
    for _ in range(runs):
        rates = {}
        for many in at_once:
            with data_directory() as settings:
                rates[many] = len(texts) / asyncio.run(_submitted(settings, texts, many))
        with data_directory() as settings:
            rates[BY_HAND] = len(texts) / _written(settings.data_dir / "by-hand.db", texts)
        found.append(rates)
    return found


async def _submitted(settings: Settings, texts: Sequence[str], at_once: int) -> float:
    async with opened(settings) as site:
        await site.agree()
        intake = site.intake(Waiting())
        under_way = asyncio.Semaphore(at_once)

        async def submit(number: int, text: str) -> None:
            async with under_way:
                await intake.submit(submission(number, text), now=now())

        began = time.perf_counter()
        await asyncio.gather(*(submit(number, text) for number, text in enumerate(texts)))
        return time.perf_counter() - began


def _written(database: Path, texts: Sequence[str]) -> float:
    connection = sqlite3.connect(database, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE comments (id INTEGER PRIMARY KEY, text TEXT)")
    began = time.perf_counter()
    for text in texts:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO comments (text) VALUES (?)", (text,))
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took


def section(found: Sequence[dict[int, float]], *, count: int, load_before: float) -> str:
    """The table as Markdown."""

    def row(many: int) -> list[str]:
        name = "by hand: one row, one commit, no checks" if many == BY_HAND else f"intake, {many} at once"
        ratio = Spread.of(run[many] / run[first] for run in found)
        return [name, Spread.of(run[many] for run in found).shown(rate), f"{ratio.middle:.2f} ×"]

    first = next(iter(found[0]))
    return "\n".join(
        [
            report.machine(runs=len(found), load_before=load_before),
            "",
            f"{count:,} comments into SQLite, every commit flushed to the disk, by one process; so many are on their "
            "way at the same time. What comes while a transaction is under way goes into the next one, all together. "
            "The row by hand writes the text and nothing else: what the disk asks for a commit, without checks, "
            "agreement, audit row or event.",
            "",
            report.table(["", "comments a second", "ratio"], [row(many) for many in found[0]]),
        ]
    )


def run(*, runs: int, page: Path = report.PAGE) -> None:
    """Measure, and put the section into the page."""
    texts = own_comments(COMMENTS).texts
    before = report.load_average()
    found = measure(texts, runs=runs)
    title = "Written → accepted for good, SQLite"
    report.write(title, section(found, count=len(texts), load_before=before), page=page)
