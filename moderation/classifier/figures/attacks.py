"""What people do to a word so that a machine passes it over: a text and the places of its words in, a text out.

The tables here are the attacker's own, and none of the normaliser's: else it would be tried on just what it knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Spans = Sequence[tuple[int, int]]

_LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "$", "t": "7"})
# Letters of other alphabets that a reader takes for these.
_LOOKALIKE = str.maketrans({
    "a": "а", "c": "с", "e": "е", "i": "і", "j": "ј", "o": "о", "p": "р", "s": "ѕ", "x": "х", "y": "у", "h": "һ",
    "A": "А", "B": "В", "C": "С", "E": "Е", "H": "Н", "K": "К", "M": "М", "O": "О", "P": "Р", "T": "Т", "X": "Х",
    "ک": "ك", "ی": "ى", "ہ": "ه", "ك": "ک", "ي": "ی", "ه": "ہ", "ة": "ۃ",
})  # fmt: skip
# Letters of the same sound from another alphabet.
_SOUND = str.maketrans({
    "a": "α", "k": "κ", "m": "м", "n": "η", "u": "υ", "t": "τ", "o": "σ", "e": "ε", "d": "δ", "h": "н", "s": "ѕ",
    "क": "k", "ग": "g", "ज": "j", "त": "t", "द": "d", "न": "n", "प": "p", "ब": "b", "म": "m", "र": "r", "ल": "l",
    "स": "s", "ह": "h", "व": "v", "च": "c",
    "ب": "b", "ت": "t", "ج": "j", "د": "d", "ر": "r", "س": "s", "ف": "f", "ک": "k", "ك": "k", "ل": "l", "م": "m",
    "ن": "n", "ه": "h", "ہ": "h", "و": "w", "ح": "h",
})  # fmt: skip
_LOVE: Mapping[str, str] = {
    "hi": "प्यार", "mr": "प्रेम", "ur": "محبت", "ar": "حب", "hi-Latn": "pyaar", "ur-Latn": "mohabbat",
}  # fmt: skip
# A letter with the marks that stand on it: a Devanagari vowel sign is never torn off.
_LETTER = re.compile(r"\w[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0951-\u0957]*")
_STRETCHABLE = re.compile("[aeiouyاویےआईऊओएािीुूेो]")
STRETCHED_TO = 5


@dataclass(frozen=True, slots=True)
class Attack:
    """A way to get words past a machine. Without a `disguise` for them, one word of love is appended."""

    key: str
    name: str
    disguise: Callable[[str], str] | None = None

    def on(self, text: str, words: Spans, *, language: str) -> str:
        """The text with these words disguised; the same text where there is nothing to disguise in them."""
        if self.disguise is None:
            return f"{text} {_LOVE.get(language, 'love')}"
        pieces, end = [], 0
        for begin, stop in words:
            pieces += [text[end:begin], self.disguise(text[begin:stop])]
            end = stop
        return "".join([*pieces, text[end:]])


def _between(mark: str) -> Callable[[str], str]:
    """A disguise that puts a mark between the letters of each word; words so spaced have two blanks between them."""
    blank = "  " if mark == " " else " "

    def disguise(words: str) -> str:
        return blank.join(
            mark.join(_LETTER.findall(word)) if _LETTER.search(word) else word for word in words.split(" ")
        )

    return disguise


def _stretch(words: str) -> str:
    """The last vowel of each word is held, or its last letter where it has none that can be."""

    def stretched(word: str) -> str:
        vowels = list(_STRETCHABLE.finditer(word))
        if not word or (not vowels and not word[-1].isalpha()):
            return word
        place = vowels[-1].start() if vowels else len(word) - 1
        return word[:place] + word[place] * STRETCHED_TO + word[place + 1 :]

    return " ".join(map(stretched, words.split(" ")))


def _mix(words: str) -> str:
    """The first letter behind the beginning of each word that has one of the same sound elsewhere is that one."""

    def mixed(word: str) -> str:
        for place in range(1, len(word)):
            if (other := word[place].translate(_SOUND)) != word[place]:
                return word[:place] + other + word[place + 1 :]
        return word

    return " ".join(map(mixed, words.split(" ")))


ATTACKS: tuple[Attack, ...] = (
    Attack("leet", "leet (1d10t)", lambda words: words.translate(_LEET)),
    Attack("spaced", "spaced (i d i o t)", _between(" ")),
    Attack("dotted", "dotted (i.d.i.o.t)", _between(".")),
    Attack("look_alike", "look-alike letters", lambda words: words.translate(_LOOKALIKE)),
    Attack("zero_width", "zero-width space inside", _between("\u200b")),
    Attack("stretched", "stretched (idiooooot)", _stretch),
    Attack("love", "“love” appended"),
    Attack("mixed_script", "one letter of another script", _mix),
)
