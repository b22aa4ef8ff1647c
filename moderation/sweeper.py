"""What the store has and Redis lost is queued again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from moderation.database import is_passing
from moderation.errors import QueueUnavailable
from moderation.queue import ScreeningQueue
from moderation.store import Store

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 5_000
"""Comments one sweep looks at, the oldest first; the turn of the others comes as these are decided."""

EACH_AGE_EVERY = 10
"""Every so many looks the age does not count: after a clock was set back, what it received seems to lie ahead."""


class Sweeper:
    """Looks now and then for revisions nobody decided and the queue does not hold.

    Runs in every worker process; Redis says whose turn it is. Never queues what is waiting or being worked on, so a
    long queue does not grow by it.
    """

    def __init__(
        self,
        *,
        store: Store,
        queue: ScreeningQueue,
        consumer: str,
        every_s: float,
        older_s: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._queue = queue
        self._consumer = consumer
        self._every_s = every_s
        self._older_s = older_s
        self._clock = clock
        self._looks = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until `stop` is set. Without Redis the worker screens from the store."""
        left_out = False
        while not stop.is_set():
            try:
                if await self._queue.may_sweep(self._consumer, every_s=self._every_s):
                    await self.sweep()
                left_out = False
            except QueueUnavailable as error:
                if not left_out:
                    log.warning("sweep left out", reason=str(error))
                left_out = True
            except Exception as error:  # the next look may do better, and without any a lost comment waits for ever
                log.error("sweep broken", error=type(error).__name__, passing=is_passing(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._every_s)

    async def sweep(self) -> int:
        """One look; answers how many were queued again. Raises QueueUnavailable, and the database's own errors."""
        self._looks += 1
        # What Redis just forgot need not grow older first: nobody is about to queue it.
        young = await self._queue.has_forgotten() or self._looks % EACH_AGE_EVERY == 0
        before = self._clock() + (timedelta(days=1) if young else -timedelta(seconds=self._older_s))
        waiting = await self._store.unscreened(older_than=before, limit=MOST_AT_ONCE)
        lost = await self._queue.lost(waiting) if waiting else []
        # What was decided between the two looks left the queue as it should: the store knows by now.
        still = set(await self._store.unscreened(older_than=before, limit=MOST_AT_ONCE)) if lost else set()
        restored = await self._queue.enqueue([revision_id for revision_id in lost if revision_id in still])
        if restored:
            log.warning("queued again", count=restored)
        return restored
