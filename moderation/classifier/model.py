"""The classifier at work: texts in, scores and what weighed most out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.files import read_model
from moderation.classifier.groups import folded
from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.languages import UNKNOWN, detect_all, scripts
from moderation.classifier.marks import Spans, marked
from moderation.classifier.normalise import Normalised, normalise
from moderation.classifier.parts import lowered, parts_of
from moderation.classifier.scoring import Weighed, Weights
from moderation.classifier.second import SecondStage, Stages, second_stage
from moderation.classifier.slugs import slugs
from moderation.errors import ClassifierUnavailable

BATCH = 512  # texts at once: larger ones only cost memory
BATCH_LETTERS = 200_000  # and code points of their normal forms: ten times as many n-grams, of 32 bytes each
SHOWN_FROM = 0.3  # spans are looked for from this score on

Floats = NDArray[np.floating[Any]]


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

    def __init__(
        self,
        weights: Weights,
        *,
        version: str,
        thresholds: Mapping[str, tuple[float, float]],
        second: SecondStage | str = "the second stage is switched off",
    ) -> None:
        """`second` is the second stage, or why there is none."""
        self.version = version
        self.thresholds = thresholds
        self.alone = second if isinstance(second, str) else None
        self._weights = weights
        self._second = second if isinstance(second, SecondStage) else None

    def asked_between(self, low: float, high: float) -> Classifier:
        """The same, whose second stage reads texts of which the fast one's highest score lies between these two."""
        if self._second is None:
            return self
        second = replace(self._second, heads=replace(self._second.heads, asked=np.array([low, high])))
        return Classifier(self._weights, version=self.version, thresholds=self.thresholds, second=second)

    @property
    def calibration(self) -> tuple[Floats, Floats]:
        """The fast stage's slope and shift, languages × labels."""
        return self._weights.slope, self._weights.shift

    def classify(self, texts: Sequence[str]) -> list[Screened]:
        """One answer a text, in order. Never keeps or changes a text.

        A label's score is the highest of the whole text and of its parts (`moderation.classifier.parts`). Raises
        ClassifierUnavailable if the model gives anything but a score for every label of every text.
        """
        return [screened for read in _readings(texts) for screened in self._classify(read)]

    def margins(self, texts: Sequence[str]) -> tuple[Floats, list[str]]:
        """Texts × labels of the whole texts before calibration, and the languages found: what calibrating needs."""
        margins: list[Floats] = [np.empty((0, len(LABELS)))]
        languages: list[str] = []
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            normal = [normalise(text) for text in batch]
            margins.append(self._weights.margins(self._weights.weigh([folded(form).text for form in normal])))
            languages += detect_all(batch, [form.text for form in normal])
        return np.concatenate(margins), languages

    def scores(self, texts: Sequence[str]) -> tuple[Floats, list[str]]:
        """Texts × labels, without what weighed most, and the languages found. Raises as `classify`."""
        scores, languages = [np.empty((0, len(LABELS)))], list[str]()
        for read in _readings(texts):
            by_form = self._scored(read, self._weights.weigh([form.text for form in read.forms]))
            scores.append(np.maximum.reduceat(by_form, read.firsts))
            languages.extend(read.languages[first] for first in read.firsts)
        return np.concatenate(scores), languages

    def _scored(self, read: _Reading, weighed: Weighed) -> Floats:
        """Forms × labels."""
        margins = self._weights.margins(weighed)
        scores = self._weights.scores(margins, read.languages, lowered=read.lowered)
        if scores.shape != (len(read.forms), len(LABELS)) or not np.isfinite(scores).all():
            raise ClassifierUnavailable("the model's scores are not one finite number for each label")
        return scores if self._second is None else self._asked_again(self._second, read, margins, scores)

    def _asked_again(self, second: SecondStage, read: _Reading, margins: Floats, scores: Floats) -> Floats:
        """The scores, with those of whole texts that the second stage reads replaced; parts keep their own."""
        doubtful = second.heads.doubtful(np.maximum.reduceat(scores, read.firsts))
        rows = np.asarray(read.firsts)[doubtful]
        if len(rows):
            forms = [read.forms[row].text for row in rows.tolist()]
            scores[rows] = second.scores(forms, margins[rows], [read.languages[row] for row in rows.tolist()])
        if not np.isfinite(scores).all():
            raise ClassifierUnavailable("the second stage's scores are not one finite number for each label")
        return scores

    def _classify(self, read: _Reading) -> list[Screened]:
        weighed = self._weights.weigh([form.text for form in read.forms])
        by_form = self._scored(read, weighed)
        scores = np.maximum.reduceat(by_form, read.firsts)
        shown: list[dict[str, int]] = []
        for place, (first, end) in enumerate(pairwise((*read.firsts, len(read.forms)))):
            high = np.flatnonzero(scores[place] >= SHOWN_FROM).tolist()
            # What weighed most is shown in the form that scored most: the whole, or one part of it.
            best = by_form[first:end].argmax(axis=0) if high else ()
            shown.append({LABELS[column]: first + int(best[column]) for column in high})
        marks = marked({row for rows in shown for row in rows.values()}, read.forms, weighed, self._weights)
        return [
            Screened(
                read.languages[first],
                dict(zip(LABELS, row, strict=True)),
                {label: marks[form](label) for label, form in forms.items()},
            )
            for first, row, forms in zip(read.firsts, scores.tolist(), shown, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Reading:
    """Some texts as the model reads them: each one's normal form, then its parts. `firsts`: where each text begins."""

    forms: Sequence[Normalised]
    languages: Sequence[str]
    lowered: Floats
    firsts: Sequence[int]


def _readings(texts: Sequence[str]) -> Iterator[_Reading]:
    """The texts, in order, as many at a time as BATCH and BATCH_LETTERS allow, and at least one."""
    read: list[tuple[str, Normalised, Sequence[Normalised]]] = []
    letters = 0
    for text in texts:
        form = normalise(text)
        parts = [*parts_of(text, form), *slugs(text)]
        read.append((text, form, parts))
        letters += len(form.text) * (3 if parts else 1)
        if len(read) == BATCH or letters >= BATCH_LETTERS:
            yield _reading(read)
            read, letters = [], 0
    if read:
        yield _reading(read)


def _reading(read: Sequence[tuple[str, Normalised, Sequence[Normalised]]]) -> _Reading:
    wholes = detect_all([text for text, _, _ in read], [form.text for _, form, _ in read])
    own = _languages_of_parts(read)
    forms: list[Normalised] = []
    languages: list[str] = []
    less: list[float] = []
    firsts: list[int] = []
    for place, ((_, form, parts), whole) in enumerate(zip(read, wholes, strict=True)):
        firsts.append(len(forms))
        # The parts are cut, and the language told, from what was written: names of groups tell languages apart.
        forms += [folded(form), *map(folded, parts)]
        found = own.get(place, [UNKNOWN] * len(parts))
        languages += [whole, *(whole if language == UNKNOWN else language for language in found)]
        less += [0.0, *[lowered(len(parts))] * len(parts)]
    return _Reading(forms, languages, np.array(less), firsts)


def _languages_of_parts(read: Sequence[tuple[str, Normalised, Sequence[Normalised]]]) -> Mapping[int, list[str]]:
    """Each part's own where a text is of several scripts; else the whole's is surer than a few words' own."""
    mixed = [place for place, (_, form, parts) in enumerate(read) if len(parts) > 0 and scripts(form.text) > 1]
    parts = [(read[place][0], part) for place in mixed for part in read[place][2]]
    found = iter(
        detect_all(
            [text[part.offsets[0] : part.offsets[-1] + 1] for text, part in parts], [part.text for _, part in parts]
        )
    )
    return {place: list(islice(found, len(read[place][2]))) for place in mixed}


def load(path: Path, *, sha256: str, stages: Stages = "all") -> Classifier:
    """The classifier in a file whose SHA-256 is the one given; the hash is checked before anything is parsed.

    With a second stage if the file holds one, its encoder is installed and `stages` allows it; `alone` says why not.

    Never unpickles. Raises ClassifierUnavailable with the reason: missing, altered, truncated, foreign, of another
    format, or holding numbers that are none.
    """
    content = read_model(path, sha256=sha256, without=("second",) if stages == "fast" else ())
    try:
        steps, version = dict(content["pipeline"]["steps"]), content["version"]
        thresholds = {label: (float(hold), float(reject)) for label, (hold, reject) in content["thresholds"].items()}
        heads = steps["heads"]
        weights = Weights(
            kept=steps["count"]["kept_"],
            idf=steps["weigh"]["idf_"],
            coefficients=heads["coef_"],
            intercept=heads["intercept_"],
            slope=heads["slope_"],
            shift=heads["shift_"],
        )
        fault = weights.fault()
        second = second_stage(content.get("second"), stages)
        known = (tuple(heads["labels"]), tuple(heads["languages"])) == (LABELS, LANGUAGES)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ClassifierUnavailable(f"the model file lacks a part: {error}") from error
    if fault or not known or not isinstance(version, str):
        raise ClassifierUnavailable(
            f"the model file holds numbers that are none, or of the wrong shape: {fault or 'its labels or languages'}"
        )
    return Classifier(weights, version=version, thresholds=thresholds, second=second)
