"""Ten times the comments of a busy day: nothing is dropped, and neither Redis nor a worker grows without end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.databases import ONLY_SQLITE, name_of_address
from tests.faults.ledger import NEVER, percentile
from tests.faults.report import note
from tests.faults.site import PART, WORKER, Site, accepted, seconds_to_accept, until

pytestmark = pytest.mark.xdist_group("kills")

BUSY_PER_S = 20.0
SUBMITTERS, WORKERS = 2, 2
QUEUE_AT_MOST = 20
GROWTH_AT_MOST_MB = 60


def memory_mb(site: Site, name: str, what: str) -> float:
    """Memory of a process: VmRSS now, VmHWM the most it ever had."""
    lines = Path(f"/proc/{site.processes[name].pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def flood(site: Site, *, comments: int, worker: tuple[str, ...]) -> dict[str, Any]:
    """So many comments at ten times the busy rate, against a short queue."""
    site.environment["BAITHAK_QUEUE_AT_MOST"] = str(QUEUE_AT_MOST)
    workers = [f"worker {number}" for number in range(WORKERS)]
    for name in workers:
        site.start(name, *worker)
    until(lambda: all(site.is_ready(name) for name in workers))
    before = {name: memory_mb(site, name, "VmRSS") for name in workers}
    share, began = comments // SUBMITTERS, time.time()
    journals = [site.data_dir / f"accepted-{number}" for number in range(SUBMITTERS)]
    for at, journal in enumerate(journals):
        paced = (str(at * share), str(share), str(journal), str(began), str(10 * BUSY_PER_S / SUBMITTERS))
        site.start(f"submitter {at}", PART, "pace", *paced)
    longest = 0
    while len(accepted(*journals)) < comments:
        longest = max(longest, site.queue_length())
        time.sleep(0.05)  # a look now and then: the load is what is tested
    wrote_s = time.time() - began
    until(lambda: site.undecided() == 0, within_s=120)
    keys, waits = accepted(*journals), seconds_to_accept(*journals)
    return {
        "accepted": len(keys),
        "a second": round(comments / wrote_s, 1),
        "longest queue": longest,
        "accepted within, p99 s": round(percentile(waits, 0.99), 3),
        "a worker's memory grew by at most, MB": round(
            max(memory_mb(site, name, "VmHWM") - before[name] for name in workers), 1
        ),
        **site.ledger().figures(keys),
    }


def expect_bounds(figures: dict[str, Any]) -> None:
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0]
    # Each submitter looks at the length and then adds; the other one may add in between.
    assert figures["longest queue"] <= QUEUE_AT_MOST + SUBMITTERS
    assert figures["a worker's memory grew by at most, MB"] < GROWTH_AT_MOST_MB


@ONLY_SQLITE
def test_ten_times_the_load_is_worked_off_within_bounds(site: Site) -> None:
    figures = flood(site, comments=300, worker=(PART, "work", "careful"))
    print(figures)
    expect_bounds(figures)


@pytest.mark.long
@ONLY_SQLITE
@pytest.mark.timeout(600)
def test_a_minute_of_ten_times_the_load_is_worked_off_within_bounds(site: Site) -> None:
    figures = flood(site, comments=round(60 * 10 * BUSY_PER_S), worker=WORKER)
    note("Ten times the load for a minute", figures, run=name_of_address(site.address))
    expect_bounds(figures)
