"""What end-to-end tests may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browsers import browser, chromium, newsroom
from tests.e2e.chat_page import Opening, Sandbox

__all__ = ["browser", "chromium", "newsroom", "opened"]

# What comes, comes soon; a machine that is busy with other tests gets the time.
expect.set_options(timeout=20_000)


@pytest_asyncio.fixture(loop_scope="session")
async def opened(browser: Browser, tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens a sandbox's page, of a given width and colours; afterwards the page must have had no error of its own."""
    made: list[Sandbox] = []

    async def open_(path: str | None = "/", *, width: int = 1440, dark: bool = False) -> Sandbox:
        context = await browser.new_context(
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
