"""The classifier: a text in, a score for each label out, with what weighed most. Takes and gives values only.

    text → normalise → features (n-grams) → a linear model per label → calibration by language → Screened
                          in doubt: encoder → a small network per label, added to that ↗

Importing this loads neither scikit-learn nor a model: `load`, `train` and `evaluate` do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from moderation.classifier.encoder.adapter import Adapter
from moderation.classifier.evaluation import Evaluation, compare, evaluate
from moderation.classifier.files import ModelFile, shipped, shipped_models
from moderation.classifier.labels import LABELS
from moderation.classifier.languages import detect_language
from moderation.classifier.model import Classifier, Screened, load
from moderation.classifier.normalise import Normalised, normalise
from moderation.classifier.second import Stages, adapter_of

__all__ = [
    "LABELS",
    "Adapter",
    "Classifier",
    "Evaluation",
    "ModelFile",
    "Normalised",
    "Screened",
    "Stages",
    "adapter_of",
    "compare",
    "detect_language",
    "evaluate",
    "load",
    "normalise",
    "shipped",
    "shipped_models",
    "train",
]


def train(
    folder: Path,
    *,
    out: Path,
    version: str,
    progress: Callable[[str], None],
    skip: Callable[[str], bool] = lambda stem: False,
    held_out: Path | None = None,
    stages: Stages = "all",
    cache: Path | None = None,
    adapter: Adapter | None = None,
) -> ModelFile:
    """Train from a folder of labelled .csv.gz files: see `moderation.classifier.training.train`."""
    from moderation.classifier import training

    return training.train(
        folder,
        out=out,
        version=version,
        progress=progress,
        skip=skip,
        held_out=held_out,
        stages=stages,
        cache=cache,
        adapter=adapter,
    )
