"""The sandbox's HTTP server: the Bot API, the control API and the page, on one address."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox.asked import answer
from bot.sandbox.callbacks import Callbacks
from bot.sandbox.clock import Clock
from bot.sandbox.control import Control
from bot.sandbox.errors import ApiError, ControlError
from bot.sandbox.journal import Journal
from bot.sandbox.methods import Method
from bot.sandbox.methods.answering import Answering
from bot.sandbox.methods.editing import Editing
from bot.sandbox.methods.receiving import Receiving
from bot.sandbox.methods.sending import Sending
from bot.sandbox.params import LARGEST_UPLOAD, read_params
from bot.sandbox.people import People
from bot.sandbox.prepared import prepare
from bot.sandbox.state import World
from bot.sandbox.updates import UpdateQueue
from bot.sandbox.watch import Watchers

TOKEN = re.compile(r"(\d{1,19}):[A-Za-z0-9_-]+")
SHUTDOWN_S = 2.0
PAGE = Path(__file__).parent / "page"


class Sandbox:
    """All the parts, put together."""

    def __init__(self, folder: Path | None) -> None:
        """Remember in that folder, or nowhere for None. Raises OSError where another sandbox uses it."""
        self.clock = Clock()
        self.watchers = Watchers()
        self.journal = Journal(folder)
        self.world = World(clock=self.clock, journal=self.journal, watchers=self.watchers)
        self.updates = UpdateQueue(clock=self.clock, journal=self.journal)
        self.callbacks = Callbacks(clock=self.clock)
        self._recall()
        self.people = People(world=self.world, updates=self.updates, callbacks=self.callbacks, clock=self.clock)
        self.control = Control(world=self.world, people=self.people, watchers=self.watchers)
        self.methods = self._methods()

    def _recall(self) -> None:
        for record in self.journal.records():
            self.world.recall(record)
            self.updates.recall(record)
        if not self.world.people:
            prepare(self.world)
        self.journal.rewrite([*self.world.records(), *self.updates.records()])

    def _methods(self) -> dict[str, Method]:
        groups = (
            Receiving(world=self.world, updates=self.updates),
            Sending(world=self.world, watchers=self.watchers),
            Editing(world=self.world, clock=self.clock),
            Answering(world=self.world, callbacks=self.callbacks),
        )
        return {name.lower(): method for group in groups for name, method in group.methods().items()}

    def close(self) -> None:
        """Let everybody go and flush what is remembered."""
        self.watchers.close()
        self.journal.close()


class BotApi:
    """Calls at /bot<token>/<method>."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one call in Telegram's shape."""
        try:
            return _reply(200, {"ok": True, "result": await self._call(request)})
        except ApiError as error:
            body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
            if error.parameters:
                body["parameters"] = error.parameters
            return _reply(error.code, body)

    async def _call(self, request: web.Request) -> Any:
        token = TOKEN.fullmatch(request.match_info["token"])
        if token is None:
            raise ApiError(401, "Unauthorized: invalid token specified")
        method = self._sandbox.methods.get(request.match_info["method"].lower())
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        params = await read_params(request)
        self._sandbox.world.bot_is(id_=int(token[1]))
        return await method(params)


def _reply(status: int, body: dict[str, Any]) -> web.Response:
    return web.Response(body=json.dumps(body).encode("ascii"), status=status, content_type="application/json")


@web.middleware
async def control_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Refusals of the control API as JSON."""
    try:
        response: web.StreamResponse = await handler(request)
    except ControlError as error:
        return answer({"error": error.reason}, status=error.status)
    return response


def create_app(data_dir: Path | None) -> web.Application:
    """The sandbox as an application; it remembers in `data_dir`/sandbox, or nothing for None.

    Raises OSError where another sandbox uses that folder.
    """
    sandbox = Sandbox(data_dir / "sandbox" if data_dir else None)
    app = web.Application(client_max_size=LARGEST_UPLOAD, middlewares=[control_errors])
    api = BotApi(sandbox)
    app.router.add_route("*", "/bot{token:[^/]*}/{method:[^/]*}", api.handle)
    app.router.add_get("/healthz", _healthz)
    app.router.add_routes(sandbox.control.routes())

    async def close(_: web.Application) -> None:
        sandbox.close()

    app.on_shutdown.append(close)
    return app


async def _healthz(request: web.Request) -> web.Response:
    return answer({"status": "ok"})


async def run(*, host: str, port: int, data_dir: Path, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until cancelled, then close cleanly; `on_ready` is called once it listens.

    Prints nothing; raises OSError where the port or folder is in use.
    """
    runner = web.AppRunner(create_app(data_dir), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        on_ready()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
