"""The terms stand alike in every language and in the policy: what a decision cites is what the reader agreed to."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[2] / "config"
LANGUAGES = ("en", "ur", "hi", "mr", "ar")
SCRIPTS = {"en": "LATIN", "ur": "ARABIC", "hi": "DEVANAGARI", "mr": "DEVANAGARI", "ar": "ARABIC"}

TELEGRAM_MESSAGE = 4096
"""UTF-16 units in one message; the terms are shown in one, with a greeting above and a button below."""

ROOM_FOR_THE_REST = 600


def terms(language: str) -> str:
    return (CONFIG / f"terms.{language}.md").read_text(encoding="utf-8")


def clauses(language: str) -> dict[str, tuple[str, str]]:
    """Each clause's title and words by id, read without the project's own parser."""
    found = re.findall(r"^### (\S+)([^\n]*)\n(.*?)(?=^#|\Z)", terms(language), flags=re.MULTILINE | re.DOTALL)
    assert len({clause_id for clause_id, _, _ in found}) == len(found), "a clause stands twice"
    return {clause_id: (title.strip(), words.strip()) for clause_id, title, words in found}


def policy_ids() -> list[str]:
    policy = tomllib.loads((CONFIG / "policy.toml").read_text(encoding="utf-8"))
    return [clause["id"] for clause in policy["clauses"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_clauses_of_the_policy_and_of_the_terms_are_the_same_in_the_same_order(language: str) -> None:
    assert list(clauses(language)) == policy_ids()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_clause_has_a_title_and_one_paragraph_short_enough_to_quote_in_a_notice(language: str) -> None:
    for clause_id, (title, words) in clauses(language).items():
        assert 3 <= len(title) <= 60, f"clause {clause_id}: title {title!r}"
        assert 40 <= len(words) <= 300, f"clause {clause_id}: {len(words)} characters"
        assert "\n\n" not in words, f"clause {clause_id} has more than one paragraph"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_clause_stands_in_the_chapter_of_its_number(language: str) -> None:
    chapter = None
    for line in terms(language).splitlines():
        if heading := re.match(r"^## (\d+)\. \S", line):
            chapter = heading[1]
        elif clause := re.match(r"^### (\d+)\.\d+ ", line):
            assert clause[1] == chapter, line


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terms_open_with_a_title_and_an_introduction_and_close_with_how_comments_are_read(language: str) -> None:
    title, introduction, *rest = terms(language).split("\n\n")
    assert re.fullmatch(r"# \S.+", title)
    assert not introduction.startswith("#")
    closing = terms(language).rpartition("\n## ")[2].split("\n\n")
    assert closing[0].startswith("6. "), "the last chapter says how comments are read"
    assert len(closing) == 3, "two paragraphs, and no clause among them"
    assert not any(part.startswith("#") for part in rest[-2:])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terms_fit_in_one_message(language: str) -> None:
    units = len(terms(language).encode("utf-16-le")) // 2
    assert units <= TELEGRAM_MESSAGE - ROOM_FOR_THE_REST


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terms_are_written_in_the_script_of_their_language(language: str) -> None:
    letters = [char for char in terms(language) if unicodedata.category(char).startswith("L")]
    own = [char for char in letters if unicodedata.name(char, "").startswith(SCRIPTS[language])]
    assert len(letters) > 1000
    assert len(own) >= 0.9 * len(letters)


@pytest.mark.parametrize(
    ("language", "only_there"),
    [("ur", "ٹڈڑںےہ"), ("ar", "ةيك"), ("hi", ("है", "और", "कीजिए")), ("mr", ("आहे", "आणि", "करू नका"))],
)
def test_languages_that_share_a_script_are_not_exchanged(language: str, only_there: str | tuple[str, ...]) -> None:
    present = [mark for mark in only_there if mark in terms(language)]
    assert len(present) >= len(only_there) - 1
    neighbour = {"ur": "ar", "ar": "ur", "hi": "mr", "mr": "hi"}[language]
    assert not any(mark in terms(neighbour) for mark in only_there)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terms_hold_no_invisible_or_decomposed_characters(language: str) -> None:
    text = terms(language)
    assert unicodedata.normalize("NFC", text) == text
    assert not [char for char in text if unicodedata.category(char) in {"Cf", "Co", "Cn"}]


def test_a_banned_word_is_named_once_and_is_one_word() -> None:
    policy = tomllib.loads((CONFIG / "policy.toml").read_text(encoding="utf-8"))
    rule = policy["rules"]["banned_words"]
    words = [*rule["words"], *rule["hold"]]
    assert sorted(words) == sorted(set(words))
    # The rule reads whole words, so an entry with a space, a capital or a mark of punctuation would never be found.
    assert [word for word in words if word != word.lower() or re.search(r"[\s\W]", strip_marks(word))] == []


def strip_marks(word: str) -> str:
    return "".join(char for char in word if not unicodedata.category(char).startswith("M"))
