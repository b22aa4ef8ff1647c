"""The decision: the hardest that is asked for, and the clause that tells the author most."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moderation.decision import Finding, Outcome, Reason, decide
from moderation.policy import Clause, Policy, Thresholds
from tests.builders import NOW, finding, policy, screening

HOLD, REJECT = Outcome.HOLD, Outcome.REJECT
AT = Thresholds(0.5, 0.9)
CLAUSE_OF = {"threat": "2.1", "identity_hate": "3.1", "insult": "3.2", "toxic": "3.2", "severe": "3.2", "spam": "5.1"}
POLICY = policy(
    clauses={
        "2.1": Clause("2.1", {"threat": AT}),
        "2.2": Clause("2.2"),
        "3.1": Clause("3.1", {"identity_hate": AT}),
        "3.2": Clause("3.2", {"insult": AT, "toxic": AT, "severe": AT}),
        "5.1": Clause("5.1", {"spam": AT}),
    }
)


def saw(label: str, asks: Outcome, score: float = 0.8) -> Finding:
    return finding(label=label, asks=asks, score=score, clause=CLAUSE_OF[label])


PERSONAL_DATA = finding(check="personal_data", label=None, asks=HOLD, clause="2.2", score=1.0)
LENGTH = finding(check="length", label=None, asks=HOLD, clause=None, score=1.0)


@pytest.mark.parametrize(
    ("findings", "outcome", "clause"),
    [
        ((), Outcome.PUBLISH, None),
        ((saw("insult", HOLD),), HOLD, "3.2"),
        # the hardest decides, whatever the clause
        ((saw("insult", REJECT), saw("threat", HOLD)), REJECT, "3.2"),
        ((saw("spam", REJECT), PERSONAL_DATA), REJECT, "5.1"),
        # of those that ask for the same, the graver clause, whatever the score
        ((saw("insult", HOLD, 0.89), saw("threat", HOLD, 0.51)), HOLD, "2.1"),
        ((saw("spam", HOLD, 0.89), PERSONAL_DATA), HOLD, "2.2"),
        ((saw("insult", REJECT, 0.99), saw("identity_hate", REJECT, 0.95)), REJECT, "3.1"),
        # "toxic" does not say how: what does, tells, even where it asks for less
        ((saw("toxic", REJECT, 0.99), saw("identity_hate", HOLD, 0.6)), REJECT, "3.1"),
        ((saw("toxic", REJECT), saw("severe", REJECT), saw("threat", HOLD), saw("insult", HOLD)), REJECT, "2.1"),
        ((saw("toxic", REJECT), saw("insult", REJECT), saw("identity_hate", HOLD)), REJECT, "3.2"),
        ((saw("toxic", HOLD), saw("identity_hate", HOLD)), HOLD, "3.1"),
        ((saw("toxic", REJECT),), REJECT, "3.2"),
        # spam and personal data are no kind of abuse: they do not explain "toxic"
        ((saw("toxic", REJECT), saw("spam", HOLD), PERSONAL_DATA), REJECT, "3.2"),
        # what has no clause tells nobody anything
        ((LENGTH,), HOLD, None),
        ((LENGTH, saw("spam", HOLD)), HOLD, "5.1"),
    ],
)
def test_the_hardest_decides_and_the_gravest_clause_that_explains_it_is_told(
    findings: tuple[Finding, ...], outcome: Outcome, clause: str | None
) -> None:
    for order in (findings, findings[::-1]):
        decision = decide(screening(*order), POLICY, NOW)
        assert (decision.outcome, decision.clause) == (outcome, clause)


def test_what_no_model_scored_is_held_whatever_the_rules_found() -> None:
    found = finding(check="banned_words", label=None, asks=REJECT, clause="3.2", score=1.0)
    decision = decide(replace(screening(found), model=None), POLICY, NOW)
    assert (decision.outcome, decision.reason, decision.findings) == (HOLD, Reason.UNSCREENED, (found,))


def test_the_order_is_that_of_the_operators_policy() -> None:
    clauses = dict(reversed(POLICY.clauses.items()))
    findings = (saw("insult", HOLD), saw("threat", HOLD))
    turned = Policy(POLICY.version, clauses, {})
    assert decide(screening(*findings), turned, NOW).clause == "3.2"


def test_a_clause_that_the_policy_no_longer_has_comes_last() -> None:
    gone = finding(check="links", label=None, asks=HOLD, clause="9.9", score=1.0)
    assert decide(screening(gone, saw("spam", HOLD)), POLICY, NOW).clause == "5.1"
