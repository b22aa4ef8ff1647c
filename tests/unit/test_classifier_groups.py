"""Names of groups are read as one mark, in every spelling that is listed; slurs and other words stay."""

from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.classifier.group_forms import group_forms
from moderation.classifier.groups import FORMS, GROUP_MARK, folded, names
from moderation.classifier.languages import english
from moderation.classifier.normalise import normalise

READ = {
    "All Muslims and a Jew": "all G and a G",
    "Muslim men and disabled persons": "G and G",
    "Muslims, Hindus": "G",  # names in a row are one: no comma is left in a normal form
    "a black gay man": "a G",
    "African-American voters": "G voters",
    "a black cat on a white wall": "a black cat on a white wall",
    "मुसलमानों और हिंदुओं को": "G और G को",
    "मुस्लिमांना आणि ब्राह्मणांच्या": "G आणि G",
    "مسلمانوں اور ہندوؤں کو": "G اور G کو",
    "حقوق للمسلمين": "حقوق G",
    "musalmano aur hinduon ko": "G aur G ko",
}
# Words that building forms by rule would make names of, and that everybody writes.
ORDINARY = (
    "nation nations", "the north pole", "polish it", "sikhao sikha dun", "کردیں", "ہزاروں", "سنیں", "हिंदी", "सिखा दो",
    "ترك البيت", "واحد مثلي", "هذه السنة", "بدو يروح",
)  # fmt: skip
SLURS = (
    "faggot", "paki", "nigger", "tranny", "katua", "कटुआ", "کٹوا", "رافضی", "hijra", "हिजड़े", "भय्ये", "زنجي",
)  # fmt: skip


@pytest.mark.parametrize(("text", "read"), READ.items())
def test_a_name_is_read_as_the_mark(text: str, read: str) -> None:
    expected = " ".join(GROUP_MARK if word == "G" else normalise(word).text for word in read.split(" "))
    assert folded(normalise(text)).text == expected


@pytest.mark.parametrize("text", (*ORDINARY, *SLURS))
def test_what_is_no_name_stays_as_it_was(text: str) -> None:
    form = normalise(text)
    assert folded(form) is form


def test_the_names_among_common_english_words_are_names() -> None:
    own, shared = english()
    # Whoever adds a stem sees here what else it makes a name of.
    assert {word for word in own | shared if word in names().words and len(word) < 5} == {
        "arab", "gay", "gays", "jew", "jews", "lgbt", "men",
    }  # fmt: skip


@given(st.lists(st.sampled_from(["Muslims", "black", "men", "the", "हिंदू", "لوگ", "gay", "!", "x"]), max_size=12))
def test_every_place_of_the_result_is_a_place_of_the_original_and_none_decreases(words: list[str]) -> None:
    text = " ".join(words)
    form = normalise(text)
    read = folded(form)
    assert len(read.offsets) == len(read.text)
    assert list(read.offsets) == sorted(read.offsets)
    assert set(read.offsets) <= set(form.offsets)
    came = set(zip(read.text, read.offsets, strict=True)) - set(zip(form.text, form.offsets, strict=True))
    assert {char for char, _ in came} <= set(GROUP_MARK)


def test_a_mark_begins_and_ends_where_the_name_does() -> None:
    text = "All of the Muslim men, they say"
    read = folded(normalise(text))
    begin = read.text.index(GROUP_MARK)
    assert text[read.offsets[begin] : read.offsets[begin + 1] + 1] == "Muslim men"


def test_folding_twice_is_folding_once() -> None:
    once = folded(normalise("All Muslim men and Hindus are here"))
    assert folded(once) is once


def test_the_forms_are_those_of_the_names_listed() -> None:
    kept = resources.files("moderation.classifier").joinpath(FORMS).read_text(encoding="utf-8")
    assert kept == group_forms(), "python -m moderation.classifier.group_forms writes them anew"
