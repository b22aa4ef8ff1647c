"""Fifty moderators at one comment, in the chat and at the page, with opposite presses: one decides, all are told."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.methods import AnswerCallbackQuery, TelegramMethod
from redis.asyncio import Redis

from bot.assembling import Ground, Parts, assemble
from bot.inbox import stored_update
from bot.limiter import Limiter
from bot.settings import BotSettings
from moderation.comment import CommentStatus
from moderation.config import load_policy, load_terms
from moderation.database import Database
from moderation.threads import Threads
from tests.faults.databases import ONLY_SQLITE, name_of
from tests.faults.full_size import sized
from tests.faults.ledger import number, reading
from tests.faults.report import note
from tests.faults.shift import now
from tests.integration.chat.talk import Talk, running_talk
from tests.integration.sandbox_client import GROUP
from tests.newsroom import Desk as Browser
from tests.newsroom import Newsroom, running_newsroom

ROUNDS = sized({"sqlite": 400, "postgresql": 100}, {"sqlite": 1000, "postgresql": 1000})
"""Two minutes and one on two processors: fifty transactions that wait for one row take PostgreSQL longer."""

PRESSES_AT_ONCE, PRESSES_PER_S = 100, 5.0
"""One person's presses that are taken, a little less than `bot.middlewares.Throttle` allows."""

EACH = 25
"""Moderators in the chat, who approve, and as many at the page, who reject."""


@dataclass
class Crowd:
    """Who presses, what with, and what each was told."""

    threads: Threads
    in_chat: Sequence[Callable[[int], Awaitable[str]]]
    browsers: Sequence[Browser]
    told: Counter[str] = field(default_factory=Counter)

    async def round(self, comment_id: int) -> None:
        """Everybody presses at once. What each is told must be what became of it."""
        approve = (press(comment_id) for press in self.in_chat)
        reject = (browser.press(comment_id, "reject", clause="3.2") for browser in self.browsers)
        answers: list[Any] = await asyncio.gather(*approve, *reject)
        record = await self.threads.one(comment_id)
        assert record is not None and record.decision is not None
        decided, name = record.comment.status, record.decision.moderator_name
        late = {
            CommentStatus.PUBLISHED: (f"Too late: published by {name}.", f"published by {name}"),
            CommentStatus.REJECTED: (f"Too late: rejected by {name}, clause 3.2.", f"rejected by {name}"),
        }[decided]
        for answer in answers[:EACH]:
            won = answer == "Approved."
            assert won or answer == late[0]
            self.told["won" if won else "told who"] += 1
        for status, answer in answers[EACH:]:
            assert status == 200 or (status, answer["detail"]) == (409, late[1])
            self.told["won" if status == 200 else "told who"] += 1


@contextlib.asynccontextmanager
async def browsers_of(newsroom: Newsroom) -> AsyncIterator[list[Browser]]:
    """Moderators at the page, logged in."""
    async with contextlib.AsyncExitStack() as stack:
        browsers = []
        for at in range(EACH):
            who = f"telegram:{4000 + at}"
            newsroom.moderators.add(who)
            http = aiohttp.ClientSession(newsroom.address, cookie_jar=aiohttp.CookieJar(unsafe=True))
            browser = Browser(await stack.enter_async_context(http))
            await browser.log_in(await newsroom.parts.login.issue(who, f"Page {at}", now()))
            browsers.append(browser)
        yield browsers


async def pressing_a_card(talk: Talk) -> list[Callable[[int], Awaitable[str]]]:
    """Members of the group with a card before them."""
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()

    def presser(person: int) -> Callable[[int], Awaitable[str]]:
        async def press(comment_id: int) -> str:
            answer = await talk.press(person, card, f"approve:{comment_id}:1")
            assert answer is not None
            return str(answer["text"])

        return press

    for at in range(EACH):
        await talk.sandbox.do("POST", "users", {"id": 3000 + at, "first_name": f"Chat {at}"})
        await talk.sandbox.do("PUT", f"chats/{GROUP}/members/{3000 + at}")
    return [presser(3000 + at) for at in range(EACH)]


async def press_from_chat_and_page(database: Database, redis: Redis, folder: Path, *, rounds: int) -> dict[str, Any]:
    """So many rounds, each at another held comment: through Telegram's stand-in, and as browsers."""
    async with (
        running_talk(database, redis, folder) as talk,
        running_newsroom(database, redis) as newsroom,
        browsers_of(newsroom) as browsers,
    ):
        crowd = Crowd(talk.threads, await pressing_a_card(talk), browsers)
        await press_round_after_round(crowd, newsroom, rounds=rounds)
    return await counted(database, rounds=rounds, told=crowd.told)


