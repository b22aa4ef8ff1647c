"""The page of figures: whole, by itself, well formed, and without a word of a comment."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from moderation.classifier import LABELS
from moderation.classifier.evaluation import Evaluation, LabelFigure, OutcomeFigure
from moderation.classifier.figures import svg
from moderation.classifier.figures.coverage import decided_alone, risk_coverage
from moderation.classifier.figures.detail import Detail, LabelDetail, LanguageDecided
from moderation.classifier.figures.discrimination import auc, average_precision, precision_recall
from moderation.classifier.figures.groups import GroupFigure
from moderation.classifier.figures.intervals import NOTHING, Interval, wilson
from moderation.classifier.figures.page import area, page, percent
from moderation.classifier.figures.reliability import reliability
from moderation.classifier.figures.retention import Retention

SOURCE = 'en_<b>"&made up'


def label(language: str) -> LabelDetail:
    answers = np.arange(100) % 4 == 0
    scores = np.linspace(0, 1, 100) ** 2
    calibration = reliability(answers, scores)
    decided = decided_alone(answers, scores)
    return LabelDetail(
        "toxic", language, SOURCE, 25, 75, auc(answers, scores), average_precision(answers, scores),
        precision_recall(answers, scores), calibration, calibration, risk_coverage(answers, scores), decided, decided,
    )  # fmt: skip


def made_up() -> Detail:
    # A set of a language that is none of ours, too: a folder may hold any.
    labels = (label("en"), label("ru"))
    half = wilson(5, 10)
    evaluation = Evaluation(
        "2026-11-24.1",
        dict.fromkeys(LABELS, (0.5, 0.9)),
        (LabelFigure("toxic", "en", SOURCE, 25, 75, 0.5, 0.4, 0.6, 0.5, 0.4, 0.6),),
        (
            OutcomeFigure("en", SOURCE, "clean", 75, 0.9, 0.1, 0.0),
            OutcomeFigure("en", SOURCE, "abuse", 25, 0.2, 0.3, 0.5),
        ),
    )
    return Detail(
        evaluation,
        labels,
        (LanguageDecided("en", 1, 100, labels[0].decided, labels[0].decided_where_rare),),
        (Retention("leet", "en", 10, half, half, NOTHING),),
        (GroupFigure("<i>moon people", "toxic", "en", SOURCE, 25, 75, half, half, half, half),),
    )


@pytest.fixture(scope="module")
def written() -> str:
    return page(made_up(), now=datetime(2026, 11, 24, tzinfo=UTC))


def tree(written: str) -> ElementTree.Element:
    return ElementTree.fromstring(written.removeprefix("<!doctype html>\n"))


def test_the_page_is_well_formed_and_every_id_that_is_pointed_at_is_there(written: str) -> None:
    root = tree(written)
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    links = [each.get("href", "") for each in root.iter("a")]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_the_page_asks_for_nothing_and_runs_nothing(written: str) -> None:
    root = tree(written)
    assert {each.tag for each in root.iter()} & {"script", "link", "img", "iframe", "object", "form"} == set()
    assert not re.search(r"https?:|//|@import|url\(|\bon\w+=|\bsrc=", written)
    assert "default-src 'none'" in written


def test_names_are_escaped_in_tables_and_in_plots(written: str) -> None:
    assert "<b>&#34;" not in written
    assert "<i>moon" not in written
    root = tree(written)
    assert any(SOURCE in (title.text or "") for title in root.iter("title"))
    assert any(text.text == "<i>moon people" for text in root.iter("text"))


def test_every_plot_says_what_it_shows(written: str) -> None:
    plots = list(tree(written).iter("svg"))
    # Two bars, a curve for the language, three plots for each of two labels, one of attacks, one of groups.
    assert len(plots) == 2 + 1 + 6 + 1 + 1
    for plot in plots:
        assert plot.get("role") == "img"
        assert plot[0].tag == "title"
        assert plot[0].text


def test_the_figures_are_printed_with_their_intervals(written: str) -> None:
    assert "50.0% (23.7–76.3)" in written
    assert "Classifier 2026-11-24.1" in written
    assert "nan" not in written


@pytest.mark.parametrize(
    ("figure", "share", "number"),
    [
        (Interval(0.1234, 0.1, 0.15), "12.3% (10.0–15.0)", "0.123 (0.100–0.150)"),
        (Interval(0.5, float("nan"), float("nan")), "50.0%", "0.500"),
        (NOTHING, "–", "–"),
        (0.25, "25.0%", "0.250"),
        (float("nan"), "–", "–"),
    ],
)
def test_a_figure_is_written_with_what_is_known_of_it(figure: Interval | float, share: str, number: str) -> None:
    assert (percent(figure), area(figure)) == (share, number)


def test_a_point_stands_where_it_belongs_and_what_is_no_number_is_left_out() -> None:
    drawn = svg.Square("t", x="x", y="y").dots([(0, 0), (1, 1), (float("nan"), 0.5)]).drawn()
    dots = [(each.get("cx"), each.get("cy")) for each in ElementTree.fromstring(drawn).iter("circle")]
    assert dots == [
        (f"{svg.LEFT:.1f}", f"{svg.HEIGHT - svg.BOTTOM:.1f}"),
        (f"{svg.WIDTH - svg.RIGHT:.1f}", f"{svg.TOP:.1f}"),
    ]


def test_what_is_above_a_plots_top_is_drawn_at_its_top() -> None:
    drawn = svg.Square("t", x="x", y="y", y_top=0.5).dots([(0, 0.9)]).drawn()
    (dot,) = ElementTree.fromstring(drawn).iter("circle")
    assert dot.get("cy") == f"{svg.TOP:.1f}"


def test_a_bars_parts_fill_it() -> None:
    drawn = svg.stacked("t", [("published", 0.5), ("held", 0.3), ("rejected", 0.2)])
    parts = [(each.get("x"), each.get("width")) for each in ElementTree.fromstring(drawn).iter("rect")]
    assert parts == [("0.0", "100.0"), ("100.0", "60.0"), ("160.0", "40.0")]


def test_what_is_no_number_is_null_in_json() -> None:
    told = made_up().to_json()
    assert told["attacks"][0]["false_alarms"] == {"value": None, "low": None, "high": None}
    assert told["decided_alone"][0]["decided"]["decided"]["value"] is not None
    assert told["version"] == "2026-11-24.1"
