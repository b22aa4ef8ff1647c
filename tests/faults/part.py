"""Processes to be killed: a submitter that notes what was accepted, and a worker that can die at a named point.

python -m tests.faults.part submit FIRST COUNT JOURNAL [POINT]   a comment each, noted only after it was accepted
python -m tests.faults.part pace FIRST COUNT JOURNAL BEGAN PER_S  the same, each when its time has come
python -m tests.faults.part work careful|careless [POINT]        the real worker with a cheap classifier
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import moderation.worker
from moderation import enforcement
from moderation.comment import Submission
from moderation.config import load_policy
from moderation.database import Database
from moderation.intake import Intake
from moderation.outcomes import Outcomes
from moderation.queue import Job, ScreeningQueue, connect
from moderation.running import say_ready
from moderation.settings import Settings
from moderation.store import Change, Store
from moderation.sweeper import Sweeper
from moderation.worker import Pace, Worker
from tests.fake_classifier import FakeClassifier

A_COMMENT_S = 0.003
"""What the cheap classifier takes for one: with it a batch lasts long enough to be hit."""

SUBMITTING = ("before storing", "before enqueueing", "after enqueueing")
"""Where a submitter can die: with the comment written and not committed, committed and not queued, queued and not yet
accepted to whoever wrote it."""

WORKING = ("before commit", "after commit", "before signal", "before acknowledgement", "after acknowledgement")
"""Where a worker can die."""

STOPPING = ("stops before commit", "stops in the transaction")
"""Where a worker can stand still until it is woken: with its decisions made, and with them written, not committed."""

IN_HAND_S = 0.25
"""What the careless worker lets pass between acknowledging and the work."""

AUTHORS = 100
"""So many write in turn that none of them floods the page."""


def now() -> datetime:
    return datetime.now(UTC)


def die() -> NoReturn:
    """End as kill -9 ends a process: nothing is flushed, closed or told."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def stand_still() -> None:
    """Do nothing at all until somebody sends SIGCONT, as a machine does that is suspended."""
    os.kill(os.getpid(), signal.SIGSTOP)


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
        # However quick the machine, some are in hand whenever it is killed.
        await asyncio.sleep(IN_HAND_S)
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
    if point.endswith("acknowledgement"):
        queue = Dying(queue, "ack", after=point.startswith("after"))
    if point == "before signal":
        outcomes = Dying(outcomes, "signal", after=False)
    if point in {"before commit", "after commit"}:
        real = moderation.worker.enforce

        async def enforce(*arguments: Any) -> Any:
            if point == "after commit":
                await real(*arguments)
            die()

        moderation.worker.enforce = enforce  # type: ignore[assignment]  # ends the process where the real one commits
    if point == "stops before commit":
        enforced = moderation.worker.enforce

        async def enforce_late(*arguments: Any) -> Any:
            stand_still()
            return await enforced(*arguments)

        moderation.worker.enforce = enforce_late
    if point == "stops in the transaction":
        announced = Change.announce

        async def announce(*arguments: Any) -> None:
            await announced(*arguments)
            stand_still()

        Change.announce = announce  # type: ignore[method-assign]  # the last that is written before the commit
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
    say_ready()
    status = await worker.run(stop)
    if status:
        os._exit(status)  # its hanging thread would keep an ordinary exit waiting
    await sweeping


async def submit(
    settings: Settings, numbers: range, journal: Path, *, point: str = "", due: Callable[[int], float] = lambda _: 0.0
) -> None:
    """Submit these comments from where the journal ends, none before it is due; each is noted once it was accepted.

    Beside its key the journal says how many seconds that took.
    """
    store = Store(Database(settings.database_address()))
    queue: Any = ScreeningQueue(connect(settings.redis_address()), at_most=settings.queue_at_most)
    if point.endswith("enqueueing"):
        queue = Dying(queue, "enqueue", after=point.startswith("after"))
    if point == "before storing":
        real = enforcement.admit

        async def admit(*arguments: Any, **named: Any) -> Any:
            await real(*arguments, **named)
            die()

        enforcement.admit = admit  # type: ignore[assignment]  # ends the process inside the transaction
    intake = Intake(store, queue, terms=load_policy().version)
    done = len(journal.read_text(encoding="utf-8").splitlines()) if journal.exists() else 0
    say_ready()
    with journal.open("a", encoding="utf-8") as notes:
        for number in numbers[done:]:
            await asyncio.sleep(max(0.0, due(number) - time.time()))
            author = f"test:{number % AUTHORS}"
            if not await intake.has_agreed(author):
                await intake.agree(author, language="en", now=now())
            text = POISON.get(point, f"Paragraph {number} of the report deserves a longer answer from the ministry.")
            began = time.monotonic()
            await intake.submit(
                Submission("https://example.org/story", author, "Reader", text, f"test:{number}"), now=now()
            )
            notes.write(f"test:{number} {time.monotonic() - began:.6f}\n")
            notes.flush()


def main(role: str, *arguments: str) -> None:
    """Run one part."""
    settings = Settings()
    if role == "work":
        asyncio.run(work(settings, careless=arguments[0] == "careless", point=" ".join(arguments[1:])))
        return
    first, count, journal, *rest = arguments
    numbers = range(int(first), int(first) + int(count))
    if role == "pace":
        # By the clock of whoever started the run: what fell due while this process was dead is written at once.
        began, per_s = map(float, rest)
        submitting = submit(settings, numbers, Path(journal), due=lambda number: began + (number - numbers[0]) / per_s)
    else:
        submitting = submit(settings, numbers, Path(journal), point=" ".join(rest))
    asyncio.run(submitting)


if __name__ == "__main__":
    main(*sys.argv[1:])
