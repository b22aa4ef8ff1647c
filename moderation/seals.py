"""Seals on the audit: each vouches, by a hash over the one before it, for the rows that came since. Pure.

    rows 1 … 57 ──→ seal 1      seal 1, rows 58 … 90 ──→ seal 2      seal 2, rows 91 … ──→ …

Take a row away under a seal, add or change one, or touch a seal, and the hashes no longer fit. Who writes anew the rows
and every seal after them has a chain that fits again, but ends in another hash: that is found by whoever kept an
earlier head somewhere else.

What is hashed is what nothing may ever change. Erasing a reader takes their name out of the rows of what was theirs, so
in a row by the comment's own author no name is hashed but the fact that it was the author; nobody's scores are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

_FORM = "baithak audit seal/v1"
"""Begins what the first seal is made of, so that this hash means nothing anywhere else."""


@dataclass(frozen=True, slots=True)
class AuditedRow:
    """A row of the audit as a seal sees it. `at` counts microseconds since 1970, alike on both databases.

    `is_own` says that the one who did it is the comment's author: it is as true once both were erased.
    """

    id: int
    at: int
    comment_id: int
    revision_id: int
    is_own: bool
    who: str
    name: str
    act: str
    from_status: str | None
    to_status: str
    clause: str | None
    reason: str | None
    terms: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Seal:
    """Vouches for `row_count` rows: those after the seal before it, up to the row with the id `up_to`."""

    number: int
    at: datetime
    up_to: int
    row_count: int
    hash: str

    @property
    def head(self) -> Head:
        """By what it is known elsewhere."""
        return Head(self.number, self.hash)


@dataclass(frozen=True, slots=True)
class Head:
    """The number and hash of a seal: kept elsewhere, it says what all rows up to that seal were."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def read(cls, text: str) -> Head:
        """A head as it is written. Raises ValueError for what is none."""
        found = re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", text.strip())
        if found is None:
            raise ValueError("a head is a number, a colon and 64 hexadecimal digits")
        return cls(int(found[1]), found[2])


class Sealing:
    """A seal in the making: takes rows in the order of their ids, a few at a time, and closes over them."""

    def __init__(self, previous: Seal | None) -> None:
        self._number = previous.number + 1 if previous is not None else 1
        self._sha256 = hashlib.sha256(_line([previous.hash if previous is not None else _FORM]))
        self.row_count = 0

    def take(self, row: AuditedRow) -> None:
        """Put one more row under the seal."""
        self._sha256.update(row_bytes(row))
        self.row_count += 1

    def close(self, *, up_to: int, at: datetime) -> Seal:
        """The seal over what was taken."""
        fields = [self._number, round(at.timestamp() * 1_000_000), up_to, self.row_count]
        self._sha256.update(_line(fields))
        return Seal(self._number, at, up_to, self.row_count, self._sha256.hexdigest())


def row_bytes(row: AuditedRow) -> bytes:
    """What is hashed of a row: no two rows that say different things have the same bytes, whatever stands before or
    after them."""
    by = (None, None) if row.is_own else (row.who, row.name)
    told = (row.act, row.from_status, row.to_status, row.clause, row.reason, row.terms, row.model)
    return _line([row.id, row.at, row.comment_id, row.revision_id, *by, *told])


def _line(values: Sequence[int | str | None]) -> bytes:
    # JSON tells null from "null" and 1 from "1", and has no line's end within; a line's length tells its kind.
    return json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
