"""What stands behind `baithak reader` and `baithak legal`: the doors of the chat, opened by who runs the system."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from bot.privacy import ReaderData
from bot.settings import BotSettings
from bot.store import BotStore
from bot.subscriber import person_name
from moderation.database import opened, url_of
from moderation.errors import SettingsError
from moderation.outcomes import Outcomes
from moderation.privacy import Erased, LegalHold, Privacy
from moderation.queue import connect
from moderation.running import who
from moderation.store import Store

T = TypeVar("T")


def author_of(reader: str) -> str | None:
    """The author a command names: a Telegram number, or a whole name such as `web:abc`; None for neither."""
    if re.fullmatch(r"[0-9]{1,18}", reader):
        return person_name(int(reader))
    return reader if re.fullmatch(r"[^\s:]+:\S+", reader) else None


def export_reader(settings: BotSettings, author: str) -> dict[str, Any]:
    """Everything held of the reader. Raises SettingsError."""
    return _run(settings, lambda data, _privacy: data.export(author))


def erase_reader(settings: BotSettings, author: str) -> Erased:
    """Erase the reader everywhere; again is harmless. Raises SettingsError."""
    return _run(settings, lambda data, _privacy: data.erase(author, who=who()))


def put_legal_hold(settings: BotSettings, comment_id: int, note: str) -> bool:
    """Keep a comment's text; False when it is kept already. Raises SettingsError, UnknownComment."""
    return _run(settings, lambda _data, privacy: privacy.hold(comment_id, who=who(), note=note, now=_now()))


def release_legal_hold(settings: BotSettings, comment_id: int) -> LegalHold | None:
    """End a legal hold; None where there was none. Raises SettingsError, UnknownComment."""
    return _run(settings, lambda _data, privacy: privacy.release(comment_id, who=who(), now=_now()))


def legal_holds(settings: BotSettings) -> list[LegalHold]:
    """Every comment kept, longest first. Raises SettingsError."""
    return _run(settings, lambda _data, privacy: privacy.legal_holds())


def require_database(settings: BotSettings) -> str:
    """The address of a database that is there: these commands make none. Raises SettingsError."""
    address = settings.database_address()
    url = url_of(address)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise SettingsError(f"there is no database {url.database}: name the system's own by BAITHAK_DATA_DIR")
    return address


def _run(settings: BotSettings, work: Callable[[ReaderData, Privacy], Awaitable[T]]) -> T:
    address = require_database(settings)

    async def run() -> T:
        async with opened(address) as database, contextlib.aclosing(connect(settings.redis_address())) as redis:
            store = Store(database)
            privacy = Privacy(store, Outcomes(store, redis))
            data = ReaderData(BotStore(database), privacy, listed_in=settings.erasure_list(), clock=_now)
            return await work(data, privacy)

    return asyncio.run(run())


def _now() -> datetime:
    return datetime.now(UTC)
