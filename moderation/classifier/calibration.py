"""From margins to scores that mean the same in every language, and from scores to the thresholds that we suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from moderation.classifier.labels import LABELS, LANGUAGES

Floats = NDArray[np.floating[Any]]

# Sets are made half of abuse; a site's comments are not. A score is what it would be if one in four were.
POSITIVES = 0.25
ENOUGH = 40  # of each side, or the language takes the calibration of all languages together
WRONGLY_HELD = 0.06
PRECISION_TO_REJECT = 0.9
LOWEST_HOLD, LOWEST_REJECT, HIGHEST = 0.3, 0.6, 0.99


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
    for column in range(len(LABELS)):
        known = ~np.isnan(measured.known[:, column])
        together = _platt(measured, known, column)
        if together is None:
            continue
        for row, language in enumerate(LANGUAGES):
            own = _platt(measured, known & (measured.languages == language), column)
            slope[row, column], shift[row, column] = own or together
    return slope, shift


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


def _platt(measured: Measured, rows: NDArray[np.bool_], column: int) -> tuple[float, float] | None:
    answers = measured.known[:, column]
    if min(int((rows & (answers == side)).sum()) for side in (0.0, 1.0)) < ENOUGH:
        return None
    weights = side_weights(measured, rows, column)[rows]
    model = LogisticRegression(C=100.0).fit(
        measured.margins[rows, column, None], answers[rows] > 0.5, sample_weight=weights * rows.sum()
    )
    found = float(model.coef_[0, 0])
    # A margin that says nothing, or the contrary, in one language: what all say together is the better guess.
    return (found, float(model.intercept_[0])) if found > 0.1 else None


def suggest(scores: Floats, measured: Measured) -> Mapping[str, tuple[float, float]]:
    """For each label (hold_at, reject_at): few clean ones held, and what is rejected rightly so, in every language."""
    clean = measured.known[:, LABELS.index("toxic")] == 0
    found: dict[str, tuple[float, float]] = {}
    for column, label in enumerate(LABELS):
        known = ~np.isnan(measured.known[:, column])
        ordinary = (clean & (measured.known[:, column] != 1)) if label != "spam" else measured.known[:, column] == 0
        weights = side_weights(measured, known, column)
        hold = _quantile_where(scores[:, column], ordinary, measured, 1 - WRONGLY_HELD)
        reject = _precise(scores[:, column], measured.known[:, column], weights)
        hold = min(max(hold, LOWEST_HOLD), HIGHEST)
        found[label] = (round(hold, 2), round(max(reject, hold, LOWEST_REJECT), 2))
    return found


def _quantile_where(scores: Floats, rows: NDArray[np.bool_], measured: Measured, share: float) -> float:
    """The mean over languages of the score that this share of the clean ones stays under."""
    found = [
        float(np.quantile(scores[rows & (measured.languages == language)], share))
        for language in np.unique(measured.languages[rows])
        if int((rows & (measured.languages == language)).sum()) >= ENOUGH
    ]
    return float(np.mean(found)) if found else HIGHEST


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
