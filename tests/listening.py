"""An open live stream, as a page has it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

WAIT_S = 30


class Listener:
    """An open stream, read event by event."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def block(self) -> dict[str, str]:
        """The next block of lines, by field."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(WAIT_S):
            while (line := (await self._answer.content.readline()).decode()) != "\n":
                assert line, "the stream ended"
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
        return fields

    async def event(self) -> tuple[str, dict[str, Any]]:
        """The next event with its data."""
        while "event" not in (fields := await self.block()):
            continue
        return fields["event"], json.loads(fields["data"]) | {"event_id": int(fields["id"])}

    async def ended(self) -> bool:
        """Whether the server closes the stream."""
        async with asyncio.timeout(WAIT_S):
            while await self._answer.content.readline():
                continue
        return True


@contextlib.asynccontextmanager
async def listening(http: aiohttp.ClientSession, story: str, *, after: int | None = None) -> AsyncIterator[Listener]:
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    async with http.get("/api/v1/comments/stream", params={"story": story}, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        listener = Listener(answer)
        assert "id" in await listener.block(), "a page can resume before it saw any event"
        yield listener
