"""Our commands as a shell runs them, each in a process of its own, without each loading every library anew.

A server that has loaded what commands need forks for each, and the fork runs the module as `python -m` would: its own
environment, folder and standard streams, and nothing of the test's process. What a command loads by itself, and how
long that takes, is therefore no matter for these; the few tests about that start a Python of their own.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from moderation.running import READY_FD

ROOT = Path(__file__).resolve().parent.parent
STREAMS = 3
LONGEST_REQUEST = 1 << 20


class Started:
    """A command that was started: what `subprocess.Popen` is for a child of one's own."""

    def __init__(self, command: Sequence[str], connection: socket.socket) -> None:
        self.args = list(command)
        self.returncode: int | None = None
        self._connection = connection
        self._answers = connection.makefile("r")
        self.pid = int(self._answers.readline())

    def poll(self) -> int | None:
        """Its status, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout_s: float | None = None) -> int:
        """Its status, once it has ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout_s)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout_s or 0)
            self.returncode = int(self._answers.readline())
            self._answers.close()
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it is known to have ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it is known to have ended."""
        self.send_signal(signal.SIGKILL)


def start(
    module: str,
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    streams: Sequence[int],
    ready_fd: int | None = None,
) -> Started:
    """Start `python -m module …` with these standard streams; where it says that it is ready is its own to close."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(_server())
    request = {"module": module, "arguments": list(arguments), "env": dict(env), "cwd": str(ROOT)}
    passed = [*streams, *([] if ready_fd is None else [ready_fd])]
    socket.send_fds(connection, [json.dumps(request).encode()], passed)
    connection.shutdown(socket.SHUT_WR)
    return Started([module, *arguments], connection)


def run(
    module: str, arguments: Sequence[str], *, env: Mapping[str, str], given: bytes = b"", timeout_s: float = 60
) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m module …` to its end, with `given` as its standard input.

    Raises subprocess.TimeoutExpired, after which the command is dead.
    """
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(STREAMS)]
        streams[0].write(given)
        streams[0].seek(0)
        started = start(module, arguments, env=env, streams=[stream.fileno() for stream in streams])
        try:
            status = started.wait(timeout_s)
        except subprocess.TimeoutExpired:
            started.kill()
            raise
        for stream in streams[1:]:
            stream.seek(0)
        return subprocess.CompletedProcess(started.args, status, streams[1].read(), streams[2].read())


def run_text(
    module: str, arguments: Sequence[str], *, env: Mapping[str, str], given: str = "", timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """The same, in text."""
    done = run(module, arguments, env=env, given=given.encode(), timeout_s=timeout_s)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@functools.cache
def _server() -> str:
    """The socket of this process's server."""
    folder = tempfile.mkdtemp(prefix="commands-", dir="/tmp")
    path = f"{folder}/socket"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BAITHAK_")}
    command = [sys.executable, "-m", "tests.commands", path]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)

    def end() -> None:
        server.kill()
        server.wait()
        Path(path).unlink(missing_ok=True)
        Path(folder).rmdir()

    atexit.register(end)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    return path


def _load() -> None:
    """What most commands need. It runs no thread of its own, which a fork would not take along."""
    import alembic.command
    import sqlalchemy.dialects.sqlite.aiosqlite

    import bot.cli
    import bot.keeping
    import bot.restoring
    import bot.store
    import moderation.classifier
    import moderation.cli.models
    import moderation.cli.policy
    import moderation.cli.switches
    import moderation.store
    import tests.faults.part
    import tests.faults.traffic

    del alembic, sqlalchemy, bot, moderation, tests


def _serve(path: str) -> dict[str, Any]:
    """Fork for each request, for as long as this runs. Comes back in the process that is to run a command."""
    parent = os.getppid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        listening.settimeout(1)
        print("ready", flush=True)
        while os.getppid() == parent:
            with contextlib.suppress(TimeoutError):
                connection, _ = listening.accept()
                if os.fork() == 0:
                    listening.close()
                    return _keep(connection)
                connection.close()
    sys.exit(0)


def _keep(connection: socket.socket) -> dict[str, Any]:
    """Fork once more, and tell the fork's number and its status. Comes back in the fork."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    connection.setblocking(True)
    request, streams, _, _ = socket.recv_fds(connection, LONGEST_REQUEST, STREAMS + 1)
    while more := connection.recv(LONGEST_REQUEST):
        request += more
    pid = os.fork()
    if pid != 0:
        connection.sendall(f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    connection.close()
    os.setsid()
    for number, stream in enumerate(streams[:STREAMS]):
        os.dup2(stream, number)
        os.close(stream)
    wanted: dict[str, Any] = json.loads(request)
    if streams[STREAMS:]:
        wanted["env"][READY_FD] = str(streams[STREAMS])
    return wanted


def _become(wanted: Mapping[str, Any]) -> NoReturn:
    """Run the module as Python runs it when it is started with it."""
    os.environ.clear()
    os.environ.update(wanted["env"])
    os.chdir(wanted["cwd"])
    sys.argv = [wanted["module"], *wanted["arguments"]]
    random.seed()  # else all forks would throw the same dice
    runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    _load()
    _become(_serve(sys.argv[1]))
