"""One story planned for very many subscribers: when the first message may leave, when all are planned, in what memory.

subscribers written by the database itself → a process that plans, leases and notes → docs/benchmarks.md

`python -m benchmarks.planning ADDRESS` is that process: no Telegram takes its time, and nothing waits for a limit.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

import bot.store
import moderation.store
from benchmarks import report
from benchmarks.site import postgresql_running
from bot.store import BotStore
from bot.story import FeedStory
from moderation.database import Database

SUBSCRIBERS = (1_000, 1_000_000)
AT_ONCE = 60
"""Deliveries leased together, as the sender does; it is not imported, for all of aiogram would come with it."""

NOTED = 20_000
"""Deliveries that are leased and noted as sent, the first ones."""

LEASE_S = 60.0


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of it. Seconds from the push until the first deliveries were leased, and until all were planned; how
    many a second were leased and noted as sent; what was resident at most, in MB, before the push and in all."""

    subscribers: int
    planned: int
    first_s: float
    all_s: float
    noted_a_second: float
    memory_before_mb: float
    memory_mb: float


def fill(address: str, subscribers: int) -> None:
    """Subscribers of an empty database: one in ten used the bot within the month, one in five has quiet hours, one in
    twenty wants five stories a day at most, one in a hundred mutes a word. Blocking."""
    url = sa.make_url(address)
    sqlite = url.get_backend_name() == "sqlite"
    true, false, none = ("1", "0", "'[]'") if sqlite else ("true", "false", "CAST('[]' AS JSON)")
    now = round(datetime.now(UTC).timestamp() * 1e6)
    numbers = f"generate_series(1, {subscribers}) AS n"
    if sqlite:
        upto = f"SELECT n + 1 FROM s WHERE n < {subscribers}"
        numbers = f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL {upto}) SELECT n FROM s)"
    zones = " ".join(
        f"WHEN {n} THEN '{zone}'" for n, zone in enumerate(("Asia/Kolkata", "Asia/Karachi", "Europe/London", "UTC"))
    )
    statements = [
        "INSERT INTO subscribers (id, name, language, sections, active, joined_at, timezone, quiet_from, quiet_until, "
        "breaking, daily_at_most, digest_at, alerts, engaged_at) "
        f"SELECT 100000 + n, 'Reader', 'en', {none}, {true}, {now} - 9000000000, CASE n % 4 {zones} END, "
        f"CASE WHEN n % 5 = 0 THEN 1320 END, CASE WHEN n % 5 = 0 THEN 420 END, {false}, "
        f"CASE WHEN n % 20 = 1 THEN 5 END, {none}, {true}, "
        f"CASE WHEN n % 10 = 3 THEN {now} - CAST(n % 2500000 AS BIGINT) * 1000000 END FROM {numbers}",
        "INSERT INTO keywords (subscriber_id, kind, word, folded) "
        f"SELECT 100000 + n, 'mute', 'cricket', 'cricket' FROM {numbers} WHERE n % 100 = 7",
    ]
    if sqlite:
        connection = sqlite3.connect(str(url.database))
        with connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
    else:
        asyncio.run(_fill_postgresql(url.set(drivername="postgresql").render_as_string(False), statements))


async def _fill_postgresql(address: str, statements: Sequence[str]) -> None:
    import asyncpg

    connection = await asyncpg.connect(address)
    try:
        for statement in statements:
            await connection.execute(statement, timeout=600)
        await connection.execute("VACUUM ANALYZE", timeout=600)
    finally:
        await connection.close()


async def plan(address: str) -> Planned:
    """Push one story to all subscribers of this database, and lease and note the first ones as they are planned."""
    database = Database(address)
    store, pages = BotStore(database), asyncio.Event()
    now = datetime.now(UTC)
    told = FeedStory("https://news.example/quay", "The quay is longer", "Two lines.", "en", "world", now)
    (story,) = await store.stories.add([told], now=now)
    subscribers = await store.subscribers.count()
    before_mb = _resident_mb()
    began = time.perf_counter()
    push = await store.pushes.begin(story, now=now)
    assert push is not None
    planning = asyncio.create_task(
        store.pushes.plan(push, clock=lambda: datetime.now(UTC), page_planned=pages.set), name="planning"
    )
    await pages.wait()
    first = await store.deliveries.lease(at_most=AT_ONCE, lease_s=LEASE_S, clock=lambda: datetime.now(UTC))
    first_s = time.perf_counter() - began
    assert first
    planned = await planning
    all_s = time.perf_counter() - began
    began, noted = time.perf_counter(), 0
    leased = first
    while leased and noted < NOTED:
        for delivery in leased:
            await store.deliveries.sent(delivery, message_id=noted, now=datetime.now(UTC))
        noted += len(leased)
        leased = await store.deliveries.lease(at_most=AT_ONCE, lease_s=LEASE_S, clock=lambda: datetime.now(UTC))
    noted_s = time.perf_counter() - began
    await database.close()
    return Planned(subscribers, planned, first_s, all_s, noted / noted_s, before_mb, _resident_mb())


def _resident_mb() -> float:
    """The most that was resident so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def measure(address: str, subscribers: int) -> Planned:
    """Fill a new database, and plan in a process of its own. Blocking."""
    moderation.store.upgrade(address)
    bot.store.upgrade(address)
    fill(address, subscribers)
    command = [sys.executable, "-m", "benchmarks.planning", address]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Planned(**json.loads(done.stdout.splitlines()[-1]))


def section(found: Sequence[tuple[str, Planned]], *, load_before: float) -> str:
    """The table as Markdown."""
    rows = [
        [
            f"{database}, {one.subscribers:,}",
            f"{one.planned:,}",
            report.small(one.first_s),
            report.small(one.all_s),
            report.rate(one.planned / one.all_s),
            report.rate(one.noted_a_second),
            f"{one.memory_before_mb:.0f}",
            f"{one.memory_mb:.0f}",
        ]
        for database, one in found
    ]
    head = [
        "database, subscribers",
        "planned",
        "first leased after, s",
        "all planned after, s",
        "planned a second",
        "noted as sent, a second",
        "memory before, MB",
        "memory at most, MB",
    ]
    return "\n".join([
        report.machine(runs=1, load_before=load_before),
        "",
        "One story for everybody, planned by one process while another task of it waits to send. One subscriber in ten "
        "used the bot within the month, one in five has quiet hours, one in twenty wants five stories a day at most, "
        f"one in a hundred mutes a word. *Noted* are the first {NOTED:,}, one after the other, without a Telegram in "
        "between: what the database takes, of which 30 a second are needed. Memory is this process's own, without "
        "aiogram, whose types take 150 MB of a bot's.",
        "",
        report.table(head, rows),
    ])  # fmt: skip


def run(*, subscribers: Sequence[int] = SUBSCRIBERS, page: Path = report.PAGE) -> None:
    """Measure on both databases, and put the section into the page."""
    before, found = report.load_average(), list[tuple[str, Planned]]()
    for count in subscribers:
        with tempfile.TemporaryDirectory() as folder:
            found.append(("SQLite", measure(f"sqlite+aiosqlite:///{folder}/baithak.db", count)))
        with postgresql_running() as address:
            if address is not None:
                found.append(("PostgreSQL", measure(address.replace("postgresql:", "postgresql+asyncpg:", 1), count)))
    report.write("A push to very many subscribers", section(found, load_before=before), page=page)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(plan(sys.argv[1])))))
