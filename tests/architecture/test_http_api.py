"""Every route, every error code and every metric is documented, and every documented one exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from moderation.web.problems import CODES
from tests.architecture.metrics import exposed_metrics
from tests.architecture.sources import code_files, first_cells, page, tree


def calls_of(name: str) -> Iterator[list[ast.expr]]:
    """The arguments of every call of `name(…)` in what serves the web."""
    for path in code_files("moderation/web", "bot/web"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield node.args


def routes() -> set[str]:
    """Every `Route("GET", "/path", …)` in the code, as `GET /path`."""
    return {f"{ast.literal_eval(method)} {ast.literal_eval(path)}" for method, path, *_ in calls_of("Route")}


def documented_routes() -> set[str]:
    return {cell for cell in first_cells(page("http-api.md")) if re.match(r"[A-Z]+ /", cell)}


def test_every_route_is_documented_and_every_documented_one_exists() -> None:
    assert documented_routes() == routes()


def test_every_error_code_is_documented_with_its_status() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", page("http-api.md"), flags=re.MULTILINE)
    assert dict(rows) == {code: str(status) for code, (status, _) in CODES.items()}


def test_no_problem_is_raised_with_a_code_that_is_not_listed() -> None:
    named = {code.value for code, *_ in calls_of("Problem") if isinstance(code, ast.Constant)}
    assert len(named) >= 10
    assert named - set(CODES) == set()


def test_every_metric_is_documented_and_every_documented_one_exists() -> None:
    documented = {cell for cell in first_cells(page("operating.md")) if cell.startswith("baithak_")}
    assert documented == set(exposed_metrics())
