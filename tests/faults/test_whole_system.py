"""Readers write while parts are killed with -9: what was accepted is decided once, published once, and told.

The figures are printed, and kept in `docs/faults.md` by `make test-long`.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot import embedded
from bot.inbox import LEASE_S
from bot.settings import BotSettings
from tests.e2e.system import People, eventually, people_of, running, text_of, url_of
from tests.faults.databases import ONLY_POSTGRESQL, ONLY_SQLITE, name_of_address
from tests.faults.full_size import sized
from tests.faults.killing import Size, Writing, write_and_kill
from tests.faults.ledger import NEVER, decided_at, read_ledger, received, undecided
from tests.faults.report import note

pytestmark = pytest.mark.xdist_group("e2e")

KILLED = "Whole system, parts killed with -9 while readers write"


async def run_under_kills(people: People, address: str, size: Size) -> dict[str, Any]:
    """Write and kill at once; then wait until everything written is decided."""
    writing = Writing(address)
    figures = await write_and_kill(people, writing, size)

    async def decided() -> bool:
        await asyncio.sleep(0.2)
        # In one reading, what is there before what waits: the last ones may be accepted just between two looks.
        return await undecided(address) == 0 and (await read_ledger(address)).lost(writing.keys()) == 0

    await eventually(decided, what="every comment to be decided", within_s=60)
    return figures | (await read_ledger(address)).figures(writing.keys()) | writing.seconds(await decided_at(address))


def expect_nothing_lost(figures: dict[str, Any]) -> None:
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0], figures


@ONLY_SQLITE
async def test_nothing_is_lost_or_done_twice_while_every_part_is_killed(database_address: str, tmp_path: Path) -> None:
    with running(tmp_path, BAITHAK_DATABASE_URL=database_address) as system:
        async with people_of(system) as people:
            figures = await run_under_kills(people, database_address, Size(readers=6, comments=80, kills=5))
    print(figures)
    expect_nothing_lost(figures)


async def noted_under_kills(address: str, folder: Path, size: Size) -> dict[str, Any]:
    with running(folder, BAITHAK_DATABASE_URL=address) as system:
        async with people_of(system) as people:
            figures = await run_under_kills(people, address, size)
    note(KILLED, figures, run=name_of_address(address))
    return figures


@pytest.mark.long
@pytest.mark.timeout(1800)
@ONLY_SQLITE
async def test_nothing_is_lost_in_ten_thousand_comments_and_two_hundred_kills(
    database_address: str, tmp_path: Path
) -> None:
    size = Size(readers=30, comments=10_000, kills=200, per_s=30)
    figures = await noted_under_kills(database_address, tmp_path, size)
    assert figures["kills"] == 200
    expect_nothing_lost(figures)


# Ten thousand take a quarter of an hour beside other tests: fewer, so that all long tests end within the hour.
@pytest.mark.long
@pytest.mark.timeout(1800)
@ONLY_POSTGRESQL
async def test_nothing_is_lost_on_postgresql_under_the_same_kills(database_address: str, tmp_path: Path) -> None:
    comments, kills = sized((2_000, 40), (10_000, 200))
    figures = await noted_under_kills(
        database_address, tmp_path, Size(readers=30, comments=comments, kills=kills, per_s=30)
    )
    assert figures["kills"] == kills
    expect_nothing_lost(figures)


async def what_a_careless_bot_loses(address: str, data_dir: Path, size: Size) -> dict[str, Any]:
    """The same with a bot that confirms updates before it stores them, until nothing is on its way any more."""
    writing = Writing(address)
    with running(data_dir, program="tests.faults.careless", BAITHAK_DATABASE_URL=address) as system:
        async with people_of(system) as people:
            figures = await write_and_kill(people, writing, size)
            before = -1

            async def still() -> bool:
                nonlocal before
                await asyncio.sleep(2 * LEASE_S)  # what a dead bot had in hand is handled by then
                now, before = before, await received(address)
                return now == before and await undecided(address) == 0

            await eventually(still, what="everything that was stored to be decided", within_s=60)
    return figures | (await read_ledger(address)).figures(writing.keys()) | writing.seconds(await decided_at(address))


@pytest.mark.long
@pytest.mark.timeout(600)
@ONLY_SQLITE
async def test_a_bot_that_confirms_before_it_stores_loses_comments_under_the_same_kills(
    database_address: str, tmp_path: Path
) -> None:
    size = Size(readers=20, comments=600, kills=16, per_s=24)
    figures = await what_a_careless_bot_loses(database_address, tmp_path, size)
    note(KILLED, figures, run="control: the bot confirms updates before it stores them")
    assert figures["lost"] > 0


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
    figures = await readers_are_told_the_truth_while_redis_is_gone(tmp_path, gone_s=2)
    print(figures)
    assert figures["published after"] == figures["comments written meanwhile"] > 0


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_readers_are_told_the_truth_through_a_minute_without_redis(tmp_path: Path) -> None:
    figures = await readers_are_told_the_truth_while_redis_is_gone(tmp_path, gone_s=60)
    note("A minute without Redis", figures, run="SQLite")
    assert figures["published after"] == figures["comments written meanwhile"] > 0
