"""Feeds are fetched from public addresses only, in bounded time and memory."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.feed import FeedRefused, Fetcher, fetch

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


NOT_ASKED = "is not a public address|only http and https|a user name|^port|not a canonical|ValueError"
"""What a refusal says where nobody was connected to."""


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://user:pass@93.184.216.34/",
        "http://93.184.216.34:8080/",
        "http://224.0.0.1/",
        "http://[ff02::1]/",
        "http://[fe80::1%25lo]/",
        "http://[fec0::1]/",
        "http://[::7f00:1]/",
        "http://[::ffff:0:127.0.0.1]/",
        "http://[64:ff9b::169.254.169.254]/",
        "http://[64:ff9b:1::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:a9fe:a9fe::]/",
        "http://0177.0.0.1/",
        "http://127.0.0.1./",
        "http://①②⑦.⓪.⓪.①/",
        "http://example.com@127.0.0.1/",
        "http://127.0.0.1\\@93.184.216.34/",
        "http://127.0.0.1:99999/",
        "http:///nothing",
    ],
)
async def test_an_address_inside_or_odd_is_refused(address: str) -> None:
    async with Fetcher(allowed=()) as fetcher:
        with pytest.raises(FeedRefused, match=NOT_ASKED):
            await fetcher.fetch(address)


@pytest.mark.parametrize("given", ["é", "x" * 1001, "\t"])
async def test_what_no_database_or_header_takes_is_not_sent_back(given: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"<rss/>", headers={"ETag": given, "Last-Modified": given})

    async with served(handler) as place, Fetcher(allowed=[place]) as fetcher:
        fetched = await fetcher.fetch(f"http://{place}/rss")
    assert (fetched.etag or None, fetched.last_modified or None) == (None, None)


async def test_an_allowed_address_is_fetched_and_asked_only_for_changes() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"7"':
            return web.Response(status=304)
        return web.Response(body=b"<rss/>", headers={"ETag": '"7"', "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"})

    async with served(handler) as place, Fetcher(allowed=[place]) as fetcher:
        first = await fetcher.fetch(f"http://{place}/rss")
        again = await fetcher.fetch(f"http://{place}/rss", etag=first.etag, last_modified=first.last_modified)
    assert (first.body, first.etag) == (b"<rss/>", '"7"')
    assert again.body is None


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "http://127.0.0.1:1/", "file:///etc/passwd", "http://localhost/"]
)
async def test_a_redirect_inward_is_refused(target: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    async with served(handler) as place, Fetcher(allowed=[place]) as fetcher:
        with pytest.raises(FeedRefused):
            await fetcher.fetch(f"http://{place}/")


class NamesThatTurn(asyncio.SelectorEventLoop):
    """A loop in which a name resolves to the next of `answers` each time it is asked for."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.connected: list[str] = []

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        self.connected.append(address[0])
        raise ConnectionRefusedError("nobody is asked in tests")


REBINDING: dict[str, tuple[tuple[tuple[str, ...], ...], list[str]]] = {
    "inward at once": ((("127.0.0.1",),), []),
    "inward the second time": ((("93.184.216.34",), ("127.0.0.1",)), ["93.184.216.34"]),
    "one of two inward": ((("93.184.216.34", "169.254.169.254"),), []),
}


@pytest.mark.parametrize(("answers", "connected"), REBINDING.values(), ids=REBINDING)
def test_a_name_leads_to_the_address_that_was_checked_or_nowhere(
    answers: tuple[tuple[str, ...], ...], connected: list[str]
) -> None:
    """Rebinding: a name is resolved once, and what was judged is what is connected to."""
    loop = NamesThatTurn(*answers)

    async def fetch_it() -> None:
        async with Fetcher(allowed=()) as fetcher:
            with pytest.raises(FeedRefused):
                await fetcher.fetch("http://rebinding.example/")

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(fetch_it())
    assert loop.connected == connected


async def test_each_of_many_hops_is_checked() -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        left = int(request.path.strip("/"))
        target = f"/{left - 1}" if left else "http://169.254.169.254/latest/meta-data"
        return web.Response(status=302, headers={"Location": target})

    async with served(handler) as place, Fetcher(allowed=[place]) as fetcher:
        with pytest.raises(FeedRefused, match=r"169\.254\.169\.254 is not a public address"):
            await fetcher.fetch(f"http://{place}/4")
    assert asked == ["/4", "/3", "/2", "/1", "/0"]


async def test_redirects_end() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/again"})

    async with served(handler) as place, Fetcher(allowed=[place]) as fetcher:
        with pytest.raises(FeedRefused, match="redirects"):
            await fetcher.fetch(f"http://{place}/")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_bomb_or_an_endless_body_is_cut(encoding: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if encoding == "gzip":
            return web.Response(body=gzip.compress(b"a" * 100_000_000), headers={"Content-Encoding": "gzip"})
        answer = web.StreamResponse()
        await answer.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await answer.write(b"a" * 1_000_000)
        return answer

    async with served(handler) as place, Fetcher(allowed=[place]) as fetcher:
        with pytest.raises(FeedRefused, match="larger than"):
            await fetcher.fetch(f"http://{place}/")


ENCODINGS = {
    "gzip twice": ([("Content-Encoding", "gzip, gzip")], gzip.compress(gzip.compress(b"<rss/>"))),
    "gzip twice in two lines": (
        [("Content-Encoding", "gzip"), ("Content-Encoding", "gzip")],
        gzip.compress(gzip.compress(b"<rss/>")),
    ),
    "gzip that is none": ([("Content-Encoding", "gzip")], b"not gzip"),
    "gzip cut off": ([("Content-Encoding", "gzip")], gzip.compress(b"<rss/>" * 1000)[:20]),
    "brotli": ([("Content-Encoding", "br")], b"\x0b\x02\x80<rss/>\x03"),
}


@pytest.mark.parametrize(("headers", "body"), ENCODINGS.values(), ids=ENCODINGS)
async def test_nested_or_broken_compression_gives_no_feed(headers: list[tuple[str, str]], body: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        answer = web.Response(body=body)
        for name, value in headers:
            answer.headers.add(name, value)
        return answer

    async with served(handler) as place, Fetcher(allowed=[place]) as fetcher:
        try:
            fetched = await fetcher.fetch(f"http://{place}/")
        except FeedRefused:
            return
        # One layer is taken off, and what is left is no feed.
        assert b"<rss/>" not in (fetched.body or b"")[:6]


async def test_a_dripping_server_costs_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "DEADLINE_S", 0.3)
    never = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"<")
        await never.wait()
        return answer

    async with served(handler) as place, Fetcher(allowed=[place]) as fetcher:
        with pytest.raises(FeedRefused, match="longer than"):
            await fetcher.fetch(f"http://{place}/")


async def test_a_server_error_and_a_closed_port_are_told() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=503)

    async with served(handler) as place, Fetcher(allowed=[place, "127.0.0.1:9"]) as fetcher:
        with pytest.raises(FeedRefused, match="503"):
            await fetcher.fetch(f"http://{place}/")
        with pytest.raises(FeedRefused, match="can't be fetched"):
            await fetcher.fetch("http://127.0.0.1:9/")


async def test_a_file_is_read_when_it_changed(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_bytes(b"<rss/>")
    async with Fetcher(allowed=()) as fetcher:
        first = await fetcher.fetch(str(file))
        again = await fetcher.fetch(str(file), last_modified=first.last_modified)
        with pytest.raises(FeedRefused, match="can't be read"):
            await fetcher.fetch(str(tmp_path / "none.xml"))
    assert first.body == b"<rss/>"
    assert again.body is None
