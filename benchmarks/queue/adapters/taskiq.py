"""taskiq with taskiq-redis' stream broker, the one of its brokers that acknowledges."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import Any

from benchmarks.queue.adapters import RECOVERY_S, Adapter, faster_loop
from benchmarks.queue.work import Work

AT_ONCE = 64


class Queue(Adapter):
    """Tuned: 64 tasks at once (100) and as many fetched ahead (0), uvloop, parameters not validated; tasks are lost
    after 5 s (600), and the lock of who looks for them after as much (never)."""

    def _broker(self) -> tuple[Any, Any]:
        taskiq_redis: Any = importlib.import_module("taskiq_redis")
        options: dict[str, Any] = {}
        if self.tuned:
            options = {"idle_timeout": RECOVERY_S * 1000, "unacknowledged_lock_timeout": RECOVERY_S}
        broker = taskiq_redis.RedisStreamBroker(self.address, **options)

        async def score(ids: list[int]) -> None:
            self._work.do(ids)

        return broker, broker.register_task(score, task_name="score")

    def serve(self, work: Work) -> None:
        if self.tuned:
            faster_loop()
        self._work = work
        asyncio.run(self._serve(work))

    async def _serve(self, work: Work) -> None:
        api: Any = importlib.import_module("taskiq.api")
        broker, _ = self._broker()
        options: dict[str, Any] = {}
        if self.tuned:
            options = {"max_async_tasks": AT_ONCE, "max_prefetch": AT_ONCE, "validate_params": False}
        await broker.startup()
        work.ready()
        await api.run_receiver_task(broker, **options)

    async def open(self) -> None:
        self._sending, self._score = self._broker()
        await self._sending.startup()

    async def add(self, ids: Sequence[int]) -> None:
        await self._score.kiq(list(ids))

    async def close(self) -> None:
        await self._sending.shutdown()
