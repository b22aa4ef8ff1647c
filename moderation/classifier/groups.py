"""Names of groups of people, read as one mark: a Muslim, a Hindu and a woman are one word to the model.

    "all Muslim men are" → "all GR are"       a slur is a word like any other

So what is said weighs, and of whom does not: swapping one listed name for another changes no feature. The names are
in `groups.toml`, and their forms in `group_forms.json`, made from it by `python -m moderation.classifier.group_forms`;
a name that is not there stays as it is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from moderation.classifier.normalise import Normalised

# Marks are the only capitals of a normal form. Two letters know where the name begins and where it ends, and hold few
# runs: a name should weigh little.
GROUP_MARK = "GR"
FORMS = "group_forms.json"


@dataclass(frozen=True, slots=True)
class Names:
    """Every form of every name, normalised; `phrases` has those of several words, by their first one.

    `people` joins the name before it, and makes a name of a word in `beside` that stands before it.
    """

    words: frozenset[str]
    phrases: Mapping[str, tuple[tuple[str, ...], ...]]
    people: frozenset[str]
    beside: frozenset[str]
    first: frozenset[str]  # what a name may begin with

    def length_at(self, words: Sequence[str], place: int) -> int:
        """How many words from `place` on are one name; 0 for none."""
        word = words[place]
        for phrase in self.phrases.get(word, ()):
            if tuple(words[place : place + len(phrase)]) == phrase:
                return len(phrase)
        if word in self.words:
            return 1
        follower = words[place + 1] if place + 1 < len(words) else ""
        return int(word in self.beside and (follower in self.people or follower in self.words))


def folded(form: Normalised) -> Normalised:
    """The same form with each name of a group as GROUP_MARK; people named right after it, and a run of names, are one.

    Every place of the result still knows its place in the original. Gives back the form itself where no name stands.
    """
    known = names()
    words = form.text.split(" ")
    if known.first.isdisjoint(words):
        return form
    pieces: list[str] = []
    stretches: list[tuple[int, int, bool]] = []  # of the form's text, and whether it is a name
    begin = place = 0  # of the word at hand: in the form's text, and among its words
    while place < len(words):
        count = _named(known, words, place)
        taken = words[place : place + max(count, 1)]
        end = begin + sum(map(len, taken)) + len(taken) - 1
        pieces.append(GROUP_MARK if count else taken[0])
        stretches.append((begin, end, count > 0))
        begin, place = end + 1, place + len(taken)
    if not any(named for _, _, named in stretches):
        return form
    return Normalised(" ".join(pieces), lambda: _places(form.offsets, stretches))


def _places(offsets: tuple[int, ...], stretches: Sequence[tuple[int, int, bool]]) -> tuple[int, ...]:
    places: list[int] = []
    for begin, end, named in stretches:
        places.extend(offsets[begin - 1 : begin] if begin else ())  # the space before it
        places.extend((offsets[begin], offsets[end - 1]) if named else offsets[begin:end])
    return tuple(places)


def _named(known: Names, words: Sequence[str], place: int) -> int:
    """How many words from `place` on become one mark: names in a row, each with the people named after it."""
    count = 0
    while place + count < len(words):
        more = known.length_at(words, place + count)
        if more == 0:
            break
        count += more
        while place + count < len(words) and words[place + count] in known.people:
            count += 1
    return count


@cache
def names() -> Names:
    """The names as they were last learned from the list."""
    raw = json.loads(resources.files(__package__).joinpath(FORMS).read_text(encoding="utf-8"))
    phrases: dict[str, list[tuple[str, ...]]] = {}
    for form in sorted((form.split(" ") for form in raw["phrases"]), key=len, reverse=True):
        phrases.setdefault(form[0], []).append(tuple(form))
    words, beside = frozenset(raw["words"].split(" ")), frozenset(raw["beside"].split(" "))
    return Names(
        words,
        {first: tuple(rest) for first, rest in phrases.items()},
        frozenset(raw["people"].split(" ")),
        beside,
        words | beside | frozenset(phrases),
    )
