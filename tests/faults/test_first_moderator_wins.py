"""Fifty moderators at one comment, in the chat and at the page, with opposite presses: one decides, all are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.decision import Outcome
from moderation.errors import AlreadyDecided
from moderation.outcomes import Outcomes
from moderation.review import Review
from moderation.roles import Roles
from moderation.store import Store
from tests.builders import policy
from tests.desk import Desk
from tests.faults.databases import ONLY_SQLITE, name_of
from tests.faults.ledger import number, reading
from tests.faults.report import note
from tests.faults.shift import now
from tests.integration.chat.talk import Message, Talk, running_talk
from tests.integration.sandbox_client import GROUP
from tests.newsroom import Desk as Browser
from tests.newsroom import Newsroom, running_newsroom

EACH = 25
"""Moderators in the chat, who approve, and as many at the page, who reject."""


@dataclass
class Crowd:
    """Who presses, and what each was told."""

    talk: Talk
    newsroom: Newsroom
    in_chat: list[int]
    browsers: list[Browser]
    card: Message
    told: Counter[str]

    async def round(self, comment_id: int) -> None:
        """Everybody presses at once. What each is told must be what became of it."""
        approve = (self.talk.press(person, self.card, f"approve:{comment_id}:1") for person in self.in_chat)
        reject = (browser.press(comment_id, "reject", clause="3.2") for browser in self.browsers)
        answers: list[Any] = await asyncio.gather(*approve, *reject)
        record = await self.talk.threads.one(comment_id)
        assert record is not None and record.decision is not None
        decided, name = record.comment.status, record.decision.moderator_name
        late = {
            CommentStatus.PUBLISHED: (f"Too late: published by {name}.", f"published by {name}"),
            CommentStatus.REJECTED: (f"Too late: rejected by {name}, clause 3.2.", f"rejected by {name}"),
        }[decided]
        for answer in answers[:EACH]:
            assert answer is not None
            won = answer["text"] == "Approved."
            assert won or answer["text"] == late[0]
            self.told["won" if won else "told who"] += 1
        for status, answer in answers[EACH:]:
            assert status == 200 or (status, answer["detail"]) == (409, late[1])
            self.told["won" if status == 200 else "told who"] += 1


async def crowd_of(talk: Talk, newsroom: Newsroom) -> Crowd:
    """Everybody has come: members of the group with a card before them, and browsers that are logged in."""
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    in_chat = [3000 + at for at in range(EACH)]
    for person in in_chat:
        await talk.sandbox.do("POST", "users", {"id": person, "first_name": f"Chat {person}"})
        await talk.sandbox.do("PUT", f"chats/{GROUP}/members/{person}")
    browsers = []
    for at in range(EACH):
        who = f"telegram:{4000 + at}"
        newsroom.moderators.add(who)
        browser = Browser(aiohttp.ClientSession(newsroom.address, cookie_jar=aiohttp.CookieJar(unsafe=True)))
        await browser.log_in(await newsroom.parts.login.issue(who, f"Page {at}", now()))
        browsers.append(browser)
    return Crowd(talk, newsroom, in_chat, browsers, card, Counter())


async def press_from_chat_and_page(database: Database, redis: Redis, folder: Path, *, rounds: int) -> dict[str, Any]:
    """So many rounds, each at another held comment."""
    async with running_talk(database, redis, folder) as talk, running_newsroom(database, redis) as newsroom:
        crowd = await crowd_of(talk, newsroom)
        story = await newsroom.story()
        for at in range(rounds):
            await crowd.round(await newsroom.held(story, text=f"You fool number {at}."))
        for browser in crowd.browsers:
            await browser.http.close()
    return await counted(database, rounds=rounds, told=crowd.told)


async def counted(database: Database, *, rounds: int, told: Counter[str]) -> dict[str, Any]:
    """The presses beside what the audit says."""
    async with reading(database.address) as connection:
        rows = await number(connection, "SELECT count(*) FROM audit WHERE act = 'review'")
    return {"rounds": rounds, "presses": told.total(), "audit rows": rows, **told}


def expect_one_winner(figures: dict[str, Any], rounds: int) -> None:
    assert (figures["audit rows"], figures["won"]) == (rounds, rounds)
    assert figures["told who"] == (2 * EACH - 1) * rounds


FROM_BOTH = "Fifty moderators at one comment"


async def test_the_first_of_fifty_wins_and_all_are_told(database: Database, redis: Redis, tmp_path: Path) -> None:
    figures = await press_from_chat_and_page(database, redis, tmp_path, rounds=2)
    print(figures)
    expect_one_winner(figures, 2)


@pytest.mark.long
@pytest.mark.timeout(600)
@ONLY_SQLITE
async def test_the_first_of_fifty_wins_again_and_again(database: Database, redis: Redis, tmp_path: Path) -> None:
    figures = await press_from_chat_and_page(database, redis, tmp_path, rounds=50)
    note(FROM_BOTH, figures, run="chat and page, SQLite")
    expect_one_winner(figures, 50)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_the_first_of_fifty_wins_round_after_round(store: Store) -> None:
    desk, told = Desk.of(store), Counter[str]()
    # The door that both chat and page go through, without either.
    anybody = Roles(frozenset(), lambda person: asyncio.sleep(0, True))
    review = Review(store, anybody, Outcomes(store, None), policy=policy(), undo_s=5, undo_window_s=300, claim_s=60)

    async def press(comment_id: int, at: int) -> str:
        outcome, clause = (Outcome.PUBLISH, None) if at % 2 else (Outcome.REJECT, "3.2")
        given = {"moderator": f"telegram:{at}", "moderator_name": f"Moderator {at}", "now": now()}
        try:
            await review.review(comment_id, revision=1, outcome=outcome, clause=clause, **given)
        except AlreadyDecided as late:
            record = await store.comment(comment_id)
            assert record is not None and record.decision is not None
            assert (late.name, late.status) == (record.decision.moderator_name, record.comment.status)
            return "told who"
        return "won"

    # Each round is fifty transactions that wait for one another; PostgreSQL takes its time over locks.
    rounds = 1000 if store.database.dialect == "sqlite" else 100
    for _ in range(rounds):
        held = await desk.hold()
        told.update(await asyncio.gather(*(press(held.comment_id, at) for at in range(2 * EACH))))
    figures = await counted(store.database, rounds=rounds, told=told)
    note(FROM_BOTH, figures, run=f"at their common door, {name_of(store.database)}")
    expect_one_winner(figures, rounds)
