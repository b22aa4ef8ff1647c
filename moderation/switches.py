"""The switches for a bad day: begun, ended, and what they make of a story for everybody.

Whether somebody may turn them is asked before, of Roles: this door trusts its caller. What is held under a switch is
held by `enforcement`, and stays held when the switch ends: a person decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from moderation.errors import BadSwitch, UnknownSwitch
from moderation.store import Store
from moderation.switch import SCOPES, Scope, Switch, SwitchKind, holding, is_open

__all__ = ["NOTE_AT_MOST", "StoryState", "Switches", "Turned"]

log = structlog.get_logger(__name__)

TARGET_AT_MOST = 2000
"""Longest name of a story or section, in UTF-8 bytes: PostgreSQL indexes no more than 2,700."""

NOTE_AT_MOST = 300
"""Longest note, in code points; the rest is cut."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A switch, and whether it was this press that began or ended it rather than an earlier one."""

    switch: Switch
    by_this: bool


@dataclass(frozen=True, slots=True)
class StoryState:
    """What is true of a story for everybody: whether comments are open, and whether people read each one first."""

    open: bool
    held_for_reading: bool


class Switches:
    """The switches. A story older than `open_days` days is closed to comments; 0 is for any age."""

    def __init__(self, store: Store, *, open_days: int = 0) -> None:
        self._store = store
        self._open_days = open_days

    async def begin(
        self,
        kind: SwitchKind,
        scope: Scope,
        target: str = "",
        *,
        note: str = "",
        who: str,
        name: str,
        now: datetime,
    ) -> Turned:
        """Begin a switch; where it is on, it stays as it is. From here on nothing is published that it covers.

        Raises BadSwitch for a reach this kind has not, or a target that can't be one.
        """
        if scope not in SCOPES[kind]:
            raise BadSwitch(f"{kind} can't be for a {scope}")
        if (scope is Scope.SITE) is bool(target):
            raise BadSwitch("a story or a section is named, and the site is not")
        if not _is_storable(target) or not _is_storable(note) or len(target.encode()) > TARGET_AT_MOST:
            raise BadSwitch("the name or the note can't be stored")
        kept = " ".join(note.split())[:NOTE_AT_MOST]
        switch, by_this = await self._store.begin_switch(kind, scope, target, note=kept, who=who, name=name, now=now)
        if by_this:
            log.warning("switch begun", switch=switch.id, kind=kind, scope=scope, by=who)
        return Turned(switch, by_this)

    async def end(self, switch_id: int, *, who: str, name: str, now: datetime) -> Turned:
        """End a switch; one that was ended stays as it is. What was held under it stays held. Raises UnknownSwitch."""
        ended = await self._store.end_switch(switch_id, who=who, name=name, now=now)
        if ended is None:
            raise UnknownSwitch(f"there is no switch {switch_id}")
        if ended[1]:
            log.warning("switch ended", switch=switch_id, kind=ended[0].kind, scope=ended[0].scope, by=who)
        return Turned(*ended)

    async def active(self) -> list[Switch]:
        """Every switch that is on, oldest first."""
        return await self._store.active_switches()

    async def all(self) -> list[Switch]:
        """Every switch there ever was, newest first."""
        return await self._store.switches()

    async def since(self, switch_id: int, *, also: Collection[int]) -> list[Switch]:
        """Those begun after this one, and those named, oldest first; on or not."""
        return await self._store.switches_since(switch_id, also=also)

    async def state_of(
        self, story: str, *, section: str | None, published_at: datetime | None, now: datetime
    ) -> StoryState:
        """What is true of a story at this moment. Raises what the database raises: nobody is told of a guess."""
        [state] = await self.states_of([(story, section, published_at)], now=now)
        return state

    async def states_of(
        self, stories: Sequence[tuple[str, str | None, datetime | None]], *, now: datetime
    ) -> list[StoryState]:
        """The same of several at once, each given by its address, its section and when it was published."""
        switches = await self._store.active_switches()
        return [
            StoryState(
                open=is_open(switches, story=story, published_at=published_at, open_days=self._open_days, now=now),
                held_for_reading=holding(switches, story=story, section=section) is not None,
            )
            for story, section, published_at in stories
        ]


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
