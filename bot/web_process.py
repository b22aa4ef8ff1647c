"""The web part as a process: everything it stands before, put together once, and served until it is told to stop."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.inbox import stored_update
from bot.membership import Membership, Unanswered
from bot.settings import BotSettings
from bot.store import BotStore
from bot.web.app import create_app, story_resolver, telegram_links
from moderation.config import load_policy, load_terms
from moderation.database import Database
from moderation.errors import SettingsError
from moderation.login import Login
from moderation.outcomes import Outcomes
from moderation.queue import ScreeningQueue, connect
from moderation.review import Review
from moderation.roles import Roles
from moderation.running import say_ready, until_stopped
from moderation.store import Store
from moderation.threads import Threads
from moderation.web import WebParts, serve

log = structlog.get_logger()


async def run(settings: BotSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError, PolicyError at start."""
    async with Membership(settings) as membership:
        await _run(settings, membership)


async def _run(settings: BotSettings, membership: Membership) -> None:
    policy = load_policy()
    terms = load_terms(policy)
    database = Database(settings.database_address())
    redis = connect(settings.redis_address())
    store, bot_store = Store(database), BotStore(database)
    outcomes = Outcomes(store, redis)
    roles = Roles(frozenset(f"telegram:{one}" for one in settings.administrator_ids()), membership.is_member)
    try:
        username = None if settings.uses_sandbox() else await _username(membership)
        parts = WebParts(
            settings=settings,
            policy=policy,
            terms=terms,
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
            queue=ScreeningQueue(redis, at_most=settings.queue_at_most),
            database=database,
            resolve_story=story_resolver(bot_store.stories, telegram_links(settings, username=username)),
            story_titles=_titles(bot_store),
        )
        app = create_app(parts, settings=settings, stories=bot_store.stories, store_update=_keeper(bot_store))
        await until_stopped(_serve(app, settings))
    finally:
        await database.close()
        with contextlib.suppress(Exception):  # a connection that is gone can't be given back
            await redis.aclose()


async def _serve(app: Any, settings: BotSettings) -> None:
    try:
        await serve(app, settings.web_host, settings.web_port, started=say_ready)
    except OSError as error:
        raise SettingsError(
            f"the web part can't listen on port {settings.web_port} ({error.strerror}): set BAITHAK_WEB_PORT"
        ) from error


async def _username(membership: Membership) -> str | None:
    """The bot's name, for links into Telegram; pages do without it when Telegram can't be reached at start."""
    try:
        return await membership.username()
    except Unanswered as error:
        log.warning("bot's name unknown, pages have no link into Telegram", reason=str(error))
        return None


def _titles(store: BotStore) -> Callable[[Sequence[str]], Awaitable[dict[str, str]]]:
    return store.stories.titles


def _keeper(store: BotStore) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
    async def keep(raw: Mapping[str, Any]) -> None:
        await store.inbox.add([stored_update(raw)], now=datetime.now(UTC))

    return keep
