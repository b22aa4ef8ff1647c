"""A sandbox for tests: the bot's calls and the people's acts, each one line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp.test_utils import TestServer

from bot.sandbox import create_app

TOKEN = "42:SANDBOX"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (8).to_bytes(4, "big") + (4).to_bytes(4, "big") + b"\x08\x02\0\0\0"
EMMA, BILAL, MEERA, OMAR = 1001, 1002, 2001, 2002
GROUP = -1003000000001
BOT = 42


Seen = TypeVar("Seen")


class Refused(AssertionError):
    """A call the test meant to succeed was refused."""


class Sandbox:
    """One running sandbox, seen from outside over HTTP."""

    def __init__(self, address: str, http: aiohttp.ClientSession) -> None:
        self.address = address
        self.http = http

    async def answer(self, method: str, /, **params: Any) -> dict[str, Any]:
        """The bot's call, with whatever answer it gets."""
        async with self.http.post(f"{self.address}/bot{TOKEN}/{method}", json=params) as response:
            body: dict[str, Any] = await response.json()
            assert body["ok"] or body["error_code"] == response.status
            return body

    async def call(self, method: str, /, **params: Any) -> Any:
        """The bot's call, which is to succeed; gives its result."""
        body = await self.answer(method, **params)
        if not body["ok"]:
            raise Refused(f"{method}: {body['description']}")
        return body["result"]

    async def control(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A control request; gives the status and the JSON."""
        async with self.http.request(verb, f"{self.address}/control/{path}", json=body) as response:
            return response.status, await response.json()

    async def do(self, verb: str, path: str, body: Any = None) -> Any:
        """A control request which is to succeed; gives the JSON."""
        status, answer = await self.control(verb, path, body)
        if status != 200:
            raise Refused(f"{verb} {path}: {status} {answer}")
        return answer

    async def write(self, person: int, text: str, **more: Any) -> dict[str, Any]:
        """The person writes."""
        message: dict[str, Any] = await self.do("POST", f"users/{person}/messages", {"text": text, **more})
        return message

    async def start(self, *people: int) -> None:
        """These people have started the bot and the bot has seen it."""
        for person in people:
            await self.write(person, "/start")
        await self.updates(offset=-1)
        await self.call("getUpdates", offset=2**40)

    async def send(self, chat: int, text: str, **more: Any) -> dict[str, Any]:
        """The bot sends a message."""
        message: dict[str, Any] = await self.call("sendMessage", chat_id=chat, text=text, **more)
        return message

    async def picture(self, chat: int) -> str:
        """The file_id of an uploaded picture; the message it came with is gone again."""
        form = aiohttp.FormData({"chat_id": str(chat)})
        form.add_field("photo", PNG, filename="dot.png", content_type="image/png")
        async with self.http.post(f"{self.address}/bot{TOKEN}/sendPhoto", data=form) as response:
            message = (await response.json())["result"]
        await self.call("deleteMessage", chat_id=chat, message_id=message["message_id"])
        return str(message["photo"][0]["file_id"])

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        """What getUpdates gives."""
        updates: list[dict[str, Any]] = await self.call("getUpdates", **params)
        return updates

    async def messages(self, chat: int, after: int = 0) -> list[dict[str, Any]]:
        """The chat as the control API shows it."""
        messages: list[dict[str, Any]] = await self.do("GET", f"chats/{chat}/messages?after={after}")
        return messages


@asynccontextmanager
async def sandbox_running(folder: Path | None = None) -> AsyncIterator[Sandbox]:
    """A sandbox on a free port, which remembers in that folder or nowhere."""
    server = TestServer(create_app(folder))
    await server.start_server()
    async with aiohttp.ClientSession() as http:
        yield Sandbox(str(server.make_url("")).rstrip("/"), http)
    await server.close()


async def until(look: Callable[[], Awaitable[Seen]], *, at_most_s: float = 75.0) -> Seen:
    """What the look gives as soon as it gives anything true; between two looks whoever is looked at gets the time."""
    async with asyncio.timeout(at_most_s):
        while not (seen := await look()):
            await asyncio.sleep(0.01)
        return seen


def keyboard(*buttons: dict[str, Any]) -> dict[str, Any]:
    """An inline keyboard of one row."""
    return {"inline_keyboard": [list(buttons)]}
