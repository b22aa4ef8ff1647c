"""One normal form of a comment, before any feature: what was written to hide a word is undone.

The original is never changed. Every code point of the normal form remembers which code point of the original it came
from, so that a span found in the one can be marked in the other.
"""

from __future__ import annotations

import functools
import operator
import re
import unicodedata
from collections.abc import Callable

from moderation.classifier.letters import (
    ARABIC_VARIANTS,
    INSIDE_ARABIC,
    INSIDE_DEVANAGARI,
    INVISIBLE,
    LOOKALIKE_SIGNS,
    LOOKALIKES,
    MARKED_LATIN,
)
from moderation.classifier.spellings import STRETCHED, meant, run_lengths, with_letters

# A comment has at most 4,096 code points. U+FDFA alone folds to 18, so the normal form has a bound of its own.
LONGEST_READ = 8_192
LONGEST_KEPT = 4_096

Offsets = tuple[int, ...]

LINK_MARK, NAME_MARK, MAIL_MARK, PHONE_MARK, NUMBER_MARK = "LINK", "NAME", "MAIL", "PHONE", "NUM"

_LATIN = "a-z"
_LETTER = r"[^\W\d_]"
_MARKS = "\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963"

_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2800\ud800-\udfff\ue000-\uf8ff]")
# Blanks so thin that letters parted by them read as one word.
_THIN = re.compile(rf"(?<={_LETTER})[\u2005-\u200a\u202f\u205f]+(?={_LETTER})")
_INVISIBLE = re.compile(INVISIBLE)
_UNFOLDED = re.compile(r"[^\x00-\x7f][\u0300-\u036f\u0483-\u0489\u064b-\u065f\u093c\u20d0-\u20ff]*")
_MARKED = re.compile("[" + "".join(MARKED_LATIN) + "]")
# Of other scripts too, where those scripts are none that readers write: points of Hebrew, vowels of Thai.
_LATIN_MARKS = re.compile(
    r"[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_ENDING = r"\.(?:com|net|org|info|biz|ru|cn|top|xyz|shop|site|online|live|club|link|pk|ly|me|gl|io|tv|app|win|vip)\b"
_LINK = re.compile(rf"(?:https?://|hxxps?://|www\.)\S+|\b[a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}})*{_ENDING}(?:/\S*)?")
# No link is without one of these.
_LINK_AT_ALL = re.compile(rf"{_ENDING}|://|www\.")
_NAME = re.compile(r"(?<![\w@])@\w{2,64}")
_PHONE = re.compile(r"(?<!\w)\+?\d(?:[ \-().]{0,2}\d){8,14}(?!\w)")
_NUMBER = re.compile(r"(?<!\w)[+\-]?\d+(?:[.,:/\-]\d+)*(?:%|k|m|th|st|nd|rd)?(?![^\W_]|[@$]{1,3}[a-z])")
_LETTERS_ALIKE, _SIGNS_ALIKE = "".join(LOOKALIKES), "".join(LOOKALIKE_SIGNS)
_LOOKALIKE = re.compile(f"[{_LETTERS_ALIKE}]|(?<={_LETTER})[{_SIGNS_ALIKE}]|[{_SIGNS_ALIKE}](?={_LETTER})")
_BEYOND_DOUBT = re.compile(f"(?![{_LETTERS_ALIKE}])[\u0370-\u052f]")
# Letters of Arabic and Devanagari end a word: who hides a Latin one may write it against them.
_NOT_LATIN = r"\s\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u097f"
_LOOKALIKE_WORD = re.compile(f"(?<![^{_NOT_LATIN}])[^{_NOT_LATIN}]*[{_LETTERS_ALIKE}{_SIGNS_ALIKE}][^{_NOT_LATIN}]*")
_LEET_WORD = re.compile(rf"(?<![\w@$])[{_LATIN}0134578@$!|]*[0134578@$!|][{_LATIN}0134578@$!|]*(?![\w@$])")
_DIGIT_INSIDE = re.compile(rf"[{_LATIN}][0134578@$!|]+[{_LATIN}]$")
_SPACED = re.compile(
    rf"(?<![\w{_MARKS}]){_LETTER}([ \t]{{1,2}}|[\r\n]{{1,2}}|(?:_|[^\w\s{_MARKS}]){{1,3}})(?:{_LETTER}\1)+{_LETTER}"
    rf"(?![\w*{_MARKS}])"
)
_ALL_DOUBLE = re.compile(rf"(?<![^\W_])(?:({_LETTER})\1){{3,}}(?![^\W_])")
# A consonant alone is no word but "न" and "व", and one that a virama ends is none: such letters were torn apart.
_TORN_UNIT = rf"[\u0904-\u0939{_MARKS}][{_MARKS}]*"
_TORN = re.compile(rf"(?<![\w{_MARKS}])(?:{_TORN_UNIT} ){{2,}}{_TORN_UNIT}(?![\w*{_MARKS}])")
_TORN_AT_ALL = re.compile(rf"(?<![^ ])(?:[\u0915-\u0927\u092a-\u0934\u0936-\u0939](?:\u094d| |$)|[{_MARKS}])")
_UNIT = rf"(?:{_LETTER}|[{_MARKS}])[{_MARKS}]*"
_SPACED_MARKED = re.compile(
    rf"(?<![\w{_MARKS}])(?:(?:{_UNIT}[.\-_*~'`/|]{{1,3}}){{2,}}|{_UNIT}[.\-_~'`/|]{{1,3}}){_UNIT}(?![\w*{_MARKS}])"
)
_ARABIC = re.compile("[" + "".join(ARABIC_VARIANTS) + "]")
_INSIDE_ARABIC = re.compile("(?<=[\u0621-\u06d3])[a-z](?=[\u0621-\u06d3])")
_INSIDE_DEVANAGARI = re.compile(rf"(?<=[\u0904-\u0939{_MARKS}])[a-z](?=[\u0904-\u0939{_MARKS}])")
_ARABIC_MARKS = re.compile(r"[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]+")
_NUKTA = re.compile("\u093c+")
_NASAL = re.compile("[\u0919\u091e\u0923\u0928\u092e]\u094d(?=[\u0915-\u0939])|\u0901")
_MARK_RUN = re.compile(rf"([{_MARKS}])[{_MARKS}]{{3,}}")
_IN_WORD = re.compile(r"(?<=\w)['\u2019\u02bc`](?=\w)")
# Kept: letters, marks, digits, "*" inside a word (a masked letter), "!" and "?"; emoji and the rest stand alone.
_NOISE = re.compile(r"(?:[\s.,;:\"“”„«»‹›()\[\]{}<>/\\|~^_=+#&%\-–—…·•۔،؛।॥'‘’`´@$]|(?<![\w*])\*+|\*+(?![\w*]))+")
# The same but for white space and "*".
_BLANK = re.compile(r"[.,;:\"“”„«»‹›()\[\]{}<>/\\|~^_=+#&%\-–—…·•۔،؛।॥'‘’`´@$]+")
_ALONE = re.compile(rf"[^\w\s*{_MARKS}]")
_APART = re.compile(rf"(?P<sign>(?!{_BLANK.pattern}){_ALONE.pattern})|(?:(?!{_BLANK.pattern})[\w{_MARKS}])+")


class Normalised:
    """The normal form of a text: words and signs, one space between them, none at the ends.

    `offsets` has one entry for each code point of `text`: the index in the original it came from, never decreasing.
    It is worked out when it is first asked for: most texts are only scored.
    """

    __slots__ = ("_offsets", "text")

    def __init__(self, text: str, offsets: Callable[[], Offsets]) -> None:
        self.text = text
        self._offsets: Callable[[], Offsets] | Offsets = offsets

    @property
    def offsets(self) -> Offsets:
        """Places in the original."""
        if not isinstance(self._offsets, tuple):
            self._offsets = self._offsets()
        return self._offsets

    def part(self, begin: int, end: int) -> Normalised:
        """A stretch of it, which leads back to the same original."""
        return Normalised(self.text[begin:end], lambda: self.offsets[begin:end])


class _Draft:
    """A text under change; with `placed`, where each of its code points came from, which costs twice as much."""

    __slots__ = ("offsets", "text")

    def __init__(self, text: str, *, placed: bool) -> None:
        self.text = text
        self.offsets = list(range(len(text))) if placed else None

    def put(self, pattern: re.Pattern[str], put: str | Callable[[re.Match[str]], str]) -> None:
        """Replace each match. A replacement as long as its match keeps the places, another takes the first's."""
        if self.offsets is None:
            self.text = pattern.sub(put, self.text)
            return
        pieces: list[str] = []
        offsets: list[int] = []
        end = 0
        for match in pattern.finditer(self.text):
            new = put if isinstance(put, str) else put(match)
            if new == match.group():
                continue
            begin, stop = match.span()
            pieces.append(self.text[end:begin])
            offsets += self.offsets[end:begin]
            pieces.append(new)
            if len(new) == stop - begin:
                offsets += self.offsets[begin:stop]
            else:
                # The last, and blanks behind it, take the match's end, so that a span over it covers the whole.
                last = min(len(new), 1 + len(new) - len(new.rstrip(" ")))
                offsets += [self.offsets[begin]] * (len(new) - last)
                offsets += [self.offsets[stop - 1]] * last
            end = stop
        if end:
            pieces.append(self.text[end:])
            offsets += self.offsets[end:]
            self.text, self.offsets = "".join(pieces), offsets

    def keep(self, pattern: re.Pattern[str], kept: Callable[[str], bool]) -> None:
        """Within each match, drop the code points that are not kept."""
        if self.offsets is None:
            self.text = pattern.sub(lambda match: "".join(filter(kept, match.group())), self.text)
            return
        gone: set[int] = set()
        for match in pattern.finditer(self.text):
            gone.update(i for i in range(*match.span()) if not kept(self.text[i]))
        if gone:
            self.text = "".join(char for i, char in enumerate(self.text) if i not in gone)
            self.offsets = [offset for i, offset in enumerate(self.offsets) if i not in gone]

    def lower(self) -> None:
        lowered = self.text.lower()
        if len(lowered) != len(self.text):  # only U+0130 grows
            lowered = "".join(char.lower()[:1] for char in self.text)
        self.text = lowered


class _Traits(dict[str, int]):
    """The traits of each code point met so far, by the very patterns of the rules."""

    def __missing__(self, char: str) -> int:
        traits = sum(trait for trait, pattern in _SETS_OFF.items() if pattern.match(char))
        if len(self) < _MOST_KNOWN:
            self[char] = traits
        return traits

    def of(self, text: str) -> int:
        return functools.reduce(operator.or_, map(self.__getitem__, set(text)), 0)


def _of(table: dict[str, str]) -> Callable[[re.Match[str]], str]:
    return lambda match: table.get(match.group(), match.group())


def _folded(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match.group())


_ALIKE = LOOKALIKES | LOOKALIKE_SIGNS


def _latin_again(text: str) -> Callable[[re.Match[str]], str]:
    """Look-alikes become Latin where the word is Latin. A word of look-alikes only becomes Latin where the text
    has no letter that is Cyrillic or Greek beyond doubt: honest Russian stays Russian."""
    foreign = _BEYOND_DOUBT.search(text) is not None

    def latin(match: re.Match[str]) -> str:
        word = match.group()
        rest = _LOOKALIKE.sub("", word)
        if any(char.isalpha() and not char.isascii() and char.lower() not in MARKED_LATIN for char in rest):
            return word
        if foreign and not any(char.isalpha() for char in rest):
            return word
        return _LOOKALIKE.sub(lambda found: _ALIKE[found.group()], word)

    return latin


def _named(match: re.Match[str]) -> str:
    """Somebody's name, unless its sign is a letter: "@sshole"."""
    word = match.group()
    return word if meant(word) is not None else f" {NAME_MARK} "


def _unleet(match: re.Match[str]) -> str:
    """Signs and digits that stand for letters, inside words only: "h3llo", never "3rd", "covid19" or "100"."""
    word = match.group()
    if (whole := meant(word)) is not None:
        return whole
    bare = word.rstrip("!|0134578")
    letters = sum("a" <= char <= "z" for char in bare)
    if letters == 0 or (bare[0].isdigit() and (bare[1].isdigit() or (letters < 3 and not _DIGIT_INSIDE.search(bare)))):
        return word
    if letters < 2 and "$$" not in bare:
        return word
    return with_letters(bare) + word[len(bare) :]


# What a code point can set off: a text without one is spared the rules that need it.
(
    _T_HIDES,
    _T_MARKED,
    _T_LOOKALIKE,
    _T_ARABIC_MARK,
    _T_ARABIC,
    _T_NUKTA,
    _T_NASAL,
    _T_INDIC,
    _T_DIGIT,
    _T_LEET,
    _T_APOSTROPHE,
    _T_JOINS,
    _T_SIGN,
    _T_STAR,
    _T_STRIKES,
) = (1 << place for place in range(15))
_SETS_OFF = {
    _T_HIDES: re.compile(f"{_UNREADABLE.pattern}|{_INVISIBLE.pattern}|{_LATIN_MARKS.pattern}"),
    _T_MARKED: _MARKED,
    _T_LOOKALIKE: re.compile(f"[{_LETTERS_ALIKE}{_SIGNS_ALIKE}]"),
    _T_ARABIC_MARK: _ARABIC_MARKS,
    _T_ARABIC: _ARABIC,
    _T_NUKTA: _NUKTA,
    _T_NASAL: re.compile("[\u094d\u0901]"),
    _T_INDIC: re.compile(f"[{_MARKS}]"),
    _T_DIGIT: re.compile(r"\d"),
    _T_LEET: re.compile("[0134578@$!|]"),
    _T_APOSTROPHE: re.compile("['\u2019\u02bc`]"),
    _T_JOINS: re.compile(r"[.\-_*~'`/|]"),
    _T_SIGN: re.compile(rf"(?!{_BLANK.pattern}){_ALONE.pattern}"),
    _T_STAR: re.compile(r"\*"),
    _T_STRIKES: re.compile("[@$!|]"),
}
_MOST_KNOWN = 20_000  # code points: more than all the world's comments hold, and no more than a few MB
_TRAITS = _Traits()


def _unhide(draft: _Draft) -> int:
    """Answers the traits of what comes out."""
    lowered = draft.text.lower()
    traits = _TRAITS.of(lowered)
    plain = draft.text.isascii() or unicodedata.is_normalized("NFKC", draft.text)
    if plain and not traits & (_T_HIDES | _T_LOOKALIKE) and len(lowered) == len(draft.text):
        draft.text = lowered
    else:
        draft.put(_THIN, "")
        draft.put(_UNREADABLE, " ")
        draft.put(_INVISIBLE, "")
        if not unicodedata.is_normalized("NFKC", draft.text):
            draft.put(_UNFOLDED, _folded)
            draft.put(_INVISIBLE, "")
        draft.put(_LATIN_MARKS, "")
        # Before the letters of links are looked for, and before lower case: Greek "Η" is like "h", and "η" like "n".
        draft.put(_LOOKALIKE_WORD, _latin_again(draft.text))
        draft.lower()
        traits = _TRAITS.of(draft.text)
    if traits & _T_MARKED:
        draft.put(_MARKED, _of(MARKED_LATIN))
    return traits


def _mark(draft: _Draft, traits: int) -> None:
    text = draft.text
    if "@" in text:
        draft.put(_MAIL, f" {MAIL_MARK} ")
    if "." in text and _LINK_AT_ALL.search(text):
        draft.put(_LINK, f" {LINK_MARK} ")
    if "@" in text:
        draft.put(_NAME, _named)
    if traits & _T_DIGIT:
        draft.put(_PHONE, f" {PHONE_MARK} ")
        draft.put(_NUMBER, f" {NUMBER_MARK} ")


def _one_spelling(draft: _Draft, traits: int) -> None:
    foreign = not draft.text.isascii()
    if traits & _T_ARABIC_MARK:
        draft.put(_ARABIC_MARKS, "")
    if traits & _T_ARABIC:
        draft.put(_ARABIC, _of(ARABIC_VARIANTS))
    if traits & _T_NUKTA:
        draft.put(_NUKTA, "")
    if traits & _T_NASAL:
        draft.put(_NASAL, "\u0902")
    if traits & _T_INDIC:
        draft.put(_MARK_RUN, lambda match: match.group(1))
    if traits & _T_INDIC and _TORN_AT_ALL.search(draft.text):
        draft.keep(_TORN, lambda char: char != " ")
    if foreign:
        # One letter of the same sound, written to part a word: "वालेpm" and "PMने" have none on one side.
        draft.put(_INSIDE_ARABIC, _of(INSIDE_ARABIC))
        draft.put(_INSIDE_DEVANAGARI, _of(INSIDE_DEVANAGARI))
    if foreign and traits & _T_JOINS:
        draft.keep(_SPACED_MARKED, lambda char: char.isalpha() or unicodedata.category(char)[0] == "M")
    if traits & _T_LEET:
        if traits & _T_STRIKES:
            draft.keep(_SPACED, str.isalpha)  # before the signs between letters are taken for letters
        draft.put(_LEET_WORD, _unleet)
    draft.keep(_SPACED, str.isalpha)
    draft.put(_ALL_DOUBLE, lambda match: match.group()[::2])
    if traits & _T_APOSTROPHE:
        draft.put(_IN_WORD, "")
    if lengths := run_lengths(draft.text):
        draft.put(STRETCHED, lambda match: match.group(1) * lengths[match.start()])


@functools.lru_cache(maxsize=256)  # the classifier and the banned words ask for each comment of a batch
def normalise(text: str) -> Normalised:
    """The normal form of a text, for features only; never raises, whatever the text holds.

    Reads the first 8,192 code points and gives at most 4,096. Does not judge, and does not change what is stored.
    """
    draft = _Draft(text[:LONGEST_READ], placed=False)
    traits = _drafted(draft)
    if not traits & _T_STAR:
        blanked = _BLANK.sub(" ", draft.text)
        if traits & _T_SIGN:
            blanked = _ALONE.sub(lambda match: f" {match.group()} ", blanked)
        normal = " ".join(blanked.split())
        if len(normal) < LONGEST_KEPT - 1:
            return Normalised(normal, lambda: _placed(text))
    _apart(draft)
    begin, end = _bounds(draft.text)
    return Normalised(draft.text[begin:end], lambda: _placed(text))


def _placed(text: str) -> Offsets:
    """The places of the same normal form, worked out in the way that knows them."""
    draft = _Draft(text[:LONGEST_READ], placed=True)
    traits = _drafted(draft)
    places = draft.offsets or []
    if not traits & _T_STAR:
        found: list[int] = []
        for match in _APART.finditer(draft.text):
            begin, end = match.span()
            # A sign brings its own space with it; else the space is what stood before the word.
            found.append(places[begin if match.lastgroup else begin - 1])
            found += places[begin:end]
        if len(found) < LONGEST_KEPT:
            return tuple(found[1:])
    _apart(draft)
    begin, end = _bounds(draft.text)
    return tuple((draft.offsets or ())[begin:end])


def _drafted(draft: _Draft) -> int:
    traits = _unhide(draft)
    _mark(draft, traits)
    _one_spelling(draft, traits)
    return traits


def _apart(draft: _Draft) -> None:
    """Signs stand alone, and what is neither letter nor sign is one space."""
    draft.put(_ALONE, lambda match: f" {match.group()} ")
    draft.put(_NOISE, " ")


def _bounds(text: str) -> tuple[int, int]:
    kept = text[:LONGEST_KEPT]
    begin = len(kept) - len(kept.lstrip(" "))
    return begin, max(begin, len(kept.rstrip(" ")))
