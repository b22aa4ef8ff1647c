"""Text with entities: what every way of formatting comes to."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Formatted:
    """Text and its entities as Bot API MessageEntity objects; offsets and lengths in UTF-16 units."""

    text: str
    entities: list[Json] = field(default_factory=list)


def utf16_length(text: str) -> int:
    """How many UTF-16 units the text has; a lone surrogate is one."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


# Where entities cover the same text, the outer comes first.
_OUTER_FIRST = ("blockquote", "expandable_blockquote", "pre", "text_link", "text_mention", "bold", "italic")


def in_order(entities: list[Json]) -> list[Json]:
    """The entities by offset, the longer first."""
    rank = {type_: place for place, type_ in enumerate(_OUTER_FIRST)}
    return sorted(
        entities,
        key=lambda entity: (entity["offset"], -entity["length"], rank.get(entity["type"], len(_OUTER_FIRST))),
    )


def tidied(formatted: Formatted) -> Formatted:
    """The text as Telegram sends a bot's on: control and direction-forcing characters gone, ends trimmed.

    Entities move along and are cut where they stood on nothing else; blank text becomes empty.
    """
    text, entities = formatted.text, formatted.entities
    if _TO_REMOVE.search(text):
        removed = [found.start() for found in _TO_REMOVE.finditer(text)]
        places = [utf16_length(text[:place]) for place in removed]
        text = _TO_REMOVE.sub("", text)
        entities = [_without(entity, places) for entity in entities]
    text = _CONTROL.sub(" ", text)
    text = _MARK_BEFORE_MARK.sub("\u200c", text)
    if not _VISIBLE.search(text):
        return Formatted("")
    kept = text.rstrip(" \n")
    cut = len(kept) - len(kept.lstrip(" \n"))
    return Formatted(kept[cut:], _within(entities, begin=cut, length=utf16_length(kept) - cut))


def _without(entity: Json, places: list[int]) -> Json:
    """The entity once the characters at those UTF-16 places are gone, each one unit long."""
    begin, end = entity["offset"], entity["offset"] + entity["length"]
    before = bisect_left(places, begin)
    return {**entity, "offset": begin - before, "length": end - bisect_left(places, end) - (begin - before)}


def _within(entities: list[Json], *, begin: int, length: int) -> list[Json]:
    kept = []
    for entity in entities:
        first = max(entity["offset"] - begin, 0)
        last = min(entity["offset"] - begin + entity["length"], length)
        if last > first:
            kept.append({**entity, "offset": first, "length": last - first})
    return kept


_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f]")
_TO_REMOVE = re.compile(r"[\r\u2028-\u202e\u030a\u0333\u033f]")
_MARK_BEFORE_MARK = re.compile(r"[\u200e\u200f](?=[\u200e\u200f])")
# What Telegram counts as blank: spaces of all kinds, zero-width characters, Braille's empty cell, language tags.
_VISIBLE = re.compile(
    r"[^ \n\u00a0\u1680\u180e\u2000-\u200f\u202e\u202f\u205f\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]"
)
