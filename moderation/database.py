"""One database for both packages: engines, transactions, and the types both dialects share.

SQLite runs in WAL, every write under BEGIN IMMEDIATE with synchronous FULL, so that a commit survives a power loss and
two processes never lose each other's update; reads go through an engine of their own and take no lock. PostgreSQL runs
through asyncpg. Neither leans on an isolation level: what must happen once is a unique key or a conditional UPDATE.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from moderation.errors import SettingsError
from moderation.postgresql import WRITTEN, Opening, check, is_code_of_value, is_passing_code, session_settings

FREE_S = 10.0
"""Seconds somebody waits for one of the connections to PostgreSQL to be free. A connection that hangs is given up
sooner."""

THREAD_ENDS_S = 1.0
"""Seconds that closing waits for one connection's thread, which has only to close a file."""


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An instant, kept as whole microseconds since 1970: sorts and compares alike in both databases."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """Microseconds of an aware datetime. Raises ValueError for a naive one: whose time would it be?"""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are stored with their zone")
        return round(value.timestamp() * 1_000_000)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:
        """The instant in UTC."""
        return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)


Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A key the database counts up; SQLite only does so for INTEGER."""


class Database:
    """Two ways in: `write()` for a transaction that may change things, `read()` for one that never does."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.dialect = url_of(address).get_backend_name()
        self._writing = asyncio.Lock() if self.dialect == "sqlite" else None
        self._threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        if self.dialect == "sqlite":
            from moderation.sqlite import begin_immediately, make_durable  # the driver is loaded where it is used

            # One writing connection: SQLite has one writer anyway, and waiting on our lock is fair where its busy
            # handler is not.
            opening = {"async_creator_fn": self._open_sqlite}
            self._writer = _engine(address, pool_size=1, max_overflow=0, connect_args=opening)
            self._reader = _engine(address, pool_size=4, max_overflow=4, connect_args=opening)
            make_durable(self._writer)
            make_durable(self._reader)
            begin_immediately(self._writer)
        else:
            self._writer = self._reader = _engine(
                address,
                pool_size=8,
                max_overflow=8,
                pool_pre_ping=True,
                pool_recycle=1800,
                pool_timeout=FREE_S,
                connect_args={"async_creator_fn": Opening(), "server_settings": session_settings()},
            )

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed when the block ends, rolled back when it raises. Durable once it returned."""
        async with self._writing or contextlib.nullcontext(), self._writer.begin() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading, each statement what is committed at its moment; takes no lock on SQLite."""
        async with self._reader.connect() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """One moment of the whole database to read from, for as long as that takes. Writers neither wait nor show."""
        async with self._reader.connect() as connection:
            if self.dialect == "postgresql":
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            else:
                from moderation.sqlite import begin_reading

                await begin_reading(connection)
            yield connection

    @contextlib.asynccontextmanager
    async def migration(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one who migrates, which begins and ends its transactions by itself."""
        async with self._writer.connect() as connection:
            yield connection

    def insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        """INSERT in the dialect's own form, for `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return postgresql.insert(table) if self.dialect == "postgresql" else sqlite.insert(table)

    async def close(self) -> None:
        """Give back every connection, and see the threads that SQLite's ran in end."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()
        ending = list(self._threads)
        if ending:
            await asyncio.to_thread(_join, ending)

    async def _open_sqlite(self, *args: Any, **options: Any) -> Any:
        """A connection whose thread is remembered.

        A connection that could not be opened, or was given up, ends its thread without waiting for it. The thread's
        last word then meets a loop that may be closed by now, and it dies with a traceback on standard error.
        """
        from moderation.sqlite import connection_to

        connection = connection_to(*args, **options)
        connection._thread.daemon = True  # as SQLAlchemy has it: one left behind holds up nobody's exit
        self._threads.add(connection._thread)
        return await connection


@contextlib.asynccontextmanager
async def opened(address: str) -> AsyncIterator[Database]:
    """A database for the length of one command. Raises SettingsError, saying what to do, when it can't be used."""
    database = Database(address)
    try:
        yield database
    except (SQLAlchemyError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise SettingsError(
            f"the database can't be used ({cause}): start it, or bring its tables up to date by baithak db upgrade"
        ) from error
    finally:
        await database.close()


def _join(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.join(THREAD_ENDS_S)


def url_of(address: str) -> sa.URL:
    """The address, taken apart. Raises SettingsError for one that can't be used; what was given may hold a password."""
    try:
        address.encode()
        url = sa.make_url(address)
    except (ArgumentError, ValueError):
        raise SettingsError(f"BAITHAK_DATABASE_URL can't be read as an address: {WRITTEN}") from None
    if url.get_backend_name() == "postgresql":
        check(url, query=(address.partition("@")[2] or address).partition("?")[2])
    elif url.query or url.host or not url.database:
        raise SettingsError("BAITHAK_DATABASE_URL can't be used: SQLite's is sqlite:/// and the path of a file")
    return url


def _engine(address: str, **pool: Any) -> AsyncEngine:
    # An error of the driver quotes what was to be written, readers' words among it, and may end in a log.
    return create_async_engine(address, hide_parameters=True, **pool)


def is_passing(error: BaseException) -> bool:
    """Whether a database error may go away by itself: locked, full, connection lost. Worth trying again."""
    if isinstance(error, OperationalError | OSError | NoneFree):
        return True
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or is_passing_code(getattr(error.orig, "sqlstate", None))
    )


def is_of_its_value(error: BaseException) -> bool:
    """Whether a database error is of what was to be written and of nothing else: it would be refused again and again.

    Not one of a table that is missing, or of what this role may not do: those are refused whatever is written.
    """
    if not isinstance(error, DBAPIError):
        # It never came as far as the database: no driver can hand it over.
        return isinstance(error, StatementError)
    return isinstance(error, DataError | IntegrityError) or is_code_of_value(getattr(error.orig, "sqlstate", None))


async def version_of(connection: AsyncConnection, version_table: str) -> str | None:
    """The form one package's tables are in; None without tables."""
    if not await connection.run_sync(lambda plain: sa.inspect(plain).has_table(version_table)):
        return None
    version: str | None = await connection.scalar(
        sa.select(sa.column("version_num")).select_from(sa.table(version_table))
    )
    return version
