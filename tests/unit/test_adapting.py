"""What the encoder is taught with: drawn by what answers count, the same each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from moderation.classifier.data import Example
from moderation.classifier.labels import LABELS
from scripts.adapting import MOST_COUNTED, Lessons, drawn_lessons


def example(language: str, source: str, **known: bool) -> Example:
    return Example("text", language, source, tuple(known.get(label) for label in LABELS))


def some() -> list[Example]:
    english = [example("en", "en_surge", toxic=turn % 2 == 0) for turn in range(900)]
    urdu = [example("ur", "ur_hs_tweets", toxic=turn % 3 == 0, insult=turn % 3 == 0) for turn in range(100)]
    return [*english, *urdu, *(example("en", "en_surge") for _ in range(20))]


def lessons(**given: Any) -> Lessons:
    examples = some()
    return drawn_lessons(examples, [each.language for each in examples], [[0]] * len(examples), draws=500, **given)


def test_about_as_many_are_drawn_as_asked_and_none_that_nobody_rated() -> None:
    found = lessons()
    assert len(found.order) == pytest.approx(500, rel=0.1)
    assert found.order.max() < 1_000
    assert (found.counts[1_000:] == 0).all()


def test_the_same_order_each_time() -> None:
    assert (lessons().order == lessons().order).all()
    assert list(lessons().order) != list(lessons(seed=1).order)


def test_a_small_language_counts_more_than_its_share_and_less_than_a_large_one() -> None:
    found = lessons()
    drawn = np.bincount(found.order, minlength=len(found.counts))
    counted = (found.counts.sum(axis=1) * drawn).reshape(-1)
    share = counted[900:1_000].sum() / counted.sum()
    assert 0.1 < share < 0.5


def test_every_answer_is_a_number_and_what_it_counts_is_bounded() -> None:
    found = lessons()
    assert set(np.unique(found.answers)) == {0.0, 1.0}
    assert np.isfinite(found.counts).all()
    assert (found.counts.sum(axis=1) <= MOST_COUNTED + 1e-9).all()
    # What nobody said counts nothing: an insult is known of Urdu's comments alone, or implied by clean ones.
    insult = LABELS.index("insult")
    assert found.counts[0, insult] == 0 < found.counts[1, insult]
