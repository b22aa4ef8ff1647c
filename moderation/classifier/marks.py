"""What weighed most in a text, as stretches of the original: exact, for the model is linear."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.labels import LABELS
from moderation.classifier.normalise import Normalised
from moderation.classifier.scoring import Weighed, Weights

MOST_SPANS = 5
SHARE_OF_BEST = 0.4  # a word is shown if it weighs at least this share of the weightiest

Spans = tuple[tuple[int, int], ...]
Words = Sequence[tuple[int, int]]


def marked(
    rows: Collection[int], forms: Sequence[Normalised], weighed: Weighed, weights: Weights
) -> Mapping[int, Callable[[str], Spans]]:
    """For each of these rows of what was weighed, the spans of a label, rising and apart, at most five.

    An n-gram's weight is spread evenly over its letters, and a word weighs what its letters do.
    """
    chosen = sorted(rows)
    if not chosen:
        return {}
    wanted = np.zeros(len(forms), dtype=bool)
    wanted[chosen] = True
    here = np.flatnonzero(wanted[weighed.held.documents])
    held = weighed.held
    # The chosen texts one behind the other, each with one place more than it has letters: where its last one ends.
    starts = dict(zip(chosen, accumulate((len(forms[row].text) + 1 for row in chosen), initial=0), strict=False))
    length = starts[chosen[-1]] + len(forms[chosen[-1]].text) + 1
    start = np.zeros(len(forms), dtype=np.int64)
    start[chosen] = [starts[row] for row in chosen]
    shift = start[held.documents[here]]
    letters = np.maximum(held.ends[here] - held.begins[here], 1)
    even = weights.coefficients[held.places[here]] * (weighed.shares(here) / letters)[:, None]
    begins, ends = held.begins[here] + shift, held.ends[here] + shift
    words = {row: _words(forms[row].text) for row in chosen}
    first = np.array([begin + starts[row] for row in chosen for begin, _ in words[row]])
    last = np.array([end + starts[row] for row in chosen for _, end in words[row]])
    of_word = np.empty((len(first), len(LABELS)))
    for column in range(len(LABELS)):
        change = np.bincount(begins, even[:, column], length + 1) - np.bincount(ends, even[:, column], length + 1)
        sums = np.concatenate([[0.0], np.cumsum(np.cumsum(change))])
        of_word[:, column] = sums[last] - sums[first]
    found: dict[int, Callable[[str], Spans]] = {}
    begin = 0
    for row in chosen:
        end = begin + len(words[row])
        found[row] = _of_label(forms[row], words[row], of_word[begin:end])
        begin = end
    return found


def _of_label(form: Normalised, words: Words, weights: NDArray[Any]) -> Callable[[str], Spans]:
    return lambda label: _marked(form, words, weights[:, LABELS.index(label)].tolist())


def _words(text: str) -> Words:
    words, begin = [], 0
    for word in text.split(" "):
        words.append((begin, begin + len(word)))
        begin += len(word) + 1
    return words


def _marked(form: Normalised, words: Words, weights: Sequence[float]) -> Spans:
    """The weightiest words, those side by side as one, in places of the original."""
    best = max(weights, default=0.0)
    if best <= 0:
        return ()
    heavy = [place for place, weight in enumerate(weights) if weight >= SHARE_OF_BEST * best]
    chosen = sorted(sorted(heavy, key=lambda place: -weights[place])[:MOST_SPANS])
    spans: list[tuple[int, int]] = []
    last = -2
    for place in chosen:
        begin, end = form.offsets[words[place][0]], form.offsets[words[place][1] - 1] + 1
        if spans and (place == last + 1 or begin < spans[-1][1]):
            begin = spans.pop()[0]
        spans.append((begin, end))
        last = place
    return tuple(spans)
