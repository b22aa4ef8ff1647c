"""FastStream on a stream with a consumer group. It takes batches by itself, which its tuned row does."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Sequence
from typing import Any

from benchmarks.queue.adapters import BATCH, RECOVERY_S, Adapter, Kind, faster_loop
from benchmarks.queue.work import Work

STREAM, GROUP = "comments", "workers"


class Queue(Adapter):
    """Tuned: its own batches of up to 64 messages (one), no line in the log for each, uvloop, pipelined publishing; a
    second subscriber claims what was left for 5 s, without which nothing of a dead worker is ever done."""

    def _broker(self) -> Any:
        redis: Any = importlib.import_module("faststream.redis")
        return redis.RedisBroker(self.address, **({"logger": None} if self.tuned else {}))

    def serve(self, work: Work) -> None:
        if self.tuned:
            faster_loop()
        asyncio.run(self._serve(work))

    async def _serve(self, work: Work) -> None:
        faststream: Any = importlib.import_module("faststream")
        redis: Any = importlib.import_module("faststream.redis")
        broker = self._broker()
        taking = {"group": GROUP, "consumer": f"worker-{os.getpid()}"}

        # The types are what tells FastStream what to parse.
        async def score(ids: list[int]) -> None:
            work.do(ids)

        async def score_many(messages: list[list[int]]) -> None:
            work.do([each for ids in messages for each in ids])

        score.__annotations__ = {"ids": list[int]}
        score_many.__annotations__ = {"messages": list[list[int]]}
        if self.kind is Kind.TUNED:
            stream = redis.StreamSub(STREAM, batch=True, max_records=BATCH, polling_interval=1000, **taking)
            broker.subscriber(stream=stream)(score_many)
        else:
            broker.subscriber(stream=redis.StreamSub(STREAM, **taking))(score)
        if self.tuned:
            left = redis.StreamSub(STREAM, min_idle_time=RECOVERY_S * 1000, **taking)
            broker.subscriber(stream=left)(score)
        work.ready()
        await faststream.FastStream(broker).run()

    async def open(self) -> None:
        self._sending = self._broker()
        await self._sending.connect()
        self._redis = importlib.import_module("redis.asyncio").from_url(self.address)

    async def add(self, ids: Sequence[int]) -> None:
        await self._sending.publish(list(ids), stream=STREAM)

    async def add_all(self, tasks: Sequence[Sequence[int]]) -> None:
        if not self.tuned:
            await super().add_all(tasks)
            return
        for first in range(0, len(tasks), BATCH):
            async with self._redis.pipeline(transaction=False) as pipe:
                for ids in tasks[first : first + BATCH]:
                    await self._sending.publish(list(ids), stream=STREAM, pipeline=pipe)
                await pipe.execute()

    async def close(self) -> None:
        await self._sending.stop()
        await self._redis.aclose()
