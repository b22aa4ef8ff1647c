"""Hosts of their own on this machine: network namespaces on one bridge, each to be cut off from all others.

A host that is cut off answers nothing and refuses nothing: whatever is sent to it vanishes, as it does behind a dead
switch. That is the hard kind of fault, since a connection to it does not break but hangs.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from moderation.running import READY_FD
from tests.faults.site import PROJECT, until

ENDS_S = 15
"""Seconds a process has to end after SIGTERM before it is killed."""


class Process:
    """A process on a host. What it logs goes into a file of its name."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        told, tells = os.pipe()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env={**environment, READY_FD: str(tells)},
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[tells],
            )
        os.close(tells)
        self._told = told
        self.log = log

    def is_ready(self) -> bool:
        """Whether it said that it works. Fails with the end of its log if it has ended instead."""
        assert not self.has_ended(), self.log.read_text(errors="replace")[-2000:]
        return bool(select.select([self._told], [], [], 0)[0])

    def wait(self) -> int:
        """Its exit status, once it has ended."""
        return self._process.wait()

    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """kill -9, with whatever it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._told)

    def end(self) -> None:
        """SIGTERM, and kill -9 if that takes too long."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDS_S)
        self.kill()


class Hosts:
    """The hosts by their names, and this machine as `1` on the same bridge, from which tests look on."""

    def __init__(self, names: Sequence[str], folder: Path) -> None:
        self._id = f"bh{os.getpid() % 100_000}"
        self._net = _free_net(os.getpid())
        self._numbers = {name: number for number, name in enumerate(names, start=2)}
        self._folder = folder
        self._processes: dict[str, Process] = {}

    def address(self, host: str) -> str:
        """Its address."""
        return f"{self._net}.{self._numbers[host]}"

    def build(self) -> None:
        """Make the bridge and the hosts."""
        _ip("link", "add", self._id, "type", "bridge")
        _ip("link", "set", self._id, "address", "02:00:00:00:00:01")
        _ip("addr", "add", f"{self._net}.1/24", "dev", self._id)
        _ip("link", "set", self._id, "up")
        for host in self._numbers:
            self._add(host)
        for host, number in self._numbers.items():
            # The neighbours are known for good: asked for anew, one who is cut off would be told as unreachable.
            self._knows(_within(self._space(host)), "eth0", but=number)
        self._knows((), self._id, but=1)

    def _add(self, host: str) -> None:
        space, cable, number = self._space(host), self._cable(host), self._numbers[host]
        inside = _within(space)
        _ip("netns", "add", space)
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip(*inside, "link", "set", "eth0", "address", f"02:00:00:00:00:{number:02x}")
        _ip(*inside, "addr", "add", f"{self.address(host)}/24", "dev", "eth0")
        _ip(*inside, "link", "set", "lo", "up")
        _ip(*inside, "link", "set", "eth0", "up")
        _ip("link", "set", cable, "master", self._id, "up")

    def _knows(self, inside: Sequence[str], device: str, *, but: int) -> None:
        for number in {1, *self._numbers.values()} - {but}:
            place = (f"{self._net}.{number}", "lladdr", f"02:00:00:00:00:{number:02x}")
            _ip(*inside, "neigh", "replace", *place, "dev", device, "nud", "permanent")

    def cut(self, host: str) -> None:
        """Nothing reaches it from now on, and nothing comes from it; its own cable seems plugged in."""
        _ip("link", "set", self._cable(host), "nomaster")

    def heal(self, host: str) -> None:
        """It is reached again."""
        _ip("link", "set", self._cable(host), "master", self._id)

    def start(self, host: str, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Process:
        """Start a process there, known by its name."""
        self._processes[name] = Process(self._command(host, command), environment, self._folder / f"{name}.log")
        return self._processes[name]

    def _command(self, host: str, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self._space(host), *command]

    def ready(self, *names: str, within_s: float = 60) -> None:
        """Wait until these say that they work."""
        until(lambda: all(self._processes[name].is_ready() for name in names), within_s=within_s)

    def run(self, host: str, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run a command there to its end. Fails with what it said when its status is not 0."""
        process = Process(self._command(host, command), environment, self._folder / f"{name}.log")
        assert process.wait() == 0, process.log.read_text(errors="replace")
        process.end()

    def stop(self, name: str) -> None:
        """End a process that is not needed any more."""
        self._processes.pop(name).end()

    def ended(self) -> list[str]:
        """Who has ended by itself. There is no supervisor here: what ends at a cut stays away."""
        return [name for name, process in self._processes.items() if process.has_ended()]

    def end(self) -> None:
        """End every process, the last one started first, and take the hosts away."""
        for process in reversed(self._processes.values()):
            process.end()
        for host in self._numbers:
            subprocess.run(["ip", "netns", "del", self._space(host)], capture_output=True)
            subprocess.run(["ip", "link", "del", self._cable(host)], capture_output=True)
        subprocess.run(["ip", "link", "del", self._id], capture_output=True)

    def _space(self, host: str) -> str:
        return f"{self._id}-{host}"

    def _cable(self, host: str) -> str:
        return f"{self._id}-{self._numbers[host]}"


def _free_net(start: int) -> str:
    """The beginning of addresses that nobody has here, in the range that is set aside for trying out networks."""
    taken = subprocess.run(["ip", "-o", "-4", "addr", "show"], capture_output=True, text=True).stdout
    nets = (f"198.{18 + number % 512 // 256}.{number % 256}" for number in range(start, start + 512))
    return next(net for net in nets if f" {net}." not in taken)


def _within(space: str) -> tuple[str, str]:
    return "-n", space


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


@functools.cache
def cannot_have_hosts() -> str | None:
    """Why this machine can't play several, in words for whoever reads why a test was left out; None where it can."""
    if os.geteuid() != 0:
        return "hosts of their own need root, to make network namespaces"
    if shutil.which("ip") is None or shutil.which("setpriv") is None:
        return "hosts of their own need the commands ip (iproute2) and setpriv (util-linux)"
    probe = f"bh{os.getpid()}probe"
    for arguments in (("netns", "add", probe), ("-n", probe, "link", "add", "name", "try", "type", "bridge")):
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
        if done.returncode:
            subprocess.run(["ip", "netns", "del", probe], capture_output=True)
            return f"hosts of their own need network namespaces and bridges: {done.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", probe], capture_output=True)
    return None


@contextlib.contextmanager
def hosts_running(*names: str, folder: Path) -> Iterator[Hosts]:
    """These hosts for as long as the block lasts; what runs on them logs into `folder`."""
    hosts = Hosts(names, folder)
    try:
        hosts.build()
        yield hosts
    finally:
        hosts.end()
