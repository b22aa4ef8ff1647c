"""Telegram's updates: stored before they are acknowledged, then handled once, in order within a chat.

    getUpdates → stored in one transaction → confirmed by the next offset
    (or: webhook → stored → 200)
    inbox → leased, the oldest of each lane → handled → done

Many processes may work at once: one of them polls, all of them handle, and the database's leases keep them apart.
A handler may be run again after a crash, so handlers are written to change nothing the second time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.store import BotStore, StoredUpdate
from moderation.database import is_of_its_value, is_passing
from moderation.running import own_place, stop_if_cancelled
from moderation.sockets import watched_socket
from moderation.turns import take_turn

log = structlog.get_logger(__name__)

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
"""What Telegram is asked for; it leaves out reactions unless they are named."""

POLL_S = 20
"""Seconds one getUpdates waits for news."""

LEASE_S = 3.0
"""Seconds an update belongs to whoever handles it; renewed while they do, so this long after a crash others may."""

HANDLE_S = 60.0
"""Seconds a handler may take. Waiting for a busy chat's turn is the longest that one does."""

TRIES = 5
"""How often an update whose handler fails is tried before it is set aside, so that its chat can go on."""

PATIENT_TRIES = 100
"""The same where Telegram or the database is away, about an hour: that is not the update's fault."""

_LOCK = "baithak:poller"
_LOCK_S = 3.0
_IDLE_S = 0.25
_AGAIN_AT_MOST_S = 3.0
Handle = Callable[[StoredUpdate], Awaitable[None]]


class RetryLater(Exception):
    """Raised by a handler: Telegram is away or wants a pause; the update is tried again, after `after_s` if given."""

    def __init__(self, cause: str, *, after_s: float | None = None) -> None:
        super().__init__(cause)
        self.after_s = after_s


def stored_update(raw: Mapping[str, Any]) -> StoredUpdate:
    """The update as it is kept. Its lane is the chat; a press belongs to the person's, wherever the button stands.

    So two moderators who press at once in one group do not wait for each other. Raises ValueError without an update_id.
    """
    update_id = raw.get("update_id")
    # True is an int to Python, and to no driver of PostgreSQL.
    if type(update_id) is not int or not 0 <= update_id < 2**63:
        raise ValueError("an update needs an update_id")
    return StoredUpdate(update_id=update_id, lane=_lane(raw), payload=dict(raw))


def _lane(raw: Mapping[str, Any]) -> int:
    for kind, content in raw.items():
        if not isinstance(content, dict):
            continue
        owner = content.get("from" if kind == "callback_query" else "chat")
        number = owner.get("id") if isinstance(owner, dict) else None
        if type(number) is int and -(2**63) <= number < 2**63:
            return number
    return 0


async def store_updates(store: BotStore, updates: Sequence[Mapping[str, Any]], *, now: datetime) -> int:
    """Store updates in one transaction; gives how many are new.

    One that the database can never take is left out, and said: Telegram would send it again and again, and all behind
    it would wait. Raises ValueError where one has no update_id.
    """
    wanted = [stored_update(raw) for raw in updates]
    try:
        return await store.inbox.add(wanted, now=now)
    except Exception as error:
        if not is_of_its_value(error):
            raise
    new = 0
    for update in wanted:
        try:
            new += await store.inbox.add([update], now=now)
        except Exception as error:
            if not is_of_its_value(error):
                raise
            # Its own text would quote the update.
            log.error("update left out", update=update.update_id, error=type(error).__name__)
    return new


