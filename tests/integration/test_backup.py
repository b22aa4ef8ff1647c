"""A backup is one moment of everything, and comes back whole, less whoever was erased since; or nothing is changed."""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import json
import os
import threading
import zipfile
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

import bot.store
import moderation.store
from bot import erasure_list
from bot.backup import backup
from bot.doctor import look_at_database
from bot.privacy import ReaderData
from bot.restoring import Restored, restore
from bot.settings import BotSettings
from bot.store import BotStore
from moderation import archive
from moderation.backup import ID_GAP, Package, save
from moderation.database import Database
from moderation.errors import BackupRefused, SettingsError
from moderation.outcomes import Outcomes
from moderation.privacy import Privacy
from moderation.sealer import Sealer, verify
from moderation.sealing import MAGIC
from moderation.store import ModelRecord, Store
from tests.builders import NOW
from tests.desk import Desk
from tests.kept import NAME, PERSON, READER, TABLES, WORD, busy_reader, every_row, traces

if TYPE_CHECKING:
    from tests.conftest import PostgreSQL

LATER = NOW + timedelta(minutes=1)
HELD_BY_ONE_PROCESS = {("login_links", "*"), ("outbox", "leased_until"), ("inbox", "leased_until")}
_numbers = itertools.count(1)


def quiet(table: str, rows: int) -> None:
    """Nobody wants to hear how far it has come."""


FROM_SQLITE = pytest.mark.parametrize("server", [None], ids=["sqlite"])
"""For a file that is damaged, or without its key: which database it was saved from does not matter then."""


def settings_for(address: str, folder: Path, **given: Any) -> BotSettings:
    return BotSettings(database_url=SecretStr(address), data_dir=folder, **given)


@pytest.fixture
def home(database_address: str, tmp_path: Path) -> BotSettings:
    """The system that is saved."""
    return settings_for(database_address, tmp_path / "home")


@pytest.fixture(params=["sqlite", "postgresql"])
def away_server(request: pytest.FixtureRequest) -> PostgreSQL | None:
    """Where the empty database lives: on the same kind of server and on the other."""
    if request.param == "sqlite":
        return None
    running: PostgreSQL = request.getfixturevalue("postgresql")
    return running


@pytest.fixture
async def away(away_server: PostgreSQL | None, tmp_path: Path) -> AsyncIterator[BotSettings]:
    """An empty database elsewhere."""
    if away_server is None:
        yield settings_for(f"sqlite+aiosqlite:///{tmp_path / 'away' / 'baithak.db'}", tmp_path / "away")
        return
    name = f"away_{next(_numbers)}"
    await away_server.run(f"CREATE DATABASE {name}")
    yield settings_for(away_server.address.format(name), tmp_path / "away")
    await away_server.run(f"DROP DATABASE {name} WITH (FORCE)")


async def saved(settings: BotSettings, path: Path) -> int:
    return await asyncio.to_thread(backup, settings, path, say=quiet)


async def brought_back(settings: BotSettings, path: Path, *lists: Path, none: bool = False) -> Restored:
    return await asyncio.to_thread(restore, settings, path, lists=None if none else lists, say=quiet)


async def rows_of(settings: BotSettings) -> dict[str, list[dict[str, Any]]]:
    database = Database(settings.database_address())
    try:
        return await every_row(database)
    finally:
        await database.close()


async def traces_in(settings: BotSettings) -> list[str]:
    database = Database(settings.database_address())
    try:
        return [found for found in await traces(database) if not found.startswith("forgotten")]
    finally:
        await database.close()


def data_of(database: Database, settings: BotSettings) -> ReaderData:
    store = Store(database)
    doors = Privacy(store, Outcomes(store, None))
    return ReaderData(BotStore(database), doors, listed_in=settings.erasure_list(), clock=lambda: LATER)


