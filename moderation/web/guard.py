"""Who may act on the dashboard: sessions, and proof that a request was made by the dashboard's own page.

The order is of trust: first what the browser itself says of where the request comes from, then the session's token,
then the exact content type. All three stand before the handler, and before the address is even known to exist.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from moderation.settings import Settings
from moderation.web.middlewares import Handler, own_origins
from moderation.web.parts import PARTS
from moderation.web.problems import Problem

if TYPE_CHECKING:
    from moderation.login import Session

DASHBOARD = "/review"
LOGIN = "/review/login"
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105  the name of a header
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
FIELDS: web.RequestKey[Mapping[str, str]] = web.RequestKey("fields", Mapping)
BODY_S = 10.0
"""Seconds in which a body is to be here: its fields are a page's form, of a few hundred bytes."""
_BROKEN: Mapping[str, str] = {}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(settings: Settings) -> str:
    """The session cookie's name. The port is in it, since cookies do not keep two systems on one host apart."""
    return f"__Host-baithak-{settings.web_port}" if is_secure(settings) else f"baithak-{settings.web_port}"


def is_secure(settings: Settings) -> bool:
    """Whether readers and moderators reach us over https."""
    return settings.web_address().startswith("https://")


@web.middleware
async def refuse_forgeries(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a changing request on the dashboard through only if its own page made it. Raises Problem otherwise."""
    on_dashboard = request.path == DASHBOARD or request.path.startswith(f"{DASHBOARD}/")
    if not on_dashboard or request.method in _SAFE_METHODS:
        return await handler(request)
    settings = request.app[PARTS].settings
    cookie = request.cookies.get(cookie_name(settings))
    if not _came_from_here(request, settings, has_cookie=cookie is not None):
        raise Problem("forged_request")
    session = await _session_of(request) if request.path != LOGIN else None
    if session is None and request.path != LOGIN:
        raise Problem("forged_request")  # before a body is read that may be none
    fields = await _fields(request)
    if session is not None:
        given = request.headers.get(TOKEN_HEADER) or (fields or {}).get("csrf", "")
        # A header's bytes may be no UTF-8, and come as half characters then.
        if not hmac.compare_digest(given.encode(errors="replace"), session.csrf.encode()):
            raise Problem("forged_request")
    if fields is None:
        raise Problem("wrong_content_type", "send application/json or application/x-www-form-urlencoded")
    if fields is _BROKEN:
        raise Problem("bad_body", "send a form, or one JSON object")
    request[FIELDS] = fields
    return await handler(request)


def _came_from_here(request: web.Request, settings: Settings, *, has_cookie: bool) -> bool:
    site = request.headers.getall("Sec-Fetch-Site", [])
    origin = request.headers.getall("Origin", [])
    if len(site) > 1 or len(origin) > 1:
        return False
    if site and site[0] not in {"same-origin", "none"}:
        return False
    if origin and origin[0].lower() not in own_origins(request, settings):
        return False
    # A browser new enough to keep SameSite sends one of the two; without a cookie there is nothing to abuse.
    return bool(site or origin) or not has_cookie


async def _fields(request: web.Request) -> Mapping[str, str] | None:
    """The body's fields; _BROKEN where it is no JSON object, None where it is of a type no form of ours sends."""
    if request.content_type not in {FORM, JSON}:
        return None
    try:
        async with asyncio.timeout(BODY_S):
            body = await request.post() if request.content_type == FORM else json.loads(await request.text())
        if not isinstance(body, Mapping):
            return _BROKEN
        fields = {key: str(value) for key, value in body.items() if isinstance(value, str | int)}
        "".join(fields.values()).encode()  # half characters are none that anybody wrote
    except (ValueError, RecursionError, LookupError, TimeoutError):
        # LookupError: a charset nobody knows, or one that is none of texts, such as base64.
        return _BROKEN
    return fields


async def _session_of(request: web.Request) -> Session | None:
    parts = request.app[PARTS]
    cookie = request.cookies.get(cookie_name(parts.settings))
    return await parts.login.session(cookie, now=datetime.now(UTC)) if cookie else None


async def moderator_of(request: web.Request) -> Session:
    """The session of who asks, their role asked for now. Raises Problem `not_logged_in` or `not_allowed`."""
    session = await _session_of(request)
    if session is None:
        raise Problem("not_logged_in")
    if not await request.app[PARTS].roles.may_review(session.person):
        raise Problem("not_allowed")
    return session


def set_session(response: web.StreamResponse, settings: Settings, value: str, *, max_age_s: int) -> None:
    """Give the browser its session, out of reach of scripts and of other sites' requests."""
    response.set_cookie(
        cookie_name(settings),
        value,
        path="/",
        max_age=max_age_s,
        httponly=True,
        samesite="Lax",
        secure=is_secure(settings),
    )


def drop_session(response: web.StreamResponse, settings: Settings) -> None:
    """Take the session from the browser."""
    response.del_cookie(cookie_name(settings), path="/", httponly=True, samesite="Lax", secure=is_secure(settings))


def see_other(address: str) -> web.Response:
    """The way back to a page after a form."""
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def number(text: str, code: str) -> int:
    """A number that a database takes. Raises Problem with the code for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem(code)
    return int(text)
