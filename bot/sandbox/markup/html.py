"""Telegram's HTML: a small language of its own, read byte by byte because its errors name byte offsets.

The forgiving parts are Telegram's too: a bare & stays as it is, </> closes whatever is open, unknown attributes are
passed over, a link that leads nowhere is dropped without a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.sandbox.errors import ApiError, bad_request
from bot.sandbox.markup.links import checked_link, mentioned_user, whole_number
from bot.sandbox.markup.text import Formatted, Json, in_order, utf16_length

SPACES = b" \t\r\n\v\f\0"
TYPES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "pre": "pre", "code": "code", "blockquote": "blockquote",
}  # fmt: skip
TAGS = {*TYPES, "a", "tg-emoji", "tg-time"}
NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = frozenset(b"0123456789")
HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
NAME_TOKEN = LETTERS | DIGITS | frozenset(b".-")
LONGEST_REFERENCE = 10


def parse_html(source: str) -> Formatted:
    """Text and entities of a piece of HTML. Raises ApiError 400 in Telegram's words."""
    return _Reader(source).read()


@dataclass(slots=True)
class _Open:
    """A tag that waits for its end."""

    tag: str
    attributes: dict[str, str]
    offset: int
    text_begin: int


@dataclass(slots=True)
class _Reader:
    source_text: str
    source: bytes = b""
    at: int = 0
    text: bytearray = field(default_factory=bytearray)
    offset: int = 0
    stack: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)
    # Index in `entities` → language of a <code class="language-…">, which counts only inside <pre>.
    languages: dict[int, str] = field(default_factory=dict)

    def read(self) -> Formatted:
        # The zero ends every scan, so that no scan has to ask for the end.
        self.source = self.source_text.encode("utf-8") + b"\0"
        end = len(self.source) - 1
        while self.at < end:
            byte = self.source[self.at]
            if byte == ord("<"):
                self._read_tag()
            elif byte == ord("&"):
                self._emit(self._reference() or b"&")
            else:
                self._read_plain(end)
        if self.stack:
            raise _fault(f'Can\'t find end tag corresponding to start tag "{self.stack[-1].tag}"')
        try:
            text = self.text.decode("utf-8")
        except UnicodeDecodeError:
            raise _fault(
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            ) from None
        return Formatted(text, in_order(self.entities))

    def _read_plain(self, end: int) -> None:
        begin = self.at
        while self.at < end and self.source[self.at] not in b"<&":
            self.at += 1
        self._emit(self.source[begin : self.at])

    def _emit(self, piece: bytes) -> None:
        self.text += piece
        self.offset += utf16_length(piece.decode("utf-8", "surrogatepass"))

    def _reference(self) -> bytes | None:
        """The character a reference at this & stands for, past it; None and past the & alone if it is none."""
        begin = self.at
        self.at += 1
        if self.source[self.at] == ord("#"):
            character = self._numeric_reference(begin)
        else:
            end = self._while_in(LETTERS, self.at)
            character = NAMED.get(self.source[self.at : end])
            self.at = end if character else self.at
        if character is None:
            self.at = begin + 1
            return None
        if self.source[self.at] == ord(";"):
            self.at += 1
        return character.encode("utf-8", "surrogatepass")

    def _numeric_reference(self, begin: int) -> str | None:
        base, digits, first = 10, DIGITS, self.at + 1
        if self.source[first] == ord("x"):
            base, digits, first = 16, HEX_DIGITS, first + 1
        end = self._while_in(digits, first)
        if end - begin >= LONGEST_REFERENCE:
            return None
        code = int(self.source[first:end] or b"0", base) & 0xFFFFFFFF
        if code == 0 or code >= 0x10FFFF:
            return None
        self.at = end
        return chr(code)

    def _read_tag(self) -> None:
        begin = self.at
        self.at += 1
        if self.source[self.at] == ord("/"):
            self._read_end_tag(begin)
        else:
            self._read_start_tag(begin)

    def _read_start_tag(self, begin: int) -> None:
        tag = self._word_until(b">", f"Unclosed start tag at byte offset {begin}")
        if tag not in TAGS:
            raise _fault(f'Unsupported start tag "{tag}" at byte offset {begin}')
        attributes: dict[str, str] = {}
        while self.source[self.at] != ord(">"):
            self._skip_spaces()
            if self.source[self.at] == ord(">"):
                break
            name, value = self._attribute(tag, begin)
            attributes[name] = value
        self.at += 1
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _fault(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self.stack.append(_Open(tag, attributes, self.offset, len(self.text)))

    def _attribute(self, tag: str, begin: int) -> tuple[str, str]:
        name_begin = self.at
        while self.source[self.at] not in SPACES and self.source[self.at] not in b"=>/\"'":
            self.at += 1
        name = self.source[name_begin : self.at].decode("utf-8", "replace")
        if not name:
            raise _fault(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
        self._skip_spaces()
        self._not_at_end(f'Unclosed start tag "{tag}" at byte offset {begin}')
        if self.source[self.at] != ord("="):
            return name, ""
        self.at += 1
        self._skip_spaces()
        self._not_at_end(f'Unclosed start tag "{tag}" at byte offset {begin}')
        value = self._quoted() if self.source[self.at] in b"'\"" else self._name_token()
        self._not_at_end(f"Unclosed start tag at byte offset {begin}")
        return name, value

    def _quoted(self) -> str:
        quote = self.source[self.at]
        self.at += 1
        value = bytearray()
        while self.source[self.at] != quote and not self._at_end():
            if self.source[self.at] == ord("&"):
                value += self._reference() or b"&"
            else:
                value.append(self.source[self.at])
                self.at += 1
        if self.source[self.at] == quote:
            self.at += 1
        return value.decode("utf-8", "replace")

    def _name_token(self) -> str:
        begin = self.at
        self.at = self._while_in(NAME_TOKEN, begin)
        if self.source[self.at] not in SPACES and self.source[self.at] != ord(">"):
            raise _fault(f"Unexpected end of name token at byte offset {begin}")
        return self.source[begin : self.at].decode("ascii").lower()

    def _read_end_tag(self, begin: int) -> None:
        if not self.stack:
            raise _fault(f"Unexpected end tag at byte offset {begin}")
        self.at += 1
        unclosed = f"Unclosed end tag at byte offset {begin}"
        name = self._word_until(b">", unclosed)
        self._skip_spaces()
        if self.source[self.at] != ord(">"):
            raise _fault(unclosed)
        self.at += 1
        tag = self.stack[-1].tag
        if name and name != tag:
            raise _fault(f'Unmatched end tag at byte offset {begin}, expected "</{tag}>", found "</{name}>"')
        opened = self.stack.pop()
        if self.offset > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        span: Json = {"offset": opened.offset, "length": self.offset - opened.offset}
        if opened.tag == "a":
            self._close_link(opened, span)
        elif opened.tag == "tg-emoji":
            self.entities.append({"type": "custom_emoji", **span, "custom_emoji_id": _emoji_id(opened)})
        elif opened.tag == "tg-time":
            self.entities.extend(_time(opened, span))
        elif opened.tag in ("pre", "code"):
            self._close_code(opened, span)
        elif opened.tag == "blockquote" and "expandable" in opened.attributes:
            self.entities.append({"type": "expandable_blockquote", **span})
        else:
            self.entities.append({"type": TYPES[opened.tag], **span})

    def _close_link(self, opened: _Open, span: Json) -> None:
        url = opened.attributes.get("href") or self.text[opened.text_begin :].decode("utf-8", "replace")
        if (user_id := mentioned_user(url)) is not None:
            self.entities.append({"type": "text_mention", **span, "user": {"id": user_id}})
        elif link := checked_link(url):
            self.entities.append({"type": "text_link", **span, "url": link})

    def _close_code(self, opened: _Open, span: Json) -> None:
        """<pre> and <code class="language-…"> around the same text, either inside the other, are one block."""
        last = len(self.entities) - 1
        inner = self.entities[last] if self.entities else {}
        same = all(inner.get(key) == span[key] for key in span)
        language = opened.attributes.get("class", "").removeprefix("language-") if opened.tag == "code" else ""
        if not opened.attributes.get("class", "").startswith("language-"):
            language = ""
        if opened.tag == "pre" and same and inner["type"] == "code" and last in self.languages:
            self.entities[last] = {"type": "pre", **span, "language": self.languages[last]}
        elif opened.tag == "code" and same and inner["type"] == "pre" and language:
            self.entities[last] = {"type": "pre", **span, "language": language}
        else:
            if language:
                self.languages[last + 1] = language
            self.entities.append({"type": opened.tag, **span})

    # Scanning.

    def _at_end(self) -> bool:
        # A zero inside the text ends a tag as the real end does.
        return self.source[self.at] == 0

    def _not_at_end(self, otherwise: str) -> None:
        if self._at_end():
            raise _fault(otherwise)

    def _while_in(self, allowed: frozenset[int], at: int) -> int:
        while self.source[at] in allowed:
            at += 1
        return at

    def _skip_spaces(self) -> None:
        while not self._at_end() and self.source[self.at] in SPACES:
            self.at += 1

    def _word_until(self, end: bytes, unclosed: str) -> str:
        begin = self.at
        while self.source[self.at] not in SPACES and self.source[self.at] not in end:
            self.at += 1
        word = self.source[begin : self.at].decode("utf-8", "replace")
        self._not_at_end(unclosed)
        return "".join(chr(ord(letter) | 0x20) if "A" <= letter <= "Z" else letter for letter in word)


def _emoji_id(opened: _Open) -> str:
    id_ = whole_number(opened.attributes.get("emoji-id", ""))
    if not id_:
        raise _fault("Invalid custom emoji identifier specified")
    return str(id_)


def _time(opened: _Open, span: Json) -> list[Json]:
    unix_time = whole_number(opened.attributes.get("unix", ""))
    if unix_time is None or unix_time <= 0:
        return []
    entity: Json = {"type": "date_time", **span, "unix_time": unix_time}
    if form := opened.attributes.get("format"):
        entity["date_time_format"] = form
    return [entity]


def _fault(text: str) -> ApiError:
    return bad_request(f"can't parse entities: {text}")
