"""What the web shows of readers' words: marked, escaped, and never able to break what is around it."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from bot.web.article import moment
from moderation.config import load_policy, load_terms
from moderation.decision import Reason, Span
from moderation.policy import parse_terms
from moderation.review import Held
from moderation.threads import PublishedComment
from moderation.web.atom import ATOM, feed
from moderation.web.cards import CardView, card_view, marked_pieces
from moderation.web.comments import plain
from moderation.web.pages import blocks_of, type_in_words
from moderation.web.parts import StoryRef
from tests.builders import NOW, STORY, finding

POLICY = load_policy()
TERMS = load_terms(POLICY)["en"]

DAM = StoryRef(id="1", url=STORY, title="Dam", telegram_link=None)


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "24 November 2026, 13:31 UTC"),
        ("ur", "24 نومبر 2026 13:31 UTC"),
        ("hi", "24 नवंबर 2026, 13:31 UTC"),
        ("mr", "24 नोव्हेंबर 2026, 13:31 UTC"),
        ("ar", "24 نوفمبر 2026، 13:31 UTC"),
    ],
)
def test_a_story_is_dated_as_its_language_writes_dates(language: str, shown: str) -> None:
    assert moment(datetime(2026, 11, 24, 13, 31, tzinfo=UTC), language) == shown


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</content><entry>",
    "]]>",
    "&lt;b&gt; &amp; &#x3c;",
    "a\x00b\x0bc\ufffe\uffff",
    "line\u2028separator",
)


def published(**given: object) -> PublishedComment:
    values = {
        "id": 7,
        "story": STORY,
        "parent": None,
        "author_name": "Asha",
        "text": "Well said.",
        "language": "en",
        "published_at": NOW,
        "changed_at": NOW,
        "edited": False,
    }
    return PublishedComment(**(values | given))  # type: ignore[arg-type]  # a test's own table of values


def held(**given: object) -> Held:
    values = {
        "comment_id": 7,
        "revision": 1,
        "story": STORY,
        "author": "telegram:1001",
        "author_name": "Asha",
        "text": "You absolute fool.",
        "language": "en",
        "received_at": NOW,
        "held_at": NOW,
        "clause": "3.2",
        "reason": None,
        "findings": (),
        "scores": {},
        "parent_text": None,
        "author_published": 3,
        "author_rejected": 1,
        "claimed_by": None,
    }
    return Held(**(values | given))  # type: ignore[arg-type]  # a test's own table of values


def card(**given: object) -> CardView:
    return card_view(held(**given), story=DAM, policy=POLICY, terms=TERMS, person="telegram:2001")


@pytest.mark.parametrize(
    ("spans", "pieces"),
    [
        ([], [("You fool, you.", False)]),
        ([Span(4, 8)], [("You ", False), ("fool", True), (", you.", False)]),
        ([Span(0, 3), Span(3, 8)], [("You fool", True), (", you.", False)]),
        ([Span(4, 8), Span(5, 7)], [("You ", False), ("fool", True), (", you.", False)]),
        ([Span(10, 99)], [("You fool, ", False), ("you.", True)]),
        ([Span(-5, 3)], [("You", True), (" fool, you.", False)]),
        ([Span(8, 4)], [("You fool, you.", False)]),
    ],
    ids=["none", "one", "neighbours", "nested", "past the end", "before the beginning", "backwards"],
)
def test_what_findings_name_is_marked(spans: list[Span], pieces: list[tuple[str, bool]]) -> None:
    assert [(piece.text, piece.marked) for piece in marked_pieces("You fool, you.", spans)] == pieces


def test_marks_stand_on_the_right_words_although_direction_overrides_are_not_shown() -> None:
    text = "\u202eab\u202c fool"
    assert [(piece.text, piece.marked) for piece in marked_pieces(text, [Span(5, 9)])] == [
        ("ab ", False),
        ("fool", True),
    ]


def test_a_card_suggests_the_clause_that_the_findings_cite() -> None:
    choices = card(findings=(finding(clause="3.2"),)).choices
    assert [choice.id for choice in choices] == list(POLICY.clauses)
    assert [choice.id for choice in choices if choice.suggested] == ["3.2"]
    assert [choice.key for choice in choices[:10]] == list("1234567890")


@pytest.mark.parametrize(
    ("label", "warning"), [("threat", "threat"), ("identity_hate", "hatred of a group"), ("insult", None), (None, None)]
)
def test_a_moderator_is_warned_before_the_worst_words(label: str | None, warning: str | None) -> None:
    assert card(findings=(finding(label=label),)).warning == warning


def test_a_finding_names_the_words_that_weighed_and_how_much() -> None:
    line = card(findings=(finding(score=0.876, spans=(Span(13, 17), Span(13, 17))),)).findings[0]
    assert (line.title, line.score, line.words) == ("insult", 88, ("fool",))
    assert line.clause_title == TERMS.clauses["3.2"].title


def test_a_rule_has_no_score() -> None:
    line = card(findings=(finding(check="links", label=None, clause="5.1"),)).findings[0]
    assert (line.title, line.score) == ("Links", None)


@pytest.mark.parametrize("reason", [None, *(one for one in Reason if one is not Reason.ERASED)])
def test_why_a_comment_is_held_without_a_clause_is_told(reason: Reason | None) -> None:
    assert (card(reason=reason).reason is None) is (reason is None)


@pytest.mark.parametrize(("holder", "shown"), [("telegram:2001", None), ("telegram:2002", "telegram:2002")])
def test_only_somebody_elses_claim_is_shown(holder: str, shown: str | None) -> None:
    assert card(claimed_by=holder).claimed_by == shown


@pytest.mark.parametrize("text", HOSTILE)
def test_the_feed_stays_one_entry_of_plain_text_whatever_is_in_it(text: str) -> None:
    comment = published(text=text, author_name=text, story=f"https://example.org/?{text}")
    document = feed([comment], titles={comment.story: text}, address="https://news.example")
    root = ET.fromstring(document)
    entries = root.findall(f"{{{ATOM}}}entry")
    assert len(entries) == 1
    content = entries[0].find(f"{{{ATOM}}}content")
    assert content is not None and content.get("type") == "text" and len(content) == 0
    assert content.text == plain(text).replace("\ufffe", "").replace("\uffff", "")


def test_the_feed_has_what_atom_demands() -> None:
    root = ET.fromstring(feed([published()], titles={}, address="https://news.example"))
    for where, names in (
        (root, ("id", "title", "updated")),
        (root[-1], ("id", "title", "updated", "author", "content")),
    ):
        for name in names:
            assert where.find(f"{{{ATOM}}}{name}") is not None, name
    assert root.findtext(f"{{{ATOM}}}updated") == "2026-11-22T12:00:00Z"


def test_an_empty_feed_is_a_feed() -> None:
    root = ET.fromstring(feed([], titles={}, address="https://news.example"))
    assert root.findall(f"{{{ATOM}}}entry") == []
    updated = root.findtext(f"{{{ATOM}}}updated")
    assert updated is not None and datetime.fromisoformat(updated) < datetime.now(UTC)


def test_writing_the_feed_leaves_other_documents_as_they_are() -> None:
    feed([published()], titles={}, address="https://news.example")
    mixed = ET.Element("rss")
    ET.SubElement(mixed, f"{{{ATOM}}}link")
    assert b"<rss " in ET.tostring(mixed) and b' xmlns="' not in ET.tostring(mixed)


def test_plain_text_keeps_its_lines() -> None:
    assert plain("one\r\ntwo\n\nthree\tfour") == "one\ntwo\n\nthree\tfour"


def test_terms_become_headings_with_a_place_to_link_to_and_paragraphs() -> None:
    terms = parse_terms("# T\n\nIntro\nruns on.\n\n## 3. C\n\n### 3.2 No <b>\n\nWords.\n", language="en")
    assert blocks_of(terms) == [
        ("h1", "", "T"),
        ("p", "", "Intro runs on."),
        ("h2", "", "3. C"),
        ("h3", "clause-3.2", "3.2 No <b>"),
        ("p", "", "Words."),
    ]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["a", "b"]}, "a | b"),
        ({"type": "integer", "minimum": 1, "maximum": 100}, "whole number from 1 to 100"),
        ({"type": "array", "items": {"$ref": "#/x/Author"}}, "list of Author"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "map to whole number"),
    ],
)
def test_a_schema_is_told_in_words(schema: dict[str, object], words: str) -> None:
    assert type_in_words(schema) == words
