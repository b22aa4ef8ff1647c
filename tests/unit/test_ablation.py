"""The page of what each idea brought: its means, what is wrong of what is decided, and that nothing stays taken out."""

from __future__ import annotations

import pytest

from moderation.classifier import LABELS, model, training
from moderation.classifier.evaluation import Evaluation, LabelFigure, OutcomeFigure
from scripts import ablation
from scripts.ablation import Area, Flagged


def told(source: str, auc: float, *, label: str = "toxic", language: str = "en") -> LabelFigure:
    return LabelFigure(label, language, source, 50, 50, auc, auc, auc, 0.5, 0.5, 0.5)


def became(source: str, side: str, published: float, held: float) -> OutcomeFigure:
    return OutcomeFigure("en", source, side, 100, published, held, round(1 - published - held, 4))


JUDGED = Evaluation(
    "made up",
    dict.fromkeys(LABELS, (0.5, 0.9)),
    (told("one", 0.8), told("two", 0.6), told("one", 0.9, label="spam"), told("two", 0.1, language="ur")),
    (became("one", "clean", 0.8, 0.1), became("one", "abuse", 0.2, 0.5), became("two", "clean", 0.5, 0.5)),
)


def test_an_area_is_the_mean_over_its_sets_label_and_languages() -> None:
    assert ablation.area(JUDGED, Area("", "toxic", ("en",), ("one", "two"))) == "0.700"
    assert ablation.area(JUDGED, Area("", "threat", ("en",), ("one", "two"))) == "–"


def test_clean_text_is_flagged_where_it_is_not_published() -> None:
    assert ablation.flagged(JUDGED, Flagged("", "en", ("one", "two"))) == "35.0%"
    assert ablation.flagged(JUDGED, Flagged("", "hi", ("one",))) == "–"


def test_what_is_wrong_is_a_share_of_what_is_decided_in_sets_with_both_sides() -> None:
    wrong = (0.95 * 0.1 + 0.05 * 0.2) / (0.95 * 0.9 + 0.05 * 0.5)
    assert ablation.wrong(JUDGED) == f"{wrong:.1%}"


def test_the_page_has_a_column_for_each_step_and_a_row_for_each_line() -> None:
    lines = ablation.page([("plain", JUDGED), ("+ an idea", JUDGED)]).splitlines()
    assert lines.count("|  | plain | + an idea |") == 2
    assert len([line for line in lines if line.startswith("| ")]) == 4 + len(ablation.AREAS) + len(ablation.CLEAN) + 1


@pytest.mark.parametrize(("name", "left"), ablation.LEARNED, ids=lambda given: given if isinstance(given, str) else "")
def test_a_step_that_was_taken_out_is_back_afterwards(name: str, left: ablation.Left) -> None:
    before = [getattr(place, step) for place, step, _ in left]
    with ablation.without(left):
        assert [getattr(place, step) for place, step, _ in left] == [instead for _, _, instead in left]
    assert [getattr(place, step) for place, step, _ in left] == before
    assert {place for place, _, _ in left} <= {model, training}


def test_bare_text_is_its_own_words_in_small_letters() -> None:
    form = ablation.as_it_stands("  You  IDIOT ")
    assert form.text == "you idiot"
    assert len(form.offsets) == len(form.text)
