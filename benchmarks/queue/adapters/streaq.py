"""streaQ: a stream, and a key for each task. Speaks Redis through coredis."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from benchmarks.queue.adapters import BATCH, RECOVERY_S, Adapter
from benchmarks.queue.work import Work


class Queue(Adapter):
    """Tuned: uvloop, results not kept, no line in the log for each, its `enqueue_many`; tasks
    are lost after 5 s (60)."""

    def _worker(self, work: Work | None) -> tuple[Any, Any]:
        streaq: Any = importlib.import_module("streaq")
        options: dict[str, Any] = {}
        if self.tuned:
            options = {"idle_timeout": RECOVERY_S, "anyio_kwargs": {"use_uvloop": True}}
        worker = streaq.Worker(redis_url=self.address, **options)

        async def score(ids: list[int]) -> None:
            if work is not None:
                work.do(ids)

        kept = {"ttl": 0, "silent": True} if self.tuned else {}
        return worker, worker.task(name="score", **kept)(score)

    def serve(self, work: Work) -> None:
        worker, _ = self._worker(work)
        work.ready()
        worker.run_sync()

    async def open(self) -> None:
        self._stack = AsyncExitStack()
        self._sending, self._score = self._worker(None)
        await self._stack.enter_async_context(self._sending)

    async def add(self, ids: Sequence[int]) -> None:
        await self._score.enqueue(list(ids))

    async def add_all(self, tasks: Sequence[Sequence[int]]) -> None:
        if not self.tuned:
            await super().add_all(tasks)
            return
        for first in range(0, len(tasks), BATCH):
            await self._sending.enqueue_many([self._score.enqueue(list(ids)) for ids in tasks[first : first + BATCH]])

    async def close(self) -> None:
        await self._stack.aclose()
