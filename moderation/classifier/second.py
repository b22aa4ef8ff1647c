"""The second stage: what a comment means, asked where its words leave doubt. In numpy alone.

    vector of the encoder → a small network for each label → its margin, added to the fast stage's → scores, calibrated

A model file may hold one or none; without it, or without the encoder, the fast stage's scores stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.encoder import PACKAGE, WIDTH, Encoder, encoder_file
from moderation.classifier.encoder.adapter import Adapter
from moderation.classifier.files import ModelFile, read_model
from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.scoring import calibrated, rows_of
from moderation.errors import ClassifierUnavailable

Floats = NDArray[np.floating[Any]]

Stages = Literal["all", "fast"]
"""Which stages read a comment: the fast one alone, or the second one too where a model and this machine have one."""

STAGES: tuple[Stages, ...] = ("fast", "all")

ENCODER, ADAPTER = "encoder", "adapter"
"""Keys of a model file's second stage: the SHA-256 of the encoder's file, and what the encoder was taught beyond it."""

ENCODERS_KEPT = 2
"""Encoders that stay loaded, 60 MB each: the one in use, and one that is looked at or takes its place."""


@dataclass(frozen=True, slots=True)
class Heads:
    """A network with one hidden layer for each label, and how its margin joins the fast stage's.

    `hidden` is labels × WIDTH × units, `out` labels × units. `share`, `slope` and `shift` are languages × labels: a
    score is 1 / (1 + exp(-(slope · (margin + share · own) + shift))). `asked`: two scores, it is asked between them.
    """

    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    out: NDArray[np.float32]
    out_bias: NDArray[np.float32]
    share: Floats
    slope: Floats
    shift: Floats
    asked: Floats

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Self:
        """What a model file holds. Raises KeyError, TypeError and ValueError for what is none."""
        heads = cls(**{field.name: content[field.name] for field in fields(cls)})
        units = heads.out.size // len(LABELS)
        by_language = (len(LANGUAGES), len(LABELS))
        shapes = {
            "hidden": (len(LABELS), WIDTH, units),
            "hidden_bias": (len(LABELS), units),
            "out": (len(LABELS), units),
            "out_bias": (len(LABELS),),
            "share": by_language,
            "slope": by_language,
            "shift": by_language,
            "asked": (2,),
        }
        for name, shape in shapes.items():
            numbers = getattr(heads, name)
            if numbers.shape != shape or not np.isfinite(numbers).all():
                raise ValueError(
                    f"{name} of the second stage is {numbers.shape}, not {shape}, or holds what is no number"
                )
        return heads

    def content(self) -> dict[str, Any]:
        """As `read` takes it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def own_margins(self, vectors: Floats) -> Floats:
        """Texts × labels, of the encoder alone."""
        inner = np.matmul(vectors[None], self.hidden) + self.hidden_bias[:, None]
        np.maximum(inner, 0, out=inner)
        margins: Floats = np.einsum("ltu,lu->tl", inner, self.out) + self.out_bias
        return margins.astype(np.float64)

    def doubtful(self, scores: Floats) -> NDArray[np.bool_]:
        """Which texts the fast stage leaves in doubt: whose highest score of any label lies between the two."""
        highest = scores.max(axis=1)
        doubtful: NDArray[np.bool_] = (highest > self.asked[0]) & (highest < self.asked[1])
        return doubtful

    def scores(self, vectors: Floats, margins: Floats, languages: Sequence[str]) -> Floats:
        """Texts × labels in 0..1, from the encoder's vectors and the fast stage's margins."""
        joined = margins + self.share[rows_of(languages)] * self.own_margins(vectors)
        return calibrated(joined, languages, self.slope, self.shift)


@dataclass(frozen=True, slots=True)
class SecondStage:
    """An encoder with the heads that were learned on it."""

    encoder: Encoder
    heads: Heads

    def scores(self, forms: Sequence[str], margins: Floats, languages: Sequence[str]) -> Floats:
        """Texts × labels in 0..1; rows alike in all three."""
        return self.heads.scores(self.encoder.vectors(forms, languages), margins, languages)


def second_stage(content: Mapping[str, Any] | None, stages: Stages) -> SecondStage | str:
    """The second stage that a model file holds, or why the fast one reads alone.

    Raises ClassifierUnavailable for an encoder that can't be read or additions of another one, and KeyError, TypeError
    or ValueError for heads or additions that are none.
    """
    if stages == "fast":
        return "the second stage is switched off"
    if content is None:
        return "this model has no second stage"
    heads, adapter = Heads.read(content), Adapter.read(content.get(ADAPTER))
    path = encoder_file()
    if path is None:
        return f"the second stage's package {PACKAGE} is not installed"
    try:
        if encoder_hash(path) != content[ENCODER]:
            return f"the second stage was learned on another version of {PACKAGE}"
    except OSError as error:
        return f"the second stage's encoder can't be read: {error.strerror}"
    return SecondStage(encoder_in(path, adapter), heads)


def adapter_of(model: ModelFile) -> Adapter | None:
    """What the encoder was taught that a model reads with; None for a model without.

    None as well where that encoder is not the one installed: what was added to other weights fits no others. Raises
    ClassifierUnavailable.
    """
    second = read_model(model.path, sha256=model.sha256).get("second")
    path = encoder_file()
    if second is None or path is None:
        return None
    try:
        return Adapter.read(second.get(ADAPTER)) if second[ENCODER] == encoder_hash(path) else None
    except OSError as error:
        raise ClassifierUnavailable(f"the second stage's encoder can't be read: {error.strerror}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ClassifierUnavailable(f"the model file lacks a part: {error}") from error


@lru_cache(ENCODERS_KEPT)
def encoder_in(path: Path, adapter: Adapter | None = None) -> Encoder:
    """The encoder of a file with its additions, loaded once. Raises ClassifierUnavailable."""
    return Encoder(path, adapter)


@cache
def encoder_hash(path: Path) -> str:
    """SHA-256 of an encoder's file: heads learned on one are noise on another. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
