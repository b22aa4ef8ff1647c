"""What tests of every layer may ask for: real databases and a real Redis, fresh for each test."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import bot.store
import moderation.store
from bot.aiogram_types import build_when_used
from moderation.database import Database
from moderation.queue import connect
from moderation.store import Store
from tests.desk import Desk
from tests.servers import postgresql_running, redis_running, short_folder

# What is tested here is the desk: a second stage would only slow each worker's start. It has tests of its own.
os.environ.setdefault("BAITHAK_STAGES", "fast")

build_when_used()  # as the bot does it, which tests of its parts in this process are to meet as well

_numbers = itertools.count(1)

# The same cases at every run, as many as asked for: what fails here fails everywhere.
settings.register_profile("project", derandomize=True, deadline=None, database=None)
settings.load_profile("project")

_EMPTY_TABLES = """
DO $$
DECLARE name text; filled boolean; names text[] := '{}';
BEGIN
    SET LOCAL lock_timeout = '5s';
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%\\_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO filled;
        IF filled THEN names := names || quote_ident(name); END IF;
    END LOOP;
    IF names <> '{}' THEN
        EXECUTE 'TRUNCATE ' || array_to_string(names, ', ') || ' RESTART IDENTITY CASCADE';
    END IF;
END $$
"""
"""Emptying what holds rows takes a tenth of what a new database takes; triggers that keep rows let it pass."""


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A running server: `address` has `{}` where a database's name goes; `database` is one with every table."""

    address: str
    database: str

    async def run(self, statement: str, *, database: str = "postgres") -> None:
        """Run one statement outside any transaction."""
        engine = create_async_engine(self.address.format(database), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.execute(sa.text(statement))
        await engine.dispose()


def _upgrade(address: str) -> None:
    moderation.store.upgrade(address)
    bot.store.upgrade(address)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One PostgreSQL for the session."""
    with postgresql_running() as address:
        server = PostgreSQL(address, database="baithak")
        asyncio.run(server.run(f"CREATE DATABASE {server.database}"))
        _upgrade(address.format(server.database))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> PostgreSQL | None:
    """Where the test's database lives: on SQLite, which needs no server, and then on PostgreSQL."""
    if request.param == "sqlite":
        return None
    running: PostgreSQL = request.getfixturevalue("postgresql")
    return running


@pytest.fixture
async def database_address(server: PostgreSQL | None, tmp_path: Path, sqlite_template: Path) -> AsyncIterator[str]:
    """The address of a fresh database with every table of both packages, on SQLite and on PostgreSQL."""
    if server is None:
        path = tmp_path / "baithak.db"
        shutil.copy(sqlite_template, path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    await server.run(_EMPTY_TABLES, database=server.database)
    yield server.address.format(server.database)


@pytest.fixture
async def empty_database_address(server: PostgreSQL | None, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a database without a table, on SQLite and on PostgreSQL."""
    if server is None:
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    name = f"empty_{next(_numbers)}"
    await server.run(f"CREATE DATABASE {name}")
    yield server.address.format(name)
    await server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_address: str) -> AsyncIterator[Database]:
    """A fresh database with every table of both packages."""
    database = Database(database_address)
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> Store:
    """The store of `moderation` on a fresh database."""
    return Store(database)


@pytest.fixture
def desk(store: Store) -> Desk:
    """A comment desk on a fresh database."""
    return Desk.of(store)


@pytest.fixture(scope="session")
def redis_address() -> Iterator[str]:
    """One Redis for the session; the tests share it, one after the other."""
    with short_folder("redis") as folder, redis_running(folder) as address:
        yield address


@pytest.fixture
async def redis(redis_address: str) -> AsyncIterator[Redis]:
    """A client of a Redis that holds nothing yet."""
    client = connect(redis_address)
    await client.flushall()
    yield client
    await client.aclose()
