"""Telegram's MarkdownV2, read byte by byte because its errors name byte offsets."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.sandbox.errors import ApiError, bad_request
from bot.sandbox.markup.links import checked_link, emoji_link, mentioned_user, time_link
from bot.sandbox.markup.text import Formatted, Json, in_order, utf16_length

RESERVED = frozenset(b"_*[]()~`>#+-=|{}.!\n")
RESERVED_IN_CODE = frozenset(b"`")
SPACES = frozenset(b" \t\r\n\v\f\0")
HIGHEST_ESCAPED = 126
ENDS = {
    "Bold": b"*", "Italic": b"_", "Underline": b"__", "Strikethrough": b"~", "Spoiler": b"||", "Code": b"`",
    "Pre": b"```", "PreCode": b"```", "TextUrl": b"]", "CustomEmoji": b"]",
}  # fmt: skip
# The longer mark first, where one begins another.
BEGINNINGS = (
    (b"__", "Underline"), (b"_", "Italic"), (b"*", "Bold"), (b"~", "Strikethrough"), (b"||", "Spoiler"),
    (b"![", "CustomEmoji"), (b"[", "TextUrl"), (b"```", "Pre"), (b"`", "Code"),
)  # fmt: skip
TYPES = {
    "Bold": "bold", "Italic": "italic", "Underline": "underline", "Strikethrough": "strikethrough",
    "Spoiler": "spoiler", "Code": "code", "Pre": "pre", "PreCode": "pre",
}  # fmt: skip
CODE = frozenset({"Code", "Pre", "PreCode"})
QUOTE = "BlockQuote"


def parse_markdown(source: str) -> Formatted:
    """Text and entities of a piece of MarkdownV2. Raises ApiError 400 in Telegram's words."""
    return _Reader(source.encode("utf-8")).read()


@dataclass(slots=True)
class _Open:
    """A mark that waits for its end."""

    type: str
    offset: int
    byte_offset: int
    text_begin: int
    language: str = ""


