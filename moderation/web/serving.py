"""How the application is served: no word of a request in a log, what is no request told as a problem too, and no
connection that keeps others out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Iterator
from typing import Any

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from moderation.web.connections import KEPT_FOR_PROXIES_S, KEPT_S, Connections, room
from moderation.web.problems import Problem

log = structlog.get_logger(__name__)

STOP_S = 2.0
"""Seconds that requests in hand are given when the process stops."""

LONGEST_ADDRESS = 65_536
"""Bytes of the longest address read: a hundred stories may be named in one, each by an address of its own."""


LINES_APART_S = 60.0
"""Seconds between two lines about what strangers can make happen as often as they like."""

LOOK_S = 1.0
"""Seconds between two looks for connections that are overdue and lines that are due."""


class Seldom:
    """Lines of one event, at most one in LINES_APART_S. `say` logs one: the newest error's kind, and how often it
    happened since the line before. Times are monotonic.
    """

    def __init__(self, say: Callable[[str | None, int], None]) -> None:
        self._say = say
        self._times = 0
        self._error: str | None = None
        self._next_s = float("-inf")

    def happened(self, error: str | None, *, now_s: float) -> None:
        """It happened once more, by this kind of error."""
        self._times += 1
        self._error = error
        self.tell(now_s=now_s)

    def tell(self, *, now_s: float) -> None:
        """Log what was not told yet, if a line is due."""
        if self._times and now_s >= self._next_s:
            self._say(self._error, self._times)
            self._times, self._next_s = 0, now_s + LINES_APART_S


def _not_understood(error: str | None, times: int) -> None:
    log.info("requests not understood", error=error, times=times)


def _no_descriptors(error: str | None, times: int) -> None:
    log.warning("no descriptors left for connections", error=error, times=times)


class _WithoutWords(logging.Handler):
    """What the server itself says of a broken request, without the request: its bytes may hold words or a token."""

    def __init__(self, seldom: Seldom, clock: Callable[[], float]) -> None:
        super().__init__()
        self._seldom = seldom
        self._clock = clock

    def emit(self, record: logging.LogRecord) -> None:
        """Log the kind of error alone."""
        kind = record.exc_info[0] if record.exc_info else None
        self._seldom.happened(kind.__name__ if kind is not None else None, now_s=self._clock())


class _Connection(RequestHandler):
    """A connection whose bytes may be no request at all: no middleware ever sees those.

    It tells the others' list of each change between half, working and kept.
    """

    def __init__(self, server: _Server, **given: Any) -> None:
        super().__init__(server, **given)
        self._connections = server.connections_open

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Serve it, or close it at once where there is no room. Addresses of other kinds than IP count as one."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else "unknown"
        self._keepalive_timeout = KEPT_FOR_PROXIES_S if self._connections.is_trusted(address) else KEPT_S
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  for the type checker
        self.transport = transport
        if self._connections.opened(self, address, now_s=self._loop.time()):
            super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        self._connections.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; one that is half and gets no further is dropped in time."""
        before = self._request_count
        super().data_received(data)
        if self._request_count > before:
            self._connections.begun(self)
        else:
            self._connections.began_to_ask(self, now_s=self._loop.time())

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answer it; unless another request has come already, the connection is silent again."""
        finished = await super().finish_response(request, resp, start_time)
        if not self._messages:
            self._connections.answered(self)
        return finished

    def drop(self) -> None:
        """Close it at once. What was sent and not read is lost."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        self.force_close()

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

    connections_open: Connections

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """A runner that serves with _Server. aiohttp has no setting for the kind of connection."""

    def __init__(self, app: web.Application, connections: Connections, **given: Any) -> None:
        super().__init__(app, **given)
        self._connections_open = connections

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        made.__class__ = _Server
        assert isinstance(made, _Server)  # noqa: S101  for the type checker
        made.connections_open = self._connections_open
        return made


def _server_log(seldom: Seldom, clock: Callable[[], float]) -> logging.Logger:
    # A logger that stands alone: a line that went on to the process's own handler would quote what was sent.
    logger = logging.Logger("http")
    logger.addHandler(_WithoutWords(seldom, clock))
    return logger


@contextlib.contextmanager
def _told_seldom(seldom: Seldom) -> Iterator[None]:
    """No traceback apiece for connections that the operating system has no descriptors for: asyncio tries again by
    itself, and logs each time."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "socket" in context and isinstance(context.get("exception"), OSError):
            seldom.happened(type(context["exception"]).__name__, now_s=loop.time())
        elif before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


async def serve(
    app: web.Application,
    host: str,
    port: int,
    *,
    trusted: Collection[str] = (),
    started: Callable[[], None] = lambda: None,
) -> None:
    """Serve until cancelled, calling `started` once connections are taken; then end the streams, give requests in hand
    a moment, and leave. Of `trusted` addresses any number of connections is taken that there is room for.

    Raises OSError when the port is taken, UnicodeError for a host that can't be a name.
    """
    clock = asyncio.get_running_loop().time
    connections = Connections(at_most=room(), trusted=trusted)
    broken = Seldom(_not_understood)
    refused = Seldom(_no_descriptors)
    # No access log: an address may carry a login link's token.
    runner = _Runner(
        app,
        connections,
        access_log=None,
        logger=_server_log(broken, clock),
        shutdown_timeout=STOP_S,
        handle_signals=False,
        max_line_size=LONGEST_ADDRESS,
    )
    await runner.setup()
    try:
        with _told_seldom(refused):
            await web.TCPSite(runner, host, port).start()
            started()
            while True:
                await asyncio.sleep(LOOK_S)
                connections.drop_overdue(now_s=clock())
                broken.tell(now_s=clock())
                refused.tell(now_s=clock())
    finally:
        await runner.cleanup()
