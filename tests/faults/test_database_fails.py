"""The database is locked, full or cuts its connections: what was told "received" is in it, come what may."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
from pathlib import Path

import pytest
from redis.asyncio import Redis

import moderation.sqlite
from moderation.database import Database, is_passing
from moderation.store import Store
from tests.builders import submission
from tests.conftest import PostgreSQL
from tests.desk import Desk
from tests.faults.databases import ONLY_POSTGRESQL, ONLY_SQLITE
from tests.faults.report import note
from tests.faults.shift import now
from tests.faults.site import PART, Site, accepted, until
from tests.integration.chat.talk import running_talk
from tests.integration.sandbox_client import until as eventually

pytestmark = pytest.mark.xdist_group("kills")


def path_of(address: str) -> Path:
    return Path(address.partition("///")[2])


def is_whole(address: str) -> bool:
    """What SQLite says of its own file."""
    with sqlite3.connect(path_of(address)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


class Lock:
    """BEGIN EXCLUSIVE by somebody else."""

    def __init__(self, address: str) -> None:
        self._connection = sqlite3.connect(path_of(address), isolation_level=None, check_same_thread=False)

    def take(self) -> None:
        self._connection.execute("PRAGMA busy_timeout=10000")
        self._connection.execute("BEGIN EXCLUSIVE")

    def give_back(self) -> None:
        self._connection.execute("COMMIT")
        self._connection.close()


async def submit_to_a_locked_database(address: str, *, comments: int, held_s: float) -> dict[str, object]:
    """Readers write while somebody holds the database; each is tried again until it is accepted."""
    desk = Desk.of(Store(Database(address)))
    lock = Lock(address)
    told: list[str] = []
    refused = 0

    async def one(number: int) -> None:
        nonlocal refused
        wanted = submission(author=f"test:{number}", text=f"Paragraph {number} deserves an answer.")
        while True:
            try:
                await desk.intake.agree(wanted.author, language="en", now=now())
                await desk.intake.submit(wanted, now=now())
            except Exception as error:
                assert is_passing(error), error
                refused += 1
            else:
                told.append(wanted.source_key)
                return

    await asyncio.to_thread(lock.take)
    writing = asyncio.gather(*(one(number) for number in range(comments)))
    await asyncio.sleep(held_s)
    told_meanwhile = len(told)
    lock.give_back()
    await writing
    with sqlite3.connect(path_of(address)) as connection:
        there = {key for (key,) in connection.execute("SELECT source_key FROM comments")}
    await desk.store.database.close()
    return {
        "seconds locked": held_s,
        "told received meanwhile": told_meanwhile,
        "told to try again": refused,
        "told received in the end": len(told),
        "told received but absent": len(set(told) - there),
        "integrity_check": "ok" if is_whole(address) else "broken",
    }


def expect_the_truth(figures: dict[str, object], *, comments: int) -> None:
    assert (figures["told received meanwhile"], figures["told received but absent"]) == (0, 0)
    assert (figures["told received in the end"], figures["integrity_check"]) == (comments, "ok")
    assert figures["told to try again"]


@ONLY_SQLITE
async def test_while_the_database_is_locked_nobody_is_told_received(
    database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation.sqlite, "BUSY_S", 0.2)
    figures = await submit_to_a_locked_database(database_address, comments=20, held_s=1)
    print(figures)
    expect_the_truth(figures, comments=20)


@pytest.mark.long
@ONLY_SQLITE
async def test_while_the_database_is_locked_for_half_a_minute_nobody_is_told_received(database_address: str) -> None:
    figures = await submit_to_a_locked_database(database_address, comments=50, held_s=30)
    note("BEGIN EXCLUSIVE held by another", figures, run="SQLite")
    expect_the_truth(figures, comments=50)


@ONLY_SQLITE
async def test_a_reader_who_wrote_to_a_locked_database_is_told_later(
    database: Database, database_address: str, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation.sqlite, "BUSY_S", 0.2)
    lock = Lock(database_address)
    async with running_talk(database, redis, tmp_path) as talk:
        await talk.story()
        story = await talk.joins_and_agrees()

        async def all_is_handled() -> bool:
            return await talk.bot_store.inbox.waiting() == 0

        await eventually(all_is_handled)  # the terms' button is taken away after the press was answered
        await asyncio.to_thread(lock.take)
        written = await talk.comments(story, "The harbour needs a longer quay.")

        async def still_with_telegram() -> bool:
            return int((await talk.sandbox.call("getWebhookInfo"))["pending_update_count"]) > 0

        await eventually(still_with_telegram)
        await asyncio.sleep(1)
        said = await talk.said_by_bot(written["chat"]["id"], after=written["message_id"])
        lock.give_back()
        assert said == []
        await talk.told(written, "Received")
    assert is_whole(database_address)


@ONLY_SQLITE
def test_with_a_full_disk_nothing_is_accepted_that_is_not_there(site: Site) -> None:
    journal = site.data_dir / "accepted"
    site.environment["PYTHONUNBUFFERED"] = "1"
    site.start("submitter", PART, "submit", "0", "2000", str(journal))
    until(lambda: len(accepted(journal)) > 20)
    log = path_of(site.address).with_name("baithak.db-wal")
    # The disk, as this process sees it, ends a little after where the log ends now.
    limit = log.stat().st_size + 100_000
    resource.prlimit(site.processes["submitter"].pid, resource.RLIMIT_FSIZE, (limit, limit))
    until(lambda: site.ended("submitter"))
    assert site.processes["submitter"].returncode not in {0, -signal.SIGXFSZ}
    told = accepted(journal)
    assert 20 < len(told) < 2000
    assert told <= set(site.ledger().status_of)
    assert is_whole(site.address)
    # With room again the same goes on where it was.
    site.start("submitter", PART, "submit", "0", str(len(told) + 50), str(journal))
    until(lambda: site.ended("submitter"))
    site.start("worker", PART, "work", "careful")
    until(lambda: site.undecided() == 0)
    assert site.ledger().lost(accepted(journal)) == 0
    assert len(accepted(journal)) == len(told) + 50


_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid != pg_backend_pid()"


@ONLY_POSTGRESQL
def test_with_every_connection_cut_again_and_again_nothing_accepted_is_lost(site: Site, server: PostgreSQL) -> None:
    journal = site.data_dir / "accepted"
    for name in ("worker", "another"):
        site.start(name, PART, "work", "careful")
    site.start("submitter", PART, "submit", "0", "200", str(journal))
    for cut in range(3):
        until(lambda cut=cut: len(accepted(journal)) > cut * 50)
        asyncio.run(server.run(_CUT.format(server.database)))
        # A submitter is told so, and whoever asked it tries again.
        if site.ended("submitter"):
            site.kill("submitter")
        else:
            until(lambda: site.ended("submitter"))
            site.kill("submitter")
    until(lambda: len(accepted(journal)) == 200)
    until(lambda: site.undecided() == 0)
    assert not site.ended("worker") and not site.ended("another")
    ledger = site.ledger()
    assert ledger.lost(accepted(journal)) == 0
    assert (ledger.decided_twice, ledger.published_twice, ledger.without_audit) == (0, 0, 0)
