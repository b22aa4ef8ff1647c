"""Connections to SQLite that hand a statement to their thread once, not once for each step of it.

aiosqlite runs every call in a thread of the connection's own: making a cursor, executing, fetching, closing it. Each of
those wakes the thread and then the loop again, which costs more than what SQLite does meanwhile. Here a statement with
its rows is one such errand, and a transaction begins in the same errand as the first statement in it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import aiosqlite
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

BUSY_S = 5.0
"""Seconds a writer waits for another process's transaction before it gives up."""

ROWS_AT_ONCE = 1000
"""Rows fetched together with their statement. Whoever has more of them comes again."""


@dataclass(slots=True)
class Answer:
    """What a statement answered: its first rows, and a cursor where there may be more."""

    rows: list[Any] = field(default_factory=list)
    more: sqlite3.Cursor | None = None
    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None


class Cursor:
    """A statement and its rows, with what SQLAlchemy asks of aiosqlite's cursor. It costs nothing until it is run."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._answer = Answer()

    async def __aenter__(self) -> Cursor:
        return self

    @property
    def description(self) -> Any:
        """Names of the columns; None for a statement that answers no rows."""
        return self._answer.description

    @property
    def rowcount(self) -> int:
        """Rows that were changed; -1 for a statement that changes none."""
        return self._answer.rowcount

    @property
    def lastrowid(self) -> int | None:
        """Key of the row that was inserted last."""
        return self._answer.lastrowid

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement and fetch its first rows. Raises sqlite3.Error."""
        self._answer = await self._connection.run(lambda cursor: cursor.execute(sql, parameters))

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Run one statement once for each of the parameters. Raises sqlite3.Error."""
        self._answer = await self._connection.run(lambda cursor: cursor.executemany(sql, parameters))

    async def fetchall(self) -> list[Any]:
        """Every row that is left."""
        rows, self._answer.rows = self._answer.rows, []
        if self._answer.more is not None:
            rows += await self._connection.errand(self._answer.more.fetchall)
        return rows

    async def fetchmany(self, size: int = 1) -> list[Any]:
        """As many of the rows that are left."""
        answer = self._answer
        if len(answer.rows) < size and answer.more is not None:
            more = answer.more
            answer.rows += await self._connection.errand(lambda: more.fetchmany(max(size, ROWS_AT_ONCE)))
        rows, answer.rows = answer.rows[:size], answer.rows[size:]
        return rows

    async def fetchone(self) -> Any | None:
        """The next row; None where none is left."""
        return next(iter(await self.fetchmany()), None)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while rows := await self.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                yield row

    async def close(self) -> None:
        """Let go of rows that nobody fetched."""
        more, self._answer.more = self._answer.more, None
        if more is not None:
            await self._connection.errand(more.close)


class Connection(aiosqlite.Connection):
    """A connection whose transactions begin with the first statement in them, and end only where there is one."""

    _begins: str | None = None
    _left: bool = False
    """Whether somebody left before their errand was done, so that what the thread will have done is not known yet."""

    def cursor(self) -> Cursor:  # type: ignore[override]  # without an errand there is nothing to wait for
        """A cursor for one statement after the other."""
        return Cursor(self)

    def begin(self, words: str) -> None:
        """Have `words` (`BEGIN`, `BEGIN IMMEDIATE`) run right before the next statement."""
        self._begins = words

    async def run(self, statement: Callable[[sqlite3.Cursor], object]) -> Answer:
        """What a statement answers. Raises sqlite3.Error, also when it was the transaction that can't begin."""
        begins, self._begins = self._begins, None
        answer: Answer = await self.errand(lambda: _run(self._conn, begins, statement))
        return answer

    async def errand(self, work: Callable[[], Any]) -> Any:
        """What `work` answers when the connection's thread does it."""
        try:
            return await self._execute(work)  # type: ignore[no-untyped-call]  # aiosqlite's own way into its thread
        except asyncio.CancelledError:
            self._left = True
            raise

    async def commit(self) -> None:
        """End the transaction, if there is one, so that it is kept."""
        if self._may_be_in_transaction():
            await super().commit()

    async def rollback(self) -> None:
        """End the transaction, if there is one, as if it had never been."""
        if self._may_be_in_transaction():
            await super().rollback()

    def _may_be_in_transaction(self) -> bool:
        left, self._left = self._left, False
        self._begins = None
        return left or self._conn.in_transaction


def _run(connection: sqlite3.Connection, begins: str | None, statement: Callable[[sqlite3.Cursor], object]) -> Answer:
    if begins is not None:
        connection.execute(begins)
    cursor = connection.cursor()
    statement(cursor)
    rows = cursor.fetchmany(ROWS_AT_ONCE) if cursor.description else []
    answer = Answer(rows, None, cursor.description, cursor.rowcount, cursor.lastrowid)
    if len(rows) == ROWS_AT_ONCE:
        answer.more = cursor
    else:
        cursor.close()
    return answer


def connection_to(*args: Any, **options: Any) -> Connection:
    """A connection, to be awaited; the arguments are those of `sqlite3.connect`."""
    return Connection(lambda: sqlite3.connect(*args, **options), ROWS_AT_ONCE)


def make_durable(engine: AsyncEngine) -> None:
    """Have every connection of an engine in WAL, and each commit on the disk before it returns."""

    @sa.event.listens_for(engine.sync_engine, "connect")
    def open_connection(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver stops emitting a BEGIN of its own
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={round(BUSY_S * 1000)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is erased is overwritten, not only unlinked
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def begin_immediately(engine: AsyncEngine) -> None:
    """Have every transaction of an engine be the one that writes from its first statement on."""

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        cast(Connection, connection.connection.driver_connection).begin("BEGIN IMMEDIATE")


async def begin_reading(connection: AsyncConnection) -> None:
    """Have everything read from here on be of one moment."""
    cast(Connection, (await connection.get_raw_connection()).driver_connection).begin("BEGIN")
