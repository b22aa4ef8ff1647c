"""A comment and a spelling of it that looks the same are decided alike."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from moderation.classifier import Classifier, load, shipped
from moderation.classifier.data import read_examples
from tests.model.disguises import DISGUISES
from tests.model.lines import MUST_BE_PUBLISHED, MUST_NOT_BE_PUBLISHED
from tests.model.outcomes import outcomes

LABELLED = Path(__file__).parents[3] / "shared" / "data" / "dev"
OF_EACH_LANGUAGE = 300
READ_TWICE = 150  # with the second stage, which takes a hundred times as long where a disguise changes what it reads


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


def test_the_control_without_the_normal_form_is_decided_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    from moderation.classifier import model
    from moderation.classifier.normalise import Normalised

    file = shipped()
    classifier = load(file.path, sha256=file.sha256, stages="fast")
    monkeypatch.setattr(model, "normalise", lambda text: Normalised(text.lower(), lambda: tuple(range(len(text)))))
    found = decided_otherwise(classifier, MUST_NOT_BE_PUBLISHED)
    pairs, otherwise = (sum(column) for column in zip(*found.values(), strict=True))
    assert otherwise > pairs / 10, found


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled comments are not here")
def test_held_out_comments_are_decided_alike_however_they_are_disguised(classifier: Classifier) -> None:
    by_language: dict[str, list[str]] = defaultdict(list)
    for example in read_examples(LABELLED):
        by_language[example.language].append(example.text)
    of_each = OF_EACH_LANGUAGE if classifier.alone else READ_TWICE
    dice = random.Random("disguises")
    texts = [
        text
        for language in sorted(by_language)
        for text in dice.sample(by_language[language], min(of_each, len(by_language[language])))
    ]
    found = decided_otherwise(classifier, texts)
    pairs, otherwise = (sum(column) for column in zip(*found.values(), strict=True))
    assert pairs > 50 * of_each
    assert otherwise <= pairs / 100, found
    assert all(other <= many / 50 for many, other in found.values()), found
