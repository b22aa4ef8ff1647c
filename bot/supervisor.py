"""`baithak up`: every part as a process of its own; one that dies is started again; all of them end together.

    preflight → Redis, sandbox → schema → worker, web, bot → "ready web=… sandbox=…"

A part says that it works by writing a byte to the pipe it was given (`BAITHAK_READY_FD`). Logs go to files in the data
directory, so that the terminal shows what a person wants to see: addresses, and what went wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot import embedded, preflight
from bot.settings import BotSettings
from moderation.errors import SettingsError
from moderation.running import EXIT_MISSING, PLACE, READY_FD, TOLD

STOP_S = 8.0
"""Seconds a part has to finish what it holds after SIGTERM; what it had not committed is done again at the next start.

Below ten with all that follows, since who stops a service often waits no longer before it kills.
"""

READY_S = 60.0
"""Seconds the parts have, together, to say that they work."""

REDIS_S = 10.0
"""Seconds a server has to answer before the next candidate is tried."""

STEADY_S = 4.0
"""A part that ran this long is started again at once; one that dies sooner waits a little longer each time."""

SAID_AT_ONCE = 3
"""How often in a row it is said at once that a part died at its start."""

SAID_EVERY_S = 60.0
"""Seconds between two lines about it afterwards: the terminal shows what else there is to see."""

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_LOG_BYTES = 10 * 1024 * 1024


@dataclass
class Part:
    """One part of the running system and the process that is it now.

    `place` is one name for all the processes it is, one after the other: what an earlier one still holds, nobody does.
    """

    name: str
    command: tuple[str, ...]
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    place: str = field(default_factory=lambda: secrets.token_hex(4))
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    process: asyncio.subprocess.Process | None = None
    keeper: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Endings:
    """How one part ended, again and again, and which of that is worth a line."""

    in_a_row: int = 0
    unsaid: int = 0
    said_at: float = 0.0

    def line(self, name: str, ending: str, *, log: Path, ran_s: float, now_s: float) -> str | None:
        """What to say of one more ending at this moment; None for what was said often enough for now."""
        self.in_a_row = 0 if ran_s > STEADY_S else self.in_a_row + 1
        if self.in_a_row > SAID_AT_ONCE and now_s - self.said_at < SAID_EVERY_S:
            self.unsaid += 1
            return None
        more = f" (and {self.unsaid} times before, unsaid)" if self.unsaid else ""
        from_now_on = f"; read {log}; from now on once a minute" if self.in_a_row == SAID_AT_ONCE else ""
        self.unsaid, self.said_at = 0, now_s
        return f"{name} ended ({ending}){more}; starting it again{from_now_on}"


class Supervisor:
    """Runs the parts until it is told to stop. Never decides anything about comments."""

    def __init__(self, settings: BotSettings, *, say: Callable[[str], None]) -> None:
        self._settings = settings.model_copy(update={"data_dir": settings.data_dir.resolve()})
        self._tell = say
        self._stopping = asyncio.Event()
        self._fault: str | None = None
        self._parts: list[Part] = []
        self._environment = dict(os.environ)

    def _say(self, line: str) -> None:
        # Where it goes may be a file on a full disk, or a terminal that is gone: that is no part's end.
        with contextlib.suppress(OSError):
            self._tell(line)

    async def run(self) -> None:
        """Start everything, keep it running, and end it all at SIGINT, SIGTERM or SIGHUP.

        Raises SettingsError or PolicyError at start; nothing is left running then.
        """
        os.umask(0o077)  # what we and the parts write is nobody else's: logs, files of Redis, the sandbox's people
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it: the terminal may go
            loop.add_signal_handler(signal.SIGHUP, self._stopping.set)
        with preflight.alone(self._settings.data_dir):
            try:
                if await self._start():
                    await self._stopping.wait()
            finally:
                await self._end_parts()
        if self._fault is not None:
            raise SettingsError(self._fault)
        self._say("stopped")

    async def _start(self) -> bool:
        """Start the parts, each after what it leans on; False when told to stop meanwhile."""
        preflight.check_room(self._settings.data_dir)
        self._settle(preflight.free_ports(self._settings))
        preflight.check_configuration(self._settings)
        self._say(f"starting … (logs in {self._logs()})")
        if self._settings.redis_url is not None:
            await self._unless_stopped(preflight.check_redis(self._settings.redis_address()))
        else:
            await self._unless_stopped(self._start_redis())
        if self._settings.uses_sandbox():
            self._keep(Part("sandbox", _baithak("sandbox")))
        await self._unless_stopped(self._upgrade_schema())
        for name in ("worker", "web", "bot"):
            self._keep(Part(name, _baithak(name)))
        await self._unless_stopped(self._all_ready())
        if self._stopping.is_set():
            return False
        for line in announcement(self._settings, logs=self._logs()):
            self._say(line)
        return True

    def _settle(self, ports: dict[str, int]) -> None:
        """Hand the parts what was found out here, so that each of them sees the same."""
        settled: dict[str, object] = {"data_dir": self._settings.data_dir, **ports}
        self._settings = self._settings.model_copy(update=settled)
        for name, value in settled.items():
            self._environment[f"BAITHAK_{name.upper()}"] = str(value)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do a step of the start; left off when told to stop, or when a part says that it can't work."""
        if self._stopping.is_set():
            work.close()
            return
        doing = asyncio.ensure_future(work)
        told = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({doing, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not doing.done():
            doing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await doing
            return
        await doing

    async def _start_redis(self) -> None:
        """The first server of this machine that answers. Raises SettingsError when none does."""
        await asyncio.to_thread(embedded.prepare, self._settings)
        for server in await asyncio.to_thread(embedded.servers, self._settings):
            if not server.lasting:
                self._say("no redis-server found: a stand-in written in Python is used, which forgets at every stop")
            part = Part("redis-server", server.command)
            self._parts.append(part)
            if await self._answers(part) or (await self._set_aside() and await self._answers(part)):
                part.ready.set()
                self._keep(part)
                return
            self._parts.remove(part)
            self._say(f"{server.command[0]} does not work here (see {self._log_of(part.name)}); trying another")
        raise SettingsError("no Redis could be started; install redis-server, or set BAITHAK_REDIS_URL")

    async def _answers(self, redis: Part) -> bool:
        """Whether a server answers in time. One that does not is ended."""
        process = await self._process_of(redis)
        deadline = time.monotonic() + REDIS_S
        while process.returncode is None and time.monotonic() < deadline:
            if await asyncio.to_thread(embedded.answers, self._settings.redis_address()):
                return True
            await asyncio.sleep(0.01)
        await _end(redis, within_s=0)
        return False

    async def _set_aside(self) -> bool:
        """Whether Redis' files were what kept it from starting, and are out of its way."""
        aside = await asyncio.to_thread(embedded.set_damaged_aside, self._settings)
        if aside is not None:
            self._say(f"redis-server can't read its files: they are in {aside} now; all that waits is queued again")
        return aside is not None

    async def _upgrade_schema(self) -> None:
        """Bring the tables to their newest form, in a process that can be ended. Raises SettingsError."""
        if await asyncio.to_thread(preflight.tables_are_current, self._settings):
            return
        part = Part("schema", _baithak("db", "upgrade"))
        self._log_of(part.name).unlink(missing_ok=True)
        self._parts.append(part)
        if await (await self._process_of(part)).wait() != 0:
            raise SettingsError(self._told_by(part) or f"the tables can't be upgraded; read {self._log_of(part.name)}")
        self._parts.remove(part)

    async def _all_ready(self) -> None:
        """Every part has said that it works. Raises SettingsError naming the parts that did not."""
        try:
            async with asyncio.timeout(READY_S):
                for part in self._parts:
                    await part.ready.wait()
        except TimeoutError:
            silent = [part.name for part in self._parts if not part.ready.is_set()]
            logs = ", ".join(str(self._log_of(name)) for name in silent)
            raise SettingsError(f"{', '.join(silent)} did not start within {READY_S:.0f} s; read {logs}") from None

    def _keep(self, part: Part) -> None:
        if part not in self._parts:
            self._parts.append(part)
        part.keeper = asyncio.create_task(self._keep_running(part), name=f"keep {part.name}")

    async def _keep_running(self, part: Part) -> None:
        pause_s, endings = 0.0, Endings()
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await (await self._process_of(part)).wait()
            if self._stopping.is_set():
                return
            if code == EXIT_MISSING and not part.ready.is_set() and (fault := self._told_by(part)):
                # It never worked and knows why: starting it again would only say so again.
                self._fault = fault
                self._stopping.set()
                return
            now_s = time.monotonic()
            ran_s, log = now_s - began, self._log_of(part.name)
            if line := endings.line(part.name, _ending(code), log=log, ran_s=ran_s, now_s=now_s):
                self._say(line)
            if part.name == "redis-server" and code > 0 and await self._set_aside():
                continue
            pause_s = next_pause_s(pause_s, ran_s=ran_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def _process_of(self, part: Part) -> asyncio.subprocess.Process:
        async with part.starting:
            if part.process is None or part.process.returncode is not None:
                part.process = await self._spawn(part)
            return part.process

    async def _spawn(self, part: Part) -> asyncio.subprocess.Process:
        reading, writing = os.pipe()
        log = self._log_of(part.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.is_file() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        asyncio.get_running_loop().add_reader(reading, _note_ready, part, reading)
        try:
            with log.open("ab") as output:
                return await asyncio.create_subprocess_exec(
                    *part.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={**self._environment, READY_FD: str(writing), PLACE: part.place},
                    pass_fds=(writing,),
                    preexec_fn=_ending_with(os.getpid()),
                    # redis-server would obey a Ctrl-C that is meant for us, while the others still write to it.
                    start_new_session=part.name == "redis-server",
                )
        finally:
            os.close(writing)

    async def _end_parts(self) -> None:
        """End the parts in the order in which they lean on each other: who talks to Redis first, Redis last."""
        self._stopping.set()
        deadline = time.monotonic() + STOP_S
        for names in ({"schema", "bot", "web", "worker"}, {"sandbox"}, {"redis-server"}):
            await self._end_all(names, within_s=max(deadline - time.monotonic(), 0.5))

    async def _end_all(self, names: Collection[str], *, within_s: float) -> None:
        async def end(part: Part) -> None:
            async with part.starting:  # a process that is just being made must end too
                await _end(part, within_s=within_s)
            if part.keeper is not None:
                await part.keeper

        await asyncio.gather(*(end(part) for part in self._parts if part.name in names))

    def _told_by(self, part: Part) -> str | None:
        """The one line in which a command says what it lacks; None when its log ends with something else."""
        lines = self._log_of(part.name).read_text(encoding="utf-8", errors="replace").splitlines()
        last = lines[-1] if lines else ""
        return last.removeprefix(TOLD) if last.startswith(TOLD) else None

    def _logs(self) -> Path:
        return self._settings.data_dir / "logs"

    def _log_of(self, name: str) -> Path:
        return self._logs() / f"{name}.log"


def announcement(settings: BotSettings, *, logs: Path) -> list[str]:
    """What is said when everything works: a line for programs, then what a person may open and press."""
    web = preflight.local_address(settings.web_host, settings.web_port)
    who = "as Meera, in her own chat with the bot, " if settings.uses_sandbox() else "in private, "
    places = [
        ("The site", web, "what was published stands there, under its story"),
        ("For moderators", f"{web}/review", f"{who}write /dashboard: the bot answers with the link that lets you in"),
        ("Logs", str(logs), ""),
    ]
    ready = f"ready web={web}"
    if settings.uses_sandbox():
        sandbox = preflight.local_address(settings.sandbox_host, settings.sandbox_port)
        ready += f" sandbox={sandbox}"
        places.insert(
            0, ("Telegram, with you as everybody", sandbox, "press Start, choose a language, press Comment, and write")
        )
    lines = [line for name, place, how in places for line in (f"  {name:<33}{place}", f"      {how}") if line.strip()]
    return [ready, "", *lines, "", "  Ctrl-C stops everything; the next start finds it all again.", ""]


def next_pause_s(last_s: float, *, ran_s: float) -> float:
    """Seconds until a part is started again that ran so long, after the pause it had last; none for a steady one."""
    return 0.0 if ran_s > STEADY_S else min(max(2 * last_s, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)


async def _end(part: Part, *, within_s: float) -> None:
    process = part.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), within_s)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _note_ready(part: Part, reading: int) -> None:
    if os.read(reading, 1):
        part.ready.set()
    asyncio.get_running_loop().remove_reader(reading)
    os.close(reading)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"status {code}"


def _baithak(*arguments: str) -> tuple[str, ...]:
    script = Path(sys.executable).parent / "baithak"
    return (sys.executable, *((str(script),) if script.is_file() else ("-m", "bot")), *arguments)


def _ending_with(parent: int) -> Callable[[], None]:
    """What the child does before its program: Ctrl-C is the supervisor's to handle, and the child outlives it never."""

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if sys.platform == "linux":
            _LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(EXIT_MISSING)  # it died before we could ask to be told

    return prepare


_LIBC = ctypes.CDLL(None)
