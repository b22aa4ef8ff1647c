"""The model in the package decides fixed lines as it must, with the thresholds that it suggests."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from moderation.classifier import LABELS, Classifier, Screened, evaluate, load, shipped, shipped_models
from tests.model.lines import HELD_ALTHOUGH_ORDINARY, MUST_BE_PUBLISHED, MUST_NOT_BE_PUBLISHED, SPELT_OTHERWISE

LABELLED = Path(__file__).parents[3] / "shared" / "data" / "dev"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    model = shipped()
    return load(model.path, sha256=model.sha256)


def labels_held(classifier: Classifier, screened: Screened) -> list[str]:
    return [label for label in LABELS if screened.scores[label] >= classifier.thresholds[label][0]]


@pytest.mark.parametrize("text", MUST_BE_PUBLISHED)
def test_an_ordinary_comment_is_published(classifier: Classifier, text: str) -> None:
    assert labels_held(classifier, classifier.classify([text])[0]) == []


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
    measured = evaluate(load(model.path, sha256=model.sha256), LABELLED, progress=lambda line: None).summary()
    assert measured == model.figures["languages"]
