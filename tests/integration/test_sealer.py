"""The audit is sealed as it grows, and whoever has a hand of their own in the database leaves a trace of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

import moderation.sealer
from moderation.database import Database
from moderation.errors import AuditBroken
from moderation.outcomes import Outcomes
from moderation.privacy import Privacy
from moderation.sealer import Sealer, Verified, verify
from moderation.seals import Head, Seal
from moderation.store import Store
from moderation.store.tables import audit
from tests.builders import NOW
from tests.desk import MEERA, Desk
from tests.kept import READER, busy_reader

POSTGRESQL = pytest.mark.parametrize("server", ["postgresql"], indirect=True)
BOTH = 2
"""Looks it takes until what is there now is sealed: one marks it, the next seals it."""


def sealer(store: Store, *, now: datetime = NOW) -> Sealer:
    return Sealer(store, clock=lambda: now)


async def seal(store: Store, *, now: datetime = NOW) -> Seal:
    """Have everything sealed that is there now."""
    one = sealer(store, now=now)
    made = [await one.look() for _ in range(BOTH)][-1]
    assert made is not None
    return made


async def seals(store: Store) -> list[Seal]:
    return await store.seals(after=0, up_to=1_000, at_most=1_000)


async def as_administrator(database: Database, *statements: str) -> None:
    """What the database's own administrator can do: no trigger is in the way."""
    async with database.write() as connection:
        if database.dialect == "postgresql":
            await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        else:
            for trigger in ("audit_unchanged", "audit_kept", "audit_seals_unchanged", "audit_seals_kept"):
                await connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {trigger}"))
        for statement in statements:
            await connection.execute(sa.text(statement))


ADDED = """INSERT INTO audit (id, at, comment_id, revision_id, who, name, act, to_status)
VALUES ({}, 1, 1, 1, {}, 'received')"""
SUBMIT, EDIT, REVIEW = "'telegram:1001', '', 'submit'", "'machine', '', 'edit'", "'telegram:2001', 'Meera', 'review'"


async def three_seals(desk: Desk) -> list[Seal]:
    """Three comments, each under a seal of its own: rows 1, 2 and 10, 11, 12, 13 and 14, 15."""
    await desk.publish()
    made = [await seal(desk.store)]
    # As on PostgreSQL after transactions that came to nothing: not every number is a row's.
    async with desk.store.database.write() as connection:
        await connection.execute(sa.text(ADDED.format(10, SUBMIT)))
        if desk.store.database.dialect == "postgresql":
            await connection.execute(sa.text("SELECT setval(pg_get_serial_sequence('audit', 'id'), 10)"))
    held = await desk.hold()
    await desk.reject(held)
    made.append(await seal(desk.store))
    await desk.publish()
    made.append(await seal(desk.store))
    assert [(one.number, one.up_to, one.row_count) for one in made] == [(1, 2, 2), (2, 13, 4), (3, 15, 2)]
    return made


async def test_an_audit_that_nobody_touched_is_as_it_was_sealed(desk: Desk) -> None:
    assert await verify(desk.store) == Verified(0, 0, None)
    made = await three_seals(desk)
    await desk.receive()
    for head in (None, *(one.head for one in made)):
        assert await verify(desk.store, head=head) == Verified(8, 1, made[-1])


COLUMNS = {
    "id": "9",
    "at": "at + 1",
    "comment_id": "1",
    "revision_id": "1",
    "who": "'telegram:2002'",
    "name": "'Omar'",
    "act": "'undo'",
    "from_status": "NULL",
    "to_status": "'published'",
    "clause": "'3.1'",
    "reason": "'links'",
    "terms": "NULL",
    "model": "'2026-11-22.1'",
}


async def test_a_row_that_was_changed_is_found_whatever_of_it_was(desk: Desk) -> None:
    made, database = await three_seals(desk), desk.store.database
    async with database.read() as connection:
        row = (await connection.execute(sa.select(audit).where(audit.c.id == 13))).mappings().one()
    for column, value in COLUMNS.items():
        await as_administrator(database, f"UPDATE audit SET {column} = {value} WHERE id = 13")
        with pytest.raises(AuditBroken, match=r"seal 2 of 2026-11-22 12:00 UTC .* ids 3 to 13: a row was changed"):
            await verify(desk.store)
        await as_administrator(database, "DELETE FROM audit WHERE id IN (9, 13)")
        async with database.write() as connection:
            await connection.execute(sa.insert(audit), dict(row))
        assert await verify(desk.store) == Verified(8, 0, made[-1]), column
    assert {*COLUMNS, "scores"} == {*row}


