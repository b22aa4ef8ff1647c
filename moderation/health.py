"""How the system is, measured in one place for everybody who shows it: `/readyz`, `/metrics`, alarms, `/status`."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from moderation.alarms import Disk, Vitals
from moderation.database import Database
from moderation.queue import ScreeningQueue
from moderation.threads import Threads

T = TypeVar("T")

PROBE_S = 2.0
"""Seconds a dependency has to answer a probe; a probe that hangs would itself be the outage."""


class Health:
    """Measures. Never raises, changes nothing, and answers within a few seconds whatever hangs."""

    def __init__(
        self,
        *,
        database: Database,
        queue: ScreeningQueue,
        threads: Threads,
        data_dir: Path,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._queue = queue
        self._threads = threads
        self._data_dir = data_dir
        self._clock = clock

    async def look(self) -> Vitals:
        """Everything at once; what does not answer in time is not known."""
        answers, waiting, size, workers, disk = await asyncio.gather(
            within(self._select()),
            within(self._threads.waiting()),
            within(self._queue.size()),
            within(self._queue.workers()),
            within(asyncio.to_thread(_disk_of, self._data_dir)),
        )
        return Vitals(
            at=self._clock(),
            database=bool(answers),
            redis=workers is not None,
            waiting=waiting,
            queue=size,
            workers=workers,
            disk=disk,
        )

    async def _select(self) -> bool:
        async with self._database.read() as connection:
            await connection.execute(sa.text("SELECT 1"))
        return True


async def within(asked: Awaitable[T]) -> T | None:
    """The answer, or None where it fails or does not come in PROBE_S."""
    try:
        async with asyncio.timeout(PROBE_S):
            return await asked
    except Exception:
        # Whatever a driver raises, the probe's answer is the same: it can't be reached.
        return None


def _disk_of(folder: Path) -> Disk:
    """The disk of a folder that may not be made yet."""
    wanted = folder.resolve()
    usage = shutil.disk_usage(next(path for path in (wanted, *wanted.parents) if path.exists()))
    return Disk(free=usage.free, total=usage.total)
