"""dramatiq: threads, a list and a hash. Tasks of a worker without heartbeats are given back by chance now and then."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Sequence
from typing import Any

from benchmarks.queue.adapters import RECOVERY_S, Adapter
from benchmarks.queue.work import Work

THREADS = 2
PREFETCH = 64
MAINTENANCE_IN_A_MILLION = 50_000


class Queue(Adapter):
    """Tuned: 2 threads (8), 64 tasks fetched ahead (two a thread), only the middleware that tries again; a worker is
    dead after 5 s (60), looked for at one command in 20 (1,000)."""

    def _broker(self) -> Any:
        redis: Any = importlib.import_module("dramatiq.brokers.redis")
        options: dict[str, Any] = {}
        if self.tuned:
            middleware: Any = importlib.import_module("dramatiq.middleware")
            options = {
                "middleware": [middleware.Retries()],
                "heartbeat_timeout": RECOVERY_S * 1000,
                "maintenance_chance": MAINTENANCE_IN_A_MILLION,
            }
        return redis.RedisBroker(url=self.address, **options)

    def _actor(self, broker: Any, work: Work | None) -> Any:
        dramatiq: Any = importlib.import_module("dramatiq")

        def score(ids: list[int]) -> None:
            if work is not None:
                work.do(ids)

        return dramatiq.actor(score, broker=broker)

    def serve(self, work: Work) -> None:
        options = {}
        if self.tuned:
            os.environ["dramatiq_queue_prefetch"] = str(PREFETCH)  # noqa: SIM112 - its own spelling
            options = {"worker_threads": THREADS}
        dramatiq: Any = importlib.import_module("dramatiq")
        broker = self._broker()
        self._actor(broker, work)
        worker = dramatiq.Worker(broker, **options)
        worker.start()
        work.ready()
        threading.Event().wait()

    async def open(self) -> None:
        self._broker_here = self._broker()
        self._score = self._actor(self._broker_here, None)

    async def add(self, ids: Sequence[int]) -> None:
        self._score.send(list(ids))

    async def close(self) -> None:
        self._broker_here.close()
