"""What is wrong with the system, decided from what was measured of it and from the bounds that were set. Pure.

    health.Health.look → Vitals ─┐
                     Bounds ─────┴─→ find → Seen: the alarms that stand, and what nothing can be known about

Does not gather, does not tell anybody, and remembers nothing: a fault that comes and goes comes and goes here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from moderation.settings import Settings

DATABASE, REDIS, WORKERS, MODEL = "database", "redis", "workers", "model"
UNDECIDED, HELD, QUEUE, DEAD_LETTERS, DISK = "undecided", "held", "queue", "dead_letters", "disk"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many revisions wait for the machine and how many for moderators, and since when the oldest of each."""

    received: int = 0
    oldest_received: datetime | None = None
    held: int = 0
    oldest_held: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueueSize:
    """`length` counts all entries, `pending` those handed out and not acknowledged, `dead` the dead letters."""

    length: int
    pending: int
    dead: int
    newest_dead: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of the disk that the data directory is on."""

    free: int
    total: int

    @property
    def free_percent(self) -> float:
        """How much of it is free, 0..100."""
        return 100 * self.free / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Vitals:
    """What was measured at one moment. None, and no workers for `workers`, are two things: not known, and none."""

    at: datetime
    database: bool
    redis: bool
    waiting: Waiting | None = None
    queue: QueueSize | None = None
    workers: Mapping[str, str | None] | None = None
    disk: Disk | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a measure becomes an alarm; 0 switches that alarm off."""

    undecided_s: float
    held_s: float
    queue_length: int
    dead_letter_s: float
    disk_free_percent: float

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        """The bounds that the settings give."""
        return cls(
            undecided_s=settings.alarm_undecided_s,
            held_s=settings.alarm_held_s,
            queue_length=settings.alarm_queue_length,
            dead_letter_s=settings.alarm_dead_letter_s,
            disk_free_percent=settings.alarm_disk_free_percent,
        )


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person has to see to. `about` tells two of one name apart, `figures` are what its text says."""

    name: str
    about: str = ""
    figures: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found: the names it was about, the alarms that stand, and the names nothing can be known about."""

    names: tuple[str, ...] = ()
    standing: tuple[Alarm, ...] = ()
    unknown: frozenset[str] = frozenset()

    def __or__(self, other: Seen) -> Seen:
        """Both together."""
        return Seen(self.names + other.names, self.standing + other.standing, self.unknown | other.unknown)


def find(vitals: Vitals, bounds: Bounds) -> Seen:
    """What is wrong, the worst first."""
    standing: list[Alarm] = []
    unknown = set()
    for name, check in CHECKS.items():
        figures = check(vitals, bounds)
        if figures is None:
            unknown.add(name)
        elif figures:
            standing.append(Alarm(name, figures=figures))
    return Seen(tuple(CHECKS), tuple(standing), frozenset(unknown))


Figures = Mapping[str, int | str]
"""What an alarm's text says; empty where there is no alarm."""

WRONG: Figures = {"wrong": 1}
"""The figures of an alarm that has none: it is so, and that is all."""


def age_s(since: datetime | None, now: datetime) -> int:
    """Whole seconds that something has lasted; 0 for what never began, or what another machine's clock has ahead."""
    return 0 if since is None else max(0, int((now - since).total_seconds()))


def _database(vitals: Vitals, _bounds: Bounds) -> Figures:
    return {} if vitals.database else WRONG


def _redis(vitals: Vitals, _bounds: Bounds) -> Figures:
    return {} if vitals.redis else WRONG


def _workers(vitals: Vitals, _bounds: Bounds) -> Figures | None:
    if vitals.workers is None:
        return None
    return {} if vitals.workers else WRONG


def _model(vitals: Vitals, _bounds: Bounds) -> Figures | None:
    """Also where only some workers have none: what those take is held, however good the others' models are."""
    if not vitals.workers:
        return None
    without = sum(1 for model in vitals.workers.values() if model is None)
    return {"without": without, "workers": len(vitals.workers)} if without else {}


def _undecided(vitals: Vitals, bounds: Bounds) -> Figures | None:
    if not bounds.undecided_s:
        return {}
    if vitals.waiting is None:
        return None
    waited_s = age_s(vitals.waiting.oldest_received, vitals.at)
    return {"received": vitals.waiting.received, "waited_s": waited_s} if waited_s > bounds.undecided_s else {}


def _held(vitals: Vitals, bounds: Bounds) -> Figures | None:
    if not bounds.held_s:
        return {}
    if vitals.waiting is None:
        return None
    waited_s = age_s(vitals.waiting.oldest_held, vitals.at)
    return {"held": vitals.waiting.held, "waited_s": waited_s} if waited_s > bounds.held_s else {}


def _queue(vitals: Vitals, bounds: Bounds) -> Figures | None:
    if not bounds.queue_length:
        return {}
    if vitals.queue is None:
        return None
    return {"length": vitals.queue.length} if vitals.queue.length > bounds.queue_length else {}


def _dead_letters(vitals: Vitals, bounds: Bounds) -> Figures | None:
    """While the newest one is news: they are kept for an operator to read, and an old one is nobody's emergency."""
    if not bounds.dead_letter_s:
        return {}
    if vitals.queue is None:
        return None
    newest = vitals.queue.newest_dead
    if newest is None or age_s(newest, vitals.at) >= bounds.dead_letter_s:
        return {}
    return {"dead": vitals.queue.dead, "waited_s": age_s(newest, vitals.at)}


def _disk(vitals: Vitals, bounds: Bounds) -> Figures | None:
    if not bounds.disk_free_percent:
        return {}
    if vitals.disk is None:
        return None
    percent = vitals.disk.free_percent
    return {"percent": int(percent), "mb": vitals.disk.free // 2**20} if percent < bounds.disk_free_percent else {}


CHECKS: Mapping[str, Callable[[Vitals, Bounds], Figures | None]] = {
    # without these two nothing else is known
    DATABASE: _database,
    REDIS: _redis,
    # why comments are not decided, before the comments that wait for it
    WORKERS: _workers,
    MODEL: _model,
    DISK: _disk,
    UNDECIDED: _undecided,
    QUEUE: _queue,
    DEAD_LETTERS: _dead_letters,
    # moderators' own, last
    HELD: _held,
}
"""Each alarm's name with what finds it: figures where it stands, nothing where not, None where it can't be known."""
