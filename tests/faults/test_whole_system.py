"""Readers write while parts are killed with -9: what was accepted is decided once, published once, and told.

The figures are printed, and kept in `docs/faults.md` by `make test-long`.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot import embedded
from bot.settings import BotSettings
from tests.e2e.system import People, Person, eventually, people_of, running, text_of, url_of
from tests.faults.ledger import percentile, read_ledger
from tests.faults.report import note

pytestmark = pytest.mark.xdist_group("e2e")

READERS = 20
KILLABLE = ("worker", "bot", "web", "redis-server")


async def readers_who_agreed(people: People) -> list[tuple[Person, dict[str, Any]]]:
    """Readers, each with a story before them, who may comment."""
    readers = [await people.newcomer(f"Reader {number}") for number in range(READERS)]
    stories = await asyncio.gather(*(reader.joins("en") for reader in readers))
    for number, (reader, story) in enumerate(zip(readers, stories, strict=True)):
        await reader.comments(story, f"My first word on this, as reader {number}.")
    await asyncio.gather(*(reader.agrees() for reader in readers))
    return list(zip(readers, stories, strict=True))


async def write_comments(readers: list[tuple[Person, dict[str, Any]]], *, comments: int) -> set[str]:
    """As many comments as asked for, by the readers in turn; their source keys."""
    keys = set()
    for number in range(comments):
        reader, story = readers[number % len(readers)]
        text = f"Paragraph {number} of the report deserves a longer answer from the ministry."
        message = await reader.comments(story, text)
        keys.add(f"telegram:{reader.id}:{message['message_id']}")
    return keys


async def kill_parts(people: People, *, kills: int, seed: int) -> list[str]:
    """kill -9 to parts at random, each after the last one's victim is back; the names of the killed."""
    dice = random.Random(seed)
    killed: list[str] = []
    while len(killed) < kills:
        name = KILLABLE[len(killed) % len(KILLABLE)] if len(killed) < len(KILLABLE) else dice.choice(KILLABLE)

        async def alive(name: str = name) -> int | None:
            return people.system.children().get(name)

        os.kill(await eventually(alive, what=f"{name} to run", within_s=30), signal.SIGKILL)
        killed.append(name)
        await asyncio.sleep(dice.uniform(0.2, 0.9))
    return killed


async def run_under_kills(people: People, *, comments: int, kills: int) -> dict[str, Any]:
    """Write and kill at once; then wait until everything written is decided."""
    readers = await readers_who_agreed(people)
    killing = asyncio.create_task(kill_parts(people, kills=kills, seed=comments))
    keys: set[str] = set()
    while not killing.done():
        # Written in portions, so that some are under way at each kill.
        keys |= await write_comments(readers, comments=max(1, comments // (kills * 2)))
        await asyncio.wait({killing}, timeout=0.2)
    keys |= await write_comments(readers, comments=max(0, comments - len(keys)))
    killed = await killing

    async def decided() -> bool:
        ledger = await asyncio.to_thread(read_ledger, people.system.data_dir)
        return keys <= set(ledger.status_of) and ledger.undecided == 0

    await eventually(decided, what="every comment to be decided", within_s=120)
    ledger = read_ledger(people.system.data_dir)
    return {
        "comments": len(keys),
        "kills": len(killed),
        "lost": len(keys - set(ledger.status_of)),
        "decided twice": ledger.decided_twice,
        "published twice": ledger.published_twice,
        "audit rows missing": ledger.without_audit,
        "p50 s": round(percentile(ledger.seconds_to_decision, 0.5), 3),
        "p99 s": round(percentile(ledger.seconds_to_decision, 0.99), 3),
        "max s": round(ledger.seconds_to_decision[-1], 3),
    }


def expect_nothing_lost(figures: dict[str, Any]) -> None:
    for never in ("lost", "decided twice", "published twice", "audit rows missing"):
        assert figures[never] == 0, figures


async def test_nothing_is_lost_or_done_twice_while_every_part_is_killed(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        async with people_of(system) as people:
            figures = await run_under_kills(people, comments=200, kills=8)
    print(figures)
    expect_nothing_lost(figures)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_nothing_is_lost_in_a_thousand_comments_and_twenty_kills(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        async with people_of(system) as people:
            figures = await run_under_kills(people, comments=1000, kills=20)
    note("Whole system, parts killed with -9 while readers write", figures)
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
    note("A minute without Redis", figures)
    assert figures["published after"] == figures["comments written meanwhile"] > 0
