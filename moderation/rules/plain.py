"""One way of writing letters, digits and signs, so that a pattern need not know forty alphabets."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

from moderation.decision import Span

_FULL_STOPS = {"。": ".", "．": ".", "｡": ".", "․": "."}


@dataclass(frozen=True, slots=True)
class Plain:
    """A text in plain writing; `offsets[i]` is where its letter `i` stands in the original."""

    text: str
    offsets: tuple[int, ...]

    def span(self, begin: int, end: int) -> Span:
        """The stretch of the original behind `text[begin:end]`."""
        return Span(self.offsets[begin], self.offsets[end - 1] + 1)


@functools.lru_cache(maxsize=1)  # every rule asks for the same text, one after the other
def plain(text: str) -> Plain:
    """The text with digits of every script as 0–9, wide letters narrow, and zero-width signs gone. Case stays."""
    if text.isascii():
        return Plain(text, tuple(range(len(text))))
    letters: list[str] = []
    offsets: list[int] = []
    for offset, letter in enumerate(text):
        written = _written(letter)
        if written:
            letters.append(written)
            offsets.append(offset)
    return Plain("".join(letters), tuple(offsets))


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
