"""Review cards: everything a moderator needs, within Telegram's bounds, whatever the comment holds."""

from __future__ import annotations

from typing import Any

import pytest

from bot.messages import cards
from bot.messages.texts import visible_length
from moderation.comment import MAX_COMBINING_RUN, CommentStatus
from moderation.decision import Finding, Outcome, Reason, Span
from tests.builders import finding

LONGEST = ["a" * 4096, "&<>" * 1365, "😀" * 2048, "e" + "\u0301" * 4000, "شکریہ " * 600, "</tg-spoiler>" * 300]


def card(**given: Any) -> str:
    """A held comment's card."""
    values: dict[str, Any] = {
        "text": "You are all fools.",
        "language": "en",
        "story_title": "The dam is full",
        "story_url": "https://x/s",
        "author_name": "Emma",
        "author_published": 3,
        "author_rejected": 1,
        "parent_text": None,
        "reason": None,
        "findings": [finding(spans=(Span(12, 17),))],
    }
    return str(cards.held_card(**(values | given)))


def test_the_card_says_what_why_where_and_who() -> None:
    assert card(parent_text="An earlier <thought>") == (
        "<b>Held</b> · English\n"
        'Story: <a href="https://x/s">The dam is full</a>\n'
        "Answers: <i>An earlier &lt;thought&gt;</i>\n"
        "<b>Emma</b> · 3 published, 1 not\n"
        "\n"
        "<tg-spoiler>You are all fools.</tg-spoiler>\n"
        "\n"
        "• clause 3.2 insult 0.80: <tg-spoiler>fools</tg-spoiler>"
    )


@pytest.mark.parametrize("text", LONGEST)
def test_the_longest_card_fits_and_no_markup_is_split(text: str) -> None:
    everything = card(
        text=text,
        parent_text=text,
        author_name=text,
        story_title=text,
        findings=[finding(spans=(Span(0, 4096),)) for _ in range(20)],
    )
    assert visible_length(cards.Html(everything)) <= 4096
    assert len(everything.encode()) <= 32_768
    assert everything.count("<tg-spoiler>") == everything.count("</tg-spoiler>")
    assert not everything.endswith(("&", "&a", "&am", "&amp", "&l", "&lt"))


@pytest.mark.parametrize(
    ("findings", "reason", "covered"),
    [
        ([], None, False),
        ([finding(label="spam", clause="5.1")], None, False),
        ([Finding("links", Outcome.HOLD, "5.1")], None, False),
        ([finding()], None, True),
        ([Finding("banned_words", Outcome.HOLD, "3.4")], None, True),
        ([Finding("language", Outcome.HOLD)], None, True),
        ([], Reason.UNSCREENED, True),
    ],
)
def test_abuse_is_covered_until_it_is_tapped(findings: list[Finding], reason: Reason | None, covered: bool) -> None:
    assert ("<tg-spoiler>You are" in card(findings=findings, reason=reason)) == covered
    assert ("<blockquote>You are" in card(findings=findings, reason=reason)) != covered


@pytest.mark.parametrize(
    ("reason", "words"), [(Reason.UNSCREENED, "no usable classifier"), (Reason.POISON, "stopped the worker")]
)
def test_a_comment_held_for_no_clause_says_why(reason: Reason, words: str) -> None:
    assert words in card(reason=reason, findings=[])


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("leads_elsewhere", "• The check “leads elsewhere” broke, so a person decides."),
        ("language", "• Partly or wholly in no language that the classifier knows: a person decides."),
        ("direction", "• Its letters are shown in another order than they stand in: a person decides."),
        ("length", "• Longer than the classifier reads: a person decides."),
    ],
)
def test_a_finding_without_a_clause_says_why_a_person_decides(check: str, words: str) -> None:
    assert words in card(findings=[Finding(check, Outcome.HOLD)])


def test_a_long_comment_is_shown_whole_where_it_fits_and_folded() -> None:
    text = "The bridge is old. " * 150 + "TAIL"
    assert f"<blockquote expandable>{text}</blockquote>" in card(text=text, findings=[])


def test_a_card_without_room_for_the_whole_comment_says_how_much_is_left_and_where_it_is() -> None:
    text = "ж" * 4096
    shown = card(text=text, findings=[])
    left = int(shown.partition("…</blockquote>\n<i>")[2].split(" ")[0].replace(",", ""))
    assert shown.count("ж") + left == len(text)
    assert left < 400
    assert "/dashboard has the whole text" in shown


def test_what_speaks_against_a_comment_is_covered_only_where_the_comment_is() -> None:
    number = Finding("personal_data", Outcome.HOLD, "2.2", spans=(Span(5, 10),))
    assert "<tg-spoiler>" not in card(text="Ring 98765.", findings=[number])
    assert ": <i>98765</i>" in card(text="Ring 98765.", findings=[number])


def test_marks_stacked_on_a_letter_do_not_reach_the_group() -> None:
    assert card(text="z" + "\u0301" * 500, findings=[]).count("\u0301") == MAX_COMBINING_RUN


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (cards.approved("Meera"), "<b>Approved by Meera</b>"),
        (cards.rejected("Omar", "3.2"), "<b>Rejected by Omar: clause 3.2</b>"),
        (cards.rejected("<Omar>", None), "<b>Rejected by &lt;Omar&gt;: clause ?</b>"),
        (cards.decided_otherwise("published", None), "<b>Published by the machine</b>"),
        (cards.decided_otherwise("removed", "Zoya"), "<b>Removed by Zoya</b>"),
        (cards.withdrawn(), "<b>Withdrawn by its author.</b>"),
        (cards.edited(CommentStatus.RECEIVED), "<b>Edited by its author.</b> The new text is screened again."),
        (cards.edited(CommentStatus.WITHDRAWN), "<b>Edited by its author.</b> The new text was withdrawn."),
    ],
)
def test_a_closed_card_begins_with_what_happened(line: str, expected: str) -> None:
    assert line == expected
    for hidden, end in ((True, "<tg-spoiler>&lt;b&gt;</tg-spoiler>"), (False, "<blockquote>&lt;b&gt;</blockquote>")):
        closed = cards.closed_card(
            status_line=cards.Html(line),
            text="<b>",
            hidden=hidden,
            story_title="T",
            story_url="https://x/s",
            author_name="Emma",
        )
        assert closed.startswith(f"{expected}\nStory: ") and closed.endswith(end)


@pytest.mark.parametrize(
    ("waiting", "minutes", "first_line"),
    [
        (1, 0, "<b>One comment is waiting</b>, the oldest for less than a minute."),
        (38, 12, "<b>38 comments are waiting</b>, the oldest for 12 minutes."),
        (2, 1, "<b>2 comments are waiting</b>, the oldest for a minute."),
    ],
)
def test_the_summary_says_how_many_wait_and_how_long(waiting: int, minutes: int, first_line: str) -> None:
    text = cards.summary(waiting=waiting, minutes=minutes, cards=False)
    assert text.splitlines()[0] == first_line
    assert "The rest are above" in cards.summary(waiting=waiting, minutes=minutes, cards=True)


def test_a_late_press_is_told_who_and_what() -> None:
    assert cards.late(status="published", name="Omar", clause=None) == "Too late: published by Omar."
    assert cards.late(status="rejected", name="Omar", clause="3.2") == "Too late: rejected by Omar, clause 3.2."
