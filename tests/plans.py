"""Which tables the database means to read whole: asked of its own plan of each statement, as the code sends it."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from benchmarks.million import AUTHOR, BUSY_STORY, FIRST_AUTHOR, STORY
from bot.store import BotStore
from moderation.database import Database
from moderation.store import Store
from moderation.threads import Threads
from tests.kept import TABLES

LARGE = {
    "comments",
    "revisions",
    "audit",
    "outbox",
    "agreements",
    "inbox",
    "subscribers",
    "keywords",
    "deliveries",
    "shown",
    "digested",
    "notices",
    "cards",
}
OF_FEW = {
    "revisions_unscreened",
    "revisions_held",
    "revisions_undecided_once",
    "outbox_untold",
    "inbox_of_chat",
    "inbox_set_aside",
    "cards_stale",
}
"""Partial indexes of what waits, which may be read whole: there is as much of it as people can bear."""

_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$")
_ALIAS = re.compile(r"\b(\w+) AS (\w+)")


@asynccontextmanager
async def planned(*, only_if_it_must: bool) -> AsyncIterator[list[str]]:
    """What is read whole by the statements in the block. `only_if_it_must` has PostgreSQL avoid it wherever it can,
    as it would by itself with more rows."""
    found: list[str] = []
    asking = False

    def look(
        connection: sa.Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        nonlocal asking
        if asking or not statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")) or "pg_" in statement:
            return
        asking = True
        try:
            given = parameters[0] if many else parameters
            scans = _sqlite if connection.dialect.name == "sqlite" else _postgresql
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL enable_seqscan = {'off' if only_if_it_must else 'on'}")
            found.extend(f"{scan}: {statement}" for scan in scans(connection, statement, given))
        finally:
            asking = False

    sa.event.listen(sa.Engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", look)


def _sqlite(connection: sa.Connection, statement: str, parameters: Any) -> list[str]:
    aliases = {alias: table for table, alias in _ALIAS.findall(statement)}
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    scans = [match for row in rows if (match := _SCAN.match(row[3]))]
    names = [(aliases.get(match[1], match[1]), match[2]) for match in scans]
    return [f"{table} by {index}" for table, index in names if table in LARGE and index not in OF_FEW]


def _postgresql(connection: sa.Connection, statement: str, parameters: Any) -> list[str]:
    """A walk along an index that ends, by PostgreSQL's own estimate, before a twentieth of it, reads no table whole."""
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    return list(_whole(plan[0]["Plan"]))


def _whole(node: dict[str, Any], above: dict[str, Any] | None = None) -> list[str]:
    found = [scan for child in node.get("Plans", ()) for scan in _whole(child, node)]
    index = node.get("Index Name")
    limited = above is not None and above["Node Type"] == "Limit"
    first_ones = limited and above is not None and above["Total Cost"] < node["Total Cost"] / 20
    by_index = node["Node Type"] in {"Index Scan", "Index Only Scan", "Bitmap Index Scan"} and not first_ones
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
        found.append(f"{node['Relation Name']} in sequence")
    elif by_index and "Index Cond" not in node and index not in OF_FEW and _table_of(index) in LARGE:
        found.append(f"{_table_of(index)} by {index}")
    return found


def _table_of(index: str) -> str:
    """The table whose name an index begins with; of two such, the longer name."""
    return max((table.name for table in TABLES if index.startswith(f"{table.name}_")), key=len, default=index)


Ask = Callable[[], Awaitable[object]]


