"""The second stage beside the fast one: what asking it more often gains, and what it costs.

labelled comments → fast scores, vectors of all → for each pair of bounds: share asked, AUC, outcomes, milliseconds
                  → docs/benchmarks.md, docs/pictures/second-stage.svg
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks import report
from moderation.classifier import shipped
from moderation.classifier.evaluation import judge
from moderation.classifier.labels import LABELS
from moderation.classifier.model import Classifier, load
from moderation.classifier.scored import ENOUGH, Scored, score_folder

PICTURE = report.PAGE.parent / "pictures" / "second-stage.svg"
ALWAYS = (-1.0, 2.0)
BOUNDS = ((0.5, 0.5), (0.3, 0.7), (0.2, 0.8), (0.1, 0.9), (0.05, 0.95), (0.02, 0.98), ALWAYS)
"""Between which of the fast stage's scores it is asked: never, then ever more often, then always."""

OF_EACH = 200
TIMED = 400
TOXIC = LABELS.index("toxic")
LABELS_SHOWN = ("toxic", "insult", "identity_hate")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one pair of bounds comes to; AUCs are the mean over sets, by label."""

    bounds: tuple[float, float]
    asked: float
    asked_of_clean: float
    aucs: tuple[float, ...]
    clean_published: float
    abuse_published: float


def run(folder: Path, *, page: Path = report.PAGE, picture: Path = PICTURE, of_each: int = OF_EACH) -> None:
    """Measure on a folder of labelled comments and write the section and the picture.

    Ends the program where the second stage's encoder is not installed.
    """
    before = report.load_average()
    model = shipped()
    fast = load(model.path, sha256=model.sha256, stages="fast")
    whole = load(model.path, sha256=model.sha256)
    if whole.alone:
        raise SystemExit(f"nothing to measure: {whole.alone}")
    always = whole.asked_between(*ALWAYS)
    plain = score_folder(fast, folder, progress=print, at_most=of_each)
    asked = score_folder(always, folder, progress=print, at_most=of_each)
    found = [_found(bounds, fast, plain, asked) for bounds in BOUNDS]
    cost = _milliseconds(always, plain) - _milliseconds(fast, plain)
    report.write("The second stage, asked more and less often", _body(found, plain, cost, before), page=page)
    picture.write_text(_drawn(found, cost), encoding="utf-8")


def _found(bounds: tuple[float, float], fast: Classifier, plain: Sequence[Scored], asked: Sequence[Scored]) -> Asked:
    """Of the scores with and without the second stage those that these bounds would give."""
    mixed: list[Scored] = []
    shares: list[float] = []
    of_clean: list[float] = []
    for one, other in zip(plain, asked, strict=True):
        highest = one.scores.max(axis=1)
        doubtful = (highest > bounds[0]) & (highest < bounds[1])
        mixed.append(replace(one, scores=np.where(doubtful[:, None], other.scores, one.scores)))
        shares.append(float(doubtful.mean()))
        clean = np.array([example.known[TOXIC] is False for example in one.examples])
        if clean.sum() >= ENOUGH:
            of_clean.append(float(doubtful[clean].mean()))
    figures = judge(fast, mixed)
    aucs = tuple(_mean([f.auc for f in figures.labels if f.label == label]) for label in LABELS_SHOWN)
    published = [fmean(f.published for f in figures.outcomes if f.side == side) for side in ("clean", "abuse")]
    return Asked(bounds, fmean(shares), fmean(of_clean), aucs, *published)


def _mean(values: Sequence[float]) -> float:
    """Not a number where no set knows the label."""
    return fmean(values) if values else float("nan")


def _milliseconds(classifier: Classifier, scored: Sequence[Scored]) -> float:
    """Of the processor, for one comment by itself."""
    texts = [example.text for part in scored for example in part.examples]
    texts = texts[:: max(1, len(texts) // TIMED)]
    begin = time.process_time()
    for text in texts:
        classifier.scores([text])
    return (time.process_time() - begin) / len(texts) * 1000


def _body(found: Sequence[Asked], scored: Sequence[Scored], cost: float, before: float) -> str:
    count = sum(len(part.examples) for part in scored)
    head = ["asked between", "share asked", "of the clean", *(f"AUC {label}" for label in LABELS_SHOWN)]
    rows = [
        [
            _told(each.bounds),
            *(f"{value:.0%}" for value in (each.asked, each.asked_of_clean)),
            *("–" if isnan(value) else report.share(value) for value in each.aucs),
            *(f"{value:.1%}" for value in (each.clean_published, each.abuse_published)),
            report.small(each.asked * cost),
        ]
        for each in found
    ]
    table = report.table([*head, "clean published", "abuse published", "ms a comment"], rows)
    return (
        f"{report.machine(runs=1, load_before=before)}\n\n"
        f"{count:,} held-out comments, at most {OF_EACH} of each file, language and side. *Asked between*: the second "
        "stage reads a comment if the highest score of any label that the fast stage gives it lies there. AUCs are the "
        "mean over sets, and so is what is published, by the thresholds of the model card. *ms a comment*: what the "
        f"second stage adds in the mean, in one processor's own time; one that it reads takes {report.small(cost)}."
        f"\n\n{table}\n\n"
        "![Gain against cost](pictures/second-stage.svg)"
    )


def _told(bounds: tuple[float, float]) -> str:
    if bounds == ALWAYS:
        return "always"
    return "never" if bounds[0] == bounds[1] else f"{bounds[0]:g} and {bounds[1]:g}"


def _drawn(found: Sequence[Asked], cost: float) -> str:
    """AUC of `toxic` against milliseconds a comment, one dot for each pair of bounds."""
    width, height, left, right, top, bottom = 560, 300, 60, 24, 20, 44
    xs, ys = [each.asked * cost for each in found], [each.aucs[0] for each in found]
    low, high = min(ys) - 0.002, max(ys) + 0.002

    def x(value: float) -> float:
        return left + value / max(xs) * (width - left - right)

    def y(value: float) -> float:
        return height - bottom - (value - low) / (high - low) * (height - top - bottom)

    ticks = [low + (high - low) * step / 4 for step in range(5)]
    parts = [
        f'<path d="M{left} {y(tick):.1f}H{width - right}" stroke="#8888" stroke-width=".5"/>'
        f'<text x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.3f}</text>'
        for tick in ticks
    ]
    line = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(xs, ys, strict=True))
    parts.append(f'<polyline points="{line}" fill="none" stroke="#27c" stroke-width="2"/>')
    for place, (a, b, each) in enumerate(zip(xs, ys, found, strict=True)):
        # By turns under and over the line: the last ones stand close together.
        beside = 20 if place % 2 else -12
        anchor = "end" if each.bounds == ALWAYS else "middle"
        parts.append(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="4" fill="#27c"/>')
        parts.append(f'<text x="{x(a):.1f}" y="{y(b) + beside:.1f}" text-anchor="{anchor}">{_told(each.bounds)}</text>')
        parts.append(f'<text x="{x(a):.1f}" y="{height - bottom + 16}" text-anchor="middle">{a:.1f}</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 6}" text-anchor="middle">milliseconds a comment</text>')
    parts.append(
        f'<text x="14" y="{height / 2}" text-anchor="middle" transform="rotate(-90 14 {height / 2})">AUC</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11" fill="#777"><title>The second stage: gain against cost</title>'
        f"{''.join(parts)}</svg>\n"
    )
