"""What the links around a page are called, in each edition's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkWords:
    """One edition's names for what every page links to."""

    terms: str
    api: str
    atom: str
    review: str


LINK_WORDS: Mapping[str, LinkWords] = {
    "en": LinkWords(terms="Terms", api="API", atom="Atom", review="Review"),
    "ur": LinkWords(terms="شرائط", api="اے پی آئی", atom="ایٹم فیڈ", review="جائزہ"),
    "hi": LinkWords(terms="शर्तें", api="एपीआई", atom="एटम फ़ीड", review="समीक्षा"),
    "mr": LinkWords(terms="अटी", api="एपीआय", atom="ॲटम फीड", review="पुनरावलोकन"),
    "ar": LinkWords(terms="الشروط", api="واجهة البرمجة", atom="خلاصة أتوم", review="المراجعة"),
}


def link_words(language: str) -> LinkWords:
    """The links' names in a language; English where there are none in it."""
    return LINK_WORDS.get(language.split("-", maxsplit=1)[0], LINK_WORDS["en"])