def everyday(database: Database, *, comments: int, reader: int = 7) -> dict[str, Ask]:
    """What is asked of the database every day, by name, where `benchmarks.million` filled it with so many comments."""
    store, bot, threads = Store(database), BotStore(database), Threads(Store(database))
    now, number = datetime.now(UTC), FIRST_AUTHOR + reader
    author, old = AUTHOR.format(number), now - timedelta(days=3_000)
    stories = [STORY.format(story) for story in range(1, 61)]

    async def deep(sort: Any) -> None:
        page = await threads.published(BUSY_STORY, sort=sort, limit=100, cursor=None)
        assert page.next_cursor is not None
        await threads.published(BUSY_STORY, sort=sort, limit=100, cursor=page.next_cursor)

    async def review() -> None:
        waiting = await store.held(limit=20, now=now)
        assert await store.held(limit=20, after=waiting[-1].comment_id, now=now)
        await store.waiting()
        await store.claim(waiting[0].comment_id, moderator="telegram:2001", now=now, claim_s=60)

    async def seal() -> None:
        await store.newest_seal()
        mark = await store.mark_audit()
        assert await store.audited(after=mark.up_to - 2_000, up_to=mark.up_to, at_most=2_000)

    async def push() -> None:
        story = await bot.stories.one(2)
        assert story is not None
        for followed in (False, True):
            begun = await bot.pushes.begin(story, now=now, followed=followed)
            await bot.pushes.plan(begun, clock=lambda: now, page_planned=lambda: None)

    async def erase(person: int) -> None:
        async with store.change() as change:
            name = AUTHOR.format(person)
            found = await change.comments_by(name)
            assert found
            await change.standing(comment_ids=found)
            await change.answers_to(found)
            await change.kept_by_law(name)
            await change.drop_agreements(name)
            await change.close_doors(name)
            await change.mark_erased(found)
            await change.empty_comments(found, author=name)
        await bot.forgotten.erase(
            person,
            author_hash="0" * 64,
            comments=found,
            answers=[1],
            through_message=1,
            before_update=None,
            now=now,
        )

    return {
        "first page of a thread": lambda: threads.published(BUSY_STORY, sort="newest", limit=20, cursor=None),
        "second page, newest first": lambda: deep("newest"),
        "second page, oldest first": lambda: deep("oldest"),
        "second page, most answered first": lambda: deep("top"),
        "counts of 60 stories": lambda: threads.counts(stories),
        "newest of all stories": lambda: threads.newest(limit=50),
        "a comment and its history": lambda: _both(threads.one(comments // 2), store.audit_of(comments // 2)),
        "a comment by its message": lambda: threads.by_source("telegram:77:1"),
        "an author's comments": lambda: threads.of_author(author, limit=10),
        "review queue": review,
        "what waits, for health and alarms": threads.waiting,
        "sealer's look": seal,
        "sweeper's look": lambda: store.unscreened(older_than=now + timedelta(days=1), limit=5_000),
        "facts of a batch": lambda: store.facts(range(1, 65), flood_window_s=60, repeat_window_s=86_400),
        "a batch to be screened": lambda: store.for_screening(range(comments - 64, comments)),
        "events leased": lambda: store.lease_events(at_most=50, lease_s=9, now=now + timedelta(days=1)),
        "events of a live page": lambda: store.visible_events(comments - 100, story=BUSY_STORY, at_most=100),
        "newest event": lambda: store.newest_event(visible_only=True),
        "retention: events": lambda: store.drop_told_events(older_than=old, at_most=500),
        "retention: findings": lambda: store.clear_findings(older_than=old, at_most=500),
        "retention: withdrawn": lambda: store.clear_taken_back(older_than=old, at_most=500),
        "retention: updates": lambda: bot.inbox.forget_done(older_than=old, at_most=500),
        "retention: deliveries": lambda: bot.deliveries.drop_finished(older_than=old, at_most=500),
        "retention: what messages show": lambda: bot.shown.drop_shown(older_than=old, at_most=500),
        "updates leased": lambda: bot.inbox.lease(at_most=20, lease_s=9, now=now + timedelta(days=1)),
        "updates waiting": bot.inbox.waiting,
        "a push": push,
        "a push that was left": lambda: bot.pushes.take(now=now + timedelta(days=1)),
        "digests taken": lambda: bot.digests.take(at_most=20, lease_s=9, clock=lambda: now),
        "deliveries leased": lambda: bot.deliveries.lease(at_most=20, lease_s=9, clock=lambda: now),
        "stories a reader was sent": lambda: bot.deliveries.received(number),
        "open cards": bot.shown.open_cards,
        "export of a reader": lambda: _both(store.everything_of(author), bot.forgotten.everything_of(number)),
        "erasure of a reader": lambda: erase(number + 1),
    }


async def _both(one: Awaitable[object], other: Awaitable[object]) -> None:
    await one
    await other


async def milliseconds(address: str, *, comments: int) -> dict[str, float]:
    """How long each of the everyday questions took, asked once."""
    database = Database(address)
    took: dict[str, float] = {}
    try:
        for name, ask in everyday(database, comments=comments, reader=107).items():
            began = time.perf_counter()
            await ask()
            took[name] = round((time.perf_counter() - began) * 1000, 1)
    finally:
        await database.close()
    return took


async def read_whole(address: str, *, comments: int, only_if_it_must: bool) -> dict[str, list[str]]:
    """Which of the everyday questions read a large table whole, and in which statements."""
    database = Database(address)
    found: dict[str, list[str]] = {}
    try:
        for name, ask in everyday(database, comments=comments).items():
            async with planned(only_if_it_must=only_if_it_must) as scans:
                await ask()
            if scans:
                found[name] = scans
    finally:
        await database.close()
    return found
