"""The demo's stories, feeds and pictures, given out as a news site would."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.web.demo.stories import LANGUAGES, PICTURES, DemoStory, feed_xml, load
from moderation.web.assets import Asset, send
from moderation.web.problems import Problem

if TYPE_CHECKING:
    from bot.web.parts import BotParts

_FEED = re.compile(r"([a-z]{2})\.xml")


@dataclass(frozen=True, slots=True)
class SampleFeed:
    """One language's feed as it is sent."""

    body: bytes
    etag: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample stories as of `started_at`, from which their ages count."""

    started_at: datetime
    stories: Mapping[str, DemoStory]
    feeds: Mapping[str, SampleFeed]
    pictures: Mapping[str, Asset]

    def published_at(self, story: DemoStory) -> datetime:
        """When the story was published."""
        return self.started_at - timedelta(minutes=story.minutes_ago)


def read_sample(*, address: str, now: datetime) -> Sample:
    """The sample as it is given out under `address`. Raises ValueError or OSError where its files are not in order."""
    started_at = now.replace(microsecond=0)
    stories = load()
    feeds: dict[str, SampleFeed] = {}
    for language in LANGUAGES:
        body = feed_xml(stories, base_url=address, language=language, now=started_at)
        newest = min(story.minutes_ago for story in stories if story.language == language)
        etag = hashlib.sha256(body).hexdigest()[:16]
        feeds[language] = SampleFeed(body, etag, started_at - timedelta(minutes=newest))
    pictures = {
        path.name: Asset(path.read_bytes(), "image/png", hashlib.sha256(path.read_bytes()).hexdigest()[:16])
        for path in PICTURES.glob("*.png")
    }
    return Sample(started_at, {story.slug: story for story in stories}, feeds, pictures)


def sample_of(parts: BotParts) -> Sample:
    """The sample. Raises Problem `not_found` where real feeds are used."""
    if parts.sample is None:
        raise Problem("not_found")
    return parts.sample


async def sample_feed(request: web.Request, _query: Any) -> web.Response:
    """A sample feed, or 304 to who has it already."""
    from bot.web.parts import BOT

    name = _FEED.fullmatch(request.match_info["file"])
    feed = sample_of(request.app[BOT]).feeds.get(name[1]) if name else None
    if feed is None:
        raise Problem("not_found")
    modified = format_datetime(feed.modified_at.astimezone(UTC), usegmt=True)
    headers = {"ETag": f'"{feed.etag}"', "Last-Modified": modified, "Cache-Control": "no-cache"}
    if _is_known(request, feed):
        return web.Response(status=304, headers=headers)
    return web.Response(body=feed.body, content_type="application/rss+xml", charset="utf-8", headers=headers)


def _is_known(request: web.Request, feed: SampleFeed) -> bool:
    # RFC 9110: where both are sent, the tag alone counts.
    if request.if_none_match is not None:
        return any(tag.value in {feed.etag, "*"} for tag in request.if_none_match)
    since = request.if_modified_since
    return since is not None and feed.modified_at <= since


async def sample_picture(request: web.Request, _query: Any) -> web.Response:
    """A picture of a sample story."""
    from bot.web.parts import BOT

    picture = sample_of(request.app[BOT]).pictures.get(request.match_info["file"])
    if picture is None:
        raise Problem("not_found")
    return send(request, picture, max_age_s=3600)
