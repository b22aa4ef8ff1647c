"""Submissions in: validated, stored in one transaction with all that come just then, then queued for screening.

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
from moderation.comment import KEY_AT_MOST, CommentStatus, Submission, is_visible, validated_text
from moderation.errors import CommentsClosed, InvalidSubmission, QueueUnavailable, TermsNotAgreed, UnknownComment
from moderation.outcomes import Outcomes
from moderation.store import Arrival, Change, Store
from moderation.switch import Switch, is_open
from moderation.together import Together

log = structlog.get_logger(__name__)

NAME_AT_MOST = 128
"""Longest name an author is shown by, in code points; the rest is cut."""

NOT_QUEUED_AT_MOST = 1000
"""So many that could not be queued are remembered, to be queued with the next that can; others the sweeper finds."""


ACCEPTED_AT_ONCE = 64
"""Comments that are stored in one transaction, where so many wait."""

_CLOSED = "comments on this story are closed"


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
        self._together = Together(self._submit_all, at_most=ACCEPTED_AT_ONCE)
        self._not_queued: list[int] = []

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
        return await self._together(Arrival(valid, fingerprint(valid.text), now))

    async def _submit_all(self, arrivals: Sequence[Arrival]) -> list[Accepted | Exception]:
        """What came in at about the same time, in one transaction; of one message come twice, one after the other."""
        answers: dict[int, Accepted | Exception] = {}
        while len(answers) < len(arrivals):
            each_once: dict[str, int] = {}
            for number, arrival in enumerate(arrivals):
                if number not in answers:
                    each_once.setdefault(arrival.submission.source_key, number)
            stored = await self._store_all([arrivals[number] for number in each_once.values()])
            answers |= {number: stored[source_key] for source_key, number in each_once.items()}
            await self._tell([found for found in stored.values() if isinstance(found, Accepted)])
        return [answers[number] for number in range(len(arrivals))]

    async def _store_all(self, arrivals: Sequence[Arrival]) -> dict[str, Accepted | Exception]:
        answers: dict[str, Accepted | Exception] = {}
        async with self._store.change() as change:
            # Twice round only when another process stored the same message between our look and our insert.
            while waiting := [arrival for arrival in arrivals if arrival.submission.source_key not in answers]:
                known = await change.latest_from([arrival.submission.source_key for arrival in waiting])
                answers |= {
                    source_key: Accepted(latest.comment_id, latest.revision_id, latest.number, new=False)
                    for source_key, latest in known.items()
                }
                new = [arrival for arrival in waiting if arrival.submission.source_key not in known]
                answers |= await self._admit(change, new) if new else {}
        return answers

    async def _admit(self, change: Change, arrivals: Sequence[Arrival]) -> dict[str, Accepted | Exception]:
        agreed = await change.agreed({arrival.submission.author for arrival in arrivals}, terms=self._terms)
        switches = await change.switches()
        parents = {arrival.submission.parent for arrival in arrivals if arrival.submission.parent is not None}
        story_of = await change.published_among(parents)
        answers: dict[str, Accepted | Exception] = {}
        for arrival in arrivals:
            submission = arrival.submission
            published_at = submission.story_published_at
            if submission.author not in agreed:
                refused: Exception = TermsNotAgreed("the author has not agreed to the terms in force")
            elif not self._open(switches, story=submission.story, published_at=published_at, now=arrival.at):
                refused = CommentsClosed(_CLOSED)
            elif submission.parent is not None and story_of.get(submission.parent) != submission.story:
                refused = UnknownComment("the comment that this one answers is not there")
            else:
                continue
            answers[submission.source_key] = refused
        welcome = [arrival for arrival in arrivals if arrival.submission.source_key not in answers]
        admitted = await enforcement.admit(change, welcome, terms=self._terms)
        return answers | {key: Accepted(*ids, revision=1, new=True) for key, ids in admitted.items()}

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
                published_at = latest.story_published_at
                if not self._open(await change.switches(), story=latest.story, published_at=published_at, now=now):
                    raise CommentsClosed(_CLOSED)
                revision_id = await enforcement.revise(
                    change, revisions, text=valid, fingerprint=fingerprint(valid), terms=self._terms, now=now
                )
                accepted = Accepted(comment_id, revision_id, latest.latest + 1, new=True)
        await self._tell([accepted])
        return accepted

    def _open(self, switches: Sequence[Switch], *, story: str, published_at: datetime | None, now: datetime) -> bool:
        return is_open(switches, story=story, published_at=published_at, open_days=self._open_days, now=now)

    async def withdraw(self, comment_id: int, *, author: str, now: datetime) -> None:
        """Take the author's own comment back, with every revision; again is harmless. Raises UnknownComment."""
        if await enforcement.enforce_withdrawal(self._store, comment_id, author=author, now=now):
            log.info("withdrawn", comment=comment_id)
            await self._signal()

    async def _tell(self, accepted: Sequence[Accepted]) -> None:
        """What is new is queued for screening, and listeners are woken."""
        new = [each for each in accepted if each.new]
        if not new:
            return
        for each in new:
            log.info("received", comment=each.comment_id, revision=each.revision)
        waiting, self._not_queued = [*self._not_queued, *(each.revision_id for each in new)], []
        try:
            await self._queue.enqueue(waiting)
        except QueueUnavailable:
            self._not_queued = [*self._not_queued, *waiting][-NOT_QUEUED_AT_MOST:]
            for each in new:
                log.warning("not queued yet", comment=each.comment_id, revision=each.revision)
        await self._signal()

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
