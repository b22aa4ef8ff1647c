"""Where the long runs write what they measured: `docs/faults.md`, one table a run, the newest in place of the last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPORT = Path(__file__).resolve().parent.parent.parent / "docs" / "faults.md"
_HEAD = """# Faults: what was broken on purpose, and what it cost

Written by `make test-long`. Each table is the newest run of its test.
"""


def note(title: str, figures: Mapping[str, Any]) -> None:
    """Put a run's figures into the report, and print them."""
    print(title, dict(figures))
    text = REPORT.read_text(encoding="utf-8") if REPORT.is_file() else _HEAD
    head, *sections = text.split("\n## ")
    kept = [section for section in sections if not section.startswith(f"{title}\n")]
    table = "\n".join(f"| {name} | {value} |" for name, value in figures.items())
    kept.append(f"{title}\n\nMeasured {datetime.now(UTC):%Y-%m-%d}.\n\n| | |\n|---|---|\n{table}\n")
    REPORT.write_text("\n## ".join([head.rstrip() + "\n", *sorted(kept)]), encoding="utf-8")
