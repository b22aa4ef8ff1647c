"""A model file is opened only if it is the one expected, and holds what a model holds."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import skops.io

from moderation.classifier import load, shipped
from moderation.classifier.files import read_model, shipped_models, write_model, write_whole
from moderation.classifier.skops_file import LARGEST_UNPACKED, SCHEMA
from moderation.errors import ClassifierUnavailable
from tests.model_files import cut, opened, rewritten


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped model, to be spoilt."""
    path = tmp_path / "model.skops"
    path.write_bytes(shipped().path.read_bytes())
    return path


def test_every_shipped_model_is_the_one_its_manifest_says_and_under_thirteen_megabytes() -> None:
    models = shipped_models()
    assert shipped() == models[0]
    for model in models:
        assert sha256_of(model.path) == model.sha256
        assert model.path.stat().st_size < 13_000_000
        assert load(model.path, sha256=model.sha256).version == model.version
        assert shipped(model.version) == model


def test_a_part_that_is_not_wanted_is_not_unpacked() -> None:
    model = shipped()
    whole = read_model(model.path, sha256=model.sha256)
    assert set(whole) - set(read_model(model.path, sha256=model.sha256, without=("second",))) == {"second"}


def test_a_version_that_does_not_ship_is_refused_by_name() -> None:
    with pytest.raises(ClassifierUnavailable, match=r"1999-01-01\.1"):
        shipped("1999-01-01.1")


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def bit_flipped(data: bytes) -> bytes:
    return data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]


def emptied(data: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [truncated, bit_flipped, emptied])
def test_a_spoilt_file_is_refused_before_it_is_parsed(copy: Path, spoil: Callable[[bytes], bytes]) -> None:
    copy.write_bytes(spoil(copy.read_bytes()))
    with pytest.raises(ClassifierUnavailable, match="SHA-256"):
        load(copy, sha256=shipped().sha256)


@pytest.mark.parametrize("spoil", [truncated, emptied])
def test_a_spoilt_file_is_refused_even_under_its_own_hash(copy: Path, spoil: Callable[[bytes], bytes]) -> None:
    copy.write_bytes(spoil(copy.read_bytes()))
    with pytest.raises(ClassifierUnavailable, match="something else"):
        load(copy, sha256=sha256_of(copy))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClassifierUnavailable, match="can't be read"):
        load(tmp_path / "none.skops", sha256="0" * 64)


def test_a_pipe_in_the_models_place_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.skops")
    with pytest.raises(ClassifierUnavailable, match="is no file"):
        load(tmp_path / "model.skops", sha256="0" * 64)


class Trap:
    sprung: ClassVar[list[str]] = []

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Trap.sprung.append, ("sprung",)


def test_a_pickle_is_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ClassifierUnavailable, match="something else"):
        load(path, sha256=sha256_of(path))
    assert Trap.sprung == []


def test_a_type_that_no_model_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(skops.io.dumps({"format": 1, "pipeline": Trap}))
    with pytest.raises(ClassifierUnavailable, match="something else"):
        load(path, sha256=sha256_of(path))


