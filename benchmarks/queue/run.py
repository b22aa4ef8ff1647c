"""All rows, run by run, and the section they make."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.comments import own_comments
from benchmarks.environments import installed
from benchmarks.queue import bench, kills, shipped
from benchmarks.queue.adapters import Kind
from benchmarks.queue.bench import Run
from benchmarks.queue.peers import PEERS, Peer
from benchmarks.queue.processes import Row
from benchmarks.queue.section import Found, section

COMMENTS = 10_000
TITLE = "Queued → scored → stored, beside other queues on SQLite"


def measure(
    texts: Sequence[str],
    *,
    runs: int,
    peers: Sequence[Peer] = PEERS,
    kinds: Sequence[Kind] = tuple(Kind),
    kill_wait_s: float = kills.WAIT_S,
) -> Found:
    """Every row `runs` times, and one kill of each."""
    with tempfile.TemporaryDirectory(prefix="baithak-peers-") as name:
        rows = [Row("ours", Kind.TUNED, Path(sys.executable))]
        for peer in peers:
            python = installed(peer, Path(name))
            rows += [Row(peer.key, kind, python) for kind in kinds] if python is not None else []
        found: dict[Row | None, list[Run]] = {row: [] for row in (None, *rows)}
        for number in range(runs):
            # There and back again, so that whatever else the machine does meets each row early and late.
            for row in list(found)[:: -1 if number % 2 else 1]:
                found[row].append(shipped.measure(texts) if row is None else bench.measure(row, texts))
        return Found(found, kills.measure(rows, texts, wait_s=kill_wait_s))


def run(*, runs: int, comments: int = COMMENTS, page: Path = report.PAGE) -> None:
    """Measure, and put the section into the page."""
    texts = own_comments(comments).texts
    before = report.load_average()
    found = measure(texts, runs=runs)
    report.write(TITLE, section(found, count=len(texts), load_before=before), page=page)
