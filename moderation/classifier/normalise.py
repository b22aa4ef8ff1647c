"""One normal form of a comment, before any feature: what was written to hide a word is undone.

The original is never changed. Every code point of the normal form remembers which code point of the original it came
from, so that a span found in the one can be marked in the other.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from moderation.classifier.letters import (
    ARABIC_VARIANTS,
    INVISIBLE,
    LEET,
    LOOKALIKES,
    MARKED_LATIN,
)

# A comment has at most 4,096 code points. U+FDFA alone folds to 18, so the normal form has a bound of its own.
LONGEST_READ = 8_192
LONGEST_KEPT = 4_096

LINK_MARK, NAME_MARK, MAIL_MARK, PHONE_MARK, NUMBER_MARK = "LINK", "NAME", "MAIL", "PHONE", "NUM"

_LATIN = "a-z"
_LETTER = r"[^\W\d_]"
_MARKS = "\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963"

_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff]")
_INVISIBLE = re.compile(INVISIBLE)
_UNFOLDED = re.compile(r"[^\x00-\x7f][\u0300-\u036f\u0483-\u0489\u064b-\u065f\u093c\u20d0-\u20ff]*")
_MARKED = re.compile("[" + "".join(MARKED_LATIN) + "]")
_LATIN_MARKS = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LINK = re.compile(
    r"(?:https?://|hxxps?://|www\.)\S+|\b[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*"
    r"\.(?:com|net|org|info|biz|ru|cn|top|xyz|shop|site|online|live|club|link|pk|ly|me|gl|io|tv|app|win|vip)\b(?:/\S*)?"
)
_NAME = re.compile(r"(?<![\w@])@\w{2,64}")
_PHONE = re.compile(r"(?<!\w)\+?\d(?:[ \-().]{0,2}\d){8,14}(?!\w)")
_NUMBER = re.compile(r"(?<!\w)[+\-]?\d+(?:[.,:/\-]\d+)*(?:%|k|m|th|st|nd|rd)?(?![^\W_])")
_LOOKALIKE = re.compile("[" + re.escape("".join(LOOKALIKES)) + "]")
_BEYOND_DOUBT = re.compile("(?![" + re.escape("".join(LOOKALIKES)) + "])[\u0370-\u052f]")
_LOOKALIKE_WORD = re.compile(r"[^\s]*[" + re.escape("".join(LOOKALIKES)) + r"][^\s]*")
_LEET_WORD = re.compile(rf"(?<![\w@$])[{_LATIN}0134578@$!|]*[0134578@$!|][{_LATIN}0134578@$!|]*(?![\w@$])")
_DIGIT_INSIDE = re.compile(rf"[{_LATIN}][0134578@$!|]+[{_LATIN}]$")
_SPACED = re.compile(
    rf"(?<![\w{_MARKS}]){_LETTER}([ ]{{1,2}}|[.\-_*~'`,/|]{{1,3}})(?:{_LETTER}\1)+{_LETTER}(?![\w*{_MARKS}])"
)
_SPACED_MARKED = re.compile(
    rf"(?<![\w{_MARKS}])(?:{_LETTER}[{_MARKS}]*[.\-_*~'`/|]{{1,3}}){{2,}}{_LETTER}[{_MARKS}]*(?![\w{_MARKS}])"
)
_ARABIC = re.compile("[" + "".join(ARABIC_VARIANTS) + "]")
_ARABIC_MARKS = re.compile(r"[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]+")
_NUKTA = re.compile("\u093c+")
_NASAL = re.compile("[\u0919\u091e\u0923\u0928\u092e]\u094d(?=[\u0915-\u0939])|\u0901")
_STRETCHED = re.compile(r"(\S)\1{2,}")
_MARK_RUN = re.compile(rf"([{_MARKS}])[{_MARKS}]{{3,}}")
_IN_WORD = re.compile(r"(?<=\w)['\u2019\u02bc`](?=\w)")
# Kept: letters, marks, digits, "*" inside a word (a masked letter), "!" and "?"; emoji and the rest stand alone.
_NOISE = re.compile(r"(?:[\s.,;:\"“”„«»‹›()\[\]{}<>/\\|~^_=+#&%\-–—…·•۔،؛।॥'‘’`´@$]|(?<![\w*])\*+|\*+(?![\w*]))+")
_ALONE = re.compile(rf"[^\w\s*{_MARKS}]")


@dataclass(frozen=True, slots=True)
class Normalised:
    """The normal form of a text: words and signs, one space between them, none at the ends.

    `offsets` has one entry for each code point of `text`: the index in the original it came from, never decreasing.
    """

    text: str
    offsets: tuple[int, ...]


class _Draft:
    """A text under change, with where each of its code points came from."""

    __slots__ = ("offsets", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets = list(range(len(text)))

    def put(self, pattern: re.Pattern[str], put: str | Callable[[re.Match[str]], str]) -> None:
        """Replace each match. A replacement as long as its match keeps the places, another takes the first's."""
        if pattern.search(self.text) is None:
            return
        pieces: list[str] = []
        offsets: list[int] = []
        end = 0
        for match in pattern.finditer(self.text):
            begin, stop = match.span()
            new = put if isinstance(put, str) else put(match)
            pieces.append(self.text[end:begin])
            offsets.extend(self.offsets[end:begin])
            pieces.append(new)
            if len(new) == stop - begin:
                offsets.extend(self.offsets[begin:stop])
            else:
                # The last, and blanks behind it, take the match's end, so that a span over it covers the whole.
                last = min(len(new), 1 + len(new) - len(new.rstrip(" ")))
                offsets.extend([self.offsets[begin]] * (len(new) - last))
                offsets.extend([self.offsets[stop - 1]] * last)
            end = stop
        pieces.append(self.text[end:])
        offsets.extend(self.offsets[end:])
        self.text, self.offsets = "".join(pieces), offsets

    def keep(self, pattern: re.Pattern[str], kept: Callable[[str], bool]) -> None:
        """Within each match, drop the code points that are not kept."""
        if pattern.search(self.text) is None:
            return
        gone: set[int] = set()
        for match in pattern.finditer(self.text):
            gone.update(i for i in range(*match.span()) if not kept(self.text[i]))
        self.text = "".join(char for i, char in enumerate(self.text) if i not in gone)
        self.offsets = [offset for i, offset in enumerate(self.offsets) if i not in gone]

    def lower(self) -> None:
        lowered = self.text.lower()
        if len(lowered) != len(self.text):  # only U+0130 grows
            lowered = "".join(char.lower()[:1] for char in self.text)
        self.text = lowered