@dataclass(slots=True)
class _Reader:
    source: bytes
    at: int = 0
    text: bytearray = field(default_factory=bytearray)
    offset: int = 0
    stack: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)
    in_quote: bool = False
    # Nothing visible stands yet on this line; marks do not count, which is why **> begins a quotation too.
    line_begins: bool = True

    def read(self) -> Formatted:
        while self.at < len(self.source):
            self._step()
        if self.in_quote and self.stack[-1].type == QUOTE:
            self._close_quote(expandable=False)
        if self.stack:
            raise self._unended()
        return Formatted(self.text.decode("utf-8"), in_order(self.entities))

    def _step(self) -> None:
        byte = self.source[self.at]
        if byte == ord("\\") and 0 < self._peek(1) <= HIGHEST_ESCAPED:
            escaped = self.source[self.at + 1 : self.at + 2]
            self._emit(escaped)
            self.line_begins |= escaped == b"\n"
            self.at += 2
        elif byte not in (RESERVED_IN_CODE if self._in_code() else RESERVED):
            begin = self.at
            self.at += 1
            while self.at < len(self.source) and self.source[self.at] & 0xC0 == 0x80:
                self.at += 1
            self._emit(self.source[begin : self.at])
        elif self._ends_here():
            self._close()
        elif byte == ord("\n"):
            self._newline()
        elif self._quote_ends_expandable():
            if self.stack[-1].type != QUOTE:
                raise self._unended()
            self._close_quote(expandable=True)
            self.at += 2
        elif byte == ord(">") and self.line_begins:
            self._open_quote()
        else:
            self._open()

    # Beginnings.

    def _open(self) -> None:
        for mark, type_ in BEGINNINGS:
            if self.source.startswith(mark, self.at):
                opened = _Open(type_, self.offset, self.at, len(self.text))
                self.at += len(mark)
                if type_ == "Pre":
                    self._read_language(opened)
                self.stack.append(opened)
                return
        raise _fault(f"Character '{chr(self.source[self.at])}' is reserved and must be escaped with the preceding '\\'")

    def _read_language(self, opened: _Open) -> None:
        end = self.at
        while self._byte(end) not in SPACES and self._byte(end) != ord("`"):
            end += 1
        if end != self.at and end < len(self.source) and self._byte(end) != ord("`"):
            opened.type = "PreCode"
            opened.language = self.source[self.at : end].decode("utf-8")
            self.at = end
        if self._peek(0) in b"\r\n":
            both = self._peek(1) in b"\r\n" and self._peek(0) != self._peek(1)
            self.at += 2 if both else 1

    def _newline(self) -> None:
        self._emit(b"\n")
        self.at += 1
        self.line_begins = True

    def _open_quote(self) -> None:
        if not self.in_quote:
            self.in_quote = True
            self.stack.append(_Open(QUOTE, self.offset, self.at, len(self.text)))
        self.at += 1

    # Ends.

    def _ends_here(self) -> bool:
        if not self.stack:
            return False
        if self.in_quote and self._quote_line_ends(self.at):
            return True
        type_ = self.stack[-1].type
        if type_ == QUOTE or not self.source.startswith(ENDS[type_], self.at):
            return False
        return type_ != "Italic" or self._peek(1) != ord("_")

    def _quote_line_ends(self, at: int) -> bool:
        """Whether the line ends here and the next one is not of the same quotation."""
        return self._byte(at) == ord("\n") and self._byte(at + 1) != ord(">") and at < len(self.source)

    def _quote_ends_expandable(self) -> bool:
        """Whether || stands here as the end of a quotation, and not as a spoiler's."""
        if not self.in_quote or not self.source.startswith(b"||", self.at):
            return False
        after = self.at + 2
        return after >= len(self.source) or self._quote_line_ends(after)

    def _close(self) -> None:
        opened = self.stack[-1]
        if self._peek(0) == ord("\n"):
            if opened.type != QUOTE:
                raise self._unended()
            self._newline()
            self._close_quote(expandable=False)
            return
        self.at += len(ENDS[opened.type])
        self.stack.pop()
        span: Json = {"offset": opened.offset, "length": self.offset - opened.offset}
        if opened.type == "TextUrl":
            self._close_link(opened, span)
        elif opened.type == "CustomEmoji":
            self._close_emoji(span)
        elif span["length"]:
            language = {"language": opened.language} if opened.language else {}
            self.entities.append({"type": TYPES[opened.type], **span, **language})

    def _close_quote(self, *, expandable: bool) -> None:
        opened = self.stack.pop()
        self.in_quote = False
        if self.offset > opened.offset:
            type_ = "expandable_blockquote" if expandable else "blockquote"
            self.entities.append({"type": type_, "offset": opened.offset, "length": self.offset - opened.offset})

    def _close_link(self, opened: _Open, span: Json) -> None:
        shown = self.text[opened.text_begin :].decode("utf-8")
        url = self._read_url() if self._peek(0) == ord("(") else shown
        if not span["length"]:
            return
        if (user_id := mentioned_user(url)) is not None:
            self.entities.append({"type": "text_mention", **span, "user": {"id": user_id}})
        elif link := checked_link(url):
            self.entities.append({"type": "text_link", **span, "url": link})

    def _close_emoji(self, span: Json) -> None:
        if self._peek(0) != ord("("):
            raise _fault("The entity must contain a tg://emoji or tg://time URL")
        url = self._read_url()
        entity = emoji_link(url) or time_link(url)
        if entity is None:
            raise _fault("Invalid tg://emoji or tg://time URL specified")
        if span["length"]:
            self.entities.append({**entity, **span})

    def _read_url(self) -> str:
        self.at += 1
        begin = self.at
        url = bytearray()
        while self.at < len(self.source) and self.source[self.at] != ord(")"):
            if self.source[self.at] == ord("\\") and 0 < self._peek(1) <= HIGHEST_ESCAPED:
                self.at += 1
            url.append(self.source[self.at])
            self.at += 1
        if self.at >= len(self.source):
            raise _fault(f"Can't find end of a URL at byte offset {begin}")
        self.at += 1
        return url.decode("utf-8")

    # Scanning.

    def _in_code(self) -> bool:
        return bool(self.stack) and self.stack[-1].type in CODE

    def _emit(self, piece: bytes) -> None:
        self.line_begins &= piece == b"\r"
        self.text += piece
        self.offset += utf16_length(piece.decode("utf-8"))

    def _peek(self, ahead: int) -> int:
        return self._byte(self.at + ahead)

    def _byte(self, at: int) -> int:
        return self.source[at] if at < len(self.source) else 0

    def _unended(self) -> ApiError:
        opened = self.stack[-1]
        return _fault(f"Can't find end of {opened.type} entity at byte offset {opened.byte_offset}")


def _fault(text: str) -> ApiError:
    return bad_request(f"can't parse entities: {text}")
