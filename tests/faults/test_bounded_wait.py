"""A worker that stands still, wakes as a zombie or is told to stop: nobody waits for it, nothing is decided twice."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from redis.exceptions import ResponseError

from moderation.queue import GROUP, STREAM
from tests.faults.databases import ONLY_SQLITE, name_of_address
from tests.faults.ledger import NEVER
from tests.faults.part import STOPPING
from tests.faults.report import note
from tests.faults.site import PART, Site, accepted, until

pytestmark = pytest.mark.xdist_group("kills")

STOP_S = 10


def submitted(site: Site, count: int) -> None:
    """So many comments wait."""
    site.start("submitter", PART, "submit", "0", str(count), str(site.data_dir / "accepted"))
    until(lambda: site.ended("submitter"))


def state_of(site: Site, name: str) -> str:
    """What the kernel says of a process: T for one that stands still."""
    return Path(f"/proc/{site.processes[name].pid}/stat").read_text().rpartition(")")[2].split()[0]


def wake(site: Site, name: str) -> None:
    site.processes[name].send_signal(signal.SIGCONT)


@pytest.mark.parametrize("point", STOPPING)
def test_a_zombies_late_decisions_are_refused(point: str, site: Site) -> None:
    submitted(site, 20)
    site.start("zombie", PART, "work", "careful", point)
    until(lambda: state_of(site, "zombie") == "T")
    site.start("worker", PART, "work", "careful")
    if point == STOPPING[1] and name_of_address(site.address) == "SQLite":
        # Its transaction is the one writer there is, and no server is there to end it: all wait until it wakes.
        until(lambda: site.is_ready("worker"))
        assert site.undecided() == 20
    else:
        until(lambda: site.undecided() == 0, within_s=30)
        assert state_of(site, "zombie") == "T", "nobody waited for it"
    wake(site, "zombie")
    until(lambda: site.undecided() == 0, within_s=30)
    until(lambda: pending(site) == 0, within_s=30)
    ledger = site.ledger()
    assert len(ledger.status_of) == 20
    assert (ledger.decided_twice, ledger.published_twice, ledger.without_audit) == (0, 0, 0)


def pending(site: Site) -> int:
    """Jobs that somebody has in hand."""

    async def ask(client: Any) -> int:
        with contextlib.suppress(ResponseError):  # nobody has asked for any yet
            return int((await client.xpending(STREAM, GROUP))["pending"])
        return 0

    return asyncio.run(site.redis(ask))


def stand_still(site: Site, name: str) -> None:
    """Stop a worker between two transactions: inside one it would hold the only lock, which another test is about."""
    until(lambda: stopped_without_lock(site, name))


def stopped_without_lock(site: Site, name: str) -> bool:
    site.processes[name].send_signal(signal.SIGSTOP)
    until(lambda: state_of(site, name) == "T")
    with contextlib.closing(sqlite3.connect(str(sa.make_url(site.address).database), timeout=1)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            wake(site, name)
            return False
    return True


def write_while_a_worker_stands_still(site: Site, *, comments: int, per_s: float, stands_s: float) -> dict[str, Any]:
    """Of two workers one stands still for a while, as the machine under it might; readers go on writing."""
    journal = site.data_dir / "accepted"
    for name in ("worker", "still"):
        site.start(name, PART, "work", "careful")
    until(lambda: site.is_ready("worker") and site.is_ready("still"))
    site.start("submitter", PART, "pace", "0", str(comments), str(journal), str(time.time()), str(per_s))
    until(lambda: len(accepted(journal)) > comments // 10)
    stand_still(site, "still")
    ends = time.monotonic() + stands_s
    until(lambda: time.monotonic() > ends, within_s=stands_s + 10)
    wake(site, "still")
    until(lambda: len(accepted(journal)) == comments, within_s=120)
    until(lambda: site.undecided() == 0)
    keys = accepted(journal)
    return {"accepted": len(keys), "seconds it stood still": stands_s, **site.ledger().figures(keys)}


@ONLY_SQLITE
def test_while_a_worker_stands_still_another_does_its_work(site: Site) -> None:
    figures = write_while_a_worker_stands_still(site, comments=100, per_s=25, stands_s=2.5)
    print(figures)
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0]


@pytest.mark.long
@pytest.mark.timeout(300)
@ONLY_SQLITE
def test_while_a_worker_stands_still_for_a_minute_another_does_its_work(site: Site) -> None:
    figures = write_while_a_worker_stands_still(site, comments=1500, per_s=20, stands_s=60)
    note("A worker stands still for a minute", figures, run=name_of_address(site.address))
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0]


@ONLY_SQLITE
def test_told_to_stop_in_the_middle_of_a_batch_a_worker_leaves_nothing_to_be_taken_over(site: Site) -> None:
    site.environment["BAITHAK_RETRY_AFTER_S"] = "60"
    submitted(site, 300)
    site.start("worker", PART, "work", "careful")
    until(lambda: pending(site) > 0 and site.undecided() > 0)
    began = time.monotonic()
    assert site.terminate("worker", within_s=STOP_S) == 0
    assert time.monotonic() - began < STOP_S
    left = site.undecided()
    assert (pending(site), site.queue_length()) == (0, left)
    assert 0 < left < 300
