"""A step of a revision, and what belongs to it: what of the comment shows then, its audit row, its event. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from moderation.comment import CommentStatus
from moderation.decision import STATUS_OF, DecidedBy, Decision, EventKind, Reason
from moderation.store import MACHINE, AuditRow, NewEvent, Standing

RECEIVED, PUBLISHED, WITHDRAWN = CommentStatus.RECEIVED, CommentStatus.PUBLISHED, CommentStatus.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Move:
    """One revision's step: from where it stands to a status, by whom, why, and when listeners may be told."""

    standing: Standing
    to: CommentStatus
    act: str
    who: str
    name: str
    at: datetime
    due_at: datetime
    decided_by: DecidedBy | None = None
    moderator: str | None = None
    clause: str | None = None
    reason: Reason | None = None
    decision: Decision | None = None
    silent: bool = False
    stood_before: tuple[int, ...] = ()

    @property
    def publishes(self) -> bool:
        """Whether a text comes to stand by it, be it an earlier one again."""
        stands = self.standing.published_revision == self.standing.revision.number
        return self.to is PUBLISHED or (stands and bool(self.stood_before))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a step makes of the comment as everybody sees it."""

    status: CommentStatus
    published_revision: int | None
    published_at: datetime | None
    edited: bool
    visible: bool
    first: bool = False


def machine_move(standing: Standing, decision: Decision) -> Move:
    """The machine's decision about a revision as a step."""
    return Move(
        standing=standing,
        to=STATUS_OF[decision.outcome],
        act="screen",
        who=MACHINE,
        name="",
        at=decision.decided_at,
        due_at=decision.decided_at,
        decided_by=DecidedBy.MACHINE,
        clause=decision.clause,
        reason=decision.reason,
        decision=decision,
    )


def shown_after(move: Move) -> Shown:
    """The comment as everybody sees it after a step."""
    standing, number = move.standing, move.standing.revision.number
    stood = standing.published_revision
    if move.to is PUBLISHED:
        return Shown(
            status=PUBLISHED,
            published_revision=number,
            published_at=standing.published_at or move.at,
            edited=stood is not None,
            visible=True,
            first=stood is None,
        )
    if stood is None:
        return Shown(move.to, None, None, edited=False, visible=False)
    if stood != number:
        return Shown(PUBLISHED, stood, standing.published_at, edited=standing.edited, visible=False)
    if move.stood_before:
        again = move.stood_before[-1]
        return Shown(PUBLISHED, again, standing.published_at, edited=len(move.stood_before) > 1, visible=True)
    return Shown(move.to, None, None, edited=False, visible=True)


def event_of(move: Move, shown: Shown) -> NewEvent:
    """What listeners are told of a step."""
    return NewEvent(
        at=move.at,
        kind=EventKind(move.to),
        comment_id=move.standing.revision.comment_id,
        revision=move.standing.revision.number,
        author=move.standing.author,
        story=move.standing.story,
        due_at=move.due_at,
        decided_by=move.decided_by,
        moderator=move.moderator,
        moderator_name=move.name if move.moderator is not None else None,
        clause=move.clause,
        reason=move.reason,
        visible=shown.visible,
        first=shown.first,
        silent=move.silent,
    )


def audit_row(move: Move) -> AuditRow:
    """What the audit keeps of a step."""
    decision = move.decision
    return AuditRow(
        at=move.at,
        comment_id=move.standing.revision.comment_id,
        revision_id=move.standing.revision.id,
        who=move.who,
        name=move.name,
        act=move.act,
        from_status=move.standing.revision.status,
        to_status=move.to,
        clause=move.clause,
        reason=move.reason,
        terms=decision.terms if decision is not None else move.standing.terms,
        model=decision.model if decision is not None else None,
        scores=dict(decision.scores) if decision is not None and decision.scores else None,
    )


def author_row(standing: Standing, *, act: str, at: datetime) -> AuditRow:
    """What the audit keeps of a revision that its author withdrew."""
    revision = standing.revision
    return AuditRow(at, revision.comment_id, revision.id, standing.author, "", act, revision.status, WITHDRAWN)


def received_row(comment_id: int, revision_id: int, author: str, *, act: str, terms: str, at: datetime) -> AuditRow:
    """What the audit keeps of a revision that came."""
    return AuditRow(at, comment_id, revision_id, author, "", act, None, RECEIVED, terms=terms)


def authors_event(
    kind: EventKind, comment_id: int, *, revision: int, author: str, story: str, at: datetime
) -> NewEvent:
    """What listeners are told of what the author did."""
    return NewEvent(at, kind, comment_id, revision, author, story, due_at=at)
