"""The sandbox's chat page open in a browser, for tests: the bot's side, the people's, and what stands on the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from playwright.async_api import BrowserContext, Locator, Page, expect

from bot.sandbox import create_app

EMMA, BILAL, MEERA, OMAR = 1001, 1002, 2001, 2002
GROUP = -1003000000001


@dataclass
class Sandbox:
    """A running sandbox, the bot's side of it, and the page open in a browser."""

    folder: Path
    context: BrowserContext
    page: Page
    http: aiohttp.ClientSession
    faults: list[str] = field(default_factory=list)
    port: int = 0
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Serve, on the same port after a stop."""
        self.runner = web.AppRunner(create_app(self.folder), shutdown_timeout=0.5)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the server and leave its folder."""
        assert self.runner is not None
        await self.runner.cleanup()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self, path: str = "/") -> None:
        """Open the page and wait until its windows are alive."""
        await self.page.goto(self.address + path)
        await expect(self.page.locator(".chat-status:visible").first).not_to_have_text("connecting…")

    async def bot(self, method: str, **params: Any) -> Any:
        """Call a method of the Bot API, as the bot does."""
        async with self.http.post(f"{self.address}/bot42:SANDBOX/{method}", json=params) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API, as programs do."""
        async with self.http.request(method, f"{self.address}/control/{path}", json=body) as response:
            assert response.ok, await response.text()
            return await response.json()

    async def write(self, person: int, text: str, chat: int | None = None) -> Any:
        return await self.control("POST", f"users/{person}/messages", {"text": text, "chat_id": chat or person})

    async def texts(self, chat: int) -> list[str]:
        """What stands in a chat, as the server has it."""
        return [message["text"] for message in await self.control("GET", f"chats/{chat}/messages")]

    async def next_update(self, kind: str) -> Any:
        """The next update of that kind; others before it are confirmed unread."""
        offset = 0
        while True:
            for update in await self.bot("getUpdates", offset=offset, timeout=10):
                offset = update["update_id"] + 1
                if kind in update:
                    await self.bot("getUpdates", offset=offset)
                    return update[kind]

    def window(self, person: int) -> Locator:
        return self.page.locator(f".window[data-person='{person}']")

    def bubbles(self, person: int) -> Locator:
        return self.window(person).locator(".words")

    async def type(self, person: int, text: str) -> None:
        """Write into a person's window and send it with Enter."""
        field_ = self.window(person).locator("textarea")
        await field_.fill(text)
        await field_.press("Enter")


Opening = Callable[..., Awaitable[Sandbox]]


def keyboard(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}
