"""A comment desk on a real store: what tests need to have happened before they begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moderation.comment import CommentStatus
from moderation.decision import Outcome, OutcomeEvent
from moderation.enforcement import enforce
from moderation.intake import Accepted, Intake
from moderation.outcomes import Outcomes
from moderation.review import Review
from moderation.roles import Roles
from moderation.store import CommentRecord, Store
from moderation.switch import Scope, SwitchKind
from moderation.switches import Switches, Turned
from tests.builders import NOW, TERMS, decision, policy, submission
from tests.fakes import ListedQueue

READER, OTHER_READER = "telegram:1001", "telegram:1002"
MEERA, OMAR, ADMINISTRATOR = "telegram:2001", "telegram:2002", "telegram:2003"
NAMES = {MEERA: "Meera", OMAR: "Omar", ADMINISTRATOR: "Zoya"}

UNDO_S, UNDO_WINDOW_S, CLAIM_S = 5.0, 300.0, 60.0


async def _anybody(person: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a comment passes, at one moment unless another is given."""

    store: Store
    queue: ListedQueue
    intake: Intake
    outcomes: Outcomes
    review: Review
    switches: Switches

    @classmethod
    def of(cls, store: Store, *, open_days: int = 0) -> Desk:
        """A desk without Redis."""
        queue, outcomes = ListedQueue(), Outcomes(store, None)
        review = Review(
            store,
            Roles(frozenset({ADMINISTRATOR}), _anybody),
            outcomes,
            policy=policy(),
            undo_s=UNDO_S,
            undo_window_s=UNDO_WINDOW_S,
            claim_s=CLAIM_S,
        )
        intake = Intake(store, queue, terms=TERMS, outcomes=outcomes, open_days=open_days)
        return cls(store, queue, intake, outcomes, review, Switches(store, open_days=open_days))

    async def receive(self, *, now: datetime = NOW, **given: Any) -> Accepted:
        """A comment that somebody who agreed to the terms wrote."""
        wanted = submission(**given)
        await self.intake.agree(wanted.author, language="en", now=now)
        return await self.intake.submit(wanted, now=now)

    async def screen(self, accepted: Accepted, outcome: Outcome, *, now: datetime = NOW, **given: Any) -> None:
        """The machine's decision about it."""
        enforced = await enforce(self.store, [(accepted.revision_id, decision(outcome, decided_at=now, **given))])
        assert list(enforced) == [accepted.revision_id]

    async def publish(self, *, now: datetime = NOW, **given: Any) -> Accepted:
        """A comment that the machine published."""
        accepted = await self.receive(now=now, **given)
        await self.screen(accepted, Outcome.PUBLISH, now=now)
        return accepted

    async def hold(self, *, now: datetime = NOW, **given: Any) -> Accepted:
        """A comment that the machine held."""
        accepted = await self.receive(now=now, **given)
        await self.screen(accepted, Outcome.HOLD, now=now)
        return accepted

    async def edit(self, accepted: Accepted, text: str, *, now: datetime = NOW) -> Accepted:
        """Its author changed it."""
        record = await self.record(accepted)
        return await self.intake.edit(record.source_key, author=record.comment.author, text=text, now=now)

    async def approve(self, accepted: Accepted, *, moderator: str = MEERA, now: datetime = NOW) -> None:
        """A moderator published it."""
        await self.decide(accepted, Outcome.PUBLISH, moderator=moderator, now=now)

    async def reject(self, accepted: Accepted, *, moderator: str = MEERA, now: datetime = NOW) -> None:
        """A moderator rejected it, by clause 5.1."""
        await self.decide(accepted, Outcome.REJECT, moderator=moderator, now=now)

    async def decide(self, accepted: Accepted, outcome: Outcome, *, moderator: str, now: datetime = NOW) -> None:
        """A moderator decided about it."""
        await self.review.review(
            accepted.comment_id,
            revision=accepted.revision,
            outcome=outcome,
            clause="5.1" if outcome is Outcome.REJECT else None,
            moderator=moderator,
            moderator_name=NAMES[moderator],
            now=now,
        )

    async def undo(self, accepted: Accepted, *, moderator: str = MEERA, now: datetime = NOW) -> None:
        """A moderator took the decision back."""
        await self.review.undo(
            accepted.comment_id,
            revision=accepted.revision,
            moderator=moderator,
            moderator_name=NAMES[moderator],
            now=now,
        )

    async def switch(
        self, kind: SwitchKind, scope: Scope = Scope.SITE, target: str = "", *, who: str = MEERA, now: datetime = NOW
    ) -> Turned:
        """A moderator began a switch."""
        return await self.switches.begin(kind, scope, target, note="riots", who=who, name=NAMES[who], now=now)

    async def record(self, accepted: Accepted) -> CommentRecord:
        """The comment as it stands now."""
        record = await self.store.comment(accepted.comment_id)
        assert record is not None
        return record

    async def status(self, accepted: Accepted) -> CommentStatus:
        """The comment's status now."""
        return (await self.record(accepted)).comment.status

    async def told(self, *, now: datetime = NOW) -> list[OutcomeEvent]:
        """Every event that is due by now, each told at once."""
        told: list[OutcomeEvent] = []
        while events := await self.outcomes.lease(at_most=100, lease_s=60, now=now):
            told += events
            for event in events:
                await self.outcomes.done(event.id, now=now)
        return told

    async def acts(self, accepted: Accepted) -> list[str]:
        """What the audit says was done, in order: "screen: received → held"."""
        rows = await self.store.audit_of(accepted.comment_id)
        return [f"{row.act}: {row.from_status or 'nothing'} → {row.to_status}" for row in rows]
