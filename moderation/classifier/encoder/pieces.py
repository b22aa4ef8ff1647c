"""Words cut into the pieces that the encoder knows: the likeliest cut, as a unigram model has it (Kudo, 2018)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from moderation.classifier.encoder.packed import Packed

WORD = "\u2581"
"""Stands before the first letter of a word, as a letter of its first piece."""

WORDS_KEPT = 50_000
"""Words whose pieces are remembered: most words of most comments are among them."""

UNKNOWN_COSTS = 10.0
"""How much less likely than the rarest piece a letter is that no piece has, in log-probability."""

# What is read has no others: more than half of the pieces are words of other scripts, or have capitals.
_EVER_MET = re.compile(r"[^A-Z\u00c0-\u05ff\u0980-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufaff]*")


class Pieces:
    """The pieces of a packed encoder, by their letters."""

    def __init__(self, packed: Packed) -> None:
        scores = packed.scores.tolist()
        self._known = {
            piece: (number, score)
            for number, (piece, score) in enumerate(zip(packed.pieces(), scores, strict=True))
            if score < 0 and _EVER_MET.fullmatch(piece)
        }
        self._longest = max(map(len, self._known), default=1)
        self._unknown = (packed.unknown, min(scores) - UNKNOWN_COSTS)
        self._begin, self._end = packed.begin, packed.end
        self._of_word = lru_cache(WORDS_KEPT)(self._cut)

    def of(self, words: Sequence[str], *, at_most: int) -> list[int]:
        """The pieces of the words one behind the other, with the marks that a text begins and ends with."""
        found = [self._begin]
        for word in words:
            found += self._of_word(word)
            if len(found) >= at_most:
                break
        return [*found[: at_most - 1], self._end]

    def _cut(self, word: str) -> tuple[int, ...]:
        """The way through the word whose pieces are likeliest together (Viterbi, 1967)."""
        letters = WORD + word
        best = [0.0, *[float("-inf")] * len(letters)]
        came: list[tuple[int, int]] = [(0, 0)] * (len(letters) + 1)  # from where, by which piece
        for begin in range(len(letters)):
            for end in range(begin + 1, min(begin + self._longest, len(letters)) + 1):
                number, score = self._known.get(letters[begin:end], self._unknown)
                if (end == begin + 1 or number != self._unknown[0]) and best[begin] + score > best[end]:
                    best[end] = best[begin] + score
                    came[end] = (begin, number)
        cut: list[int] = []
        end = len(letters)
        while end:
            end, number = came[end]
            cut.append(number)
        return tuple(reversed(cut))
