"""Thresholds for an error budget: reckoned by hand on a few comments, and kept on sets they were not chosen on."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest

from moderation.classifier import LABELS
from moderation.classifier.data import Example
from moderation.classifier.figures.budget import NEVER, keep_to, under
from moderation.classifier.scored import Scored
from moderation.policy import Budget

TOXIC = LABELS.index("toxic")
NOT_KNOWN = (None,) * (len(LABELS) - 1)


def scored(source: str, clean: np.ndarray, abuse: np.ndarray, *, label: int = TOXIC) -> Scored:
    """One set of comments with these scores for one label, and 0 for the others."""
    examples = [Example("x", "en", source, (known, *NOT_KNOWN)) for known in [False] * len(clean) + [True] * len(abuse)]
    scores = np.zeros((len(examples), len(LABELS)))
    scores[:, label] = np.concatenate([clean, abuse])
    return Scored(source, "en", examples, scores)


def even(count: int = 100) -> np.ndarray:
    """0.005, 0.015, … 0.995."""
    return (np.arange(count) + 0.5) / count


def sites(count: int, *, seed: int = 5) -> list[Scored]:
    """Sets that differ in manner: at some the clean comments score high, at some the abuse scores low."""
    dice = np.random.default_rng(seed)
    found = []
    for number in range(count):
        clean, abuse = dice.normal(-2, 0.8, 2) * (1, -1)
        odds = (dice.normal(clean, 1.5, 300), dice.normal(abuse, 1.5, 300))
        found.append(scored(f"site{number}", *(1 / (1 + np.exp(-each)) for each in odds)))
    return found


def test_the_budget_is_spent_to_the_last_comment() -> None:
    sets = [scored(f"s{number}", even() / 2, even()) for number in range(4)]
    budget = Budget(wrongly_published=0.01, wrongly_refused=0.018, abuse=0.1, exceeded=0.25)
    kept = keep_to(budget, sets, LABELS)
    # A tenth of a hundred abusive comments and two of a hundred clean ones may be wrong: 0.1 · 0.1 and 0.9 · 0.02.
    assert kept.edges.hold_at == 0.105
    assert kept.edges.reject_at == 0.488
    assert {(round(one.wrongly_published, 9), round(one.wrongly_refused, 9)) for one in kept.spent} == {(0.01, 0.018)}
    # Clean: 21 of 100 below 0.105, 2 from 0.488; abuse: 10 and 51.
    assert kept.spent[0].decided == pytest.approx(0.9 * 0.23 + 0.1 * 0.61)
    assert kept.spent[0].error == pytest.approx(0.028 / (0.9 * 0.23 + 0.1 * 0.61))


def test_a_budget_is_exceeded_at_no_more_sites_than_it_says_and_not_by_much_less() -> None:
    budget = Budget(wrongly_published=0.01, wrongly_refused=0.02, abuse=0.1, exceeded=0.2)
    kept = keep_to(budget, sites(200), LABELS)
    assert len(kept.spent) == 200
    for over in (
        fmean(one.wrongly_published > budget.wrongly_published for one in kept.spent),
        fmean(one.wrongly_refused > budget.wrongly_refused for one in kept.spent),
    ):
        assert 0.17 < over <= 0.2


def test_the_control_chosen_on_all_comments_together_is_exceeded_at_far_more() -> None:
    budget = Budget(wrongly_published=0.01, wrongly_refused=0.02, abuse=0.1, exceeded=0.2)
    sets = sites(200)
    rows = np.concatenate([one.scores[:300, TOXIC] for one in sets])
    reject_at = float(np.quantile(rows, 1 - 0.02 / 0.9))
    spent = under({"toxic": (reject_at, reject_at)}, sets, budget)
    assert fmean(one.wrongly_refused for one in spent) == pytest.approx(0.02, abs=0.001)
    assert fmean(one.wrongly_refused > budget.wrongly_refused for one in spent) > 0.3


def test_a_set_is_judged_by_thresholds_that_never_saw_its_source() -> None:
    sets = [scored(f"s{number}", even() / 2, even()) for number in range(4)]
    sets += [scored("odd", even(), even() / 4), scored("odd", even(), even() / 4)]
    kept = keep_to(Budget(0.01, 0.018, 0.1, 0.25), sets, LABELS)
    odd = [one for one in kept.spent if one.source == "odd"]
    assert [round(one.wrongly_published, 3) for one in odd] == [0.042, 0.042]


def test_a_set_for_measuring_only_is_judged_and_chooses_nothing() -> None:
    sets = [scored(f"s{number}", even() / 2, even()) for number in range(4)]
    budget = Budget(0.01, 0.018, 0.1, 0.25)
    kept = keep_to(budget, [*sets, scored("strict_NC", even() + 1, even() / 100)], LABELS)
    assert kept.edges == keep_to(budget, sets, LABELS).edges
    assert [one.wrongly_published for one in kept.spent if one.source == "strict_NC"] == [0.1]


def test_what_a_policy_does_is_what_its_own_thresholds_do() -> None:
    insult = LABELS.index("insult")
    sets = [scored("a", even(), even(), label=insult)]
    budget = Budget(0.1, 0.1, 0.5, 0.5)
    (one,) = under({"insult": (0.3, 0.9), "toxic": (0.5, 0.6)}, sets, budget)
    assert (one.wrongly_published, one.wrongly_refused) == pytest.approx((0.5 * 0.3, 0.5 * 0.1))
    (other,) = under({"toxic": (0.5, 0.6)}, sets, budget)
    assert (other.wrongly_published, other.wrongly_refused, other.decided) == (0.5, 0, 1)


def test_a_budget_that_nothing_can_exceed_holds_and_refuses_nothing() -> None:
    kept = keep_to(Budget(0.5, 0.001, 0.1, 0.5), [scored(f"s{n}", even() * 0 + 1, even()) for n in range(3)], LABELS)
    assert (kept.edges.hold_at, kept.edges.reject_at) == (NEVER, NEVER)


def test_too_few_sets_can_promise_nothing() -> None:
    sets = [scored(f"s{number}", even(), even()) for number in range(2)]
    with pytest.raises(ValueError, match=r"2 sets .* give 4 or more"):
        keep_to(Budget(0.01, 0.01, 0.1, 0.25), sets, LABELS)
    with pytest.raises(ValueError, match="0 sets"):
        keep_to(Budget(0.01, 0.01, 0.1, 0.25), [scored("s", even(5), even(5))], LABELS)
