"""How much each example counts: no file, language or side may drown the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.data import Example
from moderation.classifier.labels import LABELS
from moderation.classifier.sources import source_named

Floats = NDArray[np.floating[Any]]

# A file twice as long counts 2 ** 0.7 = 1.6 times as much: more text tells more, but one file's manner is one manner.
GROWTH = 0.7
POSITIVE_SHARE = 0.4
RARE = 300  # with this many positives they weigh half of POSITIVE_SHARE: few examples must not rule


# Who rated a comment as not toxic has said that it is no insult, threat or hate either, without being asked: believed,
# but less than an answer. Spam was never looked for there, and is rare.
IMPLIED_WEIGHT = 0.25


def imply(known: Floats) -> Floats:
    """The same with a 0 for every label not known of a comment rated not toxic."""
    clean = known[:, LABELS.index("toxic")] == 0
    implied = known.copy()
    implied[clean[:, None] & np.isnan(known)] = 0.0
    return implied


def known_matrix(examples: Sequence[Example]) -> Floats:
    """Examples × labels: 1, 0, or NaN where nobody said."""
    return np.array(
        [[np.nan if value is None else float(value) for value in example.known] for example in examples]
    ).reshape(-1, len(LABELS))


def balance(examples: Sequence[Example], known: Floats, asked: Floats) -> Floats:
    """Examples × labels, 1 in mean over the known ones of each label: by file, then by language and side.

    What is known and was not asked (NaN in `asked`) was implied, and counts IMPLIED_WEIGHT as much.
    """
    weights = np.zeros(known.shape)
    stems = np.array([example.source for example in examples])
    languages = np.array([example.language for example in examples])
    for column in range(known.shape[1]):
        for side in (0.0, 1.0):
            for stem in np.unique(stems):
                rows = np.flatnonzero((stems == stem) & (known[:, column] == side))
                if len(rows):
                    weights[rows, column] = source_named(str(stem)).weight * len(rows) ** (GROWTH - 1)
        weights[np.isnan(asked[:, column]), column] *= IMPLIED_WEIGHT
        for language in np.unique(languages):
            _even_sides(weights[:, column], known[:, column], languages == language)
        total = np.count_nonzero(weights[:, column])
        if total:
            weights[:, column] *= total / weights[:, column].sum()
    return weights


def _even_sides(weights: Floats, known: Floats, here: NDArray[np.bool_]) -> None:
    """Within one language the positives get their share of the weight, less if they are rare."""
    clean, dirty = here & (known == 0), here & (known == 1)
    positives = int(dirty.sum())
    if positives == 0 or not clean.any():
        return
    total = weights[clean].sum() + weights[dirty].sum()
    share = max(POSITIVE_SHARE * positives / (positives + RARE), min(POSITIVE_SHARE, weights[dirty].sum() / total))
    weights[dirty] *= total * share / weights[dirty].sum()
    weights[clean] *= total * (1 - share) / weights[clean].sum()
