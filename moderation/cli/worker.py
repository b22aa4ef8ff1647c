"""`worker`: one worker process, put together and run until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from moderation.config import load_policy
from moderation.database import Database
from moderation.errors import QueueUnavailable
from moderation.eviction import require_noeviction
from moderation.outcomes import Outcomes
from moderation.policy import Policy
from moderation.queue import ScreeningQueue, connect
from moderation.retention import retention_of_comments
from moderation.running import own_place, start_logging, stop_signals
from moderation.screening import ModelKeeper, load_checked, model_in_use
from moderation.sealer import Sealer
from moderation.settings import Settings
from moderation.store import Store
from moderation.sweeper import Sweeper
from moderation.worker import HUNG, Pace, Worker

log = structlog.get_logger(__name__)

GRACE_S = 8.0
"""Seconds after SIGTERM in which the batch in hand may end; what it had not committed is screened again elsewhere."""

SLOWEST_S = 0.2
"""Seconds that the second stage takes for one comment at most, on a slow machine: ten times what it takes on ours."""

FREEZE_S = 5.0
"""Seconds beyond the screening's own limit after which the process is ended from outside Python: a regular expression
that runs away holds the interpreter, so that no code of ours could end it."""


def run_worker(settings: Settings, *, ready: Callable[[], None] = lambda: None) -> int:
    """Run a worker until SIGTERM or SIGINT; answers its exit status. `ready` is called when it takes comments.

    Raises SettingsError and PolicyError at its start.
    """
    start_logging(settings)
    policy = load_policy()
    status = asyncio.run(_run(settings, policy, ready))
    log.info("worker stopped", status=status)
    return status


async def _run(settings: Settings, policy: Policy, ready: Callable[[], None]) -> int:
    redis = connect(settings.redis_address())
    try:
        await require_noeviction(redis)
    except QueueUnavailable as error:
        log.warning("starting without the queue", reason=str(error))
    database = Database(settings.database_address())
    store = Store(database)
    place = own_place()
    consumer = f"{place}{os.getpid()}"
    queue = ScreeningQueue(redis, at_most=settings.queue_at_most)
    keeper = ModelKeeper(lambda: model_in_use(store), load=lambda model: load_checked(model, settings.stages))
    worker = Worker(
        store=store,
        queue=queue,
        outcomes=Outcomes(store, redis),
        keeper=keeper,
        policy=policy,
        pace=Pace(
            batch_at_most=_most_at_once(settings),
            retry_after_s=settings.retry_after_s,
            deliveries_at_most=settings.deliveries_at_most,
            screen_timeout_s=settings.screen_timeout_s,
        ),
        consumer=consumer,
        clock=_now,
        guard=lambda: _ended_if_frozen(settings.screen_timeout_s + FREEZE_S),
    )
    sweeper = Sweeper(
        store=store,
        # A queue of its own: each remembers whether its consumer's unfinished jobs were read.
        queue=ScreeningQueue(redis, at_most=settings.queue_at_most),
        consumer=consumer,
        every_s=settings.sweep_every_s,
        older_s=settings.sweep_older_s,
        clock=_now,
    )
    stop = asyncio.Event()
    _stop_at_signals(stop)
    try:
        with contextlib.suppress(QueueUnavailable):
            await queue.give_up(place)
        retention = retention_of_comments(store, settings, clock=_now)
        return await _work(worker, (sweeper, retention, Sealer(store, clock=_now)), keeper, stop, ready)
    finally:
        await database.close()
        with contextlib.suppress(Exception):  # a connection that is gone can't be given back
            await redis.aclose()


def _most_at_once(settings: Settings) -> int:
    """Comments of one batch: no more than are surely read before the batch would count as hung."""
    if settings.stages == "fast":
        return settings.batch_at_most
    return max(1, min(settings.batch_at_most, int(settings.screen_timeout_s / SLOWEST_S)))


class Beside(Protocol):
    """What a worker process does now and then beside the screening."""

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until `stop` is set."""


async def _work(
    worker: Worker,
    beside: Sequence[Beside],
    keeper: ModelKeeper,
    stop: asyncio.Event,
    ready: Callable[[], None],
) -> int:
    await keeper.refresh()
    ready()
    log.info("worker started", model=keeper.classifier.version if keeper.classifier is not None else None)
    others = asyncio.gather(*(one.run(stop) for one in beside))
    status = await worker.run(stop)
    if status == HUNG:
        _leave(status)
    stop.set()
    await others
    return status


def _stop_at_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def begin_to_stop() -> None:
        stop.set()
        loop.call_later(GRACE_S, _leave, HUNG)

    for number in stop_signals():
        loop.add_signal_handler(number, begin_to_stop)


def _leave(status: int) -> None:
    """End the process at once: an ordinary exit would wait for the thread that hangs."""
    sys.stderr.flush()
    os._exit(status)


@contextlib.contextmanager
def _ended_if_frozen(seconds: float) -> Iterator[None]:
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _now() -> datetime:
    return datetime.now(UTC)
