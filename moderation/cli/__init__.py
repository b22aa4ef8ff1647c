"""The commands of `moderation` alone; `baithak` has the same ones and more.

Every command ends with 0 when it is done, 1 when some input was refused, 2 for wrong usage, and 3 when something it
depends on is missing. What a command needs is imported when it runs, so that asking for help costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

DONE, REFUSED, MISSING = 0, 1, 3

InputFile = Annotated[Path | None, typer.Argument(help="JSON Lines, one comment a line; standard input without it.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Another policy file.")]
Data = Annotated[Path, typer.Argument(help="Folder of labelled .csv.gz files.", exists=True, file_okay=False)]


def screen(file: InputFile = None) -> None:
    """Screen comments: JSON Lines in, JSON Lines out, in the same order."""
    from moderation.cli.screen import screen_file

    raise typer.Exit(screen_file(file))


def worker() -> None:
    """Screen what readers write, until told to stop."""
    from moderation.cli.worker import run_worker
    from moderation.settings import Settings, load_settings

    raise typer.Exit(run_worker(load_settings(Settings)))


def web() -> None:
    """Serve comments, widget and dashboard alone, until told to stop; every web address counts as a story."""
    import asyncio

    from moderation.running import say_ready, start_logging
    from moderation.settings import Settings, load_settings
    from moderation.web.process import run as serve_web

    settings = load_settings(Settings)
    start_logging(settings)
    asyncio.run(serve_web(settings, ready=say_ready))


def upgrade() -> None:
    """Bring the tables to their newest form."""
    from moderation.settings import Settings, load_settings
    from moderation.store import upgrade

    changed = upgrade(load_settings(Settings).database_address())
    typer.echo("the schema was brought up to date" if changed else "the schema is up to date")


def add_screening(app: typer.Typer) -> None:
    """Add the commands that `baithak` and `python -m moderation` have alike."""
    app.command()(screen)


def make_app() -> typer.Typer:
    """The commands of `python -m moderation`."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
    add_screening(app)
    app.command()(worker)
    app.command()(web)
    schema = typer.Typer(no_args_is_help=True, help="The database's schema.")
    schema.command("upgrade")(upgrade)
    app.add_typer(schema, name="db")
    return app


def run(make: Callable[[], typer.Typer]) -> None:
    """Run a command line; an error of ours becomes one line on standard error and an exit status."""
    import sys

    from moderation.errors import BaithakError, PolicyError

    try:
        make()()
    except PolicyError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(REFUSED)
    except BaithakError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(MISSING)


def main() -> None:
    """`python -m moderation`."""
    run(make_app)
