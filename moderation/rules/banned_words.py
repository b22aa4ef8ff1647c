"""Words the site does not print, found as whole words in any spelling that folds to them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from moderation.decision import Span


class Folded(Protocol):
    """A text's normal form: words with one space between; `offsets[i]` is where letter `i` stood in the original."""

    @property
    def text(self) -> str:
        """The normal form."""

    @property
    def offsets(self) -> Sequence[int]:
        """Places in the original."""


class BannedWords:
    """A list of words, ready to be looked for.

    Words and comments must go through the same folding; it undoes look-alikes, digits for letters, spaces and signs
    between letters. A letter may be stretched: "iiidiot" is the word, "as" is not "ass".
    """

    def __init__(self, words: Iterable[str], *, fold: Callable[[str], Folded]) -> None:
        spelled = {_letters(fold(word).text) for word in words}
        spelled.discard(())
        # The longest first, so that a phrase is found before the word it begins with.
        choices = "|".join(sorted(map("".join, spelled), key=lambda pattern: (-len(pattern), pattern)))
        self._pattern = re.compile(f"(?<![^ ])(?:{choices})(?![^ ])") if choices else None
        # Most texts hold none of the words, so that is asked first. A pattern that begins with a blank is looked for at
        # blanks alone, and of words with the same beginning that is compared once.
        self._at_all = re.compile(f" {_any_of(spelled)} ")

    def find(self, folded: Folded) -> tuple[Span, ...]:
        """Where the words stand, as stretches of the original text."""
        if self._pattern is None or self._at_all.search(f" {folded.text} ") is None:
            return ()
        return tuple(
            Span(folded.offsets[match.start()], folded.offsets[match.end() - 1] + 1)
            for match in self._pattern.finditer(folded.text)
        )


def _letters(word: str) -> tuple[str, ...]:
    """The word as one pattern for each run of the same letter."""
    pieces: list[str] = []
    for letter, run in itertools.groupby(word):
        times = len(list(run))
        stretched = letter.isalpha()
        pieces.append(re.escape(letter) + (f"{{{times},}}" if stretched else "" if times == 1 else f"{{{times}}}"))
    return tuple(pieces)


def _any_of(words: Collection[tuple[str, ...]]) -> str:
    """A pattern for any of the words, with what several begin with written once."""
    branches = [
        first + _any_of([word[1:] for word in begun])
        for first, begun in itertools.groupby(sorted(filter(None, words)), key=lambda word: word[0])
    ]
    if not branches:
        return ""
    either = f"(?:{'|'.join(branches)})" if len(branches) > 1 else branches[0]
    return f"(?:{either})?" if () in words else either
