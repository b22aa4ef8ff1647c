"""kill -9 to whoever writes, screens or queues: what was accepted is decided once and published once.

Without the bot: real `python -m moderation worker` processes, real submitters, a real Redis that forgets. The control
acknowledges before the work and loses comments, which shows that these tests can fail.
"""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from moderation.worker import HUNG
from tests.faults.databases import ONLY_SQLITE, name_of_address
from tests.faults.full_size import sized
from tests.faults.ledger import NEVER
from tests.faults.part import SUBMITTING, WORKING
from tests.faults.report import note
from tests.faults.site import PART, WORKER, Site, accepted, until

pytestmark = pytest.mark.xdist_group("kills")

SUBMITTERS, WORKERS = 2, 3
UNDER_KILLS = "Screening alone, parts killed with -9 while readers write"


def start_all(site: Site, *, comments: int, per_s: float, worker: tuple[str, ...]) -> list[Path]:
    """Workers, and once they work submitters, who write at a rate of their own; the submitters' journals."""
    for number in range(WORKERS):
        site.start(f"worker {number}", *worker)
    until(lambda: all(site.is_ready(name) for name in site.commands if name != "redis"))
    share, began = comments // SUBMITTERS, time.time()
    journals = [site.data_dir / f"accepted-{number}" for number in range(SUBMITTERS)]
    for number, journal in enumerate(journals):
        paced = (str(number * share), str(share), str(journal), str(began), str(per_s / SUBMITTERS))
        site.start(f"submitter {number}", PART, "pace", *paced)
    return journals


def next_victim(site: Site, dice: random.Random) -> str:
    """Somebody who works. Never the last worker: how long they take to start is not what is asked here."""
    while True:
        name = dice.choice([name for name in site.commands if name != "redis"])
        others = [other for other in site.commands if other.startswith("worker") and other != name]
        if name.startswith("worker"):
            until(lambda others=others: any(site.is_ready(other) for other in others))
        if name.startswith("worker") or not site.ended(name):
            return name


