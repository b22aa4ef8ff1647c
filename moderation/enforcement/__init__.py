"""Make it so: every change of a comment's status in the whole system happens here.

    admit            submissions become received comments
    revise           an edit becomes a received revision, older undecided ones are withdrawn
    enforce          the machine's decisions, a batch in one transaction
    enforce_review   a moderator's decision
    enforce_undo     that decision taken back
    enforce_withdrawal   the author takes the comment back
    erasure.enforce_erasure   the author is erased: nothing of the comment is left, but for what a legal hold keeps

Each one is a conditional UPDATE whose changed rows are what counts, and in the same transaction an audit row, what
becomes of the comment, and an outcome event. Nobody is told from here: listeners lease the events. The switches are
read in that transaction too: what is committed after one was begun obeys it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from moderation.comment import CommentStatus
from moderation.decision import STATUS_OF, DecidedBy, Decision, EventKind, under
from moderation.enforcement.moves import (
    Move,
    audit_row,
    author_row,
    authors_event,
    event_of,
    machine_move,
    received_row,
    shown_after,
)
from moderation.errors import AlreadyDecided, PublishingStopped, StaleRevision, UndoRefused, UnknownComment
from moderation.store import MACHINE, Arrival, Change, NewRevision, Standing, Store
from moderation.switch import Switch, SwitchKind, holding

RECEIVED, HELD, PUBLISHED = CommentStatus.RECEIVED, CommentStatus.HELD, CommentStatus.PUBLISHED
REJECTED, WITHDRAWN = CommentStatus.REJECTED, CommentStatus.WITHDRAWN

_UNCLAIMED = {"claimed_by": None, "claimed_until": None}


async def admit(change: Change, arrivals: Sequence[Arrival], *, terms: str) -> dict[str, tuple[int, int]]:
    """Valid submissions become received comments: each one's id and its revision's, by source key.

    Left out is what came from a message that the store has. No two of `arrivals` share a source key.
    """
    if not arrivals:
        return {}
    ids = await change.insert_comments(arrivals)
    new = [
        (ids[arrival.submission.source_key], arrival) for arrival in arrivals if arrival.submission.source_key in ids
    ]
    if not new:
        return {}
    revision_of = await change.insert_revisions(
        [
            NewRevision(comment_id, 1, each.submission.author, each.submission.text, each.fingerprint, each.at)
            for comment_id, each in new
        ]
    )
    await change.audit(
        [
            received_row(
                comment_id, revision_of[comment_id], each.submission.author, act="submit", terms=terms, at=each.at
            )
            for comment_id, each in new
        ]
    )
    await change.announce(
        [
            authors_event(
                EventKind.RECEIVED,
                comment_id,
                revision=1,
                author=each.submission.author,
                story=each.submission.story,
                at=each.at,
            )
            for comment_id, each in new
        ]
    )
    return {each.submission.source_key: (comment_id, revision_of[comment_id]) for comment_id, each in new}


async def revise(
    change: Change, revisions: Sequence[Standing], *, text: str, fingerprint: str, terms: str, now: datetime
) -> int:
    """An edit becomes the comment's newest revision, received; answers its id.

    `revisions` are all of the comment's, oldest first, read under its lock. Undecided ones are withdrawn: nobody has to
    judge what its author no longer says. A published one stands until the new one passes.
    """
    latest = revisions[-1]
    comment_id, number = latest.revision.comment_id, latest.latest + 1
    outdated = [standing for standing in revisions if standing.revision.status in (RECEIVED, HELD)]
    await change.move([standing.revision.id for standing in outdated], to=WITHDRAWN, from_=(RECEIVED, HELD))
    if outdated:
        await change.audit([author_row(standing, act="edit", at=now) for standing in outdated])
    inserted = await change.insert_revisions(
        [NewRevision(comment_id, number, latest.author, text, fingerprint, received_at=now)]
    )
    revision_id = inserted[comment_id]
    status = PUBLISHED if latest.published_revision is not None else RECEIVED
    await change.change_comments({comment_id: {"status": status, "latest_revision": number, **_UNCLAIMED}})
    await change.audit([received_row(comment_id, revision_id, latest.author, act="edit", terms=terms, at=now)])
    event = authors_event(
        EventKind.RECEIVED, comment_id, revision=number, author=latest.author, story=latest.story, at=now
    )
    await change.announce([event])
    return revision_id


async def enforce(store: Store, decisions: Sequence[tuple[int, Decision]]) -> dict[int, Decision]:
    """Carry out the machine's decisions about revisions, all in one transaction; answers what was carried out.

    Under a switch that holds, a decision to publish is carried out as a hold, with a reason of its own.

    A revision that is no longer received (decided before, withdrawn, unknown) is left as it is, silently: that is what
    makes it safe to screen one twice. Raises ValueError for a decision that is not the machine's.
    """
    wanted: dict[int, Decision] = {}
    for revision_id, decision in decisions:
        if decision.decided_by is not DecidedBy.MACHINE:
            raise ValueError("moderators decide by enforce_review")
        wanted.setdefault(revision_id, decision)
    if not wanted:
        return {}
    async with store.change() as change:
        await change.lock(await change.comments_of(wanted))
        moves = [
            machine_move(standing, wanted[standing.revision.id])
            for standing in await change.standing(revision_ids=wanted)
        ]
        taken = await _carry_out(change, moves, from_=(RECEIVED,))
        return {move.standing.revision.id: move.decision for move in taken if move.decision is not None}


async def enforce_review(store: Store, comment_id: int, *, revision: int, decision: Decision, due_at: datetime) -> None:
    """Carry out a moderator's decision about a held revision; readers' notices are due at `due_at`.

    The first decision wins. Raises UnknownComment; StaleRevision when the author edited or withdrew meanwhile, or the
    revision was not screened yet; AlreadyDecided with who decided and what; PublishingStopped with who stopped it.
    """
    async with store.change() as change:
        standing = await _latest(change, comment_id)
        if standing.revision.number != revision:
            raise StaleRevision("the author edited the comment")
        move = Move(
            standing=standing,
            to=STATUS_OF[decision.outcome],
            act="review",
            who=decision.moderator or "",
            name=decision.moderator_name or "",
            at=decision.decided_at,
            due_at=due_at,
            decided_by=DecidedBy.MODERATOR,
            moderator=decision.moderator,
            clause=decision.clause,
            reason=decision.reason,
            decision=decision,
        )
        if not await _carry_out(change, [move], from_=(HELD,)):
            raise refusal(standing)


async def enforce_undo(
    store: Store,
    comment_id: int,
    *,
    revision: int,
    moderator: str,
    name: str,
    anyones: bool,
    decided_since: datetime,
    now: datetime,
) -> None:
    """Take back a moderator's decision: the revision is held again, by the machine's decision that stood before.

    A published revision that it had replaced stands again: PublishingStopped where nothing may. If the reader was not
    told of the decision yet, that notice is dropped, and the event of the new hold is silent. Raises UnknownComment,
    StaleRevision; UndoRefused where there is none to undo, where it is another's (unless `anyones`), or it is too late.
    """
    async with store.change() as change:
        standing = await _latest(change, comment_id)
        if standing.revision.number != revision or standing.revision.status is WITHDRAWN:
            raise StaleRevision("the author edited or withdrew the comment")
        if standing.decided_by is not DecidedBy.MODERATOR or standing.decided_at is None:
            raise UndoRefused("nothing")
        if standing.moderator != moderator and not anyones:
            raise UndoRefused("others")
        if standing.decided_at < decided_since:
            raise UndoRefused("late")
        untold = await change.drop_waiting(comment_id, revision=revision, now=now)
        older = tuple(
            other.revision.number
            for other in await change.standing(comment_id=comment_id)
            if other.revision.status is PUBLISHED and other.revision.number < revision
        )
        move = Move(
            standing=standing,
            to=HELD,
            act="undo",
            who=moderator,
            name=name,
            at=now,
            due_at=now,
            decided_by=DecidedBy.MODERATOR,
            moderator=moderator,
            clause=standing.machine_clause,
            reason=standing.machine_reason,
            silent=untold,
            stood_before=older,
        )
        await _carry_out(change, [move], from_=(PUBLISHED, REJECTED))
        await change.restore_hold(standing)


async def enforce_withdrawal(store: Store, comment_id: int, *, author: str, now: datetime) -> bool:
    """The author takes the comment back, with every revision; False if that was done before.

    Raises UnknownComment when there is no such comment of this author.
    """
    async with store.change() as change:
        await change.lock([comment_id])
        revisions = await change.standing(comment_id=comment_id)
        if not revisions or revisions[-1].author != author:
            raise UnknownComment("there is no such comment of yours")
        open_ = [standing for standing in revisions if standing.revision.status is not WITHDRAWN]
        if not open_:
            return False
        for standing in open_:
            standing.revision.become(WITHDRAWN)
        await change.move(
            [standing.revision.id for standing in open_], to=WITHDRAWN, from_=set(CommentStatus) - {WITHDRAWN}
        )
        await change.audit([author_row(standing, act="withdraw", at=now) for standing in open_])
        latest = revisions[-1]
        gone = {"status": WITHDRAWN, "published_revision": None, "published_at": None, "edited": False}
        await change.change_comments({comment_id: gone})
        event = authors_event(
            EventKind.WITHDRAWN, comment_id, revision=latest.latest, author=author, story=latest.story, at=now
        )
        await change.announce([replace(event, visible=latest.published_revision is not None)])
        return True


def refusal(standing: Standing) -> AlreadyDecided | StaleRevision:
    """Why a revision that is not held can't be decided: the error to raise, with who decided and what."""
    if standing.revision.status in (RECEIVED, WITHDRAWN):
        return StaleRevision("the author edited or withdrew the comment")
    return AlreadyDecided(
        decided_by=standing.moderator or MACHINE,
        name=standing.moderator_name or "",
        status=standing.revision.status,
    )


