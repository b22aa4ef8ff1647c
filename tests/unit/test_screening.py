"""Screening: every check in its order, none able to publish by breaking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from moderation.classifier import Screened, detect_language
from moderation.decision import Outcome, Span, decide
from moderation.errors import ClassifierUnavailable
from moderation.policy import LABELS, RuleSettings
from moderation.screening import CHECKS, Facts, Screener, Subject, checks, isolate
from tests.builders import NOW, STORY, policy
from tests.fake_classifier import FakeClassifier

RULES = {
    "links": RuleSettings("5.1", "hold", {"allowed": ["bbc.com"], "at_most": 2}),
    "flooding": RuleSettings("5.1", "hold", {"comments": 5, "per_s": 60}),
    "repeats": RuleSettings("5.1", "hold", {"same_author": 2, "other_authors": 3, "within_s": 60}),
    "personal_data": RuleSettings("5.1", "hold", {"regions": ["IN"]}),
    "banned_words": RuleSettings("3.2", "reject", {"words": ["scoundrel"], "hold": ["rascal"]}),
}


def screener(classifier: Any = None, **rules: RuleSettings) -> Screener:
    return Screener(policy(rules=rules or RULES), classifier or FakeClassifier())


def found(text: str, *, by: Screener | None = None, **given: Any) -> list[tuple[str, str, str | None]]:
    (screening,) = (by or screener()).screen([Subject(text, **given)])
    return [(finding.check, finding.asks.value, finding.clause) for finding in screening.findings]


def outcome(text: str, *, by: Screener | None = None, **given: Any) -> Outcome:
    by = by or screener()
    (screening,) = by.screen([Subject(text, **given)])
    return decide(screening, by.policy, NOW).outcome


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("A general was killed in the air strike", []),
        ("insult=0.6", [("classifier", "hold", "3.2")]),
        ("insult=0.95", [("classifier", "reject", "3.2")]),
        ("threat=0.99", []),  # no clause of this policy names it
        ("read evil.ru", [("links", "hold", "5.1")]),
        ("read bbc.com", []),
        ("call 9876543210", [("personal_data", "hold", "5.1")]),
        ("mail a.b@example.com", [("personal_data", "hold", "5.1")]),
        ("sc0undrel", [("banned_words", "reject", "3.2")]),
        ("rascal", [("banned_words", "hold", "3.2")]),
        ("see https://www.bbc.com/news/you-are-all-a-scoundrel-today", [("banned_words", "reject", "3.2")]),
        ("Este gobierno es una verguenza y todos deben dimitir", [("language", "hold", None)]),
        ("Thank you for this report. Я тебя убью, слышишь", [("language", "hold", None)]),
        ("\u202enoitseuq dren a", [("direction", "hold", None)]),
        ("scoundrel and rascal", [("banned_words", "reject", "3.2"), ("banned_words", "hold", "3.2")]),
    ],
)
def test_each_check_finds_what_it_is_for(text: str, findings: list[tuple[str, str, str]]) -> None:
    assert found(text) == findings


@pytest.mark.parametrize(
    ("facts", "check"), [(Facts(by_author_in_window=5), "flooding"), (Facts(same_by_author=1), "repeats")]
)
def test_what_is_known_around_a_comment_counts(facts: Facts, check: str) -> None:
    assert found("An ordinary sentence about the budget", facts=facts) == [(check, "hold", "5.1")]


def test_the_storys_own_site_may_be_linked_to() -> None:
    assert found("see https://example.org/earlier", story=STORY) == []
    assert found("see https://example.org/earlier", story="story-7") == [("links", "hold", "5.1")]
    assert found("see https://example.org/earlier", story="http://[bad") == [("links", "hold", "5.1")]


def test_a_policy_without_rules_screens_by_the_classifier_alone() -> None:
    by = Screener(policy(), FakeClassifier())
    assert found("scoundrel evil.ru 9876543210 insult=0.6", by=by, facts=Facts(99, 99, 99)) == [
        ("classifier", "hold", "3.2")
    ]


def test_everything_that_speaks_against_a_comment_is_kept() -> None:
    text = "scoundrel, call 9876543210 or see evil.ru insult=0.7"
    assert [check for check, *_ in found(text, facts=Facts(by_author_in_window=9))] == [
        "flooding",
        "personal_data",
        "links",
        "banned_words",
        "classifier",
    ]


def test_a_number_that_is_also_a_mail_address_is_marked_once() -> None:
    (screening,) = screener().screen([Subject("mail +919876543210@gmail.com now")])
    assert [finding.spans for finding in screening.findings] == [(Span(5, 28),)]


def test_spans_count_code_points_of_the_text_as_written() -> None:
    (screening,) = screener().screen([Subject("😀 you sc\u200boundrel")])
    assert screening.findings[0].spans == (Span(6, 16),)


def test_signs_and_single_letters_are_no_evidence() -> None:
    class Marking(FakeClassifier):
        def _one(self, text: str) -> Screened:
            return Screened("en", dict.fromkeys(LABELS, 0.6), {"insult": ((0, 1), (2, 5), (6, 7))})

    (screening,) = Screener(policy(), Marking()).screen([Subject("+ oaf a")])
    assert {finding.label: finding.spans for finding in screening.findings}["insult"] == (Span(2, 5),)


@pytest.mark.parametrize("text", ["x " * 5000, "\ufdfa" * 4000])
def test_what_goes_on_beyond_what_is_read_is_held(text: str) -> None:
    assert ("length", "hold", None) in found(text)
    assert outcome(text) is Outcome.HOLD


@pytest.mark.parametrize(
    ("text", "asks"), [("Ты неправ, сосед", ["language"]), ("这篇文章", ["language"]), ("👍 2-1", []), ("شکریہ", [])]
)
def test_words_of_a_script_never_learned_are_held_and_signs_without_words_are_not(text: str, asks: list[str]) -> None:
    assert [check for check, _, _ in found(text, by=screener(FakeClassifier(language=detect_language)))] == asks


def test_without_a_classifier_nothing_is_published() -> None:
    by = Screener(policy(), None)
    (screening,) = by.screen([Subject("fine weather")])
    assert screening.model is None
    assert screening.scores == dict.fromkeys(LABELS, 1.0)
    assert decide(screening, by.policy, NOW).outcome is Outcome.HOLD


def test_a_classifier_that_says_it_cant_is_no_classifier() -> None:
    def refuse(text: str) -> None:
        raise ClassifierUnavailable("not one finite number")

    by = screener(FakeClassifier(before=refuse))
    assert outcome("fine weather", by=by) is Outcome.HOLD
    (screening,) = by.screen([Subject("fine weather")])
    assert screening.model is None


@pytest.mark.parametrize("score", ["nan", "7"])
def test_a_score_that_is_none_publishes_nothing(score: str) -> None:
    assert outcome(f"spam={score}") is Outcome.HOLD


@pytest.mark.parametrize("broken", [check.__name__ for check in CHECKS])
def test_a_check_that_breaks_holds_the_comment_and_the_others_go_on(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(screener: Screener, seen: checks.Seen) -> list[Any]:
        if "poison" in seen.subject.text:
            raise RuntimeError("out of order")
        return []

    breaks.__name__ = broken
    monkeypatch.setattr(checks, "CHECKS", tuple(breaks if c.__name__ == broken else c for c in CHECKS))
    by = screener()
    first, second = by.screen([Subject("poison"), Subject("fine weather")])
    assert [(finding.check, finding.asks) for finding in first.findings] == [(broken, Outcome.HOLD)]
    assert decide(first, by.policy, NOW).outcome is Outcome.HOLD
    assert decide(second, by.policy, NOW).outcome is Outcome.PUBLISH


@pytest.mark.parametrize(
    ("text", "given", "language"),
    [
        ("यह बात सही नहीं है, सरकार को जवाब देना चाहिए", None, "hi"),
        ("👍👍", "mr", "mr"),
        ("👍👍", None, "und"),
        ("👍👍", "<script>", "und"),
    ],
)
def test_the_language_is_the_one_found_else_the_one_given(text: str, given: str | None, language: str) -> None:
    (screening,) = Screener(policy(), None).screen([Subject(text, language=given)])
    assert screening.language == language


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("bad", [set(), {0}, {0, 1}, {5, 6, 60}, set(range(64))])
def test_what_breaks_a_batch_is_found_by_halving(size: int, bad: set[int]) -> None:
    def work(items: Sequence[int]) -> list[str]:
        if bad & set(items):
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no")
        return [str(item) for item in items]

    assert isolate(work, range(size)) == [None if item in bad else str(item) for item in range(size)]


def test_nothing_to_do_is_done_without_calling() -> None:
    assert isolate(lambda items: [1 / 0], []) == []


def test_one_poison_among_many_costs_few_calls() -> None:
    calls = 0

    def work(items: Sequence[int]) -> list[int]:
        nonlocal calls
        calls += 1
        if 41 in items:
            raise RuntimeError
        return list(items)

    isolate(work, range(64))
    assert calls <= 13
