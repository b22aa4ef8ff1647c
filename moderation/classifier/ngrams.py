"""Text to numbers: words, pairs of words, and the runs of 2 to 5 characters inside each word.

A batch is one array of code points, and every n-gram a rolling hash over it, so nothing is cut into Python strings.
Training and scoring both stand on this module, which needs nothing but numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

BITS = 22  # 4 million places for hashes: of the kept ones few share a place with another n-gram
_SPACE = 32
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))
_MIX = np.uint64(0xD6E8FEB86659FD93)
_WORD, _PAIR, _RUN = 0x1000, 0x2000, 0x3000


@dataclass(frozen=True, slots=True)
class Grams:
    """Every n-gram of a batch: its place among the hashes, its text's number, and its begin and end in that text."""

    places: Ints
    documents: Ints
    begins: Ints
    ends: Ints


def _place(hashes: Hashes, salt: int) -> Ints:
    mixed = (hashes ^ np.uint64(salt * int(_BASE) % 2**64)) * _MIX
    mixed ^= mixed >> np.uint64(29)
    mixed *= _BASE
    return (mixed >> np.uint64(64 - BITS)).astype(np.int64)


def _powers(base: np.uint64, count: int) -> Hashes:
    powers = np.full(count, base, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def grams(texts: Sequence[str]) -> Grams:
    """The n-grams of normalised texts, in no promised order; begins and ends count the normalised code points."""
    joined = " " + " ".join(texts) + " "
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype="<u4").astype(np.uint64)
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    starts = np.cumsum(lengths + 1) - lengths  # of each text in the joined one
    documents = np.repeat(np.arange(len(texts)), lengths + 1)  # a text and the space before it
    documents = np.append(documents, len(texts) - 1)
    space = codes == _SPACE
    parts = [*_words(codes, space, documents), *_runs(codes, space)]
    places = np.concatenate([part[0] for part in parts])
    begins = np.concatenate([part[1] for part in parts])
    ends = np.concatenate([part[2] for part in parts])
    owner = documents[begins]
    longest = lengths[owner]
    return Grams(
        places=places,
        documents=owner,
        begins=np.clip(begins - starts[owner], 0, longest),
        ends=np.clip(ends - starts[owner], 0, longest),
    )


def _words(codes: Hashes, space: NDArray[np.bool_], documents: Ints) -> list[tuple[Ints, Ints, Ints]]:
    edges = np.diff(space.astype(np.int8))
    begins, ends = np.flatnonzero(edges == -1) + 1, np.flatnonzero(edges == 1) + 1
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes * _powers(_BASE, len(codes)), dtype=np.uint64)])
    # Brought back to power 0, so that a word has one hash wherever it stands and whatever stands in the batch.
    hashes = (sums[ends] - sums[begins]) * _powers(_INVERSE, len(codes))[begins]
    hashes *= _MIX
    words = (_place(hashes ^ (hashes >> np.uint64(31)), _WORD), begins, ends)
    beside = documents[begins[1:]] == documents[begins[:-1]]
    both = hashes[:-1] * _BASE + hashes[1:]
    pairs = (_place(both, _PAIR)[beside], begins[:-1][beside], ends[1:][beside])
    return [words, pairs]


def _runs(codes: Hashes, space: NDArray[np.bool_]) -> list[tuple[Ints, Ints, Ints]]:
    """Runs of 2 to 5 that hold no space inside; one at an end is the word's edge, and counts."""
    parts = []
    hashes = codes.copy()
    inside = np.ones(len(codes), dtype=bool)  # no space between the first and the last
    for n in range(2, 6):
        if len(codes) < n:
            break
        hashes = hashes[:-1] * _BASE + codes[n - 1 :]
        # A run of 2 has no inside, but two spaces are no run.
        inside = inside[:-1] & ~space[n - 2 : len(codes) - 1] if n > 2 else ~(space[:-1] & space[1:])
        begins = np.flatnonzero(inside)
        parts.append((_place(hashes[begins], _RUN + n), begins, begins + n))
    return parts


@dataclass(frozen=True, slots=True)
class Counts:
    """Which kept n-grams each text of a batch holds, and how often: entry by entry, texts rising, then columns rising.

    `edges` has one more entry than there are texts: those of text i are from `edges[i]` to `edges[i + 1]`.
    """

    columns: Ints
    counts: NDArray[np.float32]
    edges: Ints


class Kept:
    """The places of the n-grams a model knows, rising, ready to be looked up: one bit a place, and counts beside them.

    4 million bits stay in a processor's cache, where a table of 4 million columns does not.
    """

    def __init__(self, places: NDArray[np.int32]) -> None:
        self.width = len(places)
        bits = np.zeros(1 << BITS, dtype=bool)
        bits[places] = True
        self._bits = np.packbits(bits, bitorder="little").view("<u8").astype(np.uint64)
        self._before = np.cumsum(np.bitwise_count(self._bits), dtype=np.int64) - np.bitwise_count(self._bits)

    def among(self, found: Grams) -> Grams:
        """Those n-grams that are kept, with their columns for places."""
        word, bit = found.places >> 6, (found.places & 63).astype(np.uint64)
        rest = self._bits[word] >> bit
        known = np.flatnonzero(rest & np.uint64(1))
        # Counted from the bit on and taken off, so that the kept one itself is not among those before it.
        after = np.bitwise_count(rest[known])
        word = word[known]
        columns = self._before[word] + np.bitwise_count(self._bits[word]) - after
        return Grams(columns, found.documents[known], found.begins[known], found.ends[known])


def count(held: Grams, *, texts: int, width: int) -> Counts:
    """How often each of so many texts holds each of `width` columns."""
    keys = np.sort(held.documents * width + held.places)
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.empty(0, np.int64)
    distinct = keys[first]
    counts = np.diff(first, append=len(keys)).astype(np.float32)
    edges = np.searchsorted(distinct, np.arange(texts + 1) * width)
    return Counts(distinct - np.repeat(np.arange(texts), np.diff(edges)) * width, counts, edges)
