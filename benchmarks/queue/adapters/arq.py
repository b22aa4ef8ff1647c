"""arq: a sorted set that the worker looks at now and then, and a key for each job."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from benchmarks.queue.adapters import RECOVERY_S, Adapter, faster_loop
from benchmarks.queue.work import Work

AT_ONCE = 64
POLL_S = 0.01


class Queue(Adapter):
    """Tuned: 64 jobs at once (10), a look every 10 ms (500), uvloop, results not kept; a time-out of 5 s (300)."""

    def serve(self, work: Work) -> None:
        if self.tuned:
            faster_loop()
        worker: Any = importlib.import_module("arq.worker")

        async def score(context: Any, ids: list[int]) -> None:
            work.do(ids)

        options: dict[str, Any] = {}
        if self.tuned:
            options = {"max_jobs": AT_ONCE, "poll_delay": POLL_S, "keep_result": 0, "job_timeout": RECOVERY_S}
        function = worker.func(score, name="score")
        made = worker.Worker(functions=[function], redis_settings=self._settings(), **options)
        work.ready()
        made.run()

    def _settings(self) -> Any:
        connections: Any = importlib.import_module("arq.connections")
        return connections.RedisSettings.from_dsn(self.address)

    async def open(self) -> None:
        connections: Any = importlib.import_module("arq.connections")
        self._pool = await connections.create_pool(self._settings())

    async def add(self, ids: Sequence[int]) -> None:
        await self._pool.enqueue_job("score", list(ids))

    async def close(self) -> None:
        await self._pool.aclose()
