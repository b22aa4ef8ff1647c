"""Which word is meant by one that is stretched, or has digits and signs for letters: told by the words people write.

The lists are data of the package (`spellings.json`), learned by `python -m moderation.classifier.spelling_training`.
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import resources

from moderation.classifier.letters import LEET

LISTS = "spellings.json"
STRETCHED = re.compile(r"(\S)\1{2,}")
_RUNS_TRIED = 4
"""Stretched letters of one word that may be double ones; those that follow are taken for single ones."""

_LETTERS = re.compile(r"[^\W\d_]{3,64}")


@cache
def _lists() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Words with a double letter, words in Latin letters, and those of Hindi written in them that are none of these."""
    raw = json.loads(resources.files(__package__).joinpath(LISTS).read_text(encoding="utf-8"))
    return (
        frozenset(raw["doubled"].split(" ")),
        frozenset(raw["latin"].split(" ")),
        frozenset(raw["respelt"].split(" ")),
    )


def run_lengths(text: str) -> dict[int, int]:
    """How often each stretched code point is meant, by where its run begins: "cooool" is "cool", and "idiooot" "idiot".

    A letter once, or twice where that makes a word; a sign twice, which says that there were many.
    """
    lengths = {run.start(): 1 + _is_sign(run.group(1)) for run in STRETCHED.finditer(text)}
    if lengths:
        for word in _LETTERS.finditer(text):
            for place in _doubled(word.group()):
                lengths[word.start() + place] = 2
    return lengths


def _is_sign(char: str) -> bool:
    return not (char.isalnum() or unicodedata.category(char)[0] == "M")


def _doubled(word: str) -> list[int]:
    """Where the runs begin that are double letters, in the word with the most of them that people write."""
    runs = list(STRETCHED.finditer(word))
    words, _, _ = _lists()
    for counts in itertools.product((2, 1), repeat=min(len(runs), _RUNS_TRIED)):
        if 2 in counts and _shortened(word, runs, counts) in words:
            return [run.start() for run, count in zip(runs, counts, strict=False) if count == 2]
    return []


def _shortened(word: str, runs: Sequence[re.Match[str]], counts: Sequence[int]) -> str:
    pieces, end = [], 0
    for run, count in zip(runs, itertools.chain(counts, itertools.repeat(1)), strict=False):
        pieces += [word[end : run.start()], run.group(1) * count]
        end = run.end()
    return "".join([*pieces, word[end:]])


def is_written(word: str) -> bool:
    """Whether people write this word in Latin letters, in English or romanised Hindi or Urdu."""
    _, latin, respelt = _lists()
    return word in latin or word in respelt


def meant(word: str) -> str | None:
    """The word that one with digits and signs for letters stands for, if people write it: "sh17", but not "covid19"."""
    whole = with_letters(word)
    _, latin, _ = _lists()
    return whole if len(word) > 2 and whole != word and not word.isdecimal() and whole in latin else None


def with_letters(word: str) -> str:
    """Each digit and sign that may be one as its letter."""
    return "".join(LEET.get(char, char) for char in word)
