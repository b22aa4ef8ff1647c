"""Model files opened as their writer sees them, to be spoilt and written again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import skops.io

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
