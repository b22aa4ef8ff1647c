"""The web part of the whole system as a process: moderation's parts, with the bot's stories beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.inbox import store_updates
from bot.membership import Membership, Unanswered
from bot.settings import BotSettings
from bot.store import BotStore
from bot.web.app import create_app, story_resolver, telegram_links
from bot.web.health import front_of
from moderation.database import Database
from moderation.roles import Roles
from moderation.web.process import Front, opened, served

log = structlog.get_logger(__name__)


async def run(settings: BotSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError, PolicyError at start."""
    administrators = frozenset(f"telegram:{one}" for one in settings.administrator_ids())
    async with Membership(settings) as membership:
        username = None if settings.uses_sandbox() else await _username(membership)
        links = telegram_links(settings, username=username)

        def front(database: Database) -> Front:
            store = BotStore(database)
            health = front_of(store, feed_silent_s=settings.alarm_feed_silent_s, clock=_now)
            resolve = story_resolver(store.stories, links)
            return Front(resolve, store.stories.titles, health, section=store.stories.section_called)

        async with opened(settings, Roles(administrators, membership.is_member), front) as parts:
            store = BotStore(parts.database)
            app = create_app(parts, settings=settings, store=store, store_update=_keeper(store))
            await served(app, settings)


async def _username(membership: Membership) -> str | None:
    """The bot's name, for links into Telegram; pages do without it when Telegram can't be reached at start."""
    try:
        return await membership.username()
    except Unanswered as error:
        log.warning("bot's name unknown, pages have no link into Telegram", reason=str(error))
        return None


def _keeper(store: BotStore) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
    async def keep(raw: Mapping[str, Any]) -> None:
        await store_updates(store, [raw], now=_now())

    return keep


def _now() -> datetime:
    return datetime.now(UTC)
