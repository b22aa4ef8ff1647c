"""A group's name swapped for another's changes what a comment comes to in fewer than one pair in a hundred."""

from __future__ import annotations

from itertools import combinations

import pytest

from moderation.classifier import Classifier, normalise
from moderation.classifier.examples import own_examples
from moderation.classifier.groups import folded
from tests.model.outcomes import outcomes
from tests.model.swaps import FRAMES, swapped

CHANGED_AT_MOST = 0.01


def misses(classifier: Classifier, language: str, *, every: int) -> tuple[float, list[str]]:
    """The share of pairs of names that come to different outcomes, and the sentences that stand alone in theirs."""
    pairs = changed = 0
    listed: list[str] = []
    for _, texts in swapped(language, every=every):
        found = outcomes(classifier, texts)
        for one, other in combinations(found, 2):
            pairs += 1
            changed += one != other
        usual = max(set(found), key=found.count)
        listed += [f"{outcome}: {text}" for outcome, text in zip(found, texts, strict=True) if outcome != usual]
    return changed / pairs, listed


@pytest.mark.parametrize("language", FRAMES)
def test_to_the_model_all_names_of_a_list_are_one(language: str) -> None:
    for _, texts in swapped(language):
        read = [folded(normalise(text)).text for text in texts]
        usual = max(set(read), key=read.count)
        assert [text for text, form in zip(texts, read, strict=True) if form != usual] == []


@pytest.mark.parametrize("language", FRAMES)
def test_swapping_a_few_names_changes_no_outcome(classifier: Classifier, language: str) -> None:
    share, listed = misses(classifier, language, every=6)
    assert share < CHANGED_AT_MOST, listed


@pytest.mark.long
@pytest.mark.parametrize("language", FRAMES)
def test_swapping_any_two_names_hardly_ever_changes_the_outcome(classifier: Classifier, language: str) -> None:
    share, listed = misses(classifier, language, every=1)
    assert share < CHANGED_AT_MOST, listed


def test_the_sentences_are_not_learned() -> None:
    learned = {
        folded(normalise(example.text)).text
        for held_out in (False, True)
        for example in own_examples(held_out=held_out)
    }
    read = {folded(normalise(text)).text for language in FRAMES for _, texts in swapped(language) for text in texts}
    assert read & learned == set()
