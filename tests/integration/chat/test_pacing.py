"""Telegram's limits and faults: nobody waits for somebody else's, and nothing is lost or said twice."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiogram import Bot
from redis.asyncio import Redis

from bot.limiter import Limiter, Rates
from bot.notices import ReaderNotices
from bot.notices.readers import LEASE_S
from bot.store import BotStore
from moderation.database import Database
from moderation.decision import Outcome
from moderation.store import CommentRecord, Store
from moderation.store.tables import outbox
from moderation.threads import Threads
from tests.builders import NOW
from tests.desk import Desk
from tests.integration.chat.talk import BILAL, EMMA, GROUP, MEERA, Talk, data_of, has_data, running_talk, text_of
from tests.integration.sandbox_client import until

WORDS = "The dam should have been opened years ago."


@pytest.fixture
async def slow(database: Database, redis: Redis, tmp_path: Path) -> AsyncIterator[Talk]:
    """A bot that may write eight messages to a chat in two seconds."""
    rates = Rates(per_s=1000, chat_at_most=8, chat_window_s=2.0, group_at_most=4, group_window_s=3.0)
    async with running_talk(database, redis, tmp_path, rates=rates) as talk:
        yield talk


async def test_who_writes_much_keeps_nobody_else_waiting(slow: Talk) -> None:
    await slow.story()
    story, other = await slow.joins_and_agrees(), await slow.joins_and_agrees(BILAL)
    written = [await slow.comments(story, f"{WORDS} {number}") for number in range(16)]
    single = await slow.comments(other, WORDS, person=BILAL)
    await slow.screen(Outcome.PUBLISH, count=17)
    alone = await slow.told(single, "Published")
    many = [await slow.told(message, "Published") for message in written]
    # Told by when each was said, not by what a slow machine sees in between.
    assert said_at(alone) <= max(said_at(one) for one in many)


async def test_who_edits_much_is_told_of_what_stands_in_the_end(slow: Talk) -> None:
    await slow.story()
    written = await slow.comments(await slow.joins_and_agrees(), WORDS)
    await slow.told(written, "Received")
    await slow.screen(Outcome.PUBLISH)
    await slow.told(written, "Published")
    for number in range(12):
        body = {"message_id": written["message_id"], "text": f"{WORDS} {number}"}
        await slow.sandbox.do("POST", f"users/{EMMA}/edits", body)
        await slow.screen(Outcome.PUBLISH)
    await slow.told(written, "Published: your edited comment")
    await until(lambda: all_told(slow.store))
    told = [one for one in await slow.said_by_bot(EMMA) if one.startswith("Published: your edited comment")]
    assert 1 <= len(told) < 10
    record = await slow.threads.one(1)
    assert record is not None and record.comment.latest.text == f"{WORDS} 11"


def said_at(message: dict[str, Any]) -> int:
    """When a message got the words it has."""
    return int(message.get("edit_date") or message["date"])


async def all_told(store: Store) -> bool:
    """Whether no event waits."""
    async with store.database.read() as connection:
        waiting = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.done_at.is_(None))
        return (await connection.execute(waiting)).scalar() == 0


class Forgetful(Threads):
    """Threads that break whenever a comment is looked up."""

    async def one(self, comment_id: int) -> CommentRecord | None:
        """Breaks."""
        raise LookupError("a fault of ours")


async def test_an_event_that_can_never_be_told_is_given_up_and_holds_nothing_back(desk: Desk) -> None:
    await desk.publish()
    leases = itertools.count()
    notices = ReaderNotices(
        Bot("42:SANDBOX"),
        store=BotStore(desk.store.database),
        outcomes=desk.outcomes,
        threads=Forgetful(desk.store),
        limiter=Limiter(None),
        terms={},
        changed=lambda comment_id: None,
        clock=lambda: NOW + timedelta(seconds=LEASE_S) * next(leases),  # whatever is left to its lease is free again
    )
    running = asyncio.create_task(notices.run())
    await until(lambda: all_told(desk.store))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_cards_that_must_wait_keep_no_reader_waiting(slow: Talk) -> None:
    await slow.story()
    story = await slow.joins_and_agrees()
    for number in range(3):
        await slow.comments(story, f"You fool number {number}.")
    await slow.screen(Outcome.HOLD, count=3)

    async def all_cards() -> bool:
        cards = [one for one in await slow.sandbox.messages(GROUP) if has_data("approve:")(one)]
        return len(cards) == 3

    await until(all_cards)
    for card in await slow.sandbox.messages(GROUP):
        answer = await slow.press(MEERA, card, data_of(card, "approve:"))
        assert answer is not None and answer["text"] == "Approved."

    async def all_closed() -> bool:
        return all(text_of(one).startswith("Approved by Meera") for one in await slow.sandbox.messages(GROUP))

    await until(all_closed)


async def test_a_429_is_sat_out_and_the_notice_comes(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.sandbox.do("PUT", "limits", {"enabled": True, "chat_burst": 1, "chat_per_s": 1.0})
    written = [await talk.comments(story, f"{WORDS} {number}") for number in range(2)]
    await talk.screen(Outcome.PUBLISH, count=2)
    for message in written:
        await talk.told(message, "Published")


async def test_telegram_failing_for_a_while_loses_no_comment_and_no_notice(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    fault = {"kind": "error", "methods": ["sendMessage"], "count": 3}
    await talk.sandbox.do("PUT", "faults", {"faults": [fault], "seed": 1})
    written = await talk.comments(story, WORDS)
    refused = await talk.comments(story, " \u200b ")
    await talk.screen(Outcome.PUBLISH)
    await talk.told(written, "Published")
    await talk.told(refused, "There is nothing to read")


async def test_an_event_told_twice_edits_the_same_message(talk: Talk) -> None:
    await talk.story()
    written = await talk.comments(await talk.joins_and_agrees(), WORDS)
    await talk.told(written, "Received")
    (event,) = await talk.store.visible_events(0, story=None, at_most=5) or (None,)
    assert event is None
    await talk.screen(Outcome.PUBLISH)
    published = await talk.told(written, "Published")
    (event,) = await talk.store.visible_events(0, story=None, at_most=5)
    await talk.parts.notices.tell(event)
    replies = [one for one in await talk.sandbox.messages(EMMA) if text_of(one).startswith("Published")]
    assert [one["message_id"] for one in replies] == [published["message_id"]]
