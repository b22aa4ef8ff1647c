"""`subscriber …`: subscribers from another bot, and to one."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

import typer

from bot.cli.answers import Seldom, refuse, say, tell
from bot.settings import BotSettings
from moderation.running import EXIT_REFUSED, start_logging, told_plainly
from moderation.settings import load_settings

T = TypeVar("T")

subscriber_app = typer.Typer(help="Subscribers, from another bot's list and as one.", no_args_is_help=True)

TOLD_AT_MOST = 20
"""Refused lines that are told one by one; the rest are counted."""

ListFile = Annotated[str, typer.Argument(metavar="FILE", help="JSON Lines; - for standard input or output.")]


@subscriber_app.command("import")
@told_plainly
def import_(file: ListFile) -> None:
    """Subscribe everybody in a list. Who has chosen here, or was erased, stays as they are. Sends nothing."""
    from bot.lists import import_subscribers

    settings = load_settings(BotSettings)
    start_logging(settings)
    seldom, told = Seldom(), 0

    def refused(number: int, why: str) -> None:
        nonlocal told
        told += 1
        if told <= TOLD_AT_MOST:
            tell(f"line {number}: {why}")

    with ExitStack() as opened:
        try:
            given = sys.stdin.buffer if file == "-" else opened.enter_context(Path(file).open("rb"))
        except OSError as error:
            refuse(f"{file} can't be read: {error.strerror}")
        done = asyncio.run(
            import_subscribers(
                settings, given, refuse=refused, progress=lambda read: seldom(f"{read} lines are read …")
            )
        )
    if told > TOLD_AT_MOST:
        tell(f"and {told - TOLD_AT_MOST} lines more")
    say(
        f"{done.new} subscribers are new, {done.known} were known and stay as they are, "
        f"{done.erased} were erased and stay so, {done.refused} lines were refused"
    )
    if done.refused:
        raise typer.Exit(EXIT_REFUSED)


@subscriber_app.command("export")
@told_plainly
def export(file: ListFile) -> None:
    """Write everybody to whom stories are sent."""
    from bot.lists import export_subscribers

    settings = load_settings(BotSettings)
    start_logging(settings)
    if file == "-":
        asyncio.run(export_subscribers(settings, sys.stdout.buffer))
        return
    try:
        written = _whole(Path(file), lambda out: asyncio.run(export_subscribers(settings, out)))
    except OSError as error:
        refuse(f"{file} can't be written: {error.strerror}")
    say(f"{written} subscribers are in {file}")


def _whole(path: Path, write: Callable[[BinaryIO], T]) -> T:
    """Write a file that is there whole or not at all, for nobody else to read: it says who reads what."""
    opened, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    part = Path(name)
    try:
        with os.fdopen(opened, "wb") as out:
            done = write(out)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return done
