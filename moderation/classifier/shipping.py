"""Make the models that ship: `python -m moderation.classifier.shipping FOLDER VERSION [CACHE]`.

FOLDER holds train/ and dev/; CACHE keeps the encoder's vectors for another time, and may hold what `scripts.adapting`
taught the encoder for each of the two; else each takes the additions of the model that ships in its place.

Two of them: one from every file that may be trained on, and one without those whose licence is not stated, which is for
whoever must know the licence of everything. The manifest beside them names their hashes and figures.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from moderation.classifier.encoder.adapter import Adapter
from moderation.classifier.evaluation import evaluate
from moderation.classifier.files import MANIFEST, SHIPPED, ModelFile, shipped_models, write_whole
from moderation.classifier.model import load
from moderation.classifier.second import STAGES, adapter_of
from moderation.classifier.sources import source_named
from moderation.classifier.training import train

OF_EACH = 300
"""Comments of each file, language and side on which the stages are measured beside each other; one alone, on all."""


def ship(
    folder: Path, version: str, *, into: Path = SHIPPED, cache: Path | None = None, progress: Callable[[str], None]
) -> tuple[ModelFile, ...]:
    """Train both models from `folder`/train, measure them on `folder`/dev, and write them with their manifest.

    The second one has the next number: 2026-11-22.3 beside 2026-11-22.2. The manifest comes last, so a crash leaves the
    old models in use. Raises ValueError and OSError as training does.
    """
    day, _, number = version.rpartition(".")
    models = (
        _made(folder, version, into, cache, progress, stated_only=False),
        _made(folder, f"{day}.{int(number) + 1}", into, cache, progress, stated_only=True),
    )
    write_whole(into / MANIFEST, _manifest(models))
    return models


def _made(
    folder: Path, version: str, into: Path, cache: Path | None, progress: Callable[[str], None], *, stated_only: bool
) -> ModelFile:
    progress(f"model {version}")
    model = train(
        folder / "train",
        out=into / f"{version}.skops",
        version=version,
        progress=progress,
        skip=lambda stem: left_out(stem, stated_only=stated_only),
        held_out=folder / "dev",
        cache=cache,
        adapter=_adapter(cache, stated_only=stated_only),
    )
    fast = evaluate(load(model.path, sha256=model.sha256, stages="fast"), folder / "dev", progress=progress)
    progress(fast.table())
    licences = {stem: source_named(stem).licence for stem in model.figures["examples"]}
    figures = {
        **model.figures,
        "stated_licences_only": stated_only,
        "licences": licences,
        "languages": fast.summary(),
        "stages": {
            stages: evaluate(
                load(model.path, sha256=model.sha256, stages=stages), folder / "dev", at_most=OF_EACH, progress=progress
            ).summary()
            for stages in STAGES
        },
    }
    return ModelFile(model.version, model.path, model.sha256, figures)


def left_out(stem: str, *, stated_only: bool) -> bool:
    """Whether one of the two learns nothing of a file."""
    return stated_only and not source_named(stem).stated


def adapter_file(cache: Path, *, stated_only: bool) -> Path:
    """Where additions newly learned wait for the next model: arrays as `Adapter` takes them."""
    return cache / f"adapter-{'stated' if stated_only else 'all'}.npz"


def _adapter(cache: Path | None, *, stated_only: bool) -> Adapter | None:
    path = adapter_file(cache, stated_only=stated_only) if cache is not None else None
    if path is not None and path.is_file():
        with np.load(path, allow_pickle=False) as parts:
            return Adapter(parts)
    for model in shipped_models():
        if model.figures.get("stated_licences_only") == stated_only:
            return adapter_of(model)
    return None


def _manifest(models: Iterable[ModelFile]) -> bytes:
    entries: list[dict[str, Any]] = [
        {"version": model.version, "file": model.path.name, "sha256": model.sha256, "figures": model.figures}
        for model in models
    ]
    return (json.dumps({"models": entries}, indent=1, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cache = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    ship(Path(sys.argv[1]), sys.argv[2], cache=cache, progress=logging.getLogger(__name__).info)
