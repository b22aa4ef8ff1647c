"""Dashboard and rules ask only for what `/metrics` gives, and each alarm has its rule and its line in the runbook."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bot.alarms import BOT, FEED, TELEGRAM
from moderation.alarms import CHECKS
from tests.architecture.metrics import exposed_labels, exposed_metrics
from tests.architecture.promql import NotPromQL, Reading
from tests.architecture.sources import PROJECT, page
from tests.architecture.test_docs import anchors

FOLDER = PROJECT / "docs" / "monitoring"
ALARMS = {*CHECKS, FEED, BOT, TELEGRAM}
SCRAPED = {"instance", "job"}
"""Labels that Prometheus itself adds to everything."""

WIDTH = 24
"""Columns of a dashboard."""


def plain_yaml(text: str) -> Any:
    """The part of YAML that the rules are written in: maps, lists of maps, and scalars on one line.

    Raises ValueError for anything else, so that no line is read otherwise than Prometheus reads it.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found, rest = _block(lines, _indent(lines[0]))
    if rest:
        raise ValueError(f"badly indented: {rest[0]}")
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _block(lines: list[str], indent: int) -> tuple[Any, list[str]]:
    if lines[0].lstrip().startswith("- "):
        return _list(lines, indent)
    found: dict[str, Any] = {}
    while lines and _indent(lines[0]) == indent and not lines[0].lstrip().startswith("- "):
        line = re.fullmatch(r" *([A-Za-z_]+):(?: (.+))?", lines[0])
        if line is None or line[1] in found:
            raise ValueError(f"no key of its own: {lines[0]}")
        lines = lines[1:]
        if line[2] is not None:
            found[line[1]] = _scalar(line[2])
        else:
            found[line[1]], lines = _block(lines, _indent(lines[0]))
    return found, lines


def _list(lines: list[str], indent: int) -> tuple[list[Any], list[str]]:
    items = []
    while lines and _indent(lines[0]) == indent and lines[0].lstrip().startswith("- "):
        lines = [lines[0].replace("- ", "  ", 1), *lines[1:]]
        item, lines = _block(lines, indent + 2)
        items.append(item)
    return items, lines


def _scalar(text: str) -> str:
    if text.startswith('"'):
        value: str = json.loads(text)
        return value
    if re.search(r": | #|^[\[{&*!|>%@`'-]", text):
        raise ValueError(f"wants quotation marks: {text}")
    return text


def rules() -> list[dict[str, Any]]:
    (group,) = plain_yaml((FOLDER / "alert-rules.yml").read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))
    return found


def questions() -> dict[str, str]:
    """Every expression, by where it stands."""
    found = {rule["alert"]: rule["expr"] for rule in rules()}
    for panel in dashboard()["panels"]:
        found |= {f"{panel['title']} {target['refId']}": target["expr"] for target in panel["targets"]}
    return found


@pytest.mark.parametrize("expression", questions().values(), ids=questions())
def test_every_question_is_well_formed_and_asks_for_what_is_there(expression: str) -> None:
    reading = Reading(expression)
    assert reading.selectors
    exposed = exposed_labels()
    for selector in reading.selectors:
        assert selector.name in exposed
        assert selector.labels <= exposed[selector.name] | SCRAPED
    assert reading.grouped <= set().union(*(exposed[selector.name] for selector in reading.selectors)) | SCRAPED


def test_every_metric_is_on_the_dashboard() -> None:
    asked = {
        selector.name
        for panel in dashboard()["panels"]
        for target in panel["targets"]
        for selector in Reading(target["expr"]).selectors
    }
    shown = {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in asked}
    assert set(exposed_metrics()) - shown == set()


def test_the_dashboard_is_one_that_grafana_can_lay_out() -> None:
    board = dashboard()
    assert {"uid", "title", "schemaVersion", "panels", "templating", "time"} <= set(board)
    sources = {variable["name"] for variable in board["templating"]["list"] if variable["type"] == "datasource"}
    taken: set[tuple[int, int]] = set()
    ids, titles = [panel["id"] for panel in board["panels"]], [panel["title"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids) and len(set(titles)) == len(titles)
    for panel in board["panels"]:
        assert panel["description"] and panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] in {f"${{{name}}}" for name in sources}
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {panel["datasource"]["uid"]}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells


def test_every_alarm_has_a_rule_and_every_rule_is_whole() -> None:
    found = rules()
    assert len({rule["alert"] for rule in found}) == len(found)
    for rule in found:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"[0-9]+[smh]", rule.get("for", "1m"))
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "runbook"}
        assert set(re.findall(r"{{ *([^ }]+)", rule["annotations"]["summary"])) <= {"$value"}
    expressions = " ".join(rule["expr"] for rule in found)
    assert set(re.findall(r'alarm="(\w+)"', expressions)) == ALARMS


def test_every_rule_leads_to_its_place_in_the_runbook() -> None:
    for rule in rules():
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert anchor in anchors(PROJECT / file), rule["alert"]


def test_every_alarm_has_its_line_in_the_runbook() -> None:
    section = page("operating.md").partition("### Alarms")[2].partition("\n### ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", section, flags=re.MULTILINE)) == ALARMS


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "sum(",
        "sum(up))",
        "rate(up)",
        "rate(up[5])",
        "up[5m]",
        "up{job=baithak}",
        "up{job}",
        "up ==",
        "sum by alarm (up)",
        "rise(up[5m])",
        'up{job="a"',
        "up up",
        "histogram_quantile(0.9)",
    ],
)
def test_what_prometheus_would_refuse_is_refused(expression: str) -> None:
    with pytest.raises(NotPromQL):
        Reading(expression)


@pytest.mark.parametrize(
    "text", ["a: b: c", "a: [1]", "a: 'x'", "a: 1\n b: 2", "a:\n  - b\n", "a: 1\na: 2", "a: |", "a: x # y"]
)
def test_what_is_beyond_plain_yaml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        plain_yaml(text)
