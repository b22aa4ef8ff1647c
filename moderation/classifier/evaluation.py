"""How good a classifier is on labelled comments, per label, language and source; and whether another may take over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.data import Example
from moderation.classifier.figures.discrimination import auc, average_precision
from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.model import Classifier
from moderation.classifier.scored import ASSUMED_CLEAN, ENOUGH, Scored, score_folder

Floats = NDArray[np.floating[Any]]

AUC_LOST = 0.01
CLEAN_HELD_MORE = 0.02
ABUSE_PUBLISHED_MORE = 0.03


@dataclass(frozen=True, slots=True)
class LabelFigure:
    """How well one label is told apart in one source and language; `auc` and `average_precision` in 0..1, each with the
    ends of its 95 % interval."""

    label: str
    language: str
    source: str
    positives: int
    negatives: int
    auc: float
    auc_low: float
    auc_high: float
    average_precision: float
    average_precision_low: float
    average_precision_high: float


@dataclass(frozen=True, slots=True)
class OutcomeFigure:
    """What the suggested thresholds make of one side of one source: shares of its comments, 1 together."""

    language: str
    source: str
    side: str  # "clean" or "abuse"
    comments: int
    published: float
    held: float
    rejected: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every figure of one classifier on one folder."""

    version: str
    thresholds: Mapping[str, tuple[float, float]]
    labels: tuple[LabelFigure, ...]
    outcomes: tuple[OutcomeFigure, ...]

    def summary(self) -> dict[str, Any]:
        """Plain JSON: for each language the mean over its sources of toxic's AUC and of what becomes of comments."""
        languages: dict[str, Any] = {}
        for language in LANGUAGES:
            found: dict[str, Any] = {}
            aucs = {
                label: round(fmean(values), 3)
                for label in LABELS
                if (values := [f.auc for f in self.labels if (f.label, f.language) == (label, language)])
            }
            if aucs:
                found["auc"] = aucs
            for side in ("clean", "abuse"):
                rows = [f for f in self.outcomes if (f.language, f.side) == (language, side)]
                if rows:
                    found[side] = {
                        "comments": sum(row.comments for row in rows),
                        "published": round(fmean(row.published for row in rows), 3),
                        "held": round(fmean(row.held for row in rows), 3),
                        "rejected": round(fmean(row.rejected for row in rows), 3),
                    }
            if found:
                languages[language] = found
        return languages

    def to_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "thresholds": {label: list(pair) for label, pair in self.thresholds.items()},
            "languages": self.summary(),
            "labels": [asdict(figure) for figure in self.labels],
            "outcomes": [asdict(figure) for figure in self.outcomes],
        }

    def table(self) -> str:
        """The figures as text, one line a source: what a terminal shows."""
        lines = [
            f"{'source':38} {'language':8} {'side':5} {'comments':>8} {'published':>9} {'held':>6} {'rejected':>8}"
        ]
        lines += [
            f"{f.source:38} {f.language:8} {f.side:5} {f.comments:7,}"
            f" {f.published:9.1%} {f.held:6.1%} {f.rejected:8.1%}"
            for f in self.outcomes
        ]
        lines += [
            "",
            f"{'source':38} {'language':8} {'label':13} {'1':>6} {'0':>6} {'AUC':>6} {'95 %':13} {'AP':>6} {'95 %':13}",
        ]
        lines += [
            f"{f.source:38} {f.language:8} {f.label:13} {f.positives:6,} {f.negatives:6,} {f.auc:6.3f}"
            f" {f.auc_low:.3f}–{f.auc_high:.3f}   {f.average_precision:6.3f}"
            f" {f.average_precision_low:.3f}–{f.average_precision_high:.3f}"
            for f in self.labels
        ]
        return "\n".join(lines)


def evaluate(
    classifier: Classifier, folder: Path, *, progress: Callable[[str], None], at_most: int | None = None
) -> Evaluation:
    """Measure a classifier on every .csv.gz file of a folder, with the thresholds it suggests itself.

    With `at_most` on so many comments of each file, language and side.

    Measures only: nothing is fitted, so files named `…_NC` are read too. Raises ValueError for a folder without
    labelled comments or with a broken file.
    """
    return judge(classifier, score_folder(classifier, folder, progress=progress, at_most=at_most))


class Judged(Protocol):
    """Whoever gave the scores: a `moderation.classifier.model.Classifier`, or what is set beside it."""

    @property
    def version(self) -> str:
        """Its name."""

    @property
    def thresholds(self) -> Mapping[str, tuple[float, float]]:
        """For each label where it holds and where it rejects."""


