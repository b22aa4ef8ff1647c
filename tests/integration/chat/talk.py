"""The bot among people at a real sandbox, with a real store and a real Redis; the test is what screens.

Everything a test says and sees goes through the sandbox's HTTP, as it would with people.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis

from bot.assembling import Ground, Parts, assemble
from bot.limiter import Limiter, Rates
from bot.membership import Membership
from bot.settings import BotSettings
from bot.store import BotStore
from bot.story import FeedStory, Story
from bot.telegram import make_bot
from moderation.config import load_policy, load_terms
from moderation.database import Database
from moderation.decision import Decision, Outcome
from moderation.enforcement import enforce
from moderation.outcomes import Outcomes
from moderation.store import Pending, Store
from moderation.threads import Threads
from tests.builders import decision
from tests.integration.sandbox_client import BILAL, EMMA, GROUP, MEERA, OMAR, Sandbox, sandbox_running, until

__all__ = ["BILAL", "EMMA", "GROUP", "MEERA", "OMAR", "Talk", "data_of", "has_data", "running_talk", "text_of"]

Message = dict[str, Any]

UNDO_S = 0.2
CARDS_AT_MOST = 3
NEVER_S = 1e6
"""No worker runs in these tests, and nobody is to be told so in the middle of a talk; nor how full the disk is."""
FAST = Rates(per_s=2000, chat_at_most=10_000, group_at_most=10_000)
"""The sandbox's own limits are off in these tests, and so are the bot's, but where a test is about them."""


def now() -> datetime:
    """The time it is."""
    return datetime.now(UTC)


def text_of(message: Message) -> str:
    """A message's text or caption."""
    return str(message.get("text") or message.get("caption") or "")


def buttons_of(message: Message) -> list[dict[str, Any]]:
    """The buttons under a message."""
    return [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]


def has_data(beginning: str) -> Callable[[Message], bool]:
    """Whether a message has a button whose data begins so."""
    return lambda message: any(str(one.get("callback_data", "")).startswith(beginning) for one in buttons_of(message))


def data_of(message: Message, beginning: str) -> str:
    """The data of the first button that begins so."""
    return next(str(one["callback_data"]) for one in buttons_of(message) if one["callback_data"].startswith(beginning))


