"""Bytes of a feed, as they come from somebody's server: read or refused, as `tests/fuzz/test_feed.py` asks for."""

from __future__ import annotations

from tests.fuzz.test_feed import ENCODINGS, PIECES, VALID, read_or_refused
from tests.security.payloads import ODD_TEXTS, XSS
from tests.unit.test_feed_guarding import DISGUISES, MAZES, rss

TYPES = (None, "", "text/html", *(f"application/rss+xml; charset={encoding}" for encoding in ENCODINGS))
"""The first byte says which of them the server sends along."""

WORDS = tuple(piece.encode("utf-8", "replace") for piece in PIECES)


def seeds() -> list[bytes]:
    """Whole feeds, and the hostile ones of the other tests; the longest of them shortened."""
    item = "<item><title>{}</title><link>https://n.example/1</link></item>"
    bodies = [body.encode(encoding) for body in VALID for encoding in ("utf-8", "utf-16", "windows-1252")]
    bodies += [body for body, _ in DISGUISES.values()]
    bodies += [rss(piece * 20).encode() for piece in MAZES.values()]
    bodies += [rss(item.format(text[:200])).encode() for text in (*XSS, *ODD_TEXTS.values())]
    return [b"\0" + body for body in bodies]


def check(data: bytes) -> None:
    """Read it, and hold against it what every story must be."""
    if data:
        read_or_refused(data[1:], TYPES[data[0] % len(TYPES)])
