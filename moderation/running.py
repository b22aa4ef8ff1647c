"""What every part does as a process: log, stop when told, say that it works.

Exit statuses are the same for every command: 0 done, 1 some input refused, 2 wrong usage, 3 something it depends on is
missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import gc
import getpass
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, ParamSpec, TypeVar

from moderation.errors import BaithakError, SettingsError
from moderation.log_lines import LogLines
from moderation.settings import Settings

STOP_AGAIN_S = 4.0
"""Seconds between two requests to a part to end: longer than its tidying up takes, which the second one cuts short."""

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_MISSING = 3

READY_FD = "BAITHAK_READY_FD"
"""Set by `baithak up` for the parts it starts: the file descriptor that wants to hear when the part works."""

PLACE = "BAITHAK_PLACE"
"""Set by `baithak up` for the parts it starts: a name shared with those dead processes whose part this one is now."""

TOLD = "baithak: "
"""How the one line begins in which a command says why it can't go on."""

P = ParamSpec("P")
R = TypeVar("R")


def start_logging(settings: Settings) -> None:
    """Structured lines on standard error: JSON, or readable ones on a terminal. Ids and numbers, no readers' words."""
    import structlog  # a fifth of the time that a command takes which logs nothing
    from structlog.processors import ExceptionRenderer
    from structlog.tracebacks import ExceptionDictTransformer

    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    # Without the values of local variables: readers' words and tokens are among them.
    tracebacks = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    readable = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tracebacks if not readable else structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if readable
        else structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    filtering = structlog.make_filtering_bound_logger(level)
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=processors, wrapper_class=filtering)
    lines = LogLines(lambda count: f"{log.error('log lines dropped', count=count)}\n")
    structlog.configure(
        processors=processors,
        wrapper_class=filtering,
        # It writes a line at once, where PrintLogger does so in two pieces.
        logger_factory=structlog.WriteLoggerFactory(lines),  # type: ignore[arg-type]  # no more of a file is used
        cache_logger_on_first_use=True,
    )
    # Libraries warn through the standard log; their informational lines may quote addresses with a token in them.
    logging.basicConfig(level=logging.WARNING, stream=lines, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("aiogram.event").setLevel(logging.WARNING)


def stop_signals() -> tuple[signal.Signals, ...]:
    """What tells a part to stop. Under `baithak up` a Ctrl-C is for `up`, which ends the parts in their order."""
    return (signal.SIGTERM,) if READY_FD in os.environ else (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Import what a process is made of without looking for garbage in it, now or later.

    What is imported stays; looking through it again and again costs a fifth of the time a part takes to start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


async def until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` until it ends, or cancel it when told to stop and wait for its tidying up."""
    task = asyncio.ensure_future(main)
    waiting = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def stop(*, told: int = 1) -> None:
        # redis-py turns a cancellation that meets it connecting into an error of its own, and a loop that rides out
        # such errors goes on. So it is said again, and to every task: a task group passes on the first word alone.
        if task.done():
            return
        for one in {task} if told == 1 else asyncio.all_tasks() - {waiting}:
            one.cancel()
        loop.call_later(STOP_AGAIN_S, functools.partial(stop, told=told + 1))

    for number in stop_signals():
        loop.add_signal_handler(number, stop)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def stop_if_cancelled() -> None:
    """End the task here if it was told to stop. For every loop that never ends by itself.

    On Python 3.11 redis-py loses about every tenth cancellation that meets an answer, and `asyncio.wait_for` some too;
    the loop would then go on until it is killed. Raises CancelledError.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def say_ready() -> None:
    """Called by a part when it works: tells the supervisor that started it, if one did."""
    given = os.environ.pop(READY_FD, None)
    if given is not None:
        with contextlib.suppress(OSError):
            os.write(int(given), b"1")
            os.close(int(given))


def cannot_listen(host: str, port: int, error: OSError | UnicodeError, *, port_variable: str) -> SettingsError:
    """Why nobody can listen there, and whether the setting of the port is to be changed, or the one of its host."""
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    # UnicodeError: a name that no name server could be asked for, with a part longer than 63 letters, for example.
    if isinstance(error, UnicodeError | socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        variable = port_variable.removesuffix("PORT") + "HOST"
        return SettingsError(f"{host} is no address of this machine ({why}): set {variable} to one")
    return SettingsError(f"port {port} on {host} can't be used ({why}): stop what uses it, or set {port_variable}")


def own_place() -> str:
    """The beginning of the names this process goes by: shared with no process but the dead ones whose part it is now.

    What one of those still holds need not be waited for. It is given by `baithak up`; who was started otherwise has
    nobody before them.
    """
    return f"{socket.gethostname()}-{os.environ.get(PLACE) or secrets.token_hex(4)}-"


def told_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose known errors end as one line on standard error and status 3, never as a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BaithakError as error:
            sys.stderr.write(f"{TOLD}{' '.join(str(error).split())}\n")
            raise SystemExit(EXIT_MISSING) from None
        except KeyboardInterrupt:
            raise SystemExit(130) from None

    return run


def who() -> str:
    """Who gives a command, as audit, erasures, promotions and switches name them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return "cli"
