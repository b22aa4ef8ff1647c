"""One page of HTML with every figure drawn: it asks for nothing beside itself, runs no script and holds no comment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from moderation.classifier.evaluation import OutcomeFigure
from moderation.classifier.figures import svg
from moderation.classifier.figures.attacks import ATTACKS
from moderation.classifier.figures.coverage import GRID, WRONG_AT_MOST
from moderation.classifier.figures.detail import RARE, Detail, LabelDetail
from moderation.classifier.figures.groups import GroupFigure
from moderation.classifier.figures.intervals import Interval, wilson
from moderation.classifier.figures.reliability import BINS
from moderation.classifier.figures.retention import FALSE_ALARMS, Retention
from moderation.classifier.labels import LANGUAGES

TEMPLATES = Path(__file__).parent
LOWEST_AREA = 0.4
"""Where the scale of areas begins: less than one half is worse than chance, and rare."""


def page(detail: Detail, *, now: datetime) -> str:
    """The whole page. `now` is printed as the day it was made."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(percent=percent, area=area)
    return environment.get_template("page.html").render(
        version=detail.evaluation.version,
        day=f"{now:%Y-%m-%d}",
        thresholds=detail.evaluation.thresholds,
        languages=_languages(detail),
        decided=[(each, _decided_plot(each.language, detail.labels)) for each in detail.languages],
        labels=[(language, [_drawn(each) for each in found]) for language, found in _by_language(detail.labels)],
        attacks=_attacks(detail.attacks),
        attack_names={attack.key: attack.name for attack in ATTACKS},
        groups=[_group(source, found) for source, found in _by_source(detail.groups)],
        clean=[_outcome(each) for each in detail.evaluation.outcomes if each.side == "clean"],
        abuse=[_outcome(each) for each in detail.evaluation.outcomes if each.side == "abuse"],
        wrong_at_most=WRONG_AT_MOST, rare=RARE, bins=BINS, false_alarms=FALSE_ALARMS,
    )  # fmt: skip


def percent(figure: Interval | float) -> str:
    """A share for a person: `12.3% (11.0–13.9)`, or a dash where there is none."""
    if isinstance(figure, float | int):
        return f"{figure:.1%}" if isfinite(figure) else "–"
    if not isfinite(figure.value):
        return "–"
    ends = f" ({figure.low * 100:.1f}–{figure.high * 100:.1f})" if isfinite(figure.low) else ""
    return f"{figure.value:.1%}{ends}"


def area(figure: Interval | float) -> str:
    """A number in 0..1 with three digits, and its interval."""
    if isinstance(figure, float | int):
        return f"{figure:.3f}" if isfinite(figure) else "–"
    if not isfinite(figure.value):
        return "–"
    ends = f" ({figure.low:.3f}–{figure.high:.3f})" if isfinite(figure.low) else ""
    return f"{figure.value:.3f}{ends}"


def _languages(detail: Detail) -> list[dict[str, Any]]:
    """What becomes of comments in each language, with a bar for either side."""
    found: list[dict[str, Any]] = []
    for language, told in detail.evaluation.summary().items():
        bars = {
            side: svg.stacked(
                f"{language}, {side}", [(kind, told[side][kind]) for kind in ("published", "held", "rejected")]
            )
            for side in ("clean", "abuse")
            if side in told
        }
        found.append({"language": language, "auc": told.get("auc", {}).get("toxic"), "sides": told, "bars": bars})
    return found


def _decided_plot(language: str, labels: Iterable[LabelDetail]) -> Markup:
    """Risk and coverage of every set of a language, one curve each."""
    plot = svg.Square(
        f"{language}: risk and coverage of toxic", x="share decided alone", y="share of it wrong", y_top=0.5
    )
    for each in labels:
        if (each.language, each.label) == (language, "toxic"):
            plot.line([(share, risk.value) for share, risk in zip(GRID, each.risk.risk, strict=True)])
    return plot.drawn()


def _drawn(each: LabelDetail) -> tuple[LabelDetail, list[Markup]]:
    name = f"{each.label}, {each.source}, {each.language}"
    rate = each.positives / (each.positives + each.negatives)
    curve = svg.Square(f"Precision and recall: {name}", x="recall", y="precision")
    curve.line([(0, rate), (1, rate)], kind="chance")
    curve.line(list(zip(each.curve.recall, each.curve.precision, strict=True)))
    scale = svg.Square(f"Calibration: {name}", x="score", y="share with the label")
    scale.line([(0, 0), (1, 1)], kind="chance")
    for calibration, kind in ((each.fitted, "b"), (each.calibration, "a")):
        points = list(zip(calibration.scores, calibration.shares, strict=True))
        scale.line(points, kind=kind).dots(points, kind=kind)
    risk = svg.Square(f"Risk and coverage: {name}", x="share decided alone", y="share of it wrong", y_top=0.5)
    risk.band(GRID, each.risk.risk)
    risk.line([(share, part.value) for share, part in zip(GRID, each.risk.risk, strict=True)])
    return each, [curve.drawn(), scale.drawn(), risk.drawn()]


def _attacks(attacks: Iterable[Retention]) -> list[tuple[str, list[Retention], Markup]]:
    found = []
    names = {attack.key: attack.name for attack in ATTACKS}
    for language, each in groupby(attacks, key=lambda figure: figure.language):
        figures = list(each)
        lines = [(names[figure.attack], [("a", figure.kept)]) for figure in figures]
        found.append((language, figures, svg.rows(f"Recall kept under attacks: {language}", lines)))
    return sorted(found, key=lambda one: _place(one[0]))


def _group(source: str, figures: list[GroupFigure]) -> tuple[str, list[GroupFigure], Markup]:
    lines = [(figure.group, [("a", figure.subgroup), ("b", figure.bpsn), ("c", figure.bnsp)]) for figure in figures]
    return source, figures, svg.rows(f"Areas by group: {source}", lines, low=LOWEST_AREA)


def _outcome(figure: OutcomeFigure) -> tuple[OutcomeFigure, list[Interval]]:
    shares = (figure.published, figure.held, figure.rejected)
    return figure, [wilson(round(share * figure.comments), figure.comments) for share in shares]


def _by_language(labels: Iterable[LabelDetail]) -> list[tuple[str, list[LabelDetail]]]:
    ordered = sorted(labels, key=lambda each: _place(each.language))
    return [(language, list(found)) for language, found in groupby(ordered, key=lambda each: each.language)]


def _place(language: str) -> tuple[int, str]:
    """Our languages in their order, then any other that a set has."""
    return (LANGUAGES.index(language) if language in LANGUAGES else len(LANGUAGES)), language


def _by_source(groups: Iterable[GroupFigure]) -> list[tuple[str, list[GroupFigure]]]:
    return [(source, list(found)) for source, found in groupby(groups, key=lambda each: each.source)]
