"""Our screening queue with the same work as everybody's: what is left of ours when only the queue is looked at."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence

from benchmarks.queue.adapters import BATCH, Adapter
from benchmarks.queue.work import Work
from moderation.queue import ScreeningQueue, connect
from moderation.settings import Settings

WAIT_S = 1.0


class Queue(Adapter):
    """There is only one way to use it: entries of one comment each, enqueued 64 in a pipeline, claimed up to 64."""

    def _queue(self) -> ScreeningQueue:
        self._redis = connect(self.address)
        return ScreeningQueue(self._redis, at_most=Settings().queue_at_most)

    def serve(self, work: Work) -> None:
        asyncio.run(self._serve(work))

    async def _serve(self, work: Work) -> None:
        queue, consumer = self._queue(), f"worker-{os.getpid()}"
        retry_after_s = Settings().retry_after_s
        reclaim_at = 0.0
        work.ready()
        while True:
            if time.monotonic() >= reclaim_at:
                left = await queue.reclaim(consumer, idle_s=retry_after_s, at_most=BATCH)
                if left:
                    work.do([job.revision_id for job in left])
                    await queue.ack(left)
                else:
                    reclaim_at = time.monotonic() + retry_after_s / 4
            jobs = await queue.claim(consumer, wait_s=WAIT_S, at_most=BATCH)
            if jobs:
                work.do([job.revision_id for job in jobs])
                await queue.ack(jobs)

    async def open(self) -> None:
        self._sending = self._queue()

    async def add(self, ids: Sequence[int]) -> None:
        await self._sending.enqueue(ids)

    async def add_all(self, tasks: Sequence[Sequence[int]]) -> None:
        for first in range(0, len(tasks), BATCH):
            await self._sending.enqueue([each for ids in tasks[first : first + BATCH] for each in ids])

    async def close(self) -> None:
        await self._redis.aclose()
