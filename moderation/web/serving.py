"""How the application is served: no word of a request in a log, and what is no request told as a problem too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from moderation.web.problems import Problem

log = structlog.get_logger(__name__)

STOP_S = 2.0
"""Seconds that requests in hand are given when the process stops."""

LONGEST_ADDRESS = 65_536
"""Bytes of the longest address read: a hundred stories may be named in one, each by an address of its own."""


class _WithoutWords(logging.Handler):
    """What the server itself says of a broken request, without the request: its bytes may hold words or a token."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the kind of error alone."""
        kind = record.exc_info[0] if record.exc_info else None
        log.info("request not understood", error=kind.__name__ if kind is not None else None)


class _Connection(RequestHandler):
    """A connection whose bytes may be no request at all: no middleware ever sees those."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to it, which repeats nothing of what was sent. Raises ConnectionError after a begun answer."""
        super().handle_error(request, status, exc, None)  # logs, and refuses a second answer
        response = Problem("no_request" if status < 500 else "broken").response()
        response.headers.update({"X-Content-Type-Options": "nosniff", "Server": "web"})
        response.force_close()
        return response


class _Server(web.Server):
    """A server of such connections."""

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """A runner that serves with _Server. aiohttp has no setting for the kind of connection."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        made.__class__ = _Server
        return made


def _server_log() -> logging.Logger:
    logger = logging.Logger("http")
    logger.addHandler(_WithoutWords())
    return logger


async def serve(app: web.Application, host: str, port: int, *, started: Callable[[], None] = lambda: None) -> None:
    """Serve until cancelled, calling `started` once connections are taken; then end the streams, give requests in hand
    a moment, and leave.

    Raises OSError when the port is taken.
    """
    # No access log: an address may carry a login link's token.
    runner = _Runner(
        app,
        access_log=None,
        logger=_server_log(),
        shutdown_timeout=STOP_S,
        handle_signals=False,
        max_line_size=LONGEST_ADDRESS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        started()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
