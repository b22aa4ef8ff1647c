"""Which language a comment is written in: first the script, then a small model of character runs within the script.

The tables are data of the package (`languages.json`, `english.json`), not of a model file: every model is calibrated by
the same answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.normalise import normalise
from moderation.classifier.spellings import is_written

TABLES = "languages.json"
WORDS = "english.json"
SHORTEST_RUN, LONGEST_RUN = 2, 4
UNKNOWN = "und"
SHORTEST_TOLD, FEWEST_TOLD, WRITTEN_AT_LEAST = 3, 4, 0.3
"""Letters of a word that tells of a language, how many such words tell of one, and what share of them is known."""

LONGEST_WORD, MANY_LETTERS = 30, 8
"""Letters of a word that is a sentence without blanks, and how many different ones it has, as laughter has not."""

FEWEST_FOREIGN, STRETCHES = 3, ((6, 0), (8, 1))
"""So many letters of scripts not known, or so few known words of so many in a row, make a part that is not read."""

LONGEST_READ = 400  # code points; enough to tell, and a long comment costs no more than a short one

_NOT_OF = {
    "latin": re.compile("[^a-z]+"),
    "devanagari": re.compile("[^\u0900-\u097f]+"),
    "arabic": re.compile("[^\u0600-\u06ff\u0750-\u077f]+"),
}
_OF = [re.compile(pattern) for pattern in ("[a-z]", "[\u0900-\u097f]", "[\u0600-\u06ff\u0750-\u077f]")]
# Marks (LINK, NAME, …) are the only capitals of a normal form, and no words of anybody's.
_NOT_A_LETTER = re.compile(r"[\W\d_A-Z]+")
_OF_NO_SCRIPT_KNOWN = re.compile(
    r"[^\W\d_A-Za-z\u00aa-\u02b8\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u097f\u1d00-\u1eff]"
)
# What hardly ever stands in the other language's words, folded away by normalising: looked for in the original.
_DIACRITICS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]+")


def character_runs(words: Sequence[str]) -> Iterator[str]:
    """Each run of 2 to 4 characters within the words, edges marked by a space."""
    for word in words:
        edged = f" {word} "
        for size in range(SHORTEST_RUN, LONGEST_RUN + 1):
            for begin in range(len(edged) - size + 1):
                yield edged[begin : begin + size]


def words_of(text: str, normal: str) -> tuple[str, list[str]]:
    """The script most of the letters are of ("" for none, "other" for one not known), and its words.

    Arabic-script words come from the text as written: folding makes Arabic and Urdu spelling alike.
    """
    text, normal = text[:LONGEST_READ], normal[:LONGEST_READ]
    if normal.isascii() and normal.islower():  # what most are: no letter but Latin ones, and no mark
        return "latin", _NOT_OF["latin"].sub(" ", normal).split()
    letters = {script: len(pattern.sub("", normal)) for script, pattern in _NOT_OF.items()}
    script = max(letters, key=lambda name: letters[name])
    # Devanagari signs are no letters to `re`, so they are not taken off; it only makes Devanagari win sooner.
    if letters[script] == 0 or (script != "devanagari" and letters["devanagari"] == 0):
        others = len(_NOT_A_LETTER.sub("", normal)) - letters["latin"] - letters["arabic"]
        if letters[script] == 0 or others > letters[script]:
            return ("other" if others > 0 else ""), []
    source = _DIACRITICS.sub("", text) if script == "arabic" else normal
    return script, _NOT_OF[script].sub(" ", source).split()


def is_of_another_language(text: str, normal: str) -> bool:
    """Whether a text, or a part of it, is in letters or words that are of no language known: its scores say nothing.

    Letters of another script, or words in Latin letters that people hardly write in English, or romanised Hindi or
    Urdu: so it is Spanish, or written backwards, or without blanks. The nearest language is told of it all the same.
    """
    if len(_OF_NO_SCRIPT_KNOWN.findall(normal)) >= FEWEST_FOREIGN:
        return True
    script, words = words_of(text, normal)
    if script == "latin":
        told = [word for word in words if len(word) >= SHORTEST_TOLD]
        if len(told) >= FEWEST_TOLD and sum(map(is_written, told)) < WRITTEN_AT_LEAST * len(told):
            return True
    return _has_unwritten_stretch(normal)


def _has_unwritten_stretch(normal: str) -> bool:
    """Whether hardly any of some words in a row, wherever they stand, is one people write, or one is a sentence."""
    known = [0]
    for word in _NOT_OF["latin"].sub(" ", normal).split():
        if len(word) >= LONGEST_WORD and len(set(word)) >= MANY_LETTERS:
            return True
        if len(word) >= SHORTEST_TOLD:
            known.append(known[-1] + is_written(word))
            if any(len(known) > row and known[-1] - known[-1 - row] <= most for row, most in STRETCHES):
                return True
    return False


def scripts(normal: str) -> int:
    """How many of the scripts known stand in a normal form."""
    return sum(pattern.search(normal) is not None for pattern in _OF)


def detect_all(texts: Sequence[str], normals: Sequence[str]) -> list[str]:
    """As `detect_language` of each, for texts whose normal forms are at hand."""
    found: list[str] = []
    asked: list[tuple[int, str, str]] = []
    for text, normal in zip(texts, normals, strict=True):
        script, words = words_of(text, normal)
        if script in ("", "other"):
            found.append(UNKNOWN)
        elif script == "latin" and is_english(words):
            found.append("en")
        else:
            asked.append((len(found), script, " ".join(words)))
            found.append(UNKNOWN)
    if asked:
        told = tables().best([script for _, script, _ in asked], [words for _, _, words in asked])
        for (place, _, _), language in zip(asked, told, strict=True):
            found[place] = language
    return found


def detect_language(text: str) -> str:
    """en, hi, hi-Latn, ur, ur-Latn, mr or ar; "und" for no letters or another script. Never raises.

    A Latin-script text in a fourth language is taken for the nearest of the three.
    """
    return detect_all([text], [normalise(text).text])[0]


def is_english(words: Sequence[str]) -> bool:
    """Whether all are common English words, and at least half of them no word of romanised Hindi or Urdu.

    Three words have too few runs to tell: "I hate war" would be Hindi, whose collectors searched for "hate".
    """
    own, common = english()
    return common.issuperset(words) and 2 * sum(word in own for word in words) >= len(words)


@cache
def english() -> tuple[frozenset[str], frozenset[str]]:
    """Common English words: those that are hardly ever written in romanised Hindi or Urdu, and all of them."""
    raw = json.loads(resources.files(__package__).joinpath(WORDS).read_text(encoding="utf-8"))
    return frozenset(raw["own"]), frozenset(raw["own"]) | frozenset(raw["shared"])


class Tables:
    """A linear model a script, over the distinct character runs of a text.

    A run is one number: its letters one behind the other, 9 bits each, for the scripts known have fewer than 512.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._languages = {script: tuple(table["languages"]) for script, table in raw.items()}
        widest = max(map(len, self._languages.values()))
        self._bias = {script: np.array(table["bias"]) for script, table in raw.items()}
        weights = {run: found for table in raw.values() for run, found in table["weights"].items()}
        runs = np.array([_number(run) for run in weights], dtype=np.uint64)
        order = np.argsort(runs)
        self._runs = runs[order]
        padded = [[*found, *[0.0] * (widest - len(found))] for found in weights.values()]
        self._weights = np.array(padded)[order]

    def best(self, scripts: Sequence[str], texts: Sequence[str]) -> list[str]:
        """The likeliest language of each text, which is words of its script with one space between."""
        runs, edges = _distinct_runs(texts)
        at = np.minimum(np.searchsorted(self._runs, runs), len(self._runs) - 1)
        found = np.flatnonzero(self._runs[at] == runs)
        sums = np.concatenate([np.zeros((1, self._weights.shape[1])), np.cumsum(self._weights[at[found]], axis=0)])
        within = np.searchsorted(found, edges)
        # Runs never seen count in the length too, as they did when the table was learned.
        lengths = np.sqrt(np.maximum(np.diff(edges), 1))
        margins = (sums[within[1:]] - sums[within[:-1]]) / lengths[:, None]
        told = []
        for script, row in zip(scripts, margins, strict=True):
            languages = self._languages[script]
            told.append(languages[int(np.argmax(row[: len(languages)] + self._bias[script]))])
        return told


