"""`baithak up`: every part as a process of its own; one that dies is started again; all of them end together.

    checks → Redis, sandbox → schema → worker, web, bot → "ready web=… sandbox=…"

A part says that it works by writing a byte to the pipe it was given (`BAITHAK_READY_FD`). Logs go to files in the data
directory, so that the terminal shows what a person wants to see: addresses, and what went wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot import embedded
from bot.settings import BotSettings
from moderation.errors import SettingsError

STOP_S = 10.0
"""Seconds a part has to finish what it holds after SIGTERM."""

READY_S = 60.0
"""Seconds the parts have, together, to say that they work."""

FREE_BYTES = 64 * 1024 * 1024
"""Below this much free disk nothing is started: a comment accepted must also be kept."""

_LONGEST_PAUSE_S = 2.0
_LOG_BYTES = 10 * 1024 * 1024


@dataclass
class Part:
    """One part of the running system and the process that is it now."""

    name: str
    command: tuple[str, ...]
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    process: asyncio.subprocess.Process | None = None
    starts: int = 0


class Supervisor:
    """Runs the parts until it is told to stop. Never decides anything about comments."""

    def __init__(self, settings: BotSettings, *, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._stopping = asyncio.Event()
        self._parts: list[Part] = []
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._environment = dict(os.environ)

    async def run(self) -> None:
        """Start everything, keep it running, and end it all at SIGINT or SIGTERM. Raises SettingsError at start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        with _alone(self._settings.data_dir):
            try:
                if await self._start():
                    await self._stopping.wait()
            finally:
                await self._stop()

    async def _start(self) -> bool:
        check_place(self._settings)
        self._settle_ports()
        check_configuration(self._settings)
        self._say(f"starting … (logs in {self._settings.data_dir / 'logs'})")
        if self._settings.redis_url is None:
            await self._start_redis()
        if self._settings.uses_sandbox():
            self._keep(Part("sandbox", _baithak("sandbox")))
        await asyncio.to_thread(upgrade_schema, self._settings)
        for name in ("worker", "web", "bot"):
            self._keep(Part(name, _baithak(name)))
        if not await self._all_ready():
            return False
        addresses = [f"web={self._settings.web_address()}"]
        if self._settings.uses_sandbox():
            addresses.append(f"sandbox={self._settings.telegram_address()}")
        self._say(f"ready {' '.join(addresses)}")
        return True

    async def _all_ready(self) -> bool:
        async def everything() -> None:
            for part in self._parts:
                await part.ready.wait()

        waiting = {asyncio.create_task(everything()), asyncio.create_task(self._stopping.wait())}
        await asyncio.wait(waiting, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if self._stopping.is_set():
            return False
        silent = [part.name for part in self._parts if not part.ready.is_set()]
        if silent:
            logs = ", ".join(str(self._log_of(name)) for name in silent)
            raise SettingsError(f"{', '.join(silent)} did not start within {READY_S:.0f} s; read {logs}")
        return True

    def _settle_ports(self) -> None:
        """Find out the ports that were left to the kernel, and refuse one that is taken."""
        ports = {"web_port": (self._settings.web_host, self._settings.web_port)}
        if self._settings.uses_sandbox():
            ports["sandbox_port"] = (self._settings.sandbox_host, self._settings.sandbox_port)
        settled: dict[str, object] = {"data_dir": self._settings.data_dir.resolve()}
        for name, (host, port) in ports.items():
            settled[name] = free_port(host, port, setting=f"BAITHAK_{name.upper()}")
        self._settings = self._settings.model_copy(update=settled)
        if self._settings.demo_feeds():
            own = f"{self._settings.web_host}:{self._settings.web_port}"
            settled["feed_allow"] = ",".join({*self._settings.feed_allow, own})
        for name, value in settled.items():
            self._environment[f"BAITHAK_{name.upper()}"] = str(value)

    async def _start_redis(self) -> None:
        await asyncio.to_thread(embedded.prepare, self._settings)
        server = await asyncio.to_thread(embedded.find, self._settings)
        if not server.lasting:
            self._say("no redis-server found: a stand-in written in Python is used, which forgets at every stop")
        part = Part("redis-server", server.command)
        self._keep(part)
        deadline = time.monotonic() + 10
        while not await asyncio.to_thread(embedded.answers, self._settings.redis_address()):
            if time.monotonic() > deadline:
                raise SettingsError(f"redis-server does not answer; read {self._log_of(part.name)}")
            await asyncio.sleep(0.01)
        part.ready.set()

    def _keep(self, part: Part) -> None:
        self._parts.append(part)
        self._keepers[part.name] = asyncio.create_task(self._keep_running(part), name=f"keep {part.name}")

    async def _keep_running(self, part: Part) -> None:
        pause_s = 0.1
        while not self._stopping.is_set():
            began = time.monotonic()
            part.process = await self._spawn(part)
            code = await part.process.wait()
            if self._stopping.is_set():
                return
            self._say(f"{part.name} ended ({_ending(code)}); starting it again")
            pause_s = 0.1 if time.monotonic() - began > 10 else min(pause_s * 2, _LONGEST_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def _spawn(self, part: Part) -> asyncio.subprocess.Process:
        reading, writing = os.pipe()
        log = self._log_of(part.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.is_file() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        asyncio.get_running_loop().add_reader(reading, self._note_ready, part, reading)
        try:
            with log.open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    *part.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={**self._environment, "BAITHAK_READY_FD": str(writing)},
                    pass_fds=(writing,),
                    preexec_fn=_end_with_parent,
                )
        finally:
            os.close(writing)
        part.starts += 1
        return process

    def _note_ready(self, part: Part, reading: int) -> None:
        if os.read(reading, 1):
            part.ready.set()
        asyncio.get_running_loop().remove_reader(reading)
        os.close(reading)

    async def _stop(self) -> None:
        """End the parts in the order in which they lean on each other: who talks to Redis first, Redis last."""
        self._stopping.set()
        for names in ({"bot", "web", "worker"}, {"sandbox"}, {"redis-server"}):
            await asyncio.gather(*(_end(part) for part in self._parts if part.name in names))
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        if self._parts:
            self._say("stopped")

    def _log_of(self, name: str) -> Path:
        return self._settings.data_dir / "logs" / f"{name}.log"


async def _end(part: Part) -> None:
    process = part.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"status {code}"


def _baithak(part: str) -> tuple[str, ...]:
    script = Path(sys.executable).parent / "baithak"
    return (sys.executable, str(script), part) if script.is_file() else (sys.executable, "-m", "bot", part)


def _end_with_parent() -> None:
    """Runs in the child before its program: Ctrl-C is the supervisor's to handle, and the child outlives it never."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        _LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


_LIBC = ctypes.CDLL(None)


@contextlib.contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this process. Raises SettingsError when another `up` has it or it is read-only."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "up.lock").open("w")
    except OSError as error:
        raise SettingsError(
            f"{data_dir} can't be written ({error.strerror}); set BAITHAK_DATA_DIR to a folder that can"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(
                f"another `baithak up` runs on {data_dir}; stop it, or give this one another BAITHAK_DATA_DIR"
            ) from None
        yield


def check_place(settings: BotSettings) -> None:
    """Refuse to start on a full disk. Raises SettingsError."""
    free = shutil.disk_usage(settings.data_dir).free
    if free < FREE_BYTES:
        raise SettingsError(
            f"{settings.data_dir} has {free // 2**20} MB of free disk, {FREE_BYTES // 2**20} MB are needed: "
            "make room, or set BAITHAK_DATA_DIR to another disk"
        )


def check_configuration(settings: BotSettings) -> None:
    """Refuse to start on policy, terms or feeds that can't be used. Raises PolicyError or SettingsError."""
    from bot.feed import load_feeds
    from moderation.config import load_policy, load_terms

    load_terms(load_policy())
    load_feeds(settings)


def upgrade_schema(settings: BotSettings) -> bool:
    """Bring both packages' tables to their newest form; True if anything was done. Raises SettingsError."""
    import bot.store
    import moderation.store

    address = settings.database_address()
    done = moderation.store.upgrade(address)
    return bot.store.upgrade(address) or done


def free_port(host: str, port: int, *, setting: str) -> int:
    """The port, or a free one for 0. Raises SettingsError naming the setting when somebody has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"port {port} on {host} can't be used ({error.strerror}): stop what uses it, or set {setting}"
            ) from None
        bound: int = probe.getsockname()[1]
        return bound
