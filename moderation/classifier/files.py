"""Model files: found by the manifest, checked before they are opened, written whole or not at all."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import stat
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderation.classifier.labels import LABELS
from moderation.classifier.skops_file import SCHEMA, parse
from moderation.errors import ClassifierUnavailable

FORMAT = 1
LARGEST_FILE = 30 * 1024 * 1024
SHIPPED = Path(__file__).with_name("shipped")
MANIFEST = "manifest.json"
_PLACE_IN_MEMORY = re.compile(r'("__id__": |"file": ")(\d+)')


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file and what is known about it; `figures` is plain JSON: thresholds, quality, sources."""

    version: str
    path: Path
    sha256: str
    figures: Mapping[str, Any]


def shipped(version: str | None = None) -> ModelFile:
    """The model that ships with the package; the default one, or the one of that version.

    Reads the manifest only and never opens the model. Raises ClassifierUnavailable if the manifest is missing or
    broken, or names no such version.
    """
    models = shipped_models()
    for model in models:
        if version in (None, model.version):
            return model
    raise ClassifierUnavailable(f"no model {version} ships here; there are: {', '.join(m.version for m in models)}")


def shipped_models() -> tuple[ModelFile, ...]:
    """Every model that ships with the package, the default one first. Raises ClassifierUnavailable as `shipped`."""
    try:
        manifest = json.loads(_read(SHIPPED / MANIFEST).decode())
        return tuple(
            ModelFile(entry["version"], SHIPPED / Path(entry["file"]).name, entry["sha256"], entry["figures"])
            for entry in manifest["models"]
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ClassifierUnavailable(f"the manifest of shipped models can't be read: {error}") from error


def read_model(path: Path, *, sha256: str, without: Collection[str] = ()) -> dict[str, Any]:
    """The content of a model file whose hash is the one expected, as written by `write_model`: plain values and arrays.

    Parts named in `without` are not unpacked, and missing from the content.
    The hash is compared before a byte is parsed. Raises ClassifierUnavailable with the reason for a file that is
    missing, too large, altered, truncated, or holds what it should not.
    """
    try:
        data = _read(path)
    except OSError as error:
        raise ClassifierUnavailable(f"the model file can't be read: {error}") from error
    if len(data) > LARGEST_FILE:
        raise ClassifierUnavailable(f"the model file is larger than {LARGEST_FILE} bytes")
    if not hmac.compare_digest(hashlib.sha256(data).hexdigest(), sha256.lower()):
        raise ClassifierUnavailable("the model file is not the one expected: its SHA-256 differs")
    try:
        content = parse(data, without=without)
    # Archives, JSON and arrays each have errors of their own; every one of them means that this is no model of ours.
    except Exception as error:
        raise ClassifierUnavailable(f"the model file holds something else than a model: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ClassifierUnavailable("the model file is of another format than this version reads")
    if tuple(content.get("labels", ())) != LABELS:
        raise ClassifierUnavailable("the model file knows other labels than this version")
    return content


def _read(path: Path) -> bytes:
    """As much of it as is read of any. Raises OSError; for a pipe too, which would be waited for."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"{path} is no file")
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)


def write_model(content: Mapping[str, Any], path: Path) -> str:
    """Write a model file whole or not at all, and give its SHA-256. Raises OSError, leaving `path` as it was."""
    import zipfile

    import skops.io

    data: bytes = skops.io.dumps(
        {"format": FORMAT, "labels": list(LABELS), **content}, compression=zipfile.ZIP_DEFLATED, compresslevel=9
    )
    data = _settled(data)
    write_whole(path, data)
    return hashlib.sha256(data).hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write beside, flush to disk, rename: a reader finds the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _settled(data: bytes) -> bytes:
    """The same archive without what differs from run to run, so that one training has one hash.

    skops numbers objects by their place in memory and stamps its files with the hour; here both are counted from 1.
    """
    import io
    import zipfile

    numbers: dict[str, str] = {}

    def renumbered(match: re.Match[str]) -> str:
        return match.group(1) + numbers.setdefault(match.group(2), str(len(numbers) + 1))

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        schema = _PLACE_IN_MEMORY.sub(renumbered, old.read(SCHEMA).decode())
        members = {SCHEMA: schema.encode()}
        for name in old.namelist():
            if name != SCHEMA:
                stem, dot, ending = name.partition(".")
                members[numbers[stem] + dot + ending] = old.read(name)
        for name in sorted(members):
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), members[name], zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()