FOREIGN = {
    "another format": {"format": 99},
    "other labels": {"format": 1, "labels": ["rude"]},
    "no dictionary": ["format", 1],
    "no pipeline": {"version": "x", "thresholds": {}},
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "model.skops"
    if isinstance(content, dict) and "format" not in content:
        write_model(content, path)
    else:
        path.write_bytes(skops.io.dumps(content))
    with pytest.raises(ClassifierUnavailable):
        load(path, sha256=sha256_of(path))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_model_with_numbers_that_are_none_is_refused(copy: Path, number: float) -> None:
    content = cut(opened(copy))
    content["pipeline"].named_steps["heads"].coef_[7, 1] = np.float32(number)
    sha256 = rewritten(content, copy)
    with pytest.raises(ClassifierUnavailable, match="numbers that are none"):
        load(copy, sha256=sha256)


def of_heads(**attributes: Any) -> Callable[[Any], None]:
    def spoil(pipeline: Any) -> None:
        for name, value in attributes.items():
            setattr(pipeline.named_steps["heads"], name, value)

    return spoil


def of_places(places: Callable[[np.ndarray], np.ndarray]) -> Callable[[Any], None]:
    def spoil(pipeline: Any) -> None:
        pipeline.named_steps["count"].kept_ = places(pipeline.named_steps["count"].kept_)

    return spoil


SPOILT = {
    "one label too few": of_heads(intercept_=np.zeros(7, np.float32)),
    "a slope for each label alone": of_heads(slope_=np.ones((1, 8))),
    "another order of languages": of_heads(languages=("hi", "en", "hi-Latn", "ur", "ur-Latn", "mr", "ar", "und")),
    "other labels": of_heads(labels=("rude",)),
    "places beyond the last": of_places(lambda kept: kept + np.int32(1 << 22)),
    "places that do not rise": of_places(lambda kept: kept[::-1].copy()),
    "objects for numbers": of_heads(intercept_=np.array([None] * 8)),
    "letters for numbers": of_heads(intercept_=np.array(["0"] * 8)),
    "a list for an array": of_heads(intercept_=[0.0] * 8),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_a_model_of_another_shape_is_refused(copy: Path, spoil: Callable[[Any], None]) -> None:
    content = cut(opened(copy))
    spoil(content["pipeline"])
    sha256 = rewritten(content, copy)
    with pytest.raises(ClassifierUnavailable):
        load(copy, sha256=sha256)


def test_the_control_that_spoils_nothing_is_taken(copy: Path) -> None:
    assert load(copy, sha256=rewritten(cut(opened(copy)), copy)).version == shipped().version


def rewrapped(path: Path, change: Callable[[str, bytes], bytes]) -> str:
    """The same archive with its members changed; answers its SHA-256."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, change(name, data))
    return sha256_of(path)


def named_elsewhere(name: str, data: bytes) -> bytes:
    return data.replace(b'"Pipeline"', b'"system"').replace(b'"sklearn.pipeline"', b'"os"')


def grown(name: str, data: bytes) -> bytes:
    return data + bytes(LARGEST_UNPACKED) if name.endswith(".npy") else data


def nested(name: str, data: bytes) -> bytes:
    return b'{"a":' * 200_000 if name == SCHEMA else data


def leading_outside(name: str, data: bytes) -> bytes:
    return re.sub(rb'"\d+\.npy"', b'"../../etc/passwd"', data)


@pytest.mark.parametrize("change", [named_elsewhere, grown, nested, leading_outside])
def test_a_hostile_archive_is_refused(copy: Path, change: Callable[[str, bytes], bytes]) -> None:
    sha256 = rewrapped(copy, change)
    with pytest.raises(ClassifierUnavailable, match="something else"):
        load(copy, sha256=sha256)


def test_the_same_archive_packed_anew_is_the_same_model(copy: Path) -> None:
    sha256 = rewrapped(copy, lambda name, data: data)
    assert load(copy, sha256=sha256).version == shipped().version


def test_scores_that_are_none_are_never_given_out() -> None:
    model = shipped()
    classifier = load(model.path, sha256=model.sha256)
    classifier._weights.intercept[0] = np.nan
    with pytest.raises(ClassifierUnavailable, match="finite"):
        classifier.classify(["hello"])


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.skops"
    write_whole(path, b"old")

    def full_disk(handle: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("moderation.classifier.files.os.fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_manifest_that_is_broken_or_missing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.classifier.files.SHIPPED", tmp_path)
    with pytest.raises(ClassifierUnavailable, match="manifest"):
        shipped()
    for broken in ('{"models": [{"version": 1}]}', "[" * 100_000):
        (tmp_path / "manifest.json").write_text(broken)
        with pytest.raises(ClassifierUnavailable, match="manifest"):
            shipped()


def test_nothing_of_the_outside_is_read_by_opening(copy: Path) -> None:
    """What is hashed is what is parsed: the file is read once."""
    reads: list[int] = []
    data = copy.read_bytes()

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            reads.append(size or 0)
            return super().read(size)

    class Once(type(copy)):  # type: ignore[misc]  # the concrete path class is chosen at run time
        def open(self, *args: object, **kwargs: object) -> Counted:  # type: ignore[override]  # bytes are enough here
            return Counted(data)

    load(Once(copy), sha256=shipped().sha256)
    assert len(reads) == 1
