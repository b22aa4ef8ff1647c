"""A figure with its 95 % interval, and the two ways to one that need no resampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt, tanh
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

Z = 1.959964
"""Of the normal distribution, 95 % lie within so many standard deviations."""

RESAMPLED = 200
SEED = 20261124


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the ends of its 95 % interval. Not a number where there is nothing to measure."""

    value: float
    low: float
    high: float

    def rounded(self) -> list[float]:
        """The three, with the digits that mean something."""
        return [round(part, 4) for part in (self.value, self.low, self.high)]


NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def wilson(hits: float, of: float) -> Interval:
    """A share and its score interval (E. B. Wilson, 1927): right for few comments and for shares near 0 or 1."""
    if of <= 0:
        return NOTHING
    share = hits / of
    centre = (share + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of)) / (1 + Z * Z / of)
    return Interval(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)))


def by_logit(value: float, error: float) -> Interval:
    """The interval of a figure in 0..1 whose log-odds have this standard error; it never leaves 0..1."""
    if not 0 < value < 1:
        return Interval(value, value, value)
    odds = log(value / (1 - value))
    # The logistic curve by a function that never overflows.
    low, high = ((1 + tanh((odds + side * Z * error) / 2)) / 2 for side in (-1, 1))
    return Interval(value, low, high)


def bootstrap(of: Callable[[Floats], Floats], *, comments: int, times: int = RESAMPLED) -> tuple[Floats, Floats]:
    """The ends of 95 % intervals of one or many figures, by percentiles of resampled comments (B. Efron, 1979).

    `of` takes how often each comment was drawn and answers its figures, not a number where there is none. The same
    comments give the same ends each time.
    """
    dice = np.random.default_rng(SEED)
    drawn = (np.bincount(dice.integers(0, comments, comments), minlength=comments) for _ in range(times))
    figures = np.array([of(counts.astype(float)) for counts in drawn])
    ends = np.full((2, figures.shape[1]), np.nan)
    some = ~np.isnan(figures).all(axis=0)
    ends[:, some] = np.nanpercentile(figures[:, some], [2.5, 97.5], axis=0)
    return ends[0], ends[1]
