"""Text to numbers: words, pairs of words, and the runs of 2 to 5 characters inside each word.

A batch is one array of code points, and every n-gram a rolling hash over it, so nothing is cut into Python strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.base import BaseEstimator, TransformerMixin

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

BITS = 22  # 4 million places for hashes: of the kept ones few share a place with another n-gram
BATCH = 1_024  # texts at once
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


class NgramCounter(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Counts the n-grams of normalised texts, keeping those found in at least `min_documents` of the training's.

    `kept_` holds the places of the kept n-grams, rising.
    """

    def __init__(self, min_documents: int = 3) -> None:
        self.min_documents = min_documents

    def fit(self, texts: Sequence[str], y: Any = None) -> Self:
        seen = np.zeros(1 << BITS, dtype=np.int32)
        for first in range(0, len(texts), BATCH):
            batch = grams(texts[first : first + BATCH])
            keys = np.unique((batch.documents << BITS) | batch.places)
            seen += np.bincount(keys & ((1 << BITS) - 1), minlength=1 << BITS).astype(np.int32)
        self.kept_ = np.flatnonzero(seen >= self.min_documents).astype(np.int32)
        return self

    def keep(self, columns: Ints) -> None:
        """Keep only these columns of what was kept."""
        self.kept_ = self.kept_[np.sort(columns)]
        self.__dict__.pop("_columns", None)

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """One row a text, one column a kept n-gram, its count."""
        parts = [csr_matrix((0, len(self.kept_)), dtype=np.float32)]
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            parts.append(self.count(grams(batch), len(batch))[0])
        return csr_matrix(vstack(parts, format="csr"))

    def count(self, found: Grams, rows: int) -> tuple[csr_matrix, Ints, Grams]:
        """The counts; for each kept n-gram found, which of the matrix's entries it is in; and those n-grams."""
        columns = self._lookup()[found.places]
        known = columns >= 0
        held = Grams(columns[known].astype(np.int64), found.documents[known], found.begins[known], found.ends[known])
        width = len(self.kept_)
        keys, entry, counts = np.unique(held.documents * width + held.places, return_inverse=True, return_counts=True)
        of_row = np.bincount(keys // width, minlength=rows) if width else np.zeros(rows, dtype=np.int64)
        pointers = np.concatenate([[0], np.cumsum(of_row)])
        matrix = csr_matrix((counts.astype(np.float32), (keys % width).astype(np.int32), pointers), shape=(rows, width))
        return matrix, entry, held

    def _lookup(self) -> NDArray[np.int32]:
        table: NDArray[np.int32] | None = self.__dict__.get("_columns")
        if table is None:
            table = np.full(1 << BITS, -1, dtype=np.int32)
            table[self.kept_] = np.arange(len(self.kept_), dtype=np.int32)
            self.__dict__["_columns"] = table
        return table

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_columns"}
