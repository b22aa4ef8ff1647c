"""Doubles written by hand, for what a test is not about."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.errors import QueueUnavailable


class ListedQueue:
    """A work list that only remembers what it was given; while `gone`, it can't be reached."""

    def __init__(self, *, gone: bool = False) -> None:
        self.gone = gone
        self.revisions: list[int] = []

    async def enqueue(self, revision_ids: Sequence[int]) -> int:
        """Remember revisions. Raises QueueUnavailable while gone."""
        if self.gone:
            raise QueueUnavailable("gone")
        self.revisions += revision_ids
        return len(revision_ids)
