"""The sandbox's HTTP server: the Bot API, the control API and the page, on one address."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from bot.sandbox.asked import answer
from bot.sandbox.botapi import BotApi
from bot.sandbox.callbacks import Callbacks
from bot.sandbox.clock import Clock
from bot.sandbox.conditions import Conditions
from bot.sandbox.control import Control
from bot.sandbox.errors import ControlError, restarting
from bot.sandbox.faults import Faults
from bot.sandbox.files import Files
from bot.sandbox.given import GivenUpdates
from bot.sandbox.journal import Journal
from bot.sandbox.limits import Limits, LimitSettings
from bot.sandbox.methods.answering import Answering
from bot.sandbox.methods.chats import Chats
from bot.sandbox.methods.editing import Editing
from bot.sandbox.methods.presenting import Presenting
from bot.sandbox.methods.receiving import Receiving
from bot.sandbox.methods.sending import Sending
from bot.sandbox.params import LARGEST_UPLOAD
from bot.sandbox.people import People
from bot.sandbox.prepared import prepare
from bot.sandbox.profile import Profile
from bot.sandbox.state import World
from bot.sandbox.stats import Stats
from bot.sandbox.updates import UpdateQueue
from bot.sandbox.watch import Watchers
from bot.sandbox.webhook import Webhooks

log = structlog.get_logger("bot.sandbox")

SHUTDOWN_S = 2.0
PAGE = Path(__file__).parent / "page"
PAGE_TYPES = frozenset({".html", ".js", ".css", ".svg", ".png", ".ico", ".json", ".webmanifest", ".woff2"})
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sandbox:
    """All the parts, put together."""

    def __init__(self, folder: Path | None) -> None:
        """Remember in that folder, or nowhere for None. Raises OSError where another sandbox uses it."""
        clock, watchers, journal = Clock(), Watchers(), Journal(folder)
        self.watchers, self.journal = watchers, journal
        self.world = World(clock=clock, journal=journal, watchers=watchers)
        self.updates = UpdateQueue(clock=clock, journal=journal)
        self.profile = Profile(journal=journal)
        self.files = Files(journal=journal, folder=folder / "files" if folder else None)
        callbacks, limits, faults, stats = Callbacks(clock=clock), Limits(LimitSettings()), Faults(), Stats()
        stats.reset(clock.now())
        self.api = BotApi(world=self.world, clock=clock, limits=limits, faults=faults, stats=stats, files=self.files)
        self.webhooks = Webhooks(updates=self.updates, clock=clock, journal=journal, run=self.api.run)
        self.updates.listen(self.webhooks.take)
        people = People(world=self.world, updates=self.updates, callbacks=callbacks, clock=clock)
        self.control = Control(world=self.world, people=people, profile=self.profile, watchers=watchers)
        self.conditions = Conditions(
            clock=clock,
            limits=limits,
            faults=faults,
            stats=stats,
            updates=self.updates,
            webhooks=self.webhooks,
            given=GivenUpdates(world=self.world, updates=self.updates, clock=clock),
        )
        self._offer_methods(callbacks, clock)
        self._recall()

    def _offer_methods(self, callbacks: Callbacks, clock: Clock) -> None:
        world, files, watchers = self.world, self.files, self.watchers
        for group in (
            Receiving(world=world, updates=self.updates, webhooks=self.webhooks, files=files, watchers=watchers),
            Sending(world=world, files=files, watchers=watchers),
            Editing(world=world, clock=clock),
            Answering(world=world, callbacks=callbacks),
            Chats(world=world),
            Presenting(world=world, profile=self.profile),
        ):
            self.api.offer(group.methods())

    def _recall(self) -> None:
        parts = (self.world, self.updates, self.profile, self.files, self.webhooks)
        for record in self.journal.records():
            for part in parts:
                part.recall(record)
        if not self.world.people:
            prepare(self.world)
        self.journal.rewrite(record for part in parts for record in part.records())

    def routes(self) -> list[web.RouteDef]:
        """Where everything is."""
        return [*self.api.routes(), *self.control.routes(), *self.conditions.routes()]

    async def start(self, _: web.Application) -> None:
        """Take up delivering by webhook where an earlier run left it."""
        self.webhooks.start()

    async def stop(self, _: web.Application) -> None:
        """Let watchers and polls go, so that no open request delays the end."""
        self.watchers.close()
        self.updates.interrupt(restarting())
        await self.webhooks.close()

    async def close(self, _: web.Application) -> None:
        """Flush what is remembered."""
        self.journal.close()


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other sites' pages, and answer refusals of the control API as JSON."""
    try:
        _refuse_other_sites(request)
        return await handler(request)
    except ControlError as error:
        return answer({"error": error.reason}, status=error.status)
    except web.HTTPException as error:
        if not request.path.startswith("/control/"):
            raise
        return answer({"error": error.reason}, status=error.status)
    except (ConnectionError, TimeoutError):
        raise
    except Exception as error:
        # Only where it broke: the exception's own words may be somebody's comment.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        log.error(
            "broken", path=request.path.split("/")[-1], error=type(error).__name__, at=f"{frame.name}:{frame.lineno}"
        )
        body = {"ok": False, "error_code": 500, "description": "Internal Server Error: restart"}
        return answer(body if request.path.startswith("/bot") else {"error": "broken; see the log"}, status=500)


def _refuse_other_sites(request: web.Request) -> None:
    """A page of another site may lead here by a link; it may not act here. Raises ControlError 403."""
    if not request.path.startswith(("/control/", "/bot")):
        return
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ControlError(403, "requests from other sites are refused")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise ControlError(403, "requests from other origins are refused")


async def _healthz(request: web.Request) -> web.Response:
    return answer({"status": "ok"})


async def _page(request: web.Request) -> web.StreamResponse:
    return _page_file("index.html")


async def _page_part(request: web.Request) -> web.StreamResponse:
    return _page_file(request.match_info["name"])


def _page_file(name: str) -> web.StreamResponse:
    path = (PAGE / name).resolve()
    if not path.is_relative_to(PAGE) or path.suffix not in PAGE_TYPES or not path.is_file():
        raise web.HTTPNotFound
    type_ = {".js": "text/javascript", ".webmanifest": "application/manifest+json"}.get(path.suffix)
    headers = {**PAGE_HEADERS, "Content-Type": type_ or mimetypes.guess_type(name)[0] or "application/octet-stream"}
    if headers["Content-Type"].startswith("text/"):
        headers["Content-Type"] += "; charset=utf-8"
    return web.FileResponse(path, headers=headers)


def create_app(data_dir: Path | None) -> web.Application:
    """The sandbox as an application; it remembers in `data_dir`/sandbox, or nothing for None.

    Raises OSError where another sandbox uses that folder.
    """
    sandbox = Sandbox(data_dir / "sandbox" if data_dir else None)
    app = web.Application(client_max_size=LARGEST_UPLOAD, middlewares=[guarded])
    app.router.add_routes(sandbox.routes())
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/", _page)
    app.router.add_get("/static/{name:.+}", _page_part)
    app.on_startup.append(sandbox.start)
    app.on_shutdown.append(sandbox.stop)
    app.on_cleanup.append(sandbox.close)
    return app


async def run(*, host: str, port: int, data_dir: Path, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until cancelled, then close cleanly; `on_ready` is called once it listens.

    Prints nothing; raises OSError where the port or folder is in use.
    """
    # aiohttp logs each malformed request with its bytes, and those may be somebody's words.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    runner = web.AppRunner(create_app(data_dir), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        on_ready()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
