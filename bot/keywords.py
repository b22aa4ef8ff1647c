"""Words a subscriber follows or mutes, and whether a story has them: plain words on folded text, no patterns. Pure.

Two writings of a word are one where they differ in case, in accents, in Arabic's vowel signs, in a letter that Arabic
and Urdu keyboards write differently, in a nukta, or in signs that are not seen. A word is a whole word: "war" is not
in "warm".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

LONGEST = 40
"""Characters of a keyword."""

WORDS_AT_MOST = 4
KEYWORDS_AT_MOST = 20
"""Words in one keyword, and keywords of one kind that somebody may have."""

_SAME = str.maketrans("يىكةهەँ", "ییکہہہं", "\u093c\u0640")
"""Letters that are written one way or the other; the nukta and the tatweel are left out."""

_NASAL = re.compile("[ङञणनम]्(?=[क-ह])")
"""Before another consonant these are written as a dot as well."""


Kind = Literal["follow", "mute"]


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word as its subscriber wrote it."""

    id: int
    kind: Kind
    word: str


def folded(text: str) -> tuple[str, ...]:
    """The words of a text, each as it is compared."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    letters = (
        letter if unicodedata.category(letter)[0] in "LMN" else " "
        for letter in unicodedata.normalize("NFD", plain)
        if unicodedata.category(letter) != "Cf" and not _is_accent(letter)
    )
    return tuple(_NASAL.sub("ं", "".join(letters).translate(_SAME)).split())


def keyword(text: str) -> str | None:
    """The keyword as it is compared; None for what is none: nothing to read, a single letter, or too long."""
    words = folded(text)
    together = " ".join(words)
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in "".join(text.split())):
        return None  # signs that a database may not take, and nobody writes
    if len(text) > LONGEST or not 0 < len(words) <= WORDS_AT_MOST or len(together) < 2:
        return None
    return together


@lru_cache(maxsize=256)
def phrases(*texts: str) -> frozenset[str]:
    """Every run of one to four words in these texts, as keywords are compared."""
    return frozenset(_runs(texts))


def _runs(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        words = folded(text)
        for begin in range(len(words)):
            for length in range(1, min(WORDS_AT_MOST, len(words) - begin) + 1):
                yield " ".join(words[begin : begin + length])


def _is_accent(letter: str) -> bool:
    """A sign over or under Latin letters, or a vowel sign of Arabic: Devanagari's are letters of the word."""
    return unicodedata.combining(letter) > 0 and not "\u0900" <= letter <= "\u097f"
