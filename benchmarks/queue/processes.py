"""The processes a row is measured with: one worker, and one that enqueues."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.queue.adapters import Kind
from benchmarks.queue.work import PROBE, READY
from benchmarks.screening import ONE_THREAD, ROOT

START_WITHIN_S = 60.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """One queue, used in one way; `python` is the interpreter that has it."""

    key: str
    kind: Kind
    python: Path

    def command(self, module: str, *rest: str) -> list[str]:
        """How a process of this row is started."""
        return [str(self.python), "-m", f"benchmarks.queue.{module}", self.key, self.kind.value, *rest]


def wait_until(met: Callable[[], bool], *, within_s: float) -> bool:
    """Look until it is so; False when it was not in time."""
    ends = time.monotonic() + within_s
    while not met():
        if time.monotonic() >= ends:
            return False
        time.sleep(POLL_S)
    return True


class Working:
    """A worker process of a row in its folder."""

    def __init__(self, row: Row, address: str, folder: Path) -> None:
        (folder / READY).unlink(missing_ok=True)
        self._ready, self._log = folder / READY, folder / "worker.log"
        self._process = subprocess.Popen(
            row.command("worker", address, str(folder)),
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            stdout=subprocess.DEVNULL,
            stderr=self._log.open("ab"),
        )

    def wait(self) -> None:
        """Return when its model is loaded. Raises RuntimeError if it is not in time, with the last of what it said."""
        wait_until(lambda: self._ready.exists() or self._process.poll() is not None, within_s=START_WITHIN_S)
        if not self._ready.exists():
            said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise RuntimeError(f"the worker did not start: {said[-1] if said else 'it says nothing'}")

    def stand_still(self) -> None:
        """Let it have no time until it may go on."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Give it time again."""
        self._process.send_signal(signal.SIGCONT)

    def peak_mb(self) -> float:
        """The most memory it has had, in MB of 1,000,000 bytes; NaN where the system does not say."""
        return peak_mb(self._process.pid)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()


def peak_mb(pid: int) -> float:
    """The most memory a running process has had, in MB of 1,000,000 bytes; NaN where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return float("nan")
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024 / 1e6


class Feeder:
    """A process that enqueues when told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def fill(self, tasks: Sequence[Sequence[int]]) -> float:
        """Enqueue these tasks as fast as it goes; answers the seconds it took."""
        return float(self._ask({"fill": tasks})["seconds"])

    def pace(self, tasks: Sequence[Sequence[int]], *, per_s: float) -> list[float]:
        """Enqueue the comments of these tasks at this rate; answers when each was due."""
        due: list[float] = self._ask({"pace": tasks, "per_s": per_s})["due"]
        return due

    def probe(self, taken: Callable[[], bool]) -> None:
        """Enqueue the probe until the worker took one: a queue may forget what came before its worker.

        Raises RuntimeError if none is taken in time.
        """
        ends = time.monotonic() + START_WITHIN_S
        while time.monotonic() < ends:
            self.fill([[PROBE]])
            if wait_until(taken, within_s=1.0):
                return
        raise RuntimeError("the worker takes no comments")

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        asked, answered = self._pipes()
        asked.write(json.dumps(command) + "\n")
        asked.flush()
        line = answered.readline()
        if not line:
            raise RuntimeError("the process that enqueues ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None and self._process.stdout is not None
        return self._process.stdin, self._process.stdout


@contextlib.contextmanager
def feeding(row: Row, address: str) -> Iterator[Feeder]:
    """A feeder of a row, ended afterwards."""
    process = subprocess.Popen(
        row.command("feeder", address), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Feeder(process)
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def working(row: Row, address: str, folder: Path) -> Iterator[Working]:
    """A worker of a row whose model is loaded, killed afterwards: what it leaves behind is nobody's."""
    worker = Working(row, address, folder)
    try:
        worker.wait()
        yield worker
    finally:
        worker.kill()
