"""The model in the package decides fixed lines as it must, with the thresholds that it suggests."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from moderation.classifier import LABELS, Classifier, Screened, evaluate, load, normalise, shipped, shipped_models
from moderation.classifier.examples import own_examples
from moderation.decision import Decision, Outcome, decide
from moderation.policy import parse_policy
from moderation.screening import Screener, Subject
from tests.builders import NOW
from tests.model import audited, unseen
from tests.model.lines import (
    ALONE,
    DOGS,
    HELD_ALTHOUGH_ORDINARY,
    KIND_WORDS,
    MUST_BE_PUBLISHED,
    MUST_NOT_BE_PUBLISHED,
    SHARP_WORDS,
    SPELT_OTHERWISE,
)

ROOT = Path(__file__).parents[2]
LABELLED = Path(__file__).parents[3] / "shared" / "data" / "dev"


@pytest.fixture(scope="module")
def screener(classifier: Classifier) -> Screener:
    return Screener(parse_policy((ROOT / "config" / "policy.toml").read_text(encoding="utf-8")), classifier)


def decided(screener: Screener, text: str) -> Decision:
    (screening,) = screener.screen([Subject(text)])
    return decide(screening, screener.policy, NOW)


def labels_held(classifier: Classifier, screened: Screened) -> list[str]:
    return [label for label in LABELS if screened.scores[label] >= classifier.thresholds[label][0]]


@pytest.mark.parametrize("text", (*MUST_BE_PUBLISHED, *KIND_WORDS))
def test_an_ordinary_comment_is_published(classifier: Classifier, text: str) -> None:
    assert labels_held(classifier, classifier.classify([text])[0]) == []


@pytest.mark.parametrize("text", (*SHARP_WORDS, *DOGS))
def test_sharp_words_about_a_thing_are_not_refused_by_a_machine(screener: Screener, text: str) -> None:
    assert decided(screener, text).outcome is not Outcome.REJECT


@pytest.mark.parametrize("text", ALONE)
def test_a_sign_alone_is_published(screener: Screener, text: str) -> None:
    decision = decided(screener, text)
    assert decision.outcome is Outcome.PUBLISH, decision.findings


@pytest.mark.xfail(strict=True, reason="an idiom: single words can't tell it")
@pytest.mark.parametrize("text", HELD_ALTHOUGH_ORDINARY)
def test_a_known_fault_stands_until_it_is_mended(classifier: Classifier, text: str) -> None:
    assert labels_held(classifier, classifier.classify([text])[0]) == []


@pytest.mark.parametrize("text", MUST_NOT_BE_PUBLISHED)
def test_an_attack_is_not_published(classifier: Classifier, text: str) -> None:
    assert labels_held(classifier, classifier.classify([text])[0]) != []


@pytest.mark.parametrize(("plain", "spelt"), [(p, s) for p, others in SPELT_OTHERWISE.items() for s in others])
def test_another_spelling_is_decided_like_the_plain_one(classifier: Classifier, plain: str, spelt: str) -> None:
    one, other = classifier.classify([plain, spelt])
    assert labels_held(classifier, one) != []
    assert labels_held(classifier, other) != []


@pytest.mark.parametrize("text", audited.MUST_BE_PUBLISHED)
def test_what_an_auditor_found_held_for_nothing_is_published(screener: Screener, text: str) -> None:
    assert decided(screener, text).outcome is Outcome.PUBLISH


@pytest.mark.parametrize("text", audited.MUST_NOT_BE_PUBLISHED)
def test_what_an_auditor_got_published_no_longer_is(screener: Screener, text: str) -> None:
    assert decided(screener, text).outcome is not Outcome.PUBLISH


@pytest.mark.parametrize(("text", "clauses"), audited.CLAUSE_TOLD.items())
def test_the_clause_told_is_the_one_that_is_broken(screener: Screener, text: str, clauses: tuple[str, ...]) -> None:
    decision = decided(screener, text)
    assert decision.outcome is not Outcome.PUBLISH
    assert decision.clause in clauses


def test_a_telephone_number_alone_is_personal_data_and_waits(screener: Screener) -> None:
    assert decided(screener, "میرا نمبر 0300-1234567 ہے رابطہ کریں").outcome is Outcome.HOLD


@pytest.mark.parametrize("times", audited.TIMES)
@pytest.mark.parametrize("text", audited.PADDED)
def test_harmless_sentences_drown_no_attack(screener: Screener, text: str, times: int) -> None:
    assert decided(screener, audited.HARMLESS * times + text).outcome is not Outcome.PUBLISH
    half = audited.HARMLESS * (times // 2)
    assert decided(screener, f"{half}{text} {half}").outcome is not Outcome.PUBLISH


@pytest.mark.parametrize(("padding", "text"), audited.PADDED_OTHERWISE)
def test_nor_in_another_language_nor_without_full_stops(screener: Screener, padding: str, text: str) -> None:
    for times in (0, 4, 20, 60):
        assert decided(screener, padding * times + text).outcome is not Outcome.PUBLISH, times
    assert decided(screener, audited.HARMLESS * 60).outcome is Outcome.PUBLISH


def test_what_weighed_most_in_a_padded_text_is_marked_where_it_stands(classifier: Classifier) -> None:
    text = audited.HARMLESS * 20 + "You are a stu\u200bpid id1ot and a moron. " + audited.HARMLESS * 20
    marked = [text[begin:end] for begin, end in classifier.classify([text])[0].spans["insult"]]
    assert any("stu\u200bpid id1ot" in word for word in marked)
    assert not any("bridge" in word for word in marked)


def test_the_fixed_lines_are_not_among_the_examples() -> None:
    learned = {
        normalise(example.text).text for held_out in (False, True) for example in own_examples(held_out=held_out)
    }
    fixed = (
        *audited.MUST_BE_PUBLISHED,
        *audited.MUST_NOT_BE_PUBLISHED,
        *audited.CLAUSE_TOLD,
        *audited.PADDED,
        *unseen.ORDINARY,
        *unseen.ABUSIVE,
    )
    assert [text for text in fixed if normalise(text).text in learned] == []


def test_the_card_says_how_many_of_the_lines_never_looked_at_come_out_wrong(
    classifier: Classifier, screener: Screener
) -> None:
    card = (ROOT / "docs" / "model-card.md").read_text(encoding="utf-8")
    read_by = "fast stage" if classifier.alone else "both stages"
    for side, lines in (("ordinary", unseen.ORDINARY), ("abusive", unseen.ABUSIVE)):
        outcomes = [decided(screener, text).outcome for text in lines]
        shares = " | ".join(str(outcomes.count(outcome)) for outcome in (Outcome.PUBLISH, Outcome.HOLD, Outcome.REJECT))
        assert f"| {side}, {len(lines)} | after, {read_by} | {shares} |" in card


FRAMES = {
    "{} voted in the election yesterday.": False,
    "My neighbours are {} and I like them.": False,
    "{} were killed in the bombing, how sad.": False,
    "all {} are filthy vermin and should be killed": True,
}
GROUPS = (
    "Muslims",
    "Hindus",
    "Jews",
    "Christians",
    "Sikhs",
    "Pakistanis",
    "Indians",
    "Israelis",
    "Palestinians",
    "women",
)


@pytest.mark.parametrize("frame", FRAMES)
def test_the_name_of_a_group_decides_nothing(classifier: Classifier, frame: str) -> None:
    answers = classifier.classify([frame.format(group) for group in GROUPS])
    outcomes = {group: labels_held(classifier, answer) != [] for group, answer in zip(GROUPS, answers, strict=True)}
    assert outcomes == dict.fromkeys(GROUPS, FRAMES[frame])


NASTY = [
    "",
    " ",
    "\u200b",
    "\x00",
    "\ud83d",
    "a" * 5000,
    "\ufdfa" * 4096,
    "i\u0301" * 500,
    "\u202e",
    "💩" * 4096,
    "@" * 300,
]


def test_no_text_is_left_without_an_answer(classifier: Classifier) -> None:
    answers = classifier.classify(NASTY)
    assert len(answers) == len(NASTY)
    assert all(set(answer.scores) == set(LABELS) for answer in answers)
    assert classifier.classify([]) == []


@pytest.mark.parametrize("text", (*MUST_NOT_BE_PUBLISHED, "x\u200b" * 40 + " you i d i o t", "\ufdfa idiot \ufdfa"))
def test_what_weighed_most_is_inside_the_original_and_apart(classifier: Classifier, text: str) -> None:
    screened = classifier.classify([text])[0]
    assert set(screened.spans) == {label for label in LABELS if screened.scores[label] >= 0.3}
    for spans in screened.spans.values():
        assert len(spans) <= 5
        assert all(0 <= begin < end <= len(text) for begin, end in spans)
        assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_what_weighed_most_is_the_word_that_hurts(classifier: Classifier) -> None:
    text = "I read the whole story twice, and you are still an i d i o t."
    begin, end = classifier.classify([text])[0].spans["insult"][0]
    assert "i d i o t" in text[begin:end]


def test_alone_or_in_company_a_text_is_scored_alike(classifier: Classifier) -> None:
    texts = [*MUST_BE_PUBLISHED[:20], *MUST_NOT_BE_PUBLISHED[:20]]
    together = classifier.classify(texts)
    for text, answer in zip(texts, together, strict=True):
        alone = classifier.classify([text])[0]
        assert alone.language == answer.language
        assert alone.scores == pytest.approx(dict(answer.scores), abs=1e-5)


@pytest.mark.long
@pytest.mark.skipif(not LABELLED.is_dir(), reason=f"no labelled comments at {LABELLED.parent}")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", [model.version for model in shipped_models()])
def test_the_shipped_models_are_as_good_on_labelled_comments_as_their_figures_say(version: str) -> None:
    model = shipped(version)
    measured = evaluate(
        load(model.path, sha256=model.sha256, stages="fast"), LABELLED, progress=lambda line: None
    ).summary()
    assert measured == model.figures["languages"]
