"""Findings in, a decision out; and the events that tell of it. Pure: time is an argument."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from moderation.comment import CommentStatus
from moderation.policy import LABELS, Policy
from moderation.switch import Switch, SwitchKind


class Outcome(StrEnum):
    """A decision's three values."""

    PUBLISH = "publish"
    HOLD = "hold"
    REJECT = "reject"


STATUS_OF: Mapping[Outcome, CommentStatus] = {
    Outcome.PUBLISH: CommentStatus.PUBLISHED,
    Outcome.HOLD: CommentStatus.HELD,
    Outcome.REJECT: CommentStatus.REJECTED,
}

_SEVERITY = {Outcome.PUBLISH: 0, Outcome.HOLD: 1, Outcome.REJECT: 2}


GENERAL_LABELS = frozenset({"toxic", "severe"})
"""These say that a comment is abusive; the next ones also say how."""

KINDS_OF_ABUSE = frozenset({"insult", "threat", "obscene", "identity_hate", "sexual"})


class DecidedBy(StrEnum):
    """Who concluded."""

    MACHINE = "machine"
    MODERATOR = "moderator"


class Reason(StrEnum):
    """Why a comment is held although no clause was found broken; or, of a withdrawn one, that its author was erased."""

    UNSCREENED = "unscreened"
    POISON = "poison"
    HELD_FOR_READING = "held_for_reading"
    PUBLISHING_STOPPED = "publishing_stopped"
    ERASED = "erased"

    @property
    def is_of_switch(self) -> bool:
        """Whether it says something of the day, and nothing of the comment."""
        return self in _REASON_UNDER.values()


_REASON_UNDER = {SwitchKind.HOLD: Reason.HELD_FOR_READING, SwitchKind.STOP: Reason.PUBLISHING_STOPPED}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the comment's text, in code points, end exclusive."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw. `asks` is what it would do by itself; a check that broke asks to hold."""

    check: str
    asks: Outcome
    clause: str | None = None
    label: str | None = None
    score: float = 1.0
    spans: tuple[Span, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The finding as `baithak screen` writes it and the store keeps it."""
        return {
            "check": self.check,
            "label": self.label,
            "clause": self.clause,
            "score": round(self.score, 4),
            "asks": self.asks.value,
            "spans": [{"begin": span.begin, "end": span.end} for span in self.spans],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Finding:
        """The finding that `as_json` wrote."""
        return cls(
            check=raw["check"],
            asks=Outcome(raw["asks"]),
            clause=raw["clause"],
            label=raw["label"],
            score=raw["score"],
            spans=tuple(Span(span["begin"], span["end"]) for span in raw["spans"]),
        )


@dataclass(frozen=True, slots=True)
class Screening:
    """What all checks saw of one text. `model` is None when no classifier scored it."""

    language: str
    model: str | None
    scores: Mapping[str, float]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The conclusion about one revision, with what it rests on."""

    outcome: Outcome
    decided_by: DecidedBy
    decided_at: datetime
    terms: str
    clause: str | None = None
    reason: Reason | None = None
    moderator: str | None = None
    moderator_name: str | None = None
    language: str = "und"
    model: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def findings_of(
    scores: Mapping[str, float], policy: Policy, spans: Mapping[str, Sequence[tuple[int, int]]]
) -> list[Finding]:
    """The classifier's findings: one for each label whose score reaches its clause's `hold_at`, highest first."""
    # Most comments reach no threshold, so that is asked first.
    if not any(
        scores[label] >= thresholds.hold_at
        for clause in policy.clauses.values()
        for label, thresholds in clause.labels.items()
    ):
        return []
    found: list[Finding] = []
    for label in LABELS:
        clause = policy.clause_of(label)
        if clause is None or scores[label] < clause.labels[label].hold_at:
            continue
        asks = Outcome.REJECT if scores[label] >= clause.labels[label].reject_at else Outcome.HOLD
        marks = tuple(Span(begin, end) for begin, end in spans.get(label, ()))
        found.append(Finding("classifier", asks, clause.id, label, scores[label], marks))
    return sorted(found, key=lambda finding: (-_SEVERITY[finding.asks], -finding.score))


def told_of(findings: Sequence[Finding], policy: Policy) -> Finding | None:
    """The finding whose clause the author is told; None where there is none.

    Among those that ask for the hardest, the one whose clause stands first in the policy, where the graver come first;
    a finding without a clause comes last, and within a clause the higher score decides. Where only general labels ask
    for it, a kind of abuse that asks for less tells more: hatred is told as hatred, although "toxic" was surer.
    """
    hardest = max((_SEVERITY[finding.asks] for finding in findings), default=0)
    asking = [finding for finding in findings if _SEVERITY[finding.asks] == hardest]
    if all(finding.label in GENERAL_LABELS for finding in asking):
        asking = [finding for finding in findings if finding.label in KINDS_OF_ABUSE] or asking
    places = {clause: place for place, clause in enumerate(policy.clauses)}
    return min(asking, key=lambda found: (places.get(found.clause or "", len(places)), -found.score), default=None)


def decide(screening: Screening, policy: Policy, now: datetime) -> Decision:
    """Publish, hold or reject by the hardest that any finding asks for; the clause told is that of `told_of`.

    Decides nothing alone of what was not scored: without a model, or with a score that is no number in 0..1, it holds.
    """
    usable = screening.model is not None and all(
        label in screening.scores and math.isfinite(screening.scores[label]) and 0 <= screening.scores[label] <= 1
        for label in LABELS
    )
    outcome = max((finding.asks for finding in screening.findings), key=_SEVERITY.__getitem__, default=Outcome.PUBLISH)
    told = told_of(screening.findings, policy)
    reason = None
    if not usable:
        outcome, reason = Outcome.HOLD, Reason.UNSCREENED
    return Decision(
        outcome=outcome,
        decided_by=DecidedBy.MACHINE,
        decided_at=now,
        terms=policy.version,
        clause=told.clause if told is not None else None,
        reason=reason,
        language=screening.language,
        model=screening.model,
        scores=screening.scores if usable else dict.fromkeys(LABELS, 1.0),
        findings=screening.findings,
    )


def under(switch: Switch, decision: Decision) -> Decision:
    """What a decision to publish becomes under a switch that holds: what was seen of the comment stays with it."""
    return replace(decision, outcome=Outcome.HOLD, reason=_REASON_UNDER[switch.kind])


class EventKind(StrEnum):
    """What can become of a comment, as listeners are told."""

    RECEIVED = "received"
    PUBLISHED = "published"
    HELD = "held"
    REJECTED = "rejected"
    REMOVED = "removed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class OutcomeEvent:
    """Something became true of a revision. Listeners may be told twice; `id` says that it is the same event.

    `decided_by` is None for what the author did. `visible` says whether the public text changed: what the stream and
    the widget show. `first` says whether it is the comment's first publication rather than an edit of a standing one.
    `silent` says that the reader is not to be told: a decision was undone before they heard of it.
    """

    id: int
    at: datetime
    kind: EventKind
    comment_id: int
    revision: int
    author: str
    story: str
    decided_by: DecidedBy | None
    moderator: str | None
    moderator_name: str | None
    clause: str | None
    reason: str | None
    visible: bool
    first: bool
    silent: bool = False
