"""How well scores tell a label's comments from the others, whatever threshold is set."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from moderation.classifier.figures.intervals import Bools, Floats, Interval, Z, by_logit

POINTS = 48
"""Of a drawn curve: more are not seen."""


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Points of a precision–recall curve, recall rising; both in 0..1."""

    recall: tuple[float, ...]
    precision: tuple[float, ...]


def auc(answers: Bools, scores: Floats) -> Interval:
    """The area under the ROC curve: how often a comment with the label scores more than one without, ties half.

    Its interval is by the variance of E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (1988), reckoned from ranks
    as X. Sun and W. Xu (2014) do. There must be one comment of each side.
    """
    ones, zeros = scores[answers], scores[~answers]
    together = _midranks(np.concatenate([ones, zeros]))
    above = (together[: len(ones)] - _midranks(ones)) / len(zeros)
    below = 1 - (together[len(ones) :] - _midranks(zeros)) / len(ones)
    value = float(above.mean())
    variance = _variance(above) / len(ones) + _variance(below) / len(zeros)
    half = Z * sqrt(variance)
    return Interval(value, max(0.0, value - half), min(1.0, value + half))


def average_precision(answers: Bools, scores: Floats) -> Interval:
    """The mean precision at each comment with the label, in the order of scores, as scikit-learn reckons it.

    Its interval is the logit one of K. Boyd, K. H. Eng and C. D. Page (2013). There must be a comment with the label.
    """
    recall, precision = _steps(answers, scores)
    # 49 times 1/49 is a little less than 1, and the interval of that is all there is.
    value = round(float(np.sum(np.diff(recall, prepend=0.0) * precision)), 12)
    spread = sqrt(answers.sum() * value * (1 - value))
    return by_logit(value, 1 / spread) if spread else Interval(value, value, value)


def precision_recall(answers: Bools, scores: Floats) -> PrecisionRecall:
    """The curve, at some POINTS evenly spread over recall."""
    recall, precision = _steps(answers, scores)
    places = np.unique(np.searchsorted(recall, np.linspace(recall[0], 1, POINTS)).clip(max=len(recall) - 1))
    return PrecisionRecall(tuple(np.round(recall[places], 4).tolist()), tuple(np.round(precision[places], 4).tolist()))


def _steps(answers: Bools, scores: Floats) -> tuple[Floats, Floats]:
    """Recall and precision at each different score, the highest first."""
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(answers[order])
    last = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    return found[last] / answers.sum(), found[last] / (last + 1)


def _midranks(values: Floats) -> Floats:
    """The rank of each value from 1 on; equal ones share the middle of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middles: Floats = (ends - (counts - 1) / 2)[which]
    return middles


def _variance(values: Floats) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0
