"""Migrations forward, beside readers and writers of the form before.

Each migration is a transaction of its own, and waits for a table's lock no longer than LOCK_S before it lets go and
tries again: whoever reads queues behind a lock that is waited for. What has to read or write every row of a table that
may be large (`add_index`, `change_rows`) is done outside of it, in steps that keep nobody waiting and may be done
again. The rules for a new migration are in docs/adr/0015-migrations-beside-readers.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError

from moderation.database import Database, url_of
from moderation.errors import SettingsError

log = structlog.get_logger(__name__)

LOCK_S = 0.5
"""Seconds a migration waits for a table on PostgreSQL. So long at most does it keep anybody else waiting there."""

PAUSE_S = 1.0
"""Seconds between two tries, in which all who had to wait get their turn."""

PATIENCE_S = 600.0
"""Seconds in which a table must have been free once: a backup reads all tables for as long as it takes."""

ROWS_AT_ONCE = 2_000
"""Rows one step of `change_rows` writes: some ten milliseconds in which SQLite's other writers wait."""

_ALONE = 0x62616D69
"""Key of the advisory lock of whoever migrates (PostgreSQL)."""

_IN_THE_WAY = {"55P03", "40P01"}
"""SQLSTATEs of a lock not got in time, and of a deadlock that ended us."""


def upgrade(address: str, *, migrations: Path, version_table: str, to: str = "head") -> bool:
    """Bring one package's tables to their newest form, or to an older one; True if anything was done.

    Blocking; run it before an event loop, or in a thread. What was done stays done when it raises SettingsError: when
    the database can't be reached, or a table was never free. Run again it goes on from there.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    url = url_of(address)
    config = Config()
    config.set_main_option("script_location", str(migrations))
    done: list[str] = []
    config.attributes.update(address=address, version_table=version_table, done=done)
    script = ScriptDirectory.from_config(config)

    def next_step(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs(to, revision)[:1]

    try:
        with _alone_on_sqlite(url):
            before = -1
            while len(done) > before:
                before = len(done)
                with EnvironmentContext(config, script, fn=next_step, destination_rev=to):
                    script.run_env()
    except (DBAPIError, CommandError, OSError) as error:
        # Not only OperationalError: asyncpg has kinds of its own for a wrong password and a missing database.
        place = url.render_as_string(hide_password=True)
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(error, DBAPIError) and _is_in_the_way(error):
            raise SettingsError(
                f"the tables of {place} can't be upgraded: something kept them for {PATIENCE_S:.0f} s ({cause}); "
                "end it, or wait for it, and upgrade again"
            ) from error
        raise SettingsError(f"the database {place} can't be opened: {cause}") from error
    return bool(done)


def run_migrations(metadata: sa.MetaData) -> None:
    """What each package's `migrations/env.py` calls: the next migration, over the asynchronous driver."""
    from alembic import context

    attributes = context.config.attributes

    def note(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
        attributes["done"].append(step.up_revision_id)

    def migrate(connection: sa.Connection) -> None:
        _be_alone(connection)
        context.configure(
            connection=connection,
            target_metadata=metadata,
            version_table=attributes["version_table"],
            on_version_apply=note,
            transactional_ddl=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()

    async def connect() -> None:
        database = Database(attributes["address"])
        try:
            async with database.migration() as connection:
                await connection.run_sync(migrate)
        finally:
            await database.close()

    gives_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            return asyncio.run(connect())
        except DBAPIError as error:
            if not _is_in_the_way(error) or time.monotonic() > gives_up_at:
                raise
            log.info("tables not free to be upgraded", version_table=attributes["version_table"])
            time.sleep(PAUSE_S)


def add_index(name: str, table: str, columns: list[str], *, unique: bool = False, where: str | None = None) -> None:
    """An index on a table that has rows: others go on reading and, on PostgreSQL, writing. Again is harmless."""
    with _a_step_alone() as connection:
        if connection.dialect.name == "postgresql":
            broken = sa.text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
            if connection.execute(broken, {"name": name}).scalar():
                # Left by a build that was ended: it answers nothing, and would stand in the way of this one.
                connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")
        kind = "UNIQUE INDEX" if unique else "INDEX"
        how = "CONCURRENTLY " if connection.dialect.name == "postgresql" else ""
        condition = f" WHERE {where}" if where is not None else ""
        connection.exec_driver_sql(
            f"CREATE {kind} {how}IF NOT EXISTS {name} ON {table} ({', '.join(columns)}){condition}"
        )


def drop_index(name: str) -> None:
    """An index goes, on a table that has rows. Again is harmless."""
    with _a_step_alone() as connection:
        how = "CONCURRENTLY " if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP INDEX {how}IF EXISTS {name}")


def change_rows(table: str, key: str, *, values: Mapping[str, str], where: str) -> None:
    """UPDATE rows of a table that has many, some at a time in the order of its key, each part a transaction.

    `values` and `where` are SQL. `where` must not hold for a row once it was changed, so that again is harmless. The
    key is a number above 0.
    """
    rows = sa.table(table, sa.column(key), *map(sa.column, values))
    number, upto = rows.c[key], 0
    changed = sa.update(rows).values({name: sa.text(value) for name, value in values.items()})
    while True:
        with _a_step_alone() as connection:
            part = sa.select(number).where(number > upto).order_by(number).limit(ROWS_AT_ONCE).subquery()
            last = connection.execute(sa.select(sa.func.max(part.c[key]))).scalar()
            if last is None:
                return
            connection.execute(changed.where(number > upto, number <= last, sa.text(where)))
            upto = int(last)


@contextlib.contextmanager
def _alone_on_sqlite(url: sa.URL) -> Iterator[None]:
    """Make the file's folder, and wait until nobody else migrates there: its own lock is let go of between steps."""
    if url.get_backend_name() != "sqlite" or not url.database:
        yield
        return
    folder = Path(url.database).parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # What readers wrote is nobody else's, also in a folder that was there; SQLite's other files are like this one.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(url.database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _be_alone(connection: sa.Connection) -> None:
    """Wait until nobody else migrates, and have PostgreSQL end us rather than let others wait behind us."""
    if connection.dialect.name != "postgresql":
        return
    connection.exec_driver_sql(f"SET lock_timeout = {round(LOCK_S * 1000)}")
    # Asked again and again rather than waited for: the other's CREATE INDEX CONCURRENTLY would wait for our waiting.
    while not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_ALONE})").scalar():
        connection.commit()
        time.sleep(PAUSE_S)
    connection.commit()


@contextlib.contextmanager
def _a_step_alone() -> Iterator[sa.Connection]:
    """A connection outside the migration's transaction, which is committed as far as it has come."""
    from alembic import op

    with op.get_context().autocommit_block():
        connection = op.get_bind()
        postgresql = connection.dialect.name == "postgresql"
        if postgresql:
            # CONCURRENTLY waits for the transactions before it, and nobody waits for it meanwhile.
            connection.exec_driver_sql("SET lock_timeout = 0")
        yield connection
        if postgresql:
            connection.exec_driver_sql(f"SET lock_timeout = {round(LOCK_S * 1000)}")


def _is_in_the_way(error: DBAPIError) -> bool:
    """Whether another's lock is all that was wrong."""
    return getattr(error.orig, "sqlstate", None) in _IN_THE_WAY or "database is locked" in str(error.orig)
