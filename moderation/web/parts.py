"""What the web part is given: every front door it stands before, handed in once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

from moderation.policy import Policy, Terms
from moderation.settings import Settings

if TYPE_CHECKING:
    from moderation.database import Database
    from moderation.login import Login
    from moderation.outcomes import Outcomes
    from moderation.queue import ScreeningQueue
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
class WebParts:
    """Everything the handlers ask for. `resolve_story` takes an address or an id and gives None for a stranger."""

    settings: Settings
    policy: Policy
    terms: Mapping[str, Terms]
    threads: Threads
    review: Review
    roles: Roles
    login: Login
    switches: Switches
    outcomes: Outcomes
    queue: ScreeningQueue
    database: Database
    resolve_story: Callable[[str], Awaitable[StoryRef | None]]
    story_titles: Callable[[Sequence[str]], Awaitable[dict[str, str]]]


PARTS: web.AppKey[WebParts] = web.AppKey("parts", WebParts)
