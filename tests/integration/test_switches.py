"""Switches for a bad day: begun and ended once, on record, and obeyed by everything that is committed after."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.decision import EventKind, Outcome, Reason
from moderation.enforcement import enforce
from moderation.errors import AlreadyDecided, BadSwitch, CommentsClosed, PublishingStopped, UnknownSwitch
from moderation.store import Store
from moderation.store.tables import switches
from moderation.switch import Scope, SwitchKind
from moderation.switches import StoryState
from tests.builders import NOW, STORY, decision
from tests.desk import MEERA, NAMES, OMAR, READER, Desk

CLOSE, HOLD, STOP = SwitchKind.CLOSE, SwitchKind.HOLD, SwitchKind.STOP
ELSEWHERE = "https://example.org/stories/another"
LATER = NOW + timedelta(minutes=1)
HELD, PUBLISHED, REJECTED = CommentStatus.HELD, CommentStatus.PUBLISHED, CommentStatus.REJECTED


async def end(desk: Desk, number: int, *, who: str = OMAR) -> None:
    await desk.switches.end(number, who=who, name=NAMES[who], now=LATER)


async def test_a_switch_is_begun_once_and_says_who_did_it_first(desk: Desk) -> None:
    first = await desk.switch(HOLD)
    second = await desk.switch(HOLD, who=OMAR, now=LATER)
    assert (first.by_this, second.by_this) == (True, False)
    assert second.switch == first.switch
    assert (first.switch.begun_by, first.switch.begun_by_name, first.switch.note) == (MEERA, "Meera", "riots")


async def test_twenty_moderators_at_once_begin_one_switch_and_end_it_once(desk: Desk) -> None:
    begun = await asyncio.gather(*(desk.switch(HOLD, who=who) for who in [MEERA, OMAR] * 10))
    assert [turned.by_this for turned in begun].count(True) == 1
    (active,) = await desk.switches.active()
    ends = [desk.switches.end(active.id, who=who, name=NAMES[who], now=LATER) for who in [MEERA, OMAR] * 10]
    ended = await asyncio.gather(*ends)
    assert [turned.by_this for turned in ended].count(True) == 1
    assert len({turned.switch for turned in ended}) == 1
    assert await desk.switches.active() == []


async def test_what_was_ended_stays_on_record_and_can_be_begun_again(desk: Desk) -> None:
    first = await desk.switch(STOP)
    await end(desk, first.switch.id)
    again = await desk.switch(STOP, who=OMAR, now=LATER)
    assert again.by_this and again.switch.id > first.switch.id
    newest, oldest = await desk.switches.all()
    assert (newest, oldest.ended_by, oldest.ended_by_name, oldest.ended_at) == (again.switch, OMAR, "Omar", LATER)
    assert await desk.switches.since(first.switch.id, also=()) == [newest]
    assert await desk.switches.since(newest.id, also=[oldest.id]) == [oldest]


async def test_a_switch_that_is_not_there_can_not_be_ended(desk: Desk) -> None:
    for number in (7, 10**30):
        with pytest.raises(UnknownSwitch):
            await end(desk, number)


@pytest.mark.parametrize(
    ("kind", "scope", "target"),
    [
        (CLOSE, Scope.SITE, ""),
        (CLOSE, Scope.SECTION, "world"),
        (STOP, Scope.STORY, STORY),
        (HOLD, Scope.STORY, ""),
        (HOLD, Scope.SITE, "world"),
        (HOLD, Scope.STORY, "x" * 2001),
        (HOLD, Scope.SECTION, "wor\0ld"),
        (HOLD, Scope.SECTION, "wor\ud800ld"),
    ],
)
async def test_what_can_not_be_switched_is_refused(desk: Desk, kind: SwitchKind, scope: Scope, target: str) -> None:
    with pytest.raises(BadSwitch):
        await desk.switch(kind, scope, target)
    assert await desk.switches.all() == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE switches SET note = 'nothing happened'",
        "UPDATE switches SET ended_by = 'x'",
        "UPDATE switches SET begun_by = 'x', ended_at = 1",
        "DELETE FROM switches",
    ],
)
async def test_the_database_itself_keeps_the_record(desk: Desk, change: str) -> None:
    await desk.switch(HOLD)
    with pytest.raises(DBAPIError, match="switch"):
        async with desk.store.database.write() as connection:
            await connection.execute(sa.text(change))
    assert [one.note for one in await desk.switches.active()] == ["riots"]


async def test_while_publishing_is_stopped_an_undo_puts_no_earlier_text_up(desk: Desk) -> None:
    first = await desk.publish()
    second = await desk.edit(first, "Second words")
    await desk.screen(second, Outcome.HOLD)
    await desk.approve(second)
    stop = await desk.switch(STOP)
    with pytest.raises(PublishingStopped):
        await desk.undo(second)
    assert (await desk.record(second)).comment.published_revision == 2
    await end(desk, stop.switch.id)
    await desk.undo(second)
    assert (await desk.record(second)).comment.published_revision == 1


async def test_a_rejection_is_undone_although_publishing_is_stopped(desk: Desk) -> None:
    first = await desk.publish()
    second = await desk.edit(first, "Second words")
    await desk.screen(second, Outcome.HOLD)
    await desk.reject(second)
    await desk.switch(STOP)
    await desk.undo(second)
    assert (await desk.record(second)).comment.published_revision == 1


async def test_an_ended_switch_is_not_ended_by_another_hand(desk: Desk) -> None:
    turned = await desk.switch(HOLD)
    await end(desk, turned.switch.id)
    with pytest.raises(DBAPIError, match="only ended"):
        async with desk.store.database.write() as connection:
            await connection.execute(sa.update(switches).values(ended_by=MEERA, ended_at=LATER))


@pytest.mark.parametrize(
    ("kind", "scope", "target", "reason"),
    [
        (HOLD, Scope.SITE, "", Reason.HELD_FOR_READING),
        (HOLD, Scope.SECTION, "world", Reason.HELD_FOR_READING),
        (HOLD, Scope.STORY, STORY, Reason.HELD_FOR_READING),
        (STOP, Scope.SITE, "", Reason.PUBLISHING_STOPPED),
    ],
)
async def test_what_the_machine_would_publish_is_held_under_a_switch_and_says_so(
    desk: Desk, kind: SwitchKind, scope: Scope, target: str, reason: Reason
) -> None:
    await desk.switch(kind, scope, target)
    accepted = await desk.receive(section="world")
    await desk.screen(accepted, Outcome.PUBLISH)
    record = await desk.record(accepted)
    assert record.comment.status is HELD
    assert record.decision is not None
    assert (record.decision.outcome, record.decision.reason, record.decision.clause) == (Outcome.HOLD, reason, None)
    (held,) = await desk.review.pending(limit=10)
    assert held.reason is reason
    assert (await desk.store.audit_of(accepted.comment_id))[-1].reason is reason
    *_, event = await desk.told()
    assert (event.kind, event.reason, event.visible) == (EventKind.HELD, reason, False)


@pytest.mark.parametrize(
    ("scope", "target"), [(Scope.SECTION, "sport"), (Scope.STORY, ELSEWHERE), (Scope.STORY, STORY + "/2")]
)
async def test_what_no_switch_covers_is_published(desk: Desk, scope: Scope, target: str) -> None:
    await desk.switch(HOLD, scope, target)
    accepted = await desk.receive(section="world")
    await desk.screen(accepted, Outcome.PUBLISH)
    assert await desk.status(accepted) is PUBLISHED


async def test_in_one_batch_each_comment_is_decided_by_what_covers_it(desk: Desk) -> None:
    await desk.switch(HOLD, Scope.STORY, STORY)
    held, free, refused, doubtful = [
        await desk.receive(text=f"comment {number}", story=story)
        for number, story in enumerate([STORY, ELSEWHERE, STORY, STORY])
    ]
    outcomes = [Outcome.PUBLISH, Outcome.PUBLISH, Outcome.REJECT, Outcome.HOLD]
    received = [held, free, refused, doubtful]
    wanted = {one.revision_id: decision(outcome) for one, outcome in zip(received, outcomes, strict=True)}
    enforced = await enforce(desk.store, list(wanted.items()))
    assert [await desk.status(one) for one in received] == [HELD, PUBLISHED, REJECTED, HELD]
    assert enforced[held.revision_id].reason is Reason.HELD_FOR_READING
    assert {key: enforced[key] for key in list(wanted)[1:]} == {key: wanted[key] for key in list(wanted)[1:]}


async def test_under_a_hold_a_moderator_publishes_and_rejects(desk: Desk) -> None:
    await desk.switch(HOLD)
    good, bad = await desk.receive(text="good"), await desk.receive(text="bad")
    for one in (good, bad):
        await desk.screen(one, Outcome.PUBLISH)
    await desk.approve(good)
    await desk.reject(bad)
    assert (await desk.status(good), await desk.status(bad)) == (PUBLISHED, REJECTED)


async def test_under_a_stop_nobody_publishes_and_a_moderator_still_rejects(desk: Desk) -> None:
    waiting, bad = await desk.hold(text="waiting"), await desk.hold(text="bad")
    turned = await desk.switch(STOP)
    with pytest.raises(PublishingStopped, match="Meera") as told:
        await desk.approve(waiting, moderator=OMAR)
    assert told.value.stopped_by == "Meera"
    await desk.reject(bad)
    assert (await desk.status(waiting), await desk.status(bad)) == (HELD, REJECTED)
    await end(desk, turned.switch.id)
    await desk.approve(waiting)
    assert await desk.status(waiting) is PUBLISHED


async def test_under_a_stop_a_late_approval_is_still_told_who_decided_first(desk: Desk) -> None:
    decided = await desk.hold()
    await desk.reject(decided, moderator=OMAR)
    await desk.switch(STOP)
    with pytest.raises(AlreadyDecided, match="Omar"):
        await desk.approve(decided)


async def test_what_was_held_under_a_switch_stays_held_when_it_ends(desk: Desk) -> None:
    turned = await desk.switch(HOLD)
    accepted = await desk.receive()
    await desk.screen(accepted, Outcome.PUBLISH)
    await end(desk, turned.switch.id)
    (held,) = await desk.review.pending(limit=10)
    assert (held.comment_id, held.reason) == (accepted.comment_id, Reason.HELD_FOR_READING)
    await desk.reject(accepted)
    await desk.undo(accepted)
    (held,) = await desk.review.pending(limit=10)
    assert held.reason is Reason.HELD_FOR_READING, "and says why again after an undo"


async def test_an_edit_is_held_too_while_what_is_published_stands(desk: Desk) -> None:
    accepted = await desk.publish()
    await desk.switch(HOLD)
    edited = await desk.edit(accepted, "another text")
    await desk.screen(edited, Outcome.PUBLISH)
    record = await desk.record(accepted)
    assert (record.comment.status, record.comment.published_revision) == (PUBLISHED, 1)
    assert record.comment.latest.status is HELD


async def test_a_switch_of_a_kind_nobody_knows_here_holds_everything(desk: Desk) -> None:
    values = {"note": "", "begun_by": MEERA, "begun_by_name": "Meera", "begun_at": NOW}
    async with desk.store.database.write() as connection:
        await connection.execute(sa.insert(switches).values(kind="slow", scope="country", target="in", **values))
    accepted = await desk.receive()
    await desk.screen(accepted, Outcome.PUBLISH)
    assert await desk.status(accepted) is HELD
    (active,) = await desk.switches.active()
    assert not active.is_known
    await end(desk, active.id)
    other = await desk.publish(text="and published once it is ended")
    assert await desk.status(other) is PUBLISHED


async def test_while_switches_can_not_be_read_nothing_is_published(desk: Desk) -> None:
    accepted = await desk.receive()
    async with desk.store.database.write() as connection:
        await connection.execute(sa.text("ALTER TABLE switches RENAME TO switches_away"))
    try:
        with pytest.raises(DBAPIError):
            await enforce(desk.store, [(accepted.revision_id, decision())])
        assert await desk.status(accepted) is CommentStatus.RECEIVED
    finally:
        async with desk.store.database.write() as connection:
            await connection.execute(sa.text("ALTER TABLE switches_away RENAME TO switches"))


async def test_a_closed_story_takes_neither_comments_nor_edits_and_others_do(desk: Desk) -> None:
    before = await desk.receive()
    turned = await desk.switch(CLOSE, Scope.STORY, STORY)
    with pytest.raises(CommentsClosed):
        await desk.receive(text="too late")
    with pytest.raises(CommentsClosed):
        await desk.edit(before, "another text")
    assert (await desk.record(before)).comment.latest.number == 1
    assert not (await desk.edit(before, (await desk.record(before)).comment.latest.text)).new, "which changes nothing"
    assert (await desk.receive(story=ELSEWHERE)).new
    await desk.screen(before, Outcome.PUBLISH)
    assert await desk.status(before) is PUBLISHED, "what came before is decided"
    await desk.intake.withdraw(before.comment_id, author=READER, now=NOW)
    await end(desk, turned.switch.id)
    assert (await desk.receive(text="open again")).new


async def test_the_same_message_again_is_no_new_comment_on_a_closed_story(desk: Desk) -> None:
    first = await desk.receive(source_key="telegram:1:1")
    await desk.switch(CLOSE, Scope.STORY, STORY)
    again = await desk.receive(source_key="telegram:1:1")
    assert (again.comment_id, again.new) == (first.comment_id, False)


async def test_a_story_closes_by_its_age_to_comments_and_to_edits(store: Store) -> None:
    desk = Desk.of(store, open_days=7)
    fresh = await desk.receive(story_published_at=NOW - timedelta(days=6))
    assert (await desk.edit(fresh, "in time")).new
    with pytest.raises(CommentsClosed):
        await desk.edit(fresh, "too late", now=NOW + timedelta(days=2))
    with pytest.raises(CommentsClosed):
        await desk.receive(story_published_at=NOW - timedelta(days=8))


async def test_everybody_is_told_what_is_true_of_a_story(store: Store) -> None:
    desk = Desk.of(store, open_days=7)

    async def state(story: str, section: str) -> StoryState:
        return await desk.switches.state_of(story, section=section, published_at=NOW, now=NOW)

    assert await state(STORY, "world") == StoryState(open=True, held_for_reading=False)
    await desk.switch(CLOSE, Scope.STORY, STORY)
    await desk.switch(HOLD, Scope.SECTION, "world")
    assert await state(STORY, "world") == StoryState(open=False, held_for_reading=True)
    assert await state(ELSEWHERE, "sport") == StoryState(open=True, held_for_reading=False)
    old = await desk.switches.state_of(ELSEWHERE, section="sport", published_at=NOW - timedelta(days=8), now=NOW)
    assert old == StoryState(open=False, held_for_reading=False)


async def published(desk: Desk) -> int:
    return (await desk.store.counts([STORY])).get(STORY, 0)


@pytest.mark.parametrize("kind", [HOLD, STOP])
async def test_nothing_is_published_after_a_switch_that_was_begun_while_workers_decide(
    desk: Desk, kind: SwitchKind
) -> None:
    """As from processes of their own: what stood published when the switch was committed is all that ever will."""
    databases = [Database(desk.store.database.address) for _ in range(4)]
    *workers, moderators = (Desk.of(Store(database)) for database in databases)
    begun, decided = asyncio.Event(), 0

    async def work(worker: Desk, number: int) -> None:
        nonlocal decided
        after = 0
        while after < 5:
            after += begun.is_set()
            try:
                accepted = await worker.receive(text=f"comment {decided}", author=f"telegram:{number}")
                await enforce(worker.store, [(accepted.revision_id, decision())])
            except OperationalError:
                continue  # on a busy machine one of four waits for SQLite's lock longer than anybody should
            decided += 1

    working = asyncio.gather(*(work(worker, number) for number, worker in enumerate(workers)))
    while await published(desk) < 6:
        await asyncio.sleep(0)
    while not await moderators.switches.active():
        with contextlib.suppress(OperationalError):
            await moderators.switch(kind)
    at_the_commit = await published(desk)
    begun.set()
    await working
    for database in databases:
        await database.close()
    assert await published(desk) == at_the_commit
    assert (await desk.review.waiting())[0] == decided - at_the_commit >= 15


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
async def test_who_begins_a_switch_waits_for_who_read_them_and_has_not_published_yet(desk: Desk) -> None:
    async with desk.store.change() as change:
        assert await change.switches() == []
        beginning = asyncio.create_task(desk.switch(HOLD))
        await _waiting_for_a_lock(desk)
        assert not beginning.done()
    assert (await beginning).by_this


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
async def test_a_decision_waits_for_who_is_beginning_a_switch_and_obeys_it(desk: Desk) -> None:
    accepted = await desk.receive()
    values = {"note": "", "begun_by": MEERA, "begun_by_name": "Meera", "begun_at": NOW}
    async with desk.store.database.write() as connection:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x62616975)))
        await connection.execute(sa.insert(switches).values(kind=HOLD, scope=Scope.SITE, target="", **values))
        deciding = asyncio.create_task(desk.screen(accepted, Outcome.PUBLISH))
        await _waiting_for_a_lock(desk)
    await deciding
    assert await desk.status(accepted) is HELD


async def _waiting_for_a_lock(desk: Desk) -> None:
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with asyncio.timeout(10):
        while True:
            async with desk.store.database.read() as connection:
                if (await connection.execute(waiting)).scalar_one():
                    return
            await asyncio.sleep(0.01)
