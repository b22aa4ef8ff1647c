"""Which language a comment is written in: first the script, then a small model of character runs within the script.

The tables are data of the package (`languages.json`, `english.json`), not of a model file: every model is calibrated by
the same answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import sqrt

from moderation.classifier.normalise import normalise

TABLES = "languages.json"
WORDS = "english.json"
SHORTEST_RUN, LONGEST_RUN = 2, 4
UNKNOWN = "und"
LONGEST_READ = 400  # code points; enough to tell, and a long comment costs no more than a short one

_NOT_OF = {
    "latin": re.compile("[^a-z]+"),
    "devanagari": re.compile("[^\u0900-\u097f]+"),
    "arabic": re.compile("[^\u0600-\u06ff\u0750-\u077f]+"),
}
_OF = [re.compile(pattern) for pattern in ("[a-z]", "[\u0900-\u097f]", "[\u0600-\u06ff\u0750-\u077f]")]
_NOT_A_LETTER = re.compile(r"[\W\d_]+")
# What hardly ever stands in the other language's words, folded away by normalising: looked for in the original.
_DIACRITICS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]+")


@dataclass(frozen=True, slots=True)
class Table:
    """A linear model over the distinct character runs of a text; `weights` has one number a language."""

    languages: tuple[str, ...]
    bias: tuple[float, ...]
    weights: Mapping[str, tuple[float, ...]]

    def best(self, words: Sequence[str]) -> str:
        runs = set(character_runs(words))
        margins = list(self.bias)
        # Runs never seen count in the length too, as they did when the table was learned.
        length = sqrt(len(runs)) or 1.0
        for run in runs:
            found = self.weights.get(run)
            if found is not None:
                for place, weight in enumerate(found):
                    margins[place] += weight / length
        return self.languages[margins.index(max(margins))]


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
    letters = {script: len(pattern.sub("", normal)) for script, pattern in _NOT_OF.items()}
    script = max(letters, key=lambda name: letters[name])
    others = len(_NOT_A_LETTER.sub("", normal)) - letters["latin"] - letters["arabic"]
    # Devanagari signs are no letters to `re`, so they are not taken off; it only makes Devanagari win sooner.
    if letters[script] == 0 or (script != "devanagari" and others > letters[script] and letters["devanagari"] == 0):
        return ("other" if others > 0 else ""), []
    source = _DIACRITICS.sub("", text) if script == "arabic" else normal
    return script, [word for word in _NOT_OF[script].split(source) if word]


def scripts(normal: str) -> int:
    """How many of the scripts known stand in a normal form."""
    return sum(pattern.search(normal) is not None for pattern in _OF)


def detect(text: str, normal: str) -> str:
    """As `detect_language`, for a text whose normal form is at hand."""
    script, words = words_of(text, normal)
    if script in ("", "other"):
        return UNKNOWN
    if script == "latin" and is_english(words):
        return "en"
    return tables()[script].best(words)


def detect_language(text: str) -> str:
    """en, hi, hi-Latn, ur, ur-Latn, mr or ar; "und" for no letters or another script. Never raises.

    A Latin-script text in a fourth language is taken for the nearest of the three.
    """
    return detect(text, normalise(text).text)


def is_english(words: Sequence[str]) -> bool:
    """Whether all are common English words, and at least half of them no word of romanised Hindi or Urdu.

    Three words have too few runs to tell: "I hate war" would be Hindi, whose collectors searched for "hate".
    """
    own, shared = english()
    theirs = sum(word in own for word in words)
    return 2 * theirs >= len(words) and all(word in own or word in shared for word in words)


@cache
def english() -> tuple[frozenset[str], frozenset[str]]:
    """Common English words: those that are hardly ever written in romanised Hindi or Urdu, and those that are."""
    raw = json.loads(resources.files(__package__).joinpath(WORDS).read_text(encoding="utf-8"))
    return frozenset(raw["own"]), frozenset(raw["shared"])


@cache
def tables() -> Mapping[str, Table]:
    raw = json.loads(resources.files(__package__).joinpath(TABLES).read_text(encoding="utf-8"))
    return {
        script: Table(
            tuple(table["languages"]),
            tuple(table["bias"]),
            {run: tuple(weights) for run, weights in table["weights"].items()},
        )
        for script, table in raw.items()
    }
