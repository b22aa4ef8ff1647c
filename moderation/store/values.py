"""What the store gives and takes, beside the values of comment and decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moderation.comment import Comment, CommentStatus, Revision, Submission
from moderation.decision import DecidedBy, Decision, EventKind, Finding, Reason

MACHINE = "machine"
"""Who did it, where an audit row or an error names the screening rather than a person."""

_LARGEST = 2**63 - 1


def storable(number: int) -> int:
    """The number, or the nearest one that both databases can compare: no row has it. Ids come from outside, forged."""
    return max(-_LARGEST, min(number, _LARGEST))


@dataclass(frozen=True, slots=True)
class Pending:
    """A revision that still has to be screened. `language` is what the front said of it, if anything."""

    revision_id: int
    comment_id: int
    number: int
    story: str
    author: str
    text: str
    language: str | None
    status: CommentStatus
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What came before a revision: the author's others in the flooding window, and the same text in the repeats window.

    `same_by_others` counts authors, not revisions. A comment's own earlier revisions are no repeats of it.
    """

    by_author_in_window: int = 0
    same_by_author: int = 0
    same_by_others: int = 0


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model that a training on this system made, or that was shipped and then promoted here."""

    version: str
    sha256: str
    path: str
    figures: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Promotion:
    """A model took over: which, when, and who said so."""

    version: str
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """A comment with the decision in force about its latest revision; None while nobody decided.

    `source_key` names the message it came from, so that what is said of it can answer that message. `erased` says that
    its author was: nobody is shown a word of it, although a legal hold may keep its text.
    """

    comment: Comment
    decision: Decision | None
    source_key: str
    erased: bool = False


@dataclass(frozen=True, slots=True)
class PublishedComment:
    """A comment as everybody may see it: `text` and `author_name` are safe to lay out, though not escaped.

    `changed_at` is when the text that stands was published: later than `published_at` where the comment was edited.
    """

    id: int
    story: str
    parent: int | None
    author_name: str
    text: str
    language: str
    published_at: datetime
    changed_at: datetime
    edited: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A held comment with what a moderator needs to decide. `text` is as written: `findings` count its code points.

    `claimed_by` is None unless the claim holds at the moment that was asked about.
    """

    comment_id: int
    revision: int
    story: str
    author: str
    author_name: str
    text: str
    language: str
    received_at: datetime
    held_at: datetime
    clause: str | None
    reason: Reason | None
    findings: tuple[Finding, ...]
    scores: Mapping[str, float]
    parent_text: str | None
    author_published: int
    author_rejected: int
    claimed_by: str | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change of a revision's status: who did what, when, and on what grounds."""

    at: datetime
    comment_id: int
    revision_id: int
    who: str
    name: str
    act: str
    from_status: CommentStatus | None
    to_status: CommentStatus
    clause: str | None = None
    reason: Reason | None = None
    terms: str | None = None
    model: str | None = None
    scores: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a revision and its comment stand, read under the comment's lock."""

    revision: Revision
    latest: int
    author: str
    story: str
    section: str | None
    story_published_at: datetime | None
    comment_status: CommentStatus
    published_revision: int | None
    published_at: datetime | None
    edited: bool
    held_at: datetime | None
    decided_by: DecidedBy | None
    decided_at: datetime | None
    terms: str | None
    moderator: str | None
    moderator_name: str | None
    machine_clause: str | None
    machine_reason: Reason | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A valid submission on its way in; texts that say the same share a `fingerprint`."""

    submission: Submission
    fingerprint: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NewRevision:
    """A received revision before the store gave it its id."""

    comment_id: int
    number: int
    author: str
    text: str
    fingerprint: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Latest:
    """A comment and its newest revision."""

    comment_id: int
    revision_id: int
    number: int


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An outcome event before the outbox gave it its number."""

    at: datetime
    kind: EventKind
    comment_id: int
    revision: int
    author: str
    story: str
    due_at: datetime
    decided_by: DecidedBy | None = None
    moderator: str | None = None
    moderator_name: str | None = None
    clause: str | None = None
    reason: Reason | None = None
    visible: bool = False
    first: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A web session as it is kept: without what the browser holds."""

    person: str
    name: str
    csrf: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """A reader's erasure, without saying whose: `author_hash` can be compared with a name and not read."""

    author_hash: str
    erased_at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure met: the comments it emptied, the messages they came from, and the comments that answer them.

    `kept` are comments whose text a legal hold keeps, seen by nobody. `agreements` and `doors` (links and sessions)
    count what went besides.
    """

    comments: tuple[int, ...] = ()
    source_keys: tuple[str, ...] = ()
    answers: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    agreements: int = 0
    doors: int = 0

    @property
    def nothing(self) -> bool:
        """Whether there was nothing left to erase."""
        return not (self.comments or self.agreements or self.doors)


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A comment whose text is kept whatever its author or retention asks: who says so, and why."""

    comment_id: int
    who: str
    note: str
    since: datetime
    erasure_due: bool
