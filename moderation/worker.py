"""The worker: claim a batch, screen it, decide, enforce, acknowledge.

    queue.claim ─→ store.for_screening ─→ screener.screen ─→ decide ─→ enforce ─→ outcomes.signal ─→ queue.ack
                   only what is received     in a thread                commit        listeners wake    only now

What a crash leaves unfinished another worker reclaims: the first time all together, then one comment at a time, so that
one which stops workers is found, and after some deliveries a person gets it. A comment that raises is found by halving
its batch. While Redis is gone the worker takes comments straight from the store: nobody waits for Redis.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from moderation.database import is_passing
from moderation.decision import DecidedBy, Decision, Outcome, Reason, Screening, decide
from moderation.enforcement import enforce
from moderation.errors import QueueUnavailable
from moderation.outcomes import Outcomes
from moderation.policy import LABELS, Policy
from moderation.queue import Job, ScreeningQueue
from moderation.running import stop_if_cancelled
from moderation.screening import Facts, ModelKeeper, Screener, Subject, isolate
from moderation.store import Counts, Pending, Store

log = structlog.get_logger(__name__)

T = TypeVar("T")

HUNG = 70
"""Exit status of a worker whose screening hung: its thread can't be stopped, so the process must be started anew."""

WAIT_S = 1.0
HEARTBEAT_S = 1.0
HEARTBEAT_TTL_S = 10.0
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
DIRECT_AT_ONCE = 16
"""Comments looked up at once while Redis is gone; each is then screened by itself, for nobody counts its deliveries."""
AHEAD = timedelta(days=1)
DIRECT_S = 1.0
"""Seconds of such work between two looks whether Redis is back, which themselves may take some."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a worker goes about it; the settings of the same names say what each one means."""

    batch_at_most: int
    retry_after_s: float
    deliveries_at_most: int
    screen_timeout_s: float


class Hung(Exception):
    """The screening of a batch did not end in time. Leaves the worker's loop, never its module."""


