"""The whole web application: moderation's routes and the bot's, in one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from bot.settings import BotSettings
from bot.store import BotStore
from bot.store.stories import Stories
from bot.story import Story, start_payload
from bot.web import article, sample, stories, webhook
from bot.web.parts import BOT, BotParts, StoreUpdate
from moderation import web as moderation_web
from moderation.web import StoryRef, WebParts
from moderation.web.routes import Route

_HERE = Path(__file__).resolve().parent

ROUTES = (
    Route(
        "GET",
        "/api/v1/stories",
        "stories",
        "Stories, the newest or the best first.",
        stories.list_stories,
        query=stories.StoriesQuery,
        answer=stories.StoriesPage,
        problems=("bad_language", "bad_section", "bad_sort", "bad_limit", "bad_cursor", "unavailable"),
    ),
    Route("GET", "/", "front", "The article page.", article.front, query=article.ArticleQuery, listed=False),
    Route("GET", "/demo/stories/{slug}", "sample_story", "A sample story.", article.sample_story, listed=False),
    Route("GET", "/demo/feeds/{file}", "sample_feed", "A sample feed.", sample.sample_feed, listed=False),
    Route("GET", "/demo/pictures/{file}", "sample_picture", "A picture.", sample.sample_picture, listed=False),
    Route("POST", "/telegram/webhook", "webhook", "Updates from Telegram.", webhook.receive_update, listed=False),
)


def create_app(
    parts: WebParts, *, settings: BotSettings, store: BotStore, store_update: StoreUpdate
) -> web.Application:
    """The application `baithak web` serves. The sample is read only where it is used.

    Raises ValueError or OSError where the sample's files are not in order.
    """
    used = sample.read_sample(address=settings.web_address(), now=datetime.now(UTC)) if settings.demo_feeds() else None
    app = moderation_web.create_app(parts, ROUTES, static=[_HERE / "static"], templates=[_HERE / "templates"])
    app[BOT] = BotParts(
        settings=settings, stories=store.stories, opened=store.opened, store_update=store_update, sample=used
    )
    return app


def telegram_links(settings: BotSettings, *, username: str | None) -> Callable[[int], str | None]:
    """Where a reader comments on a story: the sandbox's page, or the bot in Telegram; None without the bot's name."""
    if settings.uses_sandbox():
        return lambda story_id: f"{settings.telegram_address()}/?start={start_payload(story_id)}"
    if username is None:
        return lambda story_id: None
    return lambda story_id: f"https://t.me/{username}?start={start_payload(story_id)}"


def story_resolver(
    stories: Stories, telegram_link: Callable[[int], str | None]
) -> Callable[[Sequence[str]], Awaitable[dict[str, StoryRef]]]:
    """What `WebParts.resolve_stories` is to be: from addresses and ids to the stories they mean."""

    def ref(story: Story) -> StoryRef:
        return StoryRef(
            id=str(story.id),
            url=story.url,
            title=story.title,
            telegram_link=telegram_link(story.id),
            language=story.language,
            section=story.section,
            published_at=story.published_at,
        )

    async def resolve(names: Sequence[str]) -> dict[str, StoryRef]:
        return {name: ref(story) for name, story in (await stories.by_references(names)).items()}

    return resolve
