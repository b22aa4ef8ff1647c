"""A backup's file: a zip of tables as JSON Lines and of model files, with a manifest, encrypted where there is a key.

    baithak-backup.json   format, schema versions, and of every other part its size and SHA-256
    tables/NAME.jsonl     one row a line
    models/VERSION.skops  model files that were promoted

It is written under another name, flushed to the disk, and then given its own: under that name it is whole or not there.
A reader gets nothing of it before every part has the hash the manifest names.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from moderation.errors import BackupRefused
from moderation.sealing import MAGIC, SealedReader, SealedWriter, Unsealable

FORMAT = 1
MANIFEST = "baithak-backup.json"
_PIECE = 1 << 20
_LARGEST_MANIFEST = 64 << 20


@dataclass(slots=True)
class Part:
    """One part as the manifest names it. `rows` counts a table's."""

    sha256: str
    size: int
    rows: int | None = None


@dataclass(slots=True)
class ArchiveWriter:
    """An archive being written: parts in turn, then `finish` with what else the manifest is to say."""

    _zip: zipfile.ZipFile
    _parts: dict[str, Part] = field(default_factory=dict)

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[_Hashed]:
        """Write one part; it counts once the block has ended."""
        with self._zip.open(name, "w", force_zip64=True) as file:
            hashed = _Hashed(file)
            yield hashed
        self._parts[name] = Part(hashed.digest.hexdigest(), hashed.size, hashed.rows)

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return sum(part.rows or 0 for part in self._parts.values())

    def finish(self, about: Mapping[str, Any]) -> None:
        """Write the manifest."""
        parts = {
            name: {"sha256": part.sha256, "size": part.size, "rows": part.rows} for name, part in self._parts.items()
        }
        manifest = {"baithak_backup": FORMAT, **about, "parts": parts}
        self._zip.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))


class _Hashed:
    """Counts and hashes what goes through."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0
        self.rows: int | None = None

    def write(self, data: bytes) -> None:
        """Write bytes."""
        self._file.write(data)
        self.digest.update(data)
        self.size += len(data)

    def write_row(self, row: Mapping[str, Any]) -> None:
        """Write one row as a line."""
        self.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        self.rows = (self.rows or 0) + 1


@contextlib.contextmanager
def writing(path: Path, *, key: bytes | None) -> Iterator[ArchiveWriter]:
    """Write an archive at this path: there, whole and on the disk once the block has ended, and untouched if it raises.

    Nobody but the owner may read it. Raises OSError.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            sealed = SealedWriter(file, key) if key is not None else None
            with zipfile.ZipFile(sealed or file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                yield ArchiveWriter(archive)
            if sealed is not None:
                sealed.finish()
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        fresh.unlink(missing_ok=True)


class Archive:
    """An archive whose every part was found to be as its manifest says."""

    def __init__(self, file: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
        self._zip = file
        self.manifest = manifest

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """A table's rows, in order."""
        with self._zip.open(f"tables/{name}.jsonl") as file:
            for line in file:
                yield json.loads(line)

    def content(self, name: str) -> bytes:
        """A part's bytes."""
        return self._zip.read(name)


@contextlib.contextmanager
def reading(path: Path, *, key: bytes | None) -> Iterator[Archive]:
    """Open an archive, checked to its last byte.

    Raises BackupRefused, with what is wrong in one line, for a file that is none, is damaged, or was written with
    another key; OSError where there is no such file.
    """
    with path.open("rb") as file:
        sealed = file.read(len(MAGIC)) == MAGIC
        file.seek(0)
        if sealed and key is None:
            raise BackupRefused(f"{path} is encrypted: name its key by BAITHAK_BACKUP_KEY_FILE")
        with _refusals(path):
            source: Any = SealedReader(file, key) if sealed and key is not None else file
            with zipfile.ZipFile(source) as archive:
                with archive.open(MANIFEST) as head:
                    manifest = json.loads(head.read(_LARGEST_MANIFEST))
                _check_form(path, manifest)
                _check_parts(path, archive, manifest["parts"])
        with zipfile.ZipFile(source) as archive:
            yield Archive(archive, manifest)


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except Unsealable as error:
        raise BackupRefused(f"{path}: {error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise BackupRefused(f"{path} is no backup, or is damaged ({type(error).__name__})") from None


def _check_form(path: Path, manifest: Mapping[str, Any]) -> None:
    form = manifest["baithak_backup"]
    if form != FORMAT:
        raise BackupRefused(f"{path} has the form {form}, and this Baithak reads form {FORMAT}: install its own")


def _check_parts(path: Path, archive: zipfile.ZipFile, parts: Mapping[str, Mapping[str, Any]]) -> None:
    named = set(archive.namelist()) - {MANIFEST}
    if named != set(parts):
        raise BackupRefused(f"{path} is damaged: its parts are not those its manifest names")
    for name, part in parts.items():
        digest = hashlib.sha256()
        with archive.open(name) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        if digest.hexdigest() != part["sha256"]:
            raise BackupRefused(f"{path} is damaged: {name} is not what its manifest says")
