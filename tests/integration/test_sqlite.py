"""Connections to SQLite: one errand to their thread for a statement, and everything else as the driver has it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

import moderation.sqlite
from moderation.database import Database
from moderation.sqlite import Connection, connection_to

NUMBERS = sa.Table("numbers", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True))


@pytest.fixture
async def numbers(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with the numbers from 0 to 9."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'numbers.db'}")
    async with database.write() as connection:
        await connection.run_sync(NUMBERS.metadata.create_all)
        await connection.execute(sa.insert(NUMBERS), [{"n": n} for n in range(10)])
    yield database
    await database.close()


@pytest.fixture
def errands(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows by one for everything that a thread is asked to do."""
    done: list[object] = []
    real = Connection._execute

    async def counted(self: Connection, work: object, *given: object, **named: object) -> object:
        done.append(work)
        return await real(self, work, *given, **named)  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped

    monkeypatch.setattr(Connection, "_execute", counted)
    return done


async def read_all(database: Database) -> list[int]:
    async with database.read() as connection:
        return list(await connection.scalars(sa.select(NUMBERS.c.n).order_by(NUMBERS.c.n)))


async def test_a_statement_is_one_errand_and_a_transaction_one_more(numbers: Database, errands: list[object]) -> None:
    await read_all(numbers)
    errands.clear()
    assert await read_all(numbers) == list(range(10))
    assert len(errands) == 1, "the statement and its rows"
    errands.clear()
    async with numbers.write() as connection:
        await connection.execute(sa.insert(NUMBERS), [{"n": 10}, {"n": 11}])
        await connection.execute(sa.update(NUMBERS).values(n=NUMBERS.c.n + 100))
    assert len(errands) == 3, "two statements and the commit"
    errands.clear()
    with pytest.raises(ZeroDivisionError):
        async with numbers.write() as connection:
            await connection.execute(sa.delete(NUMBERS))
            raise ZeroDivisionError
    assert len(errands) == 2, "the statement and the end of what it began"


async def test_a_transaction_without_a_statement_asks_for_nothing(numbers: Database, errands: list[object]) -> None:
    await read_all(numbers)
    errands.clear()
    async with numbers.read():
        pass
    async with numbers.write():
        pass
    assert errands == []


@pytest.mark.parametrize("at_once", [1, 3, 9, 10, 11])
async def test_every_row_comes_however_few_come_with_the_statement(
    numbers: Database, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(moderation.sqlite, "ROWS_AT_ONCE", at_once)
    assert await read_all(numbers) == list(range(10))
    wanted = sa.select(NUMBERS.c.n).order_by(NUMBERS.c.n)
    async with numbers.snapshot() as connection:
        streamed = await connection.stream(wanted.execution_options(yield_per=4))
        assert [row.n async for row in streamed] == list(range(10))
        streamed = await connection.stream(wanted)
        assert (await streamed.fetchone() or [None])[0] == 0
        assert [row.n for row in await streamed.fetchmany(5)] == [1, 2, 3, 4, 5]
        assert [row.n for row in await streamed.fetchall()] == [6, 7, 8, 9]


async def test_a_snapshot_is_of_one_moment_and_a_reading_of_the_newest(numbers: Database) -> None:
    count = sa.select(sa.func.count()).select_from(NUMBERS)
    async with numbers.snapshot() as moment, numbers.read() as reading:
        assert (await moment.scalar(count), await reading.scalar(count)) == (10, 10)
        async with numbers.write() as connection:
            await connection.execute(sa.insert(NUMBERS).values(n=20))
        assert (await moment.scalar(count), await reading.scalar(count)) == (10, 11)
    async with numbers.snapshot() as moment:
        assert await moment.scalar(count) == 11


async def test_rows_that_nobody_fetched_stand_in_nobodys_way(
    numbers: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation.sqlite, "ROWS_AT_ONCE", 2)
    async with numbers.write() as connection:
        streamed = await connection.stream(sa.select(NUMBERS))
        assert await streamed.fetchone() is not None
        await streamed.close()
        await connection.execute(sa.text("DROP TABLE numbers"))


async def test_the_driver_says_what_was_changed(numbers: Database) -> None:
    async with numbers.write() as connection:
        assert (await connection.execute(sa.delete(NUMBERS).where(NUMBERS.c.n < 4))).rowcount == 4
        changed = sa.update(NUMBERS).where(NUMBERS.c.n < 7).values(n=NUMBERS.c.n + 50).returning(NUMBERS.c.n)
        assert sorted((await connection.execute(changed)).scalars()) == [54, 55, 56]
        inserted = await connection.execute(sa.insert(NUMBERS).values(n=77))
        assert inserted.inserted_primary_key is not None and inserted.inserted_primary_key.n == 77


async def test_an_error_ends_the_transaction_and_not_the_connection(numbers: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        async with numbers.write() as connection:
            await connection.execute(sa.insert(NUMBERS).values(n=20))
            await connection.execute(sa.insert(NUMBERS).values(n=5))
    assert await read_all(numbers) == list(range(10))
    async with numbers.write() as connection:
        await connection.execute(sa.insert(NUMBERS).values(n=20))
    assert (await read_all(numbers))[-1] == 20


async def test_who_can_not_begin_is_told_by_the_first_statement_and_may_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numbers: Database
) -> None:
    monkeypatch.setattr(moderation.sqlite, "BUSY_S", 0.05)
    second = Database(numbers.address)
    other = sqlite3.connect(tmp_path / "numbers.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        async with second.write() as connection:
            await connection.execute(sa.insert(NUMBERS).values(n=20))
    other.execute("COMMIT")
    async with second.write() as connection:
        await connection.execute(sa.insert(NUMBERS).values(n=20))
    other.close()
    await second.close()
    assert (await read_all(numbers))[-1] == 20


async def test_what_was_cancelled_in_the_middle_is_undone_and_the_next_one_works(numbers: Database) -> None:
    running = asyncio.Event()

    async def write() -> None:
        async with numbers.write() as connection:
            await connection.execute(sa.insert(NUMBERS).values(n=20))
            running.set()
            counted = (
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 2000000) SELECT max(x) FROM c"
            )
            await connection.execute(sa.text(counted))

    task = asyncio.create_task(write())
    await running.wait()
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await read_all(numbers) == list(range(10))
    async with numbers.write() as connection:
        await connection.execute(sa.insert(NUMBERS).values(n=30))
    assert (await read_all(numbers))[-1] == 30


async def test_a_transaction_whose_first_statement_nobody_waited_for_is_undone_all_the_same(
    tmp_path: Path, numbers: Database
) -> None:
    connection = await connection_to(tmp_path / "numbers.db", isolation_level=None)
    free = threading.Event()
    before = asyncio.create_task(connection.errand(free.wait))
    connection.begin("BEGIN IMMEDIATE")
    task = asyncio.create_task(connection.cursor().execute("INSERT INTO numbers VALUES (20)"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    rolling_back = asyncio.create_task(connection.rollback())
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(before, rolling_back)
    assert not connection.in_transaction
    assert (await read_all(numbers))[10:] == []
    await connection.close()
