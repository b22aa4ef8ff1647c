"""`baithak restore`: a backup's tables and model files into an empty database, less whoever was erased since.

    manifest and every part checked → lists of erasures → an empty database → tables as the archive's forms have them
    → rows, model files, and who was erased, in one transaction

Nothing erased comes back: whoever stands on a list is erased anew in the transaction that brings the tables back. What
was sent stays sent; what was waiting then waits again.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

import bot
import bot.store
import moderation.store
from bot import erasure_list, preflight
from bot.backup import PACKAGES
from bot.erasure_list import Listed
from bot.privacy import newest_message
from bot.settings import BotSettings
from bot.store import BotStore
from bot.subscriber import person_name, telegram_id
from moderation.archive import Archive, reading
from moderation.backup import Progress, filled_table, load, require_tables
from moderation.classifier import shipped_models
from moderation.database import Database, url_of, version_of
from moderation.errors import BackupRefused, SettingsError
from moderation.privacy import author_hash, erase_within
from moderation.sealing import read_key
from moderation.store import Change, Store
from moderation.store.tables import models

UPGRADES = {"moderation": moderation.store.upgrade, "bot": bot.store.upgrade}
VERSIONS = {"moderation": preflight.versions(moderation), "bot": preflight.versions(bot)}
NEWEST = {name: max(versions) for name, versions in VERSIONS.items()}


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: rows of all tables, from when, how many readers were erased again, and the audit's head then."""

    rows: int
    made_at: datetime
    erased_again: int
    audit_head: str | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An archive to be restored, with the erasures to honour and where each model's file will be."""

    archive: Archive
    listed: Sequence[Listed]
    model_files: Mapping[str, Path]
    say: Progress


def restore(settings: BotSettings, path: Path, *, lists: Sequence[Path] | None, say: Progress) -> Restored:
    """Bring a backup back into an empty database, less whoever was erased since.

    `lists` are files that name erasures, besides the list in the data directory and the one where the backup was made;
    None says that nobody was erased since. A backup of an older form is brought up to date on the way; until this
    returned, its database is not to be used. Raises BackupRefused and ListRefused before anything was changed, or with
    the tables left empty; SettingsError.
    """
    key = read_key(settings.backup_key_file) if settings.backup_key_file is not None else None
    try:
        with reading(path, key=key) as archive:
            listed = [] if lists is None else _listed(settings, archive, lists)
            return _restore(settings, archive, listed, say)
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise SettingsError(f"the database can't be used: {cause}") from error
    except OSError as error:
        raise SettingsError(f"{error.filename or path} can't be used: {error.strerror or error}") from error


def _listed(settings: BotSettings, archive: Archive, given: Sequence[Path]) -> list[Listed]:
    """Every erasure that any list names. Raises BackupRefused where there is no list at all."""
    own = (settings.erasure_list(), Path(archive.manifest.erasure_list))
    paths = [*given, *dict.fromkeys(path for path in own if path.is_file())]
    if not paths:
        raise BackupRefused(
            f"who was erased since the backup would be back: name the list {own[0].name} of that system's data"
            " directory by --erasures, or say --no-erasures where nobody was"
        )
    return [one for path in paths for one in erasure_list.read(path)]


def _restore(settings: BotSettings, archive: Archive, listed: Sequence[Listed], say: Progress) -> Restored:
    address = settings.database_address()
    wanted = archive.manifest.forms
    _require_known(wanted)
    _require_form(_forms(address), wanted)
    _require_tables(archive)
    model_files = _places(settings, archive)
    for name, upgrade in UPGRADES.items():
        upgrade(address, to=wanted[name])
    work = _Wanted(archive, listed, model_files, say)
    is_newest = wanted == NEWEST
    again = asyncio.run(_fill(address, work, erase=is_newest))
    if not is_newest:
        for upgrade in UPGRADES.values():
            upgrade(address)
        again = asyncio.run(_erase(address, work))
    asyncio.run(_list_all(address, settings.erasure_list()))
    rows = sum(part.rows or 0 for part in archive.manifest.parts.values())
    return Restored(rows, archive.manifest.made_at, again, archive.manifest.audit_head)


def _forms(address: str) -> dict[str, str | None]:
    """The form of each package's tables, None where there are none. Raises BackupRefused where there are rows."""

    async def look() -> dict[str, str | None]:
        database = Database(address)
        try:
            async with database.read() as connection:
                await _require_empty(connection)
                return {package.name: await version_of(connection, package.version_table) for package in PACKAGES}
        finally:
            await database.close()

    url = url_of(address)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return dict.fromkeys(UPGRADES)  # looking would make the file
    return asyncio.run(look())


async def _require_empty(connection: AsyncConnection) -> None:
    filled = await filled_table(connection, PACKAGES)
    if filled is not None:
        raise BackupRefused(
            f"the database is not empty (there are rows in {filled}): name a new one by BAITHAK_DATABASE_URL, or an"
            " empty folder by BAITHAK_DATA_DIR"
        )


