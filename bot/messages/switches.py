"""Switches for a bad day, as moderators are told of them, in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.messages.stories import section
from bot.messages.texts import MODERATORS, Html, cut, escape, isolated, link, say, spoken_name
from moderation.switch import Scope, Switch, SwitchKind

SHOWN_AT_MOST = 12
"""Switches in one message, each with a button: so many fit in 4,096 UTF-16 units, however long their words."""

_WORDS_AT_MOST, _FEWER_WORDS_AT_MOST = 300, 70
"""UTF-16 units of a title or a note, where one switch stands alone and where many do."""


def line(switch: Switch, titles: Mapping[str, str], *, at_most: int = _WORDS_AT_MOST) -> Html:
    """What is on, by whom, since when, why; and that it was ended, where it was. `titles` are of stories."""
    begun = say(
        "switch-begun",
        MODERATORS,
        what=_what(switch, titles, at_most=at_most),
        name=spoken_name(switch.begun_by_name),
        since=_at(switch.begun_at),
    )
    note = cut(switch.note, at_most=at_most)
    lines: list[str] = [begun, *([say("switch-note", MODERATORS, note=note)] if note else [])]
    if switch.ended_at is not None:
        name = spoken_name(switch.ended_by_name or "")
        ended = say("switch-ended", MODERATORS, name=name, at=_at(switch.ended_at))
        lines.append(ended if switch.kind is SwitchKind.CLOSE else f"{ended} {say('switch-ended-held', MODERATORS)}")
    return Html("\n".join(lines))


def overview(active: Sequence[Switch], titles: Mapping[str, str]) -> Html:
    """The switches that are on, each by its number, and how to begin others."""
    shown = [f"{switch.id}. {line(switch, titles, at_most=_FEWER_WORDS_AT_MOST)}" for switch in first(active)]
    if len(active) > len(shown):
        shown.append(say("switch-more", MODERATORS, n=len(active) - len(shown)))
    parts = [*(shown or [say("switch-none", MODERATORS)]), say("switch-help", MODERATORS)]
    return Html("\n\n".join(parts))


def first(active: Sequence[Switch]) -> Sequence[Switch]:
    """Those that one message has room for: for the whole site first, then the newest."""
    return sorted(active, key=lambda switch: (switch.scope is not Scope.SITE, -switch.id))[:SHOWN_AT_MOST]


def _what(switch: Switch, titles: Mapping[str, str], *, at_most: int) -> Html:
    if not switch.is_known:
        return say("switch-unknown", MODERATORS)
    match switch.kind, switch.scope:
        case SwitchKind.CLOSE, _:
            return say("switch-close", MODERATORS, about=_story(switch.target, titles, at_most=at_most))
        case SwitchKind.STOP, _:
            return say("switch-stop", MODERATORS)
        case _, Scope.STORY:
            return say("switch-hold-story", MODERATORS, about=_story(switch.target, titles, at_most=at_most))
        case _, Scope.SECTION:
            return say("switch-hold-section", MODERATORS, about=section(switch.target, "en"))
        case _:
            return say("switch-hold-site", MODERATORS)


def _story(address: str, titles: Mapping[str, str], *, at_most: int) -> Html:
    title = escape(cut(titles.get(address, address), at_most=at_most))
    return link(address, Html(isolated(title, MODERATORS)))


def _at(time: datetime) -> str:
    return time.strftime("%d %b %H:%M")