def judge(classifier: Judged, scored: Sequence[Scored]) -> Evaluation:
    """The figures of comments that were scored before, with the thresholds that the classifier suggests."""
    labels: list[LabelFigure] = []
    outcomes: list[OutcomeFigure] = []
    for part in scored:
        labels.extend(_label_figures(part))
        outcomes.extend(_outcome_figures(part, classifier.thresholds))
    return Evaluation(classifier.version, classifier.thresholds, tuple(labels), tuple(outcomes))


def answers_of(part: Scored, label: str) -> tuple[NDArray[np.bool_], Floats] | None:
    """What is known of a label and the scores for it, comment by comment; None where one side has too few."""
    column = LABELS.index(label)
    rows = [place for place, example in enumerate(part.examples) if example.known[column] is not None]
    answers = np.array([bool(part.examples[place].known[column]) for place in rows])
    positives = int(answers.sum())
    return (answers, part.scores[rows, column]) if min(positives, len(rows) - positives) >= ENOUGH else None


def _label_figures(part: Scored) -> Iterable[LabelFigure]:
    for label in LABELS:
        known = answers_of(part, label)
        if known is not None:
            answers, scores = known
            area, precision = auc(answers, scores), average_precision(answers, scores)
            yield LabelFigure(
                label,
                part.language,
                part.source,
                int(answers.sum()),
                int((~answers).sum()),
                *area.rounded(),
                *precision.rounded(),
            )


def _outcome_figures(part: Scored, thresholds: Mapping[str, tuple[float, float]]) -> Iterable[OutcomeFigure]:
    hold, reject = (np.array([thresholds[label][place] for label in LABELS]) for place in (0, 1))
    rejected: NDArray[np.bool_] = np.any(part.scores >= reject, axis=1)
    held: NDArray[np.bool_] = np.any(part.scores >= hold, axis=1) & ~rejected
    for side in ("clean", "abuse"):
        rows = [place for place, example in enumerate(part.examples) if side_of(example) == side]
        if len(rows) >= ENOUGH:
            no, maybe = float(rejected[rows].mean()), float(held[rows].mean())
            yield OutcomeFigure(
                part.language,
                part.source,
                side,
                len(rows),
                round(max(0.0, 1 - no - maybe), 4),
                round(maybe, 4),
                round(no, 4),
            )


def left_out(scored: Sequence[Scored]) -> list[str]:
    """What no figure is given of, since there are too few: a line for each side of a set, with how many there are."""
    lines: list[str] = []
    for part in scored:
        sides = [side_of(example) for example in part.examples]
        for side in ("clean", "abuse"):
            if 0 < (count := sides.count(side)) < ENOUGH:
                lines.append(
                    f"left out: {part.source}, {part.language}, {side}: {count:,} of the {ENOUGH} that a figure takes"
                )
    return lines


def side_of(example: Example) -> str | None:
    """Abuse if any label is 1; clean if it was rated not toxic, or not spam where nothing else was asked.

    Rated "no hatred" alone is not clean: such comments are often rude.
    """
    if any(example.known):
        return "abuse"
    if example.source.endswith(ASSUMED_CLEAN):
        return "clean"
    known = dict(zip(LABELS, example.known, strict=True))
    only_spam = all(value is None for label, value in known.items() if label != "spam")
    return "clean" if known["toxic"] is False or (only_spam and known["spam"] is False) else None


def compare(candidate: Evaluation, current: Evaluation) -> list[str]:
    """Why the candidate must not take over: what it does worse, language by language. Empty: promote it.

    Both must have been measured on the same folder; what only one was measured on is passed over.
    """
    reasons: list[str] = []
    now, then = candidate.summary(), current.summary()
    for language in [language for language in then if language in now]:
        for label, old in then[language].get("auc", {}).items():
            new = now[language].get("auc", {}).get(label)
            if new is not None and new < old - AUC_LOST:
                reasons.append(f"{language}: {label} is told apart less well, AUC {new:.3f} after {old:.3f}")
        reasons.extend(_worse_outcomes(language, now[language], then[language]))
    return reasons


def _worse_outcomes(language: str, now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterable[str]:
    if "clean" in now and "clean" in then:
        kept_now, kept_then = 1 - now["clean"]["published"], 1 - then["clean"]["published"]
        if kept_now > kept_then + CLEAN_HELD_MORE:
            yield f"{language}: more clean comments are not published, {kept_now:.1%} after {kept_then:.1%}"
    if "abuse" in now and "abuse" in then:
        passed_now, passed_then = now["abuse"]["published"], then["abuse"]["published"]
        if passed_now > passed_then + ABUSE_PUBLISHED_MORE:
            yield f"{language}: more abuse is published, {passed_now:.1%} after {passed_then:.1%}"
