"""Values for tests: each builder gives a believable one, and takes what the test is about."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moderation.alarms import Bounds, Disk, QueueSize, Vitals, Waiting
from moderation.comment import Comment, CommentStatus, Revision, Submission
from moderation.decision import DecidedBy, Decision, EventKind, Finding, Outcome, OutcomeEvent, Reason, Screening, Span
from moderation.policy import LABELS, Clause, Policy, RuleSettings, Thresholds

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STORY = "https://example.org/stories/monsoon-session-opens"
TERMS = "2026-11"

_numbers = itertools.count(1)


def submission(**given: Any) -> Submission:
    """A reader's message as it arrives; its source key is a new one unless it is given."""
    values: dict[str, Any] = {
        "story": STORY,
        "author": "telegram:1001",
        "author_name": "Asha",
        "text": "The report was clear and fair, thank you.",
        "source_key": f"telegram:1001:{next(_numbers)}",
    }
    return Submission(**(values | given))


def revision(**given: Any) -> Revision:
    """One text of a comment."""
    values: dict[str, Any] = {
        "id": 1,
        "comment_id": 1,
        "number": 1,
        "text": "The report was clear and fair, thank you.",
        "status": CommentStatus.RECEIVED,
        "received_at": NOW,
    }
    return Revision(**(values | given))


def comment(**given: Any) -> Comment:
    """A comment as the store has it; `text` and `status` go to its latest revision too."""
    status = given.get("status", CommentStatus.PUBLISHED)
    latest = {"status": status, "comment_id": given.get("id", 1)}
    if "text" in given:
        latest["text"] = given.pop("text")
    values: dict[str, Any] = {
        "id": 1,
        "story": STORY,
        "parent": None,
        "author": "telegram:1001",
        "author_name": "Asha",
        "status": status,
        "latest": revision(**latest),
        "published_revision": 1 if status is CommentStatus.PUBLISHED else None,
        "created_at": NOW,
    }
    return Comment(**(values | given))


def finding(**given: Any) -> Finding:
    """What one check saw: by default the classifier, an insult to look at."""
    values: dict[str, Any] = {
        "check": "classifier",
        "asks": Outcome.HOLD,
        "clause": "3.2",
        "label": "insult",
        "score": 0.8,
        "spans": (Span(0, 4),),
    }
    return Finding(**(values | given))


def scores(**given: float) -> Mapping[str, float]:
    """Every label's score: low, but for those given."""
    return dict.fromkeys(LABELS, 0.01) | given


def screening(*findings: Finding, **given: Any) -> Screening:
    """What all checks saw of one text."""
    values: dict[str, Any] = {"language": "en", "model": "2026-11-22.1", "scores": scores(), "findings": findings}
    return Screening(**(values | given))


def decision(outcome: Outcome = Outcome.PUBLISH, **given: Any) -> Decision:
    """The machine's conclusion about one revision; one that does not publish names a clause and what was found."""
    values: dict[str, Any] = {
        "outcome": outcome,
        "decided_by": DecidedBy.MACHINE,
        "decided_at": NOW,
        "terms": TERMS,
        "language": "en",
        "model": "2026-11-22.1",
        "scores": scores(),
    }
    if outcome is not Outcome.PUBLISH:
        values |= {"clause": "3.2", "findings": (finding(asks=outcome),), "scores": scores(insult=0.8)}
    return Decision(**(values | given))


def policy(*, hold_at: float = 0.5, reject_at: float = 0.9, **given: Any) -> Policy:
    """A small policy: insults break clause 3.2 and spam 5.1, both at the same thresholds."""
    thresholds = Thresholds(hold_at=hold_at, reject_at=reject_at)
    rules: dict[str, RuleSettings] = {}
    values: dict[str, Any] = {
        "version": TERMS,
        "clauses": {
            "3.2": Clause("3.2", {"insult": thresholds, "toxic": thresholds}),
            "5.1": Clause("5.1", {"spam": thresholds}),
        },
        "rules": rules,
    }
    return Policy(**(values | given))


def event(kind: EventKind = EventKind.PUBLISHED, **given: Any) -> OutcomeEvent:
    """Something that became true of a revision, by default through the machine."""
    reason: Reason | None = None
    values: dict[str, Any] = {
        "id": next(_numbers),
        "at": NOW,
        "kind": kind,
        "comment_id": 1,
        "revision": 1,
        "author": "telegram:1001",
        "story": STORY,
        "decided_by": None if kind in {EventKind.RECEIVED, EventKind.WITHDRAWN} else DecidedBy.MACHINE,
        "moderator": None,
        "moderator_name": None,
        "clause": None,
        "reason": reason,
        "visible": kind is EventKind.PUBLISHED,
        "first": kind is EventKind.PUBLISHED,
    }
    return OutcomeEvent(**(values | given))


def vitals(**given: Any) -> Vitals:
    """A system in which all is well: one worker with a model, nothing waits, half of the disk is free."""
    values: dict[str, Any] = {
        "at": NOW,
        "database": True,
        "redis": True,
        "waiting": Waiting(),
        "queue": QueueSize(length=0, pending=0, dead=0),
        "workers": {"one": "2026-11-22.1"},
        "disk": Disk(free=50 * 2**30, total=100 * 2**30),
    }
    return Vitals(**(values | given))


def bounds(**given: Any) -> Bounds:
    """Where a measure becomes an alarm."""
    values: dict[str, Any] = {
        "undecided_s": 120,
        "held_s": 3600,
        "queue_length": 1000,
        "dead_letter_s": 3600,
        "disk_free_percent": 10,
    }
    return Bounds(**(values | given))
