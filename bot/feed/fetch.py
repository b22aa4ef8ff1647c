"""Bytes of a feed from a public address: each hop checked, connected to the address that was checked, capped.

What is refused: schemes other than http(s), user names in addresses, ports other than 80 and 443, and any name that
resolves to an address that is not public; `allowed` host:port pairs are the exception an operator names. Checking and
connecting use one and the same resolution, so a name can't change its mind in between (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

MAX_BYTES = 8 * 1024 * 1024
"""Most bytes of one feed, after decompression."""

DEADLINE_S = 20.0
"""Seconds for one fetch in all, redirects included: a server that sends a byte a second ends here."""

AT_ONE_HOST = 4
"""Feeds of one host that are fetched at once."""

MAX_HOPS = 5
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNICAST = ipaddress.IPv6Network("2000::/3")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""Where IPv6 is global; and where a network without IPv4 puts every IPv4 address (NAT64), private ones too."""


class FeedRefused(Exception):
    """The feed can't be had or won't be read; the message says why, in words for an operator."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back. `body` is None when nothing changed since the last look (304)."""

    url: str
    body: bytes | None
    content_type: str | None
    etag: str | None
    last_modified: str | None


class _PublicResolver(AbstractResolver):
    """Resolves a name and gives only public addresses; what it gives is what is connected to."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Addresses of `host`. Raises OSError when there is none, or any of them is not public."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        if f"{host}:{port}" not in self._allowed:
            for _, _, _, _, address in found:
                _require_public(str(address[0]))
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


class Fetcher:
    """Fetches feeds; use it as an asynchronous context."""

    def __init__(self, *, allowed: Collection[str]) -> None:
        self._allowed = frozenset(allowed)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Fetcher:
        # No bound for all together: feeds that never end would take every place, and the good ones wait for theirs.
        connector = aiohttp.TCPConnector(
            resolver=_PublicResolver(self._allowed), use_dns_cache=False, limit=0, limit_per_host=AT_ONE_HOST
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "Baithak feed reader", "Accept-Encoding": "gzip, deflate"},
            timeout=aiohttp.ClientTimeout(total=DEADLINE_S),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        """The feed at `url`, an address or a path, if it changed since. Raises FeedRefused, nothing else."""
        if "://" not in url:
            return await asyncio.to_thread(_read_file, Path(url), last_modified)
        headers = {"If-None-Match": etag} if etag else {}
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._follow(url, headers)
        except TimeoutError:
            raise FeedRefused(f"took longer than {DEADLINE_S:.0f} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
            raise FeedRefused(f"can't be fetched: {type(cause).__name__}: {cause}") from None

    async def _follow(self, url: str, headers: dict[str, str]) -> Fetched:
        if self._session is None:
            raise RuntimeError("a Fetcher is used as a context")
        # Checked as the client itself reads it: it takes "①②⑦.0.0.1" for the number it looks like.
        place = URL(url)
        for _hop in range(MAX_HOPS + 1):
            self._check(place)
            async with self._session.get(place, headers=headers, allow_redirects=False) as answer:
                if answer.status in _REDIRECTS:
                    place = place.join(URL(answer.headers.get("Location", "")))
                    continue
                if answer.status == 304:
                    return Fetched(
                        str(place), None, None, headers.get("If-None-Match"), headers.get("If-Modified-Since")
                    )
                if answer.status != 200:
                    raise FeedRefused(f"answered with status {answer.status}")
                body = await _read_capped(answer)
                return Fetched(
                    url=str(place),
                    body=body,
                    content_type=answer.headers.get("Content-Type"),
                    etag=_to_send_back(answer.headers.get("ETag")),
                    last_modified=_to_send_back(answer.headers.get("Last-Modified")),
                )
        raise FeedRefused(f"redirects more than {MAX_HOPS} times")

    def _check(self, place: URL) -> None:
        if place.scheme not in _PORTS or not place.host:
            raise FeedRefused(f"only http and https addresses are fetched, not {place.scheme or 'this'}")
        if place.user is not None or place.password is not None:
            raise FeedRefused("an address with a user name is refused")
        if f"{place.host}:{place.port}" in self._allowed:
            return
        if place.port not in _PORTS.values():
            raise FeedRefused(
                f"port {place.port} is not fetched from; allow it by BAITHAK_FEED_ALLOW={place.host}:{place.port}"
            )
        # An address written as numbers never reaches the resolver: it is judged here.
        try:
            ipaddress.ip_address(place.host)
        except ValueError:
            return
        _require_public(place.host)


def _to_send_back(given: str | None) -> str | None:
    """What a server wants to hear at the next look, if it is short and of signs that a header and a database take."""
    return given if given is not None and given.isascii() and given.isprintable() and len(given) <= 1000 else None


def _require_public(address: str) -> None:
    """Raises FeedRefused for an address inside, and for one that only carries another inside."""
    number = ipaddress.ip_address(address.partition("%")[0])
    reached: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = [number]
    if isinstance(number, ipaddress.IPv6Address):
        if number in _TRANSLATED:
            reached.append(ipaddress.IPv4Address(int(number) & 0xFFFF_FFFF))
        elif number in _UNICAST:
            reached += [] if number.sixtofour is None else [number.sixtofour]
        else:
            reached = []
    if not reached or any(not one.is_global or one.is_multicast for one in reached):
        raise FeedRefused(f"{address} is not a public address; an operator can allow it by BAITHAK_FEED_ALLOW")


async def _read_capped(answer: aiohttp.ClientResponse) -> bytes:
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
        raise FeedRefused(f"is encoded as {encoding!r}, which is not read")
    # 32 + MAX_WBITS finds gzip and zlib headers by itself.
    inflate = None if encoding in {"identity", ""} else zlib.decompressobj(32 + zlib.MAX_WBITS)
    kept = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        try:
            kept += chunk if inflate is None else inflate.decompress(chunk, MAX_BYTES + 1 - len(kept))
        except zlib.error as error:
            raise FeedRefused(f"is broken where it was compressed: {error}") from None
        if len(kept) > MAX_BYTES or (inflate is not None and inflate.unconsumed_tail):
            raise FeedRefused(f"is larger than {MAX_BYTES // 2**20} MB")
    return bytes(kept)


def _read_file(path: Path, last_modified: str | None) -> Fetched:
    try:
        stamp = str(path.stat().st_mtime_ns)
        if stamp == last_modified:
            return Fetched(str(path), None, None, None, stamp)
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FeedRefused(f"can't be read: {error.strerror}") from None
    if len(body) > MAX_BYTES:
        raise FeedRefused(f"is larger than {MAX_BYTES // 2**20} MB")
    return Fetched(str(path), body, None, None, stamp)
