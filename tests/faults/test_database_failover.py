"""PostgreSQL's primary is lost while readers write, and its standby promoted: nothing that was accepted is lost.

A commit waits for the standby, and the database's address names both servers. The figures are printed, and kept in
`docs/faults.md` by `make test-long`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.system import People, eventually, people_of, running
from tests.faults.clusters import pair_running
from tests.faults.hosts import cannot_have_hosts
from tests.faults.killing import readers_who_agreed
from tests.faults.ledger import NEVER, read_ledger, undecided
from tests.faults.report import note
from tests.faults.spread import spread_over_hosts
from tests.faults.test_hosts_cut_off import readers_writing, told_of

MISSING = cannot_have_hosts()

pytestmark = pytest.mark.xdist_group("hosts")

READERS = 30
TABLE = "PostgreSQL's primary lost and its standby promoted"
PROMOTED_AFTER_S = 10
"""Seconds without any server that takes writes: what noticing it and deciding to promote may take."""


async def lose_primary(
    people: People, address: str, *, lose: Callable[[], None], promote: Callable[[], None]
) -> dict[str, Any]:
    """Lose the primary among readers who write and promote the standby at `address`; what that cost."""
    readers = await readers_who_agreed(people, READERS)
    async with readers_writing(readers) as keys:
        await asyncio.sleep(10)
        before = set(keys)
        await asyncio.to_thread(lose)
        await asyncio.sleep(PROMOTED_AFTER_S)
        written = set(keys)
        await asyncio.to_thread(promote)
        promoted = time.monotonic()

        async def decided() -> bool:
            await asyncio.sleep(0.2)
            there = set((await read_ledger(address)).status_of)
            return written <= there and await undecided(address) == 0

        await eventually(decided, what="everything decided on the standby", within_s=120)
        decided_s = time.monotonic() - promoted
        await asyncio.sleep(5)
    await eventually(lambda: _all_there(address, keys), what="what was written later decided", within_s=60)
    figures = (await read_ledger(address)).figures(keys)
    return {
        "comments": len(keys),
        "written before": len(before),
        "seconds without a primary": PROMOTED_AFTER_S,
        "written meanwhile": len(written - before),
        "seconds from promotion until all is decided": round(decided_s, 1),
        **{never: figures[never] for never in NEVER},
    }


async def _all_there(address: str, keys: set[str]) -> bool:
    await asyncio.sleep(0.2)
    return keys <= set((await read_ledger(address)).status_of) and await undecided(address) == 0


def expect_nothing_lost(figures: dict[str, Any]) -> None:
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0], figures
    assert figures["written before"] > 20 and figures["written meanwhile"] > 20


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_the_control_loses_what_its_standby_had_not(tmp_path: Path) -> None:
    with pair_running(waits=False) as pair, running(tmp_path, BAITHAK_DATABASE_URL=pair.url()) as system:
        async with people_of(system) as people:
            readers = await readers_who_agreed(people, READERS)
            async with readers_writing(readers) as keys:
                await asyncio.sleep(3)
                # What a slow or a broken line to the standby does: the primary goes on alone, and says so to nobody.
                pair.fall_behind()
                before = set(keys)

                async def some_are_told_since() -> bool:
                    await asyncio.sleep(0.5)
                    return len(set(await told_of(people, set(keys))) - before) >= 5

                await eventually(some_are_told_since, what="comments taken by the primary alone", within_s=60)
            told = set(await told_of(people, set(keys)))
            pair.lose_primary()
            pair.promote()
            reader, story = readers[0]
            await reader.told(
                await reader.comments(story, "The harbour needs a longer quay."), "Published", within_s=60
            )
            there = set((await read_ledger(pair.standby.local_address(port=pair.ports[1]))).status_of)
    figures = {"comments": len(keys), "lost": len(told - there)}
    note(TABLE, figures, run="the control: no commit waits for the standby")
    assert figures["lost"] > 0


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_nothing_accepted_is_lost_with_a_primary_that_is_killed(tmp_path: Path) -> None:
    with pair_running() as pair, running(tmp_path, BAITHAK_DATABASE_URL=pair.url()) as system:
        async with people_of(system) as people:
            address = pair.standby.local_address(port=pair.ports[1])
            figures = await lose_primary(people, address, lose=pair.lose_primary, promote=pair.promote)
    note(TABLE, figures, run="killed with -9")
    expect_nothing_lost(figures)


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
async def test_nothing_accepted_is_lost_with_a_primary_whose_host_is_gone() -> None:
    with spread_over_hosts(standby=True) as spread:
        async with people_of(spread) as people:
            figures = await lose_primary(
                people,
                spread.standby.local_address(),
                lose=lambda: spread.hosts.cut("primary"),
                promote=lambda: spread.standby.ask("SELECT pg_promote()"),
            )
            figures["processes that ended"] = len(spread.hosts.ended())
    note(TABLE, figures, run="its host gone")
    expect_nothing_lost(figures)
    assert figures["processes that ended"] == 0
