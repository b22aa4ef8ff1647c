"""One way of writing letters, digits and signs, so that a pattern need not know forty alphabets."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from moderation.decision import Span

_FULL_STOPS = {"。": ".", "．": ".", "｡": ".", "․": "."}


@dataclass(frozen=True)
class Plain:
    """A text in plain writing; `offsets[i]` is where its letter `i` stands in the original."""

    text: str
    original: str

    @functools.cached_property
    def offsets(self) -> Sequence[int]:
        """Worked out when first asked for: most texts hold nothing to be pointed at."""
        if len(self.text) == len(self.original):
            return range(len(self.text))
        return [offset for offset, letter in enumerate(self.original) if _WRITTEN[ord(letter)]]

    def span(self, begin: int, end: int) -> Span:
        """The stretch of the original behind `text[begin:end]`."""
        return Span(self.offsets[begin], self.offsets[end - 1] + 1)


class _Written(dict[int, str]):
    """How each code point met so far is written plainly: one letter, or none."""

    def __missing__(self, code: int) -> str:
        written = _written(chr(code))
        if len(self) < _MOST_KNOWN:
            self[code] = written
        return written


_WRITTEN = _Written()
_MOST_KNOWN = 20_000  # code points: more than all the world's comments hold, and no more than a few MB


@functools.lru_cache(maxsize=1)  # every rule asks for the same text, one after the other
def plain(text: str) -> Plain:
    """The text with digits of every script as 0–9, wide letters narrow, and zero-width signs gone. Case stays."""
    return Plain(text if text.isascii() else text.translate(_WRITTEN), text)


def _written(letter: str) -> str:
    if letter.isascii():
        return letter
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    if letter in _FULL_STOPS:
        return _FULL_STOPS[letter]
    category = unicodedata.category(letter)
    if category == "Cf" or (category in {"Mn", "Me"} and letter < "\u0600"):
        # Zero-width signs and stacked accents. Marks of the scripts that follow are vowels: part of the word.
        return ""
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    narrow = unicodedata.normalize("NFKC", letter)
    return narrow if len(narrow) == 1 else letter