def _of(table: dict[str, str]) -> Callable[[re.Match[str]], str]:
    return lambda match: table.get(match.group(), match.group())


def _folded(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match.group())


def _latin_again(text: str) -> Callable[[re.Match[str]], str]:
    """Look-alikes become Latin where the word is Latin. A word of look-alikes only becomes Latin where the text
    has no letter that is Cyrillic or Greek beyond doubt: honest Russian stays Russian."""
    foreign = _BEYOND_DOUBT.search(text) is not None

    def latin(match: re.Match[str]) -> str:
        word = match.group()
        rest = _LOOKALIKE.sub("", word)
        if any(char.isalpha() and not char.isascii() for char in rest):
            return word
        if foreign and not any(char.isalpha() for char in rest):
            return word
        return "".join(LOOKALIKES.get(char, char) for char in word)

    return latin


def _unleet(match: re.Match[str]) -> str:
    """Signs and digits that stand for letters, inside words only: "h3llo", never "3rd", "covid19" or "100"."""
    word = match.group()
    bare = word.rstrip("!|0134578")
    letters = sum("a" <= char <= "z" for char in bare)
    if letters == 0 or (bare[0].isdigit() and (bare[1].isdigit() or (letters < 3 and not _DIGIT_INSIDE.search(bare)))):
        return word
    if letters < 2 and "$$" not in bare:
        return word
    return "".join(LEET.get(char, char) for char in bare) + word[len(bare) :]


def _unhide(draft: _Draft) -> None:
    draft.put(_UNREADABLE, " ")
    draft.put(_INVISIBLE, "")
    if not draft.text.isascii():
        if not unicodedata.is_normalized("NFKC", draft.text):
            draft.put(_UNFOLDED, _folded)
            draft.put(_INVISIBLE, "")
        draft.put(_LATIN_MARKS, "")
    draft.lower()
    if not draft.text.isascii():
        draft.put(_MARKED, _of(MARKED_LATIN))


def _mark(draft: _Draft) -> None:
    text = draft.text
    if "@" in text:
        draft.put(_MAIL, f" {MAIL_MARK} ")
    if "." in text:
        draft.put(_LINK, f" {LINK_MARK} ")
    if "@" in text:
        draft.put(_NAME, f" {NAME_MARK} ")
    draft.put(_PHONE, f" {PHONE_MARK} ")
    draft.put(_NUMBER, f" {NUMBER_MARK} ")


def _one_spelling(draft: _Draft) -> None:
    if not draft.text.isascii():
        draft.put(_LOOKALIKE_WORD, _latin_again(draft.text))
        draft.put(_ARABIC_MARKS, "")
        draft.put(_ARABIC, _of(ARABIC_VARIANTS))
        draft.put(_NUKTA, "")
        draft.put(_NASAL, "\u0902")
        draft.put(_MARK_RUN, lambda match: match.group(1))
        draft.keep(_SPACED_MARKED, lambda char: char.isalpha() or unicodedata.category(char)[0] == "M")
    draft.put(_LEET_WORD, _unleet)
    draft.keep(_SPACED, str.isalpha)
    draft.put(_IN_WORD, "")
    draft.put(_STRETCHED, lambda match: match.group(1) * 2)


@functools.lru_cache(maxsize=256)  # the classifier and the banned words ask for each comment of a batch
def normalise(text: str) -> Normalised:
    """The normal form of a text, for features only; never raises, whatever the text holds.

    Reads the first 8,192 code points and gives at most 4,096. Does not judge, and does not change what is stored.
    """
    draft = _Draft(text[:LONGEST_READ])
    _unhide(draft)
    _mark(draft)
    _one_spelling(draft)
    draft.put(_ALONE, lambda match: f" {match.group()} ")
    draft.put(_NOISE, " ")
    kept = draft.text[:LONGEST_KEPT]
    begin = len(kept) - len(kept.lstrip(" "))
    end = max(begin, len(kept.rstrip(" ")))
    return Normalised(kept[begin:end], tuple(draft.offsets[begin:end]))
