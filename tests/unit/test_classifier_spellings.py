"""Which word a stretched one stands for, and one with digits for letters; and what words the lists hold."""

from __future__ import annotations

import pytest

from moderation.classifier.languages import is_of_another_language
from moderation.classifier.normalise import normalise
from moderation.classifier.spelling_training import hindi_words, lists
from moderation.classifier.spellings import meant, run_lengths


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("cool", {}),
        ("cooool", {1: 2}),
        ("idiooot", {3: 1}),
        ("killll hoooope", {2: 2, 8: 1}),
        ("assssssholllle", {1: 2, 9: 1}),
        ("wow!!! 1000", {3: 2, 8: 1}),
        ("याररर", {2: 1}),
    ],
)
def test_a_stretched_letter_is_single_or_double_as_the_word_has_it(text: str, lengths: dict[int, int]) -> None:
    assert run_lengths(text) == lengths


def test_a_word_of_nothing_but_runs_is_tried_only_so_often() -> None:
    assert set(run_lengths("aaabbbccc" * 400).values()) == {1}


@pytest.mark.parametrize(("word", "word_meant"), [("h4te", "hate"), ("$h17", "shit"), ("idi0t", "idiot")])
def test_digits_and_signs_are_letters_where_that_makes_a_word(word: str, word_meant: str) -> None:
    assert meant(word) == word_meant


@pytest.mark.parametrize("word", ["hate", "covid19", "mp3", "1917", "50", "h4", "b2b", "2020s"])
def test_and_nowhere_else(word: str) -> None:
    assert meant(word) is None


def test_the_lists_hold_words_that_many_write_and_doubles_that_are_no_slip() -> None:
    texts = {"good": 900, "god": 500, "soo": 40, "so": 9000, "kill": 80, "rare": 24, "hate": 25, "zz": 7, "दिल्ली": 30}
    found = {name: words.split(" ") for name, words in lists(texts).items()}
    assert found == {
        "doubled": ["good", "kill"],
        "latin": ["god", "good", "hate", "kill", "soo"],
    }


def test_hindi_in_latin_letters_is_written_and_what_is_marathi_rather_is_not() -> None:
    counts = {"hi": {"shanti": 50, "ahe": 6, "nirnay": 20, "rare": 4, "क": 90}, "mr": {"ahe": 80, "nirnay": 9}}
    assert hindi_words(counts, {"hi": 1000, "mr": 500}) == {"shanti", "nirnay"}


@pytest.mark.parametrize("text", ["bahut dukhad samachar, om shanti", "mujhe samachar patra ki vyavastha pasand hai"])
def test_words_of_hindi_are_known_although_nobody_was_seen_to_romanise_them(text: str) -> None:
    assert not is_of_another_language(text, normalise(text).text)
