"""A year's comments brought from the first form of the tables to the newest, while people go on reading and writing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

import bot.store
import moderation.store
from benchmarks.million import MILLION, fill
from tests.faults.databases import name_of_address
from tests.faults.ledger import number, reading
from tests.faults.report import note
from tests.faults.site import Site, running_site, until
from tests.plans import milliseconds, read_whole

UPGRADES = {"moderation": moderation.store.upgrade, "bot": bot.store.upgrade}
FIRST_RELEASE = (("moderation", "0002"), ("moderation", "0003"), ("bot", "0002"))
"""Steps in which whoever runs is of the first release; after these the tables have every column of today."""
TODAY = (("moderation", "head"), ("bot", "head"))


@contextmanager
def traffic(site: Site, kind: str, journal: Path) -> Iterator[None]:
    """People who read and write, for as long as the block lasts, and for a breath before and after."""
    site.start(kind, "tests.faults.traffic", kind, str(journal))
    until(lambda: site.is_ready(kind))
    time.sleep(0.5)
    assert not site.ended(kind)
    yield
    time.sleep(0.5)
    assert site.terminate(kind, within_s=30) == 0, "whoever read or wrote was told something else than to try again"


def bring_forward(address: str, tmp_path: Path, comments: int) -> dict[str, object]:
    """What it took, and what it cost those who went on."""
    for upgrade in UPGRADES.values():
        upgrade(address, to="0001")
    began = time.monotonic()
    fill(address, comments)
    figures: dict[str, object] = {"comments": comments, "seconds to fill": round(time.monotonic() - began)}
    journal = tmp_path / "journal"
    with running_site(address, tmp_path) as site:
        for kind, steps in (("first", FIRST_RELEASE), ("now", TODAY)):
            with traffic(site, kind, journal):
                for package, revision in steps:
                    began = time.monotonic()
                    assert UPGRADES[package](address, to=revision)
                    figures[f"{package} to {revision}, s"] = round(time.monotonic() - began, 2)
    lines = [line.split() for line in journal.read_text(encoding="utf-8").splitlines()]
    reads = [line for line in lines if line[0] == "read"]
    accepted = {line[3]: float(line[1]) for line in lines if line[0] == "write"}
    assert reads
    assert {key.split(":")[1] for key in accepted} == {"first", "now"}, "people wrote before and after"
    there, found = asyncio.run(stored(address))
    lost = len(set(accepted) - found)
    assert (there, lost) == (comments + len(accepted), 0)
    return figures | {
        "pages read meanwhile": len(reads),
        "longest a page took, s": max(float(line[1]) for line in reads),
        "comments accepted meanwhile": len(accepted),
        "longest a comment took, s": max(accepted.values()),
        "told to try again": sum(int(line[2]) - 1 for line in lines),
        "lost": lost,
    }


async def stored(address: str) -> tuple[int, set[str]]:
    """How many comments there are, and which of those that were written meanwhile, with all that belongs to one."""
    async with reading(address) as connection:
        there = await number(connection, "SELECT count(*) FROM comments")
        rows = await connection.execute(
            sa.text(
                "SELECT source_key FROM comments c JOIN revisions r ON r.comment_id = c.id "
                "JOIN audit a ON a.revision_id = r.id JOIN outbox o ON o.comment_id = c.id "
                "WHERE source_key LIKE 'traffic:%' AND a.act = 'submit' AND o.kind = 'received'"
            )
        )
        return there, {row[0] for row in rows}


async def test_readers_and_writers_go_on_while_the_tables_are_brought_forward(
    empty_database_address: str, tmp_path: Path
) -> None:
    figures = await asyncio.to_thread(bring_forward, empty_database_address, tmp_path, 5_000)
    assert figures["lost"] == 0


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_million_comments_are_brought_forward_while_people_read_and_write(
    empty_database_address: str, tmp_path: Path
) -> None:
    figures = await asyncio.to_thread(bring_forward, empty_database_address, tmp_path, MILLION)
    took = await milliseconds(empty_database_address, comments=MILLION)
    note("A million comments, each question asked once, ms", took, run=name_of_address(empty_database_address))
    whole = await read_whole(empty_database_address, comments=MILLION, only_if_it_must=False)
    assert whole == {}, "what is asked every day reads no large table whole"
    note("A million comments brought to the newest form", figures, run=name_of_address(empty_database_address))
