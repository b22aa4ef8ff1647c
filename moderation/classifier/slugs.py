"""What is written in a link: "https://example.org/I_will_come_to_your_house" says it as well as plain words do.

In the normal form a link is one mark, whatever it holds; its words are a part of the comment of their own.
"""

from __future__ import annotations

import re

from moderation.classifier.normalise import LONGEST_READ, Normalised, normalise

FEWEST_WORDS = 4
"""Fewer are a section, a name or a title's end, and no sentence."""

MOST_LINKS = 8
"""More are advertising, which the rule on links knows."""

_LINK = re.compile(r"(?:://|www\.)[^\s/?#]*([/?#]\S+)", re.IGNORECASE)
_ESCAPED_OR_SIGN = re.compile(r"%[0-9A-Fa-f]{2}|[^\w%]|[_%]")
_WORD = re.compile(r"[^\W\d_]{2,}")


def slugs(text: str) -> list[Normalised]:
    """The normal forms of what the text's links say, one a link that says enough; places lead back to the text."""
    if "://" not in text and "www." not in text.lower():
        return []
    found: list[Normalised] = []
    for link in _LINK.finditer(text[:LONGEST_READ]):
        begin = link.start(1)
        words = _ESCAPED_OR_SIGN.sub(lambda sign: " " * len(sign.group()), link.group(1))
        if len(_WORD.findall(words)) >= FEWEST_WORDS:
            found.append(_at(begin, normalise(words)))
        if len(found) == MOST_LINKS:
            break
    return found


def _at(begin: int, form: Normalised) -> Normalised:
    return Normalised(form.text, lambda: tuple(begin + place for place in form.offsets))
