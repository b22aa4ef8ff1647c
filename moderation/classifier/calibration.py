"""From margins to scores that mean the same in every language, and from scores to the thresholds that we suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.sources import OURS

Floats = NDArray[np.floating[Any]]

# Sets are made half of abuse; a site's comments are not. Slopes are fitted as if one in four were.
POSITIVES = 0.25
ENOUGH = 40  # of each side, or the language takes the slope of all languages together
# The share of clean comments that each label may hold. By construction this share of them scores 0.5 or more, in every
# language: the middle set of each language counts, so that one badly rated set does not move it.
BUDGET: Mapping[str, float] = {
    "toxic": 0.06, "severe": 0.003, "insult": 0.02, "threat": 0.008, "obscene": 0.01, "identity_hate": 0.02,
    "sexual": 0.008, "spam": 0.01,
}  # fmt: skip
CLEAN_ENOUGH = 150  # clean comments of one set, or its edge is chance
# Of a set's clean comments so many must be in a language for it to say where that one's zero is: tweets in English
# that are taken for romanised Hindi are nobody's romanised Hindi.
MOSTLY = 0.1
# Romanised Hindi and Urdu are one way of writing, and hard to tell apart: they are calibrated together.
KIN: Mapping[str, tuple[str, ...]] = {"hi-Latn": ("hi-Latn", "ur-Latn"), "ur-Latn": ("hi-Latn", "ur-Latn")}
HOLD_AT = 0.5
PRECISION_TO_REJECT = 0.9
CLEAN_REJECTED = 0.005
# However precise a label is where it could be measured, there are languages where it could not.
LOWEST_REJECT, HIGHEST = 0.9, 0.995


@dataclass(frozen=True, slots=True)
class Measured:
    """Margins of held-out examples, with what is known of them; rows alike in all five."""

    margins: Floats
    known: Floats
    languages: NDArray[np.str_]
    sources: NDArray[np.str_]


def calibrate(measured: Measured) -> tuple[Floats, Floats]:
    """Slope and shift, languages × labels. A label nobody gave keeps slope 1 and shift 0."""
    slope = np.ones((len(LANGUAGES), len(LABELS)))
    shift = np.zeros((len(LANGUAGES), len(LABELS)))
    for column, label in enumerate(LABELS):
        known = ~np.isnan(measured.known[:, column])
        together = _steepness(measured, known, column)
        if together is None:
            continue
        clean = measured.known[:, column] == 0
        everywhere = _clean_edge(measured, clean, clean, column, BUDGET[label])
        if everywhere is None:  # no set is large enough by itself: all of them are one
            everywhere = float(np.quantile(measured.margins[clean, column], 1 - BUDGET[label]))
        for row, language in enumerate(LANGUAGES):
            here = np.isin(measured.languages, KIN.get(language, (language,)))
            edge = _clean_edge(measured, clean, here, column, BUDGET[label])
            if edge is not None and _is_ours_alone(measured, here):
                # What we wrote ourselves is clearer than what readers write, signs by themselves most of all: held by
                # its measure, most of what they write would be.
                edge = max(edge, everywhere)
            slope[row, column] = _steepness(measured, known & here, column) or together
            shift[row, column] = -slope[row, column] * (everywhere if edge is None else edge)
    return slope, shift


def _clean_edge(
    measured: Measured, clean: NDArray[np.bool_], here: NDArray[np.bool_], column: int, share: float
) -> float | None:
    """The margin that `share` of the clean comments reach here: the middle one of the sets' margins, the higher of two.

    Our own examples count where no other set is large enough. None where too few are clean.
    """
    edges: dict[bool, list[float]] = {True: [], False: []}  # by whether the set is our own
    for source in np.unique(measured.sources[clean & here]):
        of_set = clean & (measured.sources == source)
        margins = measured.margins[of_set & here, column]
        if len(margins) >= max(CLEAN_ENOUGH, MOSTLY * of_set.sum()):
            edges[str(source).startswith(OURS)].append(float(np.quantile(margins, 1 - share)))
    # What we wrote ourselves is clearer than what readers write, and would pull the edge down.
    told = edges[False] or edges[True]
    return float(np.quantile(told, 0.5, method="higher")) if told else None


def _is_ours_alone(measured: Measured, here: NDArray[np.bool_]) -> bool:
    """Whether nobody but us told enough of what is clean in these languages, as `toxic` tells it."""
    clean = here & (measured.known[:, LABELS.index("toxic")] == 0)
    names, counts = np.unique(measured.sources[clean], return_counts=True)
    return not any(
        count >= CLEAN_ENOUGH and not str(name).startswith(OURS) for name, count in zip(names, counts, strict=True)
    )


def side_weights(measured: Measured, rows: NDArray[np.bool_], column: int) -> Floats:
    """Weights over all rows: POSITIVES of them on the positives, each file by the root of its length."""
    weights = np.zeros(len(rows))
    for side, share in ((1.0, POSITIVES), (0.0, 1 - POSITIVES)):
        here = rows & (measured.known[:, column] == side)
        for language in np.unique(measured.languages[here]):
            for source in np.unique(measured.sources[here]):
                part = here & (measured.languages == language) & (measured.sources == source)
                count = int(part.sum())
                if count:
                    weights[part] = count**-0.5
        if here.any():
            weights[here] *= share / weights[here].sum()
    return weights


def _steepness(measured: Measured, rows: NDArray[np.bool_], column: int) -> float | None:
    answers = measured.known[:, column]
    if min(int((rows & (answers == side)).sum()) for side in (0.0, 1.0)) < ENOUGH:
        return None
    weights = side_weights(measured, rows, column)[rows]
    model = LogisticRegression(C=100.0).fit(
        measured.margins[rows, column, None], answers[rows] > 0.5, sample_weight=weights * rows.sum()
    )
    found = float(model.coef_[0, 0])
    # A margin that says nothing, or the contrary, in one language: what all say together is the better guess.
    return found if found > 0.1 else None


def suggest(scores: Floats, measured: Measured) -> Mapping[str, tuple[float, float]]:
    """For each label (hold_at, reject_at): what is rejected is rightly so, and hardly any clean comment is."""
    found: dict[str, tuple[float, float]] = {}
    for column, label in enumerate(LABELS):
        answers = measured.known[:, column]
        weights = side_weights(measured, ~np.isnan(answers), column)
        clean = answers == 0
        reject = _precise(scores[:, column], answers, weights)
        if clean.any():
            reject = max(reject, float(np.quantile(scores[clean, column], 1 - CLEAN_REJECTED)))
        found[label] = (HOLD_AT, round(min(max(reject, LOWEST_REJECT), HIGHEST), 3))
    return found


def _precise(scores: Floats, answers: Floats, weights: Floats) -> float:
    """The lowest score above which the weighted precision never again falls under PRECISION_TO_REJECT."""
    known = weights > 0
    order = np.argsort(-scores[known], kind="stable")
    right = np.cumsum((weights[known] * (answers[known] == 1))[order])
    precision = right / np.maximum(np.cumsum(weights[known][order]), 1e-12)
    good = np.flatnonzero(precision >= PRECISION_TO_REJECT)
    return float(scores[known][order][good[-1]]) if len(good) else HIGHEST


def measure(margins: Floats, known: Floats, languages: Sequence[str], sources: Sequence[str]) -> Measured:
    return Measured(margins, known, np.array(languages), np.array(sources))
