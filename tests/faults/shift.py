"""A shift of workers in this process, with what they stand on within reach, and comments for them by the thousand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from moderation import enforcement
from moderation.outcomes import Outcomes
from moderation.queue import Job, ScreeningQueue
from moderation.store import Arrival, Store
from moderation.sweeper import Sweeper
from moderation.worker import Pace, Worker
from tests.builders import TERMS, policy, submission
from tests.fake_classifier import FakeClassifier

QUEUE_AT_MOST = 50_000


def now() -> datetime:
    """The time it is."""
    return datetime.now(UTC)


class Keeper:
    """A classifier that is always in use."""

    def __init__(self, classifier: Any) -> None:
        self.classifier = classifier

    async def refresh(self) -> None:
        """Nothing to refresh."""


class CountingQueue(ScreeningQueue):
    """The screening queue, with a count of the jobs that were handed out again."""

    def __init__(self, redis: Redis, *, touches: bool = True) -> None:
        super().__init__(redis, at_most=QUEUE_AT_MOST)
        self.again = 0
        self._touches = touches

    async def reclaim(self, consumer: str, *, idle_s: float, at_most: int) -> list[Job]:
        """As the real one."""
        jobs = await super().reclaim(consumer, idle_s=idle_s, at_most=at_most)
        self.again += len(jobs)
        return jobs

    async def touch(self, consumer: str, jobs: Sequence[Job]) -> None:
        """As the real one, or as that of a worker that stands still."""
        if self._touches:
            await super().touch(consumer, jobs)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a shift works; what a test does not name is quick."""

    workers: int = 2
    keeper: Any = field(default_factory=lambda: Keeper(FakeClassifier()))
    batch_at_most: int = 64
    retry_after_s: float = 1.0
    sweeps: bool = True
    touches: bool = True
    clock: Callable[[], datetime] = now


@dataclass(frozen=True, slots=True)
class Shift:
    """Workers at work."""

    store: Store
    queues: list[CountingQueue]

    @property
    def handed_out_again(self) -> int:
        """Jobs that somebody took over from another."""
        return sum(queue.again for queue in self.queues)

    async def decided(self, *, within_s: float = 60) -> None:
        """Return once nothing waits any more."""
        async with asyncio.timeout(within_s):
            while await waiting(self.store):
                await asyncio.sleep(0.05)


async def waiting(store: Store) -> list[int]:
    """Every revision nobody decided yet."""
    return await store.unscreened(older_than=now() + timedelta(days=36_500), limit=1_000_000)


@contextlib.asynccontextmanager
async def working(store: Store, connect: Callable[[], Redis], manner: Manner | None = None) -> AsyncIterator[Shift]:
    """A shift at work while the block lasts; each worker and the sweeper has a connection of its own."""
    manner = manner or Manner()
    clients = [connect() for _ in range(manner.workers + 1)]
    queues = [CountingQueue(client, touches=manner.touches) for client in clients]
    stop = asyncio.Event()
    tasks = [
        asyncio.create_task(_worker(store, queue, client, manner, name=f"w{at}").run(stop))
        for at, (queue, client) in enumerate(zip(queues[1:], clients[1:], strict=True))
    ]
    if manner.sweeps:
        sweeper = Sweeper(
            store=store, queue=queues[0], consumer="sweeper", every_s=0.2, older_s=0.3, clock=manner.clock
        )
        tasks.append(asyncio.create_task(sweeper.run(stop)))  # type: ignore[arg-type]  # ends with None
    try:
        yield Shift(store, queues)
    finally:
        stop.set()
        await asyncio.gather(*tasks)
        for client in clients:
            await client.aclose()


def _worker(store: Store, queue: ScreeningQueue, client: Redis, manner: Manner, *, name: str) -> Worker:
    return Worker(
        store=store,
        queue=queue,
        outcomes=Outcomes(store, client),
        keeper=manner.keeper,
        policy=policy(),
        pace=Pace(
            batch_at_most=manner.batch_at_most,
            retry_after_s=manner.retry_after_s,
            deliveries_at_most=3,
            screen_timeout_s=60,
        ),
        consumer=name,
        clock=manner.clock,
    )


async def receive_many(store: Store, count: int, *, at: datetime | None = None) -> list[int]:
    """So many received comments in one transaction, none of them queued; their revisions."""
    at = at or now()
    arrivals = [
        Arrival(
            submission(author=f"test:{number % 1000}", text=f"Paragraph {number} deserves an answer."), f"{number}", at
        )
        for number in range(count)
    ]
    async with store.change() as change:
        admitted = await enforcement.admit(change, arrivals, terms=TERMS)
    return [revision_id for _, revision_id in admitted.values()]
