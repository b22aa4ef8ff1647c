"""A long text in parts: what one sentence says is not drowned by the harmless ones around it.

A part is a sentence, several short ones, or a stretch of a long one; it is a slice of the normal form, so it knows the
places of the original as the whole does. A score that a part reaches is lowered by the number of parts: the highest of
many is high by chance alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log

from moderation.classifier.normalise import Normalised

LONG = 120  # code points of the normal form; a shorter text is its own only part and costs nothing extra
SHORT_WORDS = 4  # sentences with fewer are taken together, so that a thousand of one letter are few parts
# Half of a stretch: a sentence is cut after so many words, or code points where the words are long, and read by two
# neighbouring halves at a time. So each word is read at most three times: in the whole and in two stretches.
HALF_WORDS = 4
HALF_LETTERS = 40
# Taken off a part's log-odds: so much, and so much times the logarithm of the number of parts. Chosen on the held-out
# files, so that a clean comment is held but one to two times in a hundred more often, whether it has 3 parts or 40.
LOWERED_ONCE, LOWERED_BY = 1.75, 0.5

_ENDS = re.compile(r"[.!?\u061f\u06d4\u0964\u0965\u2026\n\r\u2028\u2029]")

# Marks (LINK, NAME, …) are the only capitals of a normal form.
_LETTER = re.compile(r"[^\W\d_A-Z]")

Words = Sequence[tuple[int, int]]


def parts_of(text: str, form: Normalised) -> list[Normalised]:
    """The parts of a text whose normal form is `form`, each wording once; none if it is short, or one part itself."""
    if len(form.text) <= LONG:
        return []
    stretches = [stretch for words in _sentences(text, form) for stretch in _stretches(words)]
    if stretches == [(0, len(form.text))]:
        return []
    parts: list[Normalised] = []
    seen: set[str] = set()
    for begin, end in stretches:
        wording = form.text[begin:end]
        # Said twice is said once: padding with one sentence again and again neither costs nor lowers anything.
        if wording not in seen:
            seen.add(wording)
            parts.append(form.part(begin, end))
    return parts


def lowered(parts: int) -> float:
    """What is taken off the log-odds of each of so many parts."""
    return LOWERED_ONCE + LOWERED_BY * log(parts) if parts else 0.0


def _sentences(text: str, form: Normalised) -> Iterator[Words]:
    """The words of each sentence in places of the normal form; short sentences in a row are one.

    Links, names, numbers and signs at a sentence's edges are left out, and so is a sentence of nothing else: without
    the words around it, a bare link is spam to the model, and a bare name abuse.
    """
    short: list[tuple[int, int]] = []
    for words in _single_sentences(text, form):
        written = [_is_written(form.text, *word) for word in words]
        if True not in written:
            continue
        words = words[written.index(True) : len(written) - written[::-1].index(True)]
        if len(words) >= SHORT_WORDS or words[-1][1] - words[0][0] > HALF_LETTERS:
            if short:
                yield short
                short = []
            yield words
            continue
        short.extend(words)
        if len(short) >= SHORT_WORDS:
            yield short
            short = []
    if short and any(end - begin > 1 for begin, end in short):
        yield short


def _is_written(text: str, begin: int, end: int) -> bool:
    first = text[begin]
    if first.isalpha() and not "A" <= first <= "Z":  # nearly always, and quicker than a pattern
        return True
    return _LETTER.search(text, begin, end) is not None


def _single_sentences(text: str, form: Normalised) -> Iterator[Words]:
    sentence: list[tuple[int, int]] = []
    signs = [match.start() for match in _ENDS.finditer(text)]
    # Where no sentence ends, no places are needed, and working them out costs more than all the rest.
    places = form.offsets if signs else ()
    begin = sign = 0
    for word in form.text.split(" "):
        end = begin + len(word)
        # No word of any language is so long: it would drown those beside it.
        alone = len(word) > HALF_LETTERS
        if alone and sentence:
            yield sentence
            sentence = []
        sentence.append((begin, end))
        # The signs that end a sentence are no part of the normal form: they stand between the words in the original.
        ended = False
        if signs:
            sign = bisect_left(signs, places[end - 1], sign)
            after = places[end + 1] if end < len(form.text) else len(text)
            ended = sign < len(signs) and signs[sign] < after
        if alone or ended:
            yield sentence
            sentence = []
        begin = end + 1
    if sentence:
        yield sentence


def _stretches(words: Words) -> Iterator[tuple[int, int]]:
    halves: list[tuple[int, int]] = []
    first, count = words[0][0], 0
    for begin, end in words:
        if count and (count == HALF_WORDS or end - first > HALF_LETTERS):
            halves.append((first, begin - 1))
            first, count = begin, 0
        count += 1
    halves.append((first, words[-1][1]))
    if len(halves) == 1:
        yield halves[0]
    for one, other in pairwise(halves):
        yield one[0], other[1]
