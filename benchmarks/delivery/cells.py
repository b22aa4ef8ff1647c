"""One sender at one sandbox: what it got through in a steady minute, and what somebody who asked meanwhile waited."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.delivery.senders import Sender
from benchmarks.site import ROOT, data_directory, empty_directory, redis_running
from benchmarks.system import free_port
from bot.store import BotStore, upgrade
from bot.story import FeedStory
from bot.subscriber import Listed
from moderation.database import Database
from moderation.settings import Settings

ALLOWED_PER_S = 30
BLOCKED_EVERY = 20
"""One in so many has blocked the bot: 5 %."""

FIRST = 700_000
WARM_S = 5.0
"""The window begins so long after the first message was answered: what may go at once after a rest is over."""

ASK_EVERY_S = 0.5
ASKING = 40
"""So many others who ask in turn, so that none waits for the pace of its own chat."""

LOOK_EVERY_S = 0.02
ANSWERED_WITHIN_S = 30.0

SENDS = ["sendMessage", "sendPhoto"]
TICK = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cell:
    """A limit of the sandbox's, and how long a call takes there."""

    model: str
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """In a window of `seconds`: answered calls, 429s, the sender's seconds of computing and its bytes of memory.

    `replies_s` are the times in which somebody who asked got an answer; none where the sender does not answer.
    """

    seconds: float
    answered: int
    too_many: int
    cpu_s: float
    memory: int
    replies_s: tuple[float, ...] = field(default=())

    @property
    def efficiency(self) -> float:
        """Answered ÷ allowed: attempts that were delivered, or refused because the reader blocked the bot."""
        return self.answered / (ALLOWED_PER_S * self.seconds)


def measure(sender: Sender, cell: Cell, *, seconds: float, python: Path | None) -> Measured:
    """Send for so long; a peer by its own Python."""
    count = round(ALLOWED_PER_S * (seconds + 2 * WARM_S + 5))
    port = free_port()
    # The others need no database; ours are measured one at a time, for two can't be brought forward at once.
    with data_directory() if sender.ours else empty_directory() as settings, contextlib.ExitStack() as stack:
        if sender.ours:
            upgrade(settings.database_address())
        # With the bot's settings, of which it reads its own.
        stack.enter_context(_process([sys.executable, "-m", "bot", "sandbox"], _environment(settings, port)))
        if sender.ours:
            stack.enter_context(redis_running(settings))
        return asyncio.run(_measure(sender, cell, settings, port, range(FIRST, FIRST + count), seconds, python))


async def _measure(
    sender: Sender,
    cell: Cell,
    settings: Settings,
    port: int,
    people: range,
    seconds: float,
    python: Path | None,
) -> Measured:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        await _answering(http)
        await _people(http, people)
        await _do(http, "PUT", "limits", {"model": cell.model, "overall_per_s": ALLOWED_PER_S})
        await _do(http, "PUT", "faults", {"faults": [{"kind": "latency", "ms": cell.latency_ms, "methods": SENDS}]})
        if not sender.ours:
            with _peer(sender, python, port, len(people)) as peer:
                return await _watch(http, [peer], seconds=seconds, asks=False)
        await _push(settings, people)
        with _bots(settings, port, sender.ours) as bots:
            return await _watch(http, bots, seconds=seconds, asks=True)


async def _do(http: aiohttp.ClientSession, verb: str, path: str, body: Any = None) -> Any:
    async with http.request(verb, f"/control/{path}", json=body) as answer:
        answer.raise_for_status()
        return await answer.json()


