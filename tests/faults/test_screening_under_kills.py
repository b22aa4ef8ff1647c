"""kill -9 to whoever writes, screens or queues: what was accepted is decided once and published once.

Without the bot: real `python -m moderation worker` processes, real submitters, a real Redis that forgets. The control
acknowledges before the work and loses comments, which shows that these tests can fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from moderation.queue import connect
from moderation.store import upgrade
from moderation.worker import HUNG
from tests.faults.ledger import Ledger, percentile, read_ledger
from tests.faults.part import POINTS
from tests.faults.report import note
from tests.servers import redis_binary, short_folder

pytestmark = pytest.mark.xdist_group("kills")

PROJECT = Path(__file__).resolve().parent.parent.parent
WORKER = ("moderation", "worker")
SUBMITTERS = 2


class Site:
    """The processes of one run: each has a name, can be killed, and is started again."""

    def __init__(self, data_dir: Path, sockets: Path) -> None:
        self.data_dir = data_dir
        self.socket = sockets / "redis.sock"
        self.environment = {
            **os.environ,
            "BAITHAK_DATA_DIR": str(data_dir),
            "BAITHAK_REDIS_URL": f"unix://{self.socket}",
            "BAITHAK_RETRY_AFTER_S": "1",
            "BAITHAK_SWEEP_EVERY_S": "0.5",
            "BAITHAK_SWEEP_OLDER_S": "1",
            "BAITHAK_LOG_LEVEL": "error",
            "OMP_NUM_THREADS": "1",
        }
        self.commands: dict[str, list[str]] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        data_dir.mkdir()
        upgrade(f"sqlite+aiosqlite:///{data_dir / 'baithak.db'}")

    def start_redis(self) -> None:
        """A Redis that keeps nothing when it ends."""
        arguments = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self._start("redis", [redis_binary(), *arguments, "--dir", str(self.socket.parent)])
        until(lambda: asyncio.run(self._answers()))

    async def _answers(self) -> bool:
        client = connect(f"unix://{self.socket}")
        with contextlib.suppress(Exception):
            return bool(await client.ping())  # type: ignore[misc]  # redis-py types it for both kinds of client
        return False

    async def flush(self) -> None:
        client = connect(f"unix://{self.socket}")
        with contextlib.suppress(Exception):  # while it is being restarted it has nothing to forget
            await client.flushall()
        await client.aclose()

    def start(self, name: str, module: str, *arguments: str) -> None:
        self._start(name, [sys.executable, "-m", module, *arguments])

    def _start(self, name: str, command: list[str]) -> None:
        self.commands[name] = command
        self.processes[name] = subprocess.Popen(
            command, env=self.environment, cwd=PROJECT, stdout=subprocess.DEVNULL, start_new_session=True
        )

    def kill(self, name: str) -> None:
        """kill -9, and start it again."""
        self.processes[name].kill()
        self.processes[name].wait()
        if name == "redis":
            self.start_redis()
        else:
            self._start(name, self.commands[name])

    def ended(self, name: str) -> bool:
        return self.processes[name].poll() is not None

    def ledger(self) -> Ledger:
        return read_ledger(self.data_dir)

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


def until(met: Callable[[], Any], *, within_s: float = 60) -> None:
    """Wait for a condition. Fails after the time."""
    ends = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < ends, "it never came to be"
        time.sleep(0.02)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with short_folder("kill") as sockets:
        site = Site(tmp_path / "data", sockets)
        try:
            site.start_redis()
            yield site
        finally:
            site.end()


def accepted(journals: list[Path]) -> set[str]:
    return {key for journal in journals if journal.exists() for key in journal.read_text(encoding="utf-8").split()}


def run_under_kills(site: Site, *, comments: int, kills: int, flushes: int) -> dict[str, Any]:
    """Write and kill at once; then wait until everything accepted is decided."""
    dice = random.Random(comments)
    share = comments // SUBMITTERS
    journals = [site.data_dir / f"accepted-{number}" for number in range(SUBMITTERS)]
    for number in range(2):
        site.start(f"worker {number}", *WORKER)
    for number, journal in enumerate(journals):
        site.start(f"submitter {number}", "tests.faults.part", "submit", str(number * share), str(share), str(journal))
    names = [*(f"worker {n}" for n in range(2)), *(f"submitter {n}" for n in range(SUBMITTERS)), "redis"]
    killed = 0
    while killed < kills:
        # Each after a while that lets some work be done, so that every kill meets comments on their way.
        enough = (killed + 1) * comments // (kills + 2)
        until(lambda enough=enough: len(accepted(journals)) >= min(enough, comments))
        name = names[killed % len(names)] if killed < len(names) else dice.choice(names)
        if not (name.startswith("submitter") and site.ended(name)):
            site.kill(name)
            killed += 1
        if flushes and killed in (kills // 3, 2 * kills // 3):
            asyncio.run(site.flush())
    until(lambda: len(accepted(journals)) == comments, within_s=120)
    keys = accepted(journals)
    until(lambda: site.ledger().undecided == 0, within_s=60)
    ledger = site.ledger()
    seconds = ledger.seconds_to_decision
    return {
        "accepted": len(keys),
        "kills": killed,
        "lost": len(keys - set(ledger.status_of)) + ledger.undecided,
        "decided twice": ledger.decided_twice,
        "published twice": ledger.published_twice,
        "audit rows missing": ledger.without_audit,
        "p50 s": round(percentile(seconds, 0.5), 3),
        "p99 s": round(percentile(seconds, 0.99), 3),
        "max s": round(seconds[-1], 3),
    }


def expect_nothing_lost(figures: dict[str, Any]) -> None:
    for never in ("lost", "decided twice", "published twice", "audit rows missing"):
        assert figures[never] == 0, figures


@pytest.mark.timeout(240)
def test_nothing_is_lost_in_a_thousand_comments_and_twenty_kills(site: Site) -> None:
    figures = run_under_kills(site, comments=1000, kills=20, flushes=2)
    print(figures)
    assert (figures["accepted"], figures["kills"]) == (1000, 20)
    expect_nothing_lost(figures)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_nothing_is_lost_in_ten_thousand_comments_and_two_hundred_kills(site: Site) -> None:
    figures = run_under_kills(site, comments=10_000, kills=200, flushes=2)
    note("Screening alone, 200 kills with -9 and a Redis that forgets", figures)
    expect_nothing_lost(figures)


@pytest.mark.parametrize(("manner", "loses"), [("careful", False), ("careless", True)])
def test_acknowledging_before_the_work_loses_comments_and_after_it_none(manner: str, loses: bool, site: Site) -> None:
    journal = site.data_dir / "accepted"
    site.environment["BAITHAK_BATCH_AT_MOST"] = "16"
    site.start("submitter", "tests.faults.part", "submit", "0", "300", str(journal))
    until(lambda: len(accepted([journal])) == 300)
    site.start("worker", "tests.faults.part", "work", manner)
    for kill in range(4):
        # In the middle of the work: some of it is done, and some is left.
        until(lambda kill=kill: 300 - site.ledger().undecided > kill * 40)
        site.kill("worker")
    # What is still to come is drained; what the careless one dropped stays as it is.
    until(lambda: asyncio.run(length(site)) == 0 or site.ledger().undecided == 0)
    site.processes["worker"].send_signal(signal.SIGTERM)
    assert site.processes["worker"].wait(timeout=20) == 0
    ledger = site.ledger()
    print(f"{manner}: 300 accepted, 4 kills, {ledger.undecided} lost")
    assert (ledger.undecided > 0) is loses
    assert ledger.decided_twice == 0


async def length(site: Site) -> int:
    client = connect(f"unix://{site.socket}")
    found = int(await client.xlen("baithak:screening"))
    await client.aclose()
    return found


@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_dies_at_the_worst_moment_loses_nothing(point: str, site: Site) -> None:
    journal = site.data_dir / "accepted"
    submitting = point == "before enqueueing"
    ending = [point] if submitting else []
    site.start("submitter", "tests.faults.part", "submit", "0", "20", str(journal), *ending)
    until(lambda: site.ended("submitter"))
    if submitting:
        assert site.processes["submitter"].returncode == -signal.SIGKILL
        assert len(site.ledger().status_of) == 1
        site.start("submitter", "tests.faults.part", "submit", "0", "20", str(journal))
        until(lambda: site.ended("submitter"))
    else:
        site.start("dying", "tests.faults.part", "work", "careful", point)
        until(lambda: site.ended("dying"))
        assert site.processes["dying"].returncode == -signal.SIGKILL
    site.start("worker", "tests.faults.part", "work", "careful")
    until(lambda: site.ledger().undecided == 0)
    ledger = site.ledger()
    assert len(ledger.status_of) == 20
    assert (ledger.decided_twice, ledger.published_twice, ledger.without_audit) == (0, 0, 0)


@pytest.mark.parametrize(("poison", "status"), [("kills", -signal.SIGKILL), ("hangs", HUNG)])
def test_a_text_that_stops_workers_is_held_and_all_others_are_decided(poison: str, status: int, site: Site) -> None:
    site.environment["BAITHAK_SCREEN_TIMEOUT_S"] = "2"
    for first, count, kind in ((0, 10, ""), (10, 1, poison), (11, 10, "")):
        arguments = [str(first), str(count), str(site.data_dir / f"accepted-{first}"), kind]
        site.start("submitter", "tests.faults.part", "submit", *arguments)
        until(lambda: site.ended("submitter"))
    starts = 0
    while site.ledger().undecided:
        starts += 1
        site.start("worker", "tests.faults.part", "work", "careful")
        until(lambda: site.ended("worker") or not site.ledger().undecided)
        assert site.processes["worker"].poll() in {None, status}
    statuses = site.ledger().status_of
    assert statuses.pop("test:10") == "held"
    assert set(statuses.values()) == {"published"}
    assert starts <= 5
