"""SAQ: a list of keys, and a key for each job. Jobs of a dead worker are swept once their time-out is over."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import Any

from benchmarks.queue.adapters import RECOVERY_S, Adapter, faster_loop
from benchmarks.queue.work import Work

CONCURRENCY = 32


class Queue(Adapter):
    """Tuned: 32 jobs at once (10), uvloop, results not kept; three tries, a time-out and a sweep of 5 s (1, 10, 60)."""

    def serve(self, work: Work) -> None:
        if self.tuned:
            faster_loop()
        asyncio.run(self._serve(work))

    async def _serve(self, work: Work) -> None:
        saq: Any = importlib.import_module("saq")

        async def score(context: Any, *, ids: list[int]) -> None:
            work.do(ids)

        options = {"concurrency": CONCURRENCY, "timers": {"sweep": RECOVERY_S}} if self.tuned else {}
        worker = saq.Worker(self._made(), functions=[("score", score)], **options)
        work.ready()
        await worker.start()

    def _made(self) -> Any:
        # Its own choice by the address knows no Unix sockets.
        redis: Any = importlib.import_module("saq.queue.redis")
        return redis.RedisQueue.from_url(self.address)

    async def open(self) -> None:
        self._queue = self._made()
        await self._queue.connect()

    async def add(self, ids: Sequence[int]) -> None:
        options = {"retries": 3, "timeout": RECOVERY_S, "ttl": -1} if self.tuned else {}
        await self._queue.enqueue("score", ids=list(ids), **options)

    async def close(self) -> None:
        await self._queue.disconnect()
