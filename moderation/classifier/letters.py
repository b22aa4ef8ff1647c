"""Letters that stand for other letters: the tables behind the normal form."""

from __future__ import annotations

import unicodedata

# Zero-width and bidi controls, fillers, soft hyphen, variation selectors, tag characters, signs over numbers.
INVISIBLE = (
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)

LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "!": "i", "|": "l"}

_CYRILLIC = dict(zip("авсԁеёғһіїјкӏмноөрԛѕтгуүѵԝхѡьбзч", "abcdeefhiijklmhoopqstryuvwxwbb34", strict=True))
_GREEK = dict(zip("αβγδεζηικλμνορστυφχωάέήίόύώϊ", "abydezniklmvopotuoxwaenioowi", strict=True))
# Greek capitals look like other letters than their small ones.
_CAPITALS = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abezhikmnoptyx", strict=True))
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡɩıʋɾᥙո", "abcdefghijklmnoprstuvwyzagiivrun", strict=True))
_ENCLOSED = {chr(first + i): chr(ord("a") + i) for first in (0x1F150, 0x1F170, 0x1F130) for i in range(26)}
_OTHERS = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ħ": "h",
    "ŧ": "t",
    "ƒ": "f",
    "ß": "s",
    "æ": "a",
    "œ": "o",
    "þ": "p",
    "ð": "d",
    "ɇ": "e",
    "ɨ": "i",
    "ʉ": "u",
    "ƀ": "b",
    "ꮪ": "s",
}

_SMALL = _CYRILLIC | _GREEK | _SMALL_CAPITALS | _ENCLOSED | _OTHERS

# "0134" and the like are left to the leet table: a Cyrillic "ч" first becomes "4".
LOOKALIKES: dict[str, str] = (
    {char.upper(): letter for char, letter in _SMALL.items() if len(char.upper()) == 1} | _SMALL | _CAPITALS
)

# Beside a letter only: "£50" is a price.
LOOKALIKE_SIGNS: dict[str, str] = {"€": "e", "£": "l", "¥": "y", "¢": "c", "¡": "i"}

# é → e: accents on Latin letters are dropped, they are used to hide words more often than they tell two words apart.
MARKED_LATIN: dict[str, str] = {
    char: base
    for char in map(chr, (*range(0xDF, 0x250), *range(0x1E00, 0x1F00)))
    if (base := unicodedata.normalize("NFD", char)[0]).isascii() and base != char
}

# Urdu and Arabic write the same letters with different code points, and writers mix them.
ARABIC_VARIANTS: dict[str, str] = {
    **dict.fromkeys("أإآٱٲٳ", "ا"),
    **dict.fromkeys("ىيئېۍێ", "ی"),
    **dict.fromkeys("كڪګ", "ک"),
    **dict.fromkeys("هۂۃةەۀ", "ہ"),
    **dict.fromkeys("ؤۇۆۈ", "و"),
    "ۓ": "ے",
    "ں": "ن",
}

# A Latin letter between two of another script stands for the one of its sound.
INSIDE_ARABIC: dict[str, str] = dict(zip("abcdefghijklmnopqrstuvwxyz", "ابکدیفگہیجکلمنوپقرستووولیز", strict=True))
INSIDE_DEVANAGARI: dict[str, str] = dict(zip("bcdfghjklmnpqrstvwxyz", "बचदफगहजकलमनपकरसतववकयज", strict=True))