TAMPERED = {
    "a row removed": ("DELETE FROM audit WHERE id = 12", "seal 2 .* 1 missing"),
    "the first row removed": ("DELETE FROM audit WHERE id = 1", "seal 1 .* 1 missing"),
    "all rows of a seal removed": ("DELETE FROM audit WHERE id > 13", "seal 3 .* 2 missing"),
    "a row added": (ADDED.format(5, REVIEW), "seal 2 .* 1 too many"),
    "a row added before the first": (ADDED.format(-5, EDIT), "seal 1 .* 1 too many"),
    "a row replaced": (
        f"DELETE FROM audit WHERE id = 12; {ADDED.format(12, EDIT)}",
        "seal 2 .* a row was changed",
    ),
    "a moderator made the author": (
        "UPDATE comments SET author = 'telegram:2001' WHERE id = 2; "
        "UPDATE audit SET who = 'telegram:2001' WHERE comment_id = 2 AND act = 'submit'",
        "seal 2 .* a row was changed",
    ),
    "a moderator's name erased with a reader's": (
        "UPDATE comments SET author = '' WHERE id = 2; "
        "UPDATE audit SET who = '', name = '' WHERE comment_id = 2 AND act <> 'screen'",
        "seal 2 .* a row was changed",
    ),
    "a reader's name taken out without an erasure": (
        "UPDATE audit SET who = '' WHERE id = 11",
        "seal 2 .* a row was changed",
    ),
    "a comment gone": ("DELETE FROM revisions WHERE comment_id = 1; DELETE FROM comments WHERE id = 1", "seal 1 "),
    "a seal removed": ("DELETE FROM audit_seals WHERE number = 2", "seal 2 is missing"),
    "the first seal removed": ("DELETE FROM audit_seals WHERE number = 1", "seal 1 is missing"),
    "a seal numbered anew": ("UPDATE audit_seals SET number = 4 WHERE number = 3", "seal 3 is missing"),
    "a seal of another time": ("UPDATE audit_seals SET at = at + 1 WHERE number = 2", "seal 2 .* the seal itself"),
    "a seal of no time": ("UPDATE audit_seals SET at = 9000000000000000000 WHERE number = 2", "after seal 0 stands"),
    "a seal that says less": ("UPDATE audit_seals SET up_to = 12 WHERE number = 2", "seal 2 .* 1 missing"),
    "a seal that counts otherwise": ("UPDATE audit_seals SET row_count = 5 WHERE number = 2", "seal 2 .* 1 missing"),
    "a seal of another hash": (
        f"UPDATE audit_seals SET hash = '{'a' * 64}' WHERE number = 2",
        "seal 2 .* the seal itself",
    ),
}


@pytest.mark.parametrize("tampered", TAMPERED)
async def test_what_was_done_behind_the_systems_back_is_found(desk: Desk, tampered: str) -> None:
    await three_seals(desk)
    statements, told = TAMPERED[tampered]
    await as_administrator(desk.store.database, *statements.split("; "))
    with pytest.raises(AuditBroken, match=told):
        await verify(desk.store)


async def test_a_chain_that_was_written_anew_is_found_by_an_earlier_head_alone(desk: Desk) -> None:
    made = await three_seals(desk)
    await as_administrator(
        desk.store.database, "UPDATE audit SET name = 'Omar' WHERE id = 13", "DELETE FROM audit_seals"
    )
    anew = await seal(desk.store)
    assert await verify(desk.store) == Verified(8, 0, anew), "by itself the chain fits"
    with pytest.raises(AuditBroken, match="seal 1 is not the one of the head given"):
        await verify(desk.store, head=made[0].head)
    with pytest.raises(AuditBroken, match="ends at seal 1, before the head given"):
        await verify(desk.store, head=made[2].head)


async def test_seals_taken_off_the_end_are_found_by_the_head_that_is_missing(desk: Desk) -> None:
    made = await three_seals(desk)
    await as_administrator(
        desk.store.database, "DELETE FROM audit WHERE id > 13", "DELETE FROM audit_seals WHERE number = 3"
    )
    assert await verify(desk.store, head=made[1].head) == Verified(6, 0, made[1])
    with pytest.raises(AuditBroken, match="ends at seal 2"):
        await verify(desk.store, head=made[2].head)
    assert isinstance(made[2].head, Head)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_seals SET row_count = 0", "DELETE FROM audit_seals", "UPDATE audit_seals SET hash = hash"],
)
async def test_the_database_itself_keeps_seals(desk: Desk, statement: str) -> None:
    await three_seals(desk)
    with pytest.raises(DBAPIError, match="seal"):
        async with desk.store.database.write() as connection:
            await connection.execute(sa.text(statement))


def privacy(store: Store) -> Privacy:
    return Privacy(store, Outcomes(store, None))


