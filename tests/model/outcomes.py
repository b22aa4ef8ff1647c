"""What a model's own thresholds make of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from moderation.classifier import LABELS, Classifier

OUTCOMES = ("publish", "hold", "reject")


def outcomes(classifier: Classifier, texts: Sequence[str]) -> list[str]:
    """publish, hold or reject for each text, by the thresholds that the model suggests."""
    scores, _ = classifier.scores(texts)
    hold, reject = np.array([classifier.thresholds[label] for label in LABELS]).T
    places = np.where((scores >= reject).any(axis=1), 2, (scores >= hold).any(axis=1))
    return [OUTCOMES[place] for place in places.tolist()]
