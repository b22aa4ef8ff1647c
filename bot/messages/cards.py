"""Review cards and the rest of what moderators are shown, in English.

Every card fits in 4,096 UTF-16 units: the comment takes what is left beside the rest, and is cut before it is escaped,
so no entity and no tag is ever split. A card that does not show the whole of a comment says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.messages.texts import MODERATORS, Html, cut, escape, isolated, link, plain, say, spoken_name, visible_length
from moderation.comment import CommentStatus, language_in_english, shown_text, utf16_length
from moderation.decision import Finding, Reason

_CARD_AT_MOST = 4096
_NOTE_AT_MOST = 100
_CLOSED_AT_MOST = 2200
_FOLDED_FROM = 700
_PARENT_AT_MOST = 200
UNREAD = frozenset({"language", "length", "direction"})
"""Checks that find nothing against a text but that the classifier can't judge it."""

_TITLE_AT_MOST = 200
_FINDINGS_AT_MOST = 8
_WORDS_AT_MOST = 80


def held_card(
    *,
    text: str,
    language: str,
    story_title: str,
    story_url: str,
    author_name: str,
    author_published: int,
    author_rejected: int,
    parent_text: str | None,
    reason: Reason | str | None,
    findings: Sequence[Finding],
) -> Html:
    """A held comment's card: story, what it answers, who wrote it, the text, and why it is held."""
    hidden = is_abusive(findings, reason)
    head = [
        say("card-held", MODERATORS, language=language_in_english(language)),
        _story_line(story_title, story_url),
        *([_parent_line(parent_text)] if parent_text is not None else []),
        say(
            "card-author",
            MODERATORS,
            name=spoken_name(author_name),
            published=author_published,
            rejected=author_rejected,
        ),
    ]
    why = [*_reasons(reason), *(_finding(finding, text, hidden=hidden) for finding in findings[:_FINDINGS_AT_MOST])]
    rest = visible_length(Html("\n".join([*head, "", "", "", *why])))
    shown = _comment(text, hidden=hidden, at_most=_CARD_AT_MOST - rest)
    return Html("\n".join([*head, "", shown, "", *why]).strip())


def closed_card(
    *, status_line: Html, text: str, hidden: bool, story_title: str, story_url: str, author_name: str
) -> Html:
    """What a card becomes once nobody has to decide it: what happened first, then what it was about."""
    author = escape(spoken_name(author_name))
    return Html(
        "\n".join(
            [
                status_line,
                _story_line(story_title, story_url),
                f"<b>{isolated(author, MODERATORS)}</b>",
                "",
                _comment(text, hidden=hidden, at_most=_CLOSED_AT_MOST),
            ]
        )
    )


def approved(name: str) -> Html:
    """A card's first line once a moderator approved."""
    return say("card-approved", MODERATORS, name=spoken_name(name))


def rejected(name: str, clause: str | None) -> Html:
    """A card's first line once a moderator rejected."""
    return say("card-rejected", MODERATORS, name=spoken_name(name), clause=clause or "?")


def decided_otherwise(status: str, name: str | None) -> Html:
    """A card's first line when the comment was decided without a moderator's press."""
    who = spoken_name(name) if name else plain("card-machine", MODERATORS)
    return say("card-decided", MODERATORS, status=status.capitalize(), name=who)


def withdrawn() -> Html:
    """A card's first line once its author withdrew the comment."""
    return say("card-withdrawn", MODERATORS)


def edited(became: CommentStatus) -> Html:
    """A card's first line once its author edited the comment; `became` is the new text's status."""
    return say("card-edited", MODERATORS, became=became.value)


def erased() -> Html:
    """All that is left of a card once its author was erased."""
    return say("card-erased", MODERATORS)


def summary(*, waiting: int, minutes: int, cards: bool) -> Html:
    """The one live message that stands for a long review queue. `cards`: some are shown as cards besides."""
    text = say("summary", MODERATORS, n=waiting, minutes=minutes)
    return Html(f"{text}\n{say('summary-rest', MODERATORS)}") if cards else text


def nothing_waiting() -> Html:
    """What is left of a summary that can't be deleted."""
    return say("summary-empty", MODERATORS)


def late(*, status: str, name: str, clause: str | None) -> str:
    """The answer to a press that came after somebody else's."""
    if status == "rejected" and clause is not None:
        return plain("answer-late-clause", MODERATORS, name=spoken_name(name), clause=clause)
    return plain("answer-late", MODERATORS, status=status, name=spoken_name(name))


def is_abusive(findings: Sequence[Finding], reason: Reason | str | None) -> bool:
    """Whether the text is covered until a moderator taps it: abuse was found, or nothing looked at it."""
    unread = reason is not None and not Reason(reason).is_of_switch
    return unread or any(
        finding.check in {"classifier", "banned_words", *UNREAD} and finding.label != "spam" for finding in findings
    )


def _story_line(title: str, url: str) -> Html:
    return say(
        "card-story",
        MODERATORS,
        story=link(url, Html(isolated(escape(cut(title, at_most=_TITLE_AT_MOST)), MODERATORS))),
    )


def _parent_line(text: str) -> Html:
    return say("card-answers", MODERATORS, parent=cut(shown_text(text), at_most=_PARENT_AT_MOST))


def _comment(text: str, *, hidden: bool, at_most: int) -> str:
    whole = shown_text(text)
    shown = whole if utf16_length(whole) <= at_most else cut(whole, at_most=at_most - _NOTE_AT_MOST)
    note = "" if shown == whole else f"\n<i>{say('card-cut', MODERATORS, n=len(whole) - len(shown) + 1)}</i>"
    if hidden:
        return f"<tg-spoiler>{escape(shown)}</tg-spoiler>{note}"
    folded = " expandable" if len(shown) > _FOLDED_FROM else ""  # one long comment would fill the screen
    return f"<blockquote{folded}>{escape(shown)}</blockquote>{note}"


def _reasons(reason: Reason | str | None) -> list[Html]:
    return [] if reason is None else [say(f"card-{reason}", MODERATORS)]


def _finding(finding: Finding, text: str, *, hidden: bool) -> str:
    """One line; its words are covered where the comment is, for they stand open in it otherwise."""
    named = (finding.label or finding.check).replace("_", " ")
    if finding.clause is not None:
        score = f"{finding.score:.2f}"
        line: str = say("card-clause", MODERATORS, clause=finding.clause, label=named, score=score)
    elif finding.check in UNREAD:
        line = say(f"card-check-{finding.check}", MODERATORS)
    else:
        line = say("card-check", MODERATORS, check=named)
    words = ", ".join(dict.fromkeys(text[span.begin : span.end].strip() for span in finding.spans))
    shown = escape(cut(shown_text(words), at_most=_WORDS_AT_MOST)) if words else ""
    if not shown:
        return f"• {line}"
    return f"• {line}: <tg-spoiler>{shown}</tg-spoiler>" if hidden else f"• {line}: <i>{shown}</i>"
