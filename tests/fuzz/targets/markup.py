"""A text a bot sends to the sandbox, in each way of marking it: what is sent on is well formed, or it is refused."""

from __future__ import annotations

import json

from bot.sandbox.errors import ApiError
from bot.sandbox.markup import Formatted, formatted
from bot.sandbox.markup.text import utf16_length
from bot.sandbox.params import Params
from tests.contract.test_sandbox_tdlib import HTML_PIECES, MARKDOWN_PIECES
from tests.security.payloads import ODD_TEXTS, XSS
from tests.unit.test_sandbox_markup import FOUND, HTML, HTML_FAULTS, MARKDOWN, MARKDOWN_FAULTS

MODES = ("HTML", "MarkdownV2", "")
"""The first byte says which of them; with the last, entities stand behind the text as JSON."""

BEHIND = "\x1e"
ENTITIES = ("type", "offset", "length", "url", "user", "bold", "text_link", "text_mention", "custom_emoji", "date_time")
WORDS = tuple(piece.encode() for piece in (*HTML_PIECES, *MARKDOWN_PIECES, *(f'"{name}":' for name in ENTITIES)))


def seeds() -> list[bytes]:
    """What the other tests mark, what they refuse, and numbers longer than Python reads."""
    long = "9" * 5000
    html = [source for source, *_ in (*HTML, *HTML_FAULTS)]
    html += [f"&#{long};", f'<tg-emoji emoji-id="{long}">a</tg-emoji>', f'<a href="http://a.b:{long}">a</a>']
    markdown = [source for source, *_ in (*MARKDOWN, *MARKDOWN_FAULTS)]
    markdown += [f"[a](tg://user?id={long})", f"![a](tg://time?unix={long})"]
    given = [
        (text, [{"type": type_, "offset": 0, "length": 1, "url": "https://e.com", "user": {"id": 7}}])
        for type_ in ("bold", "text_link", "text_mention", "url", "nothing")
        for text in ("a b", "😀")
    ]
    plain = [f"{text}{BEHIND}{json.dumps(entities)}" for text, entities in given]
    plain += [text for text, _ in FOUND] + [f"a{BEHIND}" + "[" * 5000]
    odd = [text[:300] for text in (*XSS, *ODD_TEXTS.values())]
    return [
        bytes([number]) + source.encode()
        for number, sources in enumerate((html + odd, markdown + odd, plain + odd))
        for source in sources
    ]


def check(data: bytes) -> None:
    """Refused in Telegram's words, or sent on; and what was sent on, given back with its entities, stays the same."""
    if not data:
        return
    mode = MODES[data[0] % len(MODES)]
    source, entities = data[1:].decode("utf-8", "replace"), ""
    if not mode:
        source, _, entities = source.partition(BEHIND)
    try:
        given = Params({"entities": entities}).structure("entities", what="entities")
        sent = formatted(source, parse_mode=mode, entities=given)
    except ApiError as error:
        assert error.code == 400 and error.description.startswith("Bad Request: ")
        return
    well_formed(sent)
    again = formatted(sent.text, parse_mode="", entities=json.loads(json.dumps(sent.entities)))
    assert json.dumps([again.text, again.entities]) == json.dumps([sent.text, sent.entities])


def well_formed(sent: Formatted) -> None:
    """Its text is whole characters without blanks around it, and each entity stands on whole characters of it."""
    assert sent.text == sent.text.strip(" \n")
    units = sent.text.encode("utf-16-le")
    places = []
    for entity in sent.entities:
        begin, length = entity["offset"], entity["length"]
        assert type(begin) is int and type(length) is int
        assert begin >= 0 and 0 < length <= utf16_length(sent.text) - begin
        units[2 * begin : 2 * (begin + length)].decode("utf-16-le")
        places.append((begin, -length))
    assert places == sorted(places)
