"""The comments that are measured with: our own examples, or labelled ones from a folder."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from moderation.classifier.data import Example, read_examples
from moderation.classifier.examples import own_examples
from moderation.classifier.labels import LABELS
from moderation.comment import validated_text
from moderation.errors import InvalidSubmission

SEED = 20261122
TOXIC = LABELS.index("toxic")
LEFT_OUT = ("suite_", "spam_", "_clean", "_unlabelled", "_only")
"""In the names of files of one class, of templates, or about something else: a pooled figure would measure the file."""


@dataclass(frozen=True, slots=True)
class Comments:
    """What is screened. `toxic` has one entry a text, or none at all where nobody labelled them for a judgement."""

    about: str
    texts: tuple[str, ...]
    languages: tuple[str, ...]
    toxic: tuple[bool, ...]

    def letters(self) -> float:
        """The mean length in code points."""
        return fmean(map(len, self.texts))


def own_comments(count: int) -> Comments:
    """Up to `count` different examples of our own, in an order fixed by a seed. Every model here learned from them."""
    texts = sorted({example.text for example in own_examples() if example.text})
    random.Random(SEED).shuffle(texts)
    return Comments("our own examples", tuple(texts[:count]), (), ())


def labelled_comments(folder: Path, count: int) -> Comments:
    """Up to `count` comments of a folder labelled for `toxic`: by turns one of each language and side while they last.

    Of each file those languages alone in which it has both sides: beside other files, one that has abuse only would
    reward a model for telling the file. Never takes what could not be a comment here. Raises ValueError for a folder
    without any, or with a broken file.
    """
    pools: dict[tuple[str, bool], list[str]] = defaultdict(list)
    seen: set[str] = set()
    examples = list(read_examples(folder, skip=lambda stem: any(part in stem for part in LEFT_OUT)))
    sides = {(example.source, example.language, example.known[TOXIC]) for example in examples}
    for example in examples:
        if not {(example.source, example.language, side) for side in (False, True)} <= sides:
            continue
        text = _comment(example)
        if text is not None and text not in seen:
            seen.add(text)
            pools[example.language, bool(example.known[TOXIC])].append(text)
    chosen = _by_turns(pools, count)
    if not chosen:
        raise ValueError(f"{folder} holds no comment labelled for toxic")
    return Comments(
        "labelled comments",
        tuple(text for text, _, _ in chosen),
        tuple(language for _, language, _ in chosen),
        tuple(toxic for _, _, toxic in chosen),
    )


def _comment(example: Example) -> str | None:
    if example.known[TOXIC] is None:
        return None
    try:
        return validated_text(example.text)
    except InvalidSubmission:
        return None


def _by_turns(pools: dict[tuple[str, bool], list[str]], count: int) -> Sequence[tuple[str, str, bool]]:
    dice = random.Random(SEED)
    keys = sorted(pools)
    for key in keys:
        dice.shuffle(pools[key])
    chosen: list[tuple[str, str, bool]] = []
    while len(chosen) < count and any(pools.values()):
        chosen += [(pools[key].pop(), *key) for key in keys if pools[key]]
    chosen = chosen[:count]
    dice.shuffle(chosen)
    return chosen
