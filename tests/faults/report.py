"""Where the long runs write what they measured: `docs/faults.md`.

Its first section says what is promised, by which test, and is made from `tests/faults/invariants.py`:

    python -m tests.faults.report       make it anew

Then comes one table a fault, with one column a run (SQLite, PostgreSQL, the control…), the newest in place of the last.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults.invariants import INVARIANTS, Invariant

REPORT = Path(__file__).resolve().parent.parent.parent / "docs" / "faults.md"

Runs = dict[str, dict[str, str]]
"""The columns of a table: by the run's name, its figures by theirs."""


def promised() -> str:
    """The page's first part: what is promised, and which tests would tell."""
    rows = "".join(f"| {_row(one)} |\n" for one in INVARIANTS)
    return (
        "# Faults: what was broken on purpose, and what it cost\n\n"
        "## What is promised, and which test would tell\n\n"
        "A promise is only worth what its fault test would have found. Each runs small in `make test`, and large\n"
        "in `make test-long`, which writes the tables below (with `FULL_SIZE=1` the largest are whole, and take\n"
        "half an hour more). A *control* is a program that is wrong on purpose: that it loses shows that the test\n"
        "can fail. The load is the machine's average of five minutes: above its two cores processes wait for\n"
        "their turn, which shows in every figure of seconds.\n\n"
        "| | promise | tests | control | not yet |\n|---|---|---|---|---|\n" + rows
    )


def _row(one: Invariant) -> str:
    return " | ".join([str(one.number), one.promise, _named(one.tests), _named(one.control), one.missing or "–"])


def _named(tests: Sequence[str]) -> str:
    return "<br>".join(f"`{test}`" for test in tests) or "–"


def note(title: str, figures: Mapping[str, Any], *, run: str = "figure") -> None:
    """Put a run's figures into its column of this table, and print them; beside them how busy the machine was."""
    print(title, run, dict(figures))
    measured = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", "load of the machine": f"{os.getloadavg()[1]:.1f}"}
    with REPORT.open("rb") as page:
        fcntl.flock(page, fcntl.LOCK_EX)  # another process's tests write their tables as well
        sections = _sections()
        columns: Runs = sections.get(title, {})
        columns[run] = measured | {name: str(value) for name, value in figures.items()}
        write({**sections, title: columns})


def write(sections: Mapping[str, Runs]) -> None:
    """Write the page: what is promised, then these tables."""
    tables = "".join(f"\n## {title}\n\n{_table(sections[title])}" for title in sorted(sections))
    REPORT.write_text(promised() + tables, encoding="utf-8")


def _table(columns: Runs) -> str:
    names = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    lines = [["", *columns], ["---"] * (len(columns) + 1)]
    lines += [[name, *(figures.get(name, "–") for figures in columns.values())] for name in names]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _sections() -> dict[str, Runs]:
    """The page's tables as they stand."""
    found: dict[str, Runs] = {}
    for section in REPORT.read_text(encoding="utf-8").split("\n## ")[2:]:
        title, *lines = section.strip().splitlines()
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
        runs = rows[0][1:]
        found[title] = {
            run: {row[0]: row[at] for row in rows[2:] if row[at] != "–"} for at, run in enumerate(runs, start=1)
        }
    return found


if __name__ == "__main__":
    write(_sections())
