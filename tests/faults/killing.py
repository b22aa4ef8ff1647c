"""A whole system's readers, who write as fast as it takes it, and kill -9 for its parts meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.settings import BotSettings
from moderation.queue import connect
from tests.e2e.system import People, Person, eventually
from tests.faults.ledger import number, percentile, reading

KILLABLE = ("worker", "bot", "web")
SAYS_IT_WORKS = {"worker": b'"worker started"', "bot": b'"bot works"'}

WRITERS = 8
"""So many messages are on their way to Telegram at once."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is.

    Many readers, so that none of them floods the page. They write `per_s` together, and faster for as long as they are
    behind, but never more than `ahead` comments before those that were received: what the system takes.
    """

    readers: int
    comments: int
    kills: int
    per_s: float = 20.0
    ahead: int = 40


@dataclass
class Writing:
    """What was written: when, by the source key of what must become of it; and how much of that is received."""

    address: str
    written_at: dict[str, float] = field(default_factory=dict)
    begun: int = 0
    received: int = 0

    def keys(self) -> set[str]:
        """The source keys of all that was written."""
        return set(self.written_at)

    def seconds(self, decided_at: dict[str, float]) -> dict[str, float]:
        """How long after it was written a comment was decided, whatever died in between."""
        waits = tuple(sorted(decided_at[key] - at for key, at in self.written_at.items() if key in decided_at))
        return {f"written to decided, {name} s": round(value, 3) for name, value in _spread(waits)}

    async def count(self) -> None:
        """Keep `received` true until cancelled."""
        async with reading(self.address) as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            before = await number(connection, "SELECT count(*) FROM comments")
            while True:
                self.received = await number(connection, "SELECT count(*) FROM comments") - before
                await asyncio.sleep(0.05)


def _spread(ordered: tuple[float, ...]) -> list[tuple[str, float]]:
    return [("p50", percentile(ordered, 0.5)), ("p99", percentile(ordered, 0.99)), ("max", ordered[-1])]


async def readers_who_agreed(people: People, count: int) -> list[tuple[Person, dict[str, Any]]]:
    """Readers, each with a story before them, who may comment."""
    readers = [await people.newcomer(f"Reader {at}") for at in range(count)]
    at_once = asyncio.Semaphore(10)

    async def agrees(at: int, reader: Person) -> tuple[Person, dict[str, Any]]:
        async with at_once:
            story = await reader.joins("en")
            await reader.comments(story, f"My first word on this, as reader {at}.")
            await reader.agrees()
        return reader, story

    return list(await asyncio.gather(*(agrees(at, reader) for at, reader in enumerate(readers))))


async def write_and_kill(people: People, writing: Writing, size: Size) -> dict[str, Any]:
    """All the comments, and all the kills while they are written; then both are at their end, nothing else need be."""
    readers = await readers_who_agreed(people, size.readers)
    killer = Killer(people, random.Random(size.comments))
    counting = asyncio.create_task(writing.count())
    began = time.monotonic()
    try:
        numbers = iter(range(size.comments))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(WRITERS):
                tasks.create_task(_write(readers, writing, size, numbers, began=began))
            tasks.create_task(killer.run(writing, size))
    finally:
        counting.cancel()
    return {
        "comments": len(writing.written_at),
        "a second": round(size.comments / (time.monotonic() - began), 1),
        "kills": sum(killer.killed.values()),
        "of them": ", ".join(f"{name} {count}" for name, count in killer.killed.most_common()),
        "FLUSHALLs": 2,
    }


async def _write(
    readers: list[tuple[Person, dict[str, Any]]], writing: Writing, size: Size, numbers: Iterator[int], *, began: float
) -> None:
    for at in numbers:
        await asyncio.sleep(began + at / size.per_s - time.monotonic())
        while at - writing.received > size.ahead:
            await asyncio.sleep(0.02)
        reader, story = readers[at % len(readers)]
        wrote = time.time()
        message = await reader.comments(
            story, f"Paragraph {at} of the report deserves a longer answer from the ministry."
        )
        writing.written_at[f"telegram:{reader.id}:{message['message_id']}"] = wrote


class Killer:
    """kill -9 to one part after the other, each only once it was back from the last time.

    Spread over what was received, so that between two kills some work is done. Among the kills Redis forgets everything
    twice, and is twice killed, which its supervisor starts again.
    """

    def __init__(self, people: People, dice: random.Random) -> None:
        self.killed: Counter[str] = Counter()
        self._people = people
        self._dice = dice
        self._starts = dict.fromkeys(SAYS_IT_WORKS, 1)
        self._said: Counter[str] = Counter()
        self._read: Counter[str] = Counter()

    async def run(self, writing: Writing, size: Size) -> None:
        """All the kills of a run of this size."""
        for at in range(1, size.kills + 1):
            while writing.received < at * size.comments // (size.kills + 1):
                await asyncio.sleep(0.02)
            if at in (size.kills // 4, 3 * size.kills // 4):
                await self._kill("redis-server")
                continue
            await self._kill(await self._somebody_who_works())
            if at in (size.kills // 3, 2 * size.kills // 3):
                await forget_everything(self._people)

    async def _somebody_who_works(self) -> str:
        async def look() -> str | None:
            untried = [name for name in KILLABLE if not self.killed[name]]
            for name in untried or self._dice.sample(KILLABLE, len(KILLABLE)):
                if await self._works(name):
                    return name
            return None

        return await eventually(look, what=f"one of {KILLABLE} to work", within_s=60)

    async def _works(self, name: str) -> bool:
        """Whether a part, started so often by now, does its work again."""
        if name == "web":
            with contextlib.suppress(aiohttp.ClientError):
                async with self._people.http.get(f"{self._people.system.web}/healthz") as answer:
                    return answer.status == 200
            return False
        with (self._people.system.data_dir / "logs" / f"{name}.log").open("rb") as log:
            log.seek(self._read[name])
            new, newline, _ = log.read().rpartition(b"\n")
        self._said[name] += new.count(SAYS_IT_WORKS[name])
        self._read[name] += len(new + newline)
        return self._said[name] >= self._starts[name]

    async def _kill(self, name: str) -> None:
        """kill -9 to a part as soon as it runs."""

        async def alive() -> int | None:
            return self._people.system.children().get(name)

        os.kill(await eventually(alive, what=f"{name} to run", within_s=30), signal.SIGKILL)
        self.killed[name] += 1
        self._starts[name] = self.killed[name] + 1


async def forget_everything(people: People) -> None:
    """FLUSHALL; a Redis that is being restarted keeps what it keeps."""
    redis = connect(BotSettings(data_dir=people.system.data_dir).redis_address())
    with contextlib.suppress(Exception):
        await redis.flushall()
    await redis.aclose()
