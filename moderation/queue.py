"""The screening queue: which revisions still have to be screened, on a Redis stream with a consumer group.

It promises at least once while Redis keeps its memory, and nothing more: the store is the truth, and whoever takes a
job asks the store whether it is still to be done. Works on Redis 6.2 and later, and on fakeredis.

    enqueue → claim → ack           the ordinary way
              claim → (dies) → reclaim by another → ack
                               reclaim too often → bury

The work stream is never trimmed by length: trimming drops entries that nobody read, and the group's own lag would not
tell. It is bounded where comments enter.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from moderation.alarms import QueueSize
from moderation.entries import added_at, order, revision_of
from moderation.errors import QueueUnavailable, SettingsError
from moderation.mending import usable, with_group
from moderation.turns import is_leased, take_turn

log = structlog.get_logger(__name__)

T = TypeVar("T")

STREAM = "baithak:screening"
GROUP = "workers"
HEARTBEATS = "baithak:workers:"

SOCKET_TIMEOUT_S = 5.0
"""Seconds Redis may take for an answer; a blocking read must end before, or its entries are delivered to nobody."""

DEAD_LETTERS_KEPT = 10_000
"""Dead letters are notes for an operator, the comments themselves stand in the store; so this stream may be trimmed."""

BEATS_AT_MOST_S = 60.0
"""A worker's sign of life lasts no longer. One that would was written by no worker, and would hide that none lives."""

LONG_DEAD_S = 86_400
"""A living worker asks every second; one that did not for a day is no more."""

EMPTY_READ_PAUSE_S = 0.02
"""fakeredis answers a blocking read at once when a count is given; without a pause that is a busy loop."""

_PAGE = 1000

# KEYS: the stream. ARGV: the most entries it may have, then the revisions. Answers how many were added: to look and to
# add are one step, so that many who add at once don't pass the bound together.
_ADD = """
local room = tonumber(ARGV[1]) - redis.call('XLEN', KEYS[1])
local taken = math.max(0, math.min(room, #ARGV - 1))
for place = 2, taken + 1 do
  redis.call('XADD', KEYS[1], '*', 'revision', ARGV[place])
end
return taken
"""


