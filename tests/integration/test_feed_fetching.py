"""Feeds are fetched from public addresses only, in bounded time and memory."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

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
        "http:///nothing",
    ],
)
async def test_an_address_inside_or_odd_is_refused(address: str) -> None:
    async with Fetcher(allowed=()) as fetcher:
        with pytest.raises(FeedRefused):
            await fetcher.fetch(address)


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


async def test_a_name_that_turns_inward_after_the_check_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: whatever a name resolves to at the moment of connecting is what is judged."""
    asked: list[str] = []

    async def resolve(self: object, host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop().__class__, "getaddrinfo", resolve)
    async with Fetcher(allowed=()) as fetcher:
        with pytest.raises(FeedRefused, match="not a public address"):
            await fetcher.fetch("http://rebinding.example/")
    assert asked == ["rebinding.example"]


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


async def test_nested_or_broken_compression_is_refused() -> None:
    async def handler(request: web.Request) -> web.Response:
        kind = request.path.strip("/")
        return web.Response(body=b"not gzip", headers={"Content-Encoding": {"n": "gzip, gzip", "b": "gzip"}[kind]})

    async with served(handler) as place, Fetcher(allowed=[place]) as fetcher:
        for kind in ("n", "b"):
            with pytest.raises(FeedRefused):
                await fetcher.fetch(f"http://{place}/{kind}")


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
