"""Reads: what everybody may see of a story's comments, and what the people concerned may see of one."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args

from moderation.alarms import Waiting
from moderation.comment import CommentStatus
from moderation.store import CommentRecord, Place, PublishedComment, Sort, Store

__all__ = ["PAGE_AT_MOST", "CommentRecord", "Page", "PublishedComment", "Sort", "Threads"]

PAGE_AT_MOST = 100
"""Comments on one page, at most."""

_CURSOR_AT_MOST = 200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """Some published comments, how many there are in all, and the cursor of the next page, if there is one."""

    items: tuple[PublishedComment, ...]
    total: int
    next_cursor: str | None


class Threads:
    """The reading side of comments. Never changes anything."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: tuple[float, dict[CommentStatus, int]] = (-math.inf, {})

    async def published(self, story: str, *, sort: Sort, limit: int, cursor: str | None) -> Page:
        """One page of a story's published comments; `limit` is 1..100.

        A cursor goes on behind the comment that ended its page, whatever was published or taken back meanwhile. Raises
        ValueError for a limit out of bounds, an unknown sort, or a cursor that was not given for this sort.
        """
        if not 1 <= limit <= PAGE_AT_MOST:
            raise ValueError(f"limit must be 1 to {PAGE_AT_MOST}")
        if sort not in get_args(Sort):
            raise ValueError(f"sort must be one of {', '.join(get_args(Sort))}")
        after = _place(cursor, sort) if cursor is not None else None
        found = await self._store.published(story, sort=sort, limit=limit + 1, after=after)
        counts = await self._store.counts([story])
        return Page(
            items=tuple(comment for comment, _ in found[:limit]),
            total=sum(counts.values()),
            next_cursor=_cursor(found[limit - 1][1], sort) if len(found) > limit else None,
        )

    async def newest(self, *, limit: int) -> tuple[PublishedComment, ...]:
        """The newest published comments of all stories. Counts none: that would read every comment there is."""
        return tuple(comment for comment, _ in await self._store.published(None, sort="newest", limit=limit))

    async def shown(self, comment_id: int) -> PublishedComment | None:
        """The comment as everybody sees it now; None where it is not published."""
        return await self._store.published_one(comment_id)

    async def counts(self, stories: Sequence[str]) -> dict[str, int]:
        """How many published comments each of the stories has, those without any included."""
        found = await self._store.counts(stories)
        return {story: found.get(story, 0) for story in stories}

    async def one(self, comment_id: int) -> CommentRecord | None:
        """A comment in any status, with the decision in force. Not for everybody's eyes."""
        return await self._store.comment(comment_id)

    async def of_author(self, author: str, *, limit: int) -> list[CommentRecord]:
        """The author's newest comments in any status. Not for everybody's eyes."""
        return await self._store.comments_of(author, limit=limit)

    async def by_source(self, source_key: str) -> CommentRecord | None:
        """The comment that came from this message, in any status. Not for everybody's eyes."""
        return await self._store.comment_by_source(source_key)

    async def by_status(self, *, old_s: float = 0.0) -> dict[CommentStatus, int]:
        """How many comments stand in each status, as counted no longer than `old_s` seconds ago.

        Counting reads every comment there is, a tenth of a second for a million.
        """
        counted_at, counts = self._counted
        if time.monotonic() - counted_at >= old_s:
            counts = await self._store.by_status()
            self._counted = (time.monotonic(), counts)
        return counts

    async def waiting(self) -> Waiting:
        """How many revisions wait for the machine and for moderators, and since when the oldest of each."""
        return await self._store.undecided()


def _cursor(place: Place, sort: Sort) -> str:
    answers, published_at, comment_id = place
    microseconds = (published_at - _EPOCH) // timedelta(microseconds=1)
    raw = json.dumps([sort, answers, microseconds, comment_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _place(cursor: str, sort: Sort) -> Place:
    if len(cursor) > _CURSOR_AT_MOST:
        raise ValueError("the cursor is too long to be one that was given")
    try:
        raw = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        given, *numbers = raw
        answers, microseconds, comment_id = numbers
        # Whole numbers within what the databases hold: True and 1e3 are none.
        fits = all(type(number) is int and abs(number) < 2**63 for number in numbers)
        if given == sort and fits:
            return answers, _EPOCH + timedelta(microseconds=microseconds), comment_id
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError("the cursor is none that was given") from error
    raise ValueError("the cursor is none that was given for this order")
