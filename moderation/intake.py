"""Submissions in: validated, stored in one transaction, then queued for screening.

What `submit` and `edit` return is durable: the store has it. The queue is told after the commit, and may be gone: the
sweeper finds what it missed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from moderation import enforcement
from moderation.comment import CommentStatus, Submission, is_visible, validated_text
from moderation.errors import CommentsClosed, InvalidSubmission, QueueUnavailable, TermsNotAgreed, UnknownComment
from moderation.outcomes import Outcomes
from moderation.store import Change, Store
from moderation.switch import is_open

log = structlog.get_logger(__name__)

NAME_AT_MOST = 128
"""Longest name an author is shown by, in code points; the rest is cut."""

KEY_AT_MOST = 2000
"""Longest story address, person or source key, in UTF-8 bytes: PostgreSQL indexes no more than 2,700."""


class WorkList(Protocol):
    """Where intake puts what is to be screened: the screening queue."""

    async def enqueue(self, revision_ids: Sequence[int]) -> object:
        """Add revisions. Raises QueueUnavailable."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the store has now. `new` is False when it had this very message before, or the edit changes nothing."""

    comment_id: int
    revision_id: int
    revision: int
    new: bool


class Intake:
    """The door for what readers write. `terms` is the version of the terms in force.

    A story older than `open_days` days is closed to comments; 0 is for any age.
    """

    def __init__(
        self, store: Store, queue: WorkList, *, terms: str, outcomes: Outcomes | None = None, open_days: int = 0
    ) -> None:
        self._store = store
        self._queue = queue
        self._terms = terms
        self._open_days = open_days
        self._outcomes = outcomes

    async def agree(self, author: str, *, language: str, now: datetime) -> None:
        """Note that the author agrees to the terms in force, as read in `language`; again is harmless."""
        await self._store.agree(_key(author, "author"), terms=self._terms, language=language, now=now)

    async def has_agreed(self, author: str) -> bool:
        """Whether the author agreed to the terms in force; to earlier ones does not count."""
        return await self._store.has_agreed(author, terms=self._terms)

    async def submit(self, submission: Submission, *, now: datetime) -> Accepted:
        """Store a comment, once for each `source_key`, and have it screened.

        Never publishes and never tells the author. Raises InvalidSubmission; TermsNotAgreed; CommentsClosed;
        UnknownComment when `parent` is no published comment of the same story. Then nothing is stored.
        """
        valid = _validated(submission)
        async with self._store.change() as change:
            accepted = None
            while accepted is None:
                # Twice round only when another process stored the same message between our look and our insert.
                accepted = await self._known(change, valid.source_key) or await self._admit(change, valid, now=now)
        return await self._accepted(accepted)

    async def _admit(self, change: Change, submission: Submission, *, now: datetime) -> Accepted | None:
        if not await change.agreed(submission.author, terms=self._terms):
            raise TermsNotAgreed("the author has not agreed to the terms in force")
        await self._refuse_if_closed(
            change, story=submission.story, published_at=submission.story_published_at, now=now
        )
        parent = submission.parent
        if parent is not None and not await change.is_published(parent, story=submission.story):
            raise UnknownComment("the comment that this one answers is not there")
        admitted = await enforcement.admit(
            change, submission, fingerprint=fingerprint(submission.text), terms=self._terms, now=now
        )
        return Accepted(*admitted, revision=1, new=True) if admitted is not None else None

    async def edit(self, source_key: str, *, author: str, text: object, now: datetime) -> Accepted:
        """Store a new text of a comment as its next revision and have it screened; what is published stands meanwhile.

        Raises InvalidSubmission; CommentsClosed; UnknownComment when this author has no such comment, or it was
        withdrawn or removed.
        """
        valid = validated_text(text)
        async with self._store.change() as change:
            comment_id = await change.comment_from(source_key)
            if comment_id is None:
                raise UnknownComment("there is no such comment")
            await change.lock([comment_id])
            revisions = await change.standing(comment_id=comment_id)
            latest = revisions[-1]
            gone = {CommentStatus.WITHDRAWN, CommentStatus.REMOVED}
            if latest.author != author or latest.comment_status in gone:
                raise UnknownComment("there is no such comment of yours")
            if latest.revision.text == valid:
                accepted = Accepted(comment_id, latest.revision.id, latest.revision.number, new=False)
            else:
                await self._refuse_if_closed(
                    change, story=latest.story, published_at=latest.story_published_at, now=now
                )
                revision_id = await enforcement.revise(
                    change, revisions, text=valid, fingerprint=fingerprint(valid), terms=self._terms, now=now
                )
                accepted = Accepted(comment_id, revision_id, latest.latest + 1, new=True)
        return await self._accepted(accepted)

    async def _refuse_if_closed(
        self, change: Change, *, story: str, published_at: datetime | None, now: datetime
    ) -> None:
        switches = await change.switches()
        if not is_open(switches, story=story, published_at=published_at, open_days=self._open_days, now=now):
            raise CommentsClosed("comments on this story are closed")

    async def withdraw(self, comment_id: int, *, author: str, now: datetime) -> None:
        """Take the author's own comment back, with every revision; again is harmless. Raises UnknownComment."""
        if await enforcement.enforce_withdrawal(self._store, comment_id, author=author, now=now):
            log.info("withdrawn", comment=comment_id)
            await self._signal()

    async def _known(self, change: Change, source_key: str) -> Accepted | None:
        comment_id = await change.comment_from(source_key)
        if comment_id is None:
            return None
        latest = (await change.standing(comment_id=comment_id))[-1].revision
        return Accepted(comment_id, latest.id, latest.number, new=False)

    async def _accepted(self, accepted: Accepted) -> Accepted:
        if accepted.new:
            log.info("received", comment=accepted.comment_id, revision=accepted.revision)
            try:
                await self._queue.enqueue([accepted.revision_id])
            except QueueUnavailable:
                log.warning("not queued yet", comment=accepted.comment_id, revision=accepted.revision)
            await self._signal()
        return accepted

    async def _signal(self) -> None:
        if self._outcomes is not None:
            await self._outcomes.signal()


def fingerprint(text: str) -> str:
    """16 hex digits that texts share when they differ only in case, width, blanks, punctuation or invisible signs."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(letter for letter in folded if unicodedata.category(letter)[0] in "LNM")
    # A comment of nothing but signs or emoji is told apart by them.
    return hashlib.sha256((kept or folded).encode()).hexdigest()[:16]


def _validated(submission: Submission) -> Submission:
    return replace(
        submission,
        story=_key(submission.story, "story"),
        author=_key(submission.author, "author"),
        author_name=_name(submission.author_name),
        source_key=_key(submission.source_key, "source_key"),
        text=validated_text(submission.text),
        section=_key(submission.section, "section") if submission.section is not None else None,
    )


def _key(value: str, name: str) -> str:
    if not value or "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise InvalidSubmission("bad_characters", f"the {name} can't be stored")
    if len(value.encode()) > KEY_AT_MOST:
        raise InvalidSubmission("too_long", f"the {name} has at most {KEY_AT_MOST} bytes")
    return value


def _name(name: str) -> str:
    kept = "".join(letter for letter in name if letter != "\0" and not "\ud800" <= letter <= "\udfff")
    kept = " ".join(kept.split())[:NAME_AT_MOST]
    return kept if any(is_visible(letter) for letter in kept) else "—"