class Poller:
    """Fetches updates and stores them; of many processes one at a time. Never handles one."""

    def __init__(
        self,
        *,
        address: str,
        store: BotStore,
        redis: Redis | None,
        stored: Callable[[], None],
        clock: Callable[[], datetime],
        place: str | None = None,
    ) -> None:
        """`address` is the Bot API's up to the method's name, token included; it is never logged.

        Whoever polls and has a name that begins with `place` is a dead one whose part this process is now.
        """
        self._address = address
        self._store = store
        self._redis: Any = redis
        self._stored = stored
        self._clock = clock
        self._place = place or own_place()
        self._me = f"{self._place}{secrets.token_hex(8)}"
        self._is_mine = asyncio.Event()

    async def run(self) -> None:
        """Poll until cancelled."""
        timeout = aiohttp.ClientTimeout(total=POLL_S + 10)
        # Without it a poll that waits over a network that was cut goes on waiting when the network is back.
        connector = aiohttp.TCPConnector(socket_factory=watched_socket)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._keep_lock(), name="poller lock")
            tasks.create_task(self._poll(session), name="poller")

    async def _poll(self, session: aiohttp.ClientSession) -> None:
        offset: int | None = None
        failures = 0
        while True:
            stop_if_cancelled()
            await self._is_mine.wait()
            try:
                pause_s, offset = await self._fetch(session, offset)
                failures = 0 if pause_s == 0 else failures
            except Exception as error:
                # Telegram or the store is away. The text of an aiohttp error may hold the address, and so the token.
                failures += 1
                pause_s = min(2.0 ** min(failures, 10) / 8, _AGAIN_AT_MOST_S)
                log.warning("updates not fetched", error=type(error).__name__, again_in_s=pause_s)
            if pause_s:
                await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))

    async def _fetch(self, session: aiohttp.ClientSession, offset: int | None) -> tuple[float, int | None]:
        """One getUpdates: seconds to pause before the next, and its offset."""
        body: dict[str, Any] = {"timeout": POLL_S, "limit": 100, "allowed_updates": ALLOWED_UPDATES}
        if offset is not None:
            body["offset"] = offset
        async with session.post(f"{self._address}getUpdates", json=body) as response:
            answer = json.loads(await response.read())
        if not isinstance(answer, dict):
            raise TypeError("an answer is an object")
        if not answer.get("ok"):
            return await self._refused(session, answer), offset
        result = answer["result"]
        if not result:
            # All is confirmed. Without an offset nothing is lost if Telegram starts its ids anew after an idle week.
            return 0, None
        await self.keep(result)
        return 0, max(raw["update_id"] for raw in result) + 1

    async def keep(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Store updates; known ones change nothing."""
        if await store_updates(self._store, updates, now=self._clock()):
            self._stored()

    async def _refused(self, session: aiohttp.ClientSession, answer: Mapping[str, Any]) -> float:
        code, text = answer.get("error_code"), str(answer.get("description", ""))
        if code == 409 and "webhook" in text:
            log.warning("webhook removed", advice="set BAITHAK_WEBHOOK_URL to receive updates by webhook")
            async with session.post(f"{self._address}deleteWebhook"):
                return 0.2
        if code == 409:
            # Somebody else polls; they may have taken over, or not have noticed yet that we did.
            return 2.0
        after = (answer.get("parameters") or {}).get("retry_after")
        log.warning("updates refused", code=code, retry_after_s=after)
        if code == 401:
            return 30.0
        return float(after) if isinstance(after, int) else 2.0

    async def _keep_lock(self) -> None:
        try:
            while True:
                stop_if_cancelled()
                if await self._has_lock():
                    self._is_mine.set()
                else:
                    self._is_mine.clear()
                await asyncio.sleep(_LOCK_S / 3)
        finally:
            with contextlib.suppress(RedisError, OSError):
                if self._redis is not None and await self._redis.get(_LOCK) == self._me:
                    await self._redis.delete(_LOCK)

    async def _has_lock(self) -> bool:
        """Whether this process polls. Without Redis all do, and Telegram's 409 leaves one of them."""
        if self._redis is None:
            return True
        try:
            if await take_turn(self._redis, _LOCK, holder=self._me, lasts_s=_LOCK_S):
                return True
            holder = await self._redis.get(_LOCK)
            if holder is None or not holder.startswith(self._place):
                return False
            await self._redis.set(_LOCK, self._me, px=round(_LOCK_S * 1000))
        except (RedisError, OSError):
            return True
        return True


class InboxWorker:
    """Hands stored updates to the handler: one at a time in a lane, many lanes at once."""

    def __init__(self, store: BotStore, handle: Handle, *, clock: Callable[[], datetime], at_once: int = 32) -> None:
        self._store = store
        self._handle = handle
        self._clock = clock
        self._at_once = at_once
        self._wake = asyncio.Event()
        self._running: dict[asyncio.Task[None], int] = {}

    def wake(self) -> None:
        """Something was stored."""
        self._wake.set()

    async def run(self) -> None:
        """Handle updates until cancelled; those in hand are given back, to be handled by whoever comes next."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hold(), name="inbox leases")
                tasks.create_task(self._work(), name="inbox")
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            stop_if_cancelled()
            self._wake.clear()
            leased = 0
            try:
                leased = await self.start_due()
            except Exception as error:
                log.error("inbox unreachable", error=type(error).__name__, passing=is_passing(error))
                await asyncio.sleep(0.5)
            if not leased:
                # Not wait_for: on Python 3.11 it loses a cancellation that comes with the event.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_IDLE_S):
                        await self._wake.wait()

    async def start_due(self) -> int:
        """Begin to handle what waits and nobody has; how many."""
        free = self._at_once - len(self._running)
        if free <= 0:
            return 0
        leased = await self._store.inbox.lease(at_most=free, lease_s=LEASE_S, now=self._clock())
        in_hand = set(self._running.values())
        for stored in leased:
            if stored.update_id in in_hand:
                continue  # its lease ran out while the database was busy: it is ours again, and being handled
            task = asyncio.create_task(self._one(stored), name=f"update {stored.update_id}")
            self._running[task] = stored.update_id
            task.add_done_callback(self._finished)
        return len(leased)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._wake.set()
        if not task.cancelled() and task.exception() is not None:
            # The store was away when the outcome was to be noted: the lease runs out and the update is handled again.
            log.warning("update left to its lease", task=task.get_name(), error=type(task.exception()).__name__)

    async def _one(self, stored: StoredUpdate) -> None:
        if stored.attempts > PATIENT_TRIES:
            # Handling it ended the process each time: nobody was left to count a failure.
            await self._set_aside(stored, "too many tries")
            return
        try:
            async with asyncio.timeout(HANDLE_S):
                await self._handle(stored)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await self._store.inbox.retry(stored.update_id, due_at=self._clock(), error="stopped")
            raise
        except Exception as error:
            await self._failed(stored, error)
        else:
            await self._store.inbox.done(stored.update_id, now=self._clock())

    async def _failed(self, stored: StoredUpdate, error: Exception) -> None:
        name = str(error) if isinstance(error, RetryLater) else type(error).__name__
        patient = isinstance(error, RetryLater) or is_passing(error)
        if stored.attempts >= (PATIENT_TRIES if patient else TRIES):
            await self._set_aside(stored, name)
            return
        after_s = min(0.25 * 2.0 ** min(stored.attempts, 10), 30)
        if isinstance(error, RetryLater) and error.after_s is not None:
            after_s = error.after_s
        log.warning(
            "update failed",
            update=stored.update_id,
            attempts=stored.attempts,
            error=name,
            where=_where(error),
            again_in_s=after_s,
        )
        await self._store.inbox.retry(stored.update_id, due_at=self._clock() + timedelta(seconds=after_s), error=name)

    async def _set_aside(self, stored: StoredUpdate, error: str) -> None:
        log.error("update set aside", update=stored.update_id, attempts=stored.attempts, error=error)
        await self._store.inbox.done(stored.update_id, now=self._clock(), error=error)

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            if not self._running:
                continue
            try:
                await self._store.inbox.hold(list(self._running.values()), lease_s=LEASE_S, now=self._clock())
            except Exception as error:
                log.warning("leases not renewed", error=type(error).__name__)


def _where(error: BaseException) -> str:
    """The place an error was raised at. Its own text may hold a reader's words, so that is never logged."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
