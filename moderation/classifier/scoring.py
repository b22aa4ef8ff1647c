"""A model's numbers, and what they make of texts: all that scoring needs, in numpy alone.

n-grams → counts → 1 + log(count), by idf, each text of length 1 → margins → scores, calibrated by language
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.ngrams import BITS, Counts, Grams, Kept, count, grams

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Weights:
    """A model's numbers. `kept`: places of the n-grams it knows, rising; `idf` and `coefficients` (× labels): theirs.

    `slope` and `shift` are languages × labels, in the order of LANGUAGES: a score is 1 / (1 + exp(-(slope · margin +
    shift))).
    """

    kept: NDArray[np.int32]
    idf: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    intercept: NDArray[np.float32]
    slope: Floats
    shift: Floats

    def fault(self) -> str | None:
        """Why these are no model's numbers, or None."""
        features, labels = len(self.kept), len(LABELS)
        shapes = {
            "kept": (features,),
            "idf": (features,),
            "coefficients": (features, labels),
            "intercept": (labels,),
            "slope": (len(LANGUAGES), labels),
            "shift": (len(LANGUAGES), labels),
        }
        for name, shape in shapes.items():
            numbers = getattr(self, name)
            if numbers.shape != shape:
                return f"{name} is {numbers.shape}, not {shape}"
            if not np.isfinite(numbers).all():
                return f"{name} holds numbers that are none"
        rising = bool((self.kept[1:] > self.kept[:-1]).all())
        if features and not (rising and self.kept[0] >= 0 and self.kept[-1] < 1 << BITS):
            return "kept holds places that are none"
        return None

    @cached_property
    def _lookup(self) -> Kept:
        return Kept(self.kept)

    def weigh(self, texts: Sequence[str]) -> Weighed:
        """What is in these normal forms."""
        held = self._lookup.among(grams(texts))
        found = count(held, texts=len(texts), width=len(self.kept))
        values = (np.log(found.counts) + 1) * self.idf[found.columns]
        lengths = np.sqrt(_sums(values * values, found.edges))
        values /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(found.edges))
        return Weighed(held, found, values, len(self.kept))

    def margins(self, weighed: Weighed) -> Floats:
        """Texts × labels, before calibration."""
        parts = self.coefficients[weighed.found.columns]
        parts *= weighed.values[:, None]
        return (_sums(parts, weighed.found.edges) + self.intercept).astype(np.float64)

    def scores(self, margins: Floats, languages: Sequence[str], *, lowered: Floats | None = None) -> Floats:
        """Texts × labels in 0..1. A language without a calibration of its own takes the last one's ("und").

        `lowered` is taken off each text's log-odds.
        """
        return calibrated(margins, languages, self.slope, self.shift, lowered=lowered)


_ROW_OF: Mapping[str, int] = {language: row for row, language in enumerate(LANGUAGES)}


def rows_of(languages: Sequence[str]) -> NDArray[np.int64]:
    """Each one's place in LANGUAGES; the last one's for a language that is not there."""
    return np.array([_ROW_OF.get(language, len(LANGUAGES) - 1) for language in languages], dtype=np.int64)


def calibrated(
    margins: Floats, languages: Sequence[str], slope: Floats, shift: Floats, *, lowered: Floats | None = None
) -> Floats:
    """Texts × labels in 0..1 from margins, by the slope and shift of each text's language."""
    rows = rows_of(languages)
    odds = slope[rows] * margins + shift[rows]
    if lowered is not None:
        odds = odds - lowered[:, None]
    # Both ends by the tail that can't overflow.
    tails = np.exp(-np.abs(odds))
    scores: Floats = np.where(odds >= 0, 1, tails) / (1 + tails)
    return scores


@dataclass(frozen=True, slots=True)
class Weighed:
    """The known n-grams of some texts: `held` one by one, `found` and `values` as the model reads them."""

    held: Grams
    found: Counts
    values: NDArray[np.float32]
    width: int

    def shares(self, chosen: NDArray[Any]) -> NDArray[np.float32]:
        """What each of the chosen of `held` adds: an n-gram found three times shares its value among the places."""
        entries = np.repeat(np.arange(len(self.found.edges) - 1), np.diff(self.found.edges))
        keys = entries * self.width + self.found.columns
        at = np.searchsorted(keys, self.held.documents[chosen] * self.width + self.held.places[chosen])
        shares: NDArray[np.float32] = self.values[at] / self.found.counts[at]
        return shares


def _sums(values: NDArray[Any], edges: NDArray[np.int64]) -> NDArray[Any]:
    """The sum of each stretch of rows; 0 for an empty one."""
    sums = np.zeros((len(edges) - 1, *values.shape[1:]), dtype=values.dtype)
    filled = np.flatnonzero(edges[1:] > edges[:-1])
    if len(filled):
        sums[filled] = np.add.reduceat(values, edges[filled], axis=0)
    return sums
