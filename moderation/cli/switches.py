"""`switch …`: what helps on a bad day, in one command each."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import typer

from moderation.cli.opened import require_data, with_store
from moderation.comment import shown_text
from moderation.database import Database
from moderation.errors import BadSwitch
from moderation.running import start_logging, who
from moderation.settings import Settings
from moderation.switch import Scope, Switch, SwitchKind
from moderation.switches import Switches, Turned

Find = Callable[[Database, str], Awaitable[str | None]]
"""From what somebody calls a story, or a section, to its name in the store; None where there is none of that name."""

_WORDS = {SwitchKind.CLOSE: "comments are closed", SwitchKind.HOLD: "held", SwitchKind.STOP: "publishing is stopped"}


async def named_by_address(_database: Database, name: str) -> str | None:
    """Without a front that knows stories every web address is one."""
    from moderation.web.process import story_by_address

    story = await story_by_address(name)
    return story.url if story is not None else None


async def any_section(_database: Database, name: str) -> str | None:
    """Without a front that knows sections there may be one of any name."""
    return " ".join(name.split()) or None


def show(settings: Settings, *, ended: bool) -> None:
    """The switches that are on; with `ended` all there ever were, newest first."""

    async def read(switches: Switches) -> list[Switch]:
        return await (switches.all() if ended else switches.active())

    require_data(settings)
    found = with_store(settings, lambda store: read(Switches(store)))
    for switch in found:
        typer.echo(in_words(switch))
    if not found:
        typer.echo("no switch is on" if not ended else "no switch was ever on")


def begin(settings: Settings, kind: SwitchKind, scope: Scope, target: str, *, note: str, find: Find) -> None:
    """Begin a switch, and say so, or who began it before. Raises BadSwitch for a story or section nobody knows."""

    async def turn(switches: Switches, database: Database) -> Turned:
        name: str | None = target
        if scope is not Scope.SITE:
            name = await find(database, target)
        if name is None:
            how = "give its address, or its number" if scope is Scope.STORY else "give it as stories name it"
            raise BadSwitch(f"no {scope} is known by {target!r}: {how}")
        me = who()
        return await switches.begin(kind, scope, name, note=note, who=me, name=me, now=datetime.now(UTC))

    require_data(settings)
    start_logging(settings)
    turned = with_store(settings, lambda store: turn(Switches(store), store.database))
    typer.echo(in_words(turned.switch) if turned.by_this else f"already so: {in_words(turned.switch)}")


def end(settings: Settings, number: int) -> None:
    """End a switch, and say so, or who ended it before. Raises UnknownSwitch."""
    require_data(settings)
    start_logging(settings)
    me = who()
    turned = with_store(settings, lambda store: Switches(store).end(number, who=me, name=me, now=datetime.now(UTC)))
    typer.echo(in_words(turned.switch) if turned.by_this else f"already so: {in_words(turned.switch)}")


def in_words(switch: Switch) -> str:
    """One line: its number, what it does, since when, by whom, why. Nothing in it commands a terminal."""
    what = _WORDS[switch.kind] if switch.is_known else "of a kind unknown here, so everything is held"
    about = {Scope.SITE: "everywhere", Scope.SECTION: f"in section {switch.target}", Scope.STORY: f"on {switch.target}"}
    line = f"{switch.id}  {what} {about[switch.scope]}, since {_at(switch.begun_at)} by {switch.begun_by_name}"
    if switch.note:
        line += f": {switch.note}"
    if switch.ended_at is not None:
        line += f"; ended {_at(switch.ended_at)} by {switch.ended_by_name}"
    return "".join(letter for letter in shown_text(line) if unicodedata.category(letter) not in {"Cc", "Cf"})


def _at(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC")
