"""The bot as a process: everything it is made of, put together once, and run until it is told to stop.

    getUpdates or webhook → inbox → handlers → intake, review
    outcomes → notices → authors, moderators' cards
    feeds → schedule → deliveries, digests → subscribers; corrections and recalls → amending → their messages
    health → alarms → administrators

Each loop goes on while the others fail: Telegram, Redis or a feed may be away for as long as it likes.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import structlog
from aiogram import Bot

from bot.assembling import Ground, assemble
from bot.feed import Fetcher, load_feeds
from bot.inbox import ALLOWED_UPDATES, Poller
from bot.limiter import Limiter
from bot.membership import Membership
from bot.schedule import FeedWatch
from bot.settings import BotSettings
from bot.telegram import make_bot, name_of, set_webhook
from moderation.config import load_policy, load_terms
from moderation.database import Database
from moderation.queue import connect
from moderation.running import say_ready, until_stopped

log = structlog.get_logger(__name__)

SAMPLE_S = 10.0
"""Seconds the bot waits, at its start, for the sample's stories."""


def now() -> datetime:
    """The time it is."""
    return datetime.now(UTC)


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
        async with Membership(settings) as membership:
            await serve_with(membership)

    async def serve_with(membership: Membership) -> None:
        username = await name_of(bot)
        ground = Ground(
            settings, bot, alerts, username, membership, limiter, database, redis, policy, terms, sources, now
        )
        parts = assemble(ground)
        async with Fetcher(allowed=settings.allowed_feeds()) as fetcher, asyncio.TaskGroup() as tasks:
            watch = FeedWatch(
                sources, store=parts.store, schedule=parts.schedule, fetcher=fetcher, redis=redis, clock=now
            )
            for loop in (*parts.loops(), _receive(settings, bot, parts.poller)):
                tasks.create_task(loop)
            if settings.demo_feeds():
                # The sample comes from the web part, which starts beside us: the first reader is to find a story.
                await watch.first_look(within_s=SAMPLE_S)
            tasks.create_task(watch.run())
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


async def _receive(settings: BotSettings, bot: Bot, poller: Poller) -> None:
    """Have updates sent to the webhook where there is one, else fetch them."""
    if settings.webhook_url is None:
        await poller.run()
    else:
        await set_webhook(bot, settings.webhook_url, secret=settings.webhook_secret, kinds=ALLOWED_UPDATES)
