"""What Prometheus is told: numbers only, never anybody's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from moderation.comment import CommentStatus
from moderation.queue import QueueSize
from moderation.switch import Switch, SwitchKind
from moderation.threads import Totals

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """One registry for one application; several applications in one process never share counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "baithak_http_requests_total",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "baithak_http_request_seconds", "Time to answer a request.", ("route",), registry=self._registry
        )
        self._streams = Gauge("baithak_streams_open", "Live streams open now.", registry=self._registry)

    def answered(self, *, route: str, method: str, status: int, seconds: float | None) -> None:
        """Count one answer. `seconds` is None for a live stream, whose length says nothing of our speed."""
        self._requests.labels(route, method, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(route).observe(seconds)

    def streams(self, number: int) -> None:
        """Note how many live streams are open."""
        self._streams.set(number)

    def exposition(self) -> bytes:
        """The counts of this process, in Prometheus' text format."""
        return generate_latest(self._registry)


def system_metrics(
    *, size: QueueSize | None, totals: Totals | None, switches: Sequence[Switch] | None, now: datetime
) -> bytes:
    """The state of the whole system as gauges. What can't be known now (None) is left out, never shown as zero."""
    registry = CollectorRegistry()

    def gauge(name: str, words: str, value: float) -> None:
        Gauge(name, words, registry=registry).set(value)

    gauge("baithak_redis_up", "Whether Redis answers.", size is not None)
    gauge("baithak_database_up", "Whether the database answers.", totals is not None)
    if size is not None:
        gauge("baithak_screening_queue_length", "Comments in the screening queue.", size.length)
        gauge("baithak_screening_queue_pending", "Comments a worker holds.", size.pending)
        gauge("baithak_screening_queue_dead", "Comments set aside as poison.", size.dead)
    if totals is not None:
        comments = Gauge("baithak_comments", "Comments by status.", ("status",), registry=registry)
        for status in CommentStatus:
            comments.labels(status.value).set(totals.by_status.get(status, 0))
        for name, oldest in (("received", totals.oldest_received), ("held", totals.oldest_held)):
            age_s = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
            gauge(f"baithak_oldest_{name}_seconds", f"Age of the oldest {name} comment.", age_s)
    if switches is not None:
        active = Gauge("baithak_switches_active", "Switches that are on.", ("kind",), registry=registry)
        for kind in SwitchKind:
            active.labels(kind.value).set(sum(switch.kind is kind for switch in switches))
    return generate_latest(registry)


METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)
