"""The web application: the table of routes, and what stands around them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from moderation.web import assets, atom, comments, dashboard, health, openapi, pages, stream
from moderation.web.metrics import METRICS, Metrics
from moderation.web.middlewares import count_requests, limit_addresses, set_headers, tell_problems
from moderation.web.parts import PARTS, WebParts
from moderation.web.routes import OPERATORS, Route, add_routes
from moderation.web.schemas import Alive, CommentsPage, CommentsQuery, Counts, CountsQuery, Place, Readiness, StoryQuery

BODY_AT_MOST = 1024 * 1024
"""Bytes of the largest body taken; an update from Telegram is far below."""

PUBLIC_ROUTES = (
    Route(
        "GET",
        "/api/v1/comments",
        "comments",
        "Published comments of a story.",
        comments.list_comments,
        query=CommentsQuery,
        answer=CommentsPage,
        problems=("missing_story", "bad_story", "bad_sort", "bad_limit", "bad_cursor", "unknown_story", "unavailable"),
    ),
    Route(
        "GET",
        "/api/v1/comments/counts",
        "counts",
        "How many comments are published under each story.",
        comments.count_comments,
        query=CountsQuery,
        answer=Counts,
        problems=("missing_story", "bad_story", "unavailable"),
    ),
    Route(
        "GET",
        "/api/v1/comments/stream",
        "stream",
        "Server-sent events `published`, `edited` and `removed`, each with the comment; `state` of the story.",
        stream.stream_comments,
        query=StoryQuery,
        media="text/event-stream",
        problems=("missing_story", "bad_story", "unknown_story", "too_many_streams", "unavailable"),
    ),
    Route(
        "GET",
        "/feeds/comments.atom",
        "atom",
        "The newest published comments as Atom.",
        atom.comments_feed,
        media="application/atom+xml",
        problems=("unavailable",),
    ),
    Route(
        "GET",
        "/embed.json",
        "place",
        "What the widget shows of a story beside its comments.",
        comments.story_place,
        query=StoryQuery,
        answer=Place,
        problems=("missing_story", "bad_story", "unknown_story", "unavailable"),
    ),
    Route("GET", "/embed.js", "embed", "The widget, for a script tag.", assets.embed_script, media="text/javascript"),
)

OPERATORS_ROUTES = (
    Route("GET", "/healthz", "alive", "Whether the process answers.", health.alive, answer=Alive, tag=OPERATORS),
    Route(
        "GET",
        "/readyz",
        "ready",
        "Whether the system can work, each dependency named.",
        health.ready,
        answer=Readiness,
        statuses=(200, 503),
        tag=OPERATORS,
    ),
    Route("GET", "/metrics", "metrics", "Metrics for Prometheus.", health.metrics, media="text/plain", tag=OPERATORS),
)

PAGE_ROUTES = (
    Route("GET", "/static/{name}", "static", "Files of the pages.", assets.static_file, listed=False),
    Route("GET", "/docs", "docs", "This document, for people.", pages.docs, listed=False),
    Route("GET", "/terms", "terms", "The terms.", pages.terms, listed=False),
    Route("GET", "/terms/{language}", "terms_in", "The terms in one language.", pages.terms, listed=False),
)


def create_app(
    parts: WebParts,
    extra: Sequence[Route] = (),
    *,
    static: Sequence[Path] = (),
    templates: Sequence[Path] = (),
) -> web.Application:
    """The application of `parts`, with another package's routes, files and templates mounted beside its own."""
    app = web.Application(
        middlewares=[count_requests, tell_problems, limit_addresses(parts.settings), dashboard.refuse_forgeries],
        client_max_size=BODY_AT_MOST,
    )
    files = assets.read_assets(assets.HERE / "static", *static)
    app[PARTS] = parts
    app[METRICS] = Metrics()
    app[assets.ASSETS] = files
    app[assets.TEMPLATES] = assets.templates(files, *templates)
    app[stream.LIVE] = stream.Live(parts.outcomes, parts.threads, parts.switches)
    routes = (*extra, *PUBLIC_ROUTES, *OPERATORS_ROUTES, *PAGE_ROUTES, *dashboard.ROUTES)
    app[pages.DOCUMENT] = openapi.document(routes, address=parts.settings.web_address())
    add_routes(app, (*routes, Route("GET", "/openapi.json", "openapi", "This API.", _document, listed=False)))
    app.on_response_prepare.append(set_headers(parts.settings))
    app.cleanup_ctx.append(_follow)
    app.on_shutdown.append(_close_streams)
    return app


async def _document(request: web.Request, _query: Any) -> web.Response:
    return web.Response(text=json.dumps(request.app[pages.DOCUMENT], indent=1), content_type="application/json")


async def _follow(app: web.Application) -> AsyncIterator[None]:
    following = asyncio.create_task(app[stream.LIVE].run(), name="live stream")
    yield
    while not following.done():
        # Asked again and again: a cancellation that reaches the Redis client while it connects comes out of it as a
        # ConnectionError, and is gone.
        following.cancel()
        await asyncio.wait({following}, timeout=0.1)


async def _close_streams(app: web.Application) -> None:
    app[stream.LIVE].close()
