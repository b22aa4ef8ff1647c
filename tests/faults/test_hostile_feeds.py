"""Twenty feeds made to harm beside twenty good ones: the good ones' stories come on time."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from redis.asyncio import Redis

from bot.feed import FeedSource, Fetcher
from bot.schedule import FeedWatch, Schedule
from bot.store import BotStore
from moderation.database import Database
from tests.faults.databases import ONLY_SQLITE
from tests.integration.sandbox_client import until

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

POLL_S = 2.0
ON_TIME_S = 10.0
"""A look's pause, and the feed's share of a machine on which the tests of three processes run."""

ROUNDS = 2
MEGABYTE = 2**20
MEMORY_AT_MOST = 700 * MEGABYTE


def answering(body: bytes, *headers: str) -> Serve:
    """A server that says this, to whatever it is asked."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return serve


def redirecting(place: str) -> Serve:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()

    return serve


def repeating(head: bytes, piece: bytes, *, pause_s: float) -> Serve:
    """A server that goes on for ever."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return serve


async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def breaking_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<rss><channel><item>")
    await writer.drain()


def rss(*items: bytes, head: bytes = b"") -> bytes:
    return head + b'<rss version="2.0"><channel><title>N</title>' + b"".join(items) + b"</channel></rss>"


def item(number: int, *, title: bytes = b"", more: bytes = b"") -> bytes:
    link = b"<link>https://bad.example/%d</link>" % number
    return b"<item><title>%s</title>%s%s</item>" % (title or b"T", link, more)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LAUGHS = b"<!DOCTYPE a [<!ENTITY a 'ha'>" + b"".join(b"<!ENTITY a%d '&a;&a;'>" % n for n in range(30)) + b"]>"
BOMB = gzip.compress(b"<rss>" + b" " * (200 * MEGABYTE), compresslevel=6)
FULL = 7 * MEGABYTE


def hostile() -> dict[str, Serve]:
    """Each way to harm by its name."""
    tags = b"<b>" * 3000
    return {
        "a bomb": answering(BOMB, "Content-Encoding: gzip"),
        "a bomb in a bomb": answering(gzip.compress(BOMB), "Content-Encoding: gzip"),
        "an endless body": repeating(CHUNKED, b"10000\r\n" + b" " * 0x10000 + b"\r\n", pause_s=0),
        "a byte a second": repeating(CHUNKED, b"1\r\n \r\n", pause_s=1),
        "another": repeating(CHUNKED, b"1\r\n<\r\n", pause_s=1),
        "endless headers": repeating(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", pause_s=1),
        "silence": silent,
        "more silence": silent,
        "a way inward": redirecting("http://169.254.169.254/latest/"),
        "a million items": answering(rss(b"<item/>" * 1_000_000)),
        "items to the full": answering(rss(*(item(n, title=b"a " * 7000) for n in range(490)))),
        "items of tags": answering(rss(*(item(n, more=b"<description>%s</description>" % tags) for n in range(490)))),
        "nothing but brackets": answering(b"<" * FULL),
        "deep tags": answering(rss(b"<a>" * (FULL // 3))),
        "entities": answering(rss(item(1, title=b"&a29;"), head=LAUGHS)),
        "attributes": answering(rss(b"<item " + b"".join(b"a%d='1' " % n for n in range(600_000)) + b"/>")),
        "a deep list": answering(b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * FULL),
        "a packed list": answering(
            b'{"version": "https://jsonfeed.org/version/1.1", "items": [' + b"{}," * (FULL // 3)
        ),
        "broken letters": answering(b"\xff\xfe" + b"<\x00r\xd8" * (FULL // 4)),
        "an end in the middle": breaking_off,
    }


SLOW = {"a byte a second", "another", "endless headers", "silence", "more silence"}
"""Those that end when their time is over, and may be under way when the test ends."""


class Press:
    """Feeds on ports of their own: the hostile ones, and good ones that get a new story now and then."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        self._newest: dict[str, tuple[int, datetime]] = {}

    def publish(self, number: int, *, good: list[str]) -> None:
        """Each good feed has one story more."""
        for name in good:
            self._newest[name] = (number, datetime.now(UTC))

    def serve_good(self, name: str) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            number, at = self._newest.get(name, (0, datetime.now(UTC) - timedelta(days=1)))
            when = f"<pubDate>{format_datetime(at)}</pubDate>".encode()
            link = f"<link>https://{name}.example/{number}</link>".encode()
            body = rss(b"<item><title>Story %d</title>%s%s</item>" % (number, link, when))
            await answering(body)(reader, writer)

        return serve


@contextlib.asynccontextmanager
async def press_of(servers: dict[str, Serve], press: Press) -> AsyncIterator[None]:
    running = []
    for name, serve in servers.items():

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, serve: Serve = serve) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await reader.readuntil(b"\r\n\r\n")
                await serve(reader, writer)
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        press.places[name] = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        running.append(server)
    try:
        yield
    finally:
        for server in running:
            server.close()


@ONLY_SQLITE
async def test_the_good_feeds_stories_come_on_time_beside_twenty_hostile_ones(
    database: Database, redis: Redis, tmp_path: Path
) -> None:
    bad, press = hostile(), Press()
    good = [f"good{number}" for number in range(20)]
    assert len(bad) == len(good)
    store = BotStore(database)
    schedule = Schedule(store, counts=_none, wake=lambda: None, clock=lambda: datetime.now(UTC), alerts_per_poll=100)
    servers = bad | {name: press.serve_good(name) for name in good}
    async with press_of(servers, press):
        places = press.places.values()
        # The hostile ones first, so that all of them stand in the way when the good ones come.
        sources = [FeedSource(f"http://{place}/feed", "en", "world", POLL_S) for place in places]
        async with Fetcher(allowed=list(places)) as fetcher:
            watch = FeedWatch(
                sources, store=store, schedule=schedule, fetcher=fetcher, redis=redis, clock=lambda: datetime.now(UTC)
            )
            running = asyncio.create_task(watch.run())
            late = [await _lateness(store, press, good, number) for number in range(1, ROUNDS + 1)]
            await until(lambda: _refused(store, press, bad), at_most_s=60)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
    print("slowest of each round, s:", [round(max(one), 2) for one in late])
    assert max(max(one) for one in late) < ON_TIME_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < MEMORY_AT_MOST


async def _refused(store: BotStore, press: Press, bad: dict[str, Serve]) -> bool:
    """Whether it is known of each hostile feed that it is: each is looked at less often then."""
    feeds = {name: await store.stories.feed(f"http://{press.places[name]}/feed") for name in bad}
    return {name for name, feed in feeds.items() if not feed.failures} <= SLOW | {"items to the full"}


async def _none(stories: object) -> dict[str, int]:
    return {}


async def _lateness(store: BotStore, press: Press, good: list[str], number: int) -> list[float]:
    """How long after it was published each good feed's new story was known, in seconds."""
    press.publish(number, good=good)
    began, known = time.monotonic(), dict[str, float]()
    while len(known) < len(good) and time.monotonic() - began < 3 * ON_TIME_S:
        for name in good:
            if name not in known and await store.stories.by_address(f"https://{name}.example/{number}") is not None:
                known[name] = time.monotonic() - began
        await asyncio.sleep(0.05)
    return [known.get(name, 3 * ON_TIME_S) for name in good]
