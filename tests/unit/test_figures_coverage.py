"""Calibration and what can be decided alone, on a few comments reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from moderation.classifier.figures import coverage
from moderation.classifier.figures.coverage import GRID, as_if_abuse_were, decided_alone, risk_coverage
from moderation.classifier.figures.reliability import halves, reliability, rescaled


def test_calibration_of_four_comments_in_two_bins() -> None:
    answers, scores = np.array([False, True, True, True]), np.array([0.1, 0.3, 0.6, 0.8])
    found = reliability(answers, scores, bins=2)
    assert found.scores == pytest.approx((0.2, 0.7))
    assert found.shares == (0.5, 1.0)
    assert found.ece == pytest.approx(0.3)  # (0.3 + 0.3) / 2
    assert found.brier == pytest.approx(brier_score_loss(answers, scores))


def test_bins_have_equal_mass_and_there_are_never_more_than_comments() -> None:
    dice = np.random.default_rng(1)
    scores = dice.random(1500) ** 3
    found = reliability(dice.random(1500) < scores, scores)
    assert len(found.scores) == 15
    assert found.ece < 0.05
    assert len(reliability(np.array([True]), np.array([0.5])).scores) == 1


def test_scores_on_another_scale_become_probabilities() -> None:
    dice = np.random.default_rng(2)
    chance = dice.random(4000)
    answers = dice.random(4000) < chance
    scaled = 1 / (1 + np.exp(-(0.5 * np.log(chance / (1 - chance)) - 3)))
    assert reliability(answers, scaled).ece > 0.3
    assert reliability(answers, rescaled(answers, scaled)).ece < 0.04


def test_a_half_of_one_side_only_leaves_scores_as_they_are() -> None:
    scores = np.array([0.2, 0.4, 0.6, 0.8])
    assert rescaled(np.array([True] * 4), scores).tolist() == scores.tolist()


def test_halves_share_nothing_and_are_the_same_each_time() -> None:
    first, second = halves(101)
    assert (first.sum(), second.sum(), (first & second).any()) == (50, 51, False)
    assert (halves(101)[0] == first).all()


def test_the_surest_are_decided_first_and_the_area_is_the_mean_risk() -> None:
    probabilities = np.array([0.95, 0.1, 0.8, 0.45])
    answers = np.array([True, False, False, True])  # right, right, wrong, wrong
    found = risk_coverage(answers, probabilities)
    at = dict(zip(GRID, (each.value for each in found.risk), strict=True))
    assert (at[0.25], at[0.5], at[0.75], at[1.0]) == pytest.approx((0, 0, 1 / 3, 1 / 2))
    assert found.area.value == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert found.area.low <= found.area.value <= found.area.high


def test_comments_equally_sure_share_their_errors_whatever_their_order() -> None:
    probabilities = np.full(40, 0.9)
    answers = np.array([True] * 30 + [False] * 10)
    for order in (np.arange(40), np.arange(40)[::-1]):
        found = risk_coverage(answers[order], probabilities)
        assert [each.value for each in found.risk] == pytest.approx([0.25] * len(GRID))


def test_what_is_told_apart_wholly_is_decided_wholly() -> None:
    answers = np.arange(400) % 2 == 0
    found = decided_alone(answers, np.where(answers, 0.9, 0.1))
    assert (found.decided.value, found.published.value) == (1, 0.5)
    assert (found.wrongly_published.value, found.wrongly_rejected.value) == (0, 0)


def test_scores_that_know_nothing_decide_next_to_nothing() -> None:
    dice = np.random.default_rng(4)
    found = decided_alone(dice.random(2000) < 0.5, dice.random(2000))
    assert found.decided.value < 0.05


def test_between_the_thresholds_comments_wait_and_the_errors_are_measured_elsewhere() -> None:
    """Certain below 0.2 and above 0.8, chance between: a fifth and a fifth are decided."""
    dice = np.random.default_rng(5)
    scores = dice.random(4000)
    answers = np.where(scores < 0.2, False, np.where(scores > 0.8, True, dice.random(4000) < 0.5))
    found = decided_alone(answers, scores)
    assert found.decided.value == pytest.approx(0.4, abs=0.03)
    assert found.published.value == pytest.approx(0.2, abs=0.02)
    assert found.decided.low <= found.decided.value <= found.decided.high
    assert found.wrongly_published.value < 0.03


def test_where_every_score_is_the_same_nothing_is_published_or_rejected_in_part() -> None:
    answers = np.arange(200) % 4 == 0
    found = decided_alone(answers, np.full(200, 0.5))
    assert found.decided.value == 0
    assert np.isnan(found.wrongly_published.value)


def test_where_abuse_is_rare_more_can_be_published() -> None:
    dice = np.random.default_rng(6)
    answers = np.arange(3000) % 2 == 0
    scores = np.clip(dice.normal(0.35 + 0.3 * answers, 0.15), 0, 1)
    weights = as_if_abuse_were(0.05, answers)
    assert weights.sum() == pytest.approx(3000)
    assert weights[answers].sum() == pytest.approx(150)
    whole, rare = decided_alone(answers, scores), decided_alone(answers, scores, weights=weights)
    assert rare.published.value > whole.published.value + 0.1


def test_a_threshold_is_the_last_score_up_to_which_few_enough_are_wrong() -> None:
    scores, mass = np.array([0.1, 0.2, 0.3, 0.3, 0.4]), np.ones(5)
    wrong = np.array([False, True, False, False, True])
    assert coverage._edge(scores, mass, wrong, 0.25) == 0.3
    assert coverage._edge(scores, mass, wrong, 0.1) == 0.1
    assert coverage._edge(scores, mass, ~wrong, 0.1) == -np.inf
