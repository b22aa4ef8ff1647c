"""Alive, ready, and the metrics."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from moderation.alarms import Bounds, Vitals, find
from moderation.health import within
from moderation.web.metrics import CONTENT_TYPE, METRICS, system_metrics
from moderation.web.parts import PARTS, FrontHealth, WebParts
from moderation.web.routes import json_answer
from moderation.web.schemas import Alive, Readiness

COUNTED_S = 60.0
"""Seconds the number of comments in each status is told on before they are counted anew: that reads them all."""


async def alive(_request: web.Request, _query: Any) -> Alive:
    """The process answers; says nothing of anything it depends on."""
    return Alive(alive=True)


async def ready(request: web.Request, _query: Any) -> web.Response:
    """Each dependency by name; 503 unless the whole way of a comment works."""
    answer = await readiness(request.app[PARTS])
    return json_answer(answer, status=200 if answer.ready else 503)


async def readiness(parts: WebParts) -> Readiness:
    """What each thing the system depends on says now, within a few seconds whatever hangs."""
    vitals, front = await _look(parts)
    workers = vitals.workers
    if workers is None:
        worker = classifier = "unknown while Redis can't be reached"
    else:
        worker = "ok" if workers else "none is running"
        usable = any(workers.values())
        missing = "no worker has a usable model; every comment is held" if workers else "unknown while no worker runs"
        classifier = "ok" if usable else missing
    seen = find(vitals, Bounds.of(parts.settings)) | front.seen
    return Readiness(
        ready=vitals.database and vitals.redis and worker == classifier == "ok",
        database=_reached(vitals.database),
        redis=_reached(vitals.redis),
        worker=worker,
        classifier=classifier,
        alarms=[f"{alarm.name} {alarm.about}".rstrip() for alarm in seen.standing],
        **front.states,
    )


def _reached(answers: bool) -> str:
    return "ok" if answers else "can't be reached"


async def metrics(request: web.Request, _query: Any) -> web.Response:
    """The system's state and this process's counts, for Prometheus."""
    parts = request.app[PARTS]
    (vitals, front), by_status, switches = await asyncio.gather(
        _look(parts), within(parts.threads.by_status(old_s=COUNTED_S)), within(parts.switches.active())
    )
    seen = find(vitals, Bounds.of(parts.settings)) | front.seen
    state = system_metrics(vitals, by_status=by_status, switches=switches, seen=seen, front=front.gauges)
    body = state + request.app[METRICS].exposition()
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})


async def _look(parts: WebParts) -> tuple[Vitals, FrontHealth]:
    return await asyncio.gather(parts.health.look(), parts.front())
