"""What a hand-written loop does, without a queue: `python -m benchmarks.loops KEY SIZE FOLDER`.

Scores SIZE comments, writes a row each and commits; then the next. The same commits as ours (WAL, synchronous FULL,
BEGIN IMMEDIATE), and nothing else of what ours does. Answers the seconds it took.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.candidates import candidate
from benchmarks.timed import COMMENTS_FILE, FIRST


def loop(key: str, size: int, folder: Path) -> float:
    """Seconds from the first comment to the last commit, with everything loaded before."""
    score = candidate(key).make(folder)
    score([FIRST])
    texts: list[str] = json.loads((folder / COMMENTS_FILE).read_bytes())
    connection = sqlite3.connect(folder / f"loop-{key}-{size}-{time.monotonic_ns()}.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE comments (id INTEGER PRIMARY KEY, text TEXT, score REAL)")
    began = time.perf_counter()
    for first in range(0, len(texts), size):
        batch = texts[first : first + size]
        _store(connection, batch, score(batch))
    took = time.perf_counter() - began
    connection.close()
    return took


def _store(connection: sqlite3.Connection, texts: Sequence[str], scores: Sequence[float]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO comments (text, score) VALUES (?, ?)", list(zip(texts, scores, strict=True)))
    connection.execute("COMMIT")


if __name__ == "__main__":
    sys.stdout.write(f"{loop(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))}\n")
