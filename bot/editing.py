"""An editor's hand: a story pushed now, whatever the feeds say."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.feed import SUMMARY_LENGTH, TITLE_LENGTH
from bot.schedule import Schedule
from bot.settings import BotSettings
from bot.store import BotStore
from bot.story import SECTION_LENGTH, SECTIONS, FeedStory, Story, canonical_address
from moderation.database import opened
from moderation.policy import LANGUAGES


class StoryRefused(Exception):
    """The story can't be pushed as it was asked for; the message says what to give."""


async def push_story(
    settings: BotSettings,
    url: str,
    *,
    title: str | None,
    summary: str | None,
    language: str | None,
    section: str | None,
) -> tuple[Story, int]:
    """Plan deliveries of a story to all its subscribers; the story, and how many it goes to.

    The running bot sends them. Whoever has the story does not get it again. Raises StoryRefused, and SettingsError
    when the database can't be used.
    """
    async with opened(settings.database_address()) as database:
        store = BotStore(database)
        schedule = Schedule(
            store,
            counts=_no_counts,
            wake=lambda: None,  # the bot looks for deliveries by itself
            clock=lambda: datetime.now(UTC),
            alerts_per_poll=settings.alerts_per_poll,
        )
        story = await _story(store, url, title=title, summary=summary, language=language, section=section)
        return story, await schedule.push(story)


async def _story(
    store: BotStore, url: str, *, title: str | None, summary: str | None, language: str | None, section: str | None
) -> Story:
    try:
        address = canonical_address(url)
    except ValueError as error:
        raise StoryRefused(str(error)) from None
    for option, text in (("--title", title), ("--summary", summary), ("--section", section)):
        if text is not None and any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in text):
            raise StoryRefused(f"{option} holds bytes that are no text")
    if language is not None and language not in LANGUAGES:
        raise StoryRefused(f"--language must be one of {', '.join(LANGUAGES)}")
    known = await store.stories.by_address(address)
    if known is None and title is None:
        raise StoryRefused("no feed has this story: give --title, and --summary, --language, --section with it")
    if known is not None and title is None:
        return known
    named = " ".join((section or "").lower().split())
    if len(named) > SECTION_LENGTH:
        raise StoryRefused(f"--section has at most {SECTION_LENGTH} characters")
    now = datetime.now(UTC)
    found = FeedStory(
        url=address,
        title=" ".join((title or "").split())[:TITLE_LENGTH],
        summary=" ".join((summary or (known.summary if known else "")).split())[:SUMMARY_LENGTH],
        language=language or (known.language if known else "en"),
        section=named or (known.section if known else SECTIONS[0]),
        published_at=known.published_at if known else now,
        picture=known.picture if known else None,
        top=known.top if known else False,
    )
    if not found.title:
        raise StoryRefused("--title has nothing to read in it")
    await store.stories.add([found], now=now)
    story = await store.stories.by_address(address)
    if story is None:
        raise StoryRefused("the story was taken back meanwhile")
    return story


async def _no_counts(addresses: object) -> dict[str, int]:
    return {}
