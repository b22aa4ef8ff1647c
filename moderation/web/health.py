"""Alive, ready, and the metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from aiohttp import web

from moderation.web.metrics import CONTENT_TYPE, METRICS, system_metrics
from moderation.web.parts import PARTS, WebParts
from moderation.web.routes import json_answer
from moderation.web.schemas import Alive, Readiness

T = TypeVar("T")

PROBE_S = 2.0
"""Seconds a dependency has to answer a probe; a probe that hangs would itself be the outage."""


async def alive(_request: web.Request, _query: Any) -> Alive:
    """The process answers; says nothing of anything it depends on."""
    return Alive(alive=True)


async def ready(request: web.Request, _query: Any) -> web.Response:
    """Each dependency by name; 503 unless the whole way of a comment works."""
    answer = await readiness(request.app[PARTS])
    return json_answer(answer, status=200 if answer.ready else 503)


async def readiness(parts: WebParts) -> Readiness:
    """What each thing the system depends on says now, within a few seconds whatever hangs."""
    database, workers = await asyncio.gather(_database(parts), _within(parts.queue.workers()))
    redis = "ok" if workers is not None else "can't be reached"
    if workers is None:
        worker = classifier = "unknown while Redis can't be reached"
    else:
        worker = "ok" if workers else "none is running"
        usable = any(workers.values())
        missing = "no worker has a usable model; every comment is held" if workers else "unknown while no worker runs"
        classifier = "ok" if usable else missing
    return Readiness(
        ready=database == redis == worker == classifier == "ok",
        database=database,
        redis=redis,
        worker=worker,
        classifier=classifier,
    )


async def _database(parts: WebParts) -> str:
    async def ask() -> bool:
        async with parts.database.read() as connection:
            await connection.execute(sa.text("SELECT 1"))
        return True

    return "ok" if await _within(ask()) else "can't be reached"


async def _within(asked: Awaitable[T]) -> T | None:
    """The answer, or None where it fails or does not come in PROBE_S."""
    try:
        async with asyncio.timeout(PROBE_S):
            return await asked
    except Exception:
        # Whatever a driver raises, the probe's answer is the same: it can't be reached.
        return None


async def metrics(request: web.Request, _query: Any) -> web.Response:
    """The system's state and this process's counts, for Prometheus."""
    parts = request.app[PARTS]
    size, totals, switches = await asyncio.gather(
        _within(parts.queue.size()), _within(parts.threads.totals()), _within(parts.switches.active())
    )
    state = system_metrics(size=size, totals=totals, switches=switches, now=datetime.now(UTC))
    body = state + request.app[METRICS].exposition()
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})
