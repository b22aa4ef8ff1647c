"""Calls at /bot<token>/<method>: limits and faults, the method itself, the answer in Telegram's shape."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from aiohttp import web

from bot.sandbox.clock import Clock
from bot.sandbox.errors import ApiError
from bot.sandbox.faults import Faults
from bot.sandbox.files import Files
from bot.sandbox.limits import Limits
from bot.sandbox.methods import Method, Remarked
from bot.sandbox.params import Params, params_of, read_params
from bot.sandbox.state import Json, World
from bot.sandbox.stats import Stats

TOKEN = re.compile(r"(\d{1,16}):[A-Za-z0-9_-]+")
EDITS = frozenset({"editmessagetext", "editmessagecaption", "editmessagereplymarkup"})
SENDS = frozenset({"sendmessage", "sendphoto", "senddocument", "copymessage", "forwardmessage"})
REASONS = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


class BotApi:
    """Answers the bot. Never lets an exception out but those of a broken connection."""

    def __init__(
        self,
        *,
        world: World,
        clock: Clock,
        limits: Limits,
        faults: Faults,
        stats: Stats,
        files: Files,
    ) -> None:
        self._world = world
        self._clock = clock
        self._limits = limits
        self._faults = faults
        self._stats = stats
        self._files = files
        self._methods: dict[str, Method] = {}
        self._names: dict[str, str] = {}

    def offer(self, methods: dict[str, Method]) -> None:
        """Answer these methods, whatever the case of their names."""
        self._methods.update({name.lower(): method for name, method in methods.items()})
        self._names.update({name.lower(): name for name in methods})

    def routes(self) -> list[web.RouteDef]:
        """Where each is."""
        return [
            web.route("*", "/bot{token:[^/]*}/{method:[^/]*}", self._answer),
            web.get("/file/bot{token:[^/]*}/files/{file_id}", self._download),
            web.get("/control/files/{file_id}", self._show),
        ]

    async def run(self, name: str, values: Json) -> Any:
        """Run a method by its name in lower case; gives its result. Raises ApiError."""
        return (await self._run(name, params_of(values)))[0]

    # One call.

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        name = request.match_info["method"].lower()
        chat, delivered = "", False
        try:
            self._check_token(request)
            if name not in self._methods:
                raise ApiError(404, "Not Found: method not found")
            params = await read_params(request)
            chat = params.text("chat_id")
            if await self._broken_before(request, name):
                return web.Response()
            result, remark = await self._run(name, params)
            delivered = name in SENDS or name in EDITS
            status, body = 200, {"ok": True, "result": result, **remark}
        except ApiError as error:
            status, body = error.code, {"ok": False, "error_code": error.code, "description": error.description}
            if error.parameters:
                body["parameters"] = error.parameters
        self._stats.count(
            self._names.get(name, "unknown"),
            code=status,
            chat=chat,
            delivered=delivered,
            at=self._clock.now(),
            took_s=time.perf_counter() - began,
        )
        return self._reply(request, name, status, body)

    def _check_token(self, request: web.Request) -> None:
        token = TOKEN.fullmatch(request.match_info["token"])
        if token is None:
            raise ApiError(401, "Unauthorized: invalid token specified")
        self._world.bot_is(id_=int(token[1]))

    async def _run(self, name: str, params: Params) -> tuple[Any, Json]:
        method = self._methods.get(name)
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        self._check_limits(name, params)
        result = await method(params)
        if isinstance(result, Remarked):
            return result.result, {"description": result.description}
        return result, {}

    def _check_limits(self, name: str, params: Params) -> None:
        if name in SENDS or (name in EDITS and self._limits.settings.edits):
            chat = params.text("chat_id").strip()
            self._limits.check(chat=chat, group=chat.startswith(("-", "@")), now=self._clock.now())

    # Faults.

    async def _broken_before(self, request: web.Request, name: str) -> bool:
        """Play the faults that come before the method; True if the connection is gone. Raises ApiError 5xx."""
        if not self._faults.faults:
            return False
        if latency_s := self._faults.latency_s(name):
            self._stats.count_fault("latency")
            await self._clock.sleep_until(self._clock.now() + latency_s)
        if self._faults.strike(name, "reset_before"):
            self._stats.count_fault("reset_before")
            _reset(request)
            return True
        if error := self._faults.strike(name, "error"):
            self._stats.count_fault("error")
            raise ApiError(error.code, REASONS.get(error.code, "Internal Server Error"))
        return False

    def _reply(self, request: web.Request, name: str, status: int, body: Json) -> web.Response:
        # The default ASCII form: people may write lone surrogates, which UTF-8 has no bytes for.
        content = json.dumps(body, separators=(",", ":")).encode("ascii")
        if self._faults.faults and status == 200:
            if self._faults.strike(name, "reset_after"):
                self._stats.count_fault("reset_after")
                _reset(request)
            elif self._faults.strike(name, "truncated"):
                self._stats.count_fault("truncated")
                content = content[: len(content) // 2]
        return web.Response(body=content, status=status, content_type="application/json")

    # Files.

    async def _download(self, request: web.Request) -> web.Response:
        try:
            self._check_token(request)
        except ApiError as error:
            return self._reply(
                request, "", error.code, {"ok": False, "error_code": error.code, "description": error.description}
            )
        return await self._show(request)

    async def _show(self, request: web.Request) -> web.Response:
        content = await self._files.content(request.match_info["file_id"])
        if content is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=content, content_type=_picture_type(content), headers=headers)


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _picture_type(content: bytes) -> str:
    """The type by the bytes themselves; whatever is no picture is only ever downloaded."""
    for beginning, type_ in ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"GIF8", "image/gif")):
        if content.startswith(beginning):
            return type_
    return "image/webp" if content[8:12] == b"WEBP" else "application/octet-stream"
