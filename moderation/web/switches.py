"""The switches on the moderators' dashboard: which are on, and the forms that begin and end them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from moderation.errors import BadSwitch, UnknownSwitch
from moderation.switch import Scope, Switch, SwitchKind
from moderation.web.cards import moderator_in_words
from moderation.web.guard import FIELDS, moderator_of, number, see_other
from moderation.web.parts import PARTS, WebParts
from moderation.web.problems import Problem
from moderation.web.routes import json_answer
from moderation.web.schemas import TurnedSwitch

if TYPE_CHECKING:
    from moderation.switches import Turned

KIND_WORDS = {
    SwitchKind.CLOSE: "Comments are closed",
    SwitchKind.HOLD: "People read every comment first",
    SwitchKind.STOP: "Publishing is stopped",
}
UNKNOWN_WORDS = "A switch of a newer version is on, so people read every comment first"


@dataclass(frozen=True, slots=True)
class SwitchView:
    """An active switch as the page shows it. `about` is a story's title, a section's name, or "everywhere"."""

    id: int
    kind: str
    words: str
    about: str
    note: str
    by: str
    since: datetime


async def views(parts: WebParts) -> list[SwitchView]:
    """The active switches for the page, oldest first."""
    active = await parts.switches.active()
    titles = await parts.story_titles([one.target for one in active if one.scope is Scope.STORY])
    return [
        SwitchView(
            id=one.id,
            kind=one.kind,
            words=KIND_WORDS[one.kind] if one.is_known else UNKNOWN_WORDS,
            about=_about(one, titles),
            note=one.note,
            by=moderator_in_words(one.begun_by_name, one.begun_by),
            since=one.begun_at,
        )
        for one in active
    ]


def _about(switch: Switch, titles: Mapping[str, str]) -> str:
    if not switch.is_known:
        return ""
    return titles.get(switch.target, switch.target) if switch.scope is not Scope.SITE else "everywhere"


async def begin(request: web.Request, _query: Any) -> web.StreamResponse:
    """Begin a switch: `kind`, `scope`, `target` (a section, or a story by its address or id), `note`."""
    parts = request.app[PARTS]
    session = await moderator_of(request)
    fields = request[FIELDS]
    try:
        kind, scope = SwitchKind(fields.get("kind", "")), Scope(fields.get("scope", ""))
    except ValueError:
        raise Problem("bad_switch", "kind is close, hold or stop; scope is story, section or site") from None
    target = fields.get("target", "").strip()
    if scope is Scope.STORY:
        story = (await parts.resolve_stories([target])).get(target)
        if story is None:
            raise Problem("unknown_story")
        target = story.url
    elif scope is Scope.SECTION:
        section = await parts.resolve_section(target)
        if section is None:
            raise Problem("bad_switch", "no story is in a section of that name")
        target = section
    try:
        turned = await parts.switches.begin(
            kind,
            scope,
            target,
            note=fields.get("note", ""),
            who=session.person,
            name=session.name,
            now=datetime.now(UTC),
        )
    except BadSwitch as error:
        raise Problem("bad_switch", str(error)) from None
    return _answer(request, turned)


async def end(request: web.Request, _query: Any) -> web.StreamResponse:
    """End a switch; what was held under it stays held."""
    session = await moderator_of(request)
    switch_id = number(request.match_info["id"], "unknown_switch")
    try:
        turned = await request.app[PARTS].switches.end(
            switch_id, who=session.person, name=session.name, now=datetime.now(UTC)
        )
    except UnknownSwitch:
        raise Problem("unknown_switch") from None
    return _answer(request, turned)


def _answer(request: web.Request, turned: Turned) -> web.StreamResponse:
    if "application/json" not in request.headers.get("Accept", ""):
        return see_other("/review/")
    switch: Switch = turned.switch
    return json_answer(
        TurnedSwitch(
            id=str(switch.id),
            kind=switch.kind,
            scope=switch.scope,
            target=switch.target,
            active=switch.ended_at is None,
            by_this=turned.by_this,
            begun_by=switch.begun_by_name,
            ended_by=switch.ended_by_name,
        )
    )