async def test_an_erasure_leaves_the_seals_right(database: Database) -> None:
    store = Store(database)
    made = await busy_reader(database)
    await privacy(store).hold(made["rejected"].comment_id, who="cli:ops", note="court", now=NOW)
    newest = await seal(store)
    rows = newest.row_count
    await privacy(store).erase(READER, who="reader", now=NOW)
    assert (await verify(store)).sealed == rows
    await privacy(store).release(made["rejected"].comment_id, who="cli:ops", now=NOW)
    later = await seal(store)
    found = await verify(store, head=newest.head)
    assert (found.sealed, found.unsealed) == (rows + later.row_count, 0)


async def test_a_moderator_who_decided_about_their_own_comment_may_be_erased(desk: Desk) -> None:
    own = await desk.hold(author=MEERA)
    await desk.approve(own, moderator=MEERA)
    await seal(desk.store)
    await privacy(desk.store).erase(MEERA, who="reader", now=NOW)
    assert (await verify(desk.store)).sealed == 3


async def test_one_of_two_that_seal_at_once_does(desk: Desk) -> None:
    other = Database(desk.store.database.address)
    try:
        both = [sealer(desk.store), sealer(Store(other))]
        for turn in range(5):
            await desk.publish(text=f"comment {turn}")
            await asyncio.gather(*(one.look() for one in both))
            made = await asyncio.gather(*(one.look() for one in both))
            assert any(made)
    finally:
        await other.close()
    await seal_rest(desk.store)
    found = await verify(desk.store)
    assert (found.sealed, found.unsealed) == (10, 0)


async def seal_rest(store: Store) -> None:
    one = sealer(store)
    for _ in range(BOTH):
        await one.look()