class Worker:
    """One worker process's loop. Decides each revision at most once, whatever is delivered how often."""

    def __init__(
        self,
        *,
        store: Store,
        queue: ScreeningQueue,
        outcomes: Outcomes,
        keeper: ModelKeeper,
        policy: Policy,
        pace: Pace,
        consumer: str,
        clock: Callable[[], datetime],
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._store = store
        self._queue = queue
        self._outcomes = outcomes
        self._keeper = keeper
        self._policy = policy
        self._pace = pace
        self._consumer = consumer
        self._clock = clock
        self._guard = guard
        self._screener = Screener(policy, None)
        self._reclaim_at = 0.0
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> int:
        """Work until `stop` is set, then finish the batch in hand; answers the exit status, 0 or HUNG."""
        self._stop = stop
        await self._keeper.refresh()
        upkeep = asyncio.create_task(self._keep_up())
        try:
            await self._work()
        except Hung:
            log.critical("screening hung", effect="the worker leaves to be started anew")
            return HUNG
        finally:
            upkeep.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await upkeep
        with contextlib.suppress(QueueUnavailable):
            await self._queue.leave(self._consumer)
        return 0

    async def _work(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                await self.round()
                failures = 0
            except QueueUnavailable as error:
                if not failures:
                    log.warning("working without the queue", reason=str(error))
                if not await self._from_store():
                    await self._pause(BACK_OFF_S[min(failures, 3)])
                failures += 1
            except Hung:
                raise
            except Exception as error:
                # Nothing may end the worker but its supervisor: what it could not finish stays pending for a retry.
                log.error("round broken", error=type(error).__name__, passing=is_passing(error))
                await self._pause(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
                failures += 1

    async def round(self) -> int:
        """One look at what others left unfinished and at what is new; answers how many comments were decided.

        Raises QueueUnavailable, Hung, and what the database raises for good.
        """
        # No longer than until the next look at what others left: those comments have waited already.
        waits = min(WAIT_S, self._pace.retry_after_s / 4)
        decided = 0
        try:
            if time.monotonic() >= self._reclaim_at and (left := await self._left()):
                waits = 0.0
                decided += await (self._retry(left[0]) if len(left) == 1 else self._finish(left))
        except (QueueUnavailable, Hung):
            raise
        except Exception as error:
            if is_passing(error):
                raise
            # What others left is handed out again, alone in the end, and is buried. New comments do not wait for that.
            log.error("left jobs not finished", error=type(error).__name__)
        jobs = await self._queue.claim(self._consumer, wait_s=waits, at_most=self._pace.batch_at_most)
        return decided + (await self._finish(jobs) if jobs else 0)

    async def _left(self) -> list[Job]:
        # Together only where a try by itself is left to tell apart which of them stops workers.
        at_most = self._pace.batch_at_most if self._pace.deliveries_at_most > 2 else 1
        left = await self._queue.reclaim(self._consumer, idle_s=self._pace.retry_after_s, at_most=at_most)
        if not left:
            self._reclaim_at = time.monotonic() + self._pace.retry_after_s / 4
        return left

    async def _finish(self, jobs: Sequence[Job]) -> int:
        async with self._touching(jobs):
            decided = await self._persist(lambda: self._decide([job.revision_id for job in jobs]))
        await self._queue.ack(jobs)
        return decided

    async def _retry(self, job: Job) -> int:
        """A job that somebody did not finish, by itself: if it stops this worker too, nobody else is in the way."""
        if job.deliveries <= self._pace.deliveries_at_most:
            try:
                return await self._finish([job])
            except Hung:
                await self._give_up(job, "hangs")
                raise
        return await self._give_up(job, "stops workers")

    async def _give_up(self, job: Job, why: str) -> int:
        try:
            decided = await self._persist(lambda: self._hold([job.revision_id]))
        except Exception as error:
            if is_passing(error):
                raise
            # Buried all the same, or it would be handed out for ever. The sweeper finds the comment again.
            await self._queue.bury(job, reason=f"can't be held: {type(error).__name__}")
            log.error("poison not held", revision=job.revision_id, error=type(error).__name__, reason=why)
            return 0
        await self._queue.bury(job, reason=why)
        log.error("poison held", revision=job.revision_id, deliveries=job.deliveries, reason=why)
        return decided

    async def _from_store(self) -> int:
        """Screen what waits in the store, for about DIRECT_S; answers how many were decided."""
        decided, ends = 0, time.monotonic() + DIRECT_S
        try:
            # Whatever the age: the clock of who received it may be ahead of ours.
            while waiting := await self._store.unscreened(older_than=self._clock() + AHEAD, limit=DIRECT_AT_ONCE):
                for revision_id in waiting:
                    if self._stop.is_set() or time.monotonic() >= ends:
                        return decided
                    decided += await self._decide_alone(revision_id)
        except Hung:
            raise
        except Exception as error:  # the comments stand in the store; the next look finds them again
            log.error("look into the store broken", error=type(error).__name__, passing=is_passing(error))
        return decided

    async def _decide_alone(self, revision_id: int) -> int:
        try:
            return await self._decide([revision_id])
        except Hung:
            await self._hold([revision_id])
            raise

    async def _decide(self, revision_ids: Sequence[int]) -> int:
        pending = await self._store.for_screening(revision_ids)
        if not pending:
            return 0
        facts = await self._facts([revision.revision_id for revision in pending])
        subjects = [
            Subject(
                text=revision.text,
                language=revision.language,
                story=revision.story,
                facts=facts[revision.revision_id],
            )
            for revision in pending
        ]
        screenings = await self._screen(subjects)
        now = self._clock()
        decisions = [
            (revision.revision_id, decide(seen, self._policy, now) if seen is not None else self._poison(now))
            for revision, seen in zip(pending, screenings, strict=True)
        ]
        enforced = await self._enforce(decisions)
        self._log(pending, enforced, now)
        return len(enforced)

    async def _facts(self, revision_ids: Sequence[int]) -> dict[int, Facts]:
        flooding, repeats = self._policy.rules.get("flooding"), self._policy.rules.get("repeats")
        counts = await self._store.facts(
            revision_ids,
            flood_window_s=flooding.parameters["per_s"] if flooding else 0,
            repeat_window_s=repeats.parameters["within_s"] if repeats else 0,
        )
        known = {revision_id: counts.get(revision_id, Counts()) for revision_id in revision_ids}
        return {
            revision_id: Facts(found.by_author_in_window, found.same_by_author, found.same_by_others)
            for revision_id, found in known.items()
        }

    async def _screen(self, subjects: Sequence[Subject]) -> list[Screening | None]:
        if self._screener.classifier is not self._keeper.classifier:
            self._screener = Screener(self._policy, self._keeper.classifier)
        with self._guard():
            try:
                return await asyncio.wait_for(
                    asyncio.to_thread(isolate, self._screener.screen, subjects), self._pace.screen_timeout_s
                )
            except TimeoutError:
                raise Hung from None

    async def _hold(self, revision_ids: Sequence[int]) -> int:
        now = self._clock()
        return len(await self._enforce([(revision_id, self._poison(now)) for revision_id in revision_ids]))

    async def _enforce(self, decisions: Sequence[tuple[int, Decision]]) -> dict[int, Decision]:
        enforced = await enforce(self._store, decisions)
        if enforced:
            with contextlib.suppress(Exception):  # the decision stands; listeners look by themselves now and then
                await self._outcomes.signal()
        return enforced

    def _poison(self, now: datetime) -> Decision:
        return Decision(
            outcome=Outcome.HOLD,
            decided_by=DecidedBy.MACHINE,
            decided_at=now,
            terms=self._policy.version,
            reason=Reason.POISON,
            scores=dict.fromkeys(LABELS, 1.0),
        )

    async def _persist(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, tried again while the database fails in passing. Raises once `stop` is set."""
        failures = 0
        while True:
            try:
                return await work()
            except Exception as error:
                if self._stop.is_set() or not is_passing(error):
                    raise
                log.warning("database fails", error=type(error).__name__, failures=failures + 1)
                await self._pause(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
                failures += 1

    @contextlib.asynccontextmanager
    async def _touching(self, jobs: Sequence[Job]) -> AsyncIterator[None]:
        """Keep the jobs ours while they are worked on. A hung or dead process touches nothing, so they go to others."""

        async def touch() -> None:
            while True:
                stop_if_cancelled()
                await asyncio.sleep(self._pace.retry_after_s / 3)
                with contextlib.suppress(QueueUnavailable):
                    await self._queue.touch(self._consumer, jobs)

        task = asyncio.create_task(touch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep_up(self) -> None:
        """The model in use and the sign of life, about once a second."""
        while True:
            stop_if_cancelled()
            model = self._keeper.classifier.version if self._keeper.classifier is not None else None
            with contextlib.suppress(QueueUnavailable):
                await self._queue.beat(self._consumer, model=model, ttl_s=HEARTBEAT_TTL_S)
            await asyncio.sleep(HEARTBEAT_S)
            await self._keeper.refresh()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _log(self, pending: Sequence[Pending], enforced: dict[int, Decision], now: datetime) -> None:
        for revision in pending:
            decision = enforced.get(revision.revision_id)
            if decision is not None:
                log.info(
                    "decided",
                    comment=revision.comment_id,
                    revision=revision.number,
                    outcome=decision.outcome.value,
                    clause=decision.clause,
                    reason=decision.reason,
                    model=decision.model,
                    waited_ms=round((now - revision.received_at).total_seconds() * 1000),
                )
