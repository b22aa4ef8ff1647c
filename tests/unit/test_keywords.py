"""Keywords: whole words, compared as readers of each language take them for one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.keywords import LONGEST, WORDS_AT_MOST, folded, keyword, phrases
from bot.story import Story
from bot.subscriber import Subscriber

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MODI", "modi"),
        ("Café", "cafe"),
        ("Straße", "STRASSE"),
        ("ＡＩ－act", "ai act"),
        ("كتاب", "کتاب"),
        ("مَدرسَة", "مدرسه"),
        ("الأزهر", "الازہر"),
        ("لکھنؤ", "لکھنو"),
        ("مســجد", "مسجد"),
        ("ज़मीन", "जमीन"),
        ("हिन्दी", "हिंदी"),
        ("चाँद", "चांद"),
        ("ex\u200bam", "exam"),
        ("the\nquay", "the quay"),
    ],
)
def test_what_a_reader_takes_for_one_word_is_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("की", "कि"), ("दिन", "दीन"), ("کل", "کلی"), ("war", "warm")])
def test_words_that_differ_in_a_letter_stay_apart(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize("text", ["", " ", "a", "—", "!!", "\u200b", "a b c d e", "x" * (LONGEST + 1), "\ud800"])
def test_what_is_no_keyword_is_none(text: str) -> None:
    assert keyword(text) is None


@given(st.text(max_size=LONGEST))
def test_a_keyword_is_found_in_what_holds_it_and_compared_again_it_is_the_same(text: str) -> None:
    found = keyword(text)
    if found is not None:
        assert found in phrases(f"before {text} behind")
        assert keyword(found) in (found, None)


def test_a_phrase_goes_over_no_more_than_four_words_and_not_from_title_to_summary() -> None:
    said = phrases("one two three four five", "six")
    assert "one two three four" in said
    assert "one two three four five" not in said
    assert "five six" not in said
    assert max(len(one.split()) for one in said) == WORDS_AT_MOST


def test_a_followed_word_brings_a_story_of_any_section_and_a_muted_one_keeps_all_away() -> None:
    told = Story(
        1, "https://news.example/1", "The Quay is longer", "By a mile.", "en", "sport", None, NOW, NOW, top=False
    )

    def reader(sections: set[str], follows: str = "", mutes: str = "") -> Subscriber:
        words = (frozenset(filter(None, [follows])), frozenset(filter(None, [mutes])))
        kept = frozenset(sections)
        return Subscriber(1, "R", "en", kept, active=True, joined_at=NOW, follows=words[0], mutes=words[1])

    assert not reader({"world"}).reads(told)
    assert reader({"world"}, follows="quay").reads(told)
    assert reader({"world"}, follows="by a mile").reads(told)
    assert not reader({"sport"}, mutes="quay").reads(told)
    assert not reader({"sport"}, follows="mile", mutes="quay").reads(told)
    assert reader({"sport"}, mutes="quays").reads(told)