class Answers(BaseSession):
    """Telegram, as far as a press goes: keeps what each is answered, and agrees to everything else."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, str] = {}

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        """As Telegram answers."""
        if isinstance(method, AnswerCallbackQuery):
            self.of[method.callback_query_id] = method.text or ""
        return True

    async def close(self) -> None:
        """Nothing is open."""

    async def stream_content(self, *given: Any, **named: Any) -> AsyncGenerator[bytes, None]:
        """There is nothing to read."""
        raise AssertionError("nobody reads a file")
        yield b""


def handed_in(parts: Parts, answers: Answers) -> list[Callable[[int], Awaitable[str]]]:
    """Members of the group whose presses are handed to the bot's handlers, as the inbox would."""
    numbers = itertools.count(1)
    card = {"message_id": 7, "date": 1, "chat": {"id": GROUP, "type": "supergroup", "title": "Desk"}, "text": "…"}

    def presser(person: int, name: str) -> Callable[[int], Awaitable[str]]:
        async def press(comment_id: int) -> str:
            number = next(numbers)
            pressed = {
                "id": str(number),
                "from": {"id": person, "is_bot": False, "first_name": name},
                "chat_instance": "1",
                "message": card,
                "data": f"approve:{comment_id}:1",
            }
            await parts.worker._handle(stored_update({"update_id": number, "callback_query": pressed}))
            return answers.of.pop(str(number))

        return press

    return [presser(3000 + at, f"Chat {at}") for at in range(EACH)]


class Members:
    """The moderators' group, with everybody in it."""

    async def is_member(self, person: str) -> bool:
        """Whether somebody is in the group."""
        return True


async def hand_in_from_chat_and_page(database: Database, redis: Redis, folder: Path, *, rounds: int) -> dict[str, Any]:
    """The same rounds with the presses in the chat handed to the handlers, without the way through Telegram."""
    settings, answers = BotSettings(data_dir=folder), Answers()
    bot, policy = Bot("42:TEST", session=answers), load_policy()
    limiter, terms = Limiter(redis), load_terms(policy)
    members: Any = Members()
    ground = Ground(settings, bot, bot, "desk_bot", members, limiter, database, redis, policy, terms, (), now)
    async with running_newsroom(database, redis) as newsroom, browsers_of(newsroom) as browsers:
        crowd = Crowd(newsroom.parts.threads, handed_in(assemble(ground), answers), browsers)
        await press_round_after_round(crowd, newsroom, rounds=rounds)
    return await counted(database, rounds=rounds, told=crowd.told)


async def press_round_after_round(crowd: Crowd, newsroom: Newsroom, *, rounds: int) -> None:
    """Each round at another held comment; no more of them than one person may press in that time."""
    story, began = await newsroom.story(), time.monotonic()
    for at in range(rounds):
        await asyncio.sleep(began + (at - PRESSES_AT_ONCE) / PRESSES_PER_S - time.monotonic())
        await crowd.round(await newsroom.held(story, text=f"You fool number {at}."))


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


async def test_the_first_of_fifty_wins_at_the_handlers_and_the_page(
    database: Database, redis: Redis, tmp_path: Path
) -> None:
    figures = await hand_in_from_chat_and_page(database, redis, tmp_path, rounds=2)
    print(figures)
    expect_one_winner(figures, 2)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_the_first_of_fifty_wins_round_after_round(database: Database, redis: Redis, tmp_path: Path) -> None:
    rounds = ROUNDS[database.dialect]
    figures = await hand_in_from_chat_and_page(database, redis, tmp_path, rounds=rounds)
    note(FROM_BOTH, figures, run=f"chat and page, {name_of(database)}")
    expect_one_winner(figures, rounds)


@pytest.mark.long
@pytest.mark.timeout(300)
@ONLY_SQLITE
async def test_the_first_of_fifty_wins_through_telegram_again_and_again(
    database: Database, redis: Redis, tmp_path: Path
) -> None:
    figures = await press_from_chat_and_page(database, redis, tmp_path, rounds=25)
    note(FROM_BOTH, figures, run="through Telegram's stand-in and page, SQLite")
    expect_one_winner(figures, 25)
