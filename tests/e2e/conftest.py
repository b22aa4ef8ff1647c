"""What end-to-end tests may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from redis.asyncio import Redis

import tests.browsers
from moderation.database import Database
from tests.e2e.chat_page import Opening, Sandbox
from tests.newsroom import Newsroom, running_newsroom

# What comes, comes soon; a machine that is busy with other tests gets the time.
expect.set_options(timeout=20_000)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with tests.browsers.chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def opened(chromium: Browser, tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens a sandbox's page, of a given width and colours; afterwards the page must have had no error of its own."""
    made: list[Sandbox] = []

    async def open_(path: str | None = "/", *, width: int = 1440, dark: bool = False) -> Sandbox:
        context = await chromium.new_context(
            viewport={"width": width, "height": 850}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        sandbox = Sandbox(folder=tmp_path, context=context, page=page, http=aiohttp.ClientSession())
        page.on("pageerror", lambda error: sandbox.faults.append(str(error)))
        page.on("console", lambda line: _note(sandbox, line.text))
        made.append(sandbox)
        await sandbox.start()
        if path is not None:
            await sandbox.open(path)
        return sandbox

    yield open_
    for sandbox in made:
        await sandbox.context.close()
        await sandbox.stop()
        await sandbox.http.close()
        assert sandbox.faults == []


def _note(sandbox: Sandbox, line: str) -> None:
    if "Content Security Policy" in line or "Uncaught" in line:
        sandbox.faults.append(line)


@pytest.fixture(params=["sqlite"])
def server() -> None:
    """SQLite alone: nothing here depends on the database."""
    return


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    """The web part on a fresh database."""
    async with running_newsroom(database, redis, api_per_minute=10_000) as newsroom:
        yield newsroom


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser for one test."""
    async with tests.browsers.chromium() as browser:
        yield browser
