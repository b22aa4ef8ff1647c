"""Train a classifier from a folder of labelled comments, and from the examples of our own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import Pipeline

from moderation.classifier.calibration import Measured, calibrate, measure, suggest
from moderation.classifier.data import Example, none_read, not_commercial, read_examples
from moderation.classifier.encoder import encoder_file
from moderation.classifier.encoder.adapter import Adapter
from moderation.classifier.examples import own_examples
from moderation.classifier.features import NgramCounter
from moderation.classifier.files import ModelFile, write_model
from moderation.classifier.groups import folded
from moderation.classifier.heads import LabelHeads
from moderation.classifier.labels import LABELS, LANGUAGES
from moderation.classifier.model import Classifier
from moderation.classifier.normalise import normalise
from moderation.classifier.respelling import respelt_examples
from moderation.classifier.scoring import Weights
from moderation.classifier.second import ADAPTER, ENCODER, Stages, encoder_hash
from moderation.classifier.second_training import learn_second
from moderation.classifier.sources import OURS, RESPELT
from moderation.classifier.vectors import Vectors
from moderation.classifier.weights import balance, imply, known_matrix

LONGEST_LEARNED = 1_200  # code points of the normal form; what follows repeats the manner, not the matter
MIN_DOCUMENTS = 3
KEPT = 400_000  # n-grams in the file: 7 MB
FIRST_ROUNDS, ROUNDS = 60, 200  # fewer rounds cost .002 to .006 of AUC


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
    """Learn from every .csv.gz file of a folder, calibrate on `held_out`, write the model to `out` whole or not at all.

    Deterministic: the same files give the same hash on one kind of processor. Without `held_out` the folder's neighbour
    `dev` is taken, and without one each tenth example is held out. Files that `skip` names and those named `…_NC` are
    never learned from.
    A second stage is learned where its encoder is installed and `stages` allows it; `cache` is a folder that keeps what
    the encoder made of comments for the next training, and `adapter` what the encoder was taught beyond its weights.
    Raises ValueError for a folder without labelled comments or with a broken file, and OSError where `out` can't be
    written; what was at `out` then stays.
    """
    started = time.monotonic()
    examples, kept_back = _gather(folder, held_out, lambda stem: not_commercial(stem) or skip(stem))
    ours = sum(example.source.startswith(OURS) for example in examples)
    progress(f"{len(examples):,} examples to learn from, {ours:,} of them phrases that come with the program")
    progress(f"{len(kept_back):,} held out")
    pipeline = _learn(examples, progress)
    heads: LabelHeads = pipeline.named_steps["heads"]
    measured = _measure(_classifier(pipeline, version), kept_back)
    heads.slope_, heads.shift_ = calibrate(measured)
    fast = _classifier(pipeline, version)
    # As they will be given, with the scores of parts; the calibration above is that of whole texts.
    scores, _ = fast.scores([example.text for example in kept_back])
    thresholds = suggest(scores, measured)
    content: dict[str, Any] = {"version": version, "pipeline": pipeline}
    encoder = encoder_file() if stages == "all" else None
    if encoder is not None:
        vectors = Vectors(encoder, cache, adapter)
        second, suggested = learn_second(fast, examples, kept_back, vectors=vectors, progress=progress)
        thresholds = _stricter(thresholds, suggested)
        content["second"] = {ENCODER: encoder_hash(encoder), **second.content()}
        if adapter is not None:
            content["second"][ADAPTER] = adapter.content()
    content["thresholds"] = {label: list(pair) for label, pair in thresholds.items()}
    sha256 = write_model(content, out)
    progress(f"written in {time.monotonic() - started:.0f} s: {out.name}, {out.stat().st_size:,} bytes")
    figures = {"thresholds": content["thresholds"], "examples": _counts(examples)}
    return ModelFile(version, out, sha256, figures)


def _gather(folder: Path, held_out: Path | None, skip: Callable[[str], bool]) -> tuple[list[Example], list[Example]]:
    given = list(read_examples(folder, skip=skip))
    if not given:
        raise ValueError(none_read(folder))
    neighbour = held_out or folder.with_name("dev")
    if neighbour.is_dir() and neighbour != folder:
        back = list(read_examples(neighbour, skip=lambda stem: skip(stem) or stem.startswith("suite_")))
    else:
        back, given = given[::10], [example for place, example in enumerate(given) if place % 10]
    again = [replace(example, source=example.source + RESPELT) for example in respelt_examples(given)]
    return [*given, *again, *own_examples()], [*back, *own_examples(held_out=True)]


def _learn(examples: Sequence[Example], progress: Callable[[str], None]) -> Pipeline:
    texts = [folded(normalise(example.text)).text[:LONGEST_LEARNED] for example in examples]
    asked = known_matrix(examples)
    known = imply(asked)
    weights = balance(examples, known, asked)
    counter = NgramCounter(MIN_DOCUMENTS).fit(texts)
    progress(f"{len(counter.kept_):,} n-grams found in {MIN_DOCUMENTS} texts or more")
    counts = counter.transform(texts)
    weigher = TfidfTransformer(sublinear_tf=True)
    heads = LabelHeads(LABELS, LANGUAGES, at_most=FIRST_ROUNDS)
    if counts.shape[1] > KEPT:
        progress("which n-grams tell most:")
        heads.fit(weigher.fit_transform(counts), known, weights=weights, progress=progress)
        columns = _weightiest(heads.coef_, KEPT)
        counter.keep(columns)
        counts = counts[:, np.sort(columns)]
    heads.at_most = ROUNDS
    progress("learning:")
    heads.fit(weigher.fit_transform(counts), known, weights=weights, progress=progress)
    _round_off(heads, weigher)
    return Pipeline([("count", counter), ("weigh", weigher), ("heads", heads)])


def _classifier(pipeline: Pipeline, version: str) -> Classifier:
    heads: LabelHeads = pipeline.named_steps["heads"]
    weights = Weights(
        kept=pipeline.named_steps["count"].kept_,
        idf=pipeline.named_steps["weigh"].idf_,
        coefficients=heads.coef_,
        intercept=heads.intercept_,
        slope=heads.slope_,
        shift=heads.shift_,
    )
    return Classifier(weights, version=version, thresholds={})


def _stricter(
    ones: Mapping[str, tuple[float, float]], others: Mapping[str, tuple[float, float]]
) -> Mapping[str, tuple[float, float]]:
    """For each label what both allow to be rejected: the same thresholds serve with and without the second stage."""
    return {label: (hold, max(reject, others[label][1])) for label, (hold, reject) in ones.items()}


def _weightiest(coefficients: NDArray[Any], count: int) -> NDArray[np.int64]:
    """The columns that weigh most for any label, each label's weights measured against its own spread."""
    spread = np.maximum(coefficients.std(axis=0), 1e-9)
    most = np.abs(coefficients / spread).max(axis=1)
    return np.argsort(-most, kind="stable")[:count].astype(np.int64)


def _round_off(heads: LabelHeads, weigher: TfidfTransformer) -> None:
    """Eleven bits of each weight are plenty, and the rest would double the file."""
    heads.coef_ = heads.coef_.astype(np.float16).astype(np.float32)
    weigher.idf_ = weigher.idf_.astype(np.float16).astype(np.float32)


def _measure(classifier: Classifier, examples: Sequence[Example]) -> Measured:
    margins, languages = classifier.margins([example.text for example in examples])
    return measure(margins, imply(known_matrix(examples)), languages, [example.source for example in examples])


def _counts(examples: Sequence[Example]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for example in examples:
        counts[example.source] = counts.get(example.source, 0) + 1
    return counts
