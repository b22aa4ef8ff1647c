"""The store for the length of one command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from moderation.database import opened
from moderation.errors import SettingsError
from moderation.settings import Settings
from moderation.store import Store, upgrade

R = TypeVar("R")


def has_data(settings: Settings) -> bool:
    """Whether there is a store at all, or one was named: asking makes no database."""
    return settings.database_url is not None or (settings.data_dir / "baithak.db").is_file()


def require_data(settings: Settings) -> None:
    """Raises SettingsError where no system has its data: what is done there would look done and change nothing."""
    if not has_data(settings):
        raise SettingsError(
            f"no system has its data in {settings.data_dir}: start it first, or set BAITHAK_DATA_DIR to where it has"
        )


def with_store(settings: Settings, work: Callable[[Store], Awaitable[R]]) -> R:
    """Do something with the store, whose tables are made first where they are missing. Raises SettingsError."""
    upgrade(settings.database_address())
    return asyncio.run(_open(settings, work))


async def _open(settings: Settings, work: Callable[[Store], Awaitable[R]]) -> R:
    async with opened(settings.database_address()) as database:
        return await work(Store(database))
