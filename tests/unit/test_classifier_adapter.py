"""What an encoder was taught beyond its weights: added where it says, kept whole in a model's file, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderation.classifier import load, shipped
from moderation.classifier.encoder import LAYERS, Encoder, encoder_file
from moderation.classifier.encoder.adapter import Adapter
from moderation.classifier.files import ModelFile
from moderation.classifier.normalise import normalise
from moderation.classifier.second import ENCODER, adapter_of, encoder_hash, encoder_in
from moderation.classifier.vectors import Vectors
from moderation.errors import ClassifierUnavailable
from tests.model.lines import MUST_BE_PUBLISHED
from tests.model_files import additions, cut, opened, rewritten

FILE = encoder_file()
needs_encoder = pytest.mark.skipif(FILE is None, reason="the second stage's encoder is not installed")
FORMS = [normalise(line).text for line in MUST_BE_PUBLISHED[:6]]
WIDTH, INNER, RANK = 384, 1536, 2


def test_a_map_gets_the_product_added() -> None:
    given = additions(size=0.1)
    weights = np.ones((WIDTH, INNER), np.float32)
    found = Adapter(given).added("fo", 3, weights)
    assert found == pytest.approx(1 + given["fo_up"][3] @ given["fo_down"][3], abs=1e-5)
    assert (weights == 1).all()


@needs_encoder
def test_nothing_added_is_the_encoder_itself_and_something_is_not() -> None:
    assert FILE is not None
    plain = Encoder(FILE).vectors(FORMS, ["en"] * len(FORMS))
    same = Encoder(FILE, Adapter(additions())).vectors(FORMS, ["en"] * len(FORMS))
    other = Encoder(FILE, Adapter(additions(size=0.01))).vectors(FORMS, ["en"] * len(FORMS))
    assert same == pytest.approx(plain, abs=1e-6)
    assert np.abs(other - plain).max(axis=1).min() > 1e-3


def test_the_same_numbers_are_the_same_adapter() -> None:
    one, same, other = Adapter(additions(seed=1)), Adapter(additions(seed=1)), Adapter(additions(seed=2))
    assert (one.sha256, hash(one)) == (same.sha256, hash(same))
    assert one == same != other
    if FILE is not None:
        assert encoder_in(FILE, one) is encoder_in(FILE, same)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"q_up": np.full((LAYERS, WIDTH, RANK), np.nan)}, ValueError),
        ({"aln_scale": np.full((LAYERS, WIDTH), np.inf)}, ValueError),
        ({"q_up": "words"}, ValueError),
        ({"fi_down": None}, (TypeError, ValueError)),
    ],
)
def test_what_is_no_number_is_no_adapter(changed: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Adapter({**additions(), **changed})


def test_a_part_that_is_missing_is_no_adapter() -> None:
    given = additions()
    del given["oln_bias"]
    with pytest.raises(KeyError, match="oln_bias"):
        Adapter(given)
    assert Adapter.read(None) is None


@needs_encoder
@pytest.mark.parametrize(
    "changed",
    [
        {"q_down": np.zeros((LAYERS, RANK, WIDTH + 1))},
        {"q_down": np.zeros((LAYERS, RANK + 1, WIDTH))},
        {"fo_up": np.zeros((LAYERS - 1, WIDTH, RANK))},
        {"fo_up": np.zeros((LAYERS, 1, RANK))},
        {"k_up": np.zeros((WIDTH, RANK))},
        {"aln_bias": np.zeros((LAYERS, WIDTH - 1))},
        {"oln_scale": np.zeros((1, WIDTH)), "oln_bias": np.zeros((1, WIDTH))},
    ],
)
def test_additions_of_another_encoder_are_refused(changed: dict[str, Any]) -> None:
    assert FILE is not None
    with pytest.raises(ClassifierUnavailable, match="encoder"):
        Encoder(FILE, Adapter({**additions(), **changed}))


def file_with(folder: Path, **changes: Any) -> ModelFile:
    content = cut(opened(shipped().path))
    encoder = {ENCODER: encoder_hash(FILE)} if FILE is not None else {}
    path = folder / "m.skops"
    sha256 = rewritten(content, path, second={**content["second"], **encoder, **changes})
    return ModelFile("t", path, sha256, {})


@needs_encoder
def test_a_model_file_keeps_them_whole(tmp_path: Path) -> None:
    adapter = Adapter(additions(size=0.01))
    model = file_with(tmp_path, adapter=adapter.content())
    assert adapter_of(model) == adapter
    loaded = load(model.path, sha256=model.sha256)
    assert loaded.alone is None


@needs_encoder
def test_what_was_added_to_another_encoder_is_not_taken(tmp_path: Path) -> None:
    adapter = Adapter(additions(size=0.01)).content()
    assert adapter_of(file_with(tmp_path, adapter=adapter, encoder="0" * 64)) is None


def test_a_model_without_a_second_stage_has_none(tmp_path: Path) -> None:
    content = cut(opened(shipped().path))
    sha256 = rewritten(content, tmp_path / "f.skops")
    assert adapter_of(ModelFile("f", tmp_path / "f.skops", sha256, {})) is None


@needs_encoder
@pytest.mark.parametrize("adapter", [{"q_up": np.zeros(3)}, [1, 2], "words"])
def test_a_file_with_broken_additions_is_no_model(tmp_path: Path, adapter: Any) -> None:
    model = file_with(tmp_path, adapter=adapter)
    with pytest.raises(ClassifierUnavailable, match="lacks a part"):
        load(model.path, sha256=model.sha256)
    with pytest.raises(ClassifierUnavailable, match="lacks a part"):
        adapter_of(model)


@needs_encoder
def test_vectors_are_kept_apart_for_each_adapter(tmp_path: Path) -> None:
    assert FILE is not None
    lines: list[str] = []
    plain = Vectors(FILE, tmp_path).of(FORMS, progress=lines.append)
    taught = Vectors(FILE, tmp_path, Adapter(additions(size=0.01))).of(FORMS, progress=lines.append)
    assert len(list(tmp_path.iterdir())) == len(lines) == 2
    assert (plain != taught).any()
