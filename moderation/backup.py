"""Tables into an archive and back, the same for every package and for both databases.

    save     every table of one moment, a row a line, while writers go on
    load     into tables that are there and empty, within the caller's transaction

Values are written as both databases keep them: instants as microseconds, flags and JSON as themselves. What only one
process could have had in its hand, a lease or a claim, is left out. Knows no table by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from moderation.archive import Archive, ArchiveWriter, Manifest, table_part
from moderation.database import Database, UtcTime, version_of
from moderation.errors import BackupRefused

ID_GAP = 1_000_000
"""How far beyond the backup's numbers a restored system goes on. Numbers given after the backup stand on buttons and in
addresses that people still have: were they given again, a press on an old card would decide about another comment."""

_ROWS_AT_ONCE = 500

_RAW: Mapping[str, Any] = {
    "int": sa.BigInteger(),
    "bool": sa.Boolean(),
    "json": sa.JSON(none_as_null=True),
    "text": sa.Text(),
}

Progress = Callable[[str, int], None]
"""Hears of each table how many rows were done so far."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package's tables. `as_saved` gives what is written instead of a column, by `table.column`; of the tables in
    `emptied`, which open doors, no row is saved. What `noted` asks for, one value each, the manifest says by its name.
    """

    name: str
    metadata: sa.MetaData
    version_table: str
    as_saved: Mapping[str, sa.ColumnElement[Any]] = field(default_factory=dict)
    emptied: frozenset[str] = frozenset()
    noted: Mapping[str, sa.Select[Any]] = field(default_factory=dict)


async def save(
    database: Database, packages: Sequence[Package], archive: ArchiveWriter, progress: Progress
) -> dict[str, Any]:
    """Write every table as it stands at one moment; answers what the manifest is to say of them.

    Raises BackupRefused where there are no tables.
    """
    schema: dict[str, str] = {}
    tables: dict[str, Any] = {}
    noted: dict[str, Any] = {}
    async with database.snapshot() as connection:
        for package in packages:
            version = await version_of(connection, package.version_table)
            if version is None:
                raise BackupRefused("the database has no tables yet: there is nothing to save")
            schema[package.name] = version
            for table in package.metadata.sorted_tables:
                await _save_table(connection, package, table, archive, progress)
                kinds = {column.name: _kind(column.type) for column in table.columns}
                tables[table.name] = {"columns": kinds, "last_id": await _last_id(connection, table)}
            for name, asked in package.noted.items():
                noted[name] = await connection.scalar(asked)
    return {"schema": schema, "tables": tables, **noted}


async def load(connection: AsyncConnection, archive: Archive, progress: Progress) -> None:
    """Fill empty tables, of the form they had at the backup, from an archive that `require_tables` let pass. Raises
    BackupRefused for a row that this database can't keep."""
    for name, about in archive.manifest.tables.items():  # in the order in which they lean on each other
        table = sa.table(name, *(sa.column(column, _RAW[kind]) for column, kind in about.columns.items()))
        count = 0
        rows = archive.rows(name)
        while batch := list(islice(rows, _ROWS_AT_ONCE)):
            await _insert(connection, table, batch)
            count += len(batch)
            progress(name, count)
        if count != archive.manifest.parts[table_part(name)].rows:
            raise BackupRefused(f"the backup was changed while it was read: {count} rows of {name} are not all")
        if about.last_id is not None:
            await _go_on_after(connection, name, about.last_id + ID_GAP)


async def require_tables(connection: AsyncConnection, packages: Sequence[Package], manifest: Manifest) -> None:
    """Compare the manifest's tables with those that stand in an SQLite database of the same forms.

    Names that come from a file are used only once they are known from here. Raises BackupRefused for a table that is
    missing, is none of the packages', or has other columns, and for one that counts up and does not say how far it was.
    """

    def known(plain: sa.Connection) -> Iterator[tuple[str, dict[str, str]]]:
        inspector = sa.inspect(plain)
        for name in inspector.get_table_names():
            yield name, {column["name"]: _kind(column["type"]) for column in inspector.get_columns(name)}

    there = await connection.run_sync(lambda plain: dict(known(plain)))
    for package in packages:
        del there[package.version_table]
    counted = sa.text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'")
    counting = set((await connection.scalars(counted)).all())
    for name in [*there, *manifest.tables]:
        about = manifest.tables.get(name)
        as_known = about is not None and there.get(name) == about.columns
        if about is None or not as_known or (about.last_id is not None) != (name in counting):
            raise BackupRefused(f"the backup's table {name} is missing, or is not as this Baithak knows it")


async def filled_table(connection: AsyncConnection, packages: Sequence[Package]) -> str | None:
    """A table that holds rows already; None where all are empty or not there."""
    there = set(await connection.run_sync(lambda plain: sa.inspect(plain).get_table_names()))
    for package in packages:
        for table in package.metadata.sorted_tables:
            if table.name not in there:
                continue
            if (await connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1))).first() is not None:
                return table.name
    return None


async def _save_table(
    connection: AsyncConnection, package: Package, table: sa.Table, archive: ArchiveWriter, progress: Progress
) -> None:
    columns = [
        sa.type_coerce(package.as_saved.get(f"{table.name}.{column.name}", column), _RAW[_kind(column.type)]).label(
            column.name
        )
        for column in table.columns
    ]
    wanted = sa.select(*columns).select_from(table).order_by(*table.primary_key)
    with archive.part(table_part(table.name)) as part:
        part.rows = 0
        if table.name in package.emptied:
            return
        streamed = await connection.stream(wanted.execution_options(yield_per=_ROWS_AT_ONCE))
        async for row in streamed.mappings():
            part.write_row(dict(row))
            if part.rows % _ROWS_AT_ONCE == 0:
                progress(table.name, part.rows)
        progress(table.name, part.rows)


def _kind(type_: sa.types.TypeEngine[Any]) -> str:
    if isinstance(type_, UtcTime | sa.Integer):
        return "int"
    if isinstance(type_, sa.Boolean):
        return "bool"
    return "json" if isinstance(type_, sa.JSON) else "text"


async def _last_id(connection: AsyncConnection, table: sa.Table) -> int | None:
    """The highest number this table ever gave; None for one that gives none."""
    column = table.autoincrement_column
    if column is None or column.name != "id" or not isinstance(column.type, sa.Integer):
        return None
    if connection.dialect.name == "sqlite":
        asked = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return int(await connection.scalar(asked, {"name": table.name}) or 0)
    sequence = await connection.scalar(sa.text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name})
    if sequence is None:
        return None
    last = "CASE WHEN is_called THEN last_value ELSE 0 END"
    asked = sa.text(f"SELECT {last} FROM {sequence}")  # noqa: S608  the database's own name
    return int(await connection.scalar(asked) or 0)


async def _go_on_after(connection: AsyncConnection, table: str, last_id: int) -> None:
    if connection.dialect.name == "postgresql":
        # No column of ours that counts up is called anything but id.
        await connection.execute(
            sa.text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"), {"name": table, "last": last_id}
        )
        return
    given = {"name": table, "last": last_id}
    done = await connection.execute(sa.text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name"), given)
    if not done.rowcount:
        await connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), given)


async def _insert(connection: AsyncConnection, table: sa.TableClause, rows: list[dict[str, Any]]) -> None:
    try:
        await connection.execute(sa.insert(table), rows)
    except (StatementError, ValueError, TypeError, OverflowError, RecursionError) as error:
        # Its own text would quote the row.
        kind = type(error.orig if isinstance(error, DBAPIError) else error).__name__
        raise BackupRefused(f"a row of the table {table.name} can't be kept by this database ({kind})") from None
