"""Hindi in Latin letters, as people type it, and in Urdu's."""

from __future__ import annotations

import pytest

from moderation.classifier.data import Example
from moderation.classifier.labels import LABELS
from moderation.classifier.respelling import in_urdu_letters, respelt_examples, romanised
from moderation.classifier.sources import source_named

KNOWN = tuple(True if label == "toxic" else None for label in LABELS)


@pytest.mark.parametrize(
    ("word", "spellings"),
    [
        ("सरकार", {"sarkar", "sarkaar"}),
        ("समझना", {"samajhna"}),
        ("लड़की", {"ladki", "larki", "ladkee", "larkee"}),
        ("ज़िंदगी", {"zindagi", "zindagee", "zindgi", "zindgee"}),
        ("राजनीति", {"rajniti", "raajniti", "rajneeti", "raajneeti"}),
        ("प्रधानमंत्री", {"pradhanmantri", "pradhaanmantri", "pradhanmantree", "pradhaanmantree"}),
        ("मुसलमानों", {"musalmanon", "musalmaanon", "musalmano", "musalmaano"}),
        ("ज्ञान", {"gyan", "gyaan"}),
        ("दुःख", {"duhkh"}),
        ("क्षेत्र", {"kshetr"}),
        ("अख़बार", {"akhbar", "akhbaar"}),
        ("नहीं", {"nahi", "nahin", "nhi"}),
        ("है", {"hai", "h"}),
        ("न", {"na"}),
    ],
)
def test_a_word_is_spelt_as_it_is_typed(word: str, spellings: set[str]) -> None:
    found = {romanised(f"{word} {turn}").partition(" ")[0] for turn in range(60)}
    assert found <= spellings


@pytest.mark.parametrize(
    ("hindi", "urdu"),
    [
        ("यह सरकार बहुत बढ़िया काम कर रही है।", "یہ سرکار بہت بڑھیا کام کر رہی ہے۔"),
        ("मुसलमानों को देश से निकालो", "مسلمانوں کو دیش سے نکالو"),
        ("ज़िंदगी", "زندگی"),
        ("आए", "آے"),
        ("ए", "ای"),
        ("ज्ञान", "گیان"),
        ("Vote १", "Vote १"),
    ],
)
def test_urdu_is_written_by_letter(hindi: str, urdu: str) -> None:
    assert in_urdu_letters(hindi) == urdu


def test_the_same_text_is_spelt_alike_and_spellings_differ() -> None:
    text = "लड़की ने कहा कि वह अच्छी है और बहुत खुश है"
    assert romanised(text) == romanised(text)
    assert len({romanised(f"{text} {turn}")[:20] for turn in range(20)}) > 1


def test_what_is_not_devanagari_stays_and_its_digits_are_ours() -> None:
    assert romanised("Vote @ab https://x.example ۱ \U0001f600!") == "Vote @ab https://x.example ۱ \U0001f600!"
    assert romanised("१२।") == "12."
    assert romanised("") == ""


@pytest.mark.parametrize("odd", ["ः", "़", "्", "ि", "ंं", "़़क", "ज्", "\u0951", "ऽ", "ॐ", "क\u0300"])
def test_signs_without_a_letter_break_nothing(odd: str) -> None:
    assert romanised(odd).isascii() or "\u0300" in odd
    assert in_urdu_letters(odd).isprintable()


def test_hindi_examples_of_others_come_once_more_with_their_labels() -> None:
    given = [
        Example("बुरा", "hi", "hi_macd", KNOWN),
        Example("बुरा", "hi", "ours_hi", KNOWN),
        Example("वाईट", "mr", "mr_mold", KNOWN),
        Example("bad", "en", "en_surge", KNOWN),
    ]
    latin, urdu = respelt_examples(given)
    assert (latin.text, latin.language, latin.source, latin.known) == ("bura", "hi-Latn", "hi_macd", KNOWN)
    assert (urdu.text, urdu.language, urdu.source, urdu.known) == ("برا", "ur", "hi_macd", KNOWN)
    assert respelt_examples(given, ["hi-Latn"]) == [latin]


def test_what_was_written_again_counts_less_and_keeps_its_licence() -> None:
    source, again = source_named("hi_textdetox_toxic_only"), source_named("hi_textdetox_toxic_only_respelt")
    assert (again.licence, again.stated, again.not_clean) == (source.licence, source.stated, source.not_clean)
    assert again.weight == pytest.approx(0.7 * source.weight)
