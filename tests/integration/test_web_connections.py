"""Connections that keep others out, or fill the log: half, silent, without number, and what is no request."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from moderation.database import Database
from moderation.web import connections, serving, stream
from tests.e2e.system import ROOT
from tests.listening import WAIT_S
from tests.newsroom import Newsroom, free_port, running_newsroom

HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-H"
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
DESCRIPTORS = 512

SERVER = f"""
import asyncio, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}))
from aiohttp import web
from moderation.running import start_logging
from moderation.settings import Settings
from moderation.web import connections, serving
connections.HEAD_S = 3600  # what is dropped here is dropped for want of room
async def alive(request):
    return web.json_response({{"alive": True}})
start_logging(Settings(log_format="json"))
app = web.Application()
app.router.add_get("/healthz", alive)
if sys.argv[2] == "unbounded":
    serving.room = lambda: 100_000
asyncio.run(serving.serve(app, "127.0.0.1", int(sys.argv[1]), started=lambda: print("up", flush=True)))
"""


class Server:
    """A process that serves one address, with few descriptors."""

    def __init__(self, port: int, said: Path) -> None:
        self.port = port
        self._said = said

    @property
    def log(self) -> str:
        return self._said.read_text()


@contextlib.contextmanager
def server(folder: Path, kind: str) -> Iterator[Server]:
    made = Server(free_port(), folder / "said")
    with made._said.open("w") as said:
        command = [sys.executable, "-c", SERVER, str(made.port), kind]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=said)
        try:
            assert process.stdout is not None and process.stdout.readline() == b"up\n", made.log
            yield made
        finally:
            process.kill()
            process.wait()


@contextlib.asynccontextmanager
async def half_requests(port: int, number: int, *, sources: int = 1) -> AsyncIterator[None]:
    """So many connections that have sent a part of a head and no more; who drops them drops them."""
    writers = []
    try:
        for one in range(number):
            source = (f"127.0.0.{2 + one % sources}", 0)
            with contextlib.suppress(ConnectionError):
                _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
                writers.append(writer)
                writer.write(HALF)
        yield
    finally:
        for writer in writers:
            writer.transport.abort()


async def answer_to(port: int, sent: bytes = WHOLE, *, within_s: float = WAIT_S) -> bytes:
    """The first line that comes back; nothing if the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        async with asyncio.timeout(within_s):
            return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("sources", [1, 20])
async def test_others_get_in_past_more_half_requests_than_there_are_descriptors(tmp_path: Path, sources: int) -> None:
    with server(tmp_path, "as it is") as served:
        async with half_requests(served.port, DESCRIPTORS + 200, sources=sources):
            assert b" 200 " in await answer_to(served.port, within_s=5)
            for _ in range(20):
                assert b" 400 " in await answer_to(served.port, WHOLE.replace(b"Host: x", b"canary"))
        assert "Traceback" not in served.log and "canary" not in served.log
        assert served.log.count("requests not understood") == 1


async def test_connections_without_descriptors_are_told_seldom_and_in_one_line(tmp_path: Path) -> None:
    with server(tmp_path, "unbounded") as served:
        async with half_requests(served.port, DESCRIPTORS + 50):
            with pytest.raises(TimeoutError):  # what the bound is for
                await answer_to(served.port, within_s=2)
        assert b" 200 " in await answer_to(served.port)
        assert len(re.findall("no descriptors left for connections", served.log)) == 1
        assert "Traceback" not in served.log and served.log.count("\n") == 1


@pytest.fixture
async def hasty(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a server with little patience."""
    monkeypatch.setattr(connections, "HEAD_S", 0.5)
    monkeypatch.setattr(serving, "LOOK_S", 0.02)
    app = web.Application()

    async def alive(_request: web.Request) -> web.Response:
        return web.Response(text="alive")

    async def long(_request: web.Request) -> web.Response:
        await asyncio.sleep(3)
        return web.Response(text="long")

    app.router.add_get("/healthz", alive)
    app.router.add_get("/long", long)
    port, started = free_port(), asyncio.Event()
    serve = asyncio.create_task(serving.serve(app, "127.0.0.1", port, started=started.set))
    await started.wait()
    yield port
    serve.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serve


@pytest.mark.parametrize("sent", [b"", HALF])
async def test_a_connection_whose_head_is_not_whole_in_time_is_closed(hasty: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty)
    writer.write(sent)
    async with asyncio.timeout(WAIT_S):
        with contextlib.suppress(ConnectionError):
            await reader.read()
    writer.close()


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for(hasty: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty)
    writer.write(WHOLE)
    assert b" 200 " in await reader.readline()
    writer.write(HALF)
    sending, began = True, time.monotonic()
    while sending and time.monotonic() - began < WAIT_S:
        await asyncio.sleep(0.05)
        writer.write(b"a")
        sending = not (reader.at_eof() or reader.exception())
        with contextlib.suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(reader.read(1000), 0.05)
    writer.close()
    assert not sending


async def test_a_request_in_hand_is_never_cut(hasty: int) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{hasty}/long") as answer:
        assert await answer.text() == "long"


async def test_a_kept_connection_takes_more_requests_at_once_or_one_by_one(hasty: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty)
    writer.write(WHOLE * 3)
    for _ in range(4):
        async with asyncio.timeout(WAIT_S):
            for _answer in range(3):
                assert b" 200 " in await reader.readuntil(b"\r\n\r\n") and await reader.readexactly(5) == b"alive"
            writer.write(WHOLE * 3)
    writer.close()


async def test_what_is_no_request_again_and_again_is_one_line(hasty: int, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(50):
        assert b" 400 " in await answer_to(hasty, b"FOO / HTTP/1.1\r\n\r\n")
    said = capfd.readouterr()
    assert (said.out + said.err).count("requests not understood") == 1


async def test_streams_leave_connections_for_others(
    database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "room", lambda: 4)
    async with running_newsroom(database, redis) as room, contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(room.address))
        statuses = [await _stream(stack, http, room, await room.story()) for _ in range(4)]
    assert statuses == [200, 200, 200, 503]


async def _stream(stack: contextlib.AsyncExitStack, http: aiohttp.ClientSession, room: Newsroom, story: str) -> int:
    asking = http.get("/api/v1/comments/stream", params={"story": story})
    return (await stack.enter_async_context(asking)).status


async def test_a_proxys_connections_are_kept_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "KEPT_S", 0.2)
    port, started = free_port(), asyncio.Event()
    app = web.Application()
    serve = asyncio.create_task(serving.serve(app, "127.0.0.1", port, trusted=["127.0.0.2"], started=started.set))
    await started.wait()
    ended = {}
    try:
        for source in ("127.0.0.1", "127.0.0.2"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            writer.write(WHOLE)
            await reader.readuntil(b"\r\n\r\n")
            try:
                async with asyncio.timeout(2):
                    await reader.read()
                    ended[source] = (await reader.read()) == b""
            except TimeoutError:
                ended[source] = False
            writer.transport.abort()
    finally:
        serve.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serve
    assert ended == {"127.0.0.1": True, "127.0.0.2": False}
