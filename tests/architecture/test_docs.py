"""The pages hold together: every link leads somewhere, every name they give exists, the changelog keeps its form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, PROJECT, in_code, written_pages

PAGES = written_pages()
AUDIENCES = {"Readers", "Moderators", "Operators", "Model"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def without_code(text: str) -> str:
    """The page less its blocks of code, where brackets mean something else."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, made as the usual renderers make them."""
    headings = re.findall(r"^#+ (.+)$", without_code(path.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_every_link_within_the_project_leads_somewhere(path: Path) -> None:
    broken = []
    for target in (first or second for first, second in LINK.findall(without_code(path.read_text(encoding="utf-8")))):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_every_file_of_ours_that_a_page_names_exists(path: Path) -> None:
    folders = (*PACKAGES, "config", "tests", "docs", "scripts", "benchmarks")
    named = [
        name
        for name in in_code(without_code(path.read_text(encoding="utf-8")))
        if re.fullmatch(rf"(?:{'|'.join(folders)})/[\w./-]*", name)
    ]
    assert [name for name in named if not (PROJECT / name).exists()] == []


def test_the_changelog_tells_each_audience_what_it_will_see() -> None:
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert releases[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ – \d{4}-\d\d-\d\d", release) for release in releases[1:])
    assert set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE)) <= AUDIENCES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_every_test_that_a_page_names_is_there(path: Path) -> None:
    for name in in_code(path.read_text(encoding="utf-8")):
        file, _, test = name.partition("::")
        if file.startswith("tests/") and test:
            assert re.search(
                rf"^(?:async )?def {test}\(", (PROJECT / file).read_text(encoding="utf-8"), re.MULTILINE
            ), name
