"""What stands in a stream of Redis, read. Pure. Who reaches Redis may have written it, so nothing is believed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

_LARGEST = 2**63 - 1


def revision_of(fields: Mapping[str, str] | None) -> int | None:
    """The revision an entry names, as a number that a database takes; None where it names none."""
    written = (fields or {}).get("revision", "")
    # The length first: Python refuses to read thousands of digits, and other scripts' digits are digits to it.
    if len(written) > len(str(_LARGEST)) or not (written.isascii() and written.isdecimal()):
        return None
    number = int(written)
    return number if number <= _LARGEST else None


def order(entry_id: str) -> tuple[int, int]:
    """An entry's place in its stream."""
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number or 0)


def added_at(entry_id: str, *, now: datetime) -> datetime:
    """When an entry was added: its id begins with Redis' own time. An id that was chosen may lie ahead: then `now`."""
    milliseconds, _ = order(entry_id)
    return now if milliseconds > now.timestamp() * 1000 else datetime.fromtimestamp(milliseconds / 1000, UTC)
