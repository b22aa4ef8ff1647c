"""What stands around every handler: counting, errors told as problems, the limit per address, and the headers."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from moderation.database import is_passing
from moderation.errors import QueueUnavailable
from moderation.settings import Settings
from moderation.web.limiter import AddressLimiter, client_address
from moderation.web.metrics import METRICS
from moderation.web.problems import Problem

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PUBLIC_PREFIXES = ("/api/", "/feeds/", "/embed.", "/openapi.json")
"""Where any site may read with a browser: published things only, and never with credentials."""

UNLIMITED_PREFIXES = ("/healthz", "/readyz", "/metrics", "/telegram/", "/static/", "/demo/", "/review")
"""Not counted against an address: probes, Telegram's own calls, files, and the dashboard, which asks for a login."""

STRICT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@web.middleware
async def count_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the answer under its route's name: an address as asked would make a metric for each stranger's guess."""
    started = time.monotonic()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        route = request.match_info.route.name or "unknown"
        seconds = None if route == "stream" else time.monotonic() - started
        request.app[METRICS].answered(route=route, method=request.method, status=status, seconds=seconds)


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem document. Never shows or logs what was sent, nor a traceback's text."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPMethodNotAllowed as error:
        allow = ", ".join(sorted(error.allowed_methods))
        return Problem("method_not_allowed", headers={"Allow": allow}).response()
    except web.HTTPRequestEntityTooLarge:
        return Problem("too_large").response()
    except web.RequestPayloadError:
        return Problem("bad_body").response()
    except web.HTTPNotFound:
        return Problem("not_found").response()
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return Problem("bad_query" if error.status < 500 else "broken").response()
    except (ConnectionResetError, QueueUnavailable):
        return _unavailable()
    except Exception as error:
        passing = is_passing(error)
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        log.error(
            "request failed",
            route=request.match_info.route.name,
            error=type(error).__name__,
            at=[f"{frame.name}:{frame.lineno}" for frame in frames],
        )
        return _unavailable() if passing else Problem("broken").response()


def _unavailable() -> web.Response:
    return Problem("unavailable", headers={"Retry-After": "2"}).response()


def limit_addresses(settings: Settings) -> Middleware:
    """The middleware that refuses an address asking too often, with Retry-After."""
    limiter = AddressLimiter(per_minute=settings.api_per_minute)
    trusted = frozenset(settings.trusted_proxies)

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(UNLIMITED_PREFIXES) and not request.path.startswith("/review/login"):
            return await handler(request)
        peer = request.transport.get_extra_info("peername") if request.transport else None
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
        address = client_address(peer[0] if peer else None, forwarded, trusted=trusted)
        wait_s = limiter.wait_s(address, now_s=time.monotonic())
        if wait_s:
            raise Problem("rate_limited", headers={"Retry-After": str(math.ceil(wait_s))})
        return await handler(request)

    return limit


def set_headers(settings: Settings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """The signal that puts the security headers on every answer just before it leaves."""
    any_origin = "*" in settings.embed_origins
    allowed = frozenset(origin.rstrip("/").lower() for origin in settings.embed_origins)

    async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        # same-origin, not no-referrer: under the latter browsers send `Origin: null` with our own forms.
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Content-Security-Policy", PAGE_POLICY if is_page(response) else STRICT_POLICY)
        if "Server" in headers:
            del headers["Server"]
        if not request.path.startswith(PUBLIC_PREFIXES):
            headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
            return
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if any_origin:
            headers["Access-Control-Allow-Origin"] = "*"
            return
        headers["Vary"] = "Origin"
        origin = request.headers.get("Origin", "")
        if origin.lower() in allowed:
            headers["Access-Control-Allow-Origin"] = origin

    return on_prepare


def is_page(response: web.StreamResponse) -> bool:
    """Whether a browser will show this as a page of ours."""
    return response.content_type == "text/html"


def own_origins(request: web.Request, settings: Settings) -> Sequence[str]:
    """The origins under which a browser may rightly have loaded our pages."""
    public = urlsplit(settings.web_address())
    return (f"{public.scheme}://{public.netloc}".lower(), f"{request.scheme}://{request.host}".lower())
