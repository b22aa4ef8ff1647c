"""Entities Telegram finds by itself: links, mentions, hashtags, commands, e-mail addresses."""

from __future__ import annotations

import re

from bot.sandbox.markup.text import Formatted, Json, in_order, utf16_length

_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>@])")
_MENTION = re.compile(r"(?<![\w@/])@[A-Za-z0-9_]{4,32}(?![\w@])")
_HASHTAG = re.compile(r"(?<![\w#&/@])#(?=\w*[^\W\d_])\w{1,256}(?![#\w])")
_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9._+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w@])")
# Telegram knows every top-level domain; without a scheme the common ones are known here.
_DOMAINS = (
    "com|org|net|info|io|me|in|pk|ae|sa|uk|us|co|news|gov|edu|tv|app|dev|ru|de|fr|eu|int|biz|xyz|online|site|live|blog|"
    "bar|club|shop|top|cn|jp|ir|il|eg|bd|np|lk|qa|kw|om|bh|jo|lb|tr|ca|au|nz|za|br|it|es|nl|se|no|ch|at|pl|भारत|پاکستان"
)
_HOST_LETTER = r"[^\s/?#<>\"'()\[\]{}@:,;!|\\^`~=+*&%$.]"
_URL = re.compile(
    rf"(?<![\w@.$/-])(?:(?:https?|ftp|tonsite)://(?:{_HOST_LETTER}+\.)+{_HOST_LETTER}+|tg://{_HOST_LETTER}+|"
    rf"(?:{_HOST_LETTER}+\.)+(?:{_DOMAINS})(?![\w-])|(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?![\w.]))"
    r"(?::\d{1,5})?(?:[/?#][^\s<>\"]*)?(?![\w@])",
    re.IGNORECASE,
)
_FINDERS = (("url", _URL), ("email", _EMAIL), ("bot_command", _COMMAND), ("mention", _MENTION), ("hashtag", _HASHTAG))
_CLOSED = frozenset({"pre", "code", "text_link", "text_mention", "custom_emoji"})
_SENTENCE_ENDS = ".,:;!?'\"…"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def with_found_entities(formatted: Formatted) -> Formatted:
    """The same text with what Telegram would find added; never inside code or a link."""
    text = formatted.text
    if not any(mark in text for mark in "/@#."):
        return formatted
    closed = [_span(entity) for entity in formatted.entities if entity["type"] in _CLOSED]
    found: list[Json] = []
    for type_, pattern in _FINDERS:
        for match in pattern.finditer(text):
            begin = match.start()
            end = begin + len(_unpunctuated(match.group()) if type_ == "url" else match.group())
            entity = {"type": type_, "offset": utf16_length(text[:begin]), "length": utf16_length(text[begin:end])}
            span = _span(entity)
            if not any(span.start < other.stop and other.start < span.stop for other in closed):
                found.append(entity)
                closed.append(span)
    return Formatted(text, in_order([*formatted.entities, *found])) if found else formatted


def _span(entity: Json) -> range:
    return range(entity["offset"], entity["offset"] + entity["length"])


def _unpunctuated(link: str) -> str:
    """A link without the punctuation of the sentence around it; a bracket it opened itself stays."""
    while link:
        last = link[-1]
        unopened = last in _BRACKETS and link.count(last) > link.count(_BRACKETS[last])
        if last not in _SENTENCE_ENDS and not unopened:
            break
        link = link[:-1]
    return link
