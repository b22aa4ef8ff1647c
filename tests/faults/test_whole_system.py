"""Readers write while parts are killed with -9: what was accepted is decided once, published once, and told.

The figures are printed, and kept in `docs/faults.md` by `make test-long`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import embedded
from bot.settings import BotSettings
from moderation.queue import connect
from tests.e2e.system import People, Person, eventually, people_of, running, text_of, url_of
from tests.faults.databases import ONLY_SQLITE, name_of_address
from tests.faults.ledger import NEVER, read_ledger, received, undecided
from tests.faults.report import note

pytestmark = pytest.mark.xdist_group("e2e")

KILLABLE = ("worker", "bot", "web")
SAYS_IT_WORKS = {"worker": b'"worker started"', "bot": b'"bot works"'}


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is. Many readers, so that none of them floods the page; `per_s` is theirs, whatever is killed."""

    readers: int
    comments: int
    per_s: float
    kills: int


async def readers_who_agreed(people: People, count: int) -> list[tuple[Person, dict[str, Any]]]:
    """Readers, each with a story before them, who may comment."""
    readers = [await people.newcomer(f"Reader {number}") for number in range(count)]
    at_once = asyncio.Semaphore(10)

    async def agrees(number: int, reader: Person) -> tuple[Person, dict[str, Any]]:
        async with at_once:
            story = await reader.joins("en")
            await reader.comments(story, f"My first word on this, as reader {number}.")
            await reader.agrees()
        return reader, story

    return list(await asyncio.gather(*(agrees(number, reader) for number, reader in enumerate(readers))))


