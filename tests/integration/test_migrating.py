"""Migrations run beside readers and writers: what each of them may do, and what happens when it can't have a table."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

import bot.store
import moderation.migrating
import moderation.store
from benchmarks.million import fill
from moderation.database import Database
from moderation.errors import SettingsError
from moderation.migrating import upgrade
from moderation.store import Store
from moderation.threads import Threads
from tests.desk import Desk

ROOT = Path(moderation.store.__file__).resolve().parents[2]
PACKAGES = {"moderation": "moderation_version", "bot": "bot_version"}
FIRST = dict.fromkeys(PACKAGES, "0001")
POSTGRESQL = pytest.mark.parametrize("server", ["postgresql"], indirect=True)

ALONE = re.compile(
    r"SET lock_timeout|SELECT|(CREATE (UNIQUE )?INDEX|DROP INDEX) CONCURRENTLY"
    r"|ALTER TABLE \w+ VALIDATE CONSTRAINT \w+|UPDATE \w+ SET .* > \$\S+ AND \S+ <= \$\d",
    re.DOTALL,
)
"""What a migration may do outside its transaction: each of these keeps nobody waiting, however many rows there are."""

TOUCHED = """SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del
FROM pg_stat_xact_user_tables"""
"""Rows read and written by this connection that it has not told the statistics yet: more than the transaction's."""

KEPT = """SELECT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE pid = pg_backend_pid() AND mode = 'ShareLock'"""
FILES = "SELECT relname, relfilenode FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


def migrations(package: str) -> Path:
    return ROOT / package / "migrations"