async def _latest(change: Change, comment_id: int) -> Standing:
    await change.lock([comment_id])
    revisions = await change.standing(comment_id=comment_id)
    if not revisions:
        raise UnknownComment("there is no such comment")
    return revisions[-1]


async def _carry_out(change: Change, moves: Sequence[Move], *, from_: Collection[CommentStatus]) -> list[Move]:
    """Take the steps that can still be taken, with all that belongs to them; answers the steps taken.

    Raises, and so undoes everything, IllegalTransition for a step that TRANSITIONS does not have, PublishingStopped for
    a moderator's publication while that is stopped.
    """
    moves = [move for move in moves if move.standing.revision.status in from_]
    switches = await change.switches() if any(move.publishes for move in moves) else []
    moves = [_as_allowed(switches, move) if move.publishes else move for move in moves]
    changed: set[int] = set()
    for to in dict.fromkeys(move.to for move in moves):
        ids = [move.standing.revision.id for move in moves if move.to is to]
        changed |= await change.move(ids, to=to, from_=from_)
    taken = [move for move in moves if move.standing.revision.id in changed]
    if not taken:
        return []
    for move in taken:
        move.standing.revision.become(move.to)
    await change.keep_decisions({m.standing.revision.id: m.decision for m in taken if m.decision is not None})
    await change.audit([audit_row(move) for move in taken])
    shown = {move.standing.revision.comment_id: shown_after(move) for move in taken}
    await change.change_comments(
        {
            comment_id: {
                "status": after.status,
                "published_revision": after.published_revision,
                "published_at": after.published_at,
                "edited": after.edited,
                **_UNCLAIMED,
            }
            for comment_id, after in shown.items()
        }
    )
    await change.announce([event_of(move, shown[move.standing.revision.comment_id]) for move in taken])
    return taken


def _as_allowed(switches: Sequence[Switch], move: Move) -> Move:
    switch = holding(switches, story=move.standing.story, section=move.standing.section)
    if switch is not None and move.decided_by is DecidedBy.MACHINE and move.decision is not None:
        held = under(switch, move.decision)
        return replace(move, to=HELD, reason=held.reason, decision=held)
    if switch is not None and switch.kind is SwitchKind.STOP:
        raise PublishingStopped(stopped_by=switch.begun_by_name or switch.begun_by)
    return move
