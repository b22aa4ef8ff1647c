"""Entities a bot gives beside its text."""

from __future__ import annotations

from typing import Any

from bot.sandbox.errors import bad_request
from bot.sandbox.markup.links import checked_link
from bot.sandbox.markup.text import Json, in_order, utf16_length

PLAIN_TYPES = frozenset(
    {
        "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre",
        "text_link", "text_mention", "custom_emoji", "date_time",
    }
)  # fmt: skip
HIGHEST_OFFSET = 1_000_000


# Types Telegram finds by itself; given by a bot they are passed over.
FOUND_TYPES = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"})


def given_entities(text: str, entities: Any) -> list[Json]:
    """The entities a bot may set, in order. Raises ApiError 400 for a list ill formed or an entity outside the text."""
    if entities is None:
        return []
    if not isinstance(entities, list):
        raise bad_request("can't parse entities: expected an Array of MessageEntity")
    end = utf16_length(text)
    kept = [entity for entity in map(_entity, entities) if entity is not None]
    inside = _inside_symbols(text)
    for entity in kept:
        offset, length = entity["offset"], entity["length"]
        if offset > end:
            raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
        if offset + length > end:
            raise bad_request(
                f"entity beginning at UTF-16 offset {offset} ends after the end of the text at "
                f"UTF-16 offset {offset + length}"
            )
        if offset in inside:
            raise bad_request(f"entity begins in a middle of a UTF-16 symbol at byte offset {inside[offset]}")
        if offset + length in inside:
            raise bad_request(
                f"entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol at byte offset "
                f"{inside[offset + length]}"
            )
    return in_order(kept)


def _inside_symbols(text: str) -> dict[int, int]:
    """UTF-16 offsets in the middle of a character, and the offset in UTF-8 of what follows it: Telegram names that."""
    inside: dict[int, int] = {}
    units = size = 0
    for letter in text:
        size += len(letter.encode("utf-8", "surrogatepass"))
        if letter > "\uffff":
            inside[units + 1] = size
            units += 1
        units += 1
    return inside


def _entity(entity: Any) -> Json | None:
    if not isinstance(entity, dict):
        raise bad_request("can't parse MessageEntity: expected an Object")
    offset, length, type_ = entity.get("offset"), entity.get("length"), entity.get("type")
    if type(offset) is not int or type(length) is not int:
        raise bad_request('can\'t parse MessageEntity: Field "offset" and "length" must be of type Number')
    if not isinstance(type_, str):
        raise bad_request('can\'t parse MessageEntity: Field "type" must be of type String')
    if type_ in FOUND_TYPES:
        return None
    if type_ not in PLAIN_TYPES:
        raise bad_request("can't parse MessageEntity: Unsupported type specified")
    if not 0 <= offset <= HIGHEST_OFFSET:
        raise bad_request(f"receive an entity with incorrect offset {offset}")
    if not 0 <= length <= HIGHEST_OFFSET:
        raise bad_request(f"receive an entity with incorrect length {length}")
    kept = {key: value for key, value in entity.items() if value is not None}
    if type_ == "text_link":
        url = str(entity.get("url") or "")
        kept["url"] = checked_link(url)
        if not kept["url"]:
            raise bad_request(f"entity URL '{url}' is invalid: Wrong HTTP URL")
    return kept if length else None
