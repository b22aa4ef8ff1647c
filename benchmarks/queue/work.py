"""What has to be done with a comment, the same for every queue: read it, score it, store the score, commit."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

DATABASE = "work.db"
JOURNAL = "journal"
READY = "ready"
DIGITS = 6

PROBE = 0
"""The comment by which one asks whether a worker takes comments yet; it is never counted."""


def _connect(folder: Path) -> sqlite3.Connection:
    # The same commits as the product's: moderation.database says why each of these.
    connection = sqlite3.connect(folder / DATABASE, isolation_level=None, check_same_thread=False)
    for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def prepare(folder: Path, texts: Sequence[str]) -> None:
    """Put the comments into a new database, by the ids 1, 2, 3 …, with the probe before them."""
    with contextlib.closing(_connect(folder)) as connection:
        connection.execute("CREATE TABLE comments (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        connection.execute("CREATE TABLE scores (comment INTEGER NOT NULL, score REAL NOT NULL)")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO comments VALUES (?, ?)", enumerate(["Well said.", *texts], start=PROBE))
        connection.execute("COMMIT")


class Work:
    """Does it. One comment at a time or many, whatever it is asked for; always one commit.

    A comment that is done twice is stored twice: a unique key would prevent that for any queue, and hide how often it
    is asked for.
    """

    def __init__(self, folder: Path) -> None:
        from benchmarks.candidates import candidate

        self._folder = folder
        self._score = candidate("classifier").make(folder)
        self._connection = _connect(folder)
        self._lock = threading.Lock()
        self._journal = os.open(folder / JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def do(self, ids: Sequence[int]) -> None:
        """Score these comments and store the scores, durably once it returned."""
        with self._lock:
            asked = ",".join("?" * len(ids))
            rows = self._connection.execute(f"SELECT id, text FROM comments WHERE id IN ({asked})", ids).fetchall()
            scores = self._score([text for _, text in rows])
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO scores VALUES (?, ?)",
                [(row[0], score) for row, score in zip(rows, scores, strict=True)],
            )
            self._connection.execute("COMMIT")
            done = time.monotonic()
            os.write(self._journal, "".join(f"{row[0]} {done:.{DIGITS}f}\n" for row in rows).encode())

    def ready(self) -> None:
        """Say that everything is loaded, and the queue may be asked."""
        (self._folder / READY).touch()


def lines_written(folder: Path) -> int:
    """How many lines the journal has, the probe's among them: cheap enough to look at often."""
    path = folder / JOURNAL
    return path.read_bytes().count(b"\n") if path.exists() else 0


def done_at(folder: Path) -> dict[int, float]:
    """When each comment was stored first, by the clock that all processes of a machine share; without the probe."""
    path = folder / JOURNAL
    found: dict[int, float] = {}
    for line in path.read_text(encoding="ascii").splitlines() if path.exists() else []:
        comment, _, at = line.partition(" ")
        # A worker that was killed in the middle of a line leaves one without its end.
        if len(at) > DIGITS and at[-DIGITS - 1] == "." and int(comment) != PROBE:
            found.setdefault(int(comment), float(at))
    return found


def stored(folder: Path) -> Counter[int]:
    """How often the database holds a score of each comment, but the probe."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT comment, count(*) FROM scores WHERE comment != ? GROUP BY comment", (PROBE,))
        return Counter(dict(rows.fetchall()))
