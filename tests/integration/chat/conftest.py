"""A bot among people, for each test. On SQLite: what both databases must do is tested on the store itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from moderation.database import Database
from tests.integration.chat.talk import Talk, running_talk


@pytest.fixture
def server() -> None:
    """No database server."""


@pytest.fixture
async def talk(database: Database, redis: Redis, tmp_path: Path) -> AsyncIterator[Talk]:
    """The running bot and its people; nobody has written yet."""
    async with running_talk(database, redis, tmp_path) as talk:
        yield talk
