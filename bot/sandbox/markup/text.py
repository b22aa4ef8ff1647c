"""Text with entities: what every way of formatting comes to."""

from __future__ import annotations

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
    return len(text) + sum(character > "\uffff" for character in text)


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
    """The text as Telegram sends it on: control characters made spaces, the blank ends cut, entities moved along."""
    text = formatted.text.replace("\r", "")
    text = "".join(" " if character < " " and character != "\n" else character for character in text)
    stripped = text.rstrip(_BLANK)
    cut = len(stripped) - len(stripped.lstrip(_BLANK))
    stripped = stripped[cut:]
    end = utf16_length(stripped)
    entities = []
    for entity in formatted.entities:
        first = max(entity["offset"] - cut, 0)
        last = min(entity["offset"] - cut + entity["length"], end)
        if last > first:
            entities.append({**entity, "offset": first, "length": last - first})
    return Formatted(stripped, entities)


_BLANK = " \n\t"
