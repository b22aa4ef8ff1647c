"""`baithak backup`: one moment of all tables, and the model files that were promoted, as one file, while it runs."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot import erasure_list
from bot.keeping import require_database
from bot.settings import BotSettings
from bot.store.saving import SAVED as BOT
from moderation.archive import ArchiveWriter, model_part, writing
from moderation.backup import Progress, save
from moderation.classifier import shipped_models
from moderation.database import Database
from moderation.errors import SettingsError
from moderation.sealing import read_key
from moderation.store import Store
from moderation.store.saving import SAVED as MODERATION

log = structlog.get_logger(__name__)

PACKAGES = (MODERATION, BOT)


def backup(settings: BotSettings, path: Path, *, say: Progress) -> int:
    """Save the whole system while it runs; how many rows. The file is there once it is whole.

    Raises BackupRefused; SettingsError when the database, the key or the file's place can't be used.
    """
    address = require_database(settings)
    key = read_key(settings.backup_key_file) if settings.backup_key_file is not None else None
    try:
        erasure_list.add(settings.erasure_list(), [])  # so that it is there to be found when this backup is restored
        with writing(path, key=key) as archive:
            about = asyncio.run(_save(address, archive, say))
            archive.finish({**about, "erasure_list": str(settings.erasure_list())})
            return archive.rows
    except SQLAlchemyError as error:
        raise SettingsError(
            f"the database can't be read: {error.orig if isinstance(error, DBAPIError) else error}"
        ) from error
    except OSError as error:
        raise SettingsError(f"{error.filename or path} can't be written: {error.strerror or error}") from error


async def _save(address: str, archive: ArchiveWriter, say: Progress) -> dict[str, object]:
    database, made_at = Database(address), datetime.now(UTC)
    try:
        about = await save(database, PACKAGES, archive, say)
        models = await _save_models(Store(database), archive)
    finally:
        await database.close()
    return {**about, "made_at": made_at.isoformat(), "models": models}


async def _save_models(store: Store, archive: ArchiveWriter) -> dict[str, str | None]:
    """The files of models that were ever promoted and did not ship; by version, None for one that is not there."""
    shipped = {model.version for model in shipped_models()}
    promoted = {promotion.version for promotion in await store.promotions()} - shipped
    saved: dict[str, str | None] = {}
    for record in await store.models():
        if record.version not in promoted:
            continue
        content = await asyncio.to_thread(_file_of, Path(record.path), record.sha256)
        saved[record.version] = record.sha256 if content is not None else None
        if content is None:
            log.warning("model file missing or altered, saved without it", model=record.version, path=record.path)
        else:
            with archive.part(model_part(record.version)) as part:
                part.write(content)
    return saved


def _file_of(path: Path, sha256: str) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == sha256 else None
