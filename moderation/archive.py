"""A backup's file: a zip of tables as JSON Lines and of model files, with a manifest, encrypted where there is a key.

    baithak-backup.json   format, schema versions, and of every other part its size and SHA-256
    tables/NAME.jsonl     one row a line
    models/VERSION.skops  model files that were promoted

It is written under another name, flushed to the disk, and then given its own: under that name it is whole or not there.
A reader gets nothing of it before every part is what the manifest says: a hash alone is written anew by whoever edits
the file.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from moderation.errors import BackupRefused
from moderation.sealing import MAGIC, SealedReader, SealedWriter, Unsealable

FORMAT = 1
MANIFEST = "baithak-backup.json"
LONGEST_LINE = 8 << 20
"""Bytes of one row. An update of Telegram's is the largest thing a row holds, and stays far below."""

_PIECE = 1 << 20
_LARGEST_MANIFEST = 4 << 20
_LARGEST_NUMBER = 2**63 - 1

_Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0, le=_LARGEST_NUMBER)]
# Half of what a column can hold, so that a restored system has numbers left.
_LastId = Annotated[int, Field(ge=0, le=_LARGEST_NUMBER // 2)]


class _Strict(BaseModel):
    """Takes exactly what it names: whoever edits a backup can write its hashes anew."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Part(_Strict):
    """One part as the manifest names it. `rows` counts a table's."""

    sha256: _Sha256
    size: _Count
    rows: _Count | None


class SavedTable(_Strict):
    """A table's columns by their kind, and the highest number it ever gave; None for one that gives none."""

    columns: dict[_Name, Literal["int", "bool", "json", "text"]]
    last_id: _LastId | None


class Manifest(_Strict):
    """What an archive says of itself: the form of each package's tables, the tables in the order in which they lean on
    each other, the models' hashes, None for one whose file was not there, and by which head the audit was sealed."""

    baithak_backup: Literal[1]
    forms: dict[_Name, Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]] = Field(alias="schema")
    tables: dict[_Name, SavedTable]
    models: dict[_Version, _Sha256 | None]
    made_at: AwareDatetime
    erasure_list: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,4096}$")]
    parts: dict[str, Part]
    audit_head: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}:[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _names_its_parts(self) -> Self:
        tables = {table_part(name) for name in self.tables}
        files = {model_part(version): sha256 for version, sha256 in self.models.items() if sha256 is not None}
        if set(self.parts) != tables | set(files):
            raise ValueError("the parts are not those of the tables and models")
        if any((part.rows is not None) != (name in tables) for name, part in self.parts.items()):
            raise ValueError("rows are counted of tables")
        if any(self.parts[name].sha256 != sha256 for name, sha256 in files.items()):
            raise ValueError("a model's file is another")
        return self


class _Form(BaseModel):
    """Of a manifest of any form, which form it is."""

    model_config = ConfigDict(strict=True)

    baithak_backup: int


_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

_LAST_RECORD, _LAST_RECORD_BYTES, _COMMENT_LENGTH_BYTES = b"PK\x05\x06", 22, 2
"""How a zip archive ends: with this record, whose last bytes say how long the comment behind it is (APPNOTE 4.3.16)."""

_DIGEST_BYTES = 64
"""The comment of an archive that is not sealed: the SHA-256 of all before it, in hex. What unpacks a zip passes over
many of its bytes, and damage there would go unseen."""


def table_part(name: str) -> str:
    """Where a table's rows are."""
    return f"tables/{name}.jsonl"


def model_part(version: str) -> str:
    """Where a model's file is."""
    return f"models/{version}.skops"


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
        self._parts[name] = Part(sha256=hashed.digest.hexdigest(), size=hashed.size, rows=hashed.rows)

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return sum(part.rows or 0 for part in self._parts.values())

    def finish(self, about: Mapping[str, Any]) -> None:
        """Write the manifest."""
        parts = {name: part.model_dump() for name, part in self._parts.items()}
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
        """Write one row as a line. Raises BackupRefused for one so long that it could not be read again."""
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if len(line) > LONGEST_LINE:
            raise BackupRefused(f"a row of {len(line)} bytes can't be saved: the longest may have {LONGEST_LINE}")
        self.write(line)
        self.rows = (self.rows or 0) + 1


@contextlib.contextmanager
def writing(path: Path, *, key: bytes | None) -> Iterator[ArchiveWriter]:
    """Write an archive at this path: there, whole and on the disk once the block has ended, and untouched if it raises.

    Nobody but the owner may read it. What stands there may be an older file, and nothing else. Raises OSError.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "what stands there is no file", str(path))
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            sealed = SealedWriter(file, key) if key is not None else None
            with zipfile.ZipFile(sealed or file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                yield ArchiveWriter(archive)
            if sealed is not None:
                sealed.finish()
            else:
                _end_with_digest(file)
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


def _end_with_digest(file: IO[bytes]) -> None:
    file.seek(-_COMMENT_LENGTH_BYTES, os.SEEK_END)
    file.write(_DIGEST_BYTES.to_bytes(_COMMENT_LENGTH_BYTES, "little"))
    digest = _digest_of(file, file.tell())
    file.seek(0, os.SEEK_END)
    file.write(digest)


def _digest_of(file: IO[bytes], size: int) -> bytes:
    """The SHA-256, in hex, of the first so many bytes."""
    digest = hashlib.sha256()
    file.seek(0)
    while size > 0 and (piece := file.read(min(size, _PIECE))):
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest().encode("ascii")


class Archive:
    """An archive whose every part was found to be as its manifest says."""

    def __init__(self, path: Path, file: zipfile.ZipFile, manifest: Manifest) -> None:
        self._path = path
        self._zip = file
        self.manifest = manifest

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """A table's rows, in order: each with the table's columns, and in each what its kind may hold.

        Raises BackupRefused where the file is no longer what it was when it was opened.
        """
        with _refusals(self._path), self._zip.open(table_part(name)) as file:
            for line in _lines(file):
                yield _row(line, self.manifest.tables[name])

    def copy_model(self, version: str, target: IO[bytes]) -> None:
        """Write a model's file."""
        with _refusals(self._path), self._zip.open(model_part(version)) as file:
            shutil.copyfileobj(file, target, _PIECE)


@contextlib.contextmanager
def reading(path: Path, *, key: bytes | None) -> Iterator[Archive]:
    """Open an archive, checked to its last byte: its manifest's form, and of each part hash, size and every row.

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
                _check_packing(path, archive)
                manifest = _manifest(path, archive)
                _check_ends(path, source, archive)
                _check_parts(path, archive, manifest)
        with zipfile.ZipFile(source) as archive:
            yield Archive(path, archive, manifest)


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except BackupRefused:
        raise
    except Unsealable as error:
        raise BackupRefused(f"{path}: {error}") from None
    except Exception as error:
        # Damaged bytes break whatever reads them in ways of its own. An OSError is of the disk, but for EINVAL, a place
        # before the file's beginning, and for one without a number, which no system gave.
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise
        raise BackupRefused(f"{path} is no backup, or is damaged ({type(error).__name__})") from None


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    with archive.open(MANIFEST) as file:
        content = file.read(_LARGEST_MANIFEST + 1)
    if len(content) > _LARGEST_MANIFEST:
        raise BackupRefused(f"{path} is damaged: its manifest is too long")
    form = _Form.model_validate_json(content).baithak_backup
    if form != FORMAT:
        raise BackupRefused(f"{path} has the form {form}, and this Baithak reads form {FORMAT}: install its own")
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # Only the outermost name is ours: those within are the file's.
        place = first["loc"][0] if first["loc"] and first["type"] != "extra_forbidden" else "as a whole"
        raise BackupRefused(f"{path} is damaged: its manifest can't be used ({place})") from None


def _check_ends(path: Path, file: IO[bytes], archive: zipfile.ZipFile) -> None:
    """Refuse what `zipfile` passes over: bytes before the first part and behind the last record, and any that are not
    as they were written, where the archive ends with their digest. Older ones do not."""
    before_comment = file.seek(-len(archive.comment), os.SEEK_END)
    file.seek(before_comment - _LAST_RECORD_BYTES)
    if file.read(4) != _LAST_RECORD or min(info.header_offset for info in archive.infolist()):
        raise BackupRefused(f"{path} is damaged: there is more in it than was saved")
    file.seek(before_comment - _COMMENT_LENGTH_BYTES)
    said = int.from_bytes(file.read(_COMMENT_LENGTH_BYTES), "little")
    if said != len(archive.comment) or (said and archive.comment != _digest_of(file, before_comment)):
        raise BackupRefused(f"{path} is damaged: it is not as it was saved")


def _check_packing(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse ways of packing that no backup has: the errors of their own are others."""
    if any(info.compress_type not in _PACKED for info in archive.infolist()):
        raise BackupRefused(f"{path} is damaged: it is packed as no backup is")


def _check_parts(path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    if sorted(archive.namelist()) != sorted([MANIFEST, *manifest.parts]):
        raise BackupRefused(f"{path} is damaged: its parts are not those its manifest names")
    tables = {table_part(name): table for name, table in manifest.tables.items()}
    for name, part in manifest.parts.items():
        size, digest, table = 0, hashlib.sha256(), tables.get(name)
        rows = 0 if table is not None else None
        if archive.getinfo(name).file_size == part.size:
            with archive.open(name) as file:
                for piece in _pieces(file) if table is None else _lines(file):
                    size += len(piece)
                    digest.update(piece)
                    if table is not None and rows is not None:
                        _row(piece, table)
                        rows += 1
        if (digest.hexdigest(), size, rows) != (part.sha256, part.size, part.rows):
            raise BackupRefused(f"{path} is damaged: {name} is not what its manifest says")


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise ValueError("a line is too long")
        yield line


def _row(line: bytes, table: SavedTable) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict) or row.keys() != table.columns.keys():
        raise ValueError("a row has not the table's columns")
    # What no database keeps as text, half of a surrogate pair, can be written in JSON.
    json.dumps(row, ensure_ascii=False).encode()
    for column, kind in table.columns.items():
        if not _holds(kind, row[column]):
            raise ValueError("a value is not of its column's kind")
    if table.last_id is not None and row["id"] > table.last_id:
        raise ValueError("a number is higher than the highest given")
    return row


def _holds(kind: str, value: object) -> bool:
    if value is None or kind == "json":
        return True
    if kind == "int":
        return type(value) is int and -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER
    return isinstance(value, bool if kind == "bool" else str)
