"""The model card says of the shipped models what their manifest says: files, licences, thresholds, figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation.classifier import LABELS, shipped_models
from moderation.classifier.evaluation import Evaluation, LabelFigure, OutcomeFigure
from moderation.policy import parse_policy
from scripts.card import known_tables, sets_table, with_tables

ROOT = Path(__file__).parents[2]
CARD = (ROOT / "docs" / "model-card.md").read_text(encoding="utf-8")
POLICY = parse_policy((ROOT / "config" / "policy.toml").read_text(encoding="utf-8"))
MODELS = shipped_models()
TABLES = known_tables(MODELS)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_the_card_says_what_the_manifest_says(table: str) -> None:
    assert "\n".join(["", *TABLES[table], ""]) in CARD, "run `python -m scripts.card`"


def test_a_table_without_a_place_in_the_card_is_no_silence() -> None:
    with pytest.raises(KeyError, match="no place for the table 'weather'"):
        with_tables(CARD, {"weather": ["| rain |"]})


def test_a_table_is_put_in_the_place_of_the_old_one_and_nothing_else_is_touched() -> None:
    card = "before\n<!-- table: one -->\n| old |\n<!-- end -->\nbetween\n<!-- table: two -->\n| kept |\n<!-- end -->\n"
    assert with_tables(card, {"one": ["| \\1 new |", "| row |"]}) == card.replace("| old |", "| \\1 new |\n| row |")


def test_sets_show_both_stages_and_the_mean_of_those_of_new_sources() -> None:
    def figures(toxic: float, other: float, published: float) -> Evaluation:
        return Evaluation(
            "1",
            {},
            (_told("known", toxic), _told("new", other), _told("another", other + 0.02)),
            (OutcomeFigure("en", "new", "clean", 100, published, 1 - published, 0.0),),
        )

    table = sets_table(figures(0.8, 0.7, 0.9), figures(0.85, 0.75, 0.95), learned=frozenset({"known"}))

    assert table[2:] == [
        "| `another` | en | no | 0.720 → 0.770 | – | – | – | – |",
        "| `known` | en |  | 0.800 → 0.850 | – | – | – | – |",
        "| `new` | en | no | 0.700 → 0.750 | – | – | 90.0% → 95.0% | – |",
        "| *mean of those of new sources* |  | no | 0.710 → 0.760 (2) | – | – |  |  |",
    ]


def _told(source: str, auc: float) -> LabelFigure:
    return LabelFigure("toxic", "en", source, 50, 50, auc, auc, auc, auc, auc, auc)


def test_a_model_of_stated_licences_ships_beside_the_first() -> None:
    default, licensed = MODELS
    assert not default.figures["stated_licences_only"]
    assert licensed.figures["stated_licences_only"]
    assert not any(licence.startswith("not stated") for licence in licensed.figures["licences"].values())


@pytest.mark.parametrize("label", LABELS)
def test_the_policy_acts_at_the_thresholds_in_the_manifest(label: str) -> None:
    clause = POLICY.clause_of(label)
    assert clause is not None
    hold, reject = MODELS[0].figures["thresholds"][label]
    acting = clause.labels[label]
    assert acting.hold_at == hold
    # A telephone number alone looks like spam, and is another clause's: the policy says so beside it.
    assert acting.reject_at == reject or (label == "spam" and acting.reject_at > reject)
