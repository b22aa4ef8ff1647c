"""A backup's file and a list of erasures, as `restore` is handed them: refused in one line, or what was written.

The first byte says what the rest is: the file, the file sealed with a key, the file's manifest and rows with hashes
that fit, or a list of erasures.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from datetime import UTC
from pathlib import Path
from typing import Any

from bot import erasure_list
from bot.erasure_list import ListRefused
from moderation.archive import MANIFEST, Archive, model_part, reading, table_part, writing
from moderation.errors import BackupRefused
from tests.builders import NOW

FILE, SEALED, EDITED, LIST = b"zseL"
KEY = bytes(range(32))
ROWS = [
    {"id": 1, "text": "Well said. यह", "is_top": True, "more": {"a": [1, None]}},
    {"id": 2, "text": None, "is_top": None, "more": 0},
]
COLUMNS = {"id": "int", "text": "text", "is_top": "bool", "more": "json"}
BETWEEN = b"\x1e"
"""Stands between an edited file's manifest and its rows."""

FOLDER = tempfile.TemporaryDirectory(prefix="baithak-")
PLACE = Path(FOLDER.name) / "file"
WORDS = (
    BETWEEN, b"baithak_backup", b"schema", b"tables", b"models", b"made_at", b"erasure_list", b"parts", b"sha256",
    b"size", b"rows", b"columns", b"last_id", b'"int"', b'"bool"', b'"json"', b'"text"', b"null", b"1e400", b"NaN",
    b"\\ud800", b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04", b"author", b"erased_at", b"through_message", b"who",
    b"0001-01-01T00:00:00+14:00",
)  # fmt: skip


def _written(*, key: bytes | None) -> bytes:
    about: dict[str, Any] = {
        "schema": {"bot": "0001"},
        "tables": {"notes": {"columns": COLUMNS, "last_id": 9}},
        "models": {},
        "made_at": NOW.isoformat(),
        "erasure_list": "erasures.jsonl",
    }
    with writing(PLACE, key=key) as archive:
        with archive.part(table_part("notes")) as part:
            for row in ROWS:
                part.write_row(row)
        archive.finish(about)
    return PLACE.read_bytes()


def _contents(backup: bytes) -> list[bytes]:
    """A backup's manifest and its rows, as the third kind has them."""
    PLACE.write_bytes(backup)
    with zipfile.ZipFile(PLACE) as archive:
        return [archive.read(MANIFEST), archive.read(table_part("notes"))]


PLAIN = _written(key=None)


def seeds() -> list[bytes]:
    """One of each kind, and lists that are none."""
    erasure = {"author": "a" * 64, "erased_at": NOW.isoformat(), "who": "reader", "through_message": 7}
    changes: list[dict[str, Any]] = [
        {}, {"author": 1}, {"who": "\ud800"}, {"erased_at": "2026-11-22"}, {"erased_at": "0001-01-01T00:00:00+14:00"},
        {"through_message": 2**70}, {"through_message": True},
    ]  # fmt: skip
    lines = [json.dumps(erasure | change) for change in changes]
    return [
        bytes([FILE]) + PLAIN,
        bytes([SEALED]) + _written(key=KEY),
        bytes([EDITED]) + BETWEEN.join(_contents(PLAIN)),
        *(bytes([LIST]) + line.encode() for line in (*lines, "\n".join(lines[:1] * 3), "[" * 5000)),
    ]


def check(data: bytes) -> None:
    """Read it as `restore` does."""
    kind, rest = data[:1], data[1:]
    if kind == bytes([LIST]):
        _read_list(rest)
    elif kind in (bytes([FILE]), bytes([SEALED])):
        _read_backup(rest, key=KEY if kind == bytes([SEALED]) else None)
    elif kind == bytes([EDITED]):
        _read_backup(_edited(rest), key=None)


def _read_backup(content: bytes, *, key: bytes | None) -> None:
    PLACE.write_bytes(content)
    try:
        with reading(PLACE, key=key) as archive:
            rows = {name: list(archive.rows(name)) for name in archive.manifest.tables}
            _models(archive)
    except BackupRefused as error:
        assert str(error) and "\n" not in str(error)
        return
    for name, table in archive.manifest.tables.items():
        assert len(rows[name]) == archive.manifest.parts[table_part(name)].rows
        assert all(row.keys() == table.columns.keys() for row in rows[name])
    json.dumps(rows, ensure_ascii=False).encode()
    if key is not None:
        assert rows == {"notes": ROWS}, "nobody else can write what this key reads"


def _models(archive: Archive) -> None:
    for version, sha256 in archive.manifest.models.items():
        if sha256 is not None:
            copied = io.BytesIO()
            archive.copy_model(version, copied)
            assert hashlib.sha256(copied.getvalue()).hexdigest() == sha256


def _edited(content: bytes) -> bytes:
    """A file with this manifest and these rows, sizes and hashes written anew as far as there is a manifest."""
    raw, *parts = content.split(BETWEEN)
    try:
        manifest = json.loads(raw)
        names = [table_part(name) for name in manifest["tables"]]
        names += [model_part(version) for version, sha256 in manifest["models"].items() if sha256 is not None]
        for name, part in zip(names, parts, strict=False):
            manifest["parts"][name].update(sha256=hashlib.sha256(part).hexdigest(), size=len(part))
        raw = json.dumps(manifest).encode()
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        names = [table_part("notes")]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, part in zip(names, parts, strict=False):
            archive.writestr(zipfile.ZipInfo(name.encode("utf-8", "replace").decode()), part)
        archive.writestr(zipfile.ZipInfo(MANIFEST), raw)
    return made.getvalue()


def _read_list(content: bytes) -> None:
    PLACE.write_bytes(content)
    try:
        listed = erasure_list.read(PLACE)
    except ListRefused as error:
        assert str(error) and "\n" not in str(error)
        return
    for one in listed:
        one.erasure.erased_at.astimezone(UTC)
        one.erasure.who.encode()
        assert abs(one.through_message) < 2**63
    again = "\n".join(one.as_line() for one in listed)
    PLACE.write_bytes(again.encode())
    assert erasure_list.read(PLACE) == listed