def revisions(folder: Path) -> list[str]:
    """A package's migrations, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


@contextmanager
def watched(tables: set[str]) -> Iterator[list[str]]:
    """What a migration on PostgreSQL does to these tables, which had rows before, that it must not."""
    faults: list[str] = []
    earlier: dict[str, int] = {}

    def is_alone(connection: sa.Connection) -> bool:
        return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"

    def touched(connection: sa.Connection) -> dict[str, int]:
        return {row[0]: row[1] for row in connection.exec_driver_sql(TOUCHED) if row[0] in tables}

    def at_the_begin(connection: sa.Connection) -> None:
        if not is_alone(connection):
            earlier.clear()
            earlier.update(touched(connection))

    def at_the_end(connection: sa.Connection) -> None:
        if not is_alone(connection):
            more = [table for table, rows in touched(connection).items() if rows > earlier.get(table, 0)]
            faults.extend(f"{table}: rows read or written in the transaction" for table in more)
            kept = tables.intersection(connection.exec_driver_sql(KEPT).scalars())
            faults.extend(f"{table}: kept from writers while an index is built" for table in kept)

    def before(connection: sa.Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        if is_alone(connection) and not ALONE.match(statement):
            faults.append(f"outside the transaction: {statement}")

    sa.event.listen(sa.Engine, "begin", at_the_begin)
    sa.event.listen(sa.Engine, "commit", at_the_end)
    sa.event.listen(sa.Engine, "before_cursor_execute", before)
    try:
        yield faults
    finally:
        sa.event.remove(sa.Engine, "begin", at_the_begin)
        sa.event.remove(sa.Engine, "commit", at_the_end)
        sa.event.remove(sa.Engine, "before_cursor_execute", before)


def faults_of(address: str, folder: Path, version_table: str, revision: str) -> list[str]:
    """Bring the tables to this form, and say what was wrong with the way there."""

    async def files() -> dict[str, int]:
        database = Database(address)
        async with database.read() as connection:
            found = {row[0]: row[1] for row in await connection.execute(sa.text(FILES))}
        await database.close()
        return found

    before = asyncio.run(files())
    with watched(set(before) - set(PACKAGES.values())) as faults:
        assert upgrade(address, migrations=folder, version_table=version_table, to=revision)
    after = asyncio.run(files())
    return faults + [f"{table}: written anew" for table in before if after[table] != before[table]]


async def first_form(address: str) -> None:
    """A database as the first release left it, with rows in every table."""
    for package, version_table in PACKAGES.items():
        await asyncio.to_thread(
            upgrade, address, migrations=migrations(package), version_table=version_table, to="0001"
        )
    await asyncio.to_thread(fill, address, 2_000)


@POSTGRESQL
async def test_no_migration_reads_a_table_whole_or_keeps_it_while_it_works(empty_database_address: str) -> None:
    await first_form(empty_database_address)
    for package, version_table in PACKAGES.items():
        folder = migrations(package)
        for revision in revisions(folder)[1:]:
            faults = await asyncio.to_thread(faults_of, empty_database_address, folder, version_table, revision)
            assert faults == [], f"{package} {revision}; see docs/adr/0015-migrations-beside-readers.md"


async def test_a_migration_with_steps_outside_its_transaction_may_be_done_again(empty_database_address: str) -> None:
    await first_form(empty_database_address)
    database = Database(empty_database_address)
    for package, version_table in PACKAGES.items():
        folder = migrations(package)
        for before, revision in itertools.pairwise(revisions(folder)):
            given = {"migrations": folder, "version_table": version_table, "to": revision}
            await asyncio.to_thread(upgrade, empty_database_address, **given)
            (script,) = folder.glob(f"versions/{revision}_*.py")
            if "moderation.migrating" in script.read_text(encoding="utf-8"):
                async with database.write() as connection:  # as if it had died before it was noted
                    await connection.execute(sa.text(f"UPDATE {version_table} SET version_num = '{before}'"))
                assert await asyncio.to_thread(upgrade, empty_database_address, **given) is True
    await database.close()


BREAKING = {
    "an index in the transaction": "op.create_index('slow', 'comments', ['language'])",
    "all rows changed": "op.execute('UPDATE comments SET language = NULL')",
    "some rows deleted": "op.execute(\"DELETE FROM outbox WHERE kind = 'held'\")",
    "another type": "op.alter_column('comments', 'latest_revision', type_=sa.BigInteger())",
    "a condition checked at once": "op.alter_column('revisions', 'model', server_default='')\n    "
    "op.alter_column('comments', 'published_at', server_default='0')\n    "
    "op.execute('ALTER TABLE comments ADD CHECK (latest_revision > 0)')",
    "a key checked at once": "op.create_foreign_key('k', 'audit', 'comments', ['comment_id'], ['id'])",
    "a default for each row": "op.add_column('audit', sa.Column('r', sa.Float(), server_default=sa.text('random()')))",
    "an update of its own outside": "with op.get_context().autocommit_block():\n        "
    "op.execute('UPDATE comments SET language = NULL')",
}


@POSTGRESQL
@pytest.mark.parametrize("breaking", BREAKING)
async def test_a_migration_that_breaks_the_rules_is_found(
    empty_database_address: str, tmp_path: Path, breaking: str
) -> None:
    await first_form(empty_database_address)
    await asyncio.to_thread(moderation.store.upgrade, empty_database_address)
    folder = tmp_path / "migrations"
    shutil.copytree(migrations("moderation"), folder)
    newest = revisions(folder)[-1]
    (folder / "versions" / "9999_breaking.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision, down_revision = '9999', '{newest}'\n\n\n"
        f"def upgrade():\n    {BREAKING[breaking]}\n"
    )
    faults = await asyncio.to_thread(faults_of, empty_database_address, folder, "moderation_version", "9999")
    assert faults, breaking


@POSTGRESQL
async def test_nobody_waits_behind_a_migration_that_waits_for_a_long_reader(
    empty_database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation.migrating, "PATIENCE_S", 20)
    await first_form(empty_database_address)
    slow, others = Database(empty_database_address), Database(empty_database_address)
    threads = Threads(Store(others))
    async with slow.snapshot() as reading:
        await reading.execute(sa.text("SELECT count(*) FROM comments"))
        migrating = asyncio.create_task(asyncio.to_thread(moderation.store.upgrade, empty_database_address))
        ends = asyncio.get_running_loop().time() + 3
        while asyncio.get_running_loop().time() < ends:
            async with asyncio.timeout(2):
                await threads.newest(limit=10)
        assert not migrating.done()
        await reading.rollback()
    assert await migrating is True
    await asyncio.gather(slow.close(), others.close())


@POSTGRESQL
async def test_a_table_that_is_never_free_is_told_and_what_was_done_stays(
    empty_database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation.migrating, "PATIENCE_S", 0.1)
    await first_form(empty_database_address)
    slow = Database(empty_database_address)
    async with slow.snapshot() as reading:
        await reading.execute(sa.text("SELECT count(*) FROM cards"))
        with pytest.raises(SettingsError, match="upgrade again"):
            await asyncio.to_thread(bot.store.upgrade, empty_database_address)
    assert await asyncio.to_thread(bot.store.upgrade, empty_database_address) is True
    await slow.close()


@POSTGRESQL
async def test_an_index_whose_building_was_ended_is_built_again(empty_database_address: str) -> None:
    await asyncio.to_thread(moderation.store.upgrade, empty_database_address, to="0004")
    database = Database(empty_database_address)
    is_valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'outbox_told'::regclass")
    async with database.write() as connection:
        await connection.execute(
            sa.text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'outbox_told'::regclass")
        )
        await connection.execute(sa.text("UPDATE moderation_version SET version_num = '0003'"))
    assert await asyncio.to_thread(moderation.store.upgrade, empty_database_address, to="0004") is True
    async with database.read() as connection:
        assert (await connection.execute(is_valid)).scalar() is True
    await database.close()


async def test_two_who_upgrade_at_once_do_each_step_once(empty_database_address: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "moderation", "db", "upgrade"]
    environment = {**os.environ, "BAITHAK_DATABASE_URL": empty_database_address, "BAITHAK_DATA_DIR": str(tmp_path)}
    both = [await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment) for _ in range(2)]
    assert [await process.wait() for process in both] == [0, 0]
    database = Database(empty_database_address)
    assert (await Desk.of(Store(database)).receive()).new
    await database.close()


async def test_an_upgrade_that_died_half_way_goes_on(empty_database_address: str) -> None:
    await first_form(empty_database_address)
    real, calls = moderation.migrating.change_rows, []

    def die(*arguments: Any, **named: Any) -> None:
        calls.append(arguments)
        raise OSError("killed")

    moderation.migrating.change_rows = die  # type: ignore[assignment]  # ends the process
    try:
        with pytest.raises(SettingsError):
            await asyncio.to_thread(bot.store.upgrade, empty_database_address)
    finally:
        moderation.migrating.change_rows = real
    assert calls
    assert await asyncio.to_thread(bot.store.upgrade, empty_database_address) is True
    database = Database(empty_database_address)
    async with database.read() as connection:
        left = "SELECT count(*) FROM inbox WHERE done_at IS NOT NULL AND (lane <> 0 OR CAST(payload AS TEXT) <> '{}')"
        assert (await connection.execute(sa.text(left))).scalar() == 0
        waiting = "SELECT count(*) FROM inbox WHERE done_at IS NULL AND lane <> 0"
        assert (await connection.execute(sa.text(waiting))).scalar() == 20
    await database.close()
