"""The model card says of the shipped models what their manifest says: files, licences, thresholds, figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation.classifier import LABELS, ModelFile, shipped_models
from moderation.policy import parse_policy

ROOT = Path(__file__).parents[2]
CARD = (ROOT / "docs" / "model-card.md").read_text(encoding="utf-8")
POLICY = parse_policy((ROOT / "config" / "policy.toml").read_text(encoding="utf-8"))
MODELS = shipped_models()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.version)
def test_the_card_names_each_model_with_its_hash(model: ModelFile) -> None:
    assert model.version in CARD
    assert model.sha256[:16] in CARD


@pytest.mark.parametrize("source", sorted(MODELS[0].figures["licences"]))
def test_the_card_names_each_file_with_its_licence_and_how_many_examples_it_gave(source: str) -> None:
    figures = MODELS[0].figures
    rows = [line for line in CARD.splitlines() if line.startswith(f"| `{source}` |")]
    assert len(rows) == 1
    assert figures["licences"][source] in rows[0]
    assert f"{figures['examples'][source]:,}" in rows[0]


def test_a_model_of_stated_licences_ships_beside_the_first() -> None:
    default, licensed = MODELS
    assert not default.figures["stated_licences_only"]
    assert licensed.figures["stated_licences_only"]
    assert not any(licence.startswith("not stated") for licence in licensed.figures["licences"].values())


@pytest.mark.parametrize("label", LABELS)
def test_the_card_gives_the_thresholds_in_the_manifest(label: str) -> None:
    hold, reject = MODELS[0].figures["thresholds"][label]
    assert f"| {label} | {hold:.2f} | {reject:.3f} |" in CARD


@pytest.mark.parametrize("label", LABELS)
def test_the_policy_acts_at_the_thresholds_in_the_manifest(label: str) -> None:
    clause = POLICY.clause_of(label)
    assert clause is not None
    hold, reject = MODELS[0].figures["thresholds"][label]
    acting = clause.labels[label]
    assert acting.hold_at == hold
    # A telephone number alone looks like spam, and is another clause's: the policy says so beside it.
    assert acting.reject_at == reject or (label == "spam" and acting.reject_at > reject)


@pytest.mark.parametrize("language", sorted(MODELS[0].figures["languages"]))
def test_the_card_gives_the_figures_in_the_manifest(language: str) -> None:
    for side in ("clean", "abuse"):
        found = MODELS[0].figures["languages"][language].get(side)
        if found is not None:
            shares = " | ".join(f"{found[outcome]:.0%}" for outcome in ("published", "held", "rejected"))
            assert f"| {language} | {side} | {found['comments']:,} | {shares} |" in CARD
