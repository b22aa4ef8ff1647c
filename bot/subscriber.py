"""A reader: their name in `moderation`, and as a subscriber with push on, which stories are for them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.hours import GUESSED, Hours
from bot.keywords import phrases
from bot.story import Story


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A reader of the bot, or a channel of the site's, whose number is below zero.

    `sections` is what they chose; none chosen means all. Not `active`: no story is pushed. `stopped_at` says since
    when, where that is their own wish; who was only met has not chosen yet. `daily_at_most` is how many stories a
    day they want at most, None for as many as there are. `digest_at` is when a digest comes each day, in minutes
    since midnight; without `alerts` stories come in it alone, but for breaking news where `breaking`. `follows` and
    `mutes` are keywords, as they are compared; they are known where a store gives one subscriber. `engaged_at` is
    when they last used the bot, to the day.
    """

    id: int
    name: str
    language: str
    sections: frozenset[str]
    active: bool
    joined_at: datetime
    stopped_at: datetime | None = None
    timezone: str | None = None
    quiet: tuple[int, int] | None = None
    breaking: bool = False
    daily_at_most: int | None = None
    digest_at: tuple[int, ...] = ()
    alerts: bool = True
    follows: frozenset[str] = frozenset()
    mutes: frozenset[str] = frozenset()
    engaged_at: datetime | None = None

    @property
    def is_channel(self) -> bool:
        """Whether this is no reader but a channel, which is sent what is pushed and chooses nothing."""
        return self.id < 0

    @property
    def hours(self) -> Hours:
        """When stories may come to them."""
        return hours_of(self.language, timezone=self.timezone, quiet=self.quiet, breaking=self.breaking)

    def reads(self, story: Story) -> bool:
        """Whether this story is of their language, with no word they mute, and of a section they chose, one of the
        site's top stories, or with a word they follow."""
        said = phrases(story.title, story.summary)
        if story.language != self.language or self.mutes & said:
            return False
        return not self.sections or story.section in self.sections or story.top or bool(self.follows & said)

    def wants(self, story: Story) -> bool:
        """Whether this story is to come to them by itself."""
        return self.active and self.reads(story) and (self.alerts or (self.breaking and story.top))


@dataclass(frozen=True, slots=True)
class Listed:
    """A subscriber as another bot's list has them."""

    id: int
    language: str
    sections: tuple[str, ...]
    timezone: str | None


def hours_of(language: str, *, timezone: str | None, quiet: tuple[int, int] | None, breaking: bool) -> Hours:
    """The hours of who chose this; the time zone is guessed from the language where they chose none."""
    return Hours(timezone or GUESSED.get(language, "UTC"), quiet, breaking)


def person_name(telegram_id: int) -> str:
    """A Telegram person's name in `moderation`, which has never heard of Telegram."""
    return f"telegram:{telegram_id}"


def telegram_id(person: str) -> int | None:
    """The Telegram id behind a person's name; None where it is none of ours."""
    scheme, _, number = person.partition(":")
    return int(number) if scheme == "telegram" and number.isascii() and number.isdigit() else None
