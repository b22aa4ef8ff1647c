"""A comment, its revisions, and the ways its status may go.

A comment is what a reader said under a story. Each text of it is a revision: the first as it arrived, one more for each
edit. A revision is decided once by the machine; the comment shows the newest revision that was published. Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from moderation.errors import IllegalTransition, InvalidSubmission

MAX_LENGTH = 4096
"""Longest comment, in UTF-16 code units: the unit in which Telegram's own limit is safe for every client."""

KEY_AT_MOST = 2000
"""Longest story address, person or source key, in UTF-8 bytes: PostgreSQL indexes no more than 2,700."""

MAX_COMBINING_RUN = 8
"""More combining marks than this on one letter are noise stacked on it; the surplus is dropped when it is shown."""


class CommentStatus(StrEnum):
    """What is true of a revision, and of the comment it belongs to."""

    RECEIVED = "received"
    HELD = "held"
    PUBLISHED = "published"
    REJECTED = "rejected"
    REMOVED = "removed"
    WITHDRAWN = "withdrawn"


UNDECIDED = frozenset({CommentStatus.RECEIVED, CommentStatus.HELD})
"""Statuses in which somebody still has to decide."""

TRANSITIONS: Mapping[CommentStatus, frozenset[CommentStatus]] = {
    CommentStatus.RECEIVED: frozenset(
        {CommentStatus.PUBLISHED, CommentStatus.HELD, CommentStatus.REJECTED, CommentStatus.WITHDRAWN}
    ),
    CommentStatus.HELD: frozenset({CommentStatus.PUBLISHED, CommentStatus.REJECTED, CommentStatus.WITHDRAWN}),
    CommentStatus.PUBLISHED: frozenset({CommentStatus.HELD, CommentStatus.REMOVED, CommentStatus.WITHDRAWN}),
    CommentStatus.REJECTED: frozenset({CommentStatus.PUBLISHED, CommentStatus.HELD, CommentStatus.WITHDRAWN}),
    CommentStatus.REMOVED: frozenset({CommentStatus.PUBLISHED, CommentStatus.WITHDRAWN}),
    CommentStatus.WITHDRAWN: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Submission:
    """What arrives, untrusted. `source_key` names the message it came from, so that the same one is stored once.

    `section` and `story_published_at` are what the front knows of the story, where it knows them.
    """

    story: str
    author: str
    author_name: str
    text: str
    source_key: str
    language: str | None = None
    parent: int | None = None
    section: str | None = None
    story_published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One text of a comment, and what became of it."""

    id: int
    comment_id: int
    number: int
    text: str
    status: CommentStatus
    received_at: datetime

    def become(self, status: CommentStatus) -> Revision:
        """The revision in its new status. Raises IllegalTransition where TRANSITIONS has no such way."""
        if status not in TRANSITIONS[self.status]:
            raise IllegalTransition(f"a {self.status} revision can't become {status}")
        return replace(self, status=status)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as the store has it: who said what under which story, and where it stands.

    `status` is the published revision's where one stands, else the newest revision's.
    """

    id: int
    story: str
    parent: int | None
    author: str
    author_name: str
    status: CommentStatus
    latest: Revision
    published_revision: int | None
    created_at: datetime


def validated_text(text: object) -> str:
    """The text as it will be stored: what was written, less NULs and outer blanks.

    Never repairs meaning: look-alikes, marks and direction controls stay for the screening to judge. Raises
    InvalidSubmission (`not_text`, `bad_characters`, `empty`, `too_long`).
    """
    if not isinstance(text, str):
        raise InvalidSubmission("not_text", "a comment is text")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        # Half of a surrogate pair can't be encoded: neither database would take it, so it would poison the queue.
        raise InvalidSubmission("bad_characters", "the text holds half a character that can't be stored")
    kept = text.replace("\0", "").strip()
    if not any(is_visible(letter) for letter in kept):
        raise InvalidSubmission("empty", "the comment has nothing to read in it")
    if utf16_length(kept) > MAX_LENGTH:
        raise InvalidSubmission("too_long", f"a comment has at most {MAX_LENGTH} UTF-16 units")
    return kept


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, as Telegram counts."""
    return len(text) + sum(1 for letter in text if letter > "\uffff")


def is_visible(letter: str) -> bool:
    """Whether a person sees this character: not blank, control, format, unassigned, or a filler."""
    if "\U0001f000" <= letter < "\U0001fb00":  # emoji, also those that this Python is too old to know
        return True
    return unicodedata.category(letter) not in {"Cc", "Cf", "Cn", "Co", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"} and (
        letter not in "\u3164\u115f\u1160\uffa0\u2800"
    )


_DIRECTION_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])


def shown_text(text: str) -> str:
    """The text as others are shown it: direction overrides gone and stacked marks capped, so that one comment can't
    disturb the page around it. The stored text is not changed. Joiners stay: Urdu, Hindi and emoji need them."""
    kept: list[str] = []
    run = 0
    for letter in text.translate(_DIRECTION_CONTROLS):
        run = run + 1 if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Me"} else 0
        if run <= MAX_COMBINING_RUN:
            kept.append(letter)
    return "".join(kept)


def language_in_english(code: str | None) -> str:
    """A comment's language for moderators."""
    names = {"en": "English", "ur": "Urdu", "hi": "Hindi", "mr": "Marathi", "ar": "Arabic", "und": "unknown language"}
    base, _, script = (code or "und").partition("-")
    return names.get(base, base) + (" in Latin letters" if script == "Latn" else "")
