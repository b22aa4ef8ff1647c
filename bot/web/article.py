"""The article page: a story as the site shows it, its comments below, the other stories beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from aiohttp import web
from babel.dates import format_date, format_time, get_datetime_format
from pydantic import Field

from bot.ranking import rank
from bot.story import Story
from bot.web.demo.stories import DemoStory
from bot.web.parts import BOT, BotParts
from bot.web.sample import sample_of
from bot.web.words import WORDS, PageWords, words_for
from moderation.web import PARTS
from moderation.web.assets import page
from moderation.web.problems import Problem
from moderation.web.schemas import Query, StoryName

LISTED = 60
RAIL = 8
"""Stories shown beside an article in its own language, and half as many in each other one."""


class ArticleQuery(Query):
    """Which story: by its address or id, else the best of an edition."""

    story: StoryName | None = None
    language: Annotated[str, Field(max_length=16)] | None = None


@dataclass(frozen=True, slots=True)
class StoryView:
    """A story as the page shows it. `link` is where this site shows it, `url` its canonical address; `section` is its
    section's name in the story's language."""

    url: str
    link: str
    title: str
    summary: str
    language: str
    direction: str
    section: str
    section_name: str
    picture: str | None
    published_at: datetime
    published: str
    body: tuple[str, ...]
    top: bool
    ours: bool


async def front(request: web.Request, query: ArticleQuery) -> web.Response:
    """The story asked for, or the edition's best one."""
    parts = request.app[BOT]
    if query.story is not None:
        story = await parts.stories.by_reference(query.story)
        if story is None or story.recalled_at is not None:
            raise Problem("unknown_story")
        return await _show(request, _known(story, parts))
    language = query.language if query.language is not None and query.language in WORDS else "en"
    stories = await _stories(request)
    own = [story for story in stories if story.language == language] or stories
    return await _show(request, own[0] if own else None, language=language)


async def sample_story(request: web.Request, _query: Any) -> web.Response:
    """A sample story at its own address."""
    parts = request.app[BOT]
    story = sample_of(parts).stories.get(request.match_info["slug"])
    if story is None:
        raise Problem("not_found")
    return await _show(request, _sampled(story, parts))


async def _show(request: web.Request, story: StoryView | None, *, language: str = "en") -> web.Response:
    language = story.language if story is not None else language
    others = [other for other in await _stories(request) if story is None or other.url != story.url]
    editions: list[tuple[str, PageWords, list[StoryView]]] = []
    for code in WORDS:
        shown = [other for other in others if other.language == code][: RAIL // 2]
        if code != language and shown:
            editions.append((code, WORDS[code], shown))
    is_open = False
    if story is not None:
        state = await request.app[PARTS].switches.state_of(
            story.url, section=story.section_name, published_at=story.published_at, now=datetime.now(UTC)
        )
        is_open = state.open
    return page(
        request,
        "article.html",
        story=story,
        is_open=is_open,
        language=language,
        words=words_for(language),
        editions=editions,
        same=[other for other in others if other.language == language][:RAIL],
        names=[(code, words.name) for code, words in WORDS.items()],
    )


async def _stories(request: web.Request) -> list[StoryView]:
    """The stories of all editions, best first: the store's, or the sample's until its first feed was read."""
    parts = request.app[BOT]
    now = datetime.now(UTC)
    known = await parts.stories.candidates(language=None, section=None, at_most=LISTED, now=now)
    if not known and parts.sample is not None:
        views = [_sampled(story, parts) for story in parts.sample.stories.values()]
        return sorted(views, key=lambda view: (not view.top, -view.published_at.timestamp()))
    counts = await request.app[PARTS].threads.counts([story.url for story in known]) if known else {}
    readers = await parts.opened.counts([story.id for story in known])
    ranked = rank(known, comments=counts, readers=readers, now=now)
    return [_known(story, parts) for story in ranked]


def _known(story: Story, parts: BotParts) -> StoryView:
    own = f"{parts.settings.web_address()}/demo/stories/"
    slug = story.url.removeprefix(own) if story.url.startswith(own) else None
    sampled = parts.sample.stories.get(slug) if parts.sample is not None and slug is not None else None
    return _view(
        url=story.url,
        link=f"/demo/stories/{slug}" if sampled else f"/?story={story.id}",
        story=story,
        picture=story.picture,
        published_at=story.published_at,
        body=sampled.body if sampled else (),
        ours=sampled is not None,
    )


def _sampled(story: DemoStory, parts: BotParts) -> StoryView:
    path = f"/demo/stories/{story.slug}"
    return _view(
        url=f"{parts.settings.web_address()}{path}",
        link=path,
        story=story,
        picture=f"/demo/pictures/{story.picture}" if story.picture else None,
        published_at=sample_of(parts).published_at(story),
        body=story.body,
        ours=True,
    )


def _view(
    *,
    url: str,
    link: str,
    story: Story | DemoStory,
    picture: str | None,
    published_at: datetime,
    body: Sequence[str],
    ours: bool,
) -> StoryView:
    words = words_for(story.language)
    locale = story.language if story.language in WORDS else "en"
    return StoryView(
        url=url,
        link=link,
        title=story.title,
        summary=story.summary,
        language=story.language,
        direction=words.direction,
        section=words.sections.get(story.section, story.section),
        section_name=story.section,
        picture=picture,
        published_at=published_at,
        published=moment(published_at, locale),
        body=tuple(body),
        top=story.top,
        ours=ours,
    )


def moment(at: datetime, locale: str) -> str:
    """Date and time, joined as the language joins them: with its own comma, or, in Urdu, with none."""
    day = format_date(at.astimezone(UTC), "d MMMM y", locale=locale)
    hour = format_time(at, "HH:mm 'UTC'", tzinfo=UTC, locale=locale)
    return str(get_datetime_format("long", locale=locale)).replace("{1}", day).replace("{0}", hour)
