"""Hindi in Devanagari written again in other letters: more examples where few are rated.

In Latin letters as people type it: by sound, an "a" that no sign stands for left out where nobody speaks it (at the end
of a word, and between two syllables with vowels of their own; Ohala, 1983), and of several usual spellings of a sound
one by lot. In Urdu's letters: by letter, without what Urdu does not write.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from moderation.classifier.data import Example
from moderation.classifier.sources import OURS

_CONSONANTS = {
    "क": "k", "ख": "kh", "ग": "g", "घ": "gh", "ङ": "n", "च": "ch", "छ": "chh", "ज": "j", "झ": "jh", "ञ": "n",
    "ट": "t", "ठ": "th", "ड": "d", "ढ": "dh", "ण": "n", "त": "t", "थ": "th", "द": "d", "ध": "dh", "न": "n",
    "प": "p", "फ": "f", "ब": "b", "भ": "bh", "म": "m", "य": "y", "र": "r", "ल": "l", "व": "v",
    "श": "sh", "ष": "sh", "स": "s", "ह": "h", "ळ": "l",
}  # fmt: skip
_ALSO = {"छ": "ch", "फ": "ph", "व": "w"}
_WITH_DOT = {"क": "q", "ख": "kh", "ग": "g", "ज": "z", "ड": "d", "ढ": "dh", "फ": "f"}
_FLAPPED = {"ड": "r", "ढ": "rh"}

_VOWELS: Mapping[str, Sequence[str]] = {
    "अ": ("a",), "आ": ("aa", "a"), "इ": ("i",), "ई": ("i", "ee"), "उ": ("u",), "ऊ": ("u", "oo"), "ऋ": ("ri",),
    "ए": ("e",), "ऐ": ("ai", "e"), "ओ": ("o",), "औ": ("au", "o"), "ऑ": ("o",), "ऍ": ("e",),
    "ा": ("a", "aa"), "ि": ("i",), "ी": ("i", "ee"), "ु": ("u",), "ू": ("u", "oo"), "ृ": ("ri",),
    "े": ("e",), "ै": ("ai", "e"), "ो": ("o",), "ौ": ("au", "o"), "ॉ": ("o",), "ॅ": ("e",),
}  # fmt: skip
_SIGNS = frozenset("ािीुूृेैोौॉॅ")
_USUAL = 5  # the first of two spellings is taken five times as often

_WORDS: Mapping[str, Sequence[str]] = {
    "में": ("me", "mein", "mai"), "मैं": ("main", "mai", "me"), "नहीं": ("nahi", "nahin", "nhi"), "है": ("hai", "h"),
    "हैं": ("hain", "hai"), "यह": ("yeh", "ye"), "वह": ("woh", "wo"), "हूं": ("hu", "hun", "hoon"),
    "हूँ": ("hu", "hun", "hoon"), "और": ("aur", "or"), "बहुत": ("bahut", "bohot", "bhut"), "कुछ": ("kuch", "kuchh"),
    "अच्छा": ("acha", "accha"), "पर": ("par", "pe"), "लिए": ("liye", "lie"),
}  # fmt: skip

_WORD = re.compile(r"[\u0900-\u0963\u0971-\u097f]+")
_NASAL, _DOT, _SILENT, _BREATH = "ंँ", "\u093c", "\u094d", "ः"
_LIPS = frozenset("पफबभम")
_ELSE = str.maketrans("०१२३४५६७८९।", "0123456789.")


@dataclass(slots=True)
class _Syllable:
    """A consonant and the vowel after it: a sign, "" for none, None for the "a" that no sign stands for."""

    consonant: str
    vowel: str | None


def romanised(text: str) -> str:
    """The text with its Devanagari in Latin letters. The same for the same text."""
    dice = random.Random(text)
    return _WORD.sub(lambda found: _word(found.group(), dice), text).translate(_ELSE)


def _word(word: str, dice: random.Random) -> str:
    letters = unicodedata.normalize("NFD", word)
    if word in _WORDS:
        return dice.choice(_WORDS[word])
    syllables = _syllables(letters.replace("ज्ञ", "ग्य"), dice)
    if len(syllables) > 2 and letters[-1] in _NASAL and dice.random() < 0.5:
        syllables.pop()
    _leave_out(syllables)
    last = len(syllables) - 1
    return "".join(
        syllable.consonant + _vowel(syllable.vowel, dice, last=place == last)
        for place, syllable in enumerate(syllables)
    )


def _syllables(letters: str, dice: random.Random) -> list[_Syllable]:
    found: list[_Syllable] = []
    place = 0
    while place < len(letters):
        letter = letters[place]
        place += 1
        if letter in _CONSONANTS:
            written = _CONSONANTS[letter]
            if letter in _ALSO and dice.random() < 0.3:
                written = _ALSO[letter]
            if letters[place : place + 1] == _DOT:
                place += 1
                written = _WITH_DOT.get(letter, written)
                if letter in _FLAPPED and dice.random() < 0.5:
                    written = _FLAPPED[letter]
            following = letters[place : place + 1]
            vowel = following if following in _SIGNS else "" if following == _SILENT else None
            place += vowel is not None
            found.append(_Syllable(written, vowel))
        elif letter in _NASAL:
            found.append(_Syllable("m" if letters[place : place + 1] in _LIPS else "n", ""))
        elif letter == _BREATH:
            found.append(_Syllable("h", ""))
        elif letter in _VOWELS:
            found.append(_Syllable("", letter))
    return found


def _leave_out(syllables: list[_Syllable]) -> None:
    """The unwritten "a" at the end, and between two syllables that are spoken."""
    if len(syllables) > 1 and syllables[-1].vowel is None:
        syllables[-1].vowel = ""
    for place in range(len(syllables) - 2, 0, -1):
        around = syllables[place - 1].vowel, syllables[place + 1].vowel
        if syllables[place].vowel is None and syllables[place].consonant and "" not in around:
            syllables[place].vowel = ""


def _vowel(vowel: str | None, dice: random.Random, *, last: bool) -> str:
    if not vowel:
        return "a" if vowel is None else ""
    if vowel == "ा" and last:
        return "a"
    usual, *others = _VOWELS[vowel]
    return others[0] if others and dice.random() * (_USUAL + 1) > _USUAL else usual


_URDU = {
    "क": "ک", "ख": "کھ", "ग": "گ", "घ": "گھ", "ङ": "ن", "च": "چ", "छ": "چھ", "ज": "ج", "झ": "جھ", "ञ": "ن",
    "ट": "ٹ", "ठ": "ٹھ", "ड": "ڈ", "ढ": "ڈھ", "ण": "ن", "त": "ت", "थ": "تھ", "द": "د", "ध": "دھ", "न": "ن",
    "प": "پ", "फ": "پھ", "ब": "ب", "भ": "بھ", "म": "م", "य": "ی", "र": "ر", "ल": "ل", "व": "و",
    "श": "ش", "ष": "ش", "स": "س", "ह": "ہ", "ळ": "ل",
    "अ": "ا", "आ": "آ", "इ": "ا", "ई": "ای", "उ": "ا", "ऊ": "او", "ऋ": "ر", "ए": "ای", "ऐ": "ای", "ओ": "او",
    "औ": "او", "ऑ": "آ", "ऍ": "ا",
    "ा": "ا", "ी": "ی", "ू": "و", "ृ": "ر", "े": "ی", "ै": "ی", "ो": "و", "ौ": "و", "ॉ": "ا", "ः": "ہ",
    "ं": "ن", "ँ": "ن",
}  # fmt: skip
_URDU_WITH_DOT = {"क": "ق", "ख": "خ", "ग": "غ", "ज": "ز", "ड": "ڑ", "ढ": "ڑھ", "फ": "ف"}
_URDU_LAST = {"े": "ے", "ै": "ے", "ए": "ے", "ऐ": "ے", "ं": "ں", "ँ": "ں"}
_URDU_WORDS = {
    "में": "میں", "मैं": "میں", "नहीं": "نہیں", "है": "ہے", "हैं": "ہیں", "यह": "یہ", "वह": "وہ", "ये": "یہ",
    "वो": "وہ", "हूं": "ہوں", "हूँ": "ہوں", "और": "اور", "कि": "کہ", "ना": "نہ", "न": "نہ", "पर": "پر", "इस": "اس",
    "उस": "اس",
}  # fmt: skip


def in_urdu_letters(text: str) -> str:
    """The text with its Devanagari in Urdu's letters."""
    return _WORD.sub(lambda found: _urdu_word(found.group()), text).replace("।", "۔")


def _urdu_word(word: str) -> str:
    if word in _URDU_WORDS:
        return _URDU_WORDS[word]
    letters = unicodedata.normalize("NFD", word).replace("ज्ञ", "ग्य")
    found = ""
    for place, letter in enumerate(letters):
        if letters[place + 1 : place + 2] == _DOT and letter in _URDU_WITH_DOT:
            found += _URDU_WITH_DOT[letter]
        elif place + 1 == len(letters) and found and letter in _URDU_LAST:
            found += _URDU_LAST[letter]
        else:
            found += _URDU.get(letter, "")
    return found


RESPELT: Mapping[str, Callable[[str], str]] = {"hi-Latn": romanised, "ur": in_urdu_letters}
"""The languages that Hindi can be written as, which it is spoken like."""


def respelt_examples(examples: Iterable[Example], languages: Iterable[str] = tuple(RESPELT)) -> list[Example]:
    """Those in Hindi once more as each of the languages; our own have phrases in all of them already."""
    hindi = [example for example in examples if example.language == "hi" and not example.source.startswith(OURS)]
    return [
        replace(example, text=RESPELT[language](example.text), language=language)
        for language in languages
        for example in hindi
    ]
