"""Webhooks: updates pushed to the bot, in order within a chat, until it takes them."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.clock import Clock
from bot.sandbox.errors import ApiError, bad_request, conflict, too_many_requests
from bot.sandbox.journal import Journal, Record
from bot.sandbox.state import Json
from bot.sandbox.updates import Queued, UpdateQueue

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the name of a header
MOST_CONNECTIONS = 100
DEFAULT_CONNECTIONS = 40
ANSWER_S = 60.0
FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = (60.0, 120.0)
LONGEST_RETRY_AFTER_S = 3600
GONE_FOR_S = 23 * 3600.0
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")

# Runs a method the bot names in its answer: its name and parameters.
Run = Callable[[str, Json], Awaitable[Any]]


@dataclass(slots=True)
class Hook:
    """Where updates go, and how it went last."""

    url: str
    secret: str = ""
    connections: int = DEFAULT_CONNECTIONS
    error: str = ""
    error_at: float = 0.0
    gone_since: float = 0.0


class Webhooks:
    """Delivers updates to the address the bot set.

    Those of one chat (presses: of one person) go one after another; a failing one holds up only its own. Never drops
    an update but by its age.
    """

    def __init__(self, *, updates: UpdateQueue, clock: Clock, journal: Journal, run: Run) -> None:
        self._updates = updates
        self._clock = clock
        self._journal = journal
        self._run = run
        self._hook: Hook | None = None
        self._set_at = float("-inf")
        self._lanes: dict[str, deque[Queued]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(DEFAULT_CONNECTIONS)
        self.delivered = 0

    # What is remembered.

    def recall(self, record: Record) -> None:
        """Take in one record of an earlier run; those of other kinds are left alone."""
        if record.kind == "webhook":
            self._hook = Hook(**record.value) if record.value else None

    def records(self) -> Iterator[Record]:
        """All there is to remember."""
        if self._hook:
            yield Record("webhook", "webhook", asdict(self._hook))

    # Setting it.

    @property
    def url(self) -> str:
        """Where updates go; nothing while there is no webhook."""
        return self._hook.url if self._hook else ""

    async def set(self, url: str, *, secret: str, connections: int) -> str:
        """Push updates there from now on; an empty address ends that. Gives Telegram's remark.

        Raises ApiError 400 for an address or secret ill formed, 429 when set twice within a second.
        """
        if not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise bad_request("bad webhook: invalid webhook URL specified")
        hook = Hook(url, secret, min(max(connections or DEFAULT_CONNECTIONS, 1), MOST_CONNECTIONS)) if url else None
        if hook and self._clock.now() - self._set_at < 1:
            raise too_many_requests(1)
        former, self._hook = self._hook, hook
        self._journal.put("webhook", "webhook", asdict(hook) if hook else None)
        await self._stop_lanes()
        if hook is None:
            return "Webhook was deleted" if former else "Webhook is already deleted"
        self._set_at = self._clock.now()
        self._updates.interrupt(conflict("terminated by setWebhook request"))
        self.start()
        return "Webhook was set"

    def info(self) -> Json:
        """The Bot API WebhookInfo."""
        hook = self._hook
        about: Json = {
            "url": hook.url if hook else "",
            "has_custom_certificate": False,
            "pending_update_count": self._updates.pending_count,
        }
        if hook:
            about["max_connections"] = hook.connections
            if hook.error:
                about |= {"last_error_date": int(hook.error_at), "last_error_message": hook.error}
        if self._updates.allowed:
            about["allowed_updates"] = list(self._updates.allowed)
        return about

    # Delivering.

    def start(self) -> None:
        """Deliver what waits, if a webhook is set; call once the event loop runs."""
        if self._hook is None:
            return
        self._slots = asyncio.Semaphore(self._hook.connections)
        for queued in self._updates.waiting():
            self.take(queued)

    def take(self, queued: Queued) -> None:
        """Deliver this one after those of its lane before it; nothing while no webhook is set."""
        if self._hook is None:
            return
        lane = self._lanes.get(queued.lane)
        if lane is not None:
            lane.append(queued)
            return
        self._lanes[queued.lane] = deque([queued])
        task = asyncio.get_running_loop().create_task(self._work_off(queued.lane, self._hook))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop delivering; what was not taken waits for the next start."""
        await self._stop_lanes()
        if self._session:
            await self._session.close()

    async def _stop_lanes(self) -> None:
        # A method in an answer may set the webhook: the lane that runs it must not wait for itself.
        others = self._tasks - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._lanes.clear()

    async def _work_off(self, name: str, hook: Hook) -> None:
        lane = self._lanes[name]
        while lane and self._hook is hook:
            await self._deliver(lane[0], hook)
            lane.popleft()
        if self._lanes.get(name) is lane:
            del self._lanes[name]

    async def _deliver(self, queued: Queued, hook: Hook) -> None:
        failures = 0
        while self._updates.is_waiting(queued) and self._hook is hook:
            async with self._slots:
                retry_after_s = await self._attempt(queued, hook)
            if retry_after_s is None:
                self.delivered += 1
                return
            failures += 1
            delay_s = retry_after_s or _delay_s(failures)
            await self._clock.sleep_until(self._clock.now() + delay_s)

    async def _attempt(self, queued: Queued, hook: Hook) -> float | None:
        """Send it once: None if the bot took it, else the seconds it asked to be left alone (0 for no wish)."""
        self._session = self._session or aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S))
        headers = {"Content-Type": "application/json", **({SECRET_HEADER: hook.secret} if hook.secret else {})}
        body = json.dumps(queued.update).encode("ascii")
        try:
            async with self._session.post(hook.url, data=body, headers=headers, allow_redirects=False) as response:
                if 200 <= response.status < 300:
                    self._updates.confirm(queued)
                    hook.gone_since = 0.0
                    await self._run_answer(response)
                    return None
                error = f"Wrong response from the webhook: {response.status} {response.reason}"
                await self._failed(hook, error, gone=response.status == 410)
                return _retry_after_s(response.headers.get("Retry-After", ""))
        except TimeoutError:
            await self._failed(hook, "Read timeout expired", gone=False)
        except aiohttp.ClientError:
            await self._failed(hook, "Connection refused", gone=False)
        return 0.0

    async def _failed(self, hook: Hook, error: str, *, gone: bool) -> None:
        now = self._clock.now()
        hook.error, hook.error_at = error, now
        hook.gone_since = (hook.gone_since or now) if gone else 0.0
        if gone and now - hook.gone_since >= GONE_FOR_S and self._hook is hook:
            await self.set("", secret="", connections=0)

    async def _run_answer(self, response: aiohttp.ClientResponse) -> None:
        """Run the method the bot put into its answer; its result goes nowhere, as with Telegram."""
        values = await _values(response)
        name = str(values.pop("method", "")).lower()
        if not name or name.startswith("get") or name in ("setwebhook", "deletewebhook", "close", "logout"):
            return
        try:
            await self._run(name, values)
        except ApiError:
            return


async def _values(response: aiohttp.ClientResponse) -> Json:
    try:
        if response.content_type == "multipart/form-data":
            values = {}
            async for part in aiohttp.MultipartReader.from_response(response):
                if isinstance(part, aiohttp.BodyPartReader) and part.name:
                    values[part.name] = await part.text()
            return values
        parsed = json.loads(await response.read() or b"{}")
    except (ValueError, aiohttp.ClientError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _delay_s(failures: int) -> float:
    """No wait after the first failure, then twice as long each time, up to a minute or two."""
    if failures == 1:
        return 0.0
    return min(FIRST_DELAY_S ** min(failures - 1, 10), random.uniform(*LONGEST_DELAY_S))


def _retry_after_s(header: str) -> float:
    return float(min(int(header), LONGEST_RETRY_AFTER_S)) if header.isdecimal() else 0.0
