"""An editor's hand: a story pushed now, whatever the feeds say; mended where it was sent, or taken back.

Plans and notes; the running bot sends (`delivery`) and edits (`amending`). Whether somebody may is asked before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.feed import SUMMARY_LENGTH, TITLE_LENGTH
from bot.schedule import Schedule
from bot.settings import BotSettings
from bot.store import BotStore, Wanted
from bot.story import NOTE_LENGTH, SECTION_LENGTH, SECTIONS, FeedStory, Story, canonical_address
from moderation.comment import is_visible
from moderation.database import opened
from moderation.policy import LANGUAGES
from moderation.store import Store as CommentStore
from moderation.switch import Scope, SwitchKind
from moderation.switches import Switches

PINNED_H, PINNED_AT_MOST_H = 24, 24 * 14
"""Hours for which a story is pinned where nothing is said, and at most: a pin that is forgotten ends by itself."""


class StoryRefused(Exception):
    """The story can't be pushed, corrected or recalled as it was asked for; the message says what to give."""


@dataclass(frozen=True, slots=True)
class Amended:
    """A story that was corrected or recalled: how many messages are to be changed, how many will not be sent."""

    story: Story
    messages: int
    stopped: int = 0


class Editor:
    """Stories, as editors want them."""

    def __init__(
        self, store: BotStore, *, schedule: Schedule, switches: Switches, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._schedule = schedule
        self._switches = switches
        self._clock = clock

    async def known(self, named: str) -> Story:
        """The story somebody means: by its address, its number, or its link to the bot. Raises StoryRefused."""
        story = await self._store.stories.pointed_at(named)
        if story is None:
            raise StoryRefused("no story is known there: give its address, its number, or its link to the bot")
        return story

    async def wanted_by(self, story: Story) -> Wanted:
        """For how many subscribers a push would plan a delivery, and when they would get it."""
        return await self._store.pushes.count_wanting(story, now=self._clock())

    async def channels(self, story: Story) -> int:
        """To how many channels a push posts the story."""
        return await self._store.pushes.count_channels(story)

    async def put_off(self, story: Story) -> int:
        """How many subscribers get the story when their quiet time ends."""
        return await self._store.deliveries.count_put_off(story.id, now=self._clock())

    async def to_push(
        self,
        url: str,
        *,
        title: str | None = None,
        summary: str | None = None,
        language: str | None = None,
        section: str | None = None,
    ) -> Story:
        """The story at this address as it is to be pushed: known to a feed, or told now. Raises StoryRefused."""
        known = await self._store.stories.pointed_at(url)
        address = known.url if known is not None else _address(url)
        if known is not None and known.recalled_at is not None:
            raise StoryRefused("the story was taken back, and is sent to nobody any more")
        if title is None:
            for option, text in (("--summary", summary), ("--section", section)):
                _words(option, text)
            _language(language)
            if known is None:
                raise StoryRefused("no feed has this story: give --title, and --summary, --language, --section with it")
            return known
        if known is not None and (known.revision or await self._store.amendments.was_sent(known)):
            raise StoryRefused("this story was sent already: push it without --title, or `baithak story correct` it")
        found = self._told(address, known, title=title, summary=summary, language=language, section=section)
        await self._store.stories.add([found], now=self._clock())
        story = await self._store.stories.by_address(address)
        if story is None or story.recalled_at is not None:
            raise StoryRefused("the story was taken back meanwhile")
        return story

    def _told(
        self,
        address: str,
        known: Story | None,
        *,
        title: str,
        summary: str | None,
        language: str | None,
        section: str | None,
    ) -> FeedStory:
        title, summary = _words("--title", title)[:TITLE_LENGTH], _words("--summary", summary)
        section, language = _words("--section", section).lower(), _language(language)
        if not _is_readable(title):
            raise StoryRefused("--title has nothing to read in it")
        if len(section) > SECTION_LENGTH:
            raise StoryRefused(f"--section has at most {SECTION_LENGTH} characters")
        return FeedStory(
            url=address,
            title=title,
            summary=(summary or (known.summary if known else ""))[:SUMMARY_LENGTH],
            language=language or (known.language if known else "en"),
            section=section or (known.section if known else SECTIONS[0]),
            published_at=known.published_at if known else self._clock(),
            picture=known.picture if known else None,
            top=known.top if known else False,
            place=known.place if known else None,
        )

    async def push(self, story: Story) -> int:
        """Plan deliveries of a story to all its subscribers who have it not; how many."""
        return await self._schedule.push(story)

    async def correct(self, story: Story, *, title: str | None, summary: str | None, note: str | None) -> Amended:
        """Have a story say something else: in every message that shows it, and to whoever gets it later.

        Feeds change the story's words no more. Raises StoryRefused.
        """
        title, summary, note = corrected_words(title, summary, note)
        corrected = await self._store.amendments.correct(
            story, title=title, summary=summary, note=note, now=self._clock()
        )
        if corrected is None:
            raise StoryRefused("the story was taken back, so there is nothing to correct")
        return Amended(corrected, await self._store.amendments.count_behind(corrected))

    async def recall(self, story: Story, *, note: str | None, who: str, name: str) -> Amended:
        """Take a story back: nobody is sent it any more, the messages that show it say so, its comments are closed.

        First it goes to nobody else, then the messages are changed. Raises StoryRefused.
        """
        now, why = self._clock(), recalled_words(note)
        recalled = await self._store.amendments.recall(story, note=why, now=now)
        # Also where it was recalled already: whoever did that may have died before this.
        await self._switches.begin(SwitchKind.CLOSE, Scope.STORY, story.url, note=why, who=who, name=name, now=now)
        if recalled is None:
            raise StoryRefused("the story was taken back already")
        return Amended(recalled[0], await self._store.amendments.count_behind(recalled[0]), recalled[1])

    async def pin(self, story: Story, *, hours: int) -> datetime:
        """Have a story first of the top stories for so many hours; until when. Raises StoryRefused."""
        if not 1 <= hours <= PINNED_AT_MOST_H:
            raise StoryRefused(f"a story is pinned for 1 to {PINNED_AT_MOST_H} hours")
        _not_recalled(story)
        until = self._clock() + timedelta(hours=hours)
        await self._store.stories.pin(story.id, until=until)
        return until

    async def unpin(self, story: Story) -> None:
        """Have a story where it comes by itself."""
        await self._store.stories.pin(story.id, until=None)

    async def mute(self, story: Story, *, muted: bool) -> None:
        """Have a story not among the top stories, whatever readers make of it; or again. Raises StoryRefused."""
        _not_recalled(story)
        await self._store.stories.mute(story.id, muted=muted)

    async def messages_left(self, amended: Amended) -> int:
        """How many messages of the story still show an older revision."""
        return await self._store.amendments.count_behind(amended.story)


def _not_recalled(story: Story) -> None:
    if story.recalled_at is not None:
        raise StoryRefused("the story was taken back, and stands nowhere any more")


def corrected_words(title: str | None, summary: str | None, note: str | None) -> tuple[str | None, str | None, str]:
    """Title, summary and note of a correction as they will be shown. Raises StoryRefused."""
    if title is None and summary is None:
        raise StoryRefused("give --title or --summary, or both: what the story is to say")
    if title is not None and not _is_readable(title := _words("--title", title)):
        raise StoryRefused("--title has nothing to read in it")
    title = None if title is None else _short("--title", title, TITLE_LENGTH)
    summary = None if summary is None else _short("--summary", _words("--summary", summary), SUMMARY_LENGTH)
    return title, summary, recalled_words(note)


def recalled_words(note: str | None) -> str:
    """The note of a recall as it will be shown. Raises StoryRefused."""
    return _short("--note", _words("--note", note), NOTE_LENGTH)


@asynccontextmanager
async def editor_of(settings: BotSettings) -> AsyncIterator[Editor]:
    """An editor at the command line. Raises SettingsError when the database can't be used."""

    async def no_counts(addresses: object) -> dict[str, int]:
        return {}

    def now() -> datetime:
        return datetime.now(UTC)

    async with opened(settings.database_address()) as database:
        store = BotStore(database)
        schedule = Schedule(
            store,
            counts=no_counts,
            wake=lambda: None,  # the bot looks for deliveries by itself
            clock=now,
            alerts_per_poll=settings.alerts_per_poll,
        )
        yield Editor(store, schedule=schedule, switches=Switches(CommentStore(database)), clock=now)


def _address(url: str) -> str:
    try:
        return canonical_address(url)
    except ValueError as error:
        raise StoryRefused(str(error)) from None


def _language(language: str | None) -> str | None:
    if language is not None and language not in LANGUAGES:
        raise StoryRefused(f"--language must be one of {', '.join(LANGUAGES)}")
    return language


def _words(option: str, text: str | None) -> str:
    if text is not None and any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in text):
        raise StoryRefused(f"{option} holds bytes that are no text")
    return " ".join((text or "").split())


def _short(option: str, text: str, at_most: int) -> str:
    """Subscribers are to read all of it."""
    if len(text) > at_most:
        raise StoryRefused(f"{option} has {len(text)} characters, and at most {at_most} are shown: make it shorter")
    return text


def _is_readable(text: str) -> bool:
    return any(is_visible(letter) for letter in text)
