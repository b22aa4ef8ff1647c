"""A story planned to its end, at one moment."""

from __future__ import annotations

from datetime import datetime

from bot.store import BotStore
from bot.story import Story


async def planned(store: BotStore, story: Story, *, now: datetime, followed: bool = False) -> int:
    """A delivery for everybody the story is for, or for who follows a word of it; how many."""
    push = await store.pushes.begin(story, now=now, followed=followed)
    if push is None:
        return 0
    return await store.pushes.plan(push, clock=lambda: now, page_planned=lambda: None)
