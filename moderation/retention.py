"""What need not be kept goes, when its days are over: a few rows at a time, so that nobody who writes waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from moderation.database import is_passing
from moderation.settings import Settings
from moderation.store import Store

log = structlog.get_logger(__name__)

EVERY_S = 3600.0
"""Seconds between two looks, give or take a quarter, so that many processes do not look at once."""

FIRST_S = 300.0
"""Seconds from the start of the process to its first look: there is enough to do at first."""

AT_ONCE = 500
"""Rows one transaction takes: a few milliseconds in which SQLite's other writers wait."""

PAUSE_S = 0.05
"""Seconds between two such transactions, in which others get their turn."""


class Take(Protocol):
    """Takes at most so many rows older than a moment, in one short transaction; answers how many."""

    def __call__(self, *, older_than: datetime, at_most: int) -> Awaitable[int]:
        """Take them."""


class Retention:
    """Takes each kind of thing after its own days; a kind with 0 days is kept for ever.

    Any number of processes may run it. Never takes what still waits for somebody, nor what a legal hold keeps.
    """

    def __init__(
        self,
        kinds: Mapping[str, tuple[int, Take]],
        *,
        clock: Callable[[], datetime],
        first_s: float = FIRST_S,
        every_s: float = EVERY_S,
    ) -> None:
        self._kinds = kinds
        self._clock = clock
        self._first_s = first_s
        self._every_s = every_s

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Sweep now and then, until `stop` is set or the task is cancelled."""
        stop = stop or asyncio.Event()
        wait_s = self._first_s
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s * random.uniform(0.75, 1.25)):
                    await stop.wait()
                return
            wait_s = self._every_s
            try:
                await self.sweep()
            except Exception as error:  # what was left this time is taken at the next look
                log.error("retention broken", error=type(error).__name__, passing=is_passing(error))

    async def sweep(self) -> dict[str, int]:
        """One look at every kind; answers how many rows each gave up."""
        taken: dict[str, int] = {}
        for kind, (days, take) in self._kinds.items():
            if days:
                taken[kind] = await self._all(take, older_than=self._clock() - timedelta(days=days))
        if any(taken.values()):
            log.info("not kept any longer", **{kind: count for kind, count in taken.items() if count})
        return taken

    async def _all(self, take: Take, *, older_than: datetime) -> int:
        count = 0
        while batch := await take(older_than=older_than, at_most=AT_ONCE):
            count += batch
            await asyncio.sleep(PAUSE_S)
        return count


def retention_of_comments(store: Store, settings: Settings, *, clock: Callable[[], datetime]) -> Retention:
    """What `moderation` gives up, by its settings."""
    kinds: Mapping[str, tuple[int, Take]] = {
        "outcomes": (settings.keep_outcomes_days, store.drop_told_events),
        "findings": (settings.keep_findings_days, store.clear_findings),
        "withdrawn_texts": (settings.keep_withdrawn_days, store.clear_taken_back),
    }
    return Retention(kinds, clock=clock)
