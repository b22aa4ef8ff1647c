"""Decisions are kept in order: numbered without gaps, each with its reasons, each superseded one with its heir."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT

FOLDER = PROJECT / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("*.md"))
SECTIONS = ["Status", "Question", "Forces", "Decision", "Consequences", "What would change our mind"]
PAGE_AT_MOST = 70
"""Lines: a record is one page, or it is not read."""


def status_of(path: Path) -> str:
    found = re.search(r"^## Status\n\n(.+?)\n\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert found, path.name
    return found[1]


def test_the_numbers_have_no_gap() -> None:
    assert [path.name[:4] for path in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_every_section_in_order_and_fits_a_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(rf"# {path.name[:4]} \S", text), "the title begins with the number"
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == SECTIONS
    assert len(text.splitlines()) <= PAGE_AT_MOST
    empty = [part for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:] if not part.strip()]
    assert empty == []


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_is_accepted_or_names_its_heir(path: Path) -> None:
    status = status_of(path)
    heir = re.match(r"Superseded by (\d{4}), \w+ \d{4}\.", status)
    if heir is None:
        assert re.match(r"Accepted, \w+ \d{4}\.", status), status
        return
    assert heir[1] > path.name[:4], "an heir comes later"
    assert any(other.name.startswith(heir[1]) for other in RECORDS), "the heir is there"
