"""The log's way to standard error: a line that finds no room is dropped, and its part goes on.

Logs often lie on the disk that the database is on. When that is full, what can't be written is the line that says so.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

STDERR = 2


class LogLines:
    """A stream for loggers, each of whose writes is whole lines. Never raises OSError, and never waits for room.

    What was dropped is counted, and said by `told` before the first line that can be written again.
    """

    def __init__(self, told: Callable[[int], str], *, descriptor: int = STDERR) -> None:
        self._told = told
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._dropped = 0
        self._is_cut = False

    def write(self, text: str) -> int:
        """Write lines, if there is room."""
        with self._lock:
            if self._dropped and self._put(self._told(self._dropped)):
                self._dropped = 0
            if self._dropped or not self._put(text):
                self._dropped += 1
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def _put(self, text: str) -> bool:
        # What is left of a line that was cut in the middle ends here.
        rest = ("\n" * self._is_cut + text).encode(errors="backslashreplace")
        try:
            while rest:
                written = os.write(self._descriptor, rest)
                self._is_cut = not rest[:written].endswith(b"\n")
                rest = rest[written:]
        except OSError:
            return False
        return True
