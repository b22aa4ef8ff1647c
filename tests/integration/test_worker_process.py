"""`worker` as a process: it starts without Redis, holds without a model, takes a new one over, and leaves when told."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from moderation import learning
from moderation.classifier import load, shipped
from moderation.classifier.encoder import encoder_file
from moderation.classifier.second import STAGES
from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.decision import Reason
from moderation.intake import Accepted, Intake
from moderation.queue import ScreeningQueue, connect
from moderation.store import ModelRecord, Store, upgrade
from tests.builders import NOW, TERMS, submission

SIGTERM_S = 10


class Site:
    """A database and a Redis of their own, and the workers started on them."""

    def __init__(self, data_dir: Path, redis_address: str) -> None:
        self.data_dir = data_dir
        self.address = f"sqlite+aiosqlite:///{data_dir / 'baithak.db'}"
        self.environment = {
            **os.environ,
            "BAITHAK_DATA_DIR": str(data_dir),
            "BAITHAK_REDIS_URL": redis_address,
            "BAITHAK_LOG_FORMAT": "json",
        }
        self.database = Database(self.address)
        self.store = Store(self.database)
        self.queue = ScreeningQueue(connect(redis_address), at_most=100)
        self.intake = Intake(self.store, self.queue, terms=TERMS)
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "moderation", "worker"],
            env={**self.environment, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    async def receive(self, text: str = "A fine report about the harbour, thank you.") -> Accepted:
        wanted = submission(text=text)
        await self.intake.agree(wanted.author, language="en", now=NOW)
        return await self.intake.submit(wanted, now=NOW)

    async def decided(self, accepted: Accepted, *, within_s: float = 30) -> tuple[CommentStatus, Reason | None]:
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            record = await self.store.comment(accepted.comment_id)
            if record is not None and record.decision is not None:
                return record.comment.status, record.decision.reason
            await asyncio.sleep(0.02)
        raise AssertionError("nobody decided")


@pytest.fixture
async def site(tmp_path: Path, redis: Redis, redis_address: str) -> AsyncIterator[Site]:
    data_dir = tmp_path / "data"
    await asyncio.to_thread(upgrade, f"sqlite+aiosqlite:///{data_dir / 'baithak.db'}")
    site = Site(data_dir, redis_address)
    yield site
    for process in site.processes:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
    await site.database.close()


async def test_what_a_killed_worker_held_is_taken_over_at_once_by_the_one_in_its_place_and_no_others(
    site: Site,
) -> None:
    theirs, ours = await site.receive(), await site.receive("Another fine report.")
    for place in ("other", "ours"):
        jobs = await site.queue.claim(f"{socket.gethostname()}-{place}-1", wait_s=0, at_most=1)
        assert len(jobs) == 1
    site.start(BAITHAK_RETRY_AFTER_S="3600", BAITHAK_PLACE="ours")
    assert await site.decided(ours) == (CommentStatus.PUBLISHED, None)
    assert await site.store.unscreened(older_than=NOW + timedelta(1), limit=9) == [theirs.revision_id]


async def test_a_worker_decides_shows_that_it_lives_and_leaves_when_told(site: Site) -> None:
    accepted = await site.receive()
    process = site.start()
    assert await site.decided(accepted) == (CommentStatus.PUBLISHED, None)
    assert list((await site.queue.workers()).values()) == [shipped().version]
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, SIGTERM_S) == 0
    assert time.monotonic() - begin < SIGTERM_S
    size = await site.queue.size()
    assert (size.length, size.pending, await site.queue.workers()) == (0, 0, {})


@pytest.mark.skipif(encoder_file() is None, reason="the second stage's encoder is not installed")
async def test_a_worker_reads_doubtful_comments_with_both_stages_and_says_so(site: Site) -> None:
    model, doubtful = shipped(), "The army shelled the village again, forty dead."
    accepted = await site.receive(doubtful)
    process = site.start(BAITHAK_STAGES="all")
    await site.decided(accepted)
    record = await site.store.comment(accepted.comment_id)
    assert record is not None and record.decision is not None
    both, alone = (
        load(model.path, sha256=model.sha256, stages=stages).classify([doubtful])[0] for stages in STAGES[::-1]
    )
    assert record.decision.scores["insult"] == pytest.approx(both.scores["insult"], abs=1e-4)
    assert both.scores["insult"] != pytest.approx(alone.scores["insult"], abs=0.01)
    process.send_signal(signal.SIGTERM)
    _, logged = await asyncio.to_thread(process.communicate)
    assert '"second_stage": "on"' in logged


async def test_without_a_usable_model_comments_are_held_and_an_alert_is_logged(site: Site) -> None:
    await site.store.record_model(ModelRecord("2027-01-01.1", "0" * 64, "/none.skops", {}, NOW))
    await site.store.promote("2027-01-01.1", who="test", now=NOW)
    accepted = await site.receive()
    process = site.start()
    assert await site.decided(accepted) == (CommentStatus.HELD, Reason.UNSCREENED)
    await learning.promote(site.store, shipped().version, who="test", now=NOW)
    while list((await site.queue.workers()).values()) != [shipped().version]:
        await asyncio.sleep(0.05)
    assert await site.decided(await site.receive("Another fine report.")) == (CommentStatus.PUBLISHED, None)
    process.send_signal(signal.SIGTERM)
    _, logged = await asyncio.to_thread(process.communicate)
    assert '"event": "classifier unavailable"' in logged
    assert '"level": "critical"' in logged
    assert "fine report" not in logged


async def test_a_worker_starts_without_redis_and_decides_all_the_same(site: Site) -> None:
    accepted = await site.receive()
    site.start(BAITHAK_REDIS_URL=f"unix://{site.data_dir}/none.sock")
    assert await site.decided(accepted) == (CommentStatus.PUBLISHED, None)


async def test_a_redis_that_would_drop_the_queue_is_refused_at_the_start(site: Site, redis: Redis) -> None:
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        process = site.start()
        _, said = await asyncio.to_thread(process.communicate)
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")
    assert process.returncode == 3
    assert "set maxmemory-policy noeviction" in said
    assert "Traceback" not in said


def test_a_screening_that_holds_the_interpreter_is_ended_from_outside() -> None:
    frozen = (
        "import re\n"
        "from moderation.cli.worker import _ended_if_frozen\n"
        "with _ended_if_frozen(0.2):\n"
        "    re.match('(a+)+$', 'a' * 60 + '!')\n"
    )
    done: Any = subprocess.run([sys.executable, "-c", frozen], capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    assert b"Timeout" in done.stderr


def test_a_screening_that_ends_in_time_ends_nothing() -> None:
    calm = (
        "import time\n"
        "from moderation.cli.worker import _ended_if_frozen\n"
        "with _ended_if_frozen(0.2):\n"
        "    pass\n"
        "ends = time.monotonic() + 0.5\n"
        "while time.monotonic() < ends: pass\n"
    )
    assert subprocess.run([sys.executable, "-c", calm], timeout=30, check=False).returncode == 0
