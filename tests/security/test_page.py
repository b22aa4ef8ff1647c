"""The table of attacks is whole, names tests that exist, and is what the page shows."""

from __future__ import annotations

import ast

from tests.architecture.sources import PROJECT, functions, tree
from tests.security import page
from tests.security.cases import CASES

NUMBERS = range(1, 27)


def test_every_attack_has_its_row_in_order() -> None:
    assert [case.number for case in CASES] == list(NUMBERS)
    assert [case.number for case in CASES if not case.tests and not case.missing] == []


def test_every_test_that_is_named_exists() -> None:
    unknown = []
    for test in sorted({test for case in CASES for test in case.tests}):
        file, _, name = test.partition("::")
        path = PROJECT / file
        known = {function.name for function in functions(tree(path))} if path.is_file() else set()
        if name not in known if name else not any(one.startswith("test_") for one in known):
            unknown.append(test)
    assert unknown == []


def test_every_test_of_attacks_is_named_in_a_row() -> None:
    named = {test.partition("::") for case in CASES for test in case.tests}
    whole = {file for file, _, name in named if not name}
    single = {(file, name) for file, _, name in named if name}
    unnamed = [
        f"{file}::{node.name}"
        for folder in ("security", "fuzz")
        for path in sorted((PROJECT / "tests" / folder).glob("test_*.py"))
        if (file := path.relative_to(PROJECT).as_posix()) not in whole and path.name != "test_page.py"
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        if (file, node.name) not in single
    ]
    assert unnamed == []


def test_the_page_is_what_the_table_says() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text(), "run python -m tests.security.page"
