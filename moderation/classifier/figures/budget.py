"""Thresholds that keep to an error budget, on sets of comments they were not chosen on as well.

A set of labelled comments stands for a site: its raters, its topics, its manner. For each set there is a threshold at
which just the budget is spent; the threshold given is the one at which at most `exceeded` of sites spend more, if a new
site is to the sets as they are to each other: the conformal quantile over sets (R. Dunn, L. Wasserman and A. Ramdas,
"Distribution-free prediction sets for two-layer hierarchical models", 2022, where a set is a group).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.data import not_commercial
from moderation.classifier.evaluation import side_of
from moderation.classifier.labels import LABELS
from moderation.classifier.scored import ENOUGH, Scored
from moderation.policy import Budget

Floats = NDArray[np.floating[Any]]

NEVER = 1.01
"""A score that nothing reaches."""


@dataclass(frozen=True, slots=True)
class Edges:
    """From `hold_at` on a person looks, from `reject_at` on the machine refuses; the scores are of any label."""

    hold_at: float
    reject_at: float


@dataclass(frozen=True, slots=True)
class Spent:
    """What the edges chosen on the other sources do on one set: shares of its comments, `abuse` of them being abuse."""

    source: str
    language: str
    wrongly_published: float
    wrongly_refused: float
    decided: float

    @property
    def error(self) -> float:
        """The share that is wrong of what was decided by itself."""
        return (self.wrongly_published + self.wrongly_refused) / self.decided if self.decided else 0.0

    def shares(self) -> tuple[float, float, float, float]:
        """Published and refused wrongly, decided, and the error of that."""
        return self.wrongly_published, self.wrongly_refused, self.decided, self.error


@dataclass(frozen=True, slots=True)
class Kept:
    """The edges that keep to a budget, and how it is kept on each set by edges that never saw its source."""

    edges: Edges
    spent: tuple[Spent, ...]


@dataclass(frozen=True, slots=True)
class _Set:
    source: str
    language: str
    clean: Floats  # the highest score of each, rising
    abuse: Floats


def keep_to(budget: Budget, scored: Sequence[Scored], labels: Sequence[str]) -> Kept:
    """The edges for a budget, from the scores of `labels`.

    Files for measuring only (`…_NC`) are judged and never chosen by. Raises ValueError where there are too few sets.
    """
    known = [found for part in scored if (found := _set_of(part, labels)) is not None]
    sets = [one for one in known if not not_commercial(one.source)]
    spent: list[Spent] = []
    for one in known:
        others = [other for other in sets if other.source != one.source]
        if _rank(budget, len(others)) >= 0:
            spent.append(_spent(_edges(budget, others), one, budget.abuse))
    if _rank(budget, len(sets)) < 0 or not spent:
        raise ValueError(
            f"{len(sets)} sets with {ENOUGH} clean and {ENOUGH} abusive comments are too few to promise that at most "
            f"{budget.exceeded:.0%} of sites exceed a budget: give {ceil(1 / budget.exceeded)} or more"
        )
    return Kept(_edges(budget, sets), tuple(spent))


def under(thresholds: Mapping[str, tuple[float, float]], scored: Sequence[Scored], budget: Budget) -> tuple[Spent, ...]:
    """What these thresholds do on each set: for each label from where a person looks, and from where it is refused."""
    hold, reject = (np.array([thresholds.get(label, (inf, inf))[place] for label in LABELS]) for place in (0, 1))
    # 0, 1 or 2 for each label: published, held, refused.
    acted = (replace(part, scores=(part.scores >= hold) + 1.0 * (part.scores >= reject)) for part in scored)
    found = (_set_of(part, tuple(thresholds)) for part in acted)
    return tuple(_spent(Edges(1, 2), one, budget.abuse) for one in found if one is not None)


def _set_of(part: Scored, labels: Sequence[str]) -> _Set | None:
    columns = [LABELS.index(label) for label in labels]
    sides = np.array([side_of(example) or "" for example in part.examples])
    highest = part.scores[:, columns].max(axis=1) if len(part.examples) else np.zeros(0)
    clean, abuse = (np.sort(highest[sides == side]) for side in ("clean", "abuse"))
    return _Set(part.source, part.language, clean, abuse) if min(len(clean), len(abuse)) >= ENOUGH else None


def _rank(budget: Budget, sets: int) -> int:
    """The place of the threshold to take among those of so many sets, the strictest first; below 0 there is none."""
    return floor(budget.exceeded * (sets + 1) + 1e-9) - 1


def _edges(budget: Budget, sets: Sequence[_Set]) -> Edges:
    place = _rank(budget, len(sets))
    holds = sorted(_hold_at(one.abuse, budget.wrongly_published / budget.abuse) for one in sets)
    rejects = sorted((_reject_at(one.clean, budget.wrongly_refused / (1 - budget.abuse)) for one in sets), reverse=True)
    hold = floor(holds[place] * 1000) / 1000
    return Edges(hold, max(hold, min(ceil(rejects[place] * 1000) / 1000, NEVER)))


def _hold_at(abuse: Floats, share: float) -> float:
    """The highest threshold below which at most this share of the abuse lies."""
    allowed = floor(share * len(abuse) + 1e-9)
    return float(abuse[allowed]) if allowed < len(abuse) else NEVER


def _reject_at(clean: Floats, share: float) -> float:
    """The lowest threshold that at most this share of the clean comments reach."""
    allowed = floor(share * len(clean) + 1e-9)
    return float(np.nextafter(clean[-1 - allowed], inf)) if allowed < len(clean) else 0.0


def _spent(edges: Edges, one: _Set, abuse: float) -> Spent:
    def decided(scores: Floats) -> tuple[float, float]:
        return float((scores < edges.hold_at).mean()), float((scores >= edges.reject_at).mean())

    (right, wrong), (missed, caught) = decided(one.clean), decided(one.abuse)
    return Spent(
        one.source,
        one.language,
        wrongly_published=abuse * missed,
        wrongly_refused=(1 - abuse) * wrong,
        decided=abuse * (missed + caught) + (1 - abuse) * (right + wrong),
    )
