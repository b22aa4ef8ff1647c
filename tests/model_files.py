"""Model files opened as their writer sees them, to be spoilt and written again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import skops.io

from moderation.classifier.encoder import LAYERS, encoder_file
from moderation.classifier.encoder.adapter import DENSE, NORMS
from moderation.classifier.encoder.packed import Packed
from moderation.classifier.files import write_model

OURS = ["moderation.classifier.features.NgramCounter", "moderation.classifier.heads.LabelHeads"]


def opened(path: Path) -> dict[str, Any]:
    """The content of a model file of ours, with the pipeline as scikit-learn knows it."""
    content: dict[str, Any] = skops.io.load(path, trusted=OURS)
    return content


def cut(content: dict[str, Any], *, to: int = 1_000) -> dict[str, Any]:
    """The same with its first n-grams alone, which is written in a moment."""
    steps = content["pipeline"].named_steps
    steps["count"].kept_ = steps["count"].kept_[:to]
    steps["weigh"].idf_ = steps["weigh"].idf_[:to]
    steps["heads"].coef_ = steps["heads"].coef_[:to]
    return content


def rewritten(content: dict[str, Any], path: Path, **changes: Any) -> str:
    """Write it as training does; answers its SHA-256."""
    return write_model({part: content[part] for part in ("version", "pipeline", "thresholds")} | changes, path)


def additions(*, size: float = 0.0, seed: int = 0, rank: int = 2) -> dict[str, Any]:
    """What an encoder might have been taught, at random and of that size; its normalisations stay as they are."""
    width, inner = 384, 1536
    dice = np.random.default_rng(seed)
    made: dict[str, Any] = {}
    for name in DENSE:
        inputs, outputs = (inner if name == "fo" else width), (inner if name == "fi" else width)
        made[f"{name}_down"] = dice.normal(size=(LAYERS, rank, inputs)).astype(np.float32)
        made[f"{name}_up"] = (size * dice.normal(size=(LAYERS, outputs, rank))).astype(np.float32)
    path = encoder_file()
    packed = Packed(path) if path is not None else None
    for norm in NORMS:
        for side, letter in (("scale", "w"), ("bias", "b")):
            own = [
                packed.floats(f"l{layer}.{norm}.{letter}") if packed is not None else np.ones(width, np.float32)
                for layer in range(LAYERS)
            ]
            made[f"{norm}_{side}"] = np.stack(own)
    return made
