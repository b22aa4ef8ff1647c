"""The stories API."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from aiohttp import web
from pydantic import AwareDatetime, Field

from bot.ranking import rank
from bot.story import SECTION_LENGTH, Story
from bot.web.parts import BOT
from moderation.web import PARTS
from moderation.web.problems import Problem
from moderation.web.schemas import Answer, Cursor, Limit, Printable, Query

RANKED = 200
"""How many of the newest stories are looked at when the best come first."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StoriesQuery(Query):
    """Which stories."""

    language: (
        Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$", description="Only stories in this language.")]
        | None
    ) = None
    section: (
        Annotated[
            str, Field(min_length=1, max_length=SECTION_LENGTH, description="Only stories of this section."), Printable
        ]
        | None
    ) = None
    sort: Literal["newest", "top"] = "newest"
    limit: Limit = 20
    cursor: Cursor | None = None


class PublicStory(Answer):
    """A story. `url` is its canonical address; `comments` how many are published under it."""

    id: str
    url: str
    title: str
    summary: str
    language: str
    section: str
    picture: str | None
    published_at: AwareDatetime
    comments: int


class StoriesPage(Answer):
    """One page of stories."""

    items: list[PublicStory]
    next_cursor: str | None


async def list_stories(request: web.Request, query: StoriesQuery) -> StoriesPage:
    """One page of stories: the newest first, or the best."""
    if query.sort == "top":
        return await _top(request, query)
    before = None if query.cursor is None else _place(query.cursor)
    found = await request.app[BOT].stories.newest(
        language=query.language, section=query.section, before=before, at_most=query.limit + 1
    )
    page = found[: query.limit]
    cursor = _cursor("n", _micros(page[-1].published_at), page[-1].id) if len(found) > query.limit else None
    return StoriesPage(items=_public(page, await _counts(request, page)), next_cursor=cursor)


async def _top(request: web.Request, query: StoriesQuery) -> StoriesPage:
    begin = 0 if query.cursor is None else _numbers(query.cursor, "t", 1)[0]
    now = datetime.now(UTC)
    newest = await request.app[BOT].stories.candidates(
        language=query.language, section=query.section, at_most=RANKED, now=now
    )
    counts = await _counts(request, newest)
    readers = await request.app[BOT].opened.counts([story.id for story in newest])
    best = rank(newest, comments=counts, readers=readers, now=now)
    page = best[begin : begin + query.limit]
    end = begin + len(page)
    return StoriesPage(items=_public(page, counts), next_cursor=_cursor("t", end) if page and end < len(best) else None)


async def _counts(request: web.Request, stories: Sequence[Story]) -> dict[str, int]:
    return await request.app[PARTS].threads.counts([story.url for story in stories]) if stories else {}


def _public(stories: Sequence[Story], counts: Mapping[str, int]) -> list[PublicStory]:
    return [
        PublicStory(
            id=str(story.id),
            url=story.url,
            title=story.title,
            summary=story.summary,
            language=story.language,
            section=story.section,
            picture=story.picture,
            published_at=story.published_at,
            comments=counts.get(story.url, 0),
        )
        for story in stories
    ]


def _micros(at: datetime) -> int:
    return round((at - _EPOCH) / timedelta(microseconds=1))


def _cursor(kind: str, *numbers: int) -> str:
    text = ".".join([kind, *map(str, numbers)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, int]:
    micros, story_id = _numbers(cursor, "n", 2)
    try:
        return _EPOCH + timedelta(microseconds=micros), story_id
    except OverflowError:
        raise Problem("bad_cursor") from None


def _numbers(cursor: str, kind: str, count: int) -> list[int]:
    """The numbers of a cursor of ours. Raises Problem `bad_cursor` for any other, and for one of another order."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raise Problem("bad_cursor") from None
    mark, *numbers = text.split(".")
    # The canonical form only: a cursor that differs from what was given out is not ours.
    if mark != kind or len(numbers) != count or not all(_is_number(number) for number in numbers):
        raise Problem("bad_cursor")
    if _cursor(kind, *map(int, numbers)) != cursor:
        raise Problem("bad_cursor")
    return [int(number) for number in numbers]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
