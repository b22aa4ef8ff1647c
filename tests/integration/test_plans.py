"""Nothing that is asked every day reads a table whole that grows with the years."""

from __future__ import annotations

import asyncio

from benchmarks.million import fill
from moderation.database import Database
from moderation.store import Store
from tests.plans import planned, read_whole

COMMENTS = 20_000
"""With fewer PostgreSQL rightly finds that a table is as soon read as looked up in."""


async def test_no_everyday_question_reads_a_large_table_whole(database_address: str) -> None:
    await asyncio.to_thread(fill, database_address, COMMENTS)
    assert await read_whole(database_address, comments=COMMENTS, only_if_it_must=True) == {}


async def test_a_question_that_reads_all_comments_is_found(database_address: str) -> None:
    await asyncio.to_thread(fill, database_address, COMMENTS)
    database = Database(database_address)
    async with planned(only_if_it_must=True) as scans:
        await Store(database).by_status()  # as /metrics asks once a minute
    await database.close()
    assert [scan.partition(" by ")[0] for scan in scans] == ["comments"]
