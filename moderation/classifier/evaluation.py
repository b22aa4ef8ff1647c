"""How good a classifier is on labelled comments, per label, language and source; and whether another may take over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.data import Example, read_examples
from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.model import Classifier

Floats = NDArray[np.floating[Any]]

ENOUGH = 20  # of each side, or a figure is chance
ASSUMED_CLEAN = "_unlabelled"  # files of ordinary text nobody rated: only for how much of it is held
AUC_LOST = 0.01
CLEAN_HELD_MORE = 0.02
ABUSE_PUBLISHED_MORE = 0.03


@dataclass(frozen=True, slots=True)
class LabelFigure:
    """How well one label is told apart in one source and language; `auc` and `average_precision` in 0..1."""

    label: str
    language: str
    source: str
    positives: int
    negatives: int
    auc: float
    average_precision: float


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
        lines += ["", f"{'source':38} {'language':8} {'label':13} {'1':>6} {'0':>6} {'AUC':>6} {'AP':>6}"]
        lines += [
            f"{f.source:38} {f.language:8} {f.label:13} {f.positives:6,} {f.negatives:6,} {f.auc:6.3f}"
            f" {f.average_precision:6.3f}"
            for f in self.labels
        ]
        return "\n".join(lines)


def evaluate(classifier: Classifier, folder: Path, *, progress: Callable[[str], None]) -> Evaluation:
    """Measure a classifier on every .csv.gz file of a folder, with the thresholds it suggests itself.

    Measures only: nothing is fitted, so files named `…_NC` are read too. Raises ValueError for a folder without
    labelled comments or with a broken file.
    """
    by_source: dict[str, list[Example]] = {}
    for example in read_examples(folder, labelled_only=False):
        if example.labelled or example.source.endswith(ASSUMED_CLEAN):
            by_source.setdefault(example.source, []).append(example)
    if not by_source:
        raise ValueError(f"{folder} holds no .csv.gz file with labelled comments")
    labels: list[LabelFigure] = []
    outcomes: list[OutcomeFigure] = []
    for source, examples in by_source.items():
        scores, _ = classifier.scores([example.text for example in examples])
        for language in sorted({example.language for example in examples}):
            rows = np.array([place for place, example in enumerate(examples) if example.language == language])
            here = [examples[place] for place in rows]
            labels.extend(_label_figures(source, language, here, scores[rows]))
            outcomes.extend(_outcome_figures(source, language, here, scores[rows], classifier.thresholds))
        progress(f"{source}: {len(examples):,}")
    return Evaluation(classifier.version, classifier.thresholds, tuple(labels), tuple(outcomes))


def _label_figures(source: str, language: str, examples: Sequence[Example], scores: Floats) -> Iterable[LabelFigure]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    for column, label in enumerate(LABELS):
        rows = [place for place, example in enumerate(examples) if example.known[column] is not None]
        answers = np.array([bool(examples[place].known[column]) for place in rows])
        positives = int(answers.sum())
        if min(positives, len(rows) - positives) >= ENOUGH:
            yield LabelFigure(
                label,
                language,
                source,
                positives,
                len(rows) - positives,
                round(float(roc_auc_score(answers, scores[rows, column])), 4),
                round(float(average_precision_score(answers, scores[rows, column])), 4),
            )


def _outcome_figures(
    source: str,
    language: str,
    examples: Sequence[Example],
    scores: Floats,
    thresholds: Mapping[str, tuple[float, float]],
) -> Iterable[OutcomeFigure]:
    hold, reject = (np.array([thresholds[label][place] for label in LABELS]) for place in (0, 1))
    rejected: NDArray[np.bool_] = np.any(scores >= reject, axis=1)
    held: NDArray[np.bool_] = np.any(scores >= hold, axis=1) & ~rejected
    for side in ("clean", "abuse"):
        rows = [place for place, example in enumerate(examples) if _side(example) == side]
        if len(rows) >= ENOUGH:
            no, maybe = float(rejected[rows].mean()), float(held[rows].mean())
            yield OutcomeFigure(
                language, source, side, len(rows), round(1 - no - maybe, 4), round(maybe, 4), round(no, 4)
            )


def _side(example: Example) -> str | None:
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
        for label, auc in then[language].get("auc", {}).items():
            new = now[language].get("auc", {}).get(label)
            if new is not None and new < auc - AUC_LOST:
                reasons.append(f"{language}: {label} is told apart less well, AUC {new:.3f} after {auc:.3f}")
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