async def write_comments(readers: list[tuple[Person, dict[str, Any]]], size: Size, keys: set[str]) -> None:
    """The comments, by the readers in turn, each when its time has come; their source keys go into `keys`."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(size.comments):
        await asyncio.sleep(max(0.0, began + number / size.per_s - loop.time()))
        reader, story = readers[number % len(readers)]
        text = f"Paragraph {number} of the report deserves a longer answer from the ministry."
        message = await reader.comments(story, text)
        keys.add(f"telegram:{reader.id}:{message['message_id']}")


async def works(people: People, name: str, *, starts: int) -> bool:
    """Whether a part, started so often by now, does its work again."""
    if name == "web":
        with contextlib.suppress(aiohttp.ClientError):
            async with people.http.get(f"{people.system.web}/healthz") as answer:
                return answer.status == 200
        return False
    log = people.system.data_dir / "logs" / f"{name}.log"
    return log.read_bytes().count(SAYS_IT_WORKS[name]) >= starts


async def kill_parts(people: People, address: str, size: Size) -> None:
    """kill -9 to one part after the other while readers write, each only once it was back from the last time.

    Spread over what the bot has received, so that between two kills some work is done. Among the kills Redis forgets
    everything twice, and is twice killed.
    """
    dice = random.Random(size.comments)
    starts = dict.fromkeys(KILLABLE, 1)
    for number in range(1, size.kills + 1):
        while await received(address) < number * size.comments // (size.kills + 1):
            await asyncio.sleep(0.1)
        if number in (size.kills // 4, 3 * size.kills // 4):
            await kill(people, "redis-server")
            continue
        untried = [name for name in KILLABLE if starts[name] == 1]
        await kill(people, await somebody_who_works(people, untried or dice.sample(KILLABLE, len(KILLABLE)), starts))
        if number in (size.kills // 3, 2 * size.kills // 3):
            await forget_everything(people)


async def somebody_who_works(people: People, names: list[str], starts: dict[str, int]) -> str:
    """The first of these that works; counts the start that its end will bring."""

    async def look() -> str | None:
        await asyncio.sleep(0.05)
        for name in names:
            if await works(people, name, starts=starts[name]):
                return name
        return None

    found = await eventually(look, what=f"one of {names} to work", within_s=60)
    starts[found] += 1
    return found


async def kill(people: People, name: str) -> None:
    """kill -9 to a part as soon as it runs."""

    async def alive() -> int | None:
        await asyncio.sleep(0.1)  # looking costs a process
        return people.system.children().get(name)

    os.kill(await eventually(alive, what=f"{name} to run", within_s=30), signal.SIGKILL)


async def forget_everything(people: People) -> None:
    """FLUSHALL; a Redis that is being restarted keeps what it keeps."""
    redis = connect(BotSettings(data_dir=people.system.data_dir).redis_address())
    with contextlib.suppress(Exception):
        await redis.flushall()
    await redis.aclose()


async def run_under_kills(people: People, address: str, size: Size) -> dict[str, Any]:
    """Write and kill at once; then wait until everything written is decided."""
    keys: set[str] = set()
    readers = await readers_who_agreed(people, size.readers)
    began = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write_comments(readers, size, keys))
        tasks.create_task(kill_parts(people, address, size))
    wrote_s = asyncio.get_running_loop().time() - began

    async def decided() -> bool:
        await asyncio.sleep(0.2)
        return await undecided(address) == 0 and keys <= set((await read_ledger(address)).status_of)

    await eventually(decided, what="every comment to be decided", within_s=600)
    return {
        "comments": len(keys),
        "a second": round(len(keys) / wrote_s, 1),
        "kills": size.kills,
        "FLUSHALLs": 2,
        **(await read_ledger(address)).figures(keys),
    }


def expect_nothing_lost(figures: dict[str, Any]) -> None:
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0], figures


@ONLY_SQLITE
async def test_nothing_is_lost_or_done_twice_while_every_part_is_killed(database_address: str, tmp_path: Path) -> None:
    with running(tmp_path, BAITHAK_DATABASE_URL=database_address) as system:
        async with people_of(system) as people:
            size = Size(readers=20, comments=200, per_s=20, kills=8)
            figures = await run_under_kills(people, database_address, size)
    print(figures)
    expect_nothing_lost(figures)


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_nothing_is_lost_in_two_thousand_comments_and_forty_kills(database_address: str, tmp_path: Path) -> None:
    with running(tmp_path, BAITHAK_DATABASE_URL=database_address) as system:
        async with people_of(system) as people:
            size = Size(readers=20, comments=2000, per_s=20, kills=40)
            figures = await run_under_kills(people, database_address, size)
    note("Whole system, parts killed with -9 while readers write", figures, run=name_of_address(database_address))
    expect_nothing_lost(figures)


async def readers_are_told_the_truth_while_redis_is_gone(tmp_path: Path, *, gone_s: float) -> dict[str, Any]:
    """Redis ends, readers go on writing, Redis comes back: nothing untrue is said and everything is decided."""
    settings = BotSettings(data_dir=tmp_path / "redis-of-its-own")
    server = await asyncio.to_thread(embedded.find, settings)
    embedded.prepare(settings)
    redis = subprocess.Popen(server.command)
    try:
        with running(tmp_path / "system", BAITHAK_REDIS_URL=server.address) as system:
            async with people_of(system) as people:
                reader = await people.newcomer("Iqbal")
                story = await reader.joins("en")
                first = await reader.comments(story, "The harbour needs a longer quay.")
                await reader.agrees()
                await reader.told(first, "Published", "Held")
                redis.kill()
                redis.wait()
                written = []
                ends = asyncio.get_running_loop().time() + gone_s
                while asyncio.get_running_loop().time() < ends:
                    written.append(await reader.comments(story, f"Berth {len(written)} of the quay should be dredged."))
                    await reader.told(written[-1], "Received", "Published", "Held", within_s=30)
                    await asyncio.sleep(0.5)
                said_meanwhile = [
                    text_of(message).split()[0].strip(".:…")
                    for message in await reader.messages(after=written[0]["message_id"])
                ]
                redis = subprocess.Popen(server.command)
                for message in written:
                    await reader.told(message, "Published", within_s=60)
                published = await people.published(url_of(story, "/demo/stories/"))
                return {
                    "seconds without Redis": gone_s,
                    "comments written meanwhile": len(written),
                    "told meanwhile": ", ".join(sorted(set(said_meanwhile) & {"Received", "Published", "Held"})),
                    "published after": sum(1 for text in published if text.startswith("Berth")),
                }
    finally:
        redis.kill()
        redis.wait()


async def test_readers_are_told_the_truth_while_redis_is_gone(tmp_path: Path) -> None:
    figures = await readers_are_told_the_truth_while_redis_is_gone(tmp_path, gone_s=4)
    print(figures)
    assert figures["published after"] == figures["comments written meanwhile"] > 0


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_readers_are_told_the_truth_through_a_minute_without_redis(tmp_path: Path) -> None:
    figures = await readers_are_told_the_truth_while_redis_is_gone(tmp_path, gone_s=60)
    note("A minute without Redis", figures, run="SQLite")
    assert figures["published after"] == figures["comments written meanwhile"] > 0
