"""A proxy before Redis that loses answers: the command arrives and is carried out, and who sent it never hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

Loses = Callable[[int], bool]


@dataclass
class Proxy:
    """Where it listens, and how many answers it passed on and lost."""

    port: int
    answers: int = 0
    lost: int = 0

    @property
    def address(self) -> str:
        """As a client wants it."""
        return f"redis://127.0.0.1:{self.port}"


def every(number: int) -> Loses:
    """Each n-th answer gets lost."""
    return lambda answer: answer % number == 0


@asynccontextmanager
async def losing_answers(target: str, loses: Loses) -> AsyncIterator[Proxy]:
    """A TCP port before a Redis on a unix socket; in place of a lost answer the connection breaks."""
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(target.removeprefix("unix://"))

        async def commands() -> None:
            while data := await reader.read(65536):
                up_writer.write(data)

        passing = asyncio.create_task(commands())
        talks.add(passing)
        while data := await up_reader.read(65536):
            proxy.answers += 1
            if loses(proxy.answers):
                proxy.lost += 1
                break
            writer.write(data)
        passing.cancel()
        talks.discard(passing)
        up_writer.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        server.close()
        for task in talks:
            task.cancel()
