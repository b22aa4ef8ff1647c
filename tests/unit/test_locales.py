"""Every text stands in every language, well formed, with the same variables and every plural the language has."""

from __future__ import annotations

import ast
import re
import unicodedata
from pathlib import Path

import pytest
from babel import Locale
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor

from bot.messages.texts import LANGUAGE_NAMES, LOCALES, MODERATORS, RIGHT_TO_LEFT, Html, plain, say
from moderation.decision import Reason
from moderation.policy import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
FILES = (*LANGUAGES, MODERATORS)
SCRIPTS = {"en": "LATIN", "ur": "ARABIC", "ar": "ARABIC", "hi": "DEVANAGARI", "mr": "DEVANAGARI"}
PLAIN = re.compile(
    r"button-|command-|section-|answer-|settings-(language|pause|resume|hours)|hours-short-|stopped|language-saved|sections-saved|"
    r"compose-placeholder|throttled|old-button|terms-(current|agreed)$|comment-(edited|answers)|notice-link"
)
"""Keys shown where markup would stand as it is."""


def read(name: str) -> ftl.Resource:
    """A locale, parsed."""
    return FluentParser().parse((LOCALES / f"{name}.ftl").read_text(encoding="utf-8"))


def messages_of(name: str) -> dict[str, ftl.Message]:
    """A locale's messages by key."""
    return {entry.id.name: entry for entry in read(name).body if isinstance(entry, ftl.Message)}


class Reader(Visitor):
    """What a message is made of."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.selectors: dict[str, set[str]] = {}
        self.text = ""

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:  # noqa: N802  the visitor finds it by this name
        self.variables.add(node.id.name)

    def visit_SelectExpression(self, node: ftl.SelectExpression) -> None:  # noqa: N802  the visitor finds it by this name
        assert isinstance(node.selector, ftl.VariableReference)
        keys = {
            variant.key.name if isinstance(variant.key, ftl.Identifier) else variant.key.value
            for variant in node.variants
        }
        self.selectors.setdefault(node.selector.id.name, set()).update(keys)
        self.generic_visit(node)

    def visit_TextElement(self, node: ftl.TextElement) -> None:  # noqa: N802  the visitor finds it by this name
        self.text += node.value


def reading(message: ftl.Message) -> Reader:
    """A message, read."""
    reader = Reader()
    reader.visit(message)
    return reader


@pytest.mark.parametrize("name", FILES)
def test_nothing_in_it_is_junk_or_stands_twice(name: str) -> None:
    body = read(name).body
    assert [entry.content for entry in body if isinstance(entry, ftl.Junk)] == []
    keys = [entry.id.name for entry in body if isinstance(entry, ftl.Message)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_the_same_keys_and_variables_as_english(language: str) -> None:
    here = {key: reading(message).variables for key, message in messages_of(language).items()}
    assert here == {key: reading(message).variables for key, message in messages_of("en").items()}


@pytest.mark.parametrize("name", FILES)
def test_every_plural_of_the_language_is_written(name: str) -> None:
    wanted = {*Locale(name if name != MODERATORS else "en").plural_form.tags, "other"}
    for key, message in messages_of(name).items():
        for variable, variants in reading(message).selectors.items():
            if variable in {
                "push",
                "label",
                "became",
                "quiet",
                "breaking",
                "limited",
                "comes",
                "alerts",
                "moving",
                "rest",
            }:
                continue
            assert wanted <= variants, f"{key}: {wanted - variants} is missing for {variable}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_written_in_its_own_script(language: str) -> None:
    for key, message in messages_of(language).items():
        words = re.sub(r"<[^>]+>|/[a-z]+", "", reading(message).text)
        letters = [letter for letter in words if unicodedata.category(letter).startswith("L")]
        own = [letter for letter in letters if unicodedata.name(letter).startswith(SCRIPTS[language])]
        assert len(own) >= 0.95 * len(letters), key


@pytest.mark.parametrize("name", FILES)
def test_what_is_shown_plain_holds_no_markup(name: str) -> None:
    for key, message in messages_of(name).items():
        if PLAIN.match(key):
            assert not re.search(r"[<>&]", reading(message).text), key


@pytest.mark.parametrize("name", FILES)
def test_markup_is_closed_where_it_was_opened(name: str) -> None:
    for key, message in messages_of(name).items():
        text = reading(message).text
        for tag in ("b", "i"):
            assert text.count(f"<{tag}>") == text.count(f"</{tag}>"), key
        assert set(re.findall(r"</?([a-z]+)>", text)) <= {"b", "i"}, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_commands_are_described_within_telegrams_bounds(language: str) -> None:
    for key in messages_of(language):
        if key.startswith("command-"):
            assert 1 <= len(plain(key, language)) <= 256
    assert len(plain("compose-placeholder", language)) <= 64


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_names_only_commands_there_are(language: str) -> None:
    known = {key.removeprefix("command-") for key in messages_of("en") if key.startswith("command-")}
    for key, message in messages_of(language).items():
        named = set(re.findall(r"(?<![<\w])/([a-z]+)", reading(message).text))
        assert named <= known, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_command_is_kept_left_to_right_where_the_language_runs_the_other_way(language: str) -> None:
    marks = ("\u2066", "\u2069") if language in RIGHT_TO_LEFT else ("", "")
    seen = set()
    for key, message in messages_of(language).items():
        for command in re.findall(r"(?<![<\w])/[a-z]+", reading(message).text):
            kept = command.join(marks)
            for shown in (say(key, language, n=2), plain(key, language, n=2)):
                assert shown.count(kept) == shown.count(command), (key, command)
                assert shown.count("\u2066") == shown.count("\u2069")
            seen.add(command)
    assert {"/start", "/top", "/help", "/forget"} <= seen


def test_a_link_is_no_command() -> None:
    address = Html('<a href="https://x/?/story">/story</a>')
    assert address in say("notice-published", "ur", link=address)


def test_the_five_languages_are_those_of_the_terms() -> None:
    assert tuple(LANGUAGE_NAMES) == LANGUAGES


def test_every_key_is_used_and_every_key_used_is_there() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py"))
    literals = {
        node.value
        for path in (ROOT / "bot").rglob("*.py")
        if "sandbox" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    made = {
        "en": ("section-", "command-", "status-", "refused-"),
        MODERATORS: ("alarm-", "over-", "answer-undo-", "card-check-"),
    }
    for name in made:
        unused = {key for key in messages_of(name) if key not in literals and not key.startswith(made[name])}
        unused -= {key for key in unused if key in {f"card-{reason}" for reason in Reason}}
        assert unused == set(), name
    assert 'f"card-{' in source
