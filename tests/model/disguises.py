"""Spellings that look to a reader as the plain one does, and are other code points."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Mapping

Disguise = Callable[[str, random.Random], str]

_CYRILLIC = dict(zip("aceopxyiACEHKMOPTX", "асеорхуіАСЕНКМОРТХ", strict=True))
_GREEK = dict(zip("oivtaOABEHIKMNPTXZ", "οινταΟΑΒΕΗΙΚΜΝΡΤΧΖ", strict=True))
_SMALL_CAPITALS = dict(zip("abcdeghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ", strict=True))
_ARABIC = {"ی": "ي", "ک": "ك", "ہ": "ه", "ي": "ی", "ك": "ک", "ه": "ہ", "ا": "أ"}
_UNSEEN = "\u200b\u200c\u2060\ufeff\u00ad"


def _swapped(table: Mapping[str, str], share: float) -> Disguise:
    return lambda text, dice: "".join(table.get(char, char) if dice.random() < share else char for char in text)


def _shifted(first: str, last: str, to: int) -> Disguise:
    return lambda text, dice: "".join(
        chr(to + ord(char) - ord(first)) if first <= char <= last else char for char in text
    )


def _followed(by: str, share: float, *, after: Callable[[str], bool]) -> Disguise:
    return lambda text, dice: "".join(
        char + dice.choice(by) if after(char) and dice.random() < share else char for char in text
    )


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _is_arabic(char: str) -> bool:
    return "\u0621" <= char <= "\u064a"


DISGUISES: Mapping[str, Disguise] = {
    "some Cyrillic letters": _swapped(_CYRILLIC, 0.5),
    "all the Cyrillic letters there are": _swapped(_CYRILLIC, 1.0),
    "Greek letters": _swapped(_GREEK, 0.5),
    "small capitals": _swapped(_SMALL_CAPITALS, 0.5),
    "letters of Arabic for Urdu's and the other way round": _swapped(_ARABIC, 0.5),
    "full width": _shifted("!", "~", 0xFF01),
    "mathematical bold": _shifted("a", "z", 0x1D41A),
    "circles": _shifted("a", "z", 0x24D0),
    "accents": _followed("\u0301", 0.3, after=_is_latin),
    "unseen code points": _followed(_UNSEEN, 0.2, after=lambda char: True),
    "tatweel": _followed("\u0640", 0.2, after=_is_arabic),
    "vowel signs": _followed("\u064e\u0650", 0.2, after=_is_arabic),
    "taken apart": lambda text, dice: unicodedata.normalize("NFD", text),
    "right to left": lambda text, dice: f"\u202e{text}\u202c",
    "capitals": lambda text, dice: text.upper(),
}
