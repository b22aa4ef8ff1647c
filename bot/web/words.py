"""What the article page says in each edition's language, beside the story itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageWords:
    """One edition's words. `note` stands before `terms`, which is a link; `closed` in place of both."""

    name: str
    direction: str
    top_stories: str
    other_editions: str
    post_comments: str
    note: str
    terms: str
    read: str
    nothing: str
    closed: str
    sections: Mapping[str, str]


WORDS: Mapping[str, PageWords] = {
    "en": PageWords(
        name="English",
        direction="ltr",
        top_stories="Top Stories",
        other_editions="In other languages",
        post_comments="Post Comments.",
        note="Note: by posting your comments here you agree to the",
        terms="terms and conditions",
        read="Read the whole story",
        nothing="No story has come in yet.",
        closed="Comments are closed.",
        sections={
            "world": "World",
            "politics": "Politics",
            "business": "Business",
            "sport": "Sport",
            "science": "Science",
            "culture": "Culture",
            "cities": "Cities",
        },
    ),
    "ur": PageWords(
        name="اردو",
        direction="rtl",
        top_stories="اہم خبریں",
        other_editions="دوسری زبانوں میں",
        post_comments="تبصرہ کیجیے۔",
        note="نوٹ: یہاں تبصرہ کرنے کا مطلب ہے کہ آپ کو ہماری یہ شرائط منظور ہیں:",
        terms="شرائط و ضوابط",
        read="پوری خبر پڑھیں",
        nothing="ابھی کوئی خبر نہیں آئی۔",
        closed="تبصرے بند کر دیے گئے ہیں۔",
        sections={
            "world": "دنیا",
            "politics": "سیاست",
            "business": "کاروبار",
            "sport": "کھیل",
            "science": "سائنس",
            "culture": "ثقافت",
            "cities": "شہر",
        },
    ),
    "hi": PageWords(
        name="हिन्दी",
        direction="ltr",
        top_stories="मुख्य ख़बरें",
        other_editions="दूसरी भाषाओं में",
        post_comments="टिप्पणी करें।",
        note="ध्यान दें: यहाँ टिप्पणी करके आप इन्हें स्वीकार करते हैं:",
        terms="नियम और शर्तें",
        read="पूरी ख़बर पढ़ें",
        nothing="अभी कोई ख़बर नहीं आई है।",
        closed="टिप्पणियाँ बंद कर दी गई हैं।",
        sections={
            "world": "दुनिया",
            "politics": "राजनीति",
            "business": "कारोबार",
            "sport": "खेल",
            "science": "विज्ञान",
            "culture": "संस्कृति",
            "cities": "शहर",
        },
    ),
    "mr": PageWords(
        name="मराठी",
        direction="ltr",
        top_stories="ठळक बातम्या",
        other_editions="इतर भाषांमध्ये",
        post_comments="प्रतिक्रिया द्या.",
        note="सूचना: येथे प्रतिक्रिया देऊन तुम्ही हे मान्य करता:",
        terms="अटी आणि शर्ती",
        read="पूर्ण बातमी वाचा",
        nothing="अजून एकही बातमी आलेली नाही.",
        closed="प्रतिक्रिया बंद करण्यात आल्या आहेत.",
        sections={
            "world": "जग",
            "politics": "राजकारण",
            "business": "अर्थ",
            "sport": "क्रीडा",
            "science": "विज्ञान",
            "culture": "संस्कृती",
            "cities": "शहरे",
        },
    ),
    "ar": PageWords(
        name="العربية",
        direction="rtl",
        top_stories="أهم الأخبار",
        other_editions="بلغات أخرى",
        post_comments="شارك بتعليقك.",
        note="ملاحظة: بنشر تعليقك هنا فأنت توافق على",
        terms="الشروط والأحكام",
        read="اقرأ الخبر كاملًا",
        nothing="لم يصل أي خبر بعد.",
        closed="أُغلق باب التعليق.",
        sections={
            "world": "العالم",
            "politics": "سياسة",
            "business": "اقتصاد",
            "sport": "رياضة",
            "science": "علوم",
            "culture": "ثقافة",
            "cities": "مدن",
        },
    ),
}


def words_for(language: str) -> PageWords:
    """The words of an edition; English where there is none in that language."""
    return WORDS.get(language.split("-", maxsplit=1)[0], WORDS["en"])
