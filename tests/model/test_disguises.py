"""A comment and a spelling of it that looks the same are decided alike."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from moderation.classifier import LABELS, Classifier, load, shipped
from moderation.classifier.data import read_examples
from tests.model.disguises import DISGUISES
from tests.model.lines import MUST_BE_PUBLISHED, MUST_NOT_BE_PUBLISHED

LABELLED = Path(__file__).parents[3] / "shared" / "data" / "dev"
OF_EACH_LANGUAGE = 300


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    model = shipped()
    return load(model.path, sha256=model.sha256)


def outcomes(classifier: Classifier, texts: Sequence[str]) -> list[int]:
    """0, 1 or 2 for each text: what the suggested thresholds would publish, hold and reject."""
    scores, _ = classifier.scores(texts)
    hold, reject = np.array([classifier.thresholds[label] for label in LABELS]).T
    found: list[int] = np.where((scores >= reject).any(axis=1), 2, (scores >= hold).any(axis=1)).tolist()
    return found


def decided_otherwise(classifier: Classifier, texts: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each disguise: of how many texts it changed a letter, and how many of those came out otherwise."""
    plain = outcomes(classifier, texts)
    found: dict[str, tuple[int, int]] = {}
    for name, disguise in DISGUISES.items():
        dice = random.Random(name)
        spelt = [disguise(text, dice) for text in texts]
        changed = [one != other for one, other in zip(spelt, texts, strict=True)]
        others = outcomes(classifier, spelt)
        found[name] = (
            sum(changed),
            sum(is_other and a != b for is_other, a, b in zip(changed, plain, others, strict=True)),
        )
    return found


def test_fixed_lines_are_decided_alike_however_they_are_disguised(classifier: Classifier) -> None:
    found = decided_otherwise(classifier, [*MUST_BE_PUBLISHED, *MUST_NOT_BE_PUBLISHED])
    pairs, otherwise = (sum(column) for column in zip(*found.values(), strict=True))
    assert pairs > 1_000
    assert otherwise <= pairs / 100, found


def test_the_control_without_the_normal_form_is_decided_otherwise(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moderation.classifier import model
    from moderation.classifier.normalise import Normalised

    monkeypatch.setattr(model, "normalise", lambda text: Normalised(text.lower(), lambda: tuple(range(len(text)))))
    found = decided_otherwise(classifier, MUST_NOT_BE_PUBLISHED)
    pairs, otherwise = (sum(column) for column in zip(*found.values(), strict=True))
    assert otherwise > pairs / 10, found


@pytest.mark.long
@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled comments are not here")
def test_held_out_comments_are_decided_alike_however_they_are_disguised(classifier: Classifier) -> None:
    by_language: dict[str, list[str]] = defaultdict(list)
    for example in read_examples(LABELLED):
        by_language[example.language].append(example.text)
    dice = random.Random("disguises")
    texts = [
        text
        for language in sorted(by_language)
        for text in dice.sample(by_language[language], min(OF_EACH_LANGUAGE, len(by_language[language])))
    ]
    found = decided_otherwise(classifier, texts)
    pairs, otherwise = (sum(column) for column in zip(*found.values(), strict=True))
    assert pairs > 15_000
    assert otherwise <= pairs / 100, found
    assert all(other <= many / 50 for many, other in found.values()), found
