"""The review queue: what is held, and what moderators decide about it. The first decision wins."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from moderation.comment import CommentStatus
from moderation.decision import DecidedBy, Decision, Outcome
from moderation.enforcement import enforce_review, enforce_undo, refusal
from moderation.errors import AlreadyDecided, StaleRevision, UnknownComment
from moderation.outcomes import Outcomes
from moderation.policy import Policy
from moderation.roles import Roles
from moderation.store import AuditRow, Held, Store

__all__ = ["Held", "Review"]

log = structlog.get_logger(__name__)


class Review:
    """The moderators' side. Whether somebody is a moderator is asked before, of Roles: this door trusts its caller.

    A reader's notice of a decision waits `undo_s`; the decision can be undone for `undo_window_s`; a claim holds for
    `claim_s`.
    """

    def __init__(
        self,
        store: Store,
        roles: Roles,
        outcomes: Outcomes,
        *,
        policy: Policy,
        undo_s: float,
        undo_window_s: float,
        claim_s: float,
    ) -> None:
        self._store = store
        self._roles = roles
        self._outcomes = outcomes
        self._policy = policy
        self._undo = timedelta(seconds=undo_s)
        self._undo_window = timedelta(seconds=undo_window_s)
        self._claim_s = claim_s

    async def pending(self, *, limit: int, after: int | None = None, now: datetime | None = None) -> list[Held]:
        """Held comments, longest waiting first, those behind the comment `after`.

        With `now`, each says who has claimed it at that moment; without, none does.
        """
        return await self._store.held(limit=limit, after=after, now=now)

    async def waiting(self) -> tuple[int, datetime | None]:
        """How many comments are held, and since when the oldest."""
        return await self._store.waiting()

    async def held(self, comment_id: int, *, now: datetime | None = None) -> Held | None:
        """The comment while it is held; None otherwise."""
        return next(iter(await self._store.held(limit=1, comment_id=comment_id, now=now)), None)

    async def ended(self, comment_id: int) -> AlreadyDecided | StaleRevision | None:
        """Why a comment can't be decided any more, with who decided and what; None while it is held.

        Raises UnknownComment.
        """
        standing = await self._store.standing_of(comment_id)
        if standing is None:
            raise UnknownComment("there is no such comment")
        return None if standing.revision.status is CommentStatus.HELD else refusal(standing)

    async def history(self, comment_id: int) -> list[AuditRow]:
        """Everything that ever happened to a comment's status, oldest first."""
        return await self._store.audit_of(comment_id)

    async def claim(self, comment_id: int, *, moderator: str, now: datetime) -> str:
        """Tell the others that this moderator is at it; answers whose claim holds: an earlier one is not taken over.

        A claim binds nobody: whoever decides first decides. Raises UnknownComment; AlreadyDecided; StaleRevision when
        its author edited it and the edit is not screened yet, or withdrew it.
        """
        holder = await self._store.claim(comment_id, moderator=moderator, now=now, claim_s=self._claim_s)
        if holder is None:
            standing = await self._store.standing_of(comment_id)
            if standing is None:
                raise UnknownComment("there is no such comment")
            raise refusal(standing)
        return holder

    async def review(
        self,
        comment_id: int,
        *,
        revision: int,
        outcome: Outcome,
        clause: str | None,
        moderator: str,
        moderator_name: str,
        now: datetime,
    ) -> None:
        """Publish or reject a held revision; a rejection names a clause of the policy.

        Raises AlreadyDecided with who and what; StaleRevision when the author edited or withdrew meanwhile;
        UnknownComment; PublishingStopped with who stopped it; ValueError for a hold, a clause the policy has not, or a
        clause beside a publication.
        """
        if outcome is Outcome.HOLD:
            raise ValueError("a moderator publishes or rejects")
        if (clause in self._policy.clauses) is not (outcome is Outcome.REJECT):
            raise ValueError("a rejection names a clause of the terms, and a publication names none")
        decision = Decision(
            outcome=outcome,
            decided_by=DecidedBy.MODERATOR,
            decided_at=now,
            terms=self._policy.version,
            clause=clause,
            moderator=moderator,
            moderator_name=moderator_name,
        )
        await enforce_review(self._store, comment_id, revision=revision, decision=decision, due_at=now + self._undo)
        log.info("reviewed", comment=comment_id, revision=revision, outcome=outcome, clause=clause, by=moderator)
        await self._outcomes.signal()

    async def undo(self, comment_id: int, *, revision: int, moderator: str, moderator_name: str, now: datetime) -> None:
        """Take a moderator's decision back: the comment is held again, as the machine left it.

        If the reader was not told yet, they never hear of the decision. Raises UndoRefused when the time is over, there
        is nothing to undo, or another decided and this is no administrator; StaleRevision; UnknownComment.
        """
        await enforce_undo(
            self._store,
            comment_id,
            revision=revision,
            moderator=moderator,
            name=moderator_name,
            anyones=self._roles.is_administrator(moderator),
            decided_since=now - self._undo_window,
            now=now,
        )
        log.info("undone", comment=comment_id, revision=revision, by=moderator)
        await self._outcomes.signal()
