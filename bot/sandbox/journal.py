"""What the sandbox remembers over a restart: one append-only file of JSON lines, the last word on a key wins."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Record(NamedTuple):
    """One thing remembered; a value of None forgets it."""

    kind: str
    key: str
    value: Any


class Journal:
    """The file, or nothing at all where there is no folder.

    A record is with the kernel when `put` returns: a killed process loses none, a power cut may lose the last.
    Never leaves half a record before a whole one.
    """

    def __init__(self, folder: Path | None) -> None:
        """Open the folder's journal for this process alone. Raises OSError where another sandbox holds it."""
        self._path: Path | None = None
        self._file = -1
        self._lock = -1
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise OSError(error.errno, f"another sandbox uses {folder}") from error
        self._path = folder / "journal.jsonl"
        self._file = _open(self._path)

    def records(self) -> Iterator[Record]:
        """All records, oldest first; what a kill left torn is skipped."""
        if self._path is None:
            return
        with self._path.open("rb") as lines:
            for line in lines:
                try:
                    kind, key, value = json.loads(line)
                except ValueError:
                    continue
                yield Record(kind, key, value)

    def put(self, kind: str, key: str, value: Any) -> None:
        """Remember. Raises OSError where the disk takes no more; the record is then not there at all."""
        if self._file >= 0:
            self._append(_line(Record(kind, key, value)))

    def rewrite(self, records: Iterable[Record]) -> None:
        """Put these in the place of everything; either the old journal stands or the new one."""
        if self._path is None:
            return
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb") as file:
            file.writelines(_line(record) for record in records)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        os.close(self._file)
        self._file = _open(self._path)

    def close(self) -> None:
        """Sync and let another process have it."""
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
            os.close(self._lock)
            self._file = self._lock = -1

    def _append(self, line: bytes) -> None:
        end = os.lseek(self._file, 0, os.SEEK_END)
        try:
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError:
            os.ftruncate(self._file, end)
            raise


def _open(path: Path) -> int:
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
    # A kill in mid-write leaves no newline; the next record must not be glued to the torn one.
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        os.write(file, b"\n")
    return file


def _line(record: Record) -> bytes:
    # ASCII only: people may write lone surrogates, which UTF-8 has no bytes for.
    return json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
