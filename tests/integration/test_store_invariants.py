"""Whatever people and workers do at once, in whatever order, what must always be true of the store stays true."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from moderation.comment import TRANSITIONS, UNDECIDED, CommentStatus
from moderation.decision import Outcome
from moderation.enforcement import enforce
from moderation.errors import AlreadyDecided, NotAllowed, StaleRevision, UnknownComment
from moderation.intake import Accepted
from moderation.store import AuditRow
from moderation.store.tables import comments, outbox, revisions
from tests.builders import NOW, decision
from tests.desk import ADMINISTRATOR, MEERA, READER, Desk

DEEDS, AT_ONCE = 160, 8

REFUSALS = (AlreadyDecided, NotAllowed, StaleRevision, UnknownComment)


class Crowd:
    """Readers, moderators and workers who do things at random to the same few comments."""

    def __init__(self, desk: Desk, *, seed: int) -> None:
        self.desk = desk
        self.random = random.Random(seed)
        self.accepted: list[Accepted] = []
        self.done: Counter[str] = Counter()

    def choose(self) -> Accepted:
        """A revision: mostly some comment's newest, now and then one that is outdated."""
        if self.random.random() < 0.2:
            return self.random.choice(self.accepted)
        return self.random.choice(list({one.comment_id: one for one in self.accepted}.values()))

    async def act(self, number: int) -> None:
        """One deed. That somebody came too late is an answer like any other; any other error is a fault."""
        one = self.choose()
        deed = self.random.choice(["screen", "screen", "edit", "review", "review", "undo", "undo", "withdraw", "tell"])
        outcome, moderator = self.random.choice(list(Outcome)), self.random.choice([MEERA, ADMINISTRATOR])
        now = NOW + timedelta(seconds=number)
        with contextlib.suppress(*REFUSALS):
            if deed == "screen":
                some = [self.choose() for _ in range(3)]
                await enforce(self.desk.store, [(a.revision_id, decision(outcome, decided_at=now)) for a in some])
            elif deed == "edit":
                self.accepted.append(await self.desk.edit(one, f"text {number}", now=now))
            elif deed == "review" and outcome is not Outcome.HOLD:
                await self.desk.decide(one, outcome, moderator=moderator, now=now)
            elif deed == "undo":
                await self.desk.undo(one, moderator=moderator, now=now)
            elif deed == "withdraw" and number >= DEEDS // 2:
                await self.desk.intake.withdraw(one.comment_id, author=READER, now=now)
            elif deed == "tell":
                for event in await self.desk.outcomes.lease(at_most=3, lease_s=1, now=now):
                    await self.desk.outcomes.done(event.id, now=now)
            self.done[deed] += 1


def check_audit(rows: list[AuditRow], status_of: dict[int, CommentStatus]) -> None:
    """Each revision's audit is one unbroken way from its arrival to where it stands, along allowed steps."""
    standing: dict[int, CommentStatus] = {}
    for row in rows:
        assert row.from_status == standing.get(row.revision_id)
        if row.from_status is not None:
            assert row.to_status in TRANSITIONS[row.from_status]
        standing[row.revision_id] = row.to_status
    assert standing == status_of
    screened = Counter(row.revision_id for row in rows if row.act == "screen")
    assert all(count == 1 for count in screened.values())


@pytest.mark.parametrize("seed", range(4))
async def test_a_crowd_at_work_breaks_no_promise(desk: Desk, seed: int) -> None:
    crowd = Crowd(desk, seed=seed)
    crowd.accepted = [await desk.receive(text=f"comment {number}") for number in range(6)]
    for begin in range(0, DEEDS, AT_ONCE):
        await asyncio.gather(*(crowd.act(number) for number in range(begin, begin + AT_ONCE)))
    assert crowd.done.keys() >= {"screen", "edit", "review", "withdraw", "tell"}

    async with desk.store.database.read() as connection:
        all_comments = (await connection.execute(sa.select(comments))).all()
        all_revisions = (await connection.execute(sa.select(revisions).order_by(revisions.c.number))).all()
        published = (
            await connection.execute(
                sa.select(outbox.c.comment_id, sa.func.count())
                .where(outbox.c.kind == "published")
                .group_by(outbox.c.comment_id)
            )
        ).all()
    events = {comment_id: count for comment_id, count in published}  # noqa: C416  rows are no pairs to mypy
    for comment in all_comments:
        mine = [one for one in all_revisions if one.comment_id == comment.id]
        rows = await desk.store.audit_of(comment.id)
        check_audit(rows, {one.id: CommentStatus(one.status) for one in mine})
        assert [one.number for one in mine] == list(range(1, comment.latest_revision + 1))
        assert all(one.status not in UNDECIDED for one in mine[:-1])
        assert (comment.published_revision is not None) == (comment.status == CommentStatus.PUBLISHED)
        assert (comment.published_at is not None) == (comment.status == CommentStatus.PUBLISHED)
        standing = [one.number for one in mine if one.status == CommentStatus.PUBLISHED]
        assert comment.published_revision == max(standing, default=None)
        assert comment.status == (CommentStatus.PUBLISHED if standing else mine[-1].status)
        assert events.get(comment.id, 0) == sum(row.to_status is CommentStatus.PUBLISHED for row in rows)
