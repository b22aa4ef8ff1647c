"""The classifier at work: texts in, scores and what weighed most out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.files import read_model
from moderation.classifier.labels import LABELS
from moderation.classifier.languages import detect
from moderation.classifier.normalise import Normalised, normalise
from moderation.errors import ClassifierUnavailable

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

BATCH = 512  # texts at once: larger ones only cost memory
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

        Raises ClassifierUnavailable if the model gives anything but a score for every label of every text.
        """
        answers: list[Screened] = []
        for first in range(0, len(texts), BATCH):
            answers.extend(self._classify(texts[first : first + BATCH]))
        return answers

    def margins(self, texts: Sequence[str]) -> tuple[NDArray[np.floating[Any]], list[str]]:
        """Texts × labels before calibration, and the languages found: what calibrating needs."""
        normal = [normalise(text) for text in texts]
        languages = [detect(text, form.text) for text, form in zip(texts, normal, strict=True)]
        parts = [np.empty((0, len(LABELS)))]
        for first in range(0, len(texts), BATCH):
            counts, _, _ = self._count(normal[first : first + BATCH])
            parts.append(self._heads.margins(self._weigher.transform(counts)))
        return np.concatenate(parts), languages

    def scores(self, texts: Sequence[str]) -> tuple[NDArray[np.floating[Any]], list[str]]:
        """Texts × labels, without what weighed most, and the languages found. Raises as `classify`."""
        margins, languages = self.margins(texts)
        return self._checked(self._heads.scores(margins, languages), len(texts)), languages

    @staticmethod
    def _checked(scores: NDArray[np.floating[Any]], texts: int) -> NDArray[np.floating[Any]]:
        if scores.shape != (texts, len(LABELS)) or not np.isfinite(scores).all():
            raise ClassifierUnavailable("the model's scores are not one finite number for each label")
        return scores

    def _count(self, normal: Sequence[Normalised]) -> Any:
        from moderation.classifier.features import grams

        return self._counter.count(grams([form.text for form in normal]), len(normal))

    def _classify(self, texts: Sequence[str]) -> list[Screened]:
        normal = [normalise(text) for text in texts]
        languages = [detect(text, form.text) for text, form in zip(texts, normal, strict=True)]
        counts, entry, found = self._count(normal)
        weighed = self._weigher.transform(counts)
        scores = self._checked(self._heads.scores(self._heads.margins(weighed), languages), len(texts))
        shown = np.flatnonzero((scores >= SHOWN_FROM).any(axis=1))
        spans: dict[int, Mapping[str, Spans]] = {}
        if len(shown):
            # An n-gram found three times shares its weight among the three places.
            shares = (weighed.data / counts.data)[entry]
            order = np.argsort(found.documents, kind="stable")
            edges = np.searchsorted(found.documents[order], np.arange(len(texts) + 1))
            for row in shown.tolist():
                here = order[edges[row] : edges[row + 1]]
                weights = self._heads.coef_[found.places[here]] * shares[here, None]
                ranges = (found.begins[here], found.ends[here])
                spans[row] = _spans(normal[row], ranges, weights, scores[row])
        return [
            Screened(languages[row], dict(zip(LABELS, scores[row].tolist(), strict=True)), spans.get(row, {}))
            for row in range(len(texts))
        ]


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
