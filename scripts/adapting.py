"""Teach the second stage's encoder the labels, as small additions to its layers.

    python -m scripts.adapting ../shared/data CACHE            for the model of all files
    python -m scripts.adapting ../shared/data CACHE --stated   for that of files whose licence is stated

Learns from FOLDER/train and our own examples; nothing held out is read. Writes the additions into CACHE, where
`moderation.classifier.shipping` finds them. Wants PyTorch (`pip install torch`), which nothing else here does, and half
an hour of two processors.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.data import Example, not_commercial, read_examples
from moderation.classifier.encoder import Encoder, encoder_file, readable
from moderation.classifier.encoder.adapter import Adapter
from moderation.classifier.encoder.packed import Packed
from moderation.classifier.encoder.pieces import Pieces
from moderation.classifier.examples import own_examples
from moderation.classifier.files import write_whole
from moderation.classifier.labels import LABELS
from moderation.classifier.respelling import respelt_examples
from moderation.classifier.shipping import adapter_file, left_out
from moderation.classifier.vectors import forms_of
from moderation.classifier.weights import balance, imply, known_matrix

DRAWS = 170_000
LONGEST = 80
"""Pieces of a text that are learned from; nine in ten have fewer than 60."""

COUNTS = {"toxic": 1.0, "severe": 0.2, "insult": 0.5, "threat": 0.5, "obscene": 0.5, "identity_hate": 1.0}
COUNTS |= {"sexual": 0.5, "spam": 0.3}
"""What an answer for each label counts beside one for `toxic`."""

MOST_WEIGHT = 8.0  # of one answer, times the mean of its label: a label with few positives must not rule
GROWTH = 0.65  # a language with twice the examples counts 1.6 times as much
MOST_DRAWN, MOST_COUNTED = 6.0, 5.0  # times the mean: how often one text is drawn, and what it then counts
ALIKE = 0.999  # least cosine between the vectors learned on and those of the engine that ships
COMPARED = 100

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Lessons:
    """Texts as the encoder reads them, `answers` texts × labels in 0..1, what each answer counts, and `order`: which
    text is learned from when."""

    pieces: Sequence[Sequence[int]]
    answers: Floats
    counts: Floats
    order: NDArray[np.int64]


def main() -> None:
    """Learn, compare with the engine that ships, and write. Ends the program where the two differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--stated", action="store_true", help="only files whose licence is stated")
    parser.add_argument("--draws", type=int, default=DRAWS)
    given = parser.parse_args()
    encoder = encoder_file()
    if encoder is None:
        raise SystemExit("the package that carries the encoder is not installed")
    examples = _examples(given.folder / "train", stated_only=given.stated)
    forms, languages = forms_of([example.text for example in examples])
    pieces = _pieces(encoder, forms, languages)
    lessons = drawn_lessons(examples, languages, pieces, draws=given.draws)
    drawn = set(lessons.order.tolist())
    print(f"{len(lessons.order):,} draws of {len(drawn):,} of {len(examples):,} examples", flush=True)

    from scripts import taught

    network = taught.learn(Packed(encoder), lessons.pieces, lessons.answers, lessons.counts, lessons.order)
    adapter = Adapter(taught.parts(network))
    few = [place for place in lessons.order.tolist() if len(pieces[place]) < LONGEST][:COMPARED]
    ours = Encoder(encoder, adapter).vectors([forms[place] for place in few], [languages[place] for place in few])
    theirs = taught.vectors(network, [pieces[place] for place in few])
    least = float((ours * theirs).sum(axis=1).min())
    print(f"least cosine with the engine that ships: {least:.5f}")
    if least < ALIKE:
        raise SystemExit("the engine that ships reads otherwise than what was learned on: nothing is written")
    out = adapter_file(given.cache, stated_only=given.stated)
    content = io.BytesIO()
    np.savez(content, **adapter.content())
    write_whole(out, content.getvalue())
    print(f"{out} written")


def _examples(folder: Path, *, stated_only: bool) -> list[Example]:
    read = list(
        read_examples(folder, skip=lambda stem: not_commercial(stem) or left_out(stem, stated_only=stated_only))
    )
    return [*read, *own_examples(), *respelt_examples(read, ["hi-Latn"])]


def _pieces(encoder: Path, forms: Iterable[str], languages: Iterable[str]) -> list[list[int]]:
    known = Pieces(Packed(encoder))
    return [
        known.of(readable(form, language), at_most=LONGEST) for form, language in zip(forms, languages, strict=True)
    ]


def drawn_lessons(
    examples: Sequence[Example], languages: Sequence[str], pieces: Sequence[Sequence[int]], *, draws: int, seed: int = 0
) -> Lessons:
    """What is learned from, and in which order. Answers count as in the fast stage's training (`balance`).

    A text is drawn by the root of what its answers count, and counts by that root when it is drawn: so the many that
    count little do not take all of the time. Each is drawn as often as that says, to a whole number by lot.
    """
    dice = np.random.default_rng(seed)
    asked = known_matrix(examples)
    known = imply(asked)
    by_label = np.array([COUNTS[label] for label in LABELS])
    weights = np.minimum(np.where(np.isnan(known), 0, balance(examples, known, asked)), MOST_WEIGHT) * by_label
    of_text = weights.sum(axis=1)
    for language in sorted(set(languages)):
        here = np.array([language == each for each in languages])
        total = of_text[here].sum()
        of_text[here] *= here.sum() ** GROWTH / total if total else 0
    of_text /= of_text.mean()
    chances = np.sqrt(np.minimum(of_text, MOST_DRAWN))
    expected = draws * chances / chances.sum()
    order = np.repeat(np.arange(len(examples)), np.floor(expected + dice.random(len(examples))).astype(int))
    dice.shuffle(order)
    counted = np.divide(of_text, chances, out=np.zeros_like(of_text), where=chances > 0)
    counted = np.minimum(counted / counted[order].mean(), MOST_COUNTED)
    own = np.divide(weights, weights.sum(axis=1, keepdims=True), out=np.zeros_like(weights), where=weights > 0)
    return Lessons(pieces, np.nan_to_num(known), own * counted[:, None], order)


if __name__ == "__main__":
    main()
