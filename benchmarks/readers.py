"""Readers at the sandbox, who write comments at a steady rate through its control API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.site import POLL_S, now, opened
from moderation.settings import Settings

Message = tuple[int, int]
"""A message by its chat and its number there."""

AT_ONCE = 10
STORY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who agreed to the terms, and the number of the message with a story that they answer."""

    id: int
    story: int


class Sandbox:
    """A sandbox's control API. Whatever it refuses raises aiohttp.ClientResponseError."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def lift_limits(self) -> None:
        """Let the bot write as much as it likes; what the bot allows itself stays."""
        async with self._http.put("/control/limits", json={"enabled": False}) as answer:
            answer.raise_for_status()

    async def readers(self, settings: Settings, count: int) -> list[Reader]:
        """New readers, each with a story before them. Raises TimeoutError where no story comes."""
        at_once = asyncio.Semaphore(AT_ONCE)

        async def joined(number: int) -> Reader:
            async with at_once, asyncio.timeout(STORY_WITHIN_S):
                return await self._join(f"Reader {number}")

        found = await asyncio.gather(*map(joined, range(count)))
        async with opened(settings) as site:
            intake = site.intake()
            for reader in found:
                await intake.agree(f"telegram:{reader.id}", language="en", now=now())
        return found

    async def write(self, readers: Sequence[Reader], texts: Sequence[str], *, per_s: float) -> dict[Message, float]:
        """Write the texts at this rate, whatever becomes of those before; when each was due, in seconds since 1970."""
        due_at: dict[Message, float] = {}

        async def write(reader: Reader, text: str, due: float) -> None:
            body = {"text": text, "reply_to_message_id": reader.story}
            message = await self._post(f"/control/users/{reader.id}/messages", body)
            due_at[reader.id, message["message_id"]] = due

        began = time.time()
        async with asyncio.TaskGroup() as tasks:
            for number, text in enumerate(texts):
                due = began + number / per_s
                await asyncio.sleep(max(0.0, due - time.time()))
                tasks.create_task(write(readers[number % len(readers)], text, due))
        return due_at

    async def _join(self, name: str) -> Reader:
        reader = (await self._post("/control/users", {"first_name": name, "language_code": "en"}))["id"]
        await self._post(f"/control/users/{reader}/messages", {"text": "/start"})
        choice = await self._seen(reader, "lang:")
        await self._post(f"/control/users/{reader}/presses", {"message_id": choice, "data": "lang:en"})
        return Reader(reader, await self._seen(reader, "comment:"))

    async def _seen(self, chat: int, button: str) -> int:
        """The first message with a button whose data begins so."""
        while True:
            async with self._http.get(f"/control/chats/{chat}/messages") as answer:
                for message in await answer.json():
                    if _has(message, button):
                        return int(message["message_id"])
            await asyncio.sleep(POLL_S)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._http.post(path, json=body) as answer:
            answer.raise_for_status()
            result: dict[str, Any] = await answer.json()
            return result


@contextlib.asynccontextmanager
async def sandbox_at(port: int) -> AsyncIterator[Sandbox]:
    """The control API at this port; as many requests at once as there are."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as http:
        yield Sandbox(http)


def updates_of(journal: Path) -> dict[Message, int]:
    """Which update brought the bot which message, as the sandbox's journal has it: the bot forgets what it handled."""
    found: dict[Message, int] = {}
    for line in journal.read_text(encoding="utf-8").splitlines():
        kind, _, value = json.loads(line)
        if kind == "update" and value is not None and (message := value["update"].get("message")) is not None:
            found[message["chat"]["id"], message["message_id"]] = value["update"]["update_id"]
    return found


def _has(message: dict[str, Any], data: str) -> bool:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return any(str(button.get("callback_data", "")).startswith(data) for row in rows for button in row)
