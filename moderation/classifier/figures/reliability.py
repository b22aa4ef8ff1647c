"""Whether a score can be read as a probability: calibration, on its own scale and after one fit of two numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moderation.classifier.figures.intervals import SEED, Bools, Floats

BINS = 15
FARTHEST = 1e-6  # a score nearer to 0 or 1 than this has no log-odds worth reckoning with


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins of equal mass, scores rising: the mean score of each, and the share of its comments that have the label.

    `ece` is the expected calibration error, `brier` the mean squared distance of score and answer; both 0 at best.
    """

    scores: tuple[float, ...]
    shares: tuple[float, ...]
    ece: float
    brier: float


def reliability(answers: Bools, scores: Floats, *, bins: int = BINS) -> Reliability:
    """Calibration over bins of equal mass. There must be a comment.

    ECE: M. P. Naeini, G. F. Cooper and M. Hauskrecht (2015), with bins of equal mass as K. Nguyen and B. O'Connor
    (2015) make them. Brier: G. W. Brier (1950).
    """
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    means = np.array([scores[part].mean() for part in parts])
    shares = np.array([answers[part].mean() for part in parts])
    sizes = np.array([len(part) for part in parts])
    return Reliability(
        tuple(np.round(means, 4).tolist()),
        tuple(np.round(shares, 4).tolist()),
        float(np.sum(sizes * np.abs(means - shares)) / sizes.sum()),
        float(np.mean((scores - answers) ** 2)),
    )


def halves(comments: int) -> tuple[Bools, Bools]:
    """Two halves by lot, the same each time: what is chosen on one is measured on the other."""
    first = np.zeros(comments, dtype=bool)
    first[np.random.default_rng(SEED).permutation(comments)[: comments // 2]] = True
    return first, ~first


def rescaled(answers: Bools, scores: Floats) -> Floats:
    """Scores turned into probabilities of this set by a logistic fit on their log-odds (J. Platt, 1999).

    Each half of the comments by a fit on the other. Where a half has one side only, its scores stay as they are.
    """
    from sklearn.linear_model import LogisticRegression

    near = np.clip(scores, FARTHEST, 1 - FARTHEST)
    odds = np.log(near / (1 - near))[:, None]
    found = scores.astype(float)
    first, second = halves(len(scores))
    for fitted, used in ((first, second), (second, first)):
        if len(np.unique(answers[fitted])) == 2:
            fit = LogisticRegression(C=1e6, max_iter=1000).fit(odds[fitted], answers[fitted])
            found[used] = fit.predict_proba(odds[used])[:, 1]
    return found
