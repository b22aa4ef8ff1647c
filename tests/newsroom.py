"""A newsroom for tests of the web: the whole application on a real database and Redis, with readers and moderators."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.inbox import store_updates
from bot.settings import BotSettings
from bot.store import BotStore
from bot.story import FeedStory
from bot.web import create_app, story_resolver, telegram_links
from bot.web.health import front_of
from moderation import enforcement
from moderation.comment import Submission
from moderation.config import load_policy, load_terms
from moderation.database import Database
from moderation.decision import Decision, Finding, Outcome
from moderation.health import Health
from moderation.intake import Intake
from moderation.login import Login
from moderation.outcomes import Outcomes
from moderation.queue import ScreeningQueue
from moderation.review import Review
from moderation.roles import Roles
from moderation.store import Store
from moderation.switches import Switches
from moderation.threads import Threads
from moderation.web import WebParts, serve
from tests import builders

MEERA, OMAR, STRANGER = "telegram:2001", "telegram:2002", "telegram:1001"
NAMES = {MEERA: "Meera", OMAR: "Omar", STRANGER: "Emma"}
SECRET = "a-secret_of-telegram"


@dataclass
class Newsroom:
    """The running web and the doors beside it."""

    parts: WebParts
    settings: BotSettings
    store: Store
    bot_store: BotStore
    intake: Intake
    moderators: set[str]
    updates: list[Mapping[str, Any]] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def address(self) -> str:
        """Where the web is served."""
        return f"http://127.0.0.1:{self.settings.web_port}"

    async def story(self, **given: Any) -> str:
        """A story from a feed; gives its canonical address."""
        values: dict[str, Any] = {
            "url": f"https://news.example/stories/{next(self.numbers)}",
            "title": "The dam gates open",
            "summary": "Water reaches the lower canals.",
            "language": "en",
            "section": "world",
            "published_at": datetime.now(UTC) - timedelta(minutes=next(self.numbers)),
        }
        story = FeedStory(**(values | given))
        await self.bot_store.stories.add([story], now=datetime.now(UTC))
        return story.url

    async def received(self, story: str, *, text: str = "Well said.", author: str = STRANGER, **given: Any) -> int:
        """A comment just accepted; gives its id."""
        await self.intake.agree(author, language="en", now=datetime.now(UTC))
        submission = Submission(
            story=story,
            author=author,
            author_name=given.pop("author_name", NAMES.get(author, "A reader")),
            text=text,
            source_key=given.pop("source_key", f"test:{next(self.numbers)}"),
            **given,
        )
        return (await self.intake.submit(submission, now=datetime.now(UTC))).comment_id

    async def decide(self, comment_id: int, outcome: Outcome = Outcome.PUBLISH, **given: Any) -> None:
        """The machine decides about the comment's latest revision, and says so."""
        record = await self.parts.threads.one(comment_id)
        assert record is not None
        conclusion: Decision = builders.decision(outcome, **({"decided_at": datetime.now(UTC)} | given))
        assert await enforcement.enforce(self.store, [(record.comment.latest.id, conclusion)])
        await self.parts.outcomes.signal()

    async def published(self, story: str, **given: Any) -> int:
        """A published comment; gives its id."""
        comment_id = await self.received(story, **given)
        await self.decide(comment_id, language=given.get("language", "en"))
        return comment_id

    async def held(self, story: str, *, findings: tuple[Finding, ...] | None = None, **given: Any) -> int:
        """A held comment; gives its id."""
        comment_id = await self.received(story, **given)
        await self.decide(
            comment_id,
            Outcome.HOLD,
            language=given.get("language", "en"),
            **({} if findings is None else {"findings": findings}),
        )
        return comment_id

    async def login_link(self, person: str = MEERA) -> str:
        """A one-time link's token."""
        return await self.parts.login.issue(person, NAMES[person], datetime.now(UTC))

    async def desk(self, person: str = MEERA) -> Desk:
        """A moderator's browser, logged in by a link."""
        desk = Desk(aiohttp.ClientSession(self.address, cookie_jar=aiohttp.CookieJar(unsafe=True)))
        await desk.log_in(await self.login_link(person))
        return desk


@dataclass
class Desk:
    """What a moderator's browser sends: its cookie, its token, and where it comes from."""

    http: aiohttp.ClientSession
    token: str = ""

    async def log_in(self, link: str) -> None:
        """Press the link's button, then read the token from the page."""
        headers = {"Sec-Fetch-Site": "same-origin"}
        async with self.http.post("/review/login", data={"token": link}, headers=headers) as answer:
            page = await answer.text()
            assert answer.status == 200, answer.status
        found = re.search(r'data-token="([^"]+)"', page)
        assert found is not None
        self.token = found[1]

    async def press(self, comment_id: int, action: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        """Approve, reject or undo as the page's script does; gives status and answer."""
        return await self.post(f"/review/comments/{comment_id}/{action}", **{"revision": 1, **fields})

    async def post(self, address: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        """Send a form's fields as the page's script does; gives status and answer."""
        headers = {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": self.token, "Accept": "application/json"}
        async with self.http.post(address, json=fields, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


def now() -> datetime:
    """The time it is."""
    return datetime.now(UTC)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def running_newsroom(database: Database, redis: Redis, **given: Any) -> AsyncIterator[Newsroom]:
    """A newsroom that serves while the block lasts; `given` are settings."""
    # How full this machine's disk is, is not what a test is about.
    values = {"web_port": free_port(), "webhook_secret": SecretStr(SECRET), "alarm_disk_free_percent": 0}
    settings = BotSettings(**(values | given))
    store, bot_store, policy = Store(database), BotStore(database), load_policy()
    outcomes = Outcomes(store, redis)
    moderators = {OMAR}

    async def is_member(person: str) -> bool:
        return person in moderators

    roles = Roles(frozenset({MEERA}), is_member)
    queue, threads = ScreeningQueue(redis, at_most=settings.queue_at_most), Threads(store)

    parts = WebParts(
        settings=settings,
        policy=policy,
        terms=load_terms(policy),
        threads=threads,
        review=Review(
            store,
            roles,
            outcomes,
            policy=policy,
            undo_s=settings.undo_s,
            undo_window_s=settings.undo_window_s,
            claim_s=settings.claim_s,
        ),
        roles=roles,
        login=Login(store, settings),
        switches=Switches(store, open_days=settings.comments_open_days),
        outcomes=outcomes,
        health=Health(database=database, queue=queue, threads=threads, data_dir=settings.data_dir, clock=now),
        database=database,
        resolve_stories=story_resolver(bot_store.stories, telegram_links(settings, username=None)),
        story_titles=bot_store.stories.titles,
        resolve_section=bot_store.stories.section_called,
        front=front_of(bot_store, feed_silent_s=settings.alarm_feed_silent_s, clock=now),
    )
    intake = Intake(store, queue, terms=policy.version)
    newsroom = Newsroom(parts, settings, store, bot_store, intake, moderators)

    async def store_update(update: Mapping[str, Any]) -> None:
        await store_updates(bot_store, [update], now=now())
        newsroom.updates.append(update)

    app = create_app(parts, settings=settings, store=bot_store, store_update=store_update)
    started = asyncio.Event()
    serving = asyncio.create_task(serve(app, "127.0.0.1", settings.web_port, started=started.set))
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
    try:
        yield newsroom
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
