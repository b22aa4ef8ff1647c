"""The links of a feed's item: which is the story's own, and which lead to it in other languages.

A feed says of a link in which language it leads by `hreflang`, in Atom and, with Atom's element, in RSS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from bot.feed.json_feed import LISTED_AT_MOST
from bot.feed.sources import FeedSource
from bot.story import ReadIn, canonical_address
from moderation.policy import LANGUAGES


def own_link(entry: Any, language: str) -> str | None:
    """The story's own address as the feed writes it: of several links the one in its language, or in none it says."""
    links = list(_links(entry))
    for wanted in (language, ""):
        for href, said in links:
            if said == wanted:
                return href
    return links[0][0] if links else entry.get("link") or None


def other_languages(entry: Any, source: FeedSource, *, url: str, language: str, base: str) -> ReadIn:
    """Where the story at `url` stands in our other languages: by its feed's links, else by the feed's setting."""
    found: dict[str, str] = {}
    for href, said in _links(entry):
        if said in LANGUAGES and said != language and said not in found:
            try:
                found[said] = canonical_address(href if "://" in href else urljoin(base, href))
            except ValueError:
                continue
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    for said, pattern in source.read_in:
        if said != language and said not in found:
            try:
                found[said] = canonical_address(pattern.replace("{path}", path))
            except ValueError:
                continue
    return tuple((one, found[one]) for one in LANGUAGES if one in found and _is_pressable(found[one], url))


def _links(entry: Any) -> Iterator[tuple[str, str]]:
    """Address and language of each link to a page; "" where it says none."""
    for link in entry.get("links", [])[:LISTED_AT_MOST]:
        href, kind = str(link.get("href") or ""), str(link.get("type") or "text/html")
        if href and link.get("rel", "alternate") == "alternate" and kind in {"text/html", "application/xhtml+xml"}:
            yield href, str(link.get("hreflang") or "").lower().replace("_", "-").partition("-")[0]


def _is_pressable(address: str, own: str) -> bool:
    """Whether a button can lead there: Telegram refuses the whole message for a host without a dot."""
    return address != own and "." in (urlsplit(address).hostname or "")
