"""The web part of `moderation` alone, as a process: comments, widget and dashboard without any bot beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from moderation.config import load_policy, load_terms
from moderation.database import Database
from moderation.errors import SettingsError
from moderation.login import Login
from moderation.outcomes import Outcomes
from moderation.queue import ScreeningQueue, connect
from moderation.review import Review
from moderation.roles import Roles
from moderation.running import until_stopped
from moderation.settings import Settings
from moderation.store import Store
from moderation.threads import Threads
from moderation.web.app import create_app, serve
from moderation.web.parts import StoryRef, WebParts


async def run(settings: Settings, *, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until told to stop. Without a bot every web address is a story, and only administrators may review.

    Raises SettingsError, PolicyError at start.
    """
    policy = load_policy()
    database, redis = Database(settings.database_address()), connect(settings.redis_address())
    store = Store(database)
    outcomes = Outcomes(store, redis)
    roles = Roles(frozenset(f"telegram:{one}" for one in settings.administrators), _nobody)
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
        resolve_story=story_by_address,
        story_titles=_no_titles,
    )
    try:
        await until_stopped(serve(create_app(parts), settings.web_host, settings.web_port, started=ready))
    except OSError as error:
        raise SettingsError(
            f"the web part can't listen on port {settings.web_port} ({error.strerror}): set BAITHAK_WEB_PORT"
        ) from error
    finally:
        await database.close()
        with contextlib.suppress(Exception):  # a connection that is gone can't be given back
            await redis.aclose()


async def story_by_address(name: str) -> StoryRef | None:
    """The story at a web address, whose name is the address itself; None for what is no web address."""
    try:
        parts = urlsplit(name)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return StoryRef(id=name, url=name, title=name, telegram_link=None)


async def _nobody(_person: str) -> bool:
    return False


async def _no_titles(_stories: Sequence[str]) -> dict[str, str]:
    return {}
