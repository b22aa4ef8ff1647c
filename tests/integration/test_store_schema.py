"""The migrations make exactly the tables the queries speak of, on both databases."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from moderation.database import Database, is_passing
from moderation.errors import SettingsError
from moderation.store import Store, upgrade
from moderation.store.tables import metadata
from tests.builders import NOW
from tests.desk import Desk

if TYPE_CHECKING:
    from tests.conftest import PostgreSQL


async def test_the_migrations_and_the_tables_agree(empty_database_address: str) -> None:
    assert await asyncio.to_thread(upgrade, empty_database_address) is True
    assert await asyncio.to_thread(upgrade, empty_database_address) is False

    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"version_table": "moderation_version"})
        return list(compare_metadata(context, metadata))

    database = Database(empty_database_address)
    async with database.write() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_a_database_that_can_not_be_opened_says_which() -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        await asyncio.to_thread(upgrade, "postgresql+asyncpg://u:secret@/nowhere?host=/nonexistent")


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
async def test_a_server_without_the_database_is_told_in_one_line_and_never_with_the_password(
    server: PostgreSQL,
) -> None:
    address = sa.make_url(server.address.format("nowhere")).set(password="secret")
    with pytest.raises(SettingsError, match="nowhere") as told:
        await asyncio.to_thread(upgrade, address.render_as_string(hide_password=False))
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_a_locked_database_surfaces_as_an_error_that_may_pass(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.publish()
    path = desk.store.database.address.partition("///")[2]
    locked, release = threading.Event(), threading.Event()

    def hold_the_lock() -> None:
        import sqlite3

        with sqlite3.connect(path, isolation_level=None) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            locked.set()
            release.wait(30)
            connection.execute("ROLLBACK")

    holder = threading.Thread(target=hold_the_lock)
    holder.start()
    locked.wait(10)
    monkeypatch.setattr("moderation.sqlite.BUSY_S", 0.05)
    impatient = Database(desk.store.database.address)
    try:
        with pytest.raises(sa.exc.OperationalError) as locked_out:
            await Desk.of(Store(impatient)).receive()
        assert is_passing(locked_out.value)
    finally:
        release.set()
        holder.join()
    assert (await Desk.of(Store(impatient)).receive()).new, "and it passes"
    await impatient.close()


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
async def test_a_lost_connection_surfaces_as_an_error_that_may_pass(desk: Desk) -> None:
    await desk.publish()
    with pytest.raises(sa.exc.DBAPIError) as lost:
        async with desk.store.database.write() as connection:
            await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_passing(lost.value)
    assert (await desk.receive(now=NOW)).new


async def test_a_time_without_its_zone_is_refused(desk: Desk) -> None:
    with pytest.raises(sa.exc.StatementError, match="zone"):
        await desk.receive(now=NOW.replace(tzinfo=None))
