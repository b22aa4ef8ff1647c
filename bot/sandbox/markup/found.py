"""Entities Telegram finds by itself: links, mentions, hashtags, commands, e-mail addresses."""

from __future__ import annotations

import re

from bot.sandbox.markup.text import Formatted, Json, in_order, utf16_length

_COMMAND = re.compile(r"(?<![\w/<>])/([A-Za-z0-9_]{1,64})(@[A-Za-z0-9_]{3,32})?(?![\w/<>@])")
_MENTION = re.compile(r"(?<![\w@/])@[A-Za-z0-9_]{3,32}(?![\w])")
_HASHTAG = re.compile(r"(?<![\w#&/])#(?=\w*[^\W\d])\w{1,256}(?!#)")
_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9._+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w@])")
_URL = re.compile(
    r"(?<![\w@./-])(?:https?://(?:[^\s/?#<>\"'()\[\]{}]+\.)*[^\s/?#<>\"'()\[\]{}]+|"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)+(?:com|org|net|info|io|me|in|pk|ae|sa|uk|us|co|news|gov|edu|tv|app|dev|ru|de|fr))"
    r"(?![\w@-])(?::\d{1,5})?(?:[/?#][^\s<>\"]*)?",
    re.IGNORECASE,
)
_FINDERS = (("url", _URL), ("email", _EMAIL), ("bot_command", _COMMAND), ("mention", _MENTION), ("hashtag", _HASHTAG))
_CLOSED = frozenset({"pre", "code", "text_link", "text_mention", "custom_emoji", "url", "email"})


def with_found_entities(formatted: Formatted) -> Formatted:
    """The same text with what Telegram would find added; never inside code or a link."""
    text = formatted.text
    if not any(mark in text for mark in "/@#.:"):
        return formatted
    closed = [_range(entity) for entity in formatted.entities if entity["type"] in _CLOSED]
    found: list[Json] = []
    for type_, pattern in _FINDERS:
        for match in pattern.finditer(text):
            begin, end = match.start(), _trimmed_end(match) if type_ == "url" else match.end()
            offset, length = utf16_length(text[:begin]), utf16_length(text[begin:end])
            span = range(offset, offset + length)
            if not any(span.start < other.stop and other.start < span.stop for other in closed):
                found.append({"type": type_, "offset": offset, "length": length})
                closed.append(span)
    return Formatted(text, in_order([*formatted.entities, *found])) if found else formatted


def _range(entity: Json) -> range:
    return range(entity["offset"], entity["offset"] + entity["length"])


def _trimmed_end(match: re.Match[str]) -> int:
    """Where a link ends once the punctuation of the sentence around it is left out."""
    link = match.group()
    while link and (link[-1] in ".,:;!?'\"…" or (link[-1] in ")]}" and link.count(link[-1]) > link.count("([{"[")]}".index(link[-1])]))):
        link = link[:-1]
    return match.start() + len(link)
