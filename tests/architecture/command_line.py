"""The commands as typer knows them."""

from __future__ import annotations

from collections.abc import Iterator

import click
import typer
from typer.main import get_command


def commands(app: typer.Typer) -> dict[str, click.Command]:
    """Every command that does something, by its whole name."""

    def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
        below = getattr(command, "commands", None)
        if below is None:
            yield name, command
            return
        for word, sub in below.items():
            yield from walk(sub, f"{name} {word}".strip())

    return dict(walk(get_command(app), ""))
