"""`train`, `evaluate` and `model …`: the classifier's life from the command line."""

from __future__ import annotations

import asyncio
import errno
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from moderation import learning
from moderation.classifier import ModelFile, shipped
from moderation.classifier.files import write_whole
from moderation.cli.opened import has_data, require_data, with_store
from moderation.running import EXIT_REFUSED, who
from moderation.screening import load_checked, model_in_use
from moderation.settings import Settings
from moderation.store import Store

if TYPE_CHECKING:
    from moderation.classifier import Classifier, Evaluation
    from moderation.classifier.scored import Scored

R = TypeVar("R")

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
"""Of a file being written, which name none."""


def train(settings: Settings, examples: Path, *, held_out: Path | None, out: Path | None) -> int:
    """Train, judge and record; answers 0 where the model may be promoted. Promotes nothing."""

    async def work(store: Store) -> learning.Trial:
        folder = out or settings.data_dir / "models"
        try:
            return await learning.train(
                store,
                examples,
                held_out=held_out,
                out=folder,
                now=datetime.now(UTC),
                progress=_progress,
                stages=settings.stages,
            )
        except OSError as error:
            if error.filename is None and error.errno not in DISK_ERRORS:
                raise  # it is the database's
            raise ValueError(f"{error.filename or folder} can't be written: {error.strerror}") from error

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


def evaluate(
    settings: Settings,
    examples: Path,
    *,
    version: str | None,
    as_json: bool,
    html: Path | None,
    at_most: int | None,
) -> int:
    """Measure the model in use, or another, on labelled comments; draw every figure where a page is asked for."""
    from moderation.classifier.evaluation import judge, left_out
    from moderation.classifier.scored import score_folder

    async def wanted(store: Store | None) -> ModelFile:
        if version is not None:
            return await learning.find(store, version)
        return await model_in_use(store) if store is not None else shipped()

    try:
        classifier = load_checked(_with_known(settings, wanted), settings.stages)
        scored = score_folder(classifier, examples, progress=_progress, at_most=at_most)
        figures = judge(classifier, scored)
        told = figures.to_json()
        if html is not None:
            told = _draw(classifier, scored, figures, html)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"baithak: {error}\n")
        return EXIT_REFUSED
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else figures.table())
    for line in left_out(scored):
        _progress(line)
    return 0


def _draw(classifier: Classifier, scored: Sequence[Scored], figures: Evaluation, html: Path) -> dict[str, Any]:
    """Reckon what only the page shows, write the page whole or not at all, and answer all figures as JSON has them."""
    from moderation.classifier.figures.detail import detail
    from moderation.classifier.figures.page import page

    found = detail(classifier, scored, figures, progress=_progress)
    write_whole(html, page(found, now=datetime.now(UTC)).encode())
    _progress(f"{html} written")
    return found.to_json()


def list_models(settings: Settings) -> None:
    """Every model, the one in use marked: how many examples taught it, how it judges in the mean of languages, where it
    is."""
    known = _with_known(settings, learning.models)
    width = max(len(each.model.version) for each in known)
    for each in known:
        mark = "*" if each.in_use else " "
        typer.echo(
            f"{mark} {each.model.version:{width}}  {each.model.sha256[:16]}  {_told(each.model)}  {each.model.path}"
        )


def _told(model: ModelFile) -> str:
    """A model's figures in a few words; nothing of what was not recorded."""
    judged = model.figures.get(learning.JUDGEMENT, {})
    languages = list((judged.get("languages") or model.figures.get("languages") or {}).values())
    words = []
    if examples := sum(model.figures.get("examples", {}).values()):
        words.append(f"{examples:,} examples")
    if aucs := [each["auc"]["toxic"] for each in languages if "toxic" in each.get("auc", {})]:
        words.append(f"AUC {fmean(aucs):.3f}")
    for side, what in (("clean", "clean published"), ("abuse", "abuse published")):
        if shares := [each[side]["published"] for each in languages if side in each]:
            words.append(f"{what} {fmean(shares):.0%}")
    if model.figures.get("stated_licences_only"):
        words.append("stated licences only")
    if judged.get("languages"):
        words.append(f"judged on {judged['held_out']}" if "held_out" in judged else "judged on comments of its own")
    if judged.get("refused"):
        words.append("refused")
    return ", ".join(words) or "never measured"


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
