"""A held comment as a moderator's card: what is shown, in which order, what is marked. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from moderation.comment import Comment, CommentStatus, language_in_english, shown_text
from moderation.decision import DecidedBy, Finding, Reason, Span
from moderation.errors import AlreadyDecided, StaleRevision
from moderation.policy import Policy, Terms
from moderation.web.comments import plain

if TYPE_CHECKING:
    from moderation.review import Held
    from moderation.store import AuditRow
    from moderation.web.parts import StoryRef

VEILED_LABELS = frozenset({"severe", "threat", "identity_hate", "obscene", "sexual"})
"""What a moderator is warned of before the words are shown."""

CHECK_WORDS = {
    "classifier": "Classifier",
    "links": "Links",
    "flooding": "Flooding",
    "repeats": "Repeated text",
    "personal_data": "Personal data",
    "banned_words": "Banned words",
    "language": "Partly or wholly in no language that the classifier knows",
    "direction": "Its letters are shown in another order than they stand in",
    "length": "Longer than the classifier reads",
}
MODERATORS_ACTS = frozenset({"review", "undo"})
"""What only a moderator does to a comment's status."""

KEYS = "1234567890qwetyiop"
"""The keys of the clauses in their order: none that the page's script uses for something else."""

LABEL_WORDS = {"identity_hate": "hatred of a group"}
REASON_WORDS = {
    Reason.UNSCREENED: "The classifier could not score it, so a person decides.",
    Reason.POISON: "Screening failed on this text again and again, so a person decides.",
    Reason.HELD_FOR_READING: "Nothing was found: people were reading everything here when it came.",
    Reason.PUBLISHING_STOPPED: "Nothing was found: publishing was stopped when it came.",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the comment, marked or not."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding in words: `words` are the stretches of the comment that weighed most."""

    title: str
    clause: str | None
    clause_title: str
    score: int | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One clause a rejection may name. `suggested` is the one the findings cite."""

    id: str
    title: str
    key: str
    suggested: bool


@dataclass(frozen=True, slots=True)
class CardView:
    """Everything a card shows."""

    id: int
    revision: int
    story: str
    story_title: str
    story_language: str | None
    author_name: str
    language: str | None
    language_name: str
    received_at: datetime
    held_at: datetime
    pieces: tuple[Piece, ...]
    parent_text: str | None
    findings: tuple[FindingLine, ...]
    warning: str | None
    reason: str | None
    published: int
    rejected: int
    claimed_by: str | None
    choices: tuple[Choice, ...]


def card_view(held: Held, *, story: StoryRef | None, policy: Policy, terms: Terms, person: str) -> CardView:
    """The card of a held comment, as `person` sees it; a story that is not known is called by its address."""
    warned = [
        LABEL_WORDS.get(finding.label, finding.label)
        for finding in held.findings
        if finding.label is not None and finding.label in VEILED_LABELS
    ]
    return CardView(
        id=held.comment_id,
        revision=held.revision,
        story=held.story,
        story_title=story.title if story else held.story,
        story_language=story.language if story else None,
        author_name=plain(held.author_name),
        language=held.language,
        language_name=language_in_english(held.language),
        received_at=held.received_at,
        held_at=held.held_at,
        pieces=marked_pieces(held.text, [span for finding in held.findings for span in finding.spans]),
        parent_text=None if held.parent_text is None else shown_text(plain(held.parent_text)),
        findings=tuple(_finding_line(finding, held.text, terms) for finding in held.findings),
        warning=", ".join(dict.fromkeys(warned)) or None,
        reason=REASON_WORDS.get(Reason(held.reason)) if held.reason else None,
        published=held.author_published,
        rejected=held.author_rejected,
        claimed_by=held.claimed_by if held.claimed_by != person else None,
        choices=_choices(held.clause, policy, terms),
    )


def marked_pieces(text: str, spans: Sequence[Span]) -> tuple[Piece, ...]:
    """The text cut where findings begin and end. Spans out of bounds are cut to the text; what overlaps is joined."""
    marks = [False] * len(text)
    for span in spans:
        for at in range(max(0, span.begin), min(len(text), span.end)):
            marks[at] = True
    pieces: list[Piece] = []
    begin = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or marks[at] != marks[begin]:
            shown = shown_text(plain(text[begin:at]))
            if shown:
                pieces.append(Piece(shown, marks[begin]))
            begin = at
    return tuple(pieces)


def moderator_in_words(name: str, who: str) -> str:
    """A moderator by name. Who has none is not shown by number; a command's person and the machine are words."""
    return plain(name) or ("a moderator" if ":" in who else who)


def who_in_words(row: AuditRow, *, comment: Comment) -> str:
    """Who changed a comment's status, never by number: moderators are promised to see of a reader a name alone."""
    if row.name or row.act in MODERATORS_ACTS:
        return moderator_in_words(row.name, row.who)
    if row.who == comment.author:
        return plain(comment.author_name) or "the author"
    return "a reader" if ":" in row.who else row.who


def ended_in_words(ended: AlreadyDecided | StaleRevision | None) -> str:
    """What became of a card that left the queue: who decided what, or that its author did something."""
    if ended is None:
        return "Held again"
    if isinstance(ended, StaleRevision):
        return "Edited or withdrawn by its author"
    if ended.decided_by == DecidedBy.MACHINE:
        return f"{ended.status.capitalize()} by the machine"
    verb = "Approved" if ended.status == CommentStatus.PUBLISHED else ended.status.capitalize()
    return f"{verb} by {moderator_in_words(ended.name, ended.decided_by)}"


def _finding_line(finding: Finding, text: str, terms: Terms) -> FindingLine:
    clause = terms.clauses.get(finding.clause or "")
    words = dict.fromkeys(shown_text(plain(text[span.begin : span.end])).strip() for span in finding.spans)
    label = LABEL_WORDS.get(finding.label, finding.label) if finding.label else None
    return FindingLine(
        title=label or CHECK_WORDS.get(finding.check, finding.check),
        clause=finding.clause,
        clause_title=clause.title if clause else "",
        score=round(finding.score * 100) if finding.label else None,
        words=tuple(word for word in words if word)[:5],
    )


def _choices(clause: str | None, policy: Policy, terms: Terms) -> tuple[Choice, ...]:
    return tuple(
        Choice(id_, terms.clauses[id_].title if id_ in terms.clauses else "", KEYS[number : number + 1], id_ == clause)
        for number, id_ in enumerate(policy.clauses)
    )
