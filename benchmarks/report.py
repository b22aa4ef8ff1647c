"""The page the figures go to: `docs/benchmarks.md`, one section a benchmark, the newest in place of the last."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
HEAD = """# Benchmarks: how fast it is, beside what

Written by `make bench`. Every row of a table does its work on the same comments, in the same run, one candidate after
the other. A cell is the median of the runs, with the least and the most behind it. Absolute figures belong to the
machine and its load; the ratios are what can be compared, and even they move when other programs take the cores between
one candidate and the next. Wherever the second stage is not named, the fast one screens alone (`BAITHAK_STAGES=fast`).

`python -m benchmarks screening FOLDER` screens labelled comments (`.csv.gz` files with the columns of the training
data) instead of our own, and judges too; FOLDER must hold nothing that a model learned from. The figures on labelled
comments below come from the held-out files of the [model card](model-card.md), by which that model was also chosen.
`--learn FOLDER` lets the plain pipeline learn from the files that ours learned from. Each peer is installed into an
environment of its own, from locked requirements, which is gone afterwards; one that can't be is named as such. `python
-m benchmarks api` wants `wrk` (`apt-get install wrk`), and measures memory alone without it.

`python -m benchmarks disguises FOLDER --learn FOLDER` writes comments again with their weightiest words disguised, to
our classifier and to a plain pipeline with and without our normal form; ten minutes, most of it the second stage's.

`python -m benchmarks queue` installs each of the other queues into an environment of its own, from locked requirements,
which is gone afterwards; it takes a quarter of an hour, and `--comments 1000` makes it shorter. `python -m benchmarks
delivery` does so with other senders, and takes forty minutes. `python -m benchmarks planning` takes three, and a
gigabyte of disk; `python -m benchmarks month` ten.
"""
DIGITS = 2


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over several runs."""

    least: float
    middle: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of one value a run; there must be one."""
        ordered = sorted(values)
        return cls(ordered[0], median(ordered), ordered[-1])

    def shown(self, form: Callable[[float], str]) -> str:
        """The median, and least to most where they show as different."""
        least, middle, most = map(form, (self.least, self.middle, self.most))
        return middle if least == most else f"{middle} ({least}–{most})"


def rate(value: float) -> str:
    """A number a second: three digits that mean something, so 12,345 is shown as 12,300."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def small(value: float) -> str:
    """A number of milliseconds, seconds or times."""
    return f"{value:.{DIGITS}f}" if value < 10 else f"{value:,.1f}"


def share(value: float) -> str:
    """A number in 0..1 such as an AUC."""
    return f"{value:.3f}"


def percentile(values: Iterable[float], part: float) -> float:
    """The value below which this part (0..1) of the values lies; there must be one."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is set to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def load_average() -> float:
    """How many programs wanted to compute at once over the last minute."""
    return os.getloadavg()[0]


def machine(*, runs: int, load_before: float) -> str:
    """Where and when this was measured, without a name of the machine."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "numpy"))
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, {versions}; {runs} {'run' if runs == 1 else 'runs'}; "
        f"load average {load_before:.1f} before and {load_average():.1f} after."
    )


def write(title: str, body: str, *, page: Path = PAGE) -> None:
    """Put a section into the page in place of the last one of this title, and print it."""
    print(f"## {title}\n\n{body}\n")
    text = page.read_text(encoding="utf-8") if page.is_file() else HEAD
    sections = dict(_titled(section) for section in text.split("\n## ")[1:])
    sections[title] = body.strip()
    whole = [HEAD, *(f"## {name}\n\n{sections[name]}\n" for name in sorted(sections))]
    page.write_text("\n".join(whole), encoding="utf-8")


def _titled(section: str) -> tuple[str, str]:
    title, _, body = section.partition("\n")
    return title, body.strip()
