"""What need not be kept goes after its days: told events, findings, texts taken back, old updates and deliveries."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.retention import retention_of_messages
from bot.settings import BotSettings
from bot.store import BotStore
from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.decision import Outcome
from moderation.outcomes import Outcomes
from moderation.privacy import Privacy
from moderation.retention import AT_ONCE, Retention, retention_of_comments
from moderation.store import Store
from tests.builders import NOW, STORY
from tests.desk import READER, Desk
from tests.kept import busy_reader, every_row

DAYS: dict[str, Any] = {
    "keep_outcomes_days": 10,
    "keep_findings_days": 10,
    "keep_withdrawn_days": 10,
    "keep_updates_days": 10,
    "keep_deliveries_days": 10,
    "keep_shown_days": 10,
}
FOR_EVER = dict.fromkeys(DAYS, 0)


def sweeps(database: Database, now: datetime, **days: int) -> list[Retention]:
    settings = BotSettings(**(DAYS | days))
    return [
        retention_of_comments(Store(database), settings, clock=lambda: now),
        retention_of_messages(BotStore(database), settings, clock=lambda: now),
    ]


async def swept(database: Database, after: timedelta, **days: int) -> dict[str, int]:
    taken: dict[str, int] = {}
    for sweep in sweeps(database, NOW + after, **days):
        taken |= await sweep.sweep()
    return {kind: count for kind, count in taken.items() if count}


async def test_nothing_goes_before_its_days_are_over_and_all_of_it_after(database: Database) -> None:
    await busy_reader(database)
    await Desk.of(Store(database)).told(now=NOW + timedelta(minutes=1))
    before = await every_row(database)
    assert await swept(database, timedelta(days=10)) == {}
    assert await every_row(database) == before
    assert await swept(database, timedelta(days=99), **FOR_EVER) == {}
    assert await every_row(database) == before
    taken = await swept(database, timedelta(days=11))
    kinds = {"outcomes", "findings", "withdrawn_texts", "updates", "deliveries", "shown", "opened", "digests"}
    assert set(taken) == kinds
    assert await swept(database, timedelta(days=11)) == {}, "and nothing is left to take"


async def test_what_somebody_still_waits_for_is_kept(database: Database) -> None:
    made = await busy_reader(database)
    desk = Desk.of(Store(database))
    await swept(database, timedelta(days=999))
    (held,) = [one for one in await desk.review.pending(limit=10) if one.comment_id == made["held"].comment_id]
    assert held.findings and held.scores and held.text
    assert await BotStore(database).inbox.waiting() == 2, "updates that nobody handled yet"
    assert len(await desk.told(now=NOW + timedelta(days=999))) > 5, "events that nobody was told"
    published = await desk.record(made["published"])
    assert published.comment.status is CommentStatus.PUBLISHED and published.comment.latest.text


async def test_pages_that_follow_live_count_on(database: Database) -> None:
    desk = Desk.of(Store(database))
    await desk.publish()
    await desk.told()
    outcomes = Outcomes(desk.store, None)
    newest = await desk.store.newest_event(visible_only=False)
    assert (await swept(database, timedelta(days=11)))["outcomes"] == 1
    assert await desk.store.newest_event(visible_only=False) == newest
    await desk.publish(text="another")
    assert len(await outcomes.visible_since(newest, story=STORY, at_most=10)) == 1


async def test_what_the_law_keeps_keeps_its_text_and_its_findings(database: Database) -> None:
    desk = Desk.of(Store(database))
    kept, gone = await desk.hold(text="kept words"), await desk.hold(text="other words")
    doors = Privacy(desk.store, Outcomes(desk.store, None))
    await doors.hold(kept.comment_id, who="cli:ops", note="court 7/2026", now=NOW)
    for one in (kept, gone):
        await desk.reject(one)
    assert (await swept(database, timedelta(days=11)))["findings"] == 1
    for one in (kept, gone):
        await desk.intake.withdraw(one.comment_id, author=READER, now=NOW)
    assert (await swept(database, timedelta(days=11)))["withdrawn_texts"] == 1
    assert (await desk.record(kept)).comment.latest.text == "kept words"
    decided = (await desk.record(kept)).decision
    assert decided is not None and decided.scores
    assert (await desk.record(gone)).comment.latest.text == ""


async def test_it_goes_in_batches_and_writers_get_their_turn(database: Database) -> None:
    store, count = Store(database), AT_ONCE + 30
    batches: list[int] = []

    async def take(*, older_than: datetime, at_most: int) -> int:
        taken = min(at_most, count - sum(batches))
        batches.append(taken)
        return taken

    sweep = Retention({"anything": (1, take)}, clock=lambda: NOW)
    sweeping = asyncio.create_task(sweep.sweep())
    accepted = await Desk.of(store).receive()
    assert await sweeping == {"anything": count}
    assert batches == [AT_ONCE, 30, 0]
    assert accepted.new


@pytest.mark.parametrize("fault", [RuntimeError, ConnectionError])
async def test_a_fault_ends_no_loop_and_a_stop_does(fault: type[Exception]) -> None:
    stop = asyncio.Event()
    looked = 0

    async def breaks(*, older_than: datetime, at_most: int) -> int:
        nonlocal looked
        looked += 1
        if looked == 2:
            stop.set()
        raise fault

    sweep = Retention({"anything": (1, breaks)}, clock=lambda: NOW, first_s=0, every_s=0)
    async with asyncio.timeout(10):
        await sweep.run(stop)
    assert looked == 2


async def test_an_edit_that_was_replaced_goes_and_what_stands_stays(database: Database) -> None:
    desk = Desk.of(Store(database))
    accepted = await desk.hold(text="first words")
    edited = await desk.edit(accepted, "second words")
    await desk.screen(edited, Outcome.PUBLISH)
    assert (await swept(database, timedelta(days=11)))["withdrawn_texts"] == 1
    rows = (await every_row(database))["revisions"]
    assert [row["text"] for row in rows] == ["", "second words"]
