"""Each promise names tests that are there, and the page of faults begins with the promises as they stand."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import PROJECT, functions, page, tree
from tests.faults.invariants import INVARIANTS, Invariant
from tests.faults.report import promised


def is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    path = PROJECT / file
    return path.is_file() and any(function.name == name for function in functions(tree(path)))


@pytest.mark.parametrize("one", INVARIANTS, ids=lambda one: str(one.number))
def test_each_promise_has_tests_that_are_there_or_says_what_is_missing(one: Invariant) -> None:
    assert one.tests or one.missing
    assert [test for test in (*one.tests, *one.control) if not is_there(test)] == []


def test_promises_are_numbered_one_after_the_other() -> None:
    assert [one.number for one in INVARIANTS] == list(range(1, len(INVARIANTS) + 1))


def test_the_page_of_faults_begins_with_the_promises_as_they_stand() -> None:
    assert page("faults.md").startswith(promised()), "python -m tests.faults.report makes it anew"


def test_every_long_fault_test_shows_a_promise() -> None:
    named = {test for one in INVARIANTS for test in (*one.tests, *one.control)}
    for path in sorted((PROJECT / "tests" / "faults").glob("test_*.py")):
        for function in functions(tree(path)):
            if any("pytest.mark.long" in ast.unparse(decorator) for decorator in function.decorator_list):
                assert f"{path.relative_to(PROJECT).as_posix()}::{function.name}" in named
