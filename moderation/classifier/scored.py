"""Labelled comments with the scores that a classifier gives them: what every figure is reckoned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.data import Example, drawn, none_read, read_examples

ENOUGH = 20  # of each side, or a figure is chance
ASSUMED_CLEAN = "_unlabelled"  # files of ordinary text nobody rated: only for how much of it is held


class Scorer(Protocol):
    """What is measured: a `moderation.classifier.model.Classifier`, or whatever else gives such scores."""

    def scores(self, texts: Sequence[str]) -> tuple[NDArray[np.floating[Any]], list[str]]:
        """Texts × labels, and the languages found."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The comments of one source in one language, and their scores, comments × labels."""

    source: str
    language: str
    examples: Sequence[Example]
    scores: NDArray[np.floating[Any]]


def score_folder(
    classifier: Scorer, folder: Path, *, progress: Callable[[str], None], at_most: int | None = None
) -> list[Scored]:
    """Score every .csv.gz file of a folder, by source and language, and say after each how far it is.

    With `at_most` so many comments of each file, language and side, the same ones every time.

    Measures only: nothing is fitted, so files named `…_NC` are read too. Raises ValueError for a folder without
    labelled comments or with a broken file.
    """
    by_source: dict[str, list[Example]] = {}
    for example in read_examples(folder, labelled_only=False):
        if example.labelled or example.source.endswith(ASSUMED_CLEAN):
            by_source.setdefault(example.source, []).append(example)
    if not by_source:
        raise ValueError(none_read(folder))
    found: list[Scored] = []
    if at_most is not None:
        by_source = {source: drawn(examples, at_most) for source, examples in by_source.items()}
    whole, done = sum(map(len, by_source.values())), 0
    for source, examples in by_source.items():
        scores, _ = classifier.scores([example.text for example in examples])
        for language in sorted({example.language for example in examples}):
            rows = [place for place, example in enumerate(examples) if example.language == language]
            found.append(Scored(source, language, [examples[place] for place in rows], scores[rows]))
        done += len(examples)
        progress(f"{done:,} of {whole:,} comments: {source}")
    return found
