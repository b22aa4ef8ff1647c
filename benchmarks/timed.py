"""One candidate in a process of its own: `python -m benchmarks.timed KEY FOLDER`.

Reads `comments.json` in FOLDER and answers one line of JSON. Imports little, since its start is measured too.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.candidates import Score, candidate

COMMENTS_FILE = "comments.json"
FIRST = "Well said, thank you."
BATCH = 64


def measure(key: str, folder: Path) -> dict[str, Any]:
    """Score every text of the folder's three parts once, each part in its own way, after one first answer.

    No text comes twice, so nothing that was remembered of one helps another.
    """
    score = candidate(key).make(folder)
    score([FIRST])
    # This clock is one for all processes of a machine: who started us knows when that was.
    first_answer_at = time.monotonic()
    memory_at_first = peak_memory_mb()
    parts: dict[str, list[str]] = json.loads((folder / COMMENTS_FILE).read_bytes())
    alone, scores_alone = _one_by_one(score, parts["alone"])
    began_cpu = time.process_time()
    in_64s, scores_64 = _in_batches(score, parts["in_64s"], size=BATCH)
    cpu = time.process_time() - began_cpu
    at_once, scores_at_once = _in_batches(score, parts["at_once"], size=len(parts["at_once"]))
    return {
        "first_answer_at": first_answer_at,
        "memory_at_first_mb": memory_at_first,
        "alone_s": alone,
        "in_64s_s": in_64s,
        "in_64s_cpu_s": cpu,
        "at_once_s": at_once,
        "memory_peak_mb": peak_memory_mb(),
        "scores": [*scores_alone, *scores_64, *scores_at_once],
    }


def _one_by_one(score: Score, texts: Sequence[str]) -> tuple[list[float], list[float]]:
    seconds: list[float] = []
    scores: list[float] = []
    for text in texts:
        began = time.perf_counter()
        scores += score([text])
        seconds.append(time.perf_counter() - began)
    return seconds, scores


def _in_batches(score: Score, texts: Sequence[str], *, size: int) -> tuple[float, list[float]]:
    scores: list[float] = []
    began = time.perf_counter()
    for first in range(0, len(texts), size):
        scores += score(texts[first : first + size])
    return time.perf_counter() - began, scores


def peak_memory_mb() -> float:
    """The most memory this program has had so far, in MB of 1,000,000 bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux that one begins with the memory of whoever started us.
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))) + "\n")
