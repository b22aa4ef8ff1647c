"""The classifier at work: texts in, scores and what weighed most out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.files import read_model
from moderation.classifier.labels import LABELS
from moderation.classifier.languages import UNKNOWN, detect, scripts
from moderation.classifier.normalise import Normalised, normalise
from moderation.classifier.parts import lowered, parts_of
from moderation.errors import ClassifierUnavailable

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

BATCH = 512  # texts at once: larger ones only cost memory
BATCH_LETTERS = 200_000  # and code points of their normal forms: ten times as many n-grams, of 32 bytes each
SHOWN_FROM = 0.3  # spans are looked for from this score on
MOST_SPANS = 5
SHARE_OF_BEST = 0.4  # a word is shown if it weighs at least this share of the weightiest

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Screened:
    """What the classifier says of one text.

    Every label has a score in 0..1. `spans` has, for each label scoring 0.3 or more, what weighed most: code points of
    the text as given, end exclusive, apart from each other and rising, at most five.
    """

    language: str
    scores: Mapping[str, float]
    spans: Mapping[str, Spans]


class Classifier:
    """A loaded model. Holds no text, and may be used by many threads."""

    def __init__(self, pipeline: Pipeline, *, version: str, thresholds: Mapping[str, tuple[float, float]]) -> None:
        self.version = version
        self.thresholds = thresholds
        self._counter = pipeline.named_steps["count"]
        self._weigher = pipeline.named_steps["weigh"]
        self._heads = pipeline.named_steps["heads"]

    def classify(self, texts: Sequence[str]) -> list[Screened]:
        """One answer a text, in order. Never keeps or changes a text.

        A label's score is the highest of the whole text and of its parts (`moderation.classifier.parts`). Raises
        ClassifierUnavailable if the model gives anything but a score for every label of every text.
        """
        return [screened for read in _readings(texts) for screened in self._classify(read)]

    def margins(self, texts: Sequence[str]) -> tuple[NDArray[np.floating[Any]], list[str]]:
        """Texts × labels of the whole texts before calibration, and the languages found: what calibrating needs."""
        normal = [normalise(text) for text in texts]
        languages = [detect(text, form.text) for text, form in zip(texts, normal, strict=True)]
        margins = [np.empty((0, len(LABELS)))]
        for first in range(0, len(texts), BATCH):
            counts, _, _ = self._count(normal[first : first + BATCH])
            margins.append(self._heads.margins(self._weigher.transform(counts)))
        return np.concatenate(margins), languages

    def scores(self, texts: Sequence[str]) -> tuple[NDArray[np.floating[Any]], list[str]]:
        """Texts × labels, without what weighed most, and the languages found. Raises as `classify`."""
        scores, languages = [np.empty((0, len(LABELS)))], list[str]()
        for read in _readings(texts):
            counts, _, _ = self._count(read.forms)
            scores.append(np.maximum.reduceat(self._scored(read, self._weigher.transform(counts)), read.firsts))
            languages.extend(read.languages[first] for first in read.firsts)
        return np.concatenate(scores), languages

    def _scored(self, read: _Reading, weighed: Any) -> NDArray[np.floating[Any]]:
        """Forms × labels."""
        return self._checked(
            self._heads.scores(self._heads.margins(weighed), read.languages, lowered=read.lowered), len(read.forms)
        )

    @staticmethod
    def _checked(scores: NDArray[np.floating[Any]], texts: int) -> NDArray[np.floating[Any]]:
        if scores.shape != (texts, len(LABELS)) or not np.isfinite(scores).all():
            raise ClassifierUnavailable("the model's scores are not one finite number for each label")
        return scores

    def _count(self, normal: Sequence[Normalised]) -> Any:
        from moderation.classifier.features import grams

        return self._counter.count(grams([form.text for form in normal]), len(normal))

    def _classify(self, read: _Reading) -> list[Screened]:
        counts, entry, found = self._count(read.forms)
        weighed = self._weigher.transform(counts)
        by_form = self._scored(read, weighed)
        scores = np.maximum.reduceat(by_form, read.firsts)
        # An n-gram found three times shares its weight among the three places.
        shares = (weighed.data / counts.data)[entry]
        order = np.argsort(found.documents, kind="stable")
        edges = np.searchsorted(found.documents[order], np.arange(len(read.forms) + 1))

        def marked(row: int) -> Mapping[str, Spans]:
            here = order[edges[row] : edges[row + 1]]
            weights = self._heads.coef_[found.places[here]] * shares[here, None]
            return _spans(read.forms[row], (found.begins[here], found.ends[here]), weights, by_form[row])

        answers: list[Screened] = []
        for place, (first, end) in enumerate(pairwise((*read.firsts, len(read.forms)))):
            # What weighed most is shown in the form that scored most: the whole, or one part of it.
            best = first + by_form[first:end].argmax(axis=0)
            shown = {
                label: int(best[column]) for column, label in enumerate(LABELS) if scores[place, column] >= SHOWN_FROM
            }
            marks = {row: marked(row) for row in set(shown.values())}
            spans = {label: marks[row][label] for label, row in shown.items()}
            answers.append(
                Screened(read.languages[first], dict(zip(LABELS, scores[place].tolist(), strict=True)), spans)
            )
        return answers


@dataclass(frozen=True, slots=True)
class _Reading:
    """Some texts as the model reads them: each one's normal form, then its parts. `firsts`: where each text begins."""

    forms: Sequence[Normalised]
    languages: Sequence[str]
    lowered: NDArray[np.floating[Any]]
    firsts: Sequence[int]


