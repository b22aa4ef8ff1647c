"""The policy's banned words, read by the rule that uses them: found however they are spelt, and nothing else found."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bot.web.demo.stories import load
from moderation.classifier.normalise import normalise
from moderation.rules import BannedWords

POLICY = tomllib.loads((Path(__file__).parents[2] / "config" / "policy.toml").read_text(encoding="utf-8"))
RULE = POLICY["rules"]["banned_words"]
REJECTED = BannedWords(RULE["words"], fold=normalise)
HELD = BannedWords(RULE["hold"], fold=normalise)


def found(words: BannedWords, text: str) -> list[str]:
    return [text[span.begin : span.end] for span in words.find(normalise(text))]


@pytest.mark.parametrize("word", RULE["words"])
def test_a_rejected_word_is_found_alone_in_a_sentence_and_in_capitals(word: str) -> None:
    assert found(REJECTED, word) == [word]
    assert found(REJECTED, f"12 ... {word}!") == [word]
    assert found(REJECTED, word.upper()) == [word.upper()]


@pytest.mark.parametrize("word", RULE["hold"])
def test_a_word_to_look_at_is_held_and_not_rejected(word: str) -> None:
    assert found(HELD, f"12 ... {word}!") == [word]
    assert found(REJECTED, word) == []


@pytest.mark.parametrize(
    "text",
    [
        "Niki Lauda won the race in the rain.",
        "Kike García scored twice, and Nick was sent off.",
        "Jhantu, a soldier, was killed in the encounter.",
        "The bus to Katwa leaves at six. Kathua is further.",
        "Light fell through a chink in the wall; the chicken coop stood open.",
        "Scunthorpe and Sussex are in England. The assassin fled.",
        "He is a jihadi, say the police; Muslims and Hindus condemned the killing.",
        "mujhe chod do yaar, lockdown me chut mil gayi",
        "bharwa karele aur bhindi, chakka maar diya",
        "kutta bhaunka, gadha nahi mana, suar bhag gaya",
        "police ki gashti team pahunchi",
        "यह किस की किताब है? छुट्टियाँ कब हैं? नाक कट गई।",
        "कठुआ में बारिश हुई, लंदन में धूप। लुंड विश्वविद्यालय में पढ़ाई।",
        "भरवां करेले और लौकी। निकी लाउडा तेज़ चलाते थे।",
        "लांडे साहेब लंडनला गेले. गांडूळ खत शेतीला चांगले.",
        "झवेरी बाजारात सोने महागले. भडका उडाला.",
        "کس نے کہا؟ کس کی بات ہے؟ کسی کو معلوم نہیں۔",
        "چودہ لوگ ہلاک ہوئے۔ چودھری صاحب آئے۔ لنڈا بازار بند ہے۔",
        "گشتی پولیس پہنچ گئی۔ وہ رنڈوا ہے۔ گانا گاؤ۔",
        "قواد الجيش اجتمعوا. خول الرئيس الوزير. كسر الباب.",
        "نيك كليغ في بحيرة إيري. زامل يمني جديد.",
        "كسبنا المباراة، عرصة الدار واسعة، عرس جميل.",
    ],
)
def test_ordinary_speech_in_any_language_holds_no_banned_word(text: str) -> None:
    assert found(REJECTED, text) == []
    assert found(HELD, text) == []


def test_a_holiday_spelt_like_a_slur_is_looked_at_by_a_person() -> None:
    assert found(REJECTED, "garmi ki chuttiya aa gayi") == []
    assert found(HELD, "garmi ki chuttiya aa gayi") == ["chuttiya"]


def test_the_sample_stories_hold_no_banned_word() -> None:
    for story in load():
        text = " ".join((story.title, story.summary, *story.body))
        assert found(REJECTED, text) + found(HELD, text) == [], story.slug


def test_the_terms_themselves_hold_no_banned_word() -> None:
    for path in (Path(__file__).parents[2] / "config").glob("terms.*.md"):
        text = path.read_text(encoding="utf-8")
        assert found(REJECTED, text) + found(HELD, text) == [], path.name