def connect(address: str) -> Redis:
    """A client for `address` (redis://, rediss:// or unix://); connects at its first use.

    It never tries a command twice by itself: a lost answer does not mean a lost command, and a second XADD would be a
    second entry. Raises SettingsError when the address is none.
    """
    try:
        client: Redis = Redis.from_url(
            address,
            protocol=2,
            decode_responses=True,
            socket_timeout=SOCKET_TIMEOUT_S,
            socket_connect_timeout=2.0,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise SettingsError(f"BAITHAK_REDIS_URL can't be used: {error}") from error
    return client


@dataclass(frozen=True, slots=True)
class Job:
    """One revision to screen. `deliveries` counts how often it was handed out: above 1, somebody did not finish it."""

    entry_id: str
    revision_id: int
    deliveries: int


class ScreeningQueue:
    """The queue, as one process sees it. Every method raises QueueUnavailable when Redis can't be reached.

    Not for two consumers at once in one object: it remembers whether this consumer's unfinished jobs were read since
    the connection was last lost.
    """

    def __init__(self, redis: Redis, *, at_most: int, stream: str = STREAM) -> None:
        # redis-py types each answer as a union of everything it may be; this adapter is where it becomes one thing.
        self._redis: Any = redis
        self._at_most = at_most
        self._stream = stream
        self._dead = f"{stream}:dead"
        self._remembers = f"{stream}:remembers"
        self._own_read = False

    async def enqueue(self, revision_ids: Sequence[int]) -> int:
        """Add jobs; answers how many were taken. At the queue's bound the rest wait in the store."""
        if not revision_ids:
            return 0
        async with self._reaching():
            taken = await self._usable(
                self._stream, lambda: self._redis.eval(_ADD, 1, self._stream, self._at_most, *revision_ids)
            )
        if taken < len(revision_ids):
            log.warning("screening queue full", length_at_most=self._at_most, waiting=len(revision_ids) - taken)
        return int(taken)

    async def claim(self, consumer: str, *, wait_s: float, at_most: int) -> list[Job]:
        """Up to `at_most` new jobs, waiting up to `wait_s` for the first.

        After a lost connection the consumer's own unfinished jobs come first: they may have been handed out in an
        answer that never arrived.
        """
        if not 0 <= wait_s < SOCKET_TIMEOUT_S:
            raise ValueError(f"wait_s must be below the socket's timeout of {SOCKET_TIMEOUT_S} s")
        async with self._reaching():
            if not self._own_read:
                own = await self._read_own(consumer, at_most=at_most)
                if own:
                    return own
                self._own_read = True
            block = max(1, round(wait_s * 1000)) if wait_s else None
            entries = await self._read(consumer, after=">", at_most=at_most, block=block)
            if not entries and wait_s:
                await asyncio.sleep(min(EMPTY_READ_PAUSE_S, wait_s))
            return await self._jobs(entries, dict.fromkeys((entry_id for entry_id, _ in entries), 1))

    async def _read_own(self, consumer: str, *, at_most: int) -> list[Job]:
        while entries := await self._read(consumer, after="0", at_most=at_most, block=None):
            jobs = await self._jobs(entries, await self._deliveries([entry_id for entry_id, _ in entries]))
            if jobs:
                return jobs
        return []

    async def _read(
        self, consumer: str, *, after: str, at_most: int, block: int | None
    ) -> list[tuple[str, Mapping[str, str] | None]]:
        answer = await self._with_group(
            lambda: self._redis.xreadgroup(GROUP, consumer, {self._stream: after}, count=at_most, block=block)
        )
        return [(entry_id, fields) for _, entries in answer or [] for entry_id, fields in entries]

    async def reclaim(self, consumer: str, *, idle_s: float, at_most: int) -> list[Job]:
        """Up to `at_most` jobs which others took and did not touch for `idle_s`: their worker died or hangs.

        Those handed out once come together: most workers are killed by no comment. One that was handed out again and
        is still not done comes by itself, so that if it stops workers, nobody else is in the way.
        """
        idle_ms = round(idle_s * 1000)
        async with self._reaching():
            while deliveries := await self._left(idle_ms, at_most=at_most):
                found = await self._redis.xclaim(
                    self._stream, GROUP, consumer, min_idle_time=idle_ms, message_ids=list(deliveries)
                )
                if any(entry_id is None for entry_id, _ in found):
                    # Redis 6.2 hands over entries that no longer exist without their ids; reading our own unfinished
                    # jobs names them.
                    self._own_read = False
                jobs = await self._jobs([entry for entry in found if entry[0] is not None], deliveries)
                if jobs:
                    return jobs
                # Ghosts of a trimmed stream, which are gone now, or another worker was faster.
            return []

    async def _left(self, idle_ms: int, *, at_most: int) -> dict[str, int]:
        """What others left, the oldest first, by the number of deliveries it will have had with ours."""

        async def look() -> Any:
            idle = idle_ms or None  # fakeredis takes 0 for more than 0
            return await self._redis.xpending_range(self._stream, GROUP, min="-", max="+", count=at_most, idle=idle)

        rows = [(row["message_id"], row["times_delivered"]) for row in await self._with_group(look)]
        if rows and rows[0][1] > 1:
            rows = rows[:1]
        return {entry_id: times + 1 for entry_id, times in rows if times == rows[0][1]}

    async def _deliveries(self, entry_ids: Sequence[str]) -> dict[str, int]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for entry_id in entry_ids:
                pipe.xpending_range(self._stream, GROUP, min=entry_id, max=entry_id, count=1)
            answers = await pipe.execute()
        return {row["message_id"]: row["times_delivered"] for rows in answers for row in rows}

    async def _jobs(
        self, entries: Iterable[tuple[str, Mapping[str, str] | None]], deliveries: Mapping[str, int]
    ) -> list[Job]:
        jobs: list[Job] = []
        unreadable: list[str] = []
        for entry_id, fields in entries:
            revision = revision_of(fields)
            if revision is not None:
                jobs.append(Job(entry_id, revision, deliveries.get(entry_id, 1)))
            else:
                # Deleted behind the group's back, or not ours. The comment, if there is one, is found by the sweeper.
                unreadable.append(entry_id)
        if unreadable:
            log.warning("unreadable queue entries dropped", count=len(unreadable))
            await self._finish(unreadable)
        return jobs

    async def touch(self, consumer: str, jobs: Sequence[Job]) -> None:
        """Say that these jobs are still being worked on, so that nobody reclaims them. Not counted as a delivery."""
        if not jobs:
            return
        async with self._reaching():
            with contextlib.suppress(ResponseError):  # the group is gone: the next claim makes it again
                await self._redis.xclaim(
                    self._stream,
                    GROUP,
                    consumer,
                    min_idle_time=0,
                    message_ids=[job.entry_id for job in jobs],
                    justid=True,
                )

    async def give_up(self, beginning: str) -> None:
        """What consumers whose name begins so hold is anybody's at once: they are known to be dead. Counts no delivery.

        It is found by `reclaim` like all that was left, only sooner.
        """
        async with self._reaching():
            for row in await self._with_group(lambda: self._redis.xinfo_consumers(self._stream, GROUP)):
                dead, count = row["name"], row["pending"]
                if count and dead.startswith(beginning):
                    held = await self._redis.xpending_range(self._stream, GROUP, "-", "+", count, consumername=dead)
                    ids, long_ms = [one["message_id"] for one in held], LONG_DEAD_S * 1000
                    await self._redis.xclaim(self._stream, GROUP, dead, 0, ids, idle=long_ms, justid=True)

    async def ack(self, jobs: Sequence[Job]) -> None:
        """These jobs are done, for good. Call it only after the decision was committed."""
        async with self._reaching():
            await self._finish([job.entry_id for job in jobs])

    async def _finish(self, entry_ids: Sequence[str]) -> None:
        if not entry_ids:
            return
        # In one transaction: an entry acknowledged and not deleted would count as waiting for ever.
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xack(self._stream, GROUP, *entry_ids)
            pipe.xdel(self._stream, *entry_ids)
            await pipe.execute()

    async def bury(self, job: Job, *, reason: str) -> None:
        """Move a job to the dead letters, where an operator sees it. Its comment was held before, if that can be."""
        letter = {"revision": job.revision_id, "reason": reason, "deliveries": job.deliveries}

        async def move() -> None:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.xadd(self._dead, letter, maxlen=DEAD_LETTERS_KEPT, approximate=True)
                pipe.xack(self._stream, GROUP, job.entry_id)
                pipe.xdel(self._stream, job.entry_id)
                await pipe.execute()

        async with self._reaching():
            await self._usable(self._dead, move)

    async def lost(self, revision_ids: Sequence[int]) -> list[int]:
        """Those that are neither waiting nor being worked on, in order; what stood there and is nobody's is deleted.

        Reads the stream from its old end and stops once all are found, so that a long queue of waiting comments costs
        little.
        """
        async with self._reaching():
            entry_of = await self._usable(self._stream, lambda: self._find(set(revision_ids)))
            stranded = await self._stranded(entry_of)
            if stranded:
                await self._redis.xdel(self._stream, *(entry_of[revision_id] for revision_id in stranded))
        return [revision_id for revision_id in revision_ids if revision_id not in entry_of or revision_id in stranded]

    async def _find(self, wanted: set[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        begin = "-"
        while len(found) < len(wanted):
            page = await self._redis.xrange(self._stream, min=begin, count=_PAGE)
            for entry_id, fields in page:
                revision = revision_of(fields)
                if revision in wanted:
                    found[revision] = entry_id
            if len(page) < _PAGE:
                break
            begin = f"({page[-1][0]}"
        return found

    async def _stranded(self, entry_of: Mapping[int, str]) -> set[int]:
        """Entries that were handed out and are nobody's: a consumer was deleted together with its unfinished jobs."""
        if not entry_of:
            return set()
        groups = {
            group["name"]: group for group in await self._with_group(lambda: self._redis.xinfo_groups(self._stream))
        }
        if GROUP not in groups:
            return set()
        handed_out = order(groups[GROUP]["last-delivered-id"])
        if handed_out > order((await self._redis.xinfo_stream(self._stream))["last-generated-id"]):
            # By no reading of ours: what is added would never be handed out. From 0, what is at work comes once more.
            log.error("screening queue set back", advice="find out who else writes to this Redis")
            await self._redis.xgroup_setid(self._stream, GROUP, "0")
            return set()
        delivered = {revision: entry for revision, entry in entry_of.items() if order(entry) <= handed_out}
        held = await self._deliveries(list(delivered.values()))
        return {revision for revision, entry in delivered.items() if entry not in held}

    async def size(self) -> QueueSize:
        """How long the queue is, how many dead letters there are, and when the newest was set aside."""
        async with self._reaching():
            length, pending = await self._usable(self._stream, self._length)
            dead, newest = await self._usable(self._dead, self._dead_letters)
        return QueueSize(length, pending, dead, added_at(newest, now=datetime.now(UTC)) if newest else None)

    async def _length(self) -> tuple[int, int]:
        summary = await self._with_group(lambda: self._redis.xpending(self._stream, GROUP))
        return await self._redis.xlen(self._stream), summary["pending"]

    async def _dead_letters(self) -> tuple[int, str | None]:
        newest = await self._redis.xrevrange(self._dead, count=1)
        return await self._redis.xlen(self._dead), newest[0][0] if newest else None

    async def beat(self, consumer: str, *, model: str | None, ttl_s: float) -> None:
        """Say that this worker lives, and which model it screens with; forgotten after `ttl_s`."""
        async with self._reaching():
            await self._redis.set(f"{HEARTBEATS}{consumer}", model or "", px=round(ttl_s * 1000))

    async def workers(self) -> dict[str, str | None]:
        """The workers alive, each with its model's version; None where it has no usable one."""
        async with self._reaching():
            keys = [key async for key in self._redis.scan_iter(match=f"{HEARTBEATS}*", count=_PAGE)]
            models = await self._redis.mget(keys) if keys else []
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.pttl(key)
                left_ms = await pipe.execute()
        return {
            key.removeprefix(HEARTBEATS): model or None
            for key, model, left in zip(keys, models, left_ms, strict=True)
            if model is not None and is_leased(left, at_most_ms=round(BEATS_AT_MOST_S * 1000))
        }

    async def may_sweep(self, consumer: str, *, every_s: float) -> bool:
        """Whether it is this process's turn to sweep: one process in `every_s` gets a yes."""
        async with self._reaching():
            return await take_turn(self._redis, f"{self._stream}:sweeper", holder=consumer, lasts_s=every_s)

    async def leave(self, consumer: str) -> None:
        """Forget a consumer that stops, and those that died a day ago; never one with unfinished jobs, for these would
        be dropped with it."""
        async with self._reaching():
            await self._redis.delete(f"{HEARTBEATS}{consumer}")
            with contextlib.suppress(ResponseError):
                for row in await self._redis.xinfo_consumers(self._stream, GROUP):
                    gone = row["name"] == consumer or row["idle"] >= LONG_DEAD_S * 1000
                    if gone and row["pending"] == 0:
                        await self._redis.xgroup_delconsumer(self._stream, GROUP, row["name"])

    async def has_forgotten(self) -> bool:
        """Whether Redis lost what it held since this was last asked: it was emptied, or another one took its place."""
        async with self._reaching():
            return bool(await self._redis.set(self._remembers, "1", nx=True))

    async def _with_group(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        return await with_group(self._redis, self._stream, GROUP, ask=ask)

    async def _usable(self, stream: str, ask: Callable[[], Awaitable[T]]) -> T:
        """What was in a stream that had to go is in the store: the next sweep queues it again, whatever its age."""
        return await usable(self._redis, stream, ask=ask, noted=self._remembers)

    @contextlib.asynccontextmanager
    async def _reaching(self) -> AsyncIterator[None]:
        try:
            yield
        except (RedisError, OSError) as error:
            self._own_read = False
            raise QueueUnavailable(f"Redis can't be reached: {type(error).__name__}") from error
