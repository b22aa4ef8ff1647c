"""All figures of one classifier on scored comments: what the page draws and `--json` gives beside the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from moderation.classifier.evaluation import Evaluation, answers_of
from moderation.classifier.figures.coverage import (
    DecidedAlone,
    RiskCoverage,
    as_if_abuse_were,
    decided_alone,
    risk_coverage,
)
from moderation.classifier.figures.discrimination import (
    PrecisionRecall,
    auc,
    average_precision,
    precision_recall,
)
from moderation.classifier.figures.groups import GroupFigure, group_figures
from moderation.classifier.figures.intervals import Bools, Floats, Interval
from moderation.classifier.figures.reliability import Reliability, reliability, rescaled
from moderation.classifier.figures.retention import Retention, retention
from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.model import Classifier
from moderation.classifier.scored import Scored

MADE_UP = "suite_"
RARE = 0.05
"""The share of abuse that an ordinary news site's comments may have, where sets are half abuse."""


@dataclass(frozen=True, slots=True)
class LabelDetail:
    """Every figure of one label in one source and language.

    `decided` is of the set as it is, `decided_where_rare` as if the share RARE of it had the label. `fitted` is the
    calibration after a logistic fit on the other half of the set.
    """

    label: str
    language: str
    source: str
    positives: int
    negatives: int
    auc: Interval
    average_precision: Interval
    curve: PrecisionRecall
    calibration: Reliability
    fitted: Reliability
    risk: RiskCoverage
    decided: DecidedAlone
    decided_where_rare: DecidedAlone


@dataclass(frozen=True, slots=True)
class LanguageDecided:
    """What could be decided alone of a language by its `toxic` scores: all its sets together, each counting once.

    Sets of templates and made-up trials are not among them: nobody's comments are like that.
    """

    language: str
    sources: int
    comments: int
    decided: DecidedAlone
    decided_where_rare: DecidedAlone


@dataclass(frozen=True, slots=True)
class Detail:
    """Every figure of one classifier on one folder."""

    evaluation: Evaluation
    labels: tuple[LabelDetail, ...]
    languages: tuple[LanguageDecided, ...]
    attacks: tuple[Retention, ...]
    groups: tuple[GroupFigure, ...]

    def to_json(self) -> dict[str, Any]:
        """What `Evaluation.to_json` gives, and the rest under keys of its own; what is no number is null."""
        return {
            **self.evaluation.to_json(),
            "details": _plain([asdict(each) for each in self.labels]),
            "decided_alone": _plain([asdict(each) for each in self.languages]),
            "attacks": _plain([asdict(each) for each in self.attacks]),
            "groups": _plain([asdict(each) for each in self.groups]),
        }


def detail(
    classifier: Classifier, scored: Sequence[Scored], evaluation: Evaluation, *, progress: Callable[[str], None]
) -> Detail:
    """Reckon every figure, and say how far it is: intervals by resampling and attacks take minutes on large folders."""
    labels: list[LabelDetail] = []
    groups: list[GroupFigure] = []
    for number, part in enumerate(scored, start=1):
        for label in LABELS:
            known = answers_of(part, label)
            if known is not None:
                labels.append(_of_label(part, label, *known))
        groups += group_figures(part, classifier.thresholds)
        progress(f"intervals: {number} of {len(scored)}, {part.source} ({part.language})")
    languages = [found for language in LANGUAGES if (found := _of_language(scored, language)) is not None]
    attacks = retention(classifier, scored, progress=progress)
    return Detail(evaluation, tuple(labels), tuple(languages), tuple(attacks), tuple(groups))


def _of_label(part: Scored, label: str, answers: Bools, scores: Floats) -> LabelDetail:
    probabilities = rescaled(answers, scores)
    return LabelDetail(
        label,
        part.language,
        part.source,
        int(answers.sum()),
        int((~answers).sum()),
        auc(answers, scores),
        average_precision(answers, scores),
        precision_recall(answers, scores),
        reliability(answers, scores),
        reliability(answers, probabilities),
        risk_coverage(answers, probabilities),
        decided_alone(answers, scores),
        decided_alone(answers, scores, weights=as_if_abuse_were(RARE, answers)),
    )


def _of_language(scored: Sequence[Scored], language: str) -> LanguageDecided | None:
    sets = [part for part in scored if part.language == language and not part.source.startswith(MADE_UP)]
    known = [found for part in sets if (found := answers_of(part, "toxic")) is not None]
    if not known:
        return None
    answers, scores = (np.concatenate(each) for each in zip(*known, strict=True))
    once = np.concatenate([np.full(len(given), 1 / len(given)) for given, _ in known])
    rare = np.concatenate([as_if_abuse_were(RARE, given) / len(given) for given, _ in known])
    return LanguageDecided(
        language,
        len(known),
        len(answers),
        decided_alone(answers, scores, weights=once),
        decided_alone(answers, scores, weights=rare),
    )


def _plain(value: Any) -> Any:
    """JSON's own: four digits, and null for what is no number."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return round(value, 4) if np.isfinite(value) else None
    return value