async def _answering(http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                await _do(http, "GET", "stats")
                return
            await asyncio.sleep(0.1)


def _environment(settings: Settings, port: int) -> dict[str, str]:
    given = {key: value for key, value in os.environ.items() if not key.startswith("BAITHAK_")}
    return given | {
        "BAITHAK_DATA_DIR": str(settings.data_dir),
        "BAITHAK_SANDBOX_PORT": str(port),
        "BAITHAK_LOG_LEVEL": "error",
        "OMP_NUM_THREADS": "1",
    }


async def _people(http: aiohttp.ClientSession, people: Sequence[int]) -> None:
    """They started the bot, and one in BLOCKED_EVERY has blocked it since; others stand by to ask."""
    for person in (*people, *range(FIRST - ASKING, FIRST)):
        await _do(http, "POST", "users", {"id": person, "first_name": "Reader", "language_code": "en"})
        await _do(http, "POST", f"users/{person}/messages", {"text": "/start"})
        if person >= FIRST and person % BLOCKED_EVERY == 0:
            await _do(http, "POST", f"users/{person}/block")
    async with http.post("/bot42:SANDBOX/getUpdates", json={"offset": -1}) as answer:
        newest = (await answer.json())["result"][-1]["update_id"]
    async with http.post("/bot42:SANDBOX/getUpdates", json={"offset": newest + 1, "timeout": 0}) as answer:
        answer.raise_for_status()


async def _push(settings: Settings, people: Sequence[int]) -> None:
    database = Database(settings.database_address())
    store, now = BotStore(database), datetime.now(UTC)
    listed = {str(one): Listed(id=one, language="en", sections=(), timezone=None) for one in people}
    await store.subscribers.add_listed(listed, now=now)
    told = FeedStory("https://news.example/quay", "The quay is longer", "Two lines that say how much.", "en", "", now)
    (story,) = await store.stories.add([told], now=now)
    push = await store.pushes.begin(story, now=now)
    assert push is not None
    await store.pushes.plan(push, clock=lambda: now, page_planned=lambda: None)
    await database.close()


@contextlib.contextmanager
def _bots(settings: Settings, port: int, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    command = [sys.executable, "-m", "bot", "bot"]
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(_process(command, _environment(settings, port))) for _ in range(count)]


@contextlib.contextmanager
def _peer(sender: Sender, python: Path | None, port: int, count: int) -> Iterator[subprocess.Popen[bytes]]:
    script = Path(__file__).with_name("sending.py")
    command = [str(python), str(script), sender.way, f"http://127.0.0.1:{port}", str(FIRST), str(count)]
    with _process(command, os.environ) as process:
        yield process


@contextlib.contextmanager
def _process(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def _watch(
    http: aiohttp.ClientSession, processes: Sequence[subprocess.Popen[bytes]], *, seconds: float, asks: bool
) -> Measured:
    async with asyncio.timeout(60):
        while not _answered(await _do(http, "GET", "stats")):  # noqa: ASYNC110 - it is another process that sends
            await asyncio.sleep(0.05)
    await asyncio.sleep(WARM_S)
    waited_s: list[float] = []
    asking = asyncio.create_task(_ask(http, waited_s)) if asks else None
    before, began, cpu = await _do(http, "GET", "stats"), time.monotonic(), _cpu_s(processes)
    await asyncio.sleep(seconds)
    after, took, spent = await _do(http, "GET", "stats"), time.monotonic() - began, _cpu_s(processes) - cpu
    memory = sum(map(_memory, processes))
    if asking is not None:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
    return Measured(took, _answered(after) - _answered(before), _too_many(after), spent, memory, tuple(waited_s))


def _answered(stats: Mapping[str, Any]) -> int:
    """Sends that were delivered, or refused for good: those of a chat whose reader blocked the bot."""
    good = sum(stats["deliveries"].get(method, 0) for method in SENDS)
    return int(good + sum(stats["errors"].get(method, {}).get("403", 0) for method in SENDS))


def _too_many(stats: Mapping[str, Any]) -> int:
    return int(sum(stats["too_many_requests"].values()))


async def _ask(http: aiohttp.ClientSession, waited_s: list[float]) -> None:
    """Somebody asks for help, every half second another one; notes how long each waited for the answer."""
    number = 0
    async with asyncio.TaskGroup() as tasks:
        while True:
            tasks.create_task(_ask_once(http, FIRST - 1 - number % ASKING, waited_s))
            number += 1
            await asyncio.sleep(ASK_EVERY_S)


async def _ask_once(http: aiohttp.ClientSession, person: int, waited_s: list[float]) -> None:
    asked_at = time.monotonic()
    asked = await _do(http, "POST", f"users/{person}/messages", {"text": "/help"})
    async with asyncio.timeout(ANSWERED_WITHIN_S):
        while not await _do(http, "GET", f"chats/{person}/messages?after={asked['message_id']}"):  # noqa: ASYNC110 - it is another process that answers
            await asyncio.sleep(LOOK_EVERY_S)
    waited_s.append(time.monotonic() - asked_at)


def _cpu_s(processes: Sequence[subprocess.Popen[bytes]]) -> float:
    total = 0.0
    for process in processes:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / TICK
    return total


def _memory(process: subprocess.Popen[bytes]) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process.pid}/statm").read_text(encoding="utf-8").split()[1]) * PAGE_BYTES
    return 0
