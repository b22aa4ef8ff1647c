"""A backup that somebody edited, with its hashes written anew, is refused in one line, and nothing is changed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tracemalloc
import warnings
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot import erasure_list
from bot.backup import backup
from bot.erasure_list import Listed
from bot.settings import BotSettings
from moderation.archive import LONGEST_LINE, MANIFEST, reading, writing
from moderation.database import Database
from moderation.errors import BackupRefused
from moderation.privacy import author_hash
from moderation.store import Erasure, ModelRecord, Store
from tests.builders import NOW
from tests.integration.processes import baithak
from tests.kept import READER, busy_reader

if TYPE_CHECKING:
    from tests.conftest import PostgreSQL

COMMENTS = "tables/comments.jsonl"
VERSION = "2026-11-24.9"
MODEL = f"models/{VERSION}.skops"


@dataclass
class Edited:
    """A backup that is open for editing: its manifest, and its parts' bytes."""

    manifest: dict[str, Any]
    parts: dict[str, bytes]
    raw: bytes | None = None
    rehashed: bool = True
    twice: bool = False

    def row(self, edit: Callable[[dict[str, Any]], Any]) -> None:
        """Edit the first comment."""
        first, *rest = self.parts[COMMENTS].splitlines(keepends=True)
        row = json.loads(first)
        edit(row)
        self.parts[COMMENTS] = b"".join([json.dumps(row).encode() + b"\n", *rest])

    def write(self, path: Path) -> None:
        """The file, with hashes and sizes that fit again."""
        if self.rehashed:
            for name, content in self.parts.items():
                part = self.manifest["parts"].setdefault(name, {"rows": None})
                part.update(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
            for name in set(self.manifest["parts"]) - set(self.parts):
                del self.manifest["parts"][name]
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile warns of a name that comes twice
            for name, content in self.parts.items():
                archive.writestr(name, content)
            if self.twice:
                archive.writestr(COMMENTS, b"")
            archive.writestr(MANIFEST, json.dumps(self.manifest) if self.raw is None else self.raw)


Manipulation = Callable[[Edited], Any]


def of_part(**given: Any) -> Manipulation:
    return lambda edited: edited.manifest["parts"][COMMENTS].update(given)


def of_table(**given: Any) -> Manipulation:
    return lambda edited: edited.manifest["tables"]["comments"].update(given)


def of_manifest(**given: Any) -> Manipulation:
    return lambda edited: edited.manifest.update(given)


def without(name: str) -> Manipulation:
    return lambda edited: edited.manifest.pop(name)


def raw(content: bytes) -> Manipulation:
    return lambda edited: setattr(edited, "raw", content)


def comments(content: bytes, rows: int = 1) -> Manipulation:
    def manipulate(edited: Edited) -> None:
        edited.parts[COMMENTS] = content
        edited.manifest["parts"][COMMENTS]["rows"] = rows

    return manipulate


def no_rows_named(edited: Edited) -> None:
    del edited.manifest["parts"][COMMENTS]["rows"]


def no_tables(edited: Edited) -> None:
    edited.manifest["tables"] = {}
    edited.parts = {name: content for name, content in edited.parts.items() if not name.startswith("tables/")}


def without_table(edited: Edited) -> None:
    del edited.manifest["tables"]["switches"], edited.parts["tables/switches.jsonl"]


def foreign_table(edited: Edited) -> None:
    edited.manifest["tables"]["sqlite_master"] = {"columns": {"name": "text"}, "last_id": None}
    edited.parts["tables/sqlite_master.jsonl"] = b'{"name":"x"}\n'
    edited.manifest["parts"]["tables/sqlite_master.jsonl"] = {"rows": 1}


def of_size(edited: Edited) -> None:
    edited.rehashed = False
    edited.manifest["parts"][COMMENTS]["size"] += 1


def of_model(edited: Edited) -> None:
    edited.parts[MODEL] = b"another model"


def member_of_no_table(edited: Edited) -> None:
    edited.parts["tables/none.txt"] = b"x"


def climbing(edited: Edited) -> None:
    edited.manifest["models"]["../../slip"] = hashlib.sha256(b"x").hexdigest()
    edited.parts["models/../../slip.skops"] = b"x"


def misspelt(edited: Edited) -> None:
    edited.row(lambda row: row.update(idd=row.pop("id")))


def misspelt_everywhere(edited: Edited) -> None:
    columns = edited.manifest["tables"]["switches"]["columns"]
    columns["notee"] = columns.pop("note", "text")


def of_row(**given: Any) -> Manipulation:
    return lambda edited: edited.row(lambda row: row.update(given))


def of_columns(kind: str) -> Manipulation:
    return lambda edited: edited.manifest["tables"]["comments"]["columns"].update(story=kind)


MANIPULATIONS: dict[str, Manipulation] = {
    "a part without rows": no_rows_named,
    "rows that are no number": of_part(rows="many"),
    "more rows than there are": of_part(rows=99999),
    "fewer rows than there are": of_part(rows=1),
    "another size": of_size,
    "no moment": without("made_at"),
    "a moment that colours the terminal": of_manifest(made_at="\x1b[31mX"),
    "no form": without("schema"),
    "a form that never was": of_manifest(schema={"moderation": "0000", "bot": "0001"}),
    "a form that is a word": of_manifest(schema={"moderation": "head", "bot": "head"}),
    "one package alone": of_manifest(schema={"moderation": "0003"}),
    "an older form than the tables": of_manifest(schema={"moderation": "0001", "bot": "0001"}),
    "no models": without("models"),
    "no list of erasures": without("erasure_list"),
    "a list of erasures that is a number": of_manifest(erasure_list=5),
    "a list of erasures that colours the terminal": of_manifest(erasure_list="/\x1b[31m"),
    "a head that colours the terminal": of_manifest(audit_head="1:\x1b[31m"),
    "a field that nobody knows": of_manifest(other=1),
    "the form's number as a word": of_manifest(baithak_backup="\x1b[31m1"),
    "an unknown kind of column": of_columns("blob"),
    "another kind of column": of_columns("json"),
    "a highest number that is text": of_table(last_id="9"),
    "a highest number beyond any column": of_table(last_id=2**63),
    "a highest number that leaves none to give": of_table(last_id=2**63 - 1),
    "a highest number below nought": of_table(last_id=-2_000_000),
    "a highest number that is not": of_table(last_id=0),
    "a highest number that is left out": of_table(last_id=None),
    "a manifest nested too deep": raw(b"[" * 200_000),
    "a manifest that is a list": raw(b"[]"),
    "a manifest that is no text": raw(b"\xff"),
    "a manifest too long": raw(b" " * (5 << 20)),
    "a model that is not in it": of_manifest(models={"evil": "a" * 64}),
    "another model under its name": of_model,
    "a model's name that climbs": climbing,
    "a table's file that is missing": lambda edited: edited.parts.pop(COMMENTS),
    "no tables": no_tables,
    "a table left out": without_table,
    "a table that is not ours": foreign_table,
    "a part that nothing names": member_of_no_table,
    "a part that is there twice": lambda edited: setattr(edited, "twice", True),
    "a column that the table has not": misspelt_everywhere,
    "a row with a misspelt column": misspelt,
    "a row that is no JSON": comments(b"not json\n"),
    "a row that is a list": comments(b"[1]\n"),
    "a row that is empty": comments(b"{}\n"),
    "a row nested too deep": comments(b"[" * 200_000 + b"\n"),
    "a number that is a list": of_row(id=[1]),
    "a number that is a flag": of_row(id=True),
    "a number beyond any column": of_row(parent=2**63),
    "a text that no database keeps": of_row(story="\ud800"),
    "a line without end": comments(b'{"id":"' + b"x" * LONGEST_LINE + b'"}\n'),
}


async def edited_backup(database: Database, folder: Path, manipulate: Manipulation) -> Path:
    """A backup of a busy system with a promoted model, edited."""
    await busy_reader(database)
    file, content = folder / f"{VERSION}.skops", b"a trained model"
    file.write_bytes(content)
    store = Store(database)
    await store.record_model(ModelRecord(VERSION, hashlib.sha256(content).hexdigest(), str(file), {}, NOW))
    await store.promote(VERSION, who="cli:ops", now=NOW)
    path = folder / "one.backup"
    settings = BotSettings(database_url=SecretStr(database.address), data_dir=folder / "home")
    await asyncio.to_thread(backup, settings, path, say=lambda table, rows: None)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    edited = Edited(json.loads(parts.pop(MANIFEST)), parts)
    manipulate(edited)
    edited.write(path)
    return path


async def refused(path: Path, folder: Path, **given: str) -> str:
    """What `baithak restore` says; it must be one line, with status 1."""
    done = await asyncio.to_thread(baithak, folder, "restore", "--no-erasures", str(path), **given)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert done.stderr.strip().isprintable() and "Traceback" not in done.stderr
    return done.stderr


class TestOnSQLite:
    """What is found wrong before a database is looked at is the same on both."""

    @pytest.fixture
    def server(self) -> None:
        """On SQLite."""

    @pytest.mark.parametrize("manipulation", MANIPULATIONS)
    async def test_a_manipulated_backup_is_refused_in_one_line_and_nothing_is_changed(
        self, database: Database, tmp_path: Path, manipulation: str
    ) -> None:
        path = await edited_backup(database, tmp_path, MANIPULATIONS[manipulation])
        await refused(path, tmp_path / "away")
        there = [found for found in (tmp_path / "away").rglob("*") if found.is_file()]
        assert there == [], "no database, and no model"

    async def test_what_is_only_written_anew_comes_back(self, database: Database, tmp_path: Path) -> None:
        path = await edited_backup(database, tmp_path, lambda edited: None)
        done = await asyncio.to_thread(baithak, tmp_path / "away", "restore", "--no-erasures", str(path))
        assert done.returncode == 0 and "rows are back as they were at 20" in done.stdout, done.stderr
        assert (tmp_path / "away" / MODEL).read_bytes() == b"a trained model"

    async def test_a_row_that_the_database_can_not_keep_leaves_tables_without_a_row_and_no_model(
        self, database: Database, tmp_path: Path
    ) -> None:
        path = await edited_backup(database, tmp_path, of_row(story=None))
        assert "can't be kept by this database" in await refused(path, tmp_path / "away")
        address = f"sqlite+aiosqlite:///{tmp_path / 'away' / 'baithak.db'}"
        assert await rows_in(address) == 0
        assert not (tmp_path / "away" / MODEL).exists()

    async def test_a_line_without_end_is_not_read_whole(self, database: Database, tmp_path: Path) -> None:
        path = await edited_backup(database, tmp_path, comments(b" " * (20 * LONGEST_LINE)))
        tracemalloc.start()
        try:
            with pytest.raises(BackupRefused, match="damaged"), reading(path, key=None):
                pass
            assert tracemalloc.get_traced_memory()[1] < 5 * LONGEST_LINE
        finally:
            tracemalloc.stop()

    async def test_one_reader_erased_again_is_told_of_as_one(self, database: Database, tmp_path: Path) -> None:
        path, erased = await edited_backup(database, tmp_path, lambda edited: None), tmp_path / "list.jsonl"
        erasure_list.add(erased, [Listed(Erasure(author_hash(READER), NOW, "reader"), 40)])
        words = ("restore", "--erasures", str(erased), str(path))
        done = await asyncio.to_thread(baithak, tmp_path / "away", *words)
        assert done.stdout.endswith("; 1 reader was erased again\n"), done.stderr


@pytest.fixture
async def away(postgresql: PostgreSQL) -> AsyncIterator[str]:
    """The address of an empty database on PostgreSQL."""
    name = f"manipulated_{os.getpid()}"
    await postgresql.run(f"CREATE DATABASE {name}")
    yield postgresql.address.format(name)
    await postgresql.run(f"DROP DATABASE {name} WITH (FORCE)")


async def rows_in(address: str) -> int:
    database = Database(address)
    try:
        async with database.read() as connection:
            return await connection.scalar(sa.text("SELECT count(*) FROM comments")) or 0
    finally:
        await database.close()


async def test_on_postgresql_a_manipulated_backup_is_refused_and_no_table_is_made(
    database: Database, away: str, tmp_path: Path
) -> None:
    path = await edited_backup(database, tmp_path, without_table)
    assert "switches" in await refused(path, tmp_path / "away", BAITHAK_DATABASE_URL=away)
    there = Database(away)
    async with there.read() as connection:
        assert await connection.run_sync(lambda plain: sa.inspect(plain).get_table_names()) == []
    await there.close()


def test_a_row_too_long_to_be_read_again_is_not_saved(tmp_path: Path) -> None:
    with (
        pytest.raises(BackupRefused, match="can't be saved"),
        writing(tmp_path / "one", key=None) as made,
        made.part("tables/one.jsonl") as part,
    ):
        part.write_row({"id": "x" * LONGEST_LINE})
    assert list(tmp_path.iterdir()) == []
