"""What a database's errors say and do not say, and whom a transaction may keep waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import bot.store
import moderation.database
import moderation.store
from bot.store.tables import stories
from moderation.database import Database
from moderation.errors import SettingsError


async def test_an_error_does_not_quote_what_was_to_be_written(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError) as raised:
        async with database.write() as connection:
            await connection.execute(sa.insert(stories).values(url="https://news.example/1", title="swordfish"))
    assert "stories" in str(raised.value)
    assert "parameters hidden" in str(raised.value)


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
async def test_a_transaction_that_stands_idle_on_postgresql_keeps_nobody_waiting(
    database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation.postgresql, "IDLE_S", 0.3)
    suspended, other = Database(database_address), Database(database_address)
    lock = sa.select(sa.func.pg_advisory_xact_lock(1))
    with pytest.raises(sa.exc.DBAPIError):
        async with suspended.write() as connection:
            await connection.execute(lock)
            async with asyncio.timeout(10), other.write() as waiting:
                await waiting.execute(lock)  # gets it although the first one never ended
            await connection.execute(sa.select(1))
    await asyncio.gather(suspended.close(), other.close())


@pytest.mark.parametrize("address", ["postgresql+asyncpg://reader:swordfish@host:port/name", "swordfish", ""])
def test_an_address_that_is_none_is_told_without_its_password(address: str) -> None:
    with pytest.raises(SettingsError, match="BAITHAK_DATABASE_URL") as raised:
        Database(address)
    assert "swordfish" not in str(raised.value)


@pytest.mark.parametrize("upgrade", [moderation.store.upgrade, bot.store.upgrade])
def test_a_database_in_a_place_that_can_not_be_made_is_told(upgrade: object) -> None:
    assert callable(upgrade)
    with pytest.raises(SettingsError, match="can't be opened"):
        upgrade("sqlite+aiosqlite:////dev/null/baithak.db")


@pytest.fixture
def died() -> Iterator[list[BaseException | None]]:
    """What threads died of."""
    before, died = threading.excepthook, []
    threading.excepthook = lambda told: died.append(told.exc_value)
    yield died
    threading.excepthook = before


def test_a_database_that_can_not_be_opened_leaves_no_thread_that_dies_after_its_loop(
    tmp_path: Path, died: list[BaseException | None]
) -> None:
    async def try_to_read() -> None:
        database = Database(f"sqlite+aiosqlite:///{tmp_path}/nowhere/baithak.db")
        try:
            async with database.read() as connection:
                await connection.execute(sa.text("select 1"))
        finally:
            await database.close()

    threads = threading.active_count()
    for _ in range(100):  # every fifth or so would leave one
        with pytest.raises(sa.exc.OperationalError):
            asyncio.run(try_to_read())
    assert threading.active_count() == threads
    assert died == []
