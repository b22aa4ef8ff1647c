"""A reader: their name in `moderation`, and as a subscriber with push on, which stories are for them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.story import Story


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A reader of the bot. `sections` is what they chose; none chosen means all. Not `active`: no story is pushed.

    `stopped_at` says since when, where that is their own wish; who was only met has not chosen yet.
    """

    id: int
    name: str
    language: str
    sections: frozenset[str]
    active: bool
    joined_at: datetime
    stopped_at: datetime | None = None
    timezone: str | None = None

    def wants(self, story: Story) -> bool:
        """Whether this story is to be pushed to them."""
        return (
            self.active
            and story.language == self.language
            and (not self.sections or story.section in self.sections or story.top)
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """A subscriber as another bot's list has them."""

    id: int
    language: str
    sections: tuple[str, ...]
    timezone: str | None


def person_name(telegram_id: int) -> str:
    """A Telegram person's name in `moderation`, which has never heard of Telegram."""
    return f"telegram:{telegram_id}"


def telegram_id(person: str) -> int | None:
    """The Telegram id behind a person's name; None where it is none of ours."""
    scheme, _, number = person.partition(":")
    return int(number) if scheme == "telegram" and number.isascii() and number.isdigit() else None
