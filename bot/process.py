"""The bot as a process: everything it is made of, put together once, and run until it is told to stop.

    getUpdates or webhook → inbox → handlers → intake, review
    outcomes → notices → authors, moderators' cards
    feeds → schedule → deliveries → subscribers

Each loop goes on while the others fail: Telegram, Redis or a feed may be away for as long as it likes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramRetryAfter, TelegramUnauthorizedError
from redis.asyncio import Redis

from bot.delivery import Sender
from bot.feed import Fetcher, load_feeds
from bot.handlers import (
    CommentHandlers,
    Drafts,
    FallbackHandlers,
    Handling,
    ModeratorHandlers,
    ReadingHandlers,
    SubscriberHandlers,
)
from bot.inbox import ALLOWED_UPDATES, InboxWorker, Poller
from bot.keyboards import Links
from bot.limiter import Limiter
from bot.middlewares import Throttle, person_name
from bot.notices import Desk, ReaderNotices
from bot.schedule import FeedWatch, Schedule
from bot.settings import BotSettings
from bot.store import BotStore
from bot.telegram import make_bot, membership
from moderation.config import load_policy, load_terms
from moderation.database import Database
from moderation.errors import SettingsError
from moderation.intake import Intake
from moderation.login import Login
from moderation.outcomes import Outcomes
from moderation.policy import Policy, Terms
from moderation.queue import ScreeningQueue, connect
from moderation.review import Review
from moderation.roles import Roles
from moderation.running import say_ready, until_stopped
from moderation.store import Store
from moderation.threads import Threads

log = structlog.get_logger(__name__)

_TELEGRAM_AGAIN_S = 5.0


def now() -> datetime:
    """The time it is."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """The bot, put together and not running yet."""

    store: BotStore
    schedule: Schedule
    sender: Sender
    poller: Poller
    worker: InboxWorker
    notices: ReaderNotices
    desk: Desk


async def run(settings: BotSettings) -> None:
    """Run the bot until SIGTERM or SIGINT. Raises SettingsError, PolicyError at start."""
    policy = load_policy()
    terms = load_terms(policy)
    sources = load_feeds(settings)
    database = Database(settings.database_address())
    redis = connect(settings.redis_address())
    limiter = Limiter(redis)
    bot, alerts = make_bot(settings, limiter), make_bot(settings, limiter, alerts=True)

    async def serve() -> None:
        username = await _name_of(bot)
        parts = assemble(
            settings,
            bot=bot,
            alerts=alerts,
            username=username,
            limiter=limiter,
            database=database,
            redis=redis,
            policy=policy,
            terms=terms,
            clock=now,
        )
        async with Fetcher(allowed=settings.feed_allow) as fetcher, asyncio.TaskGroup() as tasks:
            watch = FeedWatch(
                sources, store=parts.store, schedule=parts.schedule, fetcher=fetcher, redis=redis, clock=now
            )
            for name, loop in loops(parts, watch).items():
                tasks.create_task(loop, name=name)
            tasks.create_task(_receive(settings, bot, parts.poller), name="updates")
            say_ready()
            log.info("bot works", bot=username, feeds=len(sources))

    try:
        await until_stopped(serve())
    finally:
        for one in (bot, alerts):
            await one.session.close()
        await database.close()
        with contextlib.suppress(Exception):  # a connection that is gone can't be given back
            await redis.aclose()


def loops(parts: Parts, watch: FeedWatch) -> dict[str, Coroutine[Any, Any, None]]:
    """What runs side by side, beside the receiving of updates."""
    return {
        "inbox": parts.worker.run(),
        "notices": parts.notices.run(),
        "desk": parts.desk.run(),
        "deliveries": parts.sender.run(),
        "feeds": watch.run(),
    }


def assemble(
    settings: BotSettings,
    *,
    bot: Bot,
    alerts: Bot,
    username: str,
    limiter: Limiter,
    database: Database,
    redis: Redis,
    policy: Policy,
    terms: Mapping[str, Terms],
    clock: Callable[[], datetime],
) -> Parts:
    """Every part of the bot on what it stands on. `alerts` is the Bot that stories go out by."""
    moderation, store = _desk_of(settings, bot, database, redis, policy), BotStore(database)
    links, counts = Links(username), moderation.threads.counts
    sender = Sender(alerts, store=store, links=links, counts=counts, clock=clock)
    schedule = Schedule(store, counts=counts, wake=sender.wake, clock=clock, alerts_per_poll=settings.alerts_per_poll)
    desk = Desk(
        bot,
        store=store,
        review=moderation.review,
        threads=moderation.threads,
        group=settings.moderators_group(),
        cards_at_most=settings.cards_at_most,
        clock=clock,
    )
    drafts = Drafts(store)
    comments = CommentHandlers(
        bot,
        store=store,
        drafts=drafts,
        intake=moderation.intake,
        threads=moderation.threads,
        terms=terms,
        version=policy.version,
        clock=clock,
    )
    subscribers = SubscriberHandlers(
        bot,
        store=store,
        choice=schedule,
        # What a reader asks for goes out at once, before any alert.
        shows=Sender(bot, store=store, links=links, counts=counts, clock=clock),
        deliver=sender.wake,
        begin=comments.begin,
        clock=clock,
    )
    reading = ReadingHandlers(
        bot,
        store=store,
        intake=moderation.intake,
        threads=moderation.threads,
        terms=terms,
        version=policy.version,
        clock=clock,
    )
    moderators = ModeratorHandlers(
        bot,
        store=store,
        review=moderation.review,
        threads=moderation.threads,
        roles=moderation.roles,
        login=moderation.login,
        desk=desk,
        terms=terms["en"],
        web_address=settings.web_address(),
        login_link_s=settings.login_link_s,
        clock=clock,
    )
    fallback = FallbackHandlers(bot)
    handling = Handling(
        bot,
        store=store,
        drafts=drafts,
        throttle=Throttle(),
        routers=(
            subscribers.router(),
            reading.router(),
            moderators.router(),
            fallback.commands(),  # an unknown command is no comment
            comments.router(),  # whatever else a reader writes
            fallback.presses(),
        ),
        clock=clock,
    )
    worker = InboxWorker(store, handling, clock=clock)
    return Parts(
        store=store,
        schedule=schedule,
        sender=sender,
        poller=Poller(
            address=bot.session.api.api_url(token=bot.token, method=""),
            store=store,
            redis=redis,
            stored=worker.wake,
            clock=clock,
        ),
        worker=worker,
        notices=ReaderNotices(
            bot,
            store=store,
            outcomes=moderation.outcomes,
            threads=moderation.threads,
            limiter=limiter,
            terms=terms,
            changed=desk.changed,
            clock=clock,
        ),
        desk=desk,
    )


@dataclass(frozen=True, slots=True)
class _Moderation:
    """The front doors of `moderation` that the bot goes in by."""

    intake: Intake
    threads: Threads
    review: Review
    roles: Roles
    login: Login
    outcomes: Outcomes


def _desk_of(settings: BotSettings, bot: Bot, database: Database, redis: Redis, policy: Policy) -> _Moderation:
    store = Store(database)
    outcomes = Outcomes(store, redis)
    administrators = frozenset(person_name(number) for number in settings.administrator_ids())
    roles = Roles(administrators, membership(bot, settings))
    queue = ScreeningQueue(redis, at_most=settings.queue_at_most)
    return _Moderation(
        intake=Intake(store, queue, terms=policy.version, outcomes=outcomes),
        threads=Threads(store),
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
        outcomes=outcomes,
    )


async def _name_of(bot: Bot) -> str:
    """The bot's username, asked for until Telegram answers."""
    while True:
        try:
            return (await bot.me()).username or ""
        except TelegramUnauthorizedError as error:
            raise SettingsError("Telegram does not know the bot's token: set BAITHAK_BOT_TOKEN") from error
        except TelegramAPIError as error:
            log.warning("Telegram can't be reached", error=type(error).__name__)
            await asyncio.sleep(_TELEGRAM_AGAIN_S)


async def _receive(settings: BotSettings, bot: Bot, poller: Poller) -> None:
    """Have updates sent to the webhook where there is one, else fetch them."""
    if settings.webhook_url is None:
        await poller.run()
        return
    secret = settings.webhook_secret
    while True:
        try:
            await bot.set_webhook(
                settings.webhook_url,
                secret_token=secret.get_secret_value() if secret is not None else None,
                allowed_updates=list(ALLOWED_UPDATES),
            )
        except TelegramAPIError as error:
            log.error("webhook not set", error=type(error).__name__)
            await asyncio.sleep(error.retry_after if isinstance(error, TelegramRetryAfter) else _TELEGRAM_AGAIN_S)
        else:
            return
