"""How much can be decided without a person, and how much of that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from moderation.classifier.figures.intervals import Bools, Floats, Interval, bootstrap
from moderation.classifier.figures.reliability import halves
from moderation.classifier.scored import ENOUGH

WRONG_AT_MOST = 0.01
GRID = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Shares of the comments at which the curve is drawn."""


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Risk (the share that is decided wrongly) where only the surest comments are decided, at each share of GRID."""

    risk: tuple[Interval, ...]
    area: Interval


@dataclass(frozen=True, slots=True)
class DecidedAlone:
    """What is published or rejected by a score, as shares in 0..1.

    `decided` and `published` are of all comments, `wrongly_published` is the abuse among the published, and
    `wrongly_rejected` the clean among the rejected; these two are no number where fewer than ENOUGH were.
    """

    decided: Interval
    published: Interval
    wrongly_published: Interval
    wrongly_rejected: Interval


def risk_coverage(answers: Bools, probabilities: Floats) -> RiskCoverage:
    """The curve and the area under it (AURC; R. El-Yaniv and Y. Wiener, 2010; Y. Geifman and R. El-Yaniv, 2019).

    A comment is decided by whether its probability reaches one half, and is the surer the farther from it; equally sure
    ones share their errors.
    """
    sure = np.abs(probabilities - 0.5)
    order = np.argsort(-sure, kind="stable")
    wrong = _shared(((probabilities >= 0.5) != answers)[order].astype(float), sure[order])

    def figures(drawn: Floats) -> Floats:
        mass, errors = np.cumsum(drawn[order]), np.cumsum(drawn[order] * wrong)
        risks = errors / np.maximum(mass, 1e-12)
        places = np.searchsorted(mass, np.array(GRID) * mass[-1] - 1e-9).clip(max=len(mass) - 1)
        return np.append(risks[places], np.sum(drawn[order] * risks) / mass[-1])

    *risk, area = _with_ends(figures, len(answers))
    return RiskCoverage(tuple(risk), area)


def decided_alone(
    answers: Bools, scores: Floats, *, wrong_at_most: float = WRONG_AT_MOST, weights: Floats | None = None
) -> DecidedAlone:
    """What two thresholds would decide, of which each errs in at most this share of what it decides.

    Both are chosen on one half of the comments and measured on the other, and the other way round: what is measured may
    err more often than was asked for. The intervals come from choosing anew on resampled comments. `weights` say for
    how many comments each one stands.
    """
    base = np.ones(len(answers)) if weights is None else weights
    sides = [(np.flatnonzero(chosen), np.flatnonzero(used)) for chosen, used in _both_ways(len(answers))]
    rising = [chosen[np.argsort(scores[chosen], kind="stable")] for chosen, _ in sides]

    def figures(drawn: Floats) -> Floats:
        mass = base * drawn
        out, off = np.zeros(len(answers), dtype=bool), np.zeros(len(answers), dtype=bool)
        for ordered, (_, used) in zip(rising, sides, strict=True):
            publish = _edge(scores[ordered], mass[ordered], answers[ordered], wrong_at_most)
            falling = ordered[::-1]
            reject = -_edge(-scores[falling], mass[falling], ~answers[falling], wrong_at_most)
            out[used] = scores[used] <= publish
            off[used] = (scores[used] >= reject) & ~out[used]
        every = mass.sum()
        wrong = [
            mass[side & mistaken].sum() / mass[side].sum() if drawn[side].sum() >= ENOUGH else np.nan
            for side, mistaken in ((out, answers), (off, ~answers))
        ]
        return np.array([mass[out | off].sum() / every, mass[out].sum() / every, *wrong])

    return DecidedAlone(*_with_ends(figures, len(answers)))


def as_if_abuse_were(share: float, answers: Bools) -> Floats:
    """Weights by which this share of the comments is abuse, and which sum to their number."""
    found = float(answers.mean())
    weights: Floats = np.where(answers, share / found, (1 - share) / (1 - found))
    return weights


def _both_ways(comments: int) -> tuple[tuple[Bools, Bools], tuple[Bools, Bools]]:
    first, second = halves(comments)
    return (first, second), (second, first)


def _edge(scores: Floats, mass: Floats, wrong: Bools, at_most: float) -> float:
    """The highest of rising scores up to which at most this share is wrong; minus infinity where there is none."""
    share = np.cumsum(mass * wrong) / np.maximum(np.cumsum(mass), 1e-12)
    last_of_its_score = np.diff(scores, append=np.inf) > 0
    good = np.flatnonzero((share <= at_most) & last_of_its_score & (np.cumsum(mass) > 0))
    return float(scores[good[-1]]) if len(good) else -np.inf


def _shared(wrong: Floats, sure: Floats) -> Floats:
    _, which = np.unique(sure, return_inverse=True)
    shared: Floats = (np.bincount(which, wrong) / np.bincount(which))[which]
    return shared


def _with_ends(figures: Callable[[Floats], Floats], comments: int) -> list[Interval]:
    values = figures(np.ones(comments))
    low, high = bootstrap(figures, comments=comments)
    return [Interval(*map(float, three)) for three in zip(values, low, high, strict=True)]
