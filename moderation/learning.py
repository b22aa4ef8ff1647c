"""The classifier's life: trained, judged, recorded, and put into use by a person; never by itself.

train → judge → record          the model in use is untouched, whenever a training is stopped
                promote         every worker uses it within seconds
                rollback        the one that was in use before
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from moderation import classifier
from moderation.classifier import Adapter, ModelFile, Stages, adapter_of, shipped, shipped_models
from moderation.errors import ClassifierUnavailable, PromotionRefused
from moderation.screening import load_checked, model_in_use
from moderation.store import ModelRecord, Store

if TYPE_CHECKING:
    from moderation.classifier.evaluation import Evaluation

JUDGED_OF_EACH = 300
"""Comments of each file, language and side that a model with a second stage is judged on."""

JUDGEMENT = "judged"
"""Key of a recorded model's figures under which its trial stands."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A trained model and what was found about it; `reasons` against its promotion, none where it may take over."""

    model: ModelFile
    figures: Evaluation | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be put into use, and whether it is in use now."""

    model: ModelFile
    in_use: bool


async def train(
    store: Store,
    examples: Path,
    *,
    held_out: Path | None,
    out: Path,
    now: datetime,
    progress: Callable[[str], None],
    stages: Stages = "all",
) -> Trial:
    """Train on a folder of labelled comments, judge the model beside the one in use, and record it.

    Never changes which model is in use, and takes from it what its encoder was taught. Without a folder held out (`dev`
    beside the examples unless it is given) there is nothing to judge by, which is a reason against promotion. Raises
    ValueError for a folder without labelled comments, OSError where `out` can't be written.
    """
    judged_on = held_out or examples.with_name("dev")
    nothing = None if judged_on.is_dir() else _nothing_to_judge_by(judged_on)
    if nothing is not None:
        progress(f"{nothing}: the model will be trained and refused")
    path = _place(out, {known.model.version for known in await models(store)}, now)
    try:
        model = classifier.train(
            examples,
            out=path,
            version=path.stem,
            progress=progress,
            held_out=held_out,
            stages=stages,
            cache=out,
            adapter=await _adapter_in_use(store, progress) if stages == "all" else None,
        )
    finally:
        if path.is_file() and path.stat().st_size == 0:
            path.unlink()
    if nothing is None:
        trial = await _judge(store, model, judged_on, progress, stages)
    else:
        trial = Trial(model, None, (nothing,))
    languages = trial.figures.summary() if trial.figures is not None else {}
    judgement = {"refused": list(trial.reasons), "languages": languages, "held_out": str(judged_on)}
    figures = {**model.figures, JUDGEMENT: judgement}
    await store.record_model(ModelRecord(model.version, model.sha256, str(model.path.resolve()), figures, now))
    return trial


async def _adapter_in_use(store: Store, progress: Callable[[str], None]) -> Adapter | None:
    """What the encoder of the model in use was taught: a new model reads with the same one."""
    try:
        return adapter_of(await model_in_use(store))
    except ClassifierUnavailable as error:
        progress(f"the encoder reads as its package has it, for the model in use can't be read: {error}")
        return None


async def _judge(
    store: Store, model: ModelFile, folder: Path, progress: Callable[[str], None], stages: Stages
) -> Trial:
    from moderation.classifier.evaluation import compare, evaluate

    progress(f"judging {model.version} on {folder}:")
    # The second stage takes a hundred times as long.
    most = JUDGED_OF_EACH if stages == "all" else None
    candidate = evaluate(load_checked(model, stages), folder, progress=progress, at_most=most)
    if not any("auc" in found and "clean" in found and "abuse" in found for found in candidate.summary().values()):
        told = f"{folder} tells too little to judge it by: no set there has enough comments of both sides"
        return Trial(model, candidate, (told,))
    try:
        current = load_checked(await model_in_use(store), stages)
        progress(f"and {current.version}, which is in use:")
    except ClassifierUnavailable as error:
        progress(f"the model in use can't be compared with: {error}")
        return Trial(model, candidate, ())
    return Trial(
        model, candidate, tuple(compare(candidate, evaluate(current, folder, progress=progress, at_most=most)))
    )


def _nothing_to_judge_by(folder: Path) -> str:
    return f"there is no folder of held-out comments to judge it by, neither {folder} nor another by --held-out"


def _place(out: Path, taken: Collection[str], now: datetime) -> Path:
    """An empty file with the first free version of the day for its name, such as 2026-11-24.1.skops.

    It is made at once, so that another training, of this system or another one, takes the next. Raises OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        path = out / f"{now:%Y-%m-%d}.{number}.skops"
        if path.stem not in taken:
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                continue
            return path
    raise AssertionError


async def models(store: Store | None) -> list[KnownModel]:
    """Every model that ships or was trained on this system, oldest version first; without a store the shipped ones."""
    recorded = [_file(record) for record in await store.models()] if store is not None else []
    known = {model.version: model for model in [*shipped_models(), *recorded]}
    active = await store.active_model() if store is not None else None
    in_use = active.version if active is not None else shipped().version
    return [KnownModel(known[version], version == in_use) for version in sorted(known, key=_order)]


async def find(store: Store | None, version: str) -> ModelFile:
    """The model of that version. Raises PromotionRefused when there is none."""
    for known in await models(store):
        if known.model.version == version:
            return known.model
    raise PromotionRefused(f"there is no model {version}; `model list` shows those there are")


async def promote(store: Store, version: str, *, who: str, now: datetime, anyway: bool = False) -> None:
    """Put a model into use everywhere. Raises PromotionRefused when its file can't be used, or when it was judged worse
    than the one in use then, unless `anyway`."""
    model = await find(store, version)
    reasons: Sequence[str] = model.figures.get(JUDGEMENT, {}).get("refused", ())
    if reasons and not anyway:
        raise PromotionRefused(f"model {version} is refused: {'; '.join(reasons)} (--anyway puts it into use)")
    try:
        load_checked(model, "fast")
    except ClassifierUnavailable as error:
        raise PromotionRefused(f"model {version} can't be used: {error}") from error
    await store.record_model(ModelRecord(model.version, model.sha256, str(model.path), dict(model.figures), now))
    await store.promote(version, who=who, now=now)


async def rollback(store: Store, *, who: str, now: datetime) -> str:
    """Put the model into use again that was before the present one; answers its version.

    Once more goes one further back: what was taken back does not come again. It is not judged again: it served before.
    Raises PromotionRefused when there was none, or its file can't be used.
    """
    promotions = [promotion.version for promotion in await store.promotions()]
    if not promotions:
        raise PromotionRefused("the shipped model is in use and was never replaced")
    replaced = [shipped().version]  # one behind the other, the one in use last
    for version in promotions:
        if version in replaced:
            del replaced[replaced.index(version) + 1 :]
        else:
            replaced.append(version)
    if len(replaced) == 1:
        raise PromotionRefused("no other model was in use before")
    before = replaced[-2]
    await promote(store, before, who=who, now=now, anyway=True)
    return before


def _file(record: ModelRecord) -> ModelFile:
    return ModelFile(record.version, Path(record.path), record.sha256, record.figures)


def _order(version: str) -> tuple[str, int, str]:
    day, _, number = version.partition(".")
    return (day, int(number), "") if number.isdecimal() else (day, 0, number)
