"""What attackers write, what is left of recall, and whether it matters which group is named."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from moderation.classifier import LABELS, Classifier, Screened
from moderation.classifier.data import Example, read_examples
from moderation.classifier.evaluation import Evaluation
from moderation.classifier.figures.attacks import ATTACKS
from moderation.classifier.figures.detail import detail
from moderation.classifier.figures.groups import group_figures, groups_of
from moderation.classifier.figures.retention import retention
from moderation.classifier.scored import Scored

WORD = ((10, 15),)
BY_KEY = {attack.key: attack for attack in ATTACKS}


@pytest.mark.parametrize(
    ("key", "after"),
    [
        ("leet", "you silly 1d107, go"),
        ("spaced", "you silly i d i o t, go"),
        ("dotted", "you silly i.d.i.o.t, go"),
        ("look_alike", "you silly іdіоt, go"),
        ("zero_width", "you silly i\u200bd\u200bi\u200bo\u200bt, go"),
        ("stretched", "you silly idiooooot, go"),
        ("love", "you silly idiot, go love"),
        ("mixed_script", "you silly iδiot, go"),
    ],
)
def test_an_attack_disguises_the_words_it_is_given_and_no_other(key: str, after: str) -> None:
    assert BY_KEY[key].on("you silly idiot, go", WORD, language="en") == after


def test_every_attack_is_tried_here() -> None:
    assert set(BY_KEY) == {"leet", "spaced", "dotted", "look_alike", "zero_width", "stretched", "love", "mixed_script"}


def test_a_vowel_sign_is_not_torn_off_and_two_words_stay_two() -> None:
    assert BY_KEY["dotted"].on("कुत्ता", [(0, 6)], language="hi") == "कु.त्.ता"
    assert BY_KEY["spaced"].on("old fool", [(0, 8)], language="en") == "o l d  f o o l"


def test_love_is_in_the_comments_language() -> None:
    assert BY_KEY["love"].on("بہت برا", (), language="ur").endswith(" محبت")


def test_there_is_no_leet_in_devanagari() -> None:
    assert BY_KEY["leet"].on("कुत्ता", [(0, 6)], language="hi") == "कुत्ता"


@dataclass
class WordList:
    """Catches the word as it is spelled, and nothing else."""

    word: str = "zorg"
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict.fromkeys(LABELS, (0.5, 0.9)))

    def scores(self, texts: Sequence[str]) -> tuple[Any, list[str]]:
        return np.array([[0.9 if self.word in text else 0.1] * len(LABELS) for text in texts]).reshape(
            -1, len(LABELS)
        ), ["en"] * len(texts)

    def classify(self, texts: Sequence[str]) -> list[Screened]:
        return [Screened("en", {}, self._spans(text)) for text in texts]

    def _spans(self, text: str) -> dict[str, tuple[tuple[int, int], ...]]:
        begin = text.find(self.word)
        return {"toxic": ((begin, begin + len(self.word)),)} if begin >= 0 else {}


def made_up(text: str, *, toxic: bool | None, source: str = "en_made_up", groups: tuple[str, ...] = ()) -> Example:
    return Example(text, "en", source, (toxic, *[None] * (len(LABELS) - 1)), groups)


def scored(examples: Sequence[Example], scores: Sequence[float], *, source: str = "en_made_up") -> Scored:
    return Scored(source, "en", examples, np.array([[score] * len(LABELS) for score in scores]))


def quiet(line: str) -> None:
    """Progress nobody reads."""


def test_what_knows_one_spelling_keeps_nothing_and_what_is_folded_back_is_told() -> None:
    clean = [made_up(f"a fine report number {number}", toxic=False) for number in range(120)]
    rude = [made_up(f"only a zorg says {number}", toxic=True) for number in range(30)]
    missed = [made_up("something else", toxic=True)]
    classifier = WordList()
    examples = [*clean, *rude, *missed]
    part = scored(examples, [0.9 if "zorg" in example.text else 0.1 for example in examples])
    found = {each.attack: each for each in retention(classifier, [part], progress=quiet)}
    assert set(found) == set(BY_KEY)
    assert {each.comments for each in found.values()} == {30}, "what was not caught before is not counted"
    assert found["love"].kept.value == 1
    assert {found[key].kept.value for key in ("leet", "dotted", "zero_width", "stretched")} == {0}
    assert found["zero_width"].undone.value == 1
    assert found["love"].undone.value == 0
    assert {each.false_alarms.value for each in found.values()} == {0}


def test_a_comment_that_an_attack_can_not_change_is_not_counted() -> None:
    """Its only word has no letter that leet knows, and love can be appended to anything."""
    clean = [made_up(f"report {number}", toxic=False) for number in range(120)]
    rude = [made_up("mhm!", toxic=True)] * 30
    part = scored([*clean, *rude], [0.1] * 120 + [0.9] * 30)
    found = retention(WordList("mhm"), [part], progress=quiet)
    assert "leet" not in {each.attack for each in found}
    assert next(each for each in found if each.attack == "love").kept.value == 1


def test_a_set_with_few_clean_comments_is_not_attacked() -> None:
    examples = [made_up("fine", toxic=False)] * 99 + [made_up("zorg", toxic=True)] * 30
    part = scored(examples, [0.1] * 99 + [0.9] * 30)
    assert retention(WordList(), [part], progress=quiet) == []


def test_the_three_areas_of_a_group_are_those_of_their_four_parts() -> None:
    dice = np.random.default_rng(9)
    toxic = dice.random(400) < 0.5
    named = dice.random(400) < 0.4
    scores = np.clip(dice.normal(0.4 + 0.3 * toxic + 0.2 * named, 0.2), 0, 1)
    examples = [
        made_up("text", toxic=bool(answer), groups=("moon people",) if inside else ())
        for answer, inside in zip(toxic, named, strict=True)
    ]
    (found,) = group_figures(scored(examples, scores.tolist()), dict.fromkeys(LABELS, (0.7, 0.9)))

    def between(ones: Any, zeros: Any) -> float:
        return float(roc_auc_score([*[1] * ones.sum(), *[0] * zeros.sum()], [*scores[ones], *scores[zeros]]))

    assert found.subgroup.value == pytest.approx(between(toxic & named, ~toxic & named))
    assert found.bpsn.value == pytest.approx(between(toxic & ~named, ~toxic & named))
    assert found.bnsp.value == pytest.approx(between(toxic & named, ~toxic & ~named))
    assert found.bpsn.value < found.subgroup.value < found.bnsp.value, "a name that raises every score"
    assert found.clean_kept_back.value == pytest.approx((scores[~toxic & named] >= 0.7).mean())
    assert (found.positives, found.negatives) == (int((toxic & named).sum()), int((~toxic & named).sum()))


def test_a_group_named_by_few_is_passed_over() -> None:
    examples = [made_up("text", toxic=bool(n % 2), groups=("moon people",) if n < 30 else ()) for n in range(200)]
    assert list(group_figures(scored(examples, [0.5] * 200), dict.fromkeys(LABELS, (0.7, 0.9)))) == []


def test_a_file_that_names_groups_in_a_column_is_read_with_them(tmp_path: Path) -> None:
    for stem in ("en_toxigen_annotated", "en_olid"):
        with gzip.open(tmp_path / f"{stem}.csv.gz", "wt", encoding="utf-8", newline="") as file:
            file.write("text,lang,toxic,target\nhello,en,0,muslim;women\nhello,en,0,\n")
    found = {(each.source, each.groups) for each in read_examples(tmp_path)}
    assert found == {("en_toxigen_annotated", ("muslim", "women")), ("en_toxigen_annotated", ()), ("en_olid", ())}


def test_sets_of_templates_are_measured_and_not_taken_for_a_languages_comments() -> None:
    classifier = cast(Classifier, WordList())
    examples = [made_up(f"{'zorg' if number % 2 else 'fine'} {number}", toxic=bool(number % 2)) for number in range(80)]
    scores = [0.9 if number % 2 else 0.1 for number in range(80)]
    parts = [scored(examples, scores), scored(examples, scores, source="suite_made_up")]
    said: list[str] = []
    evaluation = Evaluation("1", dict.fromkeys(LABELS, (0.5, 0.9)), (), ())
    found = detail(classifier, parts, evaluation, progress=said.append)
    assert [(each.source, each.label) for each in found.labels] == [("en_made_up", "toxic"), ("suite_made_up", "toxic")]
    assert [(each.language, each.sources, each.comments) for each in found.languages] == [("en", 1, 80)]
    assert found.languages[0].decided.decided.value == 1
    assert said == ["intervals: 1 of 2, en_made_up (en)", "intervals: 2 of 2, suite_made_up (en)"]


def test_templates_name_groups_by_their_words_and_other_sets_by_what_they_say() -> None:
    assert groups_of(made_up("Lucas is a nice Muslim.", toxic=False, source="suite_bias_madlibs_en")) == ("Muslims",)
    assert groups_of(made_up("a black cat", toxic=False, source="en_olid")) == ()
    assert groups_of(made_up("they", toxic=False, source="en_olid", groups=("women",))) == ("women",)
