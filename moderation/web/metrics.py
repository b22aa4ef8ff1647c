"""What Prometheus is told: numbers only, never anybody's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from moderation.alarms import Seen, Vitals, age_s
from moderation.comment import CommentStatus
from moderation.switch import Switch, SwitchKind
from moderation.web.parts import FrontGauge

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
    vitals: Vitals,
    *,
    by_status: Mapping[CommentStatus, int] | None,
    switches: Sequence[Switch] | None,
    seen: Seen,
    front: Sequence[FrontGauge] = (),
) -> bytes:
    """The state of the whole system as gauges. What can't be known now (None) is left out, never shown as zero."""
    registry = CollectorRegistry()

    def gauge(name: str, words: str, value: float) -> None:
        Gauge(name, words, registry=registry).set(value)

    gauge("baithak_redis_up", "Whether Redis answers.", vitals.redis)
    gauge("baithak_database_up", "Whether the database answers.", vitals.database)
    if vitals.workers is not None:
        usable = sum(model is not None for model in vitals.workers.values())
        gauge("baithak_workers", "Workers alive.", len(vitals.workers))
        gauge("baithak_workers_with_model", "Workers alive with a usable model.", usable)
    if vitals.queue is not None:
        gauge("baithak_screening_queue_length", "Comments in the screening queue.", vitals.queue.length)
        gauge("baithak_screening_queue_pending", "Comments a worker holds.", vitals.queue.pending)
        gauge("baithak_screening_queue_dead", "Comments set aside as poison.", vitals.queue.dead)
    if vitals.waiting is not None:
        oldest_received, oldest_held = vitals.waiting.oldest_received, vitals.waiting.oldest_held
        gauge(
            "baithak_oldest_received_seconds", "Age of the oldest received comment.", age_s(oldest_received, vitals.at)
        )
        gauge("baithak_oldest_held_seconds", "Age of the oldest held comment.", age_s(oldest_held, vitals.at))
    if vitals.disk is not None:
        gauge("baithak_disk_free_bytes", "Free disk at the data directory.", vitals.disk.free)
        gauge("baithak_disk_bytes", "Size of that disk.", vitals.disk.total)
    if by_status is not None:
        comments = Gauge("baithak_comments", "Comments by status.", ("status",), registry=registry)
        for status in CommentStatus:
            comments.labels(status.value).set(by_status.get(status, 0))
    if switches is not None:
        active = Gauge("baithak_switches_active", "Switches that are on.", ("kind",), registry=registry)
        for kind in SwitchKind:
            active.labels(kind.value).set(sum(switch.kind is kind for switch in switches))
    _add_alarms(seen, registry)
    _add_front(front, registry)
    return generate_latest(registry)


def _add_alarms(seen: Seen, registry: CollectorRegistry) -> None:
    """How many alarms of each name stand; names about which nothing can be known are left out."""
    counts = dict.fromkeys(seen.names, 0)
    for alarm in seen.standing:
        counts[alarm.name] += 1
    alarms = Gauge("baithak_alarms", "Alarms that stand.", ("alarm",), registry=registry)
    for name, count in counts.items():
        if name not in seen.unknown:
            alarms.labels(name).set(count)


def _add_front(front: Sequence[FrontGauge], registry: CollectorRegistry) -> None:
    made: dict[str, Gauge] = {}
    for one in front:
        if one.name not in made:
            made[one.name] = Gauge(one.name, one.words, tuple(one.labels), registry=registry)
        (made[one.name].labels(**one.labels) if one.labels else made[one.name]).set(one.value)


METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)
