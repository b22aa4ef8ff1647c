"""Every sender at every limit, one after the other, and the section they make.

senders × cells → answered ÷ allowed, 429s, waits, computing, memory → docs/benchmarks.md, docs/pictures/delivery.svg
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks import report
from benchmarks.delivery.cells import ALLOWED_PER_S, ASK_EVERY_S, BLOCKED_EVERY, Cell, Measured, measure
from benchmarks.delivery.drawn import drawn
from benchmarks.delivery.senders import OURS, PEERS, Sender
from benchmarks.environments import installed
from benchmarks.report import percentile, small

TITLE = "Stories sent, beside what is allowed and beside other senders"
PICTURE = report.PAGE.parent / "pictures" / "delivery.svg"
SECONDS = 60.0
PEERS_AT_ONCE = 6
MODELS = ("sliding_window", "gcra", "fixed_window")
LATENCIES_MS = (20.0, 200.0, 500.0)
CELLS = (*(Cell(model, 60.0) for model in MODELS), *(Cell("sliding_window", ms) for ms in LATENCIES_MS))

Found = Mapping[Sender, Mapping[Cell, Measured | None]]
"""None where the sender did not get through the window, whatever it said of it."""


def run(*, seconds: float = SECONDS, page: Path = report.PAGE, picture: Path = PICTURE) -> None:
    """Measure, and write the section and the picture; forty minutes, for every cell lasts more than a minute."""
    before = report.load_average()
    found = measured(seconds=seconds)
    report.write(TITLE, section(found, seconds=seconds, load_before=before), page=page)
    picture.write_text(drawn(found), encoding="utf-8")


def measured(
    *, seconds: float, senders: Sequence[Sender] = (*OURS, *PEERS), cells: Sequence[Cell] = CELLS
) -> dict[Sender, dict[Cell, Measured | None]]:
    """Each sender in each cell; a peer that can't be installed is left out, and named on stderr.

    Ours one cell after the other; of the others, who mostly wait, PEERS_AT_ONCE cells side by side.
    """
    found: dict[Sender, dict[Cell, Measured | None]] = {}
    with tempfile.TemporaryDirectory(prefix="baithak-peers-") as name:
        for sender in senders:
            python = None if sender.ours else installed(sender, Path(name))
            if not sender.ours and python is None:
                continue
            one = partial(_one, sender, seconds=seconds, python=python)
            with ThreadPoolExecutor(1 if sender.ours else PEERS_AT_ONCE) as pool:
                found[sender] = dict(zip(cells, pool.map(one, cells), strict=True))
    return found


def _one(sender: Sender, cell: Cell, *, seconds: float, python: Path | None) -> Measured | None:
    try:
        got = measure(sender, cell, seconds=seconds, python=python)
    except (OSError, RuntimeError, TimeoutError, subprocess.SubprocessError) as error:
        print(f"{sender.title}, {_named(cell)}: {type(error).__name__} {error}", file=sys.stderr)
        return None
    print(f"{sender.title}, {_named(cell)}: {got.efficiency:.1%}, {got.too_many} times 429", flush=True)
    return got


def section(found: Found, *, seconds: float, load_before: float) -> str:
    """The section as Markdown."""
    cells = list(next(iter(found.values())))
    rows = [
        [sender.title, *(_shown(of.get(cell)) for cell in cells), *_costs(list(of.values()))]
        for sender, of in found.items()
    ]
    head = ["", *map(_named, cells), "CPU-ms a message", "MB"]
    waits = [
        [sender.title, *(_waits(of.get(cell), cell) for cell in cells)] for sender, of in found.items() if sender.ours
    ]
    return "\n\n".join(
        [
            report.machine(runs=1, load_before=load_before),
            _about(seconds),
            report.table(head, rows),
            "From somebody's `/help` to its answer while the story goes out, beyond what one call takes there, "
            f"milliseconds, median and 95 of 100 (one question every {ASK_EVERY_S:g} s, looked for every 20 ms):",
            report.table(["", *map(_named, cells)], waits),
            "![Answered of what is allowed](pictures/delivery.svg)",
        ]
    )


def _about(seconds: float) -> str:
    return (
        f"One story to more readers than {seconds:g} s allow, of whom {100 / BLOCKED_EVERY:g} % have blocked the bot, "
        f"at the sandbox: {ALLOWED_PER_S} messages a second in all, by three models of the limit, and every call takes "
        "as long as the column says. A cell is *answered ÷ allowed*: calls in the window that were delivered, or "
        "refused because the reader blocked the bot, of those that the limit allows; behind it the 429s since the "
        f"start, if any. The window is {seconds:g} s and begins 5 s after the first answer. Ours are whole bots on "
        "SQLite with leases and a record of every message; the others keep nothing, and sit out a 429 once. All run "
        f"beside the sandbox on one machine, of the others {PEERS_AT_ONCE} cells at a time. *CPU-ms* and *MB* are the "
        "mean over the cells, of all processes of the sender together."
    )


def _named(cell: Cell) -> str:
    return f"{cell.model.replace('_', ' ')}, {cell.latency_ms:g} ms"


def _shown(got: Measured | None) -> str:
    if got is None:
        return "–"
    return f"{got.efficiency:.1%}" + (f", {got.too_many} × 429" if got.too_many else "")


def _costs(found: Sequence[Measured | None]) -> list[str]:
    good = [got for got in found if got is not None and got.answered]
    if not good:
        return ["–", "–"]
    spent = sum(got.cpu_s for got in good) * 1000 / sum(got.answered for got in good)
    return [small(spent), f"{sum(got.memory for got in good) / len(good) / 1e6:.0f}"]


def _waits(got: Measured | None, cell: Cell) -> str:
    if got is None or not got.replies_s:
        return "–"
    middle, late = (percentile(got.replies_s, part) * 1000 - cell.latency_ms for part in (0.5, 0.95))
    return f"{middle:.0f} · {late:.0f}"
