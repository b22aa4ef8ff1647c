"""Outcome events to whoever listens: leased from the outbox, with Redis only to wake them sooner.

The outbox is the truth and every event in it is told at least once. The signal on Redis says that there is something
to lease, and nothing else; without it listeners look at their own pace.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from datetime import datetime
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from moderation.decision import OutcomeEvent
from moderation.running import stop_if_cancelled
from moderation.store import Store

log = structlog.get_logger(__name__)

SIGNALS = "baithak:outcomes"

_SIGNALS_KEPT = 1000
"""Signals may be trimmed by length: a listener needs the newest one, or none."""

_BLOCK_S = 1.0
"""One blocking read lasts no longer, so that it ends before any socket timeout."""


class Outcomes:
    """The events, for one listener: it remembers up to which signal this one was woken."""

    def __init__(self, store: Store, redis: Redis | None) -> None:
        self._store = store
        # redis-py types each answer as a union of everything it may be; here it is told apart.
        self._redis: Any = redis
        self._seen: str | None = None

    async def signal(self) -> None:
        """Wake the listeners, after a commit. Never raises when Redis can't be reached."""
        if self._redis is None:
            return
        newest = await self._store.newest_event(visible_only=False)
        try:
            await self._redis.xadd(SIGNALS, {"id": newest}, maxlen=_SIGNALS_KEPT, approximate=True)
        except (RedisError, OSError) as error:
            log.warning("listeners not woken", error=type(error).__name__)

    async def wait(self, *, timeout_s: float) -> None:
        """Return at a signal, or after the time. Returns at once the first time and whenever Redis is back, since a
        signal may have been missed. Never raises when Redis can't be reached."""
        ends = time.monotonic() + timeout_s
        try:
            while self._redis is not None:
                stop_if_cancelled()
                if self._seen is None:
                    self._seen = await self._newest_signal()
                    return
                left = ends - time.monotonic()
                if left <= 0:
                    return
                block_ms = max(1, round(min(left, _BLOCK_S) * 1000))
                answer = await self._redis.xread({SIGNALS: self._seen}, block=block_ms)
                if answer:
                    self._seen = answer[0][1][-1][0]
                    return
        except (RedisError, OSError) as error:
            log.warning("waiting without signals", error=type(error).__name__)
            self._seen = None
        stop_if_cancelled()
        await asyncio.sleep(max(0.0, ends - time.monotonic()))

    async def _newest_signal(self) -> str:
        newest = await self._redis.xrevrange(SIGNALS, count=1)
        return newest[0][0] if newest else "0-0"

    async def lease(self, *, at_most: int, lease_s: float, now: datetime) -> list[OutcomeEvent]:
        """Up to `at_most` events that are due, each comment's oldest untold one, oldest first.

        For `lease_s` nobody else is given them. Events of one comment come one after the other.
        """
        return await self._store.lease_events(at_most=at_most, lease_s=lease_s, now=now)

    async def hold(self, event_ids: Collection[int], *, lease_s: float, now: datetime) -> None:
        """The events are still being told: keep them from others for `lease_s` more."""
        await self._store.hold_events(event_ids, lease_s=lease_s, now=now)

    async def done(self, event_id: int, *, now: datetime) -> None:
        """The event was told."""
        await self._store.event_done(event_id, now=now)

    async def release(self, event_id: int, *, retry_at: datetime) -> None:
        """The event could not be told; it is due again at `retry_at`, and holds back the later ones of its comment."""
        await self._store.release_event(event_id, retry_at=retry_at)

    async def newest_id(self) -> int:
        """Where to begin with `visible_since` so as to see only what comes; 0 when nothing was ever visible."""
        return await self._store.newest_event(visible_only=True)

    async def visible_since(self, event_id: int, *, story: str | None, at_most: int) -> list[OutcomeEvent]:
        """Events after `event_id` that changed what everybody sees, in order, whether or not their reader was told."""
        return await self._store.visible_events(event_id, story=story, at_most=at_most)
