"""The control API's other half: limits, faults, the clock, updates from outside, and counts."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.sandbox.asked import answer, flag, number, object_body, quantity, text
from bot.sandbox.clock import HIGHEST_SPEED, Clock
from bot.sandbox.errors import ControlError
from bot.sandbox.faults import SLOWEST_MS, Fault, Faults
from bot.sandbox.given import GivenUpdates
from bot.sandbox.limits import Limits, LimitSettings
from bot.sandbox.state import Json
from bot.sandbox.stats import Stats
from bot.sandbox.updates import UpdateQueue
from bot.sandbox.webhook import Webhooks

LIMIT_FIELDS = frozenset(LimitSettings.__dataclass_fields__)
FAULT_FIELDS = frozenset(Fault.__dataclass_fields__)


class Conditions:
    """What a program may change about the world the bot lives in."""

    def __init__(
        self,
        *,
        clock: Clock,
        limits: Limits,
        faults: Faults,
        stats: Stats,
        updates: UpdateQueue,
        webhooks: Webhooks,
        given: GivenUpdates,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._faults = faults
        self._stats = stats
        self._updates = updates
        self._webhooks = webhooks
        self._given = given

    def routes(self) -> list[web.RouteDef]:
        """Where each is."""
        return [
            web.get("/control/limits", self._get_limits),
            web.put("/control/limits", self._put_limits),
            web.get("/control/faults", self._get_faults),
            web.put("/control/faults", self._put_faults),
            web.get("/control/stats", self._get_stats),
            web.delete("/control/stats", self._reset_stats),
            web.get("/control/clock", self._get_clock),
            web.put("/control/clock", self._put_clock),
            web.post("/control/updates", self._give_update),
        ]

    async def _get_limits(self, request: web.Request) -> web.Response:
        return answer(self._limits.settings.shown())

    async def _put_limits(self, request: web.Request) -> web.Response:
        body = await object_body(request)
        _only(body, LIMIT_FIELDS)
        former = self._limits.settings
        try:
            settings = LimitSettings(
                enabled=flag(body, "enabled", former.enabled),
                model=text(body, "model", former.model),
                overall_per_s=number(body, "overall_per_s", former.overall_per_s) or 0,
                chat_per_s=quantity(body, "chat_per_s", former.chat_per_s),
                chat_burst=number(body, "chat_burst", former.chat_burst) or 0,
                group_per_min=number(body, "group_per_min", former.group_per_min) or 0,
                edits=flag(body, "edits", former.edits),
            )
        except ValueError as error:
            raise ControlError(400, str(error)) from None
        self._limits.use(settings)
        return answer(settings.shown())

    async def _get_faults(self, request: web.Request) -> web.Response:
        return answer({"faults": [fault.shown() for fault in self._faults.faults]})

    async def _put_faults(self, request: web.Request) -> web.Response:
        body = await object_body(request)
        _only(body, frozenset({"faults", "seed"}))
        given = body.get("faults", [])
        if not isinstance(given, list) or not all(isinstance(fault, dict) for fault in given):
            raise ControlError(400, "faults is a list of objects")
        faults = [_fault(fault) for fault in given]
        self._faults.play(faults, seed=number(body, "seed", None))
        return await self._get_faults(request)

    async def _get_stats(self, request: web.Request) -> web.Response:
        updates = {
            "queued": self._updates.added,
            "pending": self._updates.pending_count,
            "polling": self._updates.polling,
            "by_webhook": self._webhooks.delivered,
        }
        return answer({**self._stats.shown(), "now": self._clock.now(), "updates": updates})

    async def _reset_stats(self, request: web.Request) -> web.Response:
        self._stats.reset(self._clock.now())
        return await self._get_stats(request)

    async def _get_clock(self, request: web.Request) -> web.Response:
        return answer({"now": self._clock.now(), "speed": self._clock.speed})

    async def _put_clock(self, request: web.Request) -> web.Response:
        body = await object_body(request)
        _only(body, frozenset({"now", "speed"}))
        now = quantity(body, "now", 0.0, at_most=2.0**31 - 1) if "now" in body else None
        speed = quantity(body, "speed", 1.0, at_most=HIGHEST_SPEED) if "speed" in body else None
        self._clock.set(now=now, speed=speed)
        return await self._get_clock(request)

    async def _give_update(self, request: web.Request) -> web.Response:
        return answer({"update_id": self._given.give(await object_body(request))})


def _only(body: Json, known: frozenset[str]) -> None:
    unknown = sorted(body.keys() - known)
    if unknown:
        raise ControlError(400, f"unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _fault(body: Json) -> Fault:
    _only(body, FAULT_FIELDS)
    methods = body.get("methods", [])
    if not isinstance(methods, list) or not all(isinstance(method, str) for method in methods):
        raise ControlError(400, "methods is a list of method names; empty means all")
    try:
        return Fault(
            kind=text(body, "kind"),
            methods=frozenset(method.lower() for method in methods),
            rate=quantity(body, "rate", 1.0, at_most=1.0),
            count=number(body, "count", None, least=0),
            ms=_milliseconds(body.get("ms", 0)),
            code=number(body, "code", 500) or 0,
        )
    except ValueError as error:
        raise ControlError(400, str(error)) from None


def _milliseconds(value: Any) -> tuple[float, float]:
    pair = value if isinstance(value, list) else [value, value]
    if len(pair) != 2 or not all(isinstance(one, (int, float)) and 0 <= one <= SLOWEST_MS for one in pair):
        raise ControlError(400, f"ms is a number in 0..{SLOWEST_MS:g}, or two: the median and the 99th percentile")
    return float(pair[0]), float(pair[1])