@dataclass
class Talk:
    """A running bot and the people who talk to it."""

    sandbox: Sandbox
    store: Store
    bot_store: BotStore
    outcomes: Outcomes
    threads: Threads
    settings: BotSettings
    ground: Ground
    parts: Parts
    stories: list[Story] = field(default_factory=list)

    async def story(self, slug: str = "dam", *, language: str = "en", title: str = "The dam is full") -> Story:
        """A story the bot knows."""
        url = f"https://news.example/{language}/{slug}"
        told = FeedStory(url, title, "Two lines of it.", language, "world", now())
        (story,) = await self.bot_store.stories.add([told], now=now())
        self.stories.append(story)
        return story

    async def joins(self, person: int = EMMA, *, language: str = "en") -> Message:
        """The person starts, takes a language, and gets a story; its message."""
        started = await self.sandbox.write(person, "/start")
        choice = await self.sees(person, has_data("lang:"), after=started["message_id"])
        await self.press(person, choice, f"lang:{language}")
        return await self.sees(person, has_data("comment:"), after=started["message_id"])

    async def joins_and_agrees(self, person: int = EMMA, *, language: str = "en") -> Message:
        """The same, and the terms are agreed to; the story's message."""
        story = await self.joins(person, language=language)
        await self.agrees(person)
        return story

    async def agrees(self, person: int = EMMA) -> None:
        """The person asks for the terms and accepts them."""
        asked = await self.sandbox.write(person, "/terms")
        terms = await self.sees(person, has_data("agree:"), after=asked["message_id"])
        await self.press(person, terms, data_of(terms, "agree:"))

    async def comments(self, story: Message, text: str, *, person: int = EMMA) -> Message:
        """The person replies to a story's message."""
        return await self.sandbox.write(person, text, reply_to_message_id=story["message_id"])

    async def press(self, person: int, message: Message, data: str) -> dict[str, Any] | None:
        """The person presses a button with this data under the message; the answer."""
        body = {"chat_id": message["chat"]["id"], "message_id": message["message_id"], "data": data}
        answer: dict[str, Any] | None = (await self.sandbox.do("POST", f"users/{person}/presses", body))["answer"]
        return answer

    async def sees(self, chat: int, wanted: Callable[[Message], bool], *, after: int = 0) -> Message:
        """The newest message of a chat that is as wanted, as soon as there is one."""

        async def look() -> Message | None:
            seen = await self.sandbox.messages(chat, after)
            return next((message for message in reversed(seen) if wanted(message)), None)

        return await until(look)  # type: ignore[return-value]  # until gives only what is not None

    async def told(self, message: Message, beginning: str) -> Message:
        """What the bot answers to a reader's own message, once it begins so."""

        def wanted(seen: Message) -> bool:
            to = seen.get("reply_to_message", {}).get("message_id")
            return bool(to == message["message_id"]) and text_of(seen).startswith(beginning)

        return await self.sees(message["chat"]["id"], wanted, after=message["message_id"])

    async def said_by_bot(self, chat: int, *, after: int = 0) -> list[str]:
        """Everything the bot has said in a chat."""
        return [text_of(one) for one in await self.sandbox.messages(chat, after) if one["from"]["is_bot"]]

    async def received(self, count: int = 1) -> list[Pending]:
        """The revisions that wait to be screened, as soon as there are so many."""

        async def look() -> list[Pending] | None:
            ids = await self.store.unscreened(older_than=now(), limit=100)
            return await self.store.for_screening(ids) if len(ids) >= count else None

        return await until(look)  # type: ignore[return-value]  # until gives only what is not None

    async def screen(self, outcome: Outcome, *, count: int = 1, **given: Any) -> list[Pending]:
        """The machine's decision about everything that waits."""
        pending = await self.received(count)
        decisions: list[tuple[int, Decision]] = [
            (one.revision_id, decision(outcome, decided_at=now(), **given)) for one in pending
        ]
        await enforce(self.store, decisions)
        await self.outcomes.signal()
        return pending

    async def held_comment(self, story: Message, text: str = "You are all fools.", *, person: int = EMMA) -> Message:
        """A comment the machine held, once its author knows; the author's message."""
        written = await self.comments(story, text, person=person)
        await self.screen(Outcome.HOLD)
        await self.told(written, "Held")
        return written

    async def card(self, *, chat: int = GROUP, after: int = 0) -> Message:
        """The newest open card of a chat."""
        return await self.sees(chat, has_data("approve:"), after=after)

    async def settled(self, person: int = EMMA) -> None:
        """Return once everything this person did before was handled: their updates are handled in order."""
        asked = await self.sandbox.write(person, "/help")
        await self.sees(person, lambda one: "/mycomments" in text_of(one), after=asked["message_id"])


@contextlib.asynccontextmanager
async def running_talk(database: Database, redis: Redis, folder: Path, *, rates: Rates = FAST) -> AsyncIterator[Talk]:
    """The bot, running at a sandbox of its own."""
    async with sandbox_running() as sandbox:
        await sandbox.do("PUT", "limits", {"enabled": False})
        settings = BotSettings(
            data_dir=folder,
            sandbox_port=urlsplit(sandbox.address).port or 0,
            undo_s=UNDO_S,
            cards_at_most=CARDS_AT_MOST,
            public_url="https://desk.example",
            alarm_stands_s=NEVER_S,
            alarm_disk_free_percent=0,
        )
        async with assembled(settings, database, redis, rates) as (ground, parts):
            store = Store(database)
            talk = Talk(
                sandbox=sandbox,
                store=store,
                bot_store=BotStore(database),
                outcomes=Outcomes(store, redis),
                threads=Threads(store),
                settings=settings,
                ground=ground,
                parts=parts,
            )
            async with looping(parts):
                yield talk


@contextlib.asynccontextmanager
async def assembled(
    settings: BotSettings, database: Database, redis: Redis, rates: Rates = FAST
) -> AsyncIterator[tuple[Ground, Parts]]:
    """The bot's parts as the process puts them together, not running."""
    limiter = Limiter(redis, rates=rates)
    policy = load_policy()
    bot, alerts = make_bot(settings, limiter), make_bot(settings, limiter, alerts=True)
    async with Membership(settings) as membership:
        ground = Ground(
            settings=settings,
            bot=bot,
            alerts=alerts,
            username="desk_bot",
            membership=membership,
            limiter=limiter,
            database=database,
            redis=redis,
            policy=policy,
            terms=load_terms(policy),
            feeds=(),
            clock=now,
        )
        try:
            yield ground, assemble(ground)
        finally:
            await bot.session.close()
            await alerts.session.close()


@contextlib.asynccontextmanager
async def looping(parts: Parts) -> AsyncIterator[None]:
    """The parts, running until the block ends."""
    tasks = [asyncio.create_task(loop) for loop in (*parts.loops(), parts.poller.run())]
    try:
        yield
        for task in tasks:
            if task.done():
                await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