def without_leases(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    kept = {
        name: [dict(row) for row in found] for name, found in rows.items() if (name, "*") not in HELD_BY_ONE_PROCESS
    }
    for table, column in HELD_BY_ONE_PROCESS:
        for row in kept.get(table, []):
            row.pop(column, None)
    return kept


def parts(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as opened:
        found: dict[str, Any] = json.loads(opened.read(archive.MANIFEST))["parts"]
    return found


async def test_everything_comes_back_on_either_database_from_either(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    await busy_reader(database)
    await BotStore(database).inbox.lease(at_most=1, lease_s=9, now=NOW)
    before = await every_row(database)
    count = await saved(home, tmp_path / "one.zip")
    assert count == sum(len(rows) for name, rows in before.items() if name != "login_links")
    done = await brought_back(away, tmp_path / "one.zip")
    assert (done.rows, done.erased_again) == (count, 0)
    after = await rows_of(away)
    assert without_leases(after) == without_leases(before)
    assert after["login_links"] == [], "who opened a door then opens none now"
    assert all(row["leased_until"] is None for table in ("inbox", "outbox") for row in after[table])
    await saved(away, tmp_path / "two.zip")
    assert parts(tmp_path / "two.zip") == parts(tmp_path / "one.zip"), "every table's count and hash"
    assert (await look_at_database(away)).fault is None
    for upgrade in (moderation.store.upgrade, bot.store.upgrade):
        assert await asyncio.to_thread(upgrade, away.database_address()) is False


async def test_the_seals_on_the_audit_come_along_and_hold_for_who_is_erased_again(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    await busy_reader(database)
    sealer = Sealer(Store(database), clock=lambda: NOW)
    newest = [await sealer.look() for _ in range(2)][-1]
    assert newest is not None
    await saved(home, tmp_path / "one.zip")
    await data_of(database, home).erase(READER, who="reader")
    done = await brought_back(away, tmp_path / "one.zip")
    assert (done.erased_again, done.audit_head) == (1, str(newest.head))
    restored = Database(away.database_address())
    store = Store(restored)
    assert (await verify(store, head=newest.head)).sealed == newest.row_count
    await Desk.of(store).publish()
    again = Sealer(store, clock=lambda: LATER)
    further = [await again.look() for _ in range(2)][-1]
    assert further is not None and further.number == 2 and further.up_to > ID_GAP
    found = await verify(store, head=newest.head)
    assert (found.unsealed, found.newest) == (0, further)
    await restored.close()


class Writers:
    """Readers who go on writing while a backup is made; each table of the backup waits until they wrote on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._written = threading.Condition()
        self.count = 0
        self.waited = 0

    async def run(self) -> None:
        while True:
            accepted = await self._desk.publish(author=f"telegram:{1000 + self.count % 7}")
            await self._desk.edit(accepted, f"again {self.count}")
            with self._written:
                self.count += 1
                self._written.notify_all()

    def pause(self, table: str, rows: int) -> None:
        with self._written:
            now = self.count
            assert self._written.wait_for(lambda: self.count > now, timeout=30)
            self.waited += 1


async def test_a_backup_among_writers_is_one_moment(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    desk = Desk.of(Store(database))
    for number in range(20):
        await desk.publish(text=f"before {number}")
    writers = Writers(desk)
    writing = asyncio.create_task(writers.run())
    try:
        await asyncio.to_thread(backup, home, tmp_path / "one.zip", say=writers.pause)
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    assert writers.waited >= len(TABLES) - 2, "they wrote between any two tables that are saved"
    await brought_back(away, tmp_path / "one.zip")
    rows, now = await rows_of(away), await every_row(database)
    assert len(rows["comments"]) < len(now["comments"]), "what came after the moment is not in it"
    ids = {row["id"] for row in rows["comments"]}
    assert {row["comment_id"] for row in rows["revisions"]} == ids
    received = [row for row in rows["audit"] if row["to_status"] == "received"]
    assert sorted(row["revision_id"] for row in received) == sorted(row["id"] for row in rows["revisions"])
    assert sum(row["kind"] == "received" for row in rows["outbox"]) == len(rows["revisions"])
    screened = {row["revision_id"] for row in rows["audit"] if row["act"] == "screen"}
    assert {row["id"] for row in rows["revisions"] if row["outcome"] is not None} == screened
    agreed = {row["author"] for row in rows["agreements"]}
    assert {row["author"] for row in rows["comments"]} <= agreed
    await saved(away, tmp_path / "two.zip")
    assert parts(tmp_path / "two.zip") == parts(tmp_path / "one.zip")


@pytest.mark.parametrize("told_by", ["the list of the system that was saved", "a list that is named", "its own list"])
async def test_a_reader_erased_since_the_backup_stays_erased(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path, told_by: str
) -> None:
    await busy_reader(database)
    await saved(home, tmp_path / "one.zip")
    await data_of(database, home).erase(READER, who="reader")
    lists = []
    if told_by != "the list of the system that was saved":
        named = tmp_path / "list.jsonl" if told_by == "a list that is named" else away.erasure_list()
        named.parent.mkdir(parents=True, exist_ok=True)
        home.erasure_list().rename(named)
        lists = [named] if told_by == "a list that is named" else []
    done = await brought_back(away, tmp_path / "one.zip", *lists)
    assert done.erased_again == 1
    assert await traces_in(away) == []
    rows = await rows_of(away)
    assert len(rows["comments"]) == 6 and len(rows["erasures"]) == 1
    assert len(erasure_list.read(away.erasure_list())) == 1, "and is on the new system's list"
    restored = Database(away.database_address())
    assert await data_of(restored, away).is_covered(PERSON, 32), "what is replayed brings nothing back"
    await restored.close()


async def test_without_any_list_nothing_is_brought_back_unless_it_is_said_that_nobody_was_erased(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    await busy_reader(database)
    await saved(home, tmp_path / "one.zip")
    home.erasure_list().unlink()
    with pytest.raises(BackupRefused, match="--no-erasures"):
        await brought_back(away, tmp_path / "one.zip")
    assert (await brought_back(away, tmp_path / "one.zip", none=True)).rows > 0


async def test_who_came_back_after_an_erasure_and_was_then_saved_is_not_erased_again(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    await busy_reader(database)
    await data_of(database, home).erase(READER, who="reader")
    await Desk.of(Store(database)).publish(author=READER, author_name=NAME, text=f"a new {WORD}")
    await saved(home, tmp_path / "one.zip")
    assert (await brought_back(away, tmp_path / "one.zip")).erased_again == 0
    assert f"revisions: {WORD}" in await traces_in(away)


async def test_what_was_sent_is_not_sent_again_and_what_waited_waits(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    await busy_reader(database)
    told = len(await Desk.of(Store(database)).told(now=LATER))
    assert told > 0
    await Desk.of(Store(database)).publish(text="not told yet")
    await saved(home, tmp_path / "one.zip")
    await brought_back(away, tmp_path / "one.zip")
    restored = Database(away.database_address())
    assert await BotStore(restored).deliveries.lease(at_most=10, lease_s=9, clock=lambda: LATER) == []
    assert [event.kind for event in await Desk.of(Store(restored)).told(now=LATER)] == ["received", "published"]
    await restored.close()


async def test_numbers_that_people_still_have_are_not_given_again(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    desk = Desk.of(Store(database))
    last = await desk.publish()
    await saved(home, tmp_path / "one.zip")
    after = await desk.publish(text="after the backup")
    await brought_back(away, tmp_path / "one.zip")
    restored = Database(away.database_address())
    new = await Desk.of(Store(restored)).publish()
    await restored.close()
    assert new.comment_id == last.comment_id + ID_GAP + 1 > after.comment_id


async def test_a_backup_goes_only_into_an_empty_database(database: Database, home: BotSettings, tmp_path: Path) -> None:
    await busy_reader(database)
    await saved(home, tmp_path / "one.zip")
    before = await every_row(database)
    with pytest.raises(BackupRefused, match="not empty"):
        await brought_back(home, tmp_path / "one.zip")
    assert await every_row(database) == before


def key_file(folder: Path) -> Path:
    path = folder / f"key-{next(_numbers)}"
    path.write_bytes(b64encode(os.urandom(32)) + b"\n")
    return path


async def test_an_encrypted_backup_shows_nothing_and_comes_back_by_its_key(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    await busy_reader(database)
    before = await every_row(database)
    key = key_file(tmp_path)
    path = tmp_path / "one.sealed"
    await saved(home.model_copy(update={"backup_key_file": key}), path)
    assert path.stat().st_mode & 0o077 == 0
    content = path.read_bytes()
    assert content.startswith(MAGIC) and b"tables/" not in content and archive.MANIFEST.encode() not in content
    await brought_back(away.model_copy(update={"backup_key_file": key}), path)
    assert without_leases(await rows_of(away)) == without_leases(before)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def last_byte_gone(content: bytes) -> bytes:
    return content[:-1]


def one_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def foreign(content: bytes) -> bytes:
    return b"PK\x03\x04 something else entirely" * 50


def nothing(content: bytes) -> bytes:
    return b""


def byte_behind(content: bytes) -> bytes:
    return content + b"\0"


def byte_before(content: bytes) -> bytes:
    return b"\0" + content


def beginning_before_the_first_byte(content: bytes) -> bytes:
    return content[:-6] + (2**32 - 2).to_bytes(4, "little") + content[-2:]


def packed_in_another_way(content: bytes) -> bytes:
    at = content.rfind(b"PK\x01\x02") + 10
    return content[:at] + zipfile.ZIP_BZIP2.to_bytes(2, "little") + content[at + 2 :]


def packed_anew(content: bytes, way: int) -> bytes:
    """The same parts packed otherwise, and the first damaged in its middle."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(packed, "w", way) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        first = target.infolist()[0]
    damaged = bytearray(packed.getvalue())
    middle = first.header_offset + 30 + len(first.filename) + first.compress_size // 2
    damaged[middle : middle + 20] = bytes(byte ^ 0x5A for byte in damaged[middle : middle + 20])
    return bytes(damaged)


@FROM_SQLITE
@pytest.mark.parametrize("way", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("is_looked_at", [True, False])
async def test_a_damaged_backup_packed_otherwise_is_refused_by_its_packing_and_by_whatever_breaks(
    database: Database,
    home: BotSettings,
    away: BotSettings,
    tmp_path: Path,
    way: int,
    is_looked_at: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await busy_reader(database)
    path = tmp_path / "one"
    await saved(home, path)
    path.write_bytes(packed_anew(path.read_bytes(), way))
    if not is_looked_at:
        monkeypatch.setattr(archive, "_check_packing", lambda *_: None)
    with pytest.raises(BackupRefused, match="packed as no backup is" if is_looked_at else r"is damaged \("):
        await brought_back(away, path)
    await nothing_there(away)


async def test_no_bit_of_a_backup_changes_unseen(database: Database, home: BotSettings, tmp_path: Path) -> None:
    await busy_reader(database)
    path = tmp_path / "one"
    await saved(home, path)
    whole = path.read_bytes()
    with archive.reading(path, key=None):
        pass
    # The ends, where a zip has most of what nobody reads, and places all over.
    places = {*range(64), *range(len(whole) - 300, len(whole)), *range(0, len(whole), len(whole) // 150)}
    unseen = []
    for place in sorted(places):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        try:
            with archive.reading(path, key=None):
                unseen.append(place)
        except BackupRefused:
            continue
    assert unseen == []


async def test_a_backup_from_before_it_ended_with_its_digest_is_read(
    database: Database, home: BotSettings, tmp_path: Path
) -> None:
    await busy_reader(database)
    path = tmp_path / "one"
    await saved(home, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-66] + b"\0\0")
    with archive.reading(path, key=None) as old:
        assert old.manifest.parts


DAMAGES = (
    *(cut, last_byte_gone, one_bit, foreign, nothing, byte_behind, byte_before),
    *(beginning_before_the_first_byte, packed_in_another_way),
)


@FROM_SQLITE
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("sealed", [False, True])
async def test_a_damaged_backup_is_refused_in_one_line_and_nothing_is_changed(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path, damage: Any, sealed: bool
) -> None:
    await busy_reader(database)
    given = {"backup_key_file": key_file(tmp_path)} if sealed else {}
    path = tmp_path / "one"
    await saved(home.model_copy(update=given), path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BackupRefused) as refused:
        await brought_back(away.model_copy(update=given), path)
    assert "\n" not in str(refused.value) and str(path) in str(refused.value)
    await nothing_there(away)


async def nothing_there(settings: BotSettings) -> None:
    address = settings.database_address()
    if address.startswith("sqlite"):
        assert not Path(address.partition("///")[2]).exists()
        return
    database = Database(address)
    async with database.read() as connection:
        assert await connection.run_sync(lambda plain: sa.inspect(plain).get_table_names()) == []
    await database.close()


@FROM_SQLITE
@pytest.mark.parametrize("key", ["another", "none"])
async def test_without_its_own_key_a_backup_is_refused(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path, key: str
) -> None:
    await saved(home.model_copy(update={"backup_key_file": key_file(tmp_path)}), tmp_path / "one")
    given = {"backup_key_file": key_file(tmp_path)} if key == "another" else {}
    with pytest.raises(BackupRefused, match="key"):
        await brought_back(away.model_copy(update=given), tmp_path / "one")
    await nothing_there(away)


@pytest.mark.parametrize("content", [b"", b"too short", b64encode(b"x" * 31), b64encode(b"x" * 33), b"\xff" * 44])
def test_what_is_no_key_is_refused_before_anything_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    settings = BotSettings(data_dir=tmp_path, backup_key_file=path)
    with pytest.raises(SettingsError, match="BAITHAK_BACKUP_KEY_FILE"):
        restore(settings, tmp_path / "one", lists=(), say=quiet)


@FROM_SQLITE
async def test_a_part_that_is_not_as_the_manifest_says_is_refused(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    await busy_reader(database)
    await saved(home, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as old, zipfile.ZipFile(tmp_path / "two.zip", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b'"status":"held"', b'"status":"free"'))
    with pytest.raises(BackupRefused, match="is not what its manifest says"):
        await brought_back(away, tmp_path / "two.zip")
    await nothing_there(away)


@FROM_SQLITE
async def test_a_backup_of_a_newer_form_is_refused(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    await saved(home, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as old, zipfile.ZipFile(tmp_path / "two.zip", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == archive.MANIFEST:
                manifest = json.loads(content)
                manifest["schema"]["bot"] = "9999"
                content = json.dumps(manifest).encode()
            new.writestr(name, content)
    with pytest.raises(BackupRefused, match="newer"):
        await brought_back(away, tmp_path / "two.zip")
    await nothing_there(away)


async def test_a_backup_that_fails_leaves_the_earlier_one_and_nothing_beside_it(
    database: Database, home: BotSettings, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "one.zip").write_bytes(b"the earlier one")

    def breaks(table: str, rows: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(SettingsError, match="No space left"):
        await asyncio.to_thread(backup, home, folder / "one.zip", say=breaks)
    assert [path.name for path in folder.iterdir()] == ["one.zip"]
    assert (folder / "one.zip").read_bytes() == b"the earlier one"


async def test_a_backup_replaces_a_file_and_nothing_else(database: Database, home: BotSettings, tmp_path: Path) -> None:
    pipe, link, file = tmp_path / "pipe", tmp_path / "link", tmp_path / "one.zip"
    os.mkfifo(pipe)
    with pytest.raises(SettingsError, match="what stands there is no file"):
        await asyncio.to_thread(backup, home, pipe, say=quiet)
    assert pipe.is_fifo()
    link.symlink_to(file)
    await asyncio.to_thread(backup, home, link, say=quiet)
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_promoted_model_comes_along_and_is_found_where_it_is_now(
    database: Database, home: BotSettings, away: BotSettings, tmp_path: Path
) -> None:
    content = b"a trained model"
    file = tmp_path / "elsewhere" / "2026-11-24.9.skops"
    file.parent.mkdir()
    file.write_bytes(content)
    store = Store(database)
    sha256 = hashlib.sha256(content).hexdigest()
    await store.record_model(ModelRecord("2026-11-24.9", sha256, str(file), {}, NOW))
    await store.record_model(ModelRecord("2026-11-24.8", sha256, str(file), {}, NOW))
    await store.promote("2026-11-24.9", who="cli:ops", now=NOW)
    await saved(home, tmp_path / "one.zip")
    file.unlink()
    await brought_back(away, tmp_path / "one.zip")
    restored = Database(away.database_address())
    active = await Store(restored).active_model()
    await restored.close()
    assert active is not None and active.version == "2026-11-24.9"
    assert Path(active.path) == away.data_dir / "models" / "2026-11-24.9.skops"
    assert Path(active.path).read_bytes() == content


async def test_a_backup_of_an_older_form_is_brought_up_to_date_on_the_way(
    empty_database_address: str, away: BotSettings, tmp_path: Path
) -> None:
    from tests.integration.test_upgrade import first_rows, read_back

    await first_rows(empty_database_address)
    old = Database(empty_database_address)
    async with old.read() as connection:
        reflected = {name: sa.MetaData() for name in ("moderation", "bot")}
        for name, metadata in reflected.items():
            known = {"moderation": moderation.store.tables.metadata, "bot": bot.store.tables.metadata}[name].tables
            await connection.run_sync(
                lambda plain, metadata=metadata, known=known: metadata.reflect(
                    plain, only=lambda table, _: table in known
                )
            )
    packages = [Package(name, metadata, f"{name}_version") for name, metadata in reflected.items()]
    with archive.writing(tmp_path / "old.zip", key=None) as made:
        about = await save(old, packages, made, quiet)
        # Read back from SQLite, a number that Telegram gives looks like one that is counted up.
        about["tables"]["subscribers"]["last_id"] = None
        made.finish({**about, "made_at": NOW.isoformat(), "models": {}, "erasure_list": "/nowhere"})
    await old.close()
    await brought_back(away, tmp_path / "old.zip", none=True)
    assert (await look_at_database(away)).fault is None
    await read_back(away.database_address())
