"""`train`, `evaluate` and `model …`: the classifier's life from the command line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import typer

from moderation import learning
from moderation.classifier import ModelFile, shipped
from moderation.cli.opened import has_data, require_data, with_store
from moderation.running import EXIT_REFUSED, who
from moderation.screening import load_checked, model_in_use
from moderation.settings import Settings
from moderation.store import Store

R = TypeVar("R")


def train(settings: Settings, examples: Path, *, held_out: Path | None, out: Path | None) -> int:
    """Train, judge and record; answers 0 where the model may be promoted. Promotes nothing."""

    async def work(store: Store) -> learning.Trial:
        folder = out or settings.data_dir / "models"
        return await learning.train(
            store, examples, held_out=held_out, out=folder, now=datetime.now(UTC), progress=_progress
        )

    try:
        trial = with_store(settings, work)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"baithak: {error}\n")
        return EXIT_REFUSED
    if trial.figures is not None:
        typer.echo(trial.figures.table())
    typer.echo(f"model {trial.model.version}, {trial.model.path}")
    for reason in trial.reasons:
        typer.echo(f"  - {reason}")
    if trial.reasons:
        typer.echo("refuse")
        return EXIT_REFUSED
    typer.echo(f"promote   (baithak model promote {trial.model.version})")
    return 0


def evaluate(settings: Settings, examples: Path, *, version: str | None, as_json: bool) -> int:
    """Measure the model in use, or another, on labelled comments."""
    from moderation.classifier.evaluation import evaluate as measure

    async def wanted(store: Store | None) -> ModelFile:
        if version is not None:
            return await learning.find(store, version)
        return await model_in_use(store) if store is not None else shipped()

    try:
        figures = measure(load_checked(_with_known(settings, wanted)), examples, progress=_progress)
    except ValueError as error:
        sys.stderr.write(f"baithak: {error}\n")
        return EXIT_REFUSED
    typer.echo(json.dumps(figures.to_json(), ensure_ascii=False) if as_json else figures.table())
    return 0


def list_models(settings: Settings) -> None:
    """Every model, the one in use marked."""
    for known in _with_known(settings, learning.models):
        refused = known.model.figures.get(learning.JUDGEMENT, {}).get("refused")
        mark, note = "*" if known.in_use else " ", "  refused" if refused else ""
        typer.echo(f"{mark} {known.model.version}  {known.model.sha256[:16]}  {known.model.path}{note}")


def show(settings: Settings, version: str) -> None:
    """One model and its figures, as JSON. Raises PromotionRefused when there is none."""
    model = _with_known(settings, lambda store: learning.find(store, version))
    whole = {"version": model.version, "sha256": model.sha256, "path": str(model.path), "figures": dict(model.figures)}
    typer.echo(json.dumps(whole, ensure_ascii=False, indent=2))


def promote(settings: Settings, version: str, *, anyway: bool) -> None:
    """Put a model into use. Raises PromotionRefused."""
    require_data(settings)
    with_store(
        settings, lambda store: learning.promote(store, version, who=who(), now=datetime.now(UTC), anyway=anyway)
    )
    typer.echo(f"model {version} is in use")


def rollback(settings: Settings) -> None:
    """Put the model into use that was before. Raises PromotionRefused."""
    require_data(settings)
    before = with_store(settings, lambda store: learning.rollback(store, who=who(), now=datetime.now(UTC)))
    typer.echo(f"model {before} is in use again")


def _with_known(settings: Settings, work: Callable[[Store | None], Awaitable[R]]) -> R:
    """Look something up, in the store where there is one: asking makes no database."""
    if has_data(settings):
        return with_store(settings, work)

    async def without() -> R:
        return await work(None)

    return asyncio.run(without())


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")
