"""The web part as a process: everything it stands before, put together once.

`opened` is for every front; `run` is `moderation` alone, without any bot beside it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from aiohttp import web

from moderation.config import load_policy, load_terms
from moderation.database import Database
from moderation.health import Health
from moderation.login import Login
from moderation.outcomes import Outcomes
from moderation.queue import ScreeningQueue, connect
from moderation.review import Review
from moderation.roles import Roles
from moderation.running import cannot_listen, say_ready, until_stopped
from moderation.settings import Settings
from moderation.store import Store
from moderation.switches import Switches
from moderation.threads import Threads
from moderation.web.app import create_app
from moderation.web.parts import FrontHealth, StoryRef, WebParts, any_section, no_front
from moderation.web.serving import serve


@dataclass(frozen=True, slots=True)
class Front:
    """What the front tells: which story or section a name means, stories' titles, and how the front itself is."""

    resolve: Callable[[Sequence[str]], Awaitable[Mapping[str, StoryRef]]]
    titles: Callable[[Sequence[str]], Awaitable[dict[str, str]]]
    health: Callable[[], Awaitable[FrontHealth]] = no_front
    section: Callable[[str], Awaitable[str | None]] = any_section


@contextlib.asynccontextmanager
async def opened(settings: Settings, roles: Roles, front_of: Callable[[Database], Front]) -> AsyncIterator[WebParts]:
    """The parts, on the database and Redis of the settings; closed at the end. Raises SettingsError, PolicyError."""
    policy = load_policy()
    terms = load_terms(policy)
    database, redis = Database(settings.database_address()), connect(settings.redis_address())
    store, front = Store(database), front_of(database)
    outcomes, threads = Outcomes(store, redis), Threads(store)
    review = Review(
        store,
        roles,
        outcomes,
        policy=policy,
        undo_s=settings.undo_s,
        undo_window_s=settings.undo_window_s,
        claim_s=settings.claim_s,
    )
    try:
        yield WebParts(
            settings=settings,
            policy=policy,
            terms=terms,
            threads=threads,
            review=review,
            roles=roles,
            login=Login(store, settings),
            switches=Switches(store, open_days=settings.comments_open_days),
            outcomes=outcomes,
            health=Health(
                database=database,
                queue=ScreeningQueue(redis, at_most=settings.queue_at_most),
                threads=threads,
                data_dir=settings.data_dir,
                clock=_now,
            ),
            database=database,
            resolve_stories=front.resolve,
            story_titles=front.titles,
            front=front.health,
            resolve_section=front.section,
        )
    finally:
        await database.close()
        with contextlib.suppress(Exception):  # a connection that is gone can't be given back
            await redis.aclose()


async def served(app: web.Application, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError where host or port can't be had."""
    host, port = settings.web_host, settings.web_port
    try:
        await until_stopped(serve(app, host, port, trusted=settings.trusted_proxies, started=say_ready))
    except (OSError, UnicodeError) as error:
        raise cannot_listen(host, port, error, port_variable="BAITHAK_WEB_PORT") from error


async def run(settings: Settings) -> None:
    """Serve without a bot: every web address is a story, and only administrators may review.

    Raises SettingsError, PolicyError at start.
    """
    roles = Roles(frozenset(f"telegram:{one}" for one in settings.administrators), _nobody)
    async with opened(settings, roles, lambda _database: Front(_stories_by_address, _no_titles)) as parts:
        await served(create_app(parts), settings)


async def _stories_by_address(names: Sequence[str]) -> dict[str, StoryRef]:
    found = {name: await story_by_address(name) for name in names}
    return {name: story for name, story in found.items() if story is not None}


async def story_by_address(name: str) -> StoryRef | None:
    """The story at a web address, whose name is the address itself; None for what is no web address."""
    try:
        parts = urlsplit(name)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return StoryRef(id=name, url=name, title=name, telegram_link=None)


def _now() -> datetime:
    return datetime.now(UTC)


async def _nobody(_person: str) -> bool:
    return False


async def _no_titles(_stories: Sequence[str]) -> dict[str, str]:
    return {}
