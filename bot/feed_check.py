"""`baithak feed check`: what the bot would make of a feed, without storing or sending anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

from bot.feed import FeedRefused, FeedSource, Fetcher, Reading, read_feed
from bot.settings import BotSettings


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What a look at a feed found. `refused` when no story can be had from it."""

    reading: Reading
    refused: bool

    def as_json(self) -> dict[str, Any]:
        """The report as programs read it; times in ISO 8601, UTC."""
        stories = [
            {
                "title": story.title,
                "url": story.url,
                "language": story.language,
                "section": story.section,
                "published_at": story.published_at.isoformat().replace("+00:00", "Z"),
                "picture": story.picture,
            }
            for story in self.reading.stories
        ]
        return {"stories": stories, "problems": list(self.reading.problems)}

    def print_to(self, out: TextIO) -> None:
        """The report as people read it."""
        for story in self.reading.stories:
            out.write(f"{story.published_at:%Y-%m-%d %H:%M}  {story.language}  {story.section:<10} {story.title}\n")
            out.write(f"{'':<16}  {story.url}\n")
        for problem in self.reading.problems:
            out.write(f"problem: {problem}\n")
        out.write(f"stories: {len(self.reading.stories)}, problems: {len(self.reading.problems)}\n")


async def check_feed(url: str, settings: BotSettings, *, language: str, section: str) -> FeedReport:
    """Fetch and read a feed as the bot would. A refused feed is a report, not an exception."""
    source = FeedSource(url=url, language=language, section=section, poll_s=0)
    try:
        async with Fetcher(allowed=settings.allowed_feeds()) as fetcher:
            fetched = await fetcher.fetch(url)
        reading = await asyncio.to_thread(
            read_feed,
            fetched.body or b"",
            source,
            content_type=fetched.content_type,
            address=fetched.url,
            now=datetime.now(UTC),
        )
    except FeedRefused as error:
        return FeedReport(Reading((), (f"refused: the feed {error}",)), refused=True)
    return FeedReport(reading, refused=False)
