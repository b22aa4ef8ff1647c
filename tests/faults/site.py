"""Processes around one database and one Redis, each to be killed and started again by its name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from moderation.queue import STREAM, connect
from moderation.running import READY_FD
from tests import commands
from tests.faults.ledger import Ledger, read_ledger, undecided
from tests.servers import redis_binary, short_folder

PROJECT = Path(__file__).resolve().parent.parent.parent
WORKER = ("moderation", "worker")
PART = "tests.faults.part"
STDERR = 2

T = TypeVar("T")


class Site:
    """The processes of one run. `environment` is what they are started with, and may be changed before."""

    def __init__(self, address: str, data_dir: Path, sockets: Path) -> None:
        self.address = address
        self.data_dir = data_dir
        self.socket = sockets / "redis.sock"
        self.environment = {
            **os.environ,
            "BAITHAK_DATA_DIR": str(data_dir),
            "BAITHAK_DATABASE_URL": address,
            "BAITHAK_REDIS_URL": f"unix://{self.socket}",
            "BAITHAK_RETRY_AFTER_S": "1",
            "BAITHAK_SWEEP_EVERY_S": "0.5",
            "BAITHAK_SWEEP_OLDER_S": "1",
            "BAITHAK_LOG_LEVEL": "error",
            "OMP_NUM_THREADS": "1",
        }
        self.commands: dict[str, list[str]] = {}
        self.processes: dict[str, subprocess.Popen[bytes] | commands.Started] = {}
        self._ready: dict[str, int] = {}

    def start_redis(self) -> None:
        """A Redis that keeps nothing when it ends."""
        arguments = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self._start("redis", [redis_binary(), *arguments, "--dir", str(self.socket.parent)])
        until(lambda: asyncio.run(self._answers()))

    async def _answers(self) -> bool:
        with contextlib.suppress(Exception):
            return bool(await self.redis(lambda client: client.ping()))
        return False

    async def redis(self, ask: Callable[[Any], Awaitable[T]]) -> T:
        """What this Redis answers."""
        client = connect(f"unix://{self.socket}")
        try:
            return await ask(client)
        finally:
            await client.aclose()

    def flush(self) -> None:
        """Redis forgets everything; while it is being restarted it has nothing to forget."""
        with contextlib.suppress(Exception):
            asyncio.run(self.redis(lambda client: client.flushall()))

    def queue_length(self) -> int:
        """Entries on the screening queue."""
        return asyncio.run(self.redis(lambda client: client.xlen(STREAM)))

    def start(self, name: str, module: str, *arguments: str) -> None:
        """Start `python -m module …` under this name."""
        self._start(name, [module, *arguments])

    def _start(self, name: str, command: list[str]) -> None:
        self.commands[name] = command
        told, tells = os.pipe()
        self.processes[name] = self._started(name, command, tells)
        os.close(tells)
        if name in self._ready:
            os.close(self._ready[name])
        self._ready[name] = told

    def _started(self, name: str, command: list[str], tells: int) -> subprocess.Popen[bytes] | commands.Started:
        """What is written for tests is forked; the product's own processes start as they do in earnest."""
        if command[0].startswith("tests."):
            with Path(os.devnull).open("r+b") as nowhere:
                streams = [nowhere.fileno(), nowhere.fileno(), STDERR]
                return commands.start(command[0], command[1:], env=self.environment, streams=streams, ready_fd=tells)
        return subprocess.Popen(
            command if name == "redis" else [sys.executable, "-m", *command],
            env={**self.environment, READY_FD: str(tells)},
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[tells],
        )

    def is_ready(self, name: str) -> bool:
        """Whether it said that it works, or has ended."""
        return bool(select.select([self._ready[name]], [], [], 0)[0])

    def kill(self, name: str) -> None:
        """kill -9, and start it again."""
        self.processes[name].kill()
        self.processes[name].wait()
        if name == "redis":
            self.start_redis()
        else:
            self._start(name, self.commands[name])

    def terminate(self, name: str, *, within_s: float) -> int:
        """SIGTERM; its exit status. Raises subprocess.TimeoutExpired."""
        self.processes[name].send_signal(signal.SIGTERM)
        return self.processes[name].wait(within_s)

    def ended(self, name: str) -> bool:
        """Whether it has ended by itself."""
        return self.processes[name].poll() is not None

    def ledger(self) -> Ledger:
        """What became of every comment so far."""
        return asyncio.run(read_ledger(self.address))

    def undecided(self) -> int:
        """How many comments still wait."""
        return asyncio.run(undecided(self.address))

    def end(self) -> None:
        """Kill everything."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        for told in self._ready.values():
            os.close(told)


@contextlib.contextmanager
def running_site(address: str, data_dir: Path) -> Iterator[Site]:
    """A site with its Redis running, for as long as the block lasts."""
    with short_folder("kill") as sockets:
        site = Site(address, data_dir, sockets)
        try:
            site.start_redis()
            yield site
        finally:
            site.end()


def until(met: Callable[[], Any], *, within_s: float = 60) -> None:
    """Wait for a condition. Fails after the time."""
    ends = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < ends, "it never came to be"
        time.sleep(0.05)


def accepted(*journals: Path) -> set[str]:
    """The source keys that submitters noted as accepted."""
    return {line.split()[0] for line in _lines(journals)}


def seconds_to_accept(*journals: Path) -> tuple[float, ...]:
    """How long each of them took to be accepted, rising."""
    return tuple(sorted(float(line.split()[1]) for line in _lines(journals)))


def _lines(journals: Sequence[Path]) -> list[str]:
    found = [journal.read_text(encoding="utf-8") for journal in journals if journal.exists()]
    return [line for text in found for line in text[: text.rfind("\n") + 1].splitlines()]
