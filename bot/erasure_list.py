"""The list of erasures beside the database: one line each, so that restoring a backup brings no erased reader back.

Every process that erases appends to the list in its data directory; each bot process adds what others erased.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moderation.errors import BaithakError
from moderation.privacy import Erasure


class ListRefused(BaithakError):
    """A list of erasures that can't be read: who stands on it can't be kept erased."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One erasure as the list has it; messages up to `through_message` are no news."""

    erasure: Erasure
    through_message: int

    def as_line(self) -> str:
        """Its line, without the end of it."""
        return json.dumps(
            {
                "author": self.erasure.author_hash,
                "erased_at": self.erasure.erased_at.isoformat(),
                "who": self.erasure.who,
                "through_message": self.through_message,
            },
            ensure_ascii=False,
        )


def read(path: Path) -> list[Listed]:
    """The list. Raises ListRefused for a line that is no erasure, OSError where there is no such file."""
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(_listed(json.loads(line)))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise ListRefused(f"line {number} of {path} is no erasure: mend it, or take it out") from None
    return found


def add(path: Path, listed: Sequence[Listed]) -> None:
    """Append those that are not there yet, durably. Raises OSError; ListRefused when the list can't be read."""
    known = {(one.erasure.author_hash, one.erasure.erased_at) for one in read(path)} if path.exists() else set()
    new = [one for one in listed if (one.erasure.author_hash, one.erasure.erased_at) not in known]
    if not new and path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # One write at the end of the file for each line: what several processes append does not mix.
    file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    try:
        for one in new:
            os.write(file, f"{one.as_line()}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def _listed(raw: dict[str, Any]) -> Listed:
    author, at, through = raw["author"], datetime.fromisoformat(raw["erased_at"]), raw["through_message"]
    if not re.fullmatch(r"[0-9a-f]{64}", author) or at.tzinfo is None or type(through) is not int:
        raise ValueError("no erasure")
    at.astimezone(UTC)  # raises where the time in the world is in no year that a database has
    who = str(raw["who"])
    who.encode()
    if not 0 <= through < 2**63:
        raise ValueError("no number that a database takes")
    return Listed(Erasure(author, at, who), through)
