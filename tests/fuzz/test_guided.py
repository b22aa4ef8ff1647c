"""What coverage leads to breaks no promise; and a fault that nobody would hit by chance is found on that way."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.guided import MISSING, PLANTED, ROOT, TARGETS, is_available, search

SECONDS = 6
"""Of each target: with their starts all of them together stay below two minutes on two processors."""

Test = Callable[..., None]


def searches(test: Test) -> Test:
    """A test that searches: long, and nothing where there is no atheris."""
    skipped: Test = pytest.mark.skipif(not is_available(), reason=MISSING)(test)
    timed: Test = pytest.mark.timeout(300)(skipped)
    return pytest.mark.long(timed)


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_search_begins_with_breaks_no_promise(target: str) -> None:
    module = importlib.import_module(f"tests.fuzz.targets.{target}")
    seeds = list(module.seeds())
    assert seeds
    for seed in seeds:
        module.check(seed)


@searches
@pytest.mark.parametrize("target", TARGETS)
def test_what_coverage_leads_to_breaks_no_promise(target: str, tmp_path: Path) -> None:
    found = search(target, seconds=SECONDS, folder=tmp_path)
    assert found.broken is None, found.line()
    assert found.tried > 100 and found.reached > 0


@searches
def test_a_planted_fault_is_found_and_shown_again_by_its_input(tmp_path: Path) -> None:
    found = search(PLANTED, seconds=60, folder=tmp_path)
    assert found.broken is not None and "the planted fault" in found.said
    assert found.broken.read_bytes().startswith(b"fault:")
    shown = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", "--input", str(found.broken), PLANTED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 1 and "AssertionError: the planted fault" in shown.stderr
