"""What stands between a feed's bytes and the parser: its encoding decided here, no document type, bounded tags.

The parser is given what was looked at and nothing else: text decoded here, without anything before its root element. It
never gets to choose an encoding or to read a declaration by rules of its own. All of it takes time in proportion to the
feed's length.
"""

from __future__ import annotations

import codecs
import re

from bot.feed.fetch import FeedRefused

MAX_TAGS = 100_000
MAX_DEPTH = 1_000
"""Tags of a feed after its last item read was cut off, and how many of them unclosed at once."""

LONGEST_TAG = 16_384
"""Characters of one tag: the parser compares each of its attributes with all the others."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.-]+)""", re.IGNORECASE)
_DECLARED = re.compile(rb"""\s*+<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_READ = re.compile(
    r"(utf-?8|utf-?16(-?[lb]e)?|us-ascii|ascii|iso-8859-\d+|latin-?1|windows-125\d|cp125\d)", re.IGNORECASE
)
_MARKUP = re.compile(r"""<!--|<!\[CDATA\[|<\?|<(/?)[A-Za-z](?:(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>)?""")
_BEGINS = re.compile(r"<(?:!--|[?!]|[^\W\d_])")
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}


def decoded(body: bytes, content_type: str | None) -> str:
    """The feed as text, by its byte order mark, else the server's word, its own, or UTF-8.

    What those say wrongly is read as UTF-8 or Windows-1252 all the same. Raises FeedRefused for a feed that says it is
    in an encoding not read.
    """
    named = _DECLARED.match(body[:1024])
    own = named[1].decode("ascii") if named is not None else "utf-8"
    if not _READ.fullmatch(own):
        raise FeedRefused(f"is encoded as {own}, which is not read")
    given = _CHARSET.search(content_type or "")
    servers = given[1] if given is not None and _READ.fullmatch(given[1]) else own
    mark = next((encoding for sign, encoding in _MARKS if body.startswith(sign)), servers)
    for encoding in (mark, own, "utf-8"):
        try:
            return body.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("windows-1252", "replace")


def without_prolog(text: str) -> str:
    """The feed from its root element on. Raises FeedRefused where it declares a document type or entities."""
    at = 0
    while (found := _BEGINS.search(text, at)) is not None:
        at = found.start()
        if (ends := _ENDS.get(found[0])) is not None:
            at = text.find(ends, found.end())
            if at < 0:
                break
        elif found[0] == "<!":
            raise FeedRefused("declares a document type or entities, which is refused")
        else:
            return text[at:]
    raise FeedRefused("is not a feed that can be read (RSS, Atom or JSON Feed)")


def refuse_mazes(text: str) -> None:
    """Tags cost the parser time and, one in another, memory, hundreds of times what they cost to send.

    Raises FeedRefused.
    """
    number = depth = at = 0
    open_ended: set[str] = set()
    while (found := _MARKUP.search(text, at)) is not None:
        at = found.end()
        if (ends := _ENDS.get(found[0])) is not None:
            # Without an end it is no such section: what follows is counted. Looked for once, or this takes hours.
            end = -1 if ends in open_ended else text.find(ends, at)
            if end < 0:
                open_ended.add(ends)
            at = max(at, end)
            continue
        number += 1
        depth += -1 if found[1] else 0 if found[0].endswith("/>") else 1
        if len(found[0]) > LONGEST_TAG:
            raise FeedRefused(f"has a tag of more than {LONGEST_TAG} characters")
        if depth > MAX_DEPTH or number > MAX_TAGS:
            raise FeedRefused(f"has more than {MAX_TAGS} tags, or more than {MAX_DEPTH} in one another")