def _readings(texts: Sequence[str]) -> Iterator[_Reading]:
    """The texts, in order, as many at a time as BATCH and BATCH_LETTERS allow, and at least one."""
    forms: list[Normalised] = []
    languages: list[str] = []
    less: list[float] = []
    firsts: list[int] = []
    letters = 0
    for text in texts:
        form = normalise(text)
        language = detect(text, form.text)
        parts = parts_of(text, form)
        firsts.append(len(forms))
        forms += [form, *parts]
        languages += [language, *_languages(text, form, parts, language)]
        less += [0.0, *[lowered(len(parts))] * len(parts)]
        letters += len(form.text) * (3 if parts else 1)
        if len(firsts) == BATCH or letters >= BATCH_LETTERS:
            yield _Reading(forms, languages, np.array(less), firsts)
            forms, languages, less, firsts, letters = [], [], [], [], 0
    if firsts:
        yield _Reading(forms, languages, np.array(less), firsts)


def _languages(text: str, form: Normalised, parts: Sequence[Normalised], whole: str) -> list[str]:
    """Each part's: the whole's, which is surer than a few words' own, unless the text is of several scripts."""
    if len(parts) == 0 or scripts(form.text) < 2:
        return [whole] * len(parts)
    found = [detect(text[part.offsets[0] : part.offsets[-1] + 1], part.text) for part in parts]
    return [whole if language == UNKNOWN else language for language in found]


def _spans(
    form: Normalised,
    ranges: tuple[NDArray[np.int64], NDArray[np.int64]],
    weights: NDArray[np.floating[Any]],
    scores: NDArray[np.floating[Any]],
) -> Mapping[str, Spans]:
    begins, ends = ranges
    even = weights / np.maximum(ends - begins, 1)[:, None]
    change = np.zeros((len(form.text) + 1, len(LABELS)))
    np.add.at(change, begins, even)
    np.subtract.at(change, ends, even)
    sums = np.concatenate([np.zeros((1, len(LABELS))), np.cumsum(np.cumsum(change, axis=0), axis=0)])
    words = _words(form.text)
    of_word = np.array([sums[end] - sums[begin] for begin, end in words]).reshape(-1, len(LABELS))
    return {
        label: _marked(form, words, of_word[:, column])
        for column, label in enumerate(LABELS)
        if scores[column] >= SHOWN_FROM
    }


def _words(text: str) -> list[tuple[int, int]]:
    words, begin = [], 0
    for word in text.split(" "):
        words.append((begin, begin + len(word)))
        begin += len(word) + 1
    return words


def _marked(form: Normalised, words: Sequence[tuple[int, int]], weights: NDArray[np.floating[Any]]) -> Spans:
    """The weightiest words, those side by side as one, in places of the original."""
    best = weights.max(initial=0.0)
    if best <= 0:
        return ()
    heavy = [place for place in np.argsort(-weights, kind="stable").tolist() if weights[place] >= SHARE_OF_BEST * best]
    chosen = sorted(heavy[:MOST_SPANS])
    spans: list[tuple[int, int]] = []
    last = -2
    for place in chosen:
        begin, end = form.offsets[words[place][0]], form.offsets[words[place][1] - 1] + 1
        if spans and (place == last + 1 or begin < spans[-1][1]):
            begin = spans.pop()[0]
        spans.append((begin, end))
        last = place
    return tuple(spans)


def load(path: Path, *, sha256: str) -> Classifier:
    """The classifier in a file whose SHA-256 is the one given; the hash is checked before anything is parsed.

    Never unpickles. Raises ClassifierUnavailable with the reason: missing, altered, truncated, foreign, of another
    format, or holding numbers that are none.
    """
    content = read_model(path, sha256=sha256)
    try:
        pipeline, version = content["pipeline"], content["version"]
        thresholds = {label: (float(hold), float(reject)) for label, (hold, reject) in content["thresholds"].items()}
        heads, kept = pipeline.named_steps["heads"], pipeline.named_steps["count"].kept_
        numbers = (heads.coef_, heads.intercept_, heads.slope_, heads.shift_, pipeline.named_steps["weigh"].idf_)
        sound = heads.coef_.shape == (len(kept), len(LABELS)) and all(np.isfinite(part).all() for part in numbers)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ClassifierUnavailable(f"the model file lacks a part: {error}") from error
    if not sound or not isinstance(version, str):
        raise ClassifierUnavailable("the model file holds numbers that are none, or of the wrong shape")
    return Classifier(pipeline, version=version, thresholds=thresholds)
