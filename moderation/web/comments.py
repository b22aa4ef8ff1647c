"""The public comments API: what is published, and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from moderation.web.parts import PARTS, StoryRef, WebParts
from moderation.web.problems import Problem
from moderation.web.schemas import (
    Author,
    CommentsPage,
    CommentsQuery,
    Counts,
    CountsQuery,
    Place,
    PublicComment,
    StoryQuery,
)

if TYPE_CHECKING:
    from moderation.switches import StoryState
    from moderation.threads import PublishedComment

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")


def public_comment(comment: PublishedComment) -> PublicComment:
    """The comment as every reader of the API, the stream and the widget gets it."""
    return PublicComment(
        id=str(comment.id),
        story=comment.story,
        parent=None if comment.parent is None else str(comment.parent),
        author=Author(name=plain(comment.author_name)),
        text=plain(comment.text),
        language=comment.language,
        published_at=comment.published_at,
        edited=comment.edited,
        reactions={},
    )


def plain(text: str) -> str:
    """Text without the control characters that no page shows and XML forbids; line breaks stay."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n"))


async def story_or_problem(parts: WebParts, name: str) -> StoryRef:
    """The story meant by an address or id. Raises Problem `unknown_story`."""
    story = (await parts.resolve_stories([name])).get(name)
    if story is None:
        raise Problem("unknown_story")
    return story


async def list_comments(request: web.Request, query: CommentsQuery) -> CommentsPage:
    """One page of a story's published comments."""
    parts = request.app[PARTS]
    story = await story_or_problem(parts, query.story)
    try:
        page = await parts.threads.published(story.url, sort=query.sort, limit=query.limit, cursor=query.cursor)
    except ValueError:
        raise Problem("bad_cursor") from None
    state = await state_of(parts, story)
    return CommentsPage(
        items=[public_comment(comment) for comment in page.items],
        total=page.total,
        next_cursor=page.next_cursor,
        open=state.open,
        held_for_reading=state.held_for_reading,
    )


async def state_of(parts: WebParts, story: StoryRef) -> StoryState:
    """Whether comments on the story are open, and whether people read each one first."""
    return await parts.switches.state_of(
        story.url, section=story.section, published_at=story.published_at, now=datetime.now(UTC)
    )


async def count_comments(request: web.Request, query: CountsQuery) -> Counts:
    """How many comments each story has; a story nobody knows has none."""
    parts = request.app[PARTS]
    asked = list(dict.fromkeys(query.story))
    stories = await parts.resolve_stories(asked)
    counts = await parts.threads.counts(sorted({story.url for story in stories.values()}))
    return Counts(counts={name: counts.get(stories[name].url, 0) if name in stories else 0 for name in asked})


async def story_place(request: web.Request, query: StoryQuery) -> Place:
    """What the widget shows of a story beside its comments: above all where to write one."""
    story = await story_or_problem(request.app[PARTS], query.story)
    return Place(
        id=story.id, url=story.url, title=story.title, language=story.language, telegram_link=story.telegram_link
    )
