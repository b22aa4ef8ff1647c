"""An editor's hand: a story pushed now, whatever the feeds say; mended where it was sent, or taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.feed import SUMMARY_LENGTH, TITLE_LENGTH
from bot.schedule import Schedule
from bot.settings import BotSettings
from bot.store import BotStore
from bot.story import NOTE_LENGTH, SECTION_LENGTH, SECTIONS, FeedStory, Story, canonical_address
from moderation.database import opened
from moderation.policy import LANGUAGES
from moderation.running import who
from moderation.store import Store as CommentStore
from moderation.switch import Scope, SwitchKind
from moderation.switches import Switches


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


@dataclass(frozen=True, slots=True)
class Amended:
    """A story that was corrected or recalled: how many messages are to be changed, how many will not be sent."""

    story: Story
    messages: int
    stopped: int = 0


async def correct_story(
    settings: BotSettings, url: str, *, title: str | None, summary: str | None, note: str | None
) -> Amended:
    """Have a story say something else: in every message that shows it, and to whoever gets it later.

    The running bot edits the messages. Feeds change the story's words no more. Raises StoryRefused and SettingsError.
    """
    if title is None and summary is None:
        raise StoryRefused("give --title or --summary, or both: what the story is to say")
    said = {option: _words(option, text) for option, text in (("--title", title), ("--summary", summary))}
    if title is not None and not said["--title"]:
        raise StoryRefused("--title has nothing to read in it")
    note = _words("--note", note)[:NOTE_LENGTH]
    async with opened(settings.database_address()) as database:
        store = BotStore(database)
        known = await _known(store, url)
        corrected = await store.amendments.correct(
            known,
            title=known.title if title is None else said["--title"][:TITLE_LENGTH],
            summary=known.summary if summary is None else said["--summary"][:SUMMARY_LENGTH],
            note=note,
            now=datetime.now(UTC),
        )
        if corrected is None:
            raise StoryRefused("the story was taken back, so there is nothing to correct")
        return Amended(corrected, await store.amendments.count_behind(corrected))


async def recall_story(settings: BotSettings, url: str, *, note: str | None) -> Amended:
    """Take a story back: nobody is sent it any more, the messages that show it say so, its comments are closed.

    First it goes to nobody else, then the running bot changes the messages. Raises StoryRefused and SettingsError.
    """
    note = _words("--note", note)[:NOTE_LENGTH]
    async with opened(settings.database_address()) as database:
        store, now, me = BotStore(database), datetime.now(UTC), who()
        known = await _known(store, url)
        recalled = await store.amendments.recall(known, note=note, now=now)
        if recalled is None:
            raise StoryRefused("the story was taken back already")
        story, stopped = recalled
        switches = Switches(CommentStore(database))
        await switches.begin(SwitchKind.CLOSE, Scope.STORY, story.url, note=note, who=me, name=me, now=now)
        return Amended(story, await store.amendments.count_behind(story), stopped)


async def messages_left(settings: BotSettings, amended: Amended) -> int:
    """How many messages of the story still show an older revision. Raises SettingsError."""
    async with opened(settings.database_address()) as database:
        return await BotStore(database).amendments.count_behind(amended.story)


async def _known(store: BotStore, named: str) -> Story:
    story = await store.stories.pointed_at(named)
    if story is None:
        raise StoryRefused("no story is known there: give its address, its number, or its link to the bot")
    return story


def _words(option: str, text: str | None) -> str:
    if text is not None and any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in text):
        raise StoryRefused(f"{option} holds bytes that are no text")
    return " ".join((text or "").split())


async def _story(
    store: BotStore, url: str, *, title: str | None, summary: str | None, language: str | None, section: str | None
) -> Story:
    try:
        address = canonical_address(url)
    except ValueError as error:
        raise StoryRefused(str(error)) from None
    title_given = title is not None
    title, summary, named = _words("--title", title), _words("--summary", summary), _words("--section", section).lower()
    if language is not None and language not in LANGUAGES:
        raise StoryRefused(f"--language must be one of {', '.join(LANGUAGES)}")
    known = await store.stories.by_address(address)
    if known is not None and known.recalled_at is not None:
        raise StoryRefused("the story was taken back, and is sent to nobody any more")
    if known is None and not title_given:
        raise StoryRefused("no feed has this story: give --title, and --summary, --language, --section with it")
    if known is not None and not title_given:
        return known
    if known is not None and known.revision:
        raise StoryRefused("an editor has corrected this story: push it without --title, or `baithak story correct` it")
    if len(named) > SECTION_LENGTH:
        raise StoryRefused(f"--section has at most {SECTION_LENGTH} characters")
    now = datetime.now(UTC)
    found = FeedStory(
        url=address,
        title=title[:TITLE_LENGTH],
        summary=(summary or (known.summary if known else ""))[:SUMMARY_LENGTH],
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
    if story is None or story.recalled_at is not None:
        raise StoryRefused("the story was taken back meanwhile")
    return story


async def _no_counts(addresses: object) -> dict[str, int]:
    return {}
