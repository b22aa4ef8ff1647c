"""`audit verify`: one command says whether the audit is as it was sealed, and answers by its exit status."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moderation import store
from moderation.database import Database
from moderation.sealer import Sealer
from moderation.seals import Seal
from tests.builders import NOW
from tests.desk import Desk
from tests.e2e.system import ROOT
from tests.integration import processes


def baithak(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return processes.baithak(folder, "audit", "verify", *arguments)


def address_in(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'baithak.db'}"


async def _sealed(address: str) -> Seal:
    database = Database(address)
    kept = store.Store(database)
    await Desk.of(kept).publish()
    sealer = Sealer(kept, clock=lambda: NOW)
    made = [await sealer.look() for _ in range(2)][-1]
    assert made is not None
    await Desk.of(kept).receive()
    await database.close()
    return made


@pytest.fixture
def sealed(tmp_path: Path) -> Seal:
    """An audit of three rows, two of them under a seal."""
    store.upgrade(address_in(tmp_path))
    return asyncio.run(_sealed(address_in(tmp_path)))


def test_an_audit_as_it_was_sealed_is_told_with_its_head(tmp_path: Path, sealed: Seal) -> None:
    told = f"2 rows are as they were sealed, 1 are not sealed yet\nhead 1:{sealed.hash}, sealed 2026-11-22 12:00 UTC\n"
    done = baithak(tmp_path)
    assert (done.returncode, done.stdout) == (0, told)
    done = baithak(tmp_path, "--head", str(sealed.head))
    assert (done.returncode, done.stdout) == (0, f"{told}the head of seal 1 stands\n")


def test_an_audit_that_was_changed_is_told_in_one_line_and_by_the_status(tmp_path: Path, sealed: Seal) -> None:
    with sqlite3.connect(tmp_path / "baithak.db") as connection:
        connection.execute("DROP TRIGGER audit_kept")
        connection.execute("DELETE FROM audit WHERE id = 2")
    done = baithak(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("baithak: THE AUDIT IS NOT AS IT WAS SEALED: seal 1 of 2026-11-22 12:00 UTC")
    assert done.stderr.endswith("1 missing, if the seal itself was not changed\n")
    assert len(done.stderr.splitlines()) == 1


def test_a_head_that_does_not_stand_is_told_and_one_that_is_none_refused(tmp_path: Path, sealed: Seal) -> None:
    assert baithak(tmp_path, "--head", f"1:{'0' * 64}").returncode == 1
    assert baithak(tmp_path, "--head", f"2:{sealed.hash}").returncode == 1
    done = baithak(tmp_path, "--head", "1")
    assert (done.returncode, "a head is a number" in done.stderr) == (2, True)


def test_where_no_system_has_its_data_nothing_is_made(tmp_path: Path) -> None:
    assert baithak(tmp_path).returncode == 3
    assert not (tmp_path / "baithak.db").exists()


def test_a_worker_seals_what_is_new(tmp_path: Path, sealed: Seal, redis_address: str) -> None:
    """A real worker, but for the length of its minute."""
    hurried = (
        "from moderation.sealer import Sealer; Sealer.__init__.__kwdefaults__['every_s'] = 0.2; "
        "from moderation.cli import main; main()"
    )
    given = {"BAITHAK_REDIS_URL": redis_address, "BAITHAK_LOG_FORMAT": "json"}
    worker = subprocess.Popen(
        [sys.executable, "-c", hurried, "worker"],
        cwd=ROOT,
        env=processes.environment(tmp_path, **given),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        ends = time.monotonic() + 60
        while " 0 are not sealed" not in (told := baithak(tmp_path).stdout):
            assert time.monotonic() < ends, told
    finally:
        worker.terminate()
        _, said = worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert '"event": "audit sealed"' in said
