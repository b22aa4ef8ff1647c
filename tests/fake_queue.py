"""A screening queue in memory, for tests that are not about Redis; it passes the queue's own contract tests."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moderation.alarms import QueueSize
from moderation.errors import QueueUnavailable
from moderation.queue import Job


@dataclass
class Entry:
    """An entry: whose it is, since when, and how often it was handed out."""

    revision_id: int
    consumer: str | None = None
    since: float = 0.0
    deliveries: int = 0


@dataclass
class FakeQueue:
    """Behaves as ScreeningQueue does; `gone` makes every call fail as if Redis could not be reached."""

    at_most: int = 1000
    gone: bool = False
    forgotten: bool = True
    entries: dict[str, Entry] = field(default_factory=dict)
    buried: list[tuple[int, str]] = field(default_factory=list)
    buried_at: datetime | None = None
    lives: dict[str, str | None] = field(default_factory=dict)
    sweeps: dict[str, float] = field(default_factory=dict)
    acked: list[int] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def _reach(self) -> None:
        if self.gone:
            raise QueueUnavailable("gone")

    async def enqueue(self, revision_ids: Sequence[int]) -> int:
        self._reach()
        taken = revision_ids[: max(0, self.at_most - len(self.entries))]
        for revision_id in taken:
            self.entries[f"{next(self.numbers)}-0"] = Entry(revision_id)
        return len(taken)

    async def claim(self, consumer: str, *, wait_s: float, at_most: int) -> list[Job]:
        if not 0 <= wait_s < 5:
            raise ValueError("wait_s")
        ends = time.monotonic() + wait_s
        while True:
            self._reach()
            free = [key for key, entry in self.entries.items() if entry.consumer is None][:at_most]
            if free or time.monotonic() >= ends:
                return [self._hand_out(key, consumer) for key in free]
            await asyncio.sleep(0.001)

    def _hand_out(self, key: str, consumer: str) -> Job:
        entry = self.entries[key]
        entry.consumer, entry.since = consumer, time.monotonic()
        entry.deliveries += 1
        return Job(key, entry.revision_id, entry.deliveries)

    def age(self) -> None:
        """Whoever has something now has had it for ever."""
        for entry in self.entries.values():
            entry.since = float("-inf")

    async def reclaim(self, consumer: str, *, idle_s: float, at_most: int) -> list[Job]:
        self._reach()
        before = time.monotonic() - idle_s
        idle = [key for key, entry in self.entries.items() if entry.consumer is not None and entry.since <= before]
        if idle and self.entries[idle[0]].deliveries > 1:
            return [self._hand_out(idle[0], consumer)]
        return [self._hand_out(key, consumer) for key in idle[:at_most] if self.entries[key].deliveries == 1]

    async def touch(self, consumer: str, jobs: Sequence[Job]) -> None:
        self._reach()
        for job in jobs:
            if job.entry_id in self.entries:
                entry = self.entries[job.entry_id]
                entry.consumer, entry.since = consumer, time.monotonic()

    async def give_up(self, beginning: str) -> None:
        self._reach()
        for entry in self.entries.values():
            if entry.consumer is not None and entry.consumer.startswith(beginning):
                entry.since = float("-inf")

    async def ack(self, jobs: Sequence[Job]) -> None:
        self._reach()
        for job in jobs:
            self.entries.pop(job.entry_id, None)
            self.acked.append(job.revision_id)

    async def bury(self, job: Job, *, reason: str) -> None:
        self._reach()
        self.entries.pop(job.entry_id, None)
        self.buried.append((job.revision_id, reason))
        self.buried_at = datetime.now(UTC)

    async def lost(self, revision_ids: Sequence[int]) -> list[int]:
        self._reach()
        known = {entry.revision_id for entry in self.entries.values()}
        return [revision_id for revision_id in revision_ids if revision_id not in known]

    async def size(self) -> QueueSize:
        self._reach()
        pending = sum(1 for entry in self.entries.values() if entry.consumer is not None)
        return QueueSize(len(self.entries), pending, len(self.buried), self.buried_at)

    async def beat(self, consumer: str, *, model: str | None, ttl_s: float) -> None:
        self._reach()
        self.lives[consumer] = model

    async def workers(self) -> dict[str, str | None]:
        self._reach()
        return dict(self.lives)

    async def may_sweep(self, consumer: str, *, every_s: float) -> bool:
        self._reach()
        if self.sweeps and min(self.sweeps.values()) > time.monotonic():
            return False
        self.sweeps[consumer] = time.monotonic() + every_s
        return True

    async def has_forgotten(self) -> bool:
        self._reach()
        forgotten, self.forgotten = self.forgotten, False
        return forgotten

    async def leave(self, consumer: str) -> None:
        self._reach()
        self.lives.pop(consumer, None)
