"""The browser in which pages are tried, where there is one, and the newsroom whose pages they are.

A browser takes longer to start than most of these tests to run: one serves all tests of a process, which therefore
share one event loop, and each test has what it opened closed behind it.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Request, async_playwright

from moderation.database import Database
from moderation.queue import connect
from tests.chromium import CHROMIUM
from tests.newsroom import Newsroom, running_newsroom

IN_ONE_LOOP = pytest.mark.asyncio(loop_scope="session")
"""For every test that takes a fixture of this file."""

cut_off: list[str] = []
"""What a page of the test in hand asked for and did not get because the machine's network changed meanwhile."""


def network_changed() -> bool:
    """Whether Chromium gave up any request of the test in hand for a change of the machine's addresses.

    It drops every connection then, those within the machine too: on a machine that starts containers this comes at any
    moment, and no setting forbids it. A test that met it has shown nothing, neither of the page nor of our code.
    """
    return bool(cut_off)


IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.flaky(reruns=3, condition=network_changed),
    pytest.mark.skipif(CHROMIUM is None, reason="pages are tested in Chromium: install the package `chromium`"),
    pytest.mark.xdist_group("pages"),
    IN_ONE_LOOP,
]


def in_chromium(test: Callable[..., Any]) -> Callable[..., Any]:
    """Mark one test, where the others of its file need no browser."""
    return reduce(lambda marked, mark: mark(marked), IN_CHROMIUM, test)


def _listen(context: BrowserContext) -> None:
    context.on("requestfailed", _note_cut_off)


def _note_cut_off(request: Request) -> None:
    if "ERR_NETWORK_CHANGED" in (request.failure or ""):
        cut_off.append(request.url)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A browser for the session."""
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        browser.on("context", _listen)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """A browser in which nothing is open, and in which nothing stays open."""
    cut_off.clear()
    yield chromium
    for context in chromium.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def newsroom(sqlite_template: Path, redis_address: str, tmp_path: Path) -> AsyncIterator[Newsroom]:
    """The web part on a fresh database: SQLite alone, for nothing on a page depends on the database."""
    shutil.copy(sqlite_template, tmp_path / "baithak.db")
    database, redis = Database(f"sqlite+aiosqlite:///{tmp_path / 'baithak.db'}"), connect(redis_address)
    await redis.flushall()
    async with running_newsroom(database, redis, api_per_minute=10_000) as newsroom:
        yield newsroom
    await redis.aclose()
    await database.close()
