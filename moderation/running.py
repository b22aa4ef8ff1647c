"""What every part does as a process: log, stop when told, say that it works.

Exit statuses are the same for every command: 0 done, 1 some input refused, 2 wrong usage, 3 something it depends on is
missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import structlog

from moderation.errors import BaithakError
from moderation.settings import Settings

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_MISSING = 3

P = ParamSpec("P")
R = TypeVar("R")


def start_logging(settings: Settings) -> None:
    """Structured lines on standard error: JSON, or readable ones on a terminal. Ids and numbers, no readers' words."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    readable = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if not readable else structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries warn through the standard log; their informational lines may quote addresses with a token in them.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("aiogram.event").setLevel(logging.WARNING)


async def until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` until it ends, or cancel it at SIGINT or SIGTERM and wait for its tidying up."""
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def say_ready() -> None:
    """Called by a part when it works: tells the supervisor that started it, if one did."""
    given = os.environ.pop("BAITHAK_READY_FD", None)
    if given is not None:
        with contextlib.suppress(OSError):
            os.write(int(given), b"1")
            os.close(int(given))


def told_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose known errors end as one line on standard error and status 3, never as a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BaithakError as error:
            sys.stderr.write(f"baithak: {error}\n")
            raise SystemExit(EXIT_MISSING) from None
        except KeyboardInterrupt:
            raise SystemExit(130) from None

    return run
