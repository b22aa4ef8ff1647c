"""Processes to be killed: a submitter that notes what was accepted, and a worker that can die at a named point.

python -m tests.faults.part submit FIRST COUNT JOURNAL      a comment each, noted only after it was accepted
python -m tests.faults.part work careful|careless [POINT]   the real worker with a cheap classifier
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import moderation.worker
from moderation.comment import Submission
from moderation.config import load_policy
from moderation.database import Database
from moderation.intake import Intake
from moderation.outcomes import Outcomes
from moderation.queue import Job, ScreeningQueue, connect
from moderation.settings import Settings
from moderation.store import Store
from moderation.sweeper import Sweeper
from moderation.worker import Pace, Worker
from tests.fake_classifier import FakeClassifier

A_COMMENT_S = 0.003
"""What the cheap classifier takes for one: with it a batch lasts long enough to be hit."""

POINTS = ("before commit", "after commit", "before signal", "after acknowledgement", "before enqueueing")


def now() -> datetime:
    return datetime.now(UTC)


def die() -> NoReturn:
    """End as kill -9 ends a process: nothing is flushed, closed or told."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


class Dying:
    """Something whose method ends the process, before or after it did its work."""

    def __init__(self, inner: Any, method: str, *, after: bool) -> None:
        self._inner, self._method, self._after = inner, method, after

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._inner, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            if self._after:
                await getattr(self._inner, name)(*arguments, **named)
            die()

        return call


class CarelessWorker(Worker):
    """The control: acknowledges before the work, as many queues do."""

    async def _finish(self, jobs: Sequence[Job]) -> int:
        await self._queue.ack(jobs)
        return await self._decide([job.revision_id for job in jobs])


POISON = {"kills": "This text kills workers.", "hangs": "This text hangs workers."}
"""Texts at which the cheap classifier ends its process, or never ends."""


def read(text: str) -> None:
    """What the cheap classifier does with one text."""
    time.sleep(A_COMMENT_S)
    if text == POISON["kills"]:
        die()
    if text == POISON["hangs"]:
        time.sleep(3600)


class Keeper:
    """The cheap classifier, always in use."""

    def __init__(self) -> None:
        self.classifier = FakeClassifier(before=read)

    async def refresh(self) -> None:
        """Nothing to refresh."""


async def work(settings: Settings, *, careless: bool, point: str) -> None:
    """A worker until SIGTERM; the careful one has its sweeper."""
    redis = connect(settings.redis_address())
    store = Store(Database(settings.database_address()))
    queue: Any = ScreeningQueue(redis, at_most=settings.queue_at_most)
    outcomes: Any = Outcomes(store, redis)
    if point == "after acknowledgement":
        queue = Dying(queue, "ack", after=True)
    if point == "before signal":
        outcomes = Dying(outcomes, "signal", after=False)
    if point in {"before commit", "after commit"}:
        real = moderation.worker.enforce

        async def enforce(*arguments: Any) -> Any:
            if point == "after commit":
                await real(*arguments)
            die()

        moderation.worker.enforce = enforce  # type: ignore[assignment]  # ends the process where the real one commits
    worker = (CarelessWorker if careless else Worker)(
        store=store,
        queue=queue,
        outcomes=outcomes,
        keeper=Keeper(),  # type: ignore[arg-type]  # holds a classifier, which is all that is asked
        policy=load_policy(),
        pace=Pace(
            batch_at_most=settings.batch_at_most,
            retry_after_s=settings.retry_after_s,
            deliveries_at_most=settings.deliveries_at_most,
            screen_timeout_s=settings.screen_timeout_s,
        ),
        consumer=f"w{os.getpid()}",
        clock=now,
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sweeper = Sweeper(
        store=store,
        queue=ScreeningQueue(redis, at_most=settings.queue_at_most),
        consumer=f"w{os.getpid()}",
        every_s=settings.sweep_every_s,
        older_s=settings.sweep_older_s,
        clock=now,
    )
    sweeping = asyncio.create_task(asyncio.sleep(0) if careless else sweeper.run(stop))
    status = await worker.run(stop)
    if status:
        os._exit(status)  # its hanging thread would keep an ordinary exit waiting
    await sweeping


async def submit(settings: Settings, *, first: int, count: int, journal: Path, point: str) -> None:
    """Submit comments FIRST … FIRST+COUNT-1, from where the journal ends; each is noted once it was accepted."""
    store = Store(Database(settings.database_address()))
    queue: Any = ScreeningQueue(connect(settings.redis_address()), at_most=settings.queue_at_most)
    if point == "before enqueueing":
        queue = Dying(queue, "enqueue", after=False)
    intake = Intake(store, queue, terms=load_policy().version)
    done = len(journal.read_text(encoding="utf-8").split()) if journal.exists() else 0
    with journal.open("a", encoding="utf-8") as notes:
        for number in range(first + done, first + count):
            author = f"test:{number % 40}"
            await intake.agree(author, language="en", now=now())
            text = POISON.get(point, f"Paragraph {number} of the report deserves a longer answer from the ministry.")
            await intake.submit(
                Submission("https://example.org/story", author, "Reader", text, f"test:{number}"), now=now()
            )
            notes.write(f"test:{number}\n")
            notes.flush()


def main(role: str, *arguments: str) -> None:
    """Run one part."""
    settings = Settings()
    if role == "work":
        asyncio.run(work(settings, careless=arguments[0] == "careless", point=" ".join(arguments[1:])))
    else:
        first, count, journal, *point = arguments
        asyncio.run(submit(settings, first=int(first), count=int(count), journal=Path(journal), point=" ".join(point)))


if __name__ == "__main__":
    main(*sys.argv[1:])
