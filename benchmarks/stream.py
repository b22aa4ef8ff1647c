"""`baithak screen` over very many lines: all answered, in order, in flat memory.

lines made on the way, one in ten thousand broken → `baithak screen --stages fast` → ids counted, memory looked at
                                                   → docs/benchmarks.md
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks import report
from benchmarks.comments import own_comments

LINES = 10_000_000
LOOKS = (0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 1.0)
"""After what shares of the lines memory is looked at."""

BROKEN_EVERY = 10_000
BROKEN = b'{"id": "broken", "text": '


@dataclass(frozen=True, slots=True)
class Streamed:
    """What came of it. `memory_mb`: what is resident after each share of LOOKS, in MB of 1,000,000 bytes."""

    lines: int
    seconds: float
    answered: int
    refused: int
    out_of_order: int
    memory_mb: tuple[float, ...]
    status: int


def measure(lines: int, *, screen: Sequence[str] | None = None) -> Streamed:
    """Send so many lines through one process, and read every answer."""
    command = screen or (sys.executable, "-m", "bot", "screen", "--stages", "fast")
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None
        threading.Thread(target=_write, args=(process.stdin, lines), daemon=True).start()
        looks = [max(1, round(share * lines)) for share in LOOKS]
        memory: list[float] = []
        answered = refused = out_of_order = 0
        for number, line in enumerate(process.stdout, 1):
            answered += 1
            if number % BROKEN_EVERY == 0:
                refused += b'"error": ' in line
                out_of_order += f'"line": {number},'.encode() not in line
            else:
                out_of_order += not line.startswith(f'{{"id": {number},'.encode())
            while len(memory) < len(looks) and number >= looks[len(memory)]:
                memory.append(_resident_mb(process.pid))
        status = process.wait()
    seconds = time.monotonic() - began
    return Streamed(lines, seconds, answered, refused, out_of_order, tuple(memory), status)


def _write(given: IO[bytes], lines: int) -> None:
    with given:
        made = _lines(lines)
        while part := b"".join(itertools.islice(made, 1000)):
            given.write(part)


def _lines(count: int) -> Iterator[bytes]:
    texts = [json.dumps(text, ensure_ascii=False) for text in own_comments(20_000).texts]
    for number in range(1, count + 1):
        # A number of its own makes each text a new one: nothing remembered of one helps another.
        words = texts[number % len(texts)]
        yield (
            BROKEN + b"\n"
            if number % BROKEN_EVERY == 0
            else f'{{"id": {number}, "text": {words[:-1]} {number}"}}\n'.encode()
        )


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0")
    return int(line.split()[1]) * 1024 / 1e6


def section(found: Streamed, *, load_before: float) -> str:
    """The table as Markdown."""
    rows = [
        ["lines", f"{found.lines:,}"],
        ["answers", f"{found.answered:,}"],
        [f"of them errors, for the {found.lines // BROKEN_EVERY:,} broken lines", f"{found.refused:,}"],
        ["answers out of their order", f"{found.out_of_order:,}"],
        ["lines a second", report.rate(found.lines / found.seconds)],
        *(
            [f"memory after {share:.1%} of the lines, MB", f"{memory:.0f}"]
            for share, memory in zip(LOOKS, found.memory_mb, strict=False)
        ),
    ]
    return "\n".join([
        report.machine(runs=1, load_before=load_before),
        "",
        "Our own examples, each with a number of its own behind it, through one process of `baithak screen --stages "
        "fast` (rules, spans and all); who writes the lines and reads the answers has the other processor.",
        "",
        report.table(["", ""], rows),
    ])  # fmt: skip


def run(*, lines: int, page: Path = report.PAGE) -> None:
    """Measure, and put the section into the page."""
    before = report.load_average()
    report.write("Very many lines through `baithak screen`", section(measure(lines), load_before=before), page=page)
