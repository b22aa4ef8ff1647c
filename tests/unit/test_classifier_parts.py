"""A long text in parts: sentences of every script, stretches where there are none, each word read thrice at most."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.classifier.normalise import normalise
from moderation.classifier.parts import LONG, lowered, parts_of

ONE, TWO, THREE = (
    "The bridge is old and the valley is wide",
    "Boats go up the river when the snow has gone",
    "Nobody in the village remembers who built it",
)
ENDS = {
    "full stop": ". ",
    "no blank after it": ".",
    "exclamation": "! ",
    "question": "? ",
    "Arabic question": "؟ ",
    "Urdu full stop": "۔ ",
    "danda": "। ",
    "ellipsis": "… ",
    "line": "\n",
}


def shown(text: str) -> list[str]:
    """The parts of a text, as they stand in it."""
    return [text[part.offsets[0] : part.offsets[-1] + 1] for part in parts_of(text, normalise(text))]


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_short_sentence_between_long_ones_is_a_part_of_its_own(end: str) -> None:
    text = end.join((ONE, "We will come for you", TWO, THREE, ""))
    assert len(text) > LONG
    assert "We will come for you" in shown(text)
    assert not any("We will" in part and ("wide" in part or "Boats" in part) for part in shown(text))


@pytest.mark.parametrize("text", ["", "One sentence. Another one.", "a b " * 20, "x" * LONG])
def test_a_short_text_is_in_no_parts_and_so_costs_nothing(text: str) -> None:
    assert parts_of(text, normalise(text)) == []


def test_short_sentences_in_a_row_are_one_part_and_one_between_long_ones_is_its_own() -> None:
    parts = shown(f"{ONE}. {TWO}. Idiot. {THREE}. I. Will. Come. Now. {ONE}.")
    assert "Idiot" in parts
    assert "I. Will. Come. Now" in parts


def test_a_text_without_sentences_is_read_in_stretches_that_overlap() -> None:
    words = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(40)]
    stretches = [stretch.split() for stretch in shown(" ".join(words))]
    assert all(len(stretch) <= 8 for stretch in stretches)
    assert {word for stretch in stretches for word in stretch} == set(words)
    for five in zip(*(words[first:] for first in range(5)), strict=False):
        assert any(set(five) <= set(stretch) for stretch in stretches), five


def test_what_is_said_twice_is_one_part() -> None:
    assert len(shown(f"{ONE}. {TWO}. {THREE}. ")) == len(shown(f"{ONE}. {TWO}. {THREE}. " * 9)) > 2


def test_a_word_without_end_drowns_no_other() -> None:
    assert "and you die" in shown("x" + "yz" * 300 + " and you die " + "w" + "vu" * 300)


def test_links_names_and_signs_alone_are_no_part_and_none_stands_at_an_edge() -> None:
    text = f"{ONE}. @bob @eve https://example.org/a. 12! 👍 👍. @bob Come in now https://example.org 👍. {TWO}."
    assert "Come in now" in shown(text)
    assert not any(sign in part for part in shown(text) for sign in ("@", "//", "12", "👍"))


@pytest.mark.parametrize(
    "text",
    [
        "a. " * 1365,
        "ab. " * 1024,
        "ab " * 1365,
        "abc d. " * 585,
        "a\n" * 2048,
        "؟ا" * 2048,
        "क।" * 2048,
        "x" * 4096,
        "!" * 4096,
    ],
)
def test_the_longest_texts_are_read_at_most_three_times(text: str) -> None:
    form = normalise(text)
    parts = parts_of(text, form)
    assert sum(len(part.text) for part in parts) <= 2 * len(form.text)
    assert len(parts) <= 600


def test_the_more_parts_the_more_each_is_lowered() -> None:
    taken = [lowered(parts) for parts in (0, 1, 2, 8, 64)]
    assert taken[0] == 0
    assert all(one < other for one, other in pairwise(taken))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab .!?।۔؟\n@1👍\u200b\u093fकا", min_size=100, max_size=400))
def test_each_part_is_a_stretch_of_the_normal_form_that_leads_back_into_the_text(text: str) -> None:
    form = normalise(text)
    for part in parts_of(text, form):
        assert part.text
        assert part.text == part.text.strip()
        assert part.text in form.text
        assert len(part.offsets) == len(part.text)
        assert list(part.offsets) == sorted(part.offsets)
        assert part.offsets[-1] < len(text)
