"""JSON Feed (jsonfeed.org, versions 1 and 1.1) in the form in which other feeds come from their parser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.feed.fetch import FeedRefused

_VERSIONS = "https://jsonfeed.org/version/"


MAX_PARTS = 300_000
"""Brackets, braces and commas of a feed: each of them costs whoever reads it a hundred times what it cost to send."""

LISTED_AT_MOST = 50
"""Tags of an item that are read, and attachments."""


@dataclass(frozen=True, slots=True)
class JsonFeed:
    """What the feed says of itself, its first items in their order, and how many it has."""

    feed: dict[str, Any]
    entries: list[dict[str, Any]]
    items: int


def is_json(text: str) -> bool:
    """Whether a feed is to be read as JSON: XML begins otherwise."""
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def read_json_feed(text: str, *, at_most: int) -> JsonFeed:
    """The feed, with so many of its items. What is of another kind than it should be is as if it were not there.

    Raises FeedRefused.
    """
    if sum(map(text.count, "[{,")) > MAX_PARTS:
        raise FeedRefused(f"is JSON of more than {MAX_PARTS} parts, which is refused")
    try:
        given = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise FeedRefused("is JSON that can't be read") from None
    if not isinstance(given, dict) or not _words(given, "version").startswith(_VERSIONS):
        raise FeedRefused("is JSON, but no JSON Feed: its version does not say so")
    items = given.get("items")
    if not isinstance(items, list):
        raise FeedRefused("is a JSON Feed without items")
    feed = {"link": _words(given, "home_page_url"), "title_detail": {"language": _words(given, "language")}}
    first = [_as_parsed(item) if isinstance(item, dict) else {} for item in items[:at_most]]
    return JsonFeed(feed, first, len(items))


def _as_parsed(item: dict[str, Any]) -> dict[str, Any]:
    tags, attachments = _listed(item, "tags"), _listed(item, "attachments")
    pictures = [_words(item, "image"), _words(item, "banner_image")]
    return {
        "title": _words(item, "title"),
        "id": _words(item, "id"),
        "link": _words(item, "url") or _words(item, "external_url"),
        "summary": _words(item, "summary") or _words(item, "content_text"),
        "content": [{"value": _words(item, "content_html")}],
        "language": _words(item, "language"),
        "tags": [{"term": tag} for tag in tags if isinstance(tag, str)],
        "published_parsed": _moment(_words(item, "date_published") or _words(item, "date_modified")),
        "media_thumbnail": [{"url": picture} for picture in pictures if picture],
        "enclosures": [
            {"type": _words(each, "mime_type"), "href": _words(each, "url")}
            for each in attachments
            if isinstance(each, dict)
        ],
    }


def _listed(given: dict[str, Any], name: str) -> list[Any]:
    value = given.get(name)
    return value[:LISTED_AT_MOST] if isinstance(value, list) else []


def _words(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _moment(written: str) -> tuple[int, ...] | None:
    """A time as RFC 3339 writes it; None where it is none, or has no zone and so may be any of many."""
    try:
        moment = datetime.fromisoformat(written)
        return moment.astimezone(UTC).timetuple()[:6] if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
