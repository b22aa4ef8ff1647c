"""How much of what a classifier catches it still catches when the words that gave a comment away are disguised."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from moderation.classifier.data import Example
from moderation.classifier.figures.attacks import ATTACKS, Attack, Spans
from moderation.classifier.figures.intervals import SEED, Interval, wilson
from moderation.classifier.labels import LABELS
from moderation.classifier.model import Screened
from moderation.classifier.normalise import normalise
from moderation.classifier.scored import Scored, Scorer

LABEL = "toxic"
FALSE_ALARMS = 0.01
CLEAN_ENOUGH = 100  # clean comments of one set, or the score that one in a hundred reaches is chance
TRIED, CLEAN_TRIED = 300, 1000
"""Abusive and clean comments of a language at most: what is left of recall is then known to six points in a hundred,
and false alarms, which are few, to one."""

_WORD = re.compile(r"[^\W\d_]{2,}")


class Attacked(Scorer, Protocol):
    """What is attacked: it also says which words gave a comment away, and has them disguised."""

    def classify(self, texts: Sequence[str]) -> Sequence[Screened]:
        """One answer a text, with the spans that weighed most for a label."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What an attack leaves in one language, as shares of the comments that it changes.

    `kept`: of those caught before, how many are caught still. `undone`: how many have the very normal form that they
    had, so that no model behind it can be misled. `false_alarms`: of clean comments disguised alike, how many are
    caught; FALSE_ALARMS of them are without the attack.
    """

    attack: str
    language: str
    comments: int
    kept: Interval
    undone: Interval
    false_alarms: Interval


@dataclass(frozen=True, slots=True)
class _Tried:
    """A comment with the score from which on its set's comments are caught, and the words that weighed most."""

    text: str
    caught_from: float
    words: Spans


def retention(
    classifier: Attacked,
    scored: Sequence[Scored],
    *,
    progress: Callable[[str], None],
    at_most: tuple[int, int] = (TRIED, CLEAN_TRIED),
) -> list[Retention]:
    """Every attack on every language that has a set with enough clean comments.

    A comment counts as caught where it scores more for `toxic` than all but FALSE_ALARMS of its set's clean ones. Its
    words that weighed most are disguised, which is what a writer does who tries until it passes; where the classifier
    names none, the longest word is. `at_most`: so many abusive and clean comments of each language.
    """
    column = LABELS.index(LABEL)
    caught: dict[str, list[tuple[Example, float]]] = {}
    clean: dict[str, list[tuple[Example, float]]] = {}
    for part in scored:
        answers = np.array([np.nan if (known := e.known[column]) is None else known for e in part.examples])
        if int((answers == 0).sum()) < CLEAN_ENOUGH or not (answers == 1).any():
            continue
        edge = float(np.quantile(part.scores[answers == 0, column], 1 - FALSE_ALARMS))
        for example, answer, score in zip(part.examples, answers, part.scores[:, column], strict=True):
            if answer == 0:
                clean.setdefault(part.language, []).append((example, edge))
            elif answer == 1 and score > edge:
                caught.setdefault(part.language, []).append((example, edge))
    found: list[Retention] = []
    for language, those_caught in caught.items():
        sides = (
            _tried(classifier, those_caught, at_most=at_most[0]),
            _tried(classifier, clean[language], at_most=at_most[1]),
        )
        found += [_of(classifier, attack, language, *sides) for attack in ATTACKS]
        progress(f"attacks in {language}: {len(sides[0]):,} comments, {len(ATTACKS)} ways")
    return [each for each in found if each.comments]


def _tried(classifier: Attacked, side: Sequence[tuple[Example, float]], *, at_most: int) -> list[_Tried]:
    chosen = random.Random(SEED).sample(list(side), min(at_most, len(side)))
    screened = classifier.classify([example.text for example, _ in chosen])
    return [
        _Tried(example.text, edge, answer.spans.get(LABEL) or _longest(example.text))
        for (example, edge), answer in zip(chosen, screened, strict=True)
    ]


def _longest(text: str) -> Spans:
    words = [match.span() for match in _WORD.finditer(text)]
    return [max(words, key=lambda span: span[1] - span[0])] if words else []


def _of(
    classifier: Attacked, attack: Attack, language: str, caught: Sequence[_Tried], clean: Sequence[_Tried]
) -> Retention:
    changed = _changed(attack, language, caught)
    harmless = _changed(attack, language, clean)
    kept, alarms = (_still_caught(classifier, side) for side in (changed, harmless))
    undone = sum(normalise(after).text == normalise(each.text).text for each, after in changed)
    return Retention(
        attack.key,
        language,
        len(changed),
        wilson(kept, len(changed)),
        wilson(undone, len(changed)),
        wilson(alarms, len(harmless)),
    )


def _changed(attack: Attack, language: str, side: Sequence[_Tried]) -> list[tuple[_Tried, str]]:
    after = [(each, attack.on(each.text, each.words, language=language)) for each in side]
    return [(each, text) for each, text in after if text != each.text]


def _still_caught(classifier: Attacked, side: Sequence[tuple[_Tried, str]]) -> int:
    scores, _ = classifier.scores([text for _, text in side])
    return int(
        sum(score > each.caught_from for (each, _), score in zip(side, scores[:, LABELS.index(LABEL)], strict=True))
    )