_BITS = 9
_RUN_BITS = np.uint64(_BITS * LONGEST_RUN)
_ALPHABET = " abcdefghijklmnopqrstuvwxyz" + "".join(
    map(chr, (*range(0x0900, 0x0980), *range(0x0600, 0x0700), *range(0x0750, 0x0780)))
)
_LETTERS = np.zeros(max(map(ord, _ALPHABET)) + 1, dtype=np.uint64)
_LETTERS[[ord(letter) for letter in _ALPHABET]] = np.arange(1, len(_ALPHABET) + 1, dtype=np.uint64)


def _number(run: str) -> int:
    return sum(int(_LETTERS[ord(letter)]) << (_BITS * place) for place, letter in enumerate(run))


def _distinct_runs(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The distinct runs of each text as numbers, text by text, and where each text's begin and end."""
    joined = "  ".join(("", *texts, ""))
    letters = _LETTERS[np.frombuffer(joined.encode("utf-16-le"), dtype="<u2")]
    lengths = np.fromiter((len(text) + 2 for text in texts), dtype=np.int64, count=len(texts))
    # Each text has one space of its own before it and one behind it.
    documents = np.repeat(np.arange(len(texts), dtype=np.uint64) << _RUN_BITS, lengths)
    space = letters == _LETTERS[ord(" ")]
    found = []
    run = letters
    inside = np.ones(len(letters), dtype=bool)
    for size in range(SHORTEST_RUN, LONGEST_RUN + 1):
        run = run[:-1] | letters[size - 1 :] << np.uint64(_BITS * (size - 1))
        inside = inside[:-1] & ~space[size - 2 : len(letters) - 1] if size > SHORTEST_RUN else ~(space[:-1] & space[1:])
        here = np.flatnonzero(inside)
        found.append(run[here] | documents[here - 1])
    keys = np.sort(np.concatenate(found))
    first = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    keys = keys[first]
    edges = np.searchsorted(keys, np.arange(len(texts) + 1, dtype=np.uint64) << _RUN_BITS)
    return keys & ((np.uint64(1) << _RUN_BITS) - np.uint64(1)), edges


@cache
def tables() -> Tables:
    """Of this package, read once."""
    return Tables(json.loads(resources.files(__package__).joinpath(TABLES).read_text(encoding="utf-8")))
