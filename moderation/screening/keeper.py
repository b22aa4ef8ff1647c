"""The classifier in use, kept up to date: which model that is, and what to do when it can't be used."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from moderation.classifier import Classifier, ModelFile, Stages, load, shipped, shipped_models
from moderation.errors import ClassifierUnavailable

if TYPE_CHECKING:
    from moderation.store import ModelRecord, Store

log = structlog.get_logger(__name__)

TRY_AGAIN_S = 5.0
"""Seconds until a model that could not be used is tried again."""

ALERT_EVERY_S = 60.0
"""Seconds between two alerts that nothing is published for want of a model."""


async def model_in_use(store: Store) -> ModelFile:
    """The model promoted last, or the shipped one where none ever was. Raises ClassifierUnavailable without either.

    A promoted model that is missing is not replaced by another: nobody promoted that one.
    """
    record = await store.active_model()
    return shipped() if record is None else _file_of(record)


def _file_of(record: ModelRecord) -> ModelFile:
    path = Path(record.path)
    if not path.is_file():
        # A shipped model moves with the package; the same bytes elsewhere are the same model.
        for model in shipped_models():
            if model.sha256 == record.sha256:
                return model
    return ModelFile(record.version, path, record.sha256, record.figures)


def load_checked(model: ModelFile, stages: Stages) -> Classifier:
    """The classifier of a model file, after it scored a text. Blocking. Raises ClassifierUnavailable, and only that."""
    try:
        classifier = load(model.path, sha256=model.sha256, stages=stages)
        classifier.classify(["Well said."])
    except ClassifierUnavailable:
        raise
    except Exception as error:  # whatever it is: a model that can't score one plain sentence is none
        raise ClassifierUnavailable(f"the model does not answer: {type(error).__name__}") from error
    return classifier


class ModelKeeper:
    """Holds the classifier in use; `classifier` is None while there is no usable one.

    A new model takes over whole or not at all: while it loads, and when it can't be used, the old one goes on.
    """

    def __init__(self, wanted: Callable[[], Awaitable[ModelFile]], *, load: Callable[[ModelFile], Classifier]) -> None:
        self.classifier: Classifier | None = None
        self._wanted = wanted
        self._load = load
        self._loaded = ""
        self._refused = ""
        self._try_again_at = 0.0
        self._alert_at = 0.0

    async def refresh(self) -> None:
        """Look which model is to be used and load it if it is another one. Never raises."""
        try:
            await self._refresh()
        except ClassifierUnavailable as error:
            log.error("model refused", reason=str(error))
            self._alert(str(error))
        except Exception as error:  # drivers have errors of many kinds; the model in use goes on through all of them
            log.error("model unknown", error=type(error).__name__)
            self._alert("the database can't be asked which model is in use")

    async def _refresh(self) -> None:
        model = await self._wanted()
        if model.sha256 == self._loaded:
            return
        if model.sha256 == self._refused and time.monotonic() < self._try_again_at:
            self._alert("the model in use can't be loaded")
            return
        try:
            classifier = await asyncio.to_thread(self._load, model)
        except ClassifierUnavailable:
            self._refused, self._try_again_at = model.sha256, time.monotonic() + TRY_AGAIN_S
            raise
        self.classifier, self._loaded, self._refused = classifier, model.sha256, ""
        log.info("model loaded", version=classifier.version, second_stage=classifier.alone or "on")

    def _alert(self, reason: str) -> None:
        if self.classifier is None and time.monotonic() >= self._alert_at:
            self._alert_at = time.monotonic() + ALERT_EVERY_S
            log.critical("classifier unavailable", reason=reason, effect="every comment is held for a moderator")
