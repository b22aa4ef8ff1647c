"""What the web part is given: every front door it stands before, handed in once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

from moderation.alarms import Seen
from moderation.policy import Policy, Terms
from moderation.settings import Settings

if TYPE_CHECKING:
    from moderation.database import Database
    from moderation.health import Health
    from moderation.login import Login
    from moderation.outcomes import Outcomes
    from moderation.review import Review
    from moderation.roles import Roles
    from moderation.switches import Switches
    from moderation.threads import Threads


@dataclass(frozen=True, slots=True)
class StoryRef:
    """A story as the comments API speaks of it. `url` is its canonical address, under which comments are kept.

    `section` and `published_at` are what the front knows: switches and the age of stories go by them.
    """

    id: str
    url: str
    title: str
    telegram_link: str | None
    language: str | None = None
    section: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FrontGauge:
    """One number that the front adds to the metrics; those of one name have the same labels."""

    name: str
    words: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FrontHealth:
    """How the front beside the web is, which readers write by: `ok` or what is wrong, for each part of it by name."""

    states: Mapping[str, str] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)
    gauges: Sequence[FrontGauge] = ()


async def any_section(name: str) -> str | None:
    """Where no front knows sections there may be one of any name."""
    return name or None


async def no_front() -> FrontHealth:
    """What is said of the front where there is none."""
    return FrontHealth()


@dataclass(frozen=True, slots=True)
class WebParts:
    """Everything the handlers ask for. `resolve_stories` takes addresses and ids and leaves strangers out, and
    does `resolve_section` for a section's name; `front` never raises and answers within seconds.
    """

    settings: Settings
    policy: Policy
    terms: Mapping[str, Terms]
    threads: Threads
    review: Review
    roles: Roles
    login: Login
    switches: Switches
    outcomes: Outcomes
    health: Health
    database: Database
    resolve_stories: Callable[[Sequence[str]], Awaitable[Mapping[str, StoryRef]]]
    story_titles: Callable[[Sequence[str]], Awaitable[dict[str, str]]]
    front: Callable[[], Awaitable[FrontHealth]] = no_front
    resolve_section: Callable[[str], Awaitable[str | None]] = any_section


PARTS: web.AppKey[WebParts] = web.AppKey("parts", WebParts)
