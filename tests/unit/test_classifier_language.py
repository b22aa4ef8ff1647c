"""Which language: seven written ones told apart, and everything else says so."""

from __future__ import annotations

import pytest

from moderation.classifier import detect_language, normalise
from moderation.classifier.languages import is_of_another_language

LINES = {
    "en": ["The minister must explain this decision.", "I think the war should end soon", "what a lovely picture"],
    "hi": ["सरकार को जवाब देना चाहिए", "यह खबर बहुत दुखद है", "मुझे यह पसंद नहीं आया"],
    "mr": ["सरकारने उत्तर दिले पाहिजे", "ही बातमी खूप वाईट आहे", "मला हे आवडले नाही"],
    "ur": ["حکومت کو جواب دینا چاہیے", "یہ خبر بہت افسوسناک ہے", "مجھے یہ پسند نہیں آیا"],
    "ar": ["على الحكومة أن تجيب", "هذا الخبر محزن جدا", "لم يعجبني هذا الكلام"],
}
ROMANISED = ["sarkar ko jawab dena chahiye", "yeh khabar bahut dukhad hai", "mujhe ye pasand nahi aaya"]
NONE_OF_THEM = ["", "123 456", "😂😂😂", "???", "Привет, как дела?", "你好世界", "আমি বাংলায় গান গাই", "\ud83d", "\x00"]


@pytest.mark.parametrize(("language", "text"), [(language, text) for language in LINES for text in LINES[language]])
def test_each_script_and_its_languages_are_told_apart(language: str, text: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["I hate war.", "good news", "a good report", "no more war please", "second reply"])
def test_a_few_common_english_words_are_english(text: str) -> None:
    assert detect_language(text) == "en"


@pytest.mark.parametrize("text", ["me to he", "main to hoon", "are bhai", "to me kya"])
def test_words_that_are_english_only_by_their_letters_make_no_english(text: str) -> None:
    assert detect_language(text) in ("hi-Latn", "ur-Latn")


@pytest.mark.parametrize("text", ROMANISED)
def test_romanised_hindi_and_urdu_are_no_english(text: str) -> None:
    assert detect_language(text) in ("hi-Latn", "ur-Latn")


@pytest.mark.parametrize("text", NONE_OF_THEM)
def test_no_letters_or_another_script_are_undetermined(text: str) -> None:
    assert detect_language(text) == "und"


ELSEWHERE = {
    "Spanish": "Este gobierno es una vergüenza y todos deberían dimitir mañana",
    "German": "Die Regierung sollte endlich zurücktreten und Neuwahlen ausrufen",
    "French": "Le gouvernement devrait avoir honte de cette décision",
    "Turkish": "Hükümet bu karardan dolayı gerçekten utanmalı bence",
    "romanised Marathi": "he khup chukicha nirnay ahe ani lokanna tras hoil",
    "backwards": "noitseuq siht ot rewsna na su ewo retsinim eht",
    "without blanks": "TheMinisterOwesUsAnAnswerToThisQuestionNow",
}


@pytest.mark.parametrize("text", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_is_in_latin_letters_and_no_language_of_ours_is_known_as_such(text: str) -> None:
    assert is_of_another_language(text, normalise(text).text)


BESIDE = {
    "English before": "Thank you for this very good report on the rains. {}",
    "English behind": "{}. Thank you for this very good report on the rains and the farmers.",
    "much English before": "Thank you for this report on the rains and the farmers of our state. " * 9 + "{}",
    "Hindi before": "बहुत अच्छी खबर है, आप सब का धन्यवाद। {}",
    "Arabic before": "خبر جميل شكرا لكم جميعا على هذا التقرير. {}",
}
OTHER_SCRIPTS = {
    "Russian": "Министр должен нам ответ",
    "Bengali": "মন্ত্রীর উত্তর চাই",
    "Tamil": "அமைச்சர் பதில்",
    "Chinese": "部长要回答",
    "Hebrew": "השר חייב תשובה",
    "Amharic": "ሚኒስትሩ",
}

# Of French and romanised Marathi hardly six words in a row are written in none of ours: they are not found so.
BESIDE_OURS = OTHER_SCRIPTS | {name: ELSEWHERE[name] for name in ("Spanish", "German", "backwards", "without blanks")}


@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize("text", BESIDE_OURS.values(), ids=BESIDE_OURS)
def test_a_part_in_no_language_of_ours_is_not_hidden_by_what_stands_beside_it(text: str, beside: str) -> None:
    whole = beside.format(text)
    assert is_of_another_language(whole, normalise(whole).text)


@pytest.mark.parametrize(
    ("language", "text"), [("en", "No 1!"), ("en", "Ok 100%"), ("en", "Up 20% in 2023, 15% in 2024"), ("ur", "وہ 100%")]
)
def test_numbers_and_names_are_letters_of_no_script(language: str, text: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        *LINES["en"],
        *ROMANISED,
        *LINES["hi"],
        *LINES["ar"],
        "hahahahahahahahahahahahahahahahahahaha",
        "Vive la France!",
        "Modi, Sharif, Netanyahu and Khamenei met in Islamabad and agreed on nothing",
        "#JusticeForAll",
        "https://news.example/2026/11/este-gobierno-es-una-verguenza-y-todos",
        "",
    ],
)
def test_what_is_in_one_of_ours_or_too_short_to_tell_is_not(text: str) -> None:
    assert not is_of_another_language(text, normalise(text).text)
