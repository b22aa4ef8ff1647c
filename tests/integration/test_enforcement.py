"""A status changes once, by one door, and leaves its audit row and its event."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from moderation.comment import CommentStatus
from moderation.decision import DecidedBy, Decision, EventKind, Outcome, Reason
from moderation.enforcement import enforce
from moderation.errors import IllegalTransition
from moderation.store import NewEvent, NewRevision, Standing, Store
from moderation.store.tables import audit, outbox, revisions
from tests.builders import NOW, decision, finding, scores
from tests.desk import MEERA, READER, Desk

LATER = NOW + timedelta(minutes=1)

OUTCOMES = [
    (Outcome.PUBLISH, CommentStatus.PUBLISHED, EventKind.PUBLISHED),
    (Outcome.HOLD, CommentStatus.HELD, EventKind.HELD),
    (Outcome.REJECT, CommentStatus.REJECTED, EventKind.REJECTED),
]


@pytest.mark.parametrize(("outcome", "status", "kind"), OUTCOMES)
async def test_a_machine_decision_is_carried_out_with_everything_it_rests_on(
    desk: Desk, outcome: Outcome, status: CommentStatus, kind: EventKind
) -> None:
    accepted = await desk.receive()
    made = decision(outcome, decided_at=LATER, language="ur-Latn")
    assert await enforce(desk.store, [(accepted.revision_id, made)]) == {accepted.revision_id: made}
    record = await desk.record(accepted)
    assert record.comment.status is status
    assert record.decision == made
    _, event = await desk.told(now=LATER)
    assert (event.kind, event.decided_by, event.clause, event.at) == (kind, DecidedBy.MACHINE, made.clause, LATER)
    assert event.visible is event.first is (outcome is Outcome.PUBLISH)
    _, row = await desk.store.audit_of(accepted.comment_id)
    assert (row.who, row.act, row.from_status, row.to_status) == ("machine", "screen", "received", status)
    assert (row.clause, row.terms, row.model, row.scores) == (made.clause, made.terms, made.model, made.scores)


async def test_why_nothing_was_screened_is_kept_and_told(desk: Desk) -> None:
    accepted = await desk.receive()
    await desk.screen(accepted, Outcome.HOLD, reason=Reason.POISON, clause=None, findings=(), model=None)
    record = await desk.record(accepted)
    assert record.decision is not None and record.decision.reason is Reason.POISON
    assert [event.reason for event in await desk.told()] == [None, Reason.POISON]


async def test_a_batch_of_sixty_four_is_decided_in_one_transaction(desk: Desk) -> None:
    received = [await desk.receive(text=f"comment {number}") for number in range(64)]
    wanted = [(one.revision_id, decision(list(Outcome)[n % 3])) for n, one in enumerate(received)]
    async with desk.store.database.read() as connection:
        before = (await connection.execute(sa.select(sa.func.count()).select_from(outbox))).scalar_one()
    assert await enforce(desk.store, wanted) == dict(wanted)
    statuses = Counter([await desk.status(one) for one in received])
    assert statuses == {CommentStatus.PUBLISHED: 22, CommentStatus.HELD: 21, CommentStatus.REJECTED: 21}
    async with desk.store.database.read() as connection:
        after = (await connection.execute(sa.select(sa.func.count()).select_from(outbox))).scalar_one()
    assert after - before == 64


async def test_what_was_decided_withdrawn_or_never_there_is_left_as_it_is(desk: Desk) -> None:
    decided, withdrawn, fresh = await desk.publish(), await desk.receive(), await desk.receive()
    await desk.intake.withdraw(withdrawn.comment_id, author=READER, now=NOW)
    reject = decision(Outcome.REJECT)
    wanted = [decided.revision_id, withdrawn.revision_id, 999_999, fresh.revision_id, fresh.revision_id]
    assert await enforce(desk.store, [(revision_id, reject) for revision_id in wanted]) == {fresh.revision_id: reject}
    assert await desk.status(decided) is CommentStatus.PUBLISHED
    assert await desk.status(withdrawn) is CommentStatus.WITHDRAWN
    assert await desk.acts(fresh) == ["submit: nothing → received", "screen: received → rejected"]


async def test_the_first_of_two_decisions_in_one_batch_counts(desk: Desk) -> None:
    accepted = await desk.receive()
    both = [(accepted.revision_id, decision(Outcome.HOLD)), (accepted.revision_id, decision(Outcome.PUBLISH))]
    assert await enforce(desk.store, both) == dict(both[:1])
    assert await desk.status(accepted) is CommentStatus.HELD


async def test_no_decisions_change_nothing(store: Store) -> None:
    assert await enforce(store, []) == {}


async def test_a_moderators_decision_does_not_pass_for_the_machines(desk: Desk) -> None:
    accepted = await desk.receive()
    with pytest.raises(ValueError, match="enforce_review"):
        await enforce(desk.store, [(accepted.revision_id, decision(decided_by=DecidedBy.MODERATOR))])
    assert await desk.status(accepted) is CommentStatus.RECEIVED


async def test_twenty_workers_with_the_same_batch_decide_each_comment_once(desk: Desk) -> None:
    received = [await desk.receive(text=f"comment {number}") for number in range(16)]
    ids = [one.revision_id for one in received]

    async def work(number: int) -> dict[int, Decision]:
        # Opposite orders and different outcomes: whoever comes second must change nothing, and nobody deadlocks.
        order = ids if number % 2 else ids[::-1]
        outcome = list(Outcome)[number % 3]
        return await enforce(desk.store, [(revision_id, decision(outcome)) for revision_id in order])

    changed = await asyncio.gather(*(work(number) for number in range(20)))
    assert sorted(revision_id for one in changed for revision_id in one) == sorted(ids)
    async with desk.store.database.read() as connection:
        screened = sa.select(audit.c.revision_id).where(audit.c.act == "screen").order_by(audit.c.revision_id)
        assert list((await connection.execute(screened)).scalars()) == sorted(ids)
    assert len(await desk.told()) == 2 * len(ids)


async def test_an_edit_and_a_decision_at_the_same_moment_never_both_win(desk: Desk) -> None:
    for _ in range(10):
        first = await desk.receive(text="one")
        changed, _ = await asyncio.gather(
            enforce(desk.store, [(first.revision_id, decision())]), desk.edit(first, "two")
        )
        old = {True: "screen: received → published", False: "edit: received → withdrawn"}[bool(changed)]
        acts = await desk.acts(first)
        assert old in acts and len(acts) == 3
        assert (await desk.record(first)).comment.status is (
            CommentStatus.PUBLISHED if changed else CommentStatus.RECEIVED
        )


async def test_a_published_comment_stands_until_its_edit_has_passed(desk: Desk) -> None:
    first = await desk.publish(text="one")
    second = await desk.edit(first, "two", now=LATER)
    shown = await desk.store.published_one(first.comment_id)
    assert shown is not None and (shown.text, shown.edited) == ("one", False)
    await desk.screen(second, Outcome.PUBLISH, now=LATER)
    shown = await desk.store.published_one(first.comment_id)
    assert shown is not None and (shown.text, shown.edited, shown.published_at) == ("two", True, NOW)
    event = (await desk.told(now=LATER))[-1]
    assert (event.kind, event.visible, event.first) == (EventKind.PUBLISHED, True, False)


@pytest.mark.parametrize("outcome", [Outcome.HOLD, Outcome.REJECT])
async def test_an_edit_that_does_not_pass_leaves_the_published_text(desk: Desk, outcome: Outcome) -> None:
    first = await desk.publish(text="one")
    second = await desk.edit(first, "two")
    await desk.screen(second, outcome)
    record = await desk.record(first)
    assert (record.comment.status, record.comment.published_revision) == (CommentStatus.PUBLISHED, 1)
    shown = await desk.store.published_one(first.comment_id)
    assert shown is not None and (shown.text, shown.edited) == ("one", False)
    assert (await desk.told())[-1].visible is False


async def test_an_edit_before_the_first_publication_is_no_edit_to_those_who_read(desk: Desk) -> None:
    second = await desk.edit(await desk.receive(text="one"), "two")
    await desk.screen(second, Outcome.PUBLISH)
    shown = await desk.store.published_one(second.comment_id)
    assert shown is not None and (shown.text, shown.edited) == ("two", False)
    assert (await desk.told())[-1].first is True


async def test_a_step_that_the_transitions_do_not_have_undoes_its_whole_batch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine, wrong = await desk.receive(), await desk.receive()
    monkeypatch.setitem(
        __import__("moderation.enforcement", fromlist=["STATUS_OF"]).STATUS_OF, Outcome.REJECT, CommentStatus.REMOVED
    )
    with pytest.raises(IllegalTransition):
        await enforce(desk.store, [(fine.revision_id, decision()), (wrong.revision_id, decision(Outcome.REJECT))])
    assert await desk.status(fine) is CommentStatus.RECEIVED
    assert await desk.acts(fine) == ["submit: nothing → received"]


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"])
async def test_the_audit_can_not_be_rewritten(desk: Desk, statement: str) -> None:
    await desk.publish()
    with pytest.raises(DBAPIError, match="audit"):
        async with desk.store.database.write() as connection:
            await connection.execute(sa.text(statement))


async def test_the_database_itself_refuses_a_second_machine_decision_and_a_second_waiting_revision(desk: Desk) -> None:
    accepted = await desk.receive()
    await desk.screen(accepted, Outcome.HOLD)
    rows = await desk.store.audit_of(accepted.comment_id)
    with pytest.raises(DBAPIError):
        async with desk.store.change() as change:
            await change.audit([rows[-1]])
    with pytest.raises(DBAPIError):
        async with desk.store.change() as change:
            await change.insert_revisions([NewRevision(accepted.comment_id, 2, READER, "two", "0" * 16, NOW)])


async def test_scores_and_findings_come_back_as_they_were_given(desk: Desk) -> None:
    accepted = await desk.receive()
    made = decision(Outcome.HOLD, scores=scores(threat=0.7), findings=(finding(), finding(check="links", label=None)))
    assert await enforce(desk.store, [(accepted.revision_id, made)])
    kept: Decision | None = (await desk.record(accepted)).decision
    assert kept is not None and (kept.scores, kept.findings) == (made.scores, made.findings)


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
async def test_a_visible_event_waits_for_an_earlier_number_to_be_committed(desk: Desk) -> None:
    """Otherwise a follower that reads on from the last number it saw would miss the one that is committed later."""
    first, second = await desk.publish(), await desk.receive()
    [earlier] = await desk.outcomes.visible_since(0, story=None, at_most=1)
    event = NewEvent(NOW, EventKind.PUBLISHED, first.comment_id, 1, READER, earlier.story, due_at=NOW, visible=True)
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with desk.store.change() as change:
        await change.announce([event])
        enforcing = asyncio.create_task(enforce(desk.store, [(second.revision_id, decision())]))
        async with desk.store.database.read() as connection:
            while not enforcing.done() and not (await connection.execute(waiting)).scalar_one():
                await asyncio.sleep(0)
        assert not enforcing.done()
    await enforcing
    seen = await desk.outcomes.visible_since(earlier.id, story=None, at_most=10)
    assert [one.comment_id for one in seen] == [first.comment_id, second.comment_id]


async def test_a_standing_names_the_moderator_who_decided(desk: Desk) -> None:
    held = await desk.hold()
    await desk.approve(held)
    standing: Standing | None = await desk.store.standing_of(held.comment_id)
    assert standing is not None and standing.moderator == MEERA
    async with desk.store.database.read() as connection:
        model = (await connection.execute(sa.select(revisions.c.model))).scalar_one()
    assert model == decision().model