def _require_known(wanted: Mapping[str, str]) -> None:
    if set(wanted) != set(NEWEST):
        raise BackupRefused("the backup is damaged: its manifest names other packages than ours")
    for name, newest in NEWEST.items():
        if wanted[name] > newest:
            raise BackupRefused(
                f"the backup was made by a newer Baithak (its {name} tables are of form {wanted[name]}, ours of"
                f" {newest}): install that one"
            )
        if wanted[name] not in VERSIONS[name]:
            raise BackupRefused(f"the backup is damaged: {name} never had tables of form {wanted[name]}")


def _require_form(there: Mapping[str, str | None], wanted: Mapping[str, str]) -> None:
    for name in NEWEST:
        if there[name] not in {None, wanted[name]}:
            raise BackupRefused(
                f"the backup is of form {wanted[name]} and the empty {name} tables are of {there[name]}: name a"
                " database without tables"
            )


def _require_tables(archive: Archive) -> None:
    """Raises BackupRefused where the archive's tables are not those that the migrations make of its forms.

    They are made in a place of their own: what is found wrong after the first table stands is found too late.
    """

    async def compare(address: str) -> None:
        database = Database(address)
        try:
            async with database.read() as connection:
                await require_tables(connection, PACKAGES, archive.manifest)
        finally:
            await database.close()

    with tempfile.TemporaryDirectory(prefix="baithak-") as folder:
        address = f"sqlite+aiosqlite:///{Path(folder) / 'forms.db'}"
        for name, upgrade in UPGRADES.items():
            upgrade(address, to=archive.manifest.forms[name])
        asyncio.run(compare(address))


def _places(settings: BotSettings, archive: Archive) -> dict[str, Path]:
    """Where each of the archive's model files is to be. Raises BackupRefused where another one is there."""
    places: dict[str, Path] = {}
    for version, sha256 in archive.manifest.models.items():
        if sha256 is None:
            continue
        target = (settings.data_dir / "models").resolve() / f"{version}.skops"
        if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() != sha256:
            raise BackupRefused(f"{target} is there and another model than the backup's: move it away")
        places[version] = target
    return places


def _keep_models(archive: Archive, places: Mapping[str, Path]) -> None:
    """Put the archive's model files into the data directory. Raises OSError."""
    for version, target in places.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f"{target.name}.part")
        with fresh.open("wb") as file:
            archive.copy_model(version, file)
        fresh.replace(target)


async def _fill(address: str, wanted: _Wanted, *, erase: bool) -> int:
    database = Database(address)
    try:
        async with database.write() as connection:
            await _require_empty(connection)
            await load(connection, wanted.archive, wanted.say)
            shipped = {model.version: model.path for model in shipped_models()}
            for version, path in {**wanted.model_files, **shipped}.items():
                found = sa.update(models).where(models.c.version == version)
                await connection.execute(found.values(path=str(path)))
            again = await _erase_listed(database, connection, wanted.listed) if erase else 0
            _keep_models(wanted.archive, wanted.model_files)  # the last thing that can fail before the commit
            return again
    finally:
        await database.close()


async def _erase(address: str, wanted: _Wanted) -> int:
    database = Database(address)
    try:
        async with database.write() as connection:
            return await _erase_listed(database, connection, wanted.listed)
    finally:
        await database.close()


async def _erase_listed(database: Database, connection: AsyncConnection, listed: Sequence[Listed]) -> int:
    """Erase whoever a list names and this database does not know to be erased; how many of them were found in it."""
    change, store, bot_store = Change(database, connection), Store(database), BotStore(database)
    known = await change.noted_erasures()
    names = {*await store.authors(connection), *map(person_name, await bot_store.forgotten.people(connection))}
    by_hash = {author_hash(name): name for name in names}
    found: set[str] = set()
    for one in sorted(listed, key=lambda one: one.erasure.erased_at):
        erasure = one.erasure
        if (erasure.author_hash, erasure.erased_at) in known:
            continue
        author = by_hash.get(erasure.author_hash)
        if author is not None:
            found.add(author)
            await _erase_one(change, connection, bot_store, author, one)
        await change.note_erasure(erasure)
        await bot_store.forgotten.note(
            connection,
            author_hash=erasure.author_hash,
            through_message=one.through_message,
            erased_at=erasure.erased_at,
        )
    return len(found)


async def _erase_one(
    change: Change, connection: AsyncConnection, bot_store: BotStore, author: str, one: Listed
) -> None:
    erasure, person = one.erasure, telegram_id(author)
    erased = await erase_within(change, author, who=erasure.who, now=erasure.erased_at)
    if person is not None:
        await bot_store.forgotten.erase_within(
            connection,
            person,
            author_hash=erasure.author_hash,
            comments={*erased.comments, *erased.kept},
            answers=erased.answers,
            through_message=max(one.through_message, newest_message(erased)),
            before_update=None,
            now=erasure.erased_at,
        )


async def _list_all(address: str, path: Path) -> None:
    """What is erased here stands on this system's own list from now on."""
    database = Database(address)
    try:
        erasures, through = await Store(database).erasures(), await BotStore(database).forgotten.all_through()
        erasure_list.add(path, [Listed(one, through.get(one.author_hash, 0)) for one in erasures])
    finally:
        await database.close()
