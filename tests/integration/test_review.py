"""Moderators decide about what is held: the first one wins, and can take it back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from moderation.comment import CommentStatus
from moderation.decision import DecidedBy, EventKind, Outcome, Reason
from moderation.errors import AlreadyDecided, NotAllowed, StaleRevision, UnknownComment
from moderation.intake import Accepted
from tests.builders import NOW, STORY, decision
from tests.desk import (
    ADMINISTRATOR,
    CLAIM_S,
    MEERA,
    NAMES,
    OMAR,
    OTHER_READER,
    READER,
    UNDO_S,
    UNDO_WINDOW_S,
    Desk,
)

SOON, TOLD = NOW + timedelta(seconds=1), NOW + timedelta(seconds=UNDO_S)


async def test_the_queue_shows_what_a_moderator_needs_longest_waiting_first(desk: Desk) -> None:
    parent = await desk.publish(text="What do you think?", author=OTHER_READER)
    await desk.publish(text="fine")
    refused = await desk.receive(text="bad")
    await desk.screen(refused, Outcome.REJECT)
    first = await desk.hold(text="Shut up \u202e", parent=parent.comment_id)
    second = await desk.hold(text="Another", now=SOON)
    held, other = await desk.review.pending(limit=10)
    assert [held.comment_id, other.comment_id] == [first.comment_id, second.comment_id]
    assert (held.text, held.parent_text, held.story) == ("Shut up \u202e".strip(), "What do you think?", STORY)
    assert (held.author_published, held.author_rejected) == (1, 1)
    assert (held.clause, held.reason, held.revision, held.held_at) == ("3.2", None, 1, NOW)
    assert held.findings == decision(Outcome.HOLD).findings
    assert held.scores == decision(Outcome.HOLD).scores
    assert other.parent_text is None
    assert await desk.review.waiting() == (2, NOW)


async def test_an_empty_queue_is_empty(desk: Desk) -> None:
    await desk.publish()
    assert await desk.review.pending(limit=10) == []
    assert await desk.review.waiting() == (0, None)
    assert await desk.review.held(10**20) is None


async def test_pages_of_the_queue_follow_one_another_even_when_the_last_one_shown_is_decided(desk: Desk) -> None:
    held = [await desk.hold(now=NOW + timedelta(seconds=n // 2), text=str(n)) for n in range(6)]
    first = await desk.review.pending(limit=2)
    await desk.approve(held[1])
    second = await desk.review.pending(limit=3, after=first[-1].comment_id)
    third = await desk.review.pending(limit=3, after=second[-1].comment_id)
    assert [one.comment_id for one in (*first, *second, *third)] == [one.comment_id for one in held]
    assert len(await desk.review.pending(limit=10, after=10**20)) == 5


@pytest.mark.parametrize(
    ("outcome", "clause", "status", "kind"),
    [
        (Outcome.PUBLISH, None, CommentStatus.PUBLISHED, EventKind.PUBLISHED),
        (Outcome.REJECT, "5.1", CommentStatus.REJECTED, EventKind.REJECTED),
    ],
)
async def test_a_moderators_decision_is_carried_out_and_keeps_what_the_machine_saw(
    desk: Desk, outcome: Outcome, clause: str | None, status: CommentStatus, kind: EventKind
) -> None:
    held = await desk.hold()
    await desk.told()
    await desk.decide(held, outcome, moderator=MEERA)
    record = await desk.record(held)
    assert record.comment.status is status and record.decision is not None
    assert (record.decision.decided_by, record.decision.moderator_name) == (DecidedBy.MODERATOR, "Meera")
    assert record.decision.clause == clause
    machine = decision(Outcome.HOLD)
    assert (record.decision.findings, record.decision.scores) == (machine.findings, machine.scores)
    assert await desk.review.pending(limit=10) == []
    assert await desk.told(now=NOW) == [], "the reader's notice waits for an undo"
    [event] = await desk.told(now=TOLD)
    assert (event.kind, event.moderator, event.moderator_name, event.clause) == (kind, MEERA, "Meera", clause)
    row = (await desk.review.history(held.comment_id))[-1]
    assert (row.who, row.name, row.act, row.from_status, row.clause) == (MEERA, "Meera", "review", "held", clause)


async def test_a_publication_is_seen_at_once_although_its_notice_waits(desk: Desk) -> None:
    held = await desk.hold()
    before = await desk.outcomes.newest_id()
    await desk.approve(held)
    [event] = await desk.outcomes.visible_since(before, story=STORY, at_most=10)
    assert (event.kind, event.first) == (EventKind.PUBLISHED, True)


@pytest.mark.parametrize(
    ("outcome", "clause"),
    [(Outcome.REJECT, None), (Outcome.REJECT, "9.9"), (Outcome.PUBLISH, "3.2"), (Outcome.HOLD, None)],
)
async def test_a_decision_without_its_grounds_is_refused(desk: Desk, outcome: Outcome, clause: str | None) -> None:
    held = await desk.hold()
    with pytest.raises(ValueError, match=r"moderator|clause"):
        await desk.review.review(
            held.comment_id, revision=1, outcome=outcome, clause=clause, moderator=MEERA, moderator_name="M", now=NOW
        )
    assert await desk.status(held) is CommentStatus.HELD


async def test_of_fifty_moderators_the_first_one_wins_and_the_others_are_told_who(desk: Desk) -> None:
    held = await desk.hold()
    for number in range(50):
        NAMES[f"telegram:{3000 + number}"] = f"Moderator {number}"

    async def press(number: int) -> int:
        outcome = Outcome.PUBLISH if number % 2 else Outcome.REJECT
        await desk.decide(held, outcome, moderator=f"telegram:{3000 + number}")
        return number

    answers = await asyncio.gather(*(press(number) for number in range(50)), return_exceptions=True)
    winners = [answer for answer in answers if isinstance(answer, int)]
    losers = [answer for answer in answers if isinstance(answer, AlreadyDecided)]
    assert (len(winners), len(losers)) == (1, 49)
    status = await desk.status(held)
    assert status is (CommentStatus.PUBLISHED if winners[0] % 2 else CommentStatus.REJECTED)
    assert {(error.name, error.decided_by, error.status) for error in losers} == {
        (f"Moderator {winners[0]}", f"telegram:{3000 + winners[0]}", status)
    }
    assert [act for act in await desk.acts(held) if act.startswith("review")] == [f"review: held → {status}"]


async def test_a_press_on_what_the_machine_decided_is_told_so(desk: Desk) -> None:
    published = await desk.publish()
    with pytest.raises(AlreadyDecided) as refused:
        await desk.approve(published)
    assert (refused.value.decided_by, refused.value.status) == ("machine", "published")


async def test_a_press_on_an_outdated_card_is_told_so(desk: Desk) -> None:
    edited, withdrawn, received = await desk.hold(), await desk.hold(), await desk.receive()
    newer = await desk.edit(edited, "two")
    await desk.intake.withdraw(withdrawn.comment_id, author=READER, now=NOW)
    for outdated in (edited, newer, withdrawn, received):
        with pytest.raises(StaleRevision):
            await desk.approve(outdated)
        with pytest.raises((StaleRevision, NotAllowed)):
            await desk.undo(outdated)
    assert await desk.review.pending(limit=10) == []


@pytest.mark.parametrize("comment_id", [-1, 0, 424242, 10**30])
async def test_a_forged_number_is_no_comment(desk: Desk, comment_id: int) -> None:
    forged = Accepted(comment_id, 1, 1, new=False)
    with pytest.raises(UnknownComment):
        await desk.approve(forged)
    with pytest.raises(UnknownComment):
        await desk.undo(forged)
    with pytest.raises(UnknownComment):
        await desk.review.claim(comment_id, moderator=MEERA, now=NOW)
    assert await desk.review.held(comment_id) is None
    assert await desk.review.history(comment_id) == []


async def test_a_claim_shows_who_is_at_it_and_binds_nobody(desk: Desk) -> None:
    held = await desk.hold()
    over = NOW + timedelta(seconds=CLAIM_S)
    assert await desk.review.claim(held.comment_id, moderator=MEERA, now=NOW) == MEERA
    assert await desk.review.claim(held.comment_id, moderator=OMAR, now=SOON) == MEERA
    shown = await desk.review.held(held.comment_id, now=SOON)
    assert shown is not None and shown.claimed_by == MEERA
    for at in (over, None):
        shown = await desk.review.held(held.comment_id, now=at)
        assert shown is not None and shown.claimed_by is None
    assert await desk.review.claim(held.comment_id, moderator=OMAR, now=over) == OMAR
    await desk.approve(held, moderator=MEERA, now=over)
    with pytest.raises(AlreadyDecided):
        await desk.review.claim(held.comment_id, moderator=OMAR, now=over)


async def test_a_withdrawn_comment_can_not_be_claimed(desk: Desk) -> None:
    held = await desk.hold()
    await desk.intake.withdraw(held.comment_id, author=READER, now=NOW)
    with pytest.raises(StaleRevision):
        await desk.review.claim(held.comment_id, moderator=MEERA, now=NOW)


@pytest.mark.parametrize("outcome", [Outcome.PUBLISH, Outcome.REJECT])
async def test_a_decision_undone_in_time_is_never_told(desk: Desk, outcome: Outcome) -> None:
    held = await desk.hold()
    await desk.told()
    waiting_since = (await desk.review.waiting())[1]
    await desk.decide(held, outcome, moderator=MEERA)
    await desk.undo(held, now=SOON)
    assert await desk.status(held) is CommentStatus.HELD
    assert await desk.review.waiting() == (1, waiting_since), "it keeps its place in the queue"
    [event] = await desk.told(now=TOLD)
    assert (event.kind, event.silent, event.visible) == (EventKind.HELD, True, outcome is Outcome.PUBLISH)
    assert (event.moderator, event.clause) == (MEERA, "3.2")
    record = await desk.record(held)
    assert record.decision is not None
    assert (record.decision.outcome, record.decision.decided_by) == (Outcome.HOLD, DecidedBy.MACHINE)
    assert (record.decision.clause, record.decision.moderator) == ("3.2", None)
    assert (await desk.acts(held))[-1].startswith("undo: ")
    await desk.approve(held, moderator=OMAR, now=TOLD)
    assert await desk.status(held) is CommentStatus.PUBLISHED


async def test_after_an_undo_the_machines_reason_stands_again(desk: Desk) -> None:
    held = await desk.receive()
    await desk.screen(held, Outcome.HOLD, reason=Reason.UNSCREENED, clause=None)
    await desk.approve(held)
    await desk.undo(held)
    shown = await desk.review.held(held.comment_id)
    assert shown is not None and (shown.reason, shown.clause) == (Reason.UNSCREENED, None)


async def test_an_undo_after_the_reader_was_told_is_told_as_well(desk: Desk) -> None:
    held = await desk.hold()
    await desk.approve(held)
    await desk.told(now=TOLD)
    await desk.undo(held, now=TOLD)
    [event] = await desk.told(now=TOLD)
    assert (event.kind, event.silent, event.visible) == (EventKind.HELD, False, True)


async def test_an_undo_while_the_notice_is_being_sent_is_told_as_well(desk: Desk) -> None:
    held = await desk.hold()
    await desk.told()
    await desk.approve(held)
    [sending] = await desk.outcomes.lease(at_most=1, lease_s=60, now=TOLD)
    await desk.undo(held, now=TOLD)
    await desk.outcomes.done(sending.id, now=TOLD)
    [event] = await desk.told(now=TOLD)
    assert (event.kind, event.silent) == (EventKind.HELD, False)


async def test_only_who_decided_or_an_administrator_undoes_and_only_in_time(desk: Desk) -> None:
    held = await desk.hold()
    with pytest.raises(NotAllowed, match="no moderator's decision"):
        await desk.undo(held)
    await desk.approve(held)
    with pytest.raises(NotAllowed, match="only who decided"):
        await desk.undo(held, moderator=OMAR)
    with pytest.raises(NotAllowed, match="time"):
        await desk.undo(held, now=NOW + timedelta(seconds=UNDO_WINDOW_S + 1))
    await desk.undo(held, moderator=ADMINISTRATOR, now=NOW + timedelta(seconds=UNDO_WINDOW_S))
    with pytest.raises(NotAllowed, match="no moderator's decision"):
        await desk.undo(held)
    published = await desk.publish()
    with pytest.raises(NotAllowed, match="no moderator's decision"):
        await desk.undo(published, moderator=ADMINISTRATOR)


async def test_two_undos_at_once_undo_once(desk: Desk) -> None:
    held = await desk.hold()
    await desk.approve(held)
    answers = await asyncio.gather(desk.undo(held), desk.undo(held), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "UndoRefused"]
    assert [act for act in await desk.acts(held) if act.startswith("undo")] == ["undo: published → held"]


async def test_undoing_an_edits_publication_lets_the_earlier_text_stand_again(desk: Desk) -> None:
    first = await desk.publish(text="one")
    second = await desk.edit(first, "two")
    await desk.screen(second, Outcome.HOLD)
    await desk.approve(second)
    await desk.undo(second)
    shown = await desk.store.published_one(first.comment_id)
    assert shown is not None and (shown.text, shown.edited, shown.published_at) == ("one", False, NOW)
    assert (await desk.told(now=TOLD))[-1].visible is True
    [held] = await desk.review.pending(limit=10)
    assert (held.revision, held.text) == (2, "two")
    await desk.approve(second)
    shown = await desk.store.published_one(first.comment_id)
    assert shown is not None and (shown.text, shown.edited) == ("two", True)


async def test_undoing_the_rejection_of_an_edit_leaves_what_is_published(desk: Desk) -> None:
    first = await desk.publish(text="one")
    second = await desk.edit(first, "two")
    await desk.screen(second, Outcome.HOLD)
    await desk.reject(second)
    await desk.undo(second)
    assert await desk.status(first) is CommentStatus.PUBLISHED
    assert [held.revision for held in await desk.review.pending(limit=10)] == [2]


async def test_a_comment_published_again_after_an_undo_is_a_first_publication(desk: Desk) -> None:
    held = await desk.hold()
    await desk.approve(held)
    await desk.undo(held)
    assert await desk.store.published_one(held.comment_id) is None
    await desk.approve(held, now=SOON)
    shown = await desk.store.published_one(held.comment_id)
    assert shown is not None and (shown.published_at, shown.edited) == (SOON, False)
    assert (await desk.told(now=NOW + timedelta(minutes=1)))[-1].first is True
