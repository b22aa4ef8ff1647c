"""`web` without the bot: comments of any page, named by its address."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from urllib.parse import urlsplit

from moderation.config import load_policy, load_terms
from moderation.database import Database
from moderation.errors import SettingsError
from moderation.login import Login
from moderation.outcomes import Outcomes
from moderation.queue import ScreeningQueue, connect
from moderation.review import Review
from moderation.roles import Roles
from moderation.running import say_ready, start_logging, until_stopped
from moderation.settings import Settings
from moderation.store import Store
from moderation.threads import Threads
from moderation.web import StoryRef, WebParts, create_app, serve


def run_web(settings: Settings) -> None:
    """Serve the comments API and the dashboard until SIGTERM or SIGINT. Raises SettingsError, PolicyError at start."""
    start_logging(settings)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    policy = load_policy()
    database = Database(settings.database_address())
    redis = connect(settings.redis_address())
    store = Store(database)
    outcomes = Outcomes(store, redis)
    roles = Roles(frozenset(f"telegram:{one}" for one in settings.administrators), _nobody_else)
    parts = WebParts(
        settings=settings,
        policy=policy,
        terms=load_terms(policy),
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
        resolve_story=story_at,
        story_titles=_untitled,
    )
    try:
        await until_stopped(serve(create_app(parts), settings.web_host, settings.web_port, started=say_ready))
    except OSError as error:
        raise SettingsError(
            f"the web part can't listen on port {settings.web_port} ({error.strerror}): set BAITHAK_WEB_PORT"
        ) from error
    finally:
        await database.close()
        with contextlib.suppress(Exception):  # a connection that is gone can't be given back
            await redis.aclose()


async def story_at(address: str) -> StoryRef | None:
    """Any page with an address is a story; nothing else is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return StoryRef(id=address, url=address, title=address, telegram_link=None)


async def _untitled(stories: Sequence[str]) -> dict[str, str]:
    return {story: story for story in stories}


async def _nobody_else(person: str) -> bool:
    return False
