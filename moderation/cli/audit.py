"""`audit verify`: whether the audit is as it was sealed."""

from __future__ import annotations

import typer

from moderation.cli.opened import require_data, with_store
from moderation.errors import AuditBroken
from moderation.running import EXIT_REFUSED, TOLD
from moderation.sealer import verify as verify_store
from moderation.seals import Head
from moderation.settings import Settings


def verify(settings: Settings, head: Head | None) -> int:
    """Say how many rows the seals vouch for, how many came since, and the newest head; or where it is broken. Answers
    the exit status."""
    require_data(settings)
    try:
        found = with_store(settings, lambda store: verify_store(store, head=head))
    except AuditBroken as error:
        typer.echo(f"{TOLD}THE AUDIT IS NOT AS IT WAS SEALED: {error}", err=True)
        return EXIT_REFUSED
    typer.echo(f"{found.sealed} rows are as they were sealed, {found.unsealed} are not sealed yet")
    if found.newest is not None:
        typer.echo(f"head {found.newest.head}, sealed {found.newest.at:%Y-%m-%d %H:%M} UTC")
    if head is not None:
        typer.echo(f"the head of seal {head.number} stands")
    return 0
