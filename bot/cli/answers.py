"""How the commands answer: on standard output what was asked for, on standard error how far it is and what is wrong."""

from __future__ import annotations

import sys
import time
from typing import NoReturn

import typer

from moderation.running import EXIT_REFUSED, TOLD


def say(line: str) -> None:
    """The command's answer."""
    print(line, flush=True)  # noqa: T201  this line is the command's answer


def tell(line: str) -> None:
    """Something on the way to it."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201  progress, and what is wrong with a line


def refuse(why: str) -> NoReturn:
    """Say why it is refused, and end."""
    tell(f"{TOLD}{why}")
    raise typer.Exit(EXIT_REFUSED)


class Seldom:
    """Says how far a long run has come, every few seconds."""

    EVERY_S = 3.0

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def __call__(self, line: str) -> None:
        """Say the line, unless one was said a moment ago."""
        if time.monotonic() - self._said_at >= self.EVERY_S:
            self._said_at = time.monotonic()
            tell(line)


class Progress:
    """How many rows of a table were done."""

    def __init__(self, done: str) -> None:
        self._done = done
        self._seldom = Seldom()

    def __call__(self, table: str, rows: int) -> None:
        """So many rows of this table are done."""
        self._seldom(f"{self._done} {rows} rows of {table} …")
