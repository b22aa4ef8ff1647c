"""Texts: chosen, escaped, cut, kept apart in direction; and what authors and readers are told."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest

from bot import messages
from bot.messages import notices, stories, switches
from bot.messages import terms as terms_messages
from bot.messages.texts import cut, escape, isolated, known_language, link, plain, say, spoken_name, visible_length
from bot.story import Story
from moderation.comment import CommentStatus, language_in_english, utf16_length
from moderation.config import load_policy, load_terms
from moderation.decision import DecidedBy, EventKind
from moderation.policy import LANGUAGES
from moderation.switch import Scope, Switch, SwitchKind
from tests.builders import NOW, STORY, event

TERMS = load_terms(load_policy())
HOSTILE = "</b><a href='tg://user?id=1'>x</a>&lt;{ $n }"


def story(**given: Any) -> Story:
    """A story the bot knows."""
    values: dict[str, Any] = {
        "id": 7,
        "url": STORY,
        "title": "The dam is full",
        "summary": "Two lines of it.",
        "language": "en",
        "section": "world",
        "picture": None,
        "published_at": NOW,
        "seen_at": NOW,
    }
    return Story(**(values | given))


@pytest.mark.parametrize(
    ("code", "language"),
    [("en", "en"), ("ur-PK", "ur"), ("HI", "hi"), ("mr_IN", "mr"), ("fr", "en"), ("", "en"), (None, "en")],
)
def test_a_reader_is_spoken_to_in_a_language_there_is(code: str | None, language: str) -> None:
    assert known_language(code) == language


def test_words_of_others_are_literal_in_every_message() -> None:
    said = say("compose-prompt", "en", title=HOSTILE)
    assert escape(HOSTILE) in said and "<a" not in said


def test_an_unknown_key_is_a_fault() -> None:
    with pytest.raises(LookupError):
        say("no-such-key", "en")


def test_a_link_keeps_its_address_within_the_attribute() -> None:
    assert link('https://x/?a=1&b="><script>', "<b>") == (
        '<a href="https://x/?a=1&amp;b=&quot;&gt;&lt;script&gt;">&lt;b&gt;</a>'
    )


@pytest.mark.parametrize(
    ("text", "at_most", "expected"),
    [
        ("short", 5, "short"),
        ("too long a text", 8, "too lon…"),
        ("😀😀😀", 6, "😀😀😀"),
        ("😀😀😀", 5, "😀😀…"),
        ("abe\u0301\u0301cd", 5, "ab…"),
        ("ab👩\u200d👩\u200d👧", 7, "ab…"),
        ("बातमीची", 5, "बात…"),
        ("\u0301" * 9, 4, "…"),
    ],
)
def test_a_cut_text_fits_and_no_letter_loses_its_marks(text: str, at_most: int, expected: str) -> None:
    shown = cut(text, at_most=at_most)
    assert shown == expected
    assert utf16_length(shown) <= at_most


@pytest.mark.parametrize(
    ("text", "language", "kept_apart"),
    [
        ("The dam", "en", False),
        ("بند", "en", True),
        ("بند", "ur", False),
        ("The dam", "ur", True),
        ("3.2", "ar", False),
        ("\u202e", "en", True),
    ],
)
def test_only_the_other_direction_is_kept_apart(text: str, language: str, kept_apart: bool) -> None:
    assert isolated(text, language) == (f"\u2068{text}\u2069" if kept_apart else text)


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("Emma", "Emma"),
        ("  a\n b\t", "a b"),
        ("\u202eEvil", "Evil"),
        ("\u200b", "?"),
        ("", "?"),
        ("x" * 90, "x" * 63 + "…"),
    ],
)
def test_a_name_is_short_on_one_line_and_never_empty(name: str, spoken: str) -> None:
    assert spoken_name(name) == spoken


def test_visible_length_counts_what_is_left_of_the_markup() -> None:
    assert visible_length(say("compose-prompt", "en", title="<&>")) == utf16_length(
        plain("compose-prompt", "en", title="<&>")
    )


def test_an_alert_is_title_two_lines_and_section() -> None:
    assert messages.alert(story(), language="en") == "<b>The dam is full</b>\nTwo lines of it.\n<i>World</i>"
    assert messages.alert(story(summary="", section="weather"), language="ur").endswith("<i>Weather</i>")


def test_the_longest_alert_still_fits_a_pictures_caption() -> None:
    assert visible_length(messages.alert(story(title="😀" * 900, summary="&" * 4000), language="en")) <= 1024


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_name_what_was_chosen(language: str) -> None:
    some = stories.settings(language=language, sections={"sport", "world"}, active=True, hours="–")
    assert plain("section-sport", language) in some and plain("section-world", language) in some
    assert plain("section-all", language) in stories.settings(language=language, sections=(), active=False, hours="–")


def test_a_comment_in_a_thread_says_who_when_and_whom_it_answers() -> None:
    shown = stories.thread_comment(
        author_name="<Emma>", text="a < b", published_at=NOW, edited=True, answers="Bilal", language="en"
    )
    assert shown == "<b>&lt;Emma&gt;</b> · <i>22 Nov, 12:00 UTC · answers Bilal · edited</i>\na &lt; b"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("en", "English"),
        ("hi-Latn", "Hindi in Latin letters"),
        ("und", "unknown language"),
        (None, "unknown language"),
        ("fr", "fr"),
    ],
)
def test_moderators_read_a_languages_english_name(code: str | None, name: str) -> None:
    assert language_in_english(code) == name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terms_in_full_lose_no_clause_and_fit_their_messages(language: str) -> None:
    parts = terms_messages.in_full(TERMS[language])
    assert all(visible_length(part) <= 4096 for part in parts)
    whole = html.unescape("\n".join(parts))
    for clause in TERMS[language].clauses.values():
        assert clause.title in whole and clause.words in whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terms_asked_before_the_first_comment_name_every_clause(language: str) -> None:
    asked = terms_messages.asked(TERMS[language], kept=True)
    assert visible_length(asked) <= 4096
    assert all(clause.title in html.unescape(asked) for clause in TERMS[language].clauses.values())
    assert say("terms-kept", language) in asked
    assert say("terms-kept", language) not in terms_messages.asked(TERMS[language], kept=False)


MACHINE, MODERATOR = DecidedBy.MACHINE, DecidedBy.MODERATOR


@pytest.mark.parametrize(
    ("given", "stands", "beginning"),
    [
        ({"kind": EventKind.RECEIVED}, False, "Received."),
        ({"kind": EventKind.RECEIVED, "revision": 2}, True, "Received: your edited comment."),
        ({"kind": EventKind.PUBLISHED}, False, "Published. <a href="),
        ({"kind": EventKind.PUBLISHED, "revision": 2}, False, "Published: your edited comment"),
        ({"kind": EventKind.PUBLISHED, "decided_by": MODERATOR}, False, "Published: a moderator has read"),
        ({"kind": EventKind.HELD}, False, "Held: a moderator is reading it"),
        ({"kind": EventKind.HELD, "revision": 2}, True, "Held: a moderator is reading your edit"),
        ({"kind": EventKind.HELD, "decided_by": MODERATOR}, False, "Held: a moderator is looking at it once more"),
        ({"kind": EventKind.REJECTED, "clause": "3.2"}, False, "Not published: clause 3.2 — No insults."),
        ({"kind": EventKind.REJECTED, "clause": "9.9"}, False, "Not published."),
        ({"kind": EventKind.REJECTED, "clause": "2.1", "decided_by": MODERATOR}, False, "Not published: a moderator"),
        ({"kind": EventKind.REMOVED}, False, "Removed:"),
    ],
)
def test_a_notice_begins_with_what_became_of_the_comment(given: Any, stands: bool, beginning: str) -> None:
    text = notices.notice(event(**given), TERMS["en"], stands=stands, again=False)
    assert text is not None and text.startswith(beginning)
    if given.get("clause") in TERMS["en"].clauses:
        assert f"clause {given['clause']}" in text and TERMS["en"].clauses[given["clause"]].words in html.unescape(text)


def test_a_rejected_edit_says_what_stands_and_a_rejected_comment_what_can_be_done() -> None:
    rejected = event(EventKind.REJECTED, clause="3.2")
    stands = notices.notice(rejected, TERMS["en"], stands=True, again=False)
    alone = notices.notice(rejected, TERMS["en"], stands=False, again=False)
    assert stands is not None and stands.endswith("Your earlier text stands.")
    assert alone is not None and alone.endswith("it is then read again.")


def test_what_the_author_did_is_not_told_to_them() -> None:
    assert notices.notice(event(EventKind.WITHDRAWN), TERMS["en"], stands=False, again=False) is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [EventKind.RECEIVED, EventKind.PUBLISHED, EventKind.HELD, EventKind.REJECTED])
def test_every_notice_is_in_the_readers_language_and_in_one_direction(language: str, kind: EventKind) -> None:
    text = notices.notice(event(kind, clause="5.1"), TERMS[language], stands=False, again=False)
    assert text is not None
    words = re.sub(r"<[^>]+>", "", text)
    assert (language == "en") == bool(re.search("[A-Za-z]{3}", words))


@pytest.mark.parametrize("status", CommentStatus)
def test_ones_own_comment_is_listed_with_its_state_and_linked_once_published(status: CommentStatus) -> None:
    shown = notices.my_comment(status, title="<T>", text="a\n\nb", story_url="https://x/s", comment_id=5, language="en")
    assert shown.startswith("<b>&lt;T&gt;</b>\na b\n")
    assert ("https://x/s#comment-5" in shown) == (status is CommentStatus.PUBLISHED)


@pytest.mark.parametrize(
    ("kind", "scope", "held"),
    [
        (SwitchKind.CLOSE, Scope.STORY, False),
        (SwitchKind.HOLD, Scope.STORY, True),
        (SwitchKind.STOP, Scope.SITE, True),
    ],
)
def test_an_ended_switch_speaks_of_what_was_held_only_where_it_held_anything(
    kind: SwitchKind, scope: Scope, held: bool
) -> None:
    begun = Switch(1, kind, scope, STORY if scope is Scope.STORY else "", "", "cli:desk", "Meera", NOW)
    ended = replace(begun, ended_by="cli:desk", ended_by_name="Omar", ended_at=NOW)
    assert "Ended" not in switches.line(begun, {}) and "held" not in switches.line(begun, {})
    assert "<b>Ended by Omar</b>, 22 Nov 12:00 UTC." in switches.line(ended, {})
    assert ("What was held stays with people." in switches.line(ended, {})) == held


@pytest.mark.parametrize(
    ("language", "without_words_and_name"),
    [
        ("en", "without words and name"),
        ("ur", "الفاظ اور نام کے بغیر"),
        ("hi", "शब्दों और नाम के बिना"),
        ("mr", "शब्द आणि नावाशिवाय"),
        ("ar", "بلا كلمات ولا اسم"),
    ],
)
def test_who_has_everything_erased_is_told_before_and_after_what_is_kept(
    language: str, without_words_and_name: str
) -> None:
    for key in ("forget-ask", "forgotten"):
        assert without_words_and_name in say(key, language), key