def run_under_kills(
    site: Site, *, comments: int, per_s: float, kills: int, worker: tuple[str, ...] = WORKER
) -> dict[str, Any]:
    """Readers write while one part after the other is killed; then waits until nothing is on its way any more.

    Among the kills Redis forgets everything twice, and is twice killed and started empty.
    """
    dice = random.Random(comments)
    journals = start_all(site, comments=comments, per_s=per_s, worker=worker)
    began = time.monotonic()
    for killed in range(1, kills + 1):
        # Spread over the writing, so that every kill meets comments on their way.
        enough = min(comments, killed * comments // (kills + 1))
        until(lambda enough=enough: len(accepted(*journals)) >= enough, within_s=120)
        site.kill(next_victim(site, dice))
        if killed in (kills // 3, 2 * kills // 3):
            site.flush()
        if killed in (kills // 4, 3 * kills // 4):
            site.kill("redis")
    until(lambda: len(accepted(*journals)) == comments, within_s=120)
    wrote_s = time.monotonic() - began
    until(lambda: site.undecided() == 0 or (worker != WORKER and site.queue_length() == 0))
    keys = accepted(*journals)
    return {
        "accepted": len(keys),
        "a second": round(comments / wrote_s, 1),
        "kills": kills,
        "FLUSHALLs": 2,
        "empty restarts of Redis": 2,
        **site.ledger().figures(keys),
    }


def expect_nothing_lost(figures: dict[str, Any]) -> None:
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0], figures


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_nothing_is_lost_while_several_workers_are_killed_and_redis_starts_empty(site: Site) -> None:
    comments, kills = sized((1_000, 20), (10_000, 200))
    figures = run_under_kills(site, comments=comments, per_s=50, kills=kills)
    note(UNDER_KILLS, figures, run=name_of_address(site.address))
    expect_nothing_lost(figures)


@pytest.mark.long
@pytest.mark.timeout(600)
@ONLY_SQLITE
def test_the_control_loses_comments_under_the_same_kills(site: Site) -> None:
    figures = run_under_kills(site, comments=600, per_s=40, kills=12, worker=(PART, "work", "careless"))
    note(UNDER_KILLS, figures, run="control: acknowledges before the work, no sweeper")
    assert figures["lost"] > 0


@ONLY_SQLITE
@pytest.mark.parametrize(("manner", "loses"), [("careful", False), ("careless", True)])
def test_acknowledging_before_the_work_loses_comments_and_after_it_none(manner: str, loses: bool, site: Site) -> None:
    journal = site.data_dir / "accepted"
    site.environment["BAITHAK_BATCH_AT_MOST"] = "16"
    site.start("submitter", PART, "submit", "0", "120", str(journal))
    until(lambda: len(accepted(journal)) == 120)
    site.start("worker", PART, "work", manner)
    for kill in range(2):
        # In the middle of the work: some of it is done, and some is left.
        until(lambda kill=kill: 120 - site.undecided() > kill * 40)
        site.kill("worker")
    # What is still to come is drained; what the careless one dropped stays as it is.
    until(lambda: site.queue_length() == 0 or site.undecided() == 0)
    assert site.terminate("worker", within_s=20) == 0
    ledger = site.ledger()
    print(f"{manner}: 120 accepted, 2 kills, {ledger.undecided} lost")
    assert (ledger.undecided > 0) is loses
    assert ledger.decided_twice == 0


def expect_each_decided_once(site: Site, *, comments: int) -> None:
    """Start a worker that lives, and wait until it has decided what the dead ones left."""
    site.start("worker", PART, "work", "careful")
    until(lambda: site.undecided() == 0)
    ledger = site.ledger()
    assert len(ledger.status_of) == comments
    assert (ledger.decided_twice, ledger.published_twice, ledger.without_audit) == (0, 0, 0)


@pytest.mark.parametrize(("point", "stored"), list(zip(SUBMITTING, [0, 1, 1], strict=True)))
def test_a_submitter_that_dies_at_the_worst_moment_loses_nothing(point: str, stored: int, site: Site) -> None:
    writing = (PART, "submit", "0", "10", str(site.data_dir / "accepted"))
    site.start("dying", *writing, point)
    until(lambda: site.ended("dying"))
    assert site.processes["dying"].returncode == -signal.SIGKILL
    assert len(site.ledger().status_of) == stored
    site.start("submitter", *writing)
    until(lambda: site.ended("submitter"))
    expect_each_decided_once(site, comments=10)


@pytest.mark.parametrize("point", WORKING)
def test_a_worker_that_dies_at_the_worst_moment_loses_nothing(point: str, site: Site) -> None:
    site.start("submitter", PART, "submit", "0", "20", str(site.data_dir / "accepted"))
    until(lambda: site.ended("submitter"))
    site.start("dying", PART, "work", "careful", point)
    until(lambda: site.ended("dying"))
    assert site.processes["dying"].returncode == -signal.SIGKILL
    expect_each_decided_once(site, comments=20)


@ONLY_SQLITE
@pytest.mark.parametrize(("poison", "status"), [("kills", -signal.SIGKILL), ("hangs", HUNG)])
def test_a_text_that_stops_workers_is_held_and_all_others_are_decided(poison: str, status: int, site: Site) -> None:
    site.environment["BAITHAK_SCREEN_TIMEOUT_S"] = "1"
    for first, count, kind in ((0, 10, ""), (10, 1, poison), (11, 10, "")):
        arguments = [str(first), str(count), str(site.data_dir / f"accepted-{first}"), kind]
        site.start("submitter", PART, "submit", *arguments)
        until(lambda: site.ended("submitter"))
    starts = 0
    while site.undecided():
        starts += 1
        site.start("worker", PART, "work", "careful")
        until(lambda: site.ended("worker") or not site.undecided())
        assert site.processes["worker"].poll() in {None, status}
    statuses = site.ledger().status_of
    assert statuses.pop("test:10") == "held"
    assert set(statuses.values()) == {"published"}
    assert starts <= 5
