"""Areas and curves beside scikit-learn's, and their intervals beside ones reckoned the long way."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from moderation.classifier.figures.discrimination import POINTS, auc, average_precision, precision_recall
from moderation.classifier.figures.intervals import Bools, Floats, Interval, bootstrap, by_logit, wilson

Z = 1.959964


def comments(count: int = 300, *, digits: int = 2) -> tuple[Bools, Floats]:
    """Answers, and scores that know something of them; rounded, so that many are equal."""
    dice = np.random.default_rng(7)
    answers = dice.random(count) < 0.3
    return answers, np.round(np.clip(dice.normal(0.4 + 0.2 * answers, 0.2), 0, 1), digits)


def test_the_area_is_scikit_learns_with_equal_scores_too() -> None:
    answers, scores = comments(digits=1)
    assert auc(answers, scores).value == pytest.approx(roc_auc_score(answers, scores))


def test_the_areas_interval_is_that_of_every_pair_compared() -> None:
    answers, scores = comments(120)
    ones, zeros = scores[answers], scores[~answers]
    pairs = (ones[:, None] > zeros[None, :]) + 0.5 * (ones[:, None] == zeros[None, :])
    half = Z * sqrt(pairs.mean(1).var(ddof=1) / len(ones) + pairs.mean(0).var(ddof=1) / len(zeros))
    found = auc(answers, scores)
    assert (found.low, found.high) == pytest.approx((pairs.mean() - half, pairs.mean() + half))


@pytest.mark.parametrize(
    ("scores", "value"), [([0.9, 0.8, 0.2, 0.1], 1.0), ([0.1, 0.2, 0.8, 0.9], 0.0), ([0.5, 0.5, 0.5, 0.5], 0.5)]
)
def test_an_area_and_its_interval_stay_within_nought_and_one(scores: list[float], value: float) -> None:
    found = auc(np.array([True, True, False, False]), np.array(scores))
    assert found.value == value
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_average_precision_is_scikit_learns_with_equal_scores_too() -> None:
    answers, scores = comments(digits=1)
    assert average_precision(answers, scores).value == pytest.approx(average_precision_score(answers, scores))


def test_what_is_told_apart_wholly_has_the_average_precision_1_however_many_there_are() -> None:
    for ones in range(1, 200):
        answers = np.array([True] * ones + [False] * 40)
        scores = np.linspace(1, 0, ones + 40)
        assert average_precision(answers, scores) == Interval(1.0, 1.0, 1.0)


def test_an_interval_by_log_odds_never_leaves_nought_and_one() -> None:
    found = by_logit(1 - 1e-12, 1e6)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_interval_of_average_precision_is_the_logit_one() -> None:
    answers, scores = comments()
    found = average_precision(answers, scores)
    odds = log(found.value / (1 - found.value))
    error = 1 / sqrt(answers.sum() * found.value * (1 - found.value))
    assert (found.low, found.high) == pytest.approx(
        tuple(1 / (1 + exp(-(odds + side * Z * error))) for side in (-1, 1))
    )


def test_every_drawn_point_is_one_of_scikit_learns_and_the_ends_are_there() -> None:
    answers, scores = comments()
    curve = precision_recall(answers, scores)
    precision, recall, _ = precision_recall_curve(answers, scores)
    theirs = {(round(float(x), 4), round(float(y), 4)) for x, y in zip(recall, precision, strict=True)}
    ours = list(zip(curve.recall, curve.precision, strict=True))
    assert set(ours) <= theirs
    assert 10 < len(ours) <= POINTS
    assert curve.recall[-1] == 1
    assert list(curve.recall) == sorted(curve.recall)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0)]
)
def test_a_share_has_its_score_interval(hits: int, of: int, low: float, high: float) -> None:
    found = wilson(hits, of)
    assert found.value == hits / of
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_is_no_number() -> None:
    assert np.isnan(wilson(0, 0).value)


def test_a_figure_that_is_whole_has_no_interval_by_logit() -> None:
    assert by_logit(1.0, 0.1) == Interval(1.0, 1.0, 1.0)


def test_resampling_gives_the_interval_of_a_mean_and_the_same_each_time() -> None:
    values = np.random.default_rng(3).normal(5, 2, 400)

    def mean(drawn: Floats) -> Floats:
        return np.array([np.sum(values * drawn) / drawn.sum(), np.nan])

    low, high = bootstrap(mean, comments=400)
    error = values.std(ddof=1) / 20
    assert (low[0], high[0]) == pytest.approx((values.mean() - 2 * error, values.mean() + 2 * error), abs=0.6 * error)
    assert np.isnan(low[1])
    assert bootstrap(mean, comments=400)[0][0] == low[0]