async def test_of_two_with_the_same_seal_in_hand_one_is_let_through(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have read the same newest seal before either adds the next."""
    await desk.publish()
    both, there = [sealer(desk.store), sealer(desk.store)], asyncio.Barrier(2)
    for one in both:
        await one.look()
    add_seal = desk.store.add_seal

    async def together(made: Seal) -> bool:
        await there.wait()
        return await add_seal(made)

    monkeypatch.setattr(Store, "add_seal", lambda _store, made: together(made))
    made = await asyncio.gather(*(one.look() for one in both))
    assert sorted(one is None for one in made) == [False, True]
    assert len(await seals(desk.store)) == 1


async def test_while_one_seals_the_others_leave_it_to_them_and_take_over_when_they_are_gone(desk: Desk) -> None:
    first, second = sealer(desk.store), sealer(desk.store)
    made = []
    for turn in range(4):
        await desk.publish(text=f"comment {turn}")
        one = await first.look()
        await desk.publish(text=f"another {turn}")
        made.append((one, await second.look()))
    assert [(one is not None, other is not None) for one, other in made] == [(False, False)] + [(True, False)] * 3
    await desk.publish(text="the first is gone")
    assert await second.look() is not None
    assert (await verify(desk.store)).sealed == 16


async def test_a_backlog_is_sealed_a_part_at_a_time_and_a_stop_waits_for_no_more_than_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation.sealer, "AT_ONCE", 10)
    for turn in range(18):
        await desk.publish(text=f"comment {turn}")
    stop = asyncio.Event()
    stopped = Sealer(desk.store, clock=lambda: NOW, every_s=0)
    add_seal = desk.store.add_seal

    async def stopping(made: Seal) -> bool:
        stop.set()
        return await add_seal(made)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "add_seal", lambda _store, made: stopping(made))
        async with asyncio.timeout(10):
            await stopped.run(stop)
    assert [one.row_count for one in await seals(desk.store)] == [10]
    with capture_logs() as lines:
        newest = await seal(desk.store)
    assert [one.row_count for one in await seals(desk.store)] == [10, 10, 10, 6]
    assert (await verify(desk.store)).sealed == 36
    (line,) = [line for line in lines if line["event"] == "audit sealed"]
    assert (line["number"], line["hash"], line["up_to"], line["rows"]) == (4, newest.hash, 36, 26)


async def test_a_day_without_anything_new_is_sealed_once(desk: Desk) -> None:
    assert [await sealer(desk.store).look() for _ in range(3)] == [None] * 3, "nothing was ever decided"
    await desk.publish()
    first = await seal(desk.store)
    await seal_rest(desk.store)
    assert await seals(desk.store) == [first], "the same day"
    second = await seal(desk.store, now=NOW + timedelta(days=1))
    assert (second.number, second.row_count, second.up_to) == (2, 0, first.up_to)
    later = sealer(desk.store, now=NOW + timedelta(days=1, hours=2))
    assert [await later.look() for _ in range(3)] == [None] * 3
    assert await verify(desk.store) == Verified(2, 0, second)


async def test_a_fault_ends_no_loop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.publish()
    stop, newest_seal, looked = asyncio.Event(), desk.store.newest_seal, 0

    async def breaks_once() -> Seal | None:
        nonlocal looked
        looked += 1
        if looked == 2:
            raise ConnectionError
        if looked == 4:
            stop.set()
        return await newest_seal()

    monkeypatch.setattr(Store, "newest_seal", lambda _store: breaks_once())
    with capture_logs() as lines:
        async with asyncio.timeout(10):
            await Sealer(desk.store, clock=lambda: NOW, every_s=0).run(stop)
    assert [line["event"] for line in lines] == ["sealing broken", "audit sealed"]


async def written(connection: AsyncConnection, comment_id: int) -> None:
    """What every transaction does before it writes the audit: something to its comment."""
    await connection.execute(sa.text("UPDATE comments SET language = 'en' WHERE id = :id"), {"id": comment_id})


async def audited(connection: AsyncConnection, comment_id: int) -> int:
    added = """INSERT INTO audit (at, comment_id, revision_id, who, name, act, to_status)
    VALUES (1, :id, 1, 'machine', '', 'edit', 'held') RETURNING id"""
    given_id: int = (await connection.execute(sa.text(added), {"id": comment_id})).scalar_one()
    return given_id


@POSTGRESQL
@pytest.mark.parametrize("slow_is_older", [True, False])
async def test_a_smaller_id_that_is_committed_later_is_waited_for(desk: Desk, slow_is_older: bool) -> None:
    """PostgreSQL gives ids before commit: were the larger sealed, the smaller would come under a seal that stands."""
    one, other = await desk.publish(), await desk.publish(text="another")
    looking, database = sealer(desk.store), desk.store.database
    async with database.write() as slow:
        if slow_is_older:
            await written(slow, one.comment_id)
        async with database.write() as quick:
            await written(quick, other.comment_id)
            if not slow_is_older:
                await written(slow, one.comment_id)
            smaller = await audited(slow, one.comment_id)
            larger = await audited(quick, other.comment_id)
        assert smaller < larger
        assert [await looking.look() for _ in range(4)] == [None] * 4
        assert await verify(desk.store) == Verified(0, 5, None), "the larger one is there, the smaller is not"
    made = await looking.look()
    assert made is not None and (made.up_to, made.row_count) == (larger, 6)
    assert await verify(desk.store) == Verified(6, 0, made)


@POSTGRESQL
async def test_what_comes_and_is_sealed_while_the_audit_is_verified_is_left_for_the_next_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row is read before one with a smaller id is there, and then both come under a seal."""
    comment_id = (await desk.publish()).comment_id
    first, looking, database, seals = await seal(desk.store), sealer(desk.store), desk.store.database, desk.store.seals
    stack = contextlib.AsyncExitStack()
    slow = await stack.enter_async_context(database.write())
    await written(slow, comment_id)
    await audited(slow, comment_id)
    await desk.publish(text="another")
    await looking.look()

    async def once_both_are_sealed(*, after: int, **given: int) -> list[Seal]:
        if after == first.number:
            await stack.aclose()
            assert await looking.look() is not None
        return await seals(after=after, **given)

    monkeypatch.setattr(Store, "seals", lambda _store, **given: once_both_are_sealed(**given))
    monkeypatch.setattr(moderation.sealer, "AT_ONCE", 1)
    assert await verify(desk.store) == Verified(2, 2, first)
    monkeypatch.undo()
    assert (await verify(desk.store)).sealed == 5


async def test_among_writers_no_row_is_missed(desk: Desk) -> None:
    done = asyncio.Event()
    others = [Database(desk.store.database.address) for _ in range(2)]

    async def write(writer: int) -> None:
        for turn in range(12):
            held = await desk.hold(text=f"comment {writer} {turn}", author=f"telegram:{1000 + writer}")
            await desk.approve(held)

    async def look(database: Database, ask: Callable[[Store], Any]) -> None:
        store = Store(database)
        asked = ask(store)
        while not done.is_set():
            await asked()
            await asyncio.sleep(0)

    looks = [
        asyncio.create_task(look(others[0], lambda store: sealer(store).look)),
        asyncio.create_task(look(others[1], lambda store: lambda: verify(store))),
    ]
    await asyncio.gather(*(write(writer) for writer in range(6)))
    done.set()
    await asyncio.gather(*looks)
    await seal_rest(desk.store)
    found = await verify(desk.store)
    assert (found.sealed, found.unsealed) == (6 * 12 * 3, 0)
    assert len(await seals(desk.store)) > 3
    for database in others:
        await database.close()
