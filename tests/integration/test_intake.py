"""Submissions are stored once, whole and durably, or refused with a reason."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from moderation.comment import CommentStatus
from moderation.decision import EventKind
from moderation.enforcement import enforce
from moderation.errors import QueueUnavailable
from moderation.intake import Intake
from moderation.store import Store
from tests.builders import NOW, TERMS, decision, submission


class ListedQueue:
    """A work list that only remembers, or that can't be reached."""

    def __init__(self, *, gone: bool = False) -> None:
        self.gone = gone
        self.revisions: list[int] = []

    async def enqueue(self, revision_ids: Sequence[int]) -> int:
        if self.gone:
            raise QueueUnavailable("gone")
        self.revisions += revision_ids
        return len(revision_ids)


@pytest.fixture
def queue() -> ListedQueue:
    return ListedQueue()


@pytest.fixture
async def intake(store: Store, queue: ListedQueue) -> Intake:
    intake = Intake(store, queue, terms=TERMS)
    await intake.agree("telegram:1001", language="en", now=NOW)
    return intake


async def test_a_submission_is_stored_queued_and_announced(store: Store, intake: Intake, queue: ListedQueue) -> None:
    accepted = await intake.submit(submission(text="  Well said.  ", language="en"), now=NOW)
    record = await store.comment(accepted.comment_id)
    assert record is not None and record.decision is None
    assert record.comment.status is CommentStatus.RECEIVED
    assert record.comment.latest.text == "Well said."
    assert accepted.new and accepted.revision == 1
    assert queue.revisions == [accepted.revision_id]
    [pending] = await store.for_screening([accepted.revision_id])
    assert (pending.text, pending.language) == ("Well said.", "en")
    [event] = await store.lease_events(at_most=10, lease_s=60, now=NOW)
    assert event.kind is EventKind.RECEIVED and not event.visible
    [row] = await store.audit_of(accepted.comment_id)
    assert (row.who, row.act, row.to_status, row.terms) == ("telegram:1001", "submit", "received", TERMS)


async def test_enforce_publishes(store: Store, intake: Intake) -> None:
    accepted = await intake.submit(submission(), now=NOW)
    assert await enforce(store, [(accepted.revision_id, decision())]) == [accepted.revision_id]
    assert await enforce(store, [(accepted.revision_id, decision())]) == []
