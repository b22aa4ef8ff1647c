"""What stands behind the question mark of the API's addresses: a question without anything that a database refuses, or
a problem with a code of ours. And cursors and stories' addresses, which mean one thing however often they are read.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from yarl import URL

from bot.story import canonical_address, story_of_link
from bot.web import stories
from bot.web.app import ROUTES as BOT_ROUTES
from moderation import threads
from moderation.web.app import PUBLIC_ROUTES
from moderation.web.problems import CODES, Problem
from moderation.web.routes import parsed_query
from tests.fuzz.test_http_api import STRANGE

MODELS = [route.query for route in (*PUBLIC_ROUTES, *BOT_ROUTES) if route.query is not None and route.listed]
"""The first byte says whose question it is. Pages for people ask the database for a story alone."""

ADDRESSES = (
    "https://news.example/stories/1?utm_source=x&b=%20c&a=1#top", "HTTP://News.Example.:80/a/../b//c/",
    "http://[::1]:99/", "http://خبر.example/خ", "http://faß.example", "https://t.me/desk_bot?start=s7",
    "http://user@a.example", "http://a/%zz;x?;=&",
)  # fmt: skip
CURSORS = (
    "WyJuZXdlc3QiLDAsMSwxXQ", "WyJ0b3AiLDMsMTc2Mzc5NzYwMDAwMDAwMCw3XQ", "bi4xLjE", "dC4x",
    "dC45OTk5OTk5OTk5OTk5OTk5OTk",
)  # fmt: skip
WORDS = tuple(
    word.encode("utf-8", "replace")
    for word in ("story=", "sort=", "limit=", "cursor=", "language=", "section=", "&", "%00", "%ed%a0%80", "+",
                 "newest", "oldest", "top", "xn--", "://", *ADDRESSES, *CURSORS)
)  # fmt: skip


def seeds() -> list[bytes]:
    """Questions to each address, with strange values too."""
    plain = ["sort=top&limit=20&language=ur&section=world", "story=1&story=2", *(f"cursor={one}" for one in CURSORS)]
    asked = [*plain, *(f"story={one}" for one in ADDRESSES)]
    asked += [f"{name}={value[:100]}" for name in ("story", "section", "cursor") for value in STRANGE]
    return [bytes([number]) + one.encode("utf-8", "replace") for number in range(len(MODELS)) for one in asked]


def check(data: bytes) -> None:
    """Ask it."""
    if not data:
        return
    model = MODELS[data[0] % len(MODELS)]
    written = data[1:].decode("utf-8", "surrogateescape")
    try:
        asked: Any = SimpleNamespace(query=URL.build(path="/", query_string=written, encoded=True).query)
        query = parsed_query(model, asked)
    except Problem as problem:
        assert problem.code in CODES and CODES[problem.code][0] == 400
        return
    for name, value in query.model_dump().items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                storable(one)
                READ.get(name, lambda _value: None)(one)


def storable(value: str) -> None:
    """Neither a NUL nor half a character: PostgreSQL would end the question with an error of its own."""
    value.encode()
    assert "\0" not in value, value


def read_story(value: str) -> None:
    """An address has one form."""
    number = story_of_link(value)
    assert number is None or 0 < number < 2**63
    try:
        address = canonical_address(value)
    except ValueError:
        return
    storable(address)
    assert canonical_address(address) == address


def read_cursor(value: str) -> None:
    """A cursor is refused, or names a place that is written in one way."""
    for sort in ("newest", "oldest", "top"):
        try:
            place = threads._place(value, sort)
        except ValueError:
            continue
        assert threads._place(threads._cursor(place, sort), sort) == place
    for kind, count in (("n", 2), ("t", 1)):
        try:
            numbers = stories._numbers(value, kind, count)
        except Problem as problem:
            assert problem.code == "bad_cursor"
            continue
        assert stories._cursor(kind, *numbers) == value and all(0 <= number < 2**63 for number in numbers)


READ = {"story": read_story, "cursor": read_cursor}
