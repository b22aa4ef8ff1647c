"""The last step a comment can take: withdrawn because its author was erased, with nothing left in it to read.

A tombstone keeps its id, its story, what it answers and its times, so that the thread around it and the audit stay
whole. What a legal hold keeps is withdrawn as well, and emptied when the hold is released.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from moderation.comment import CommentStatus
from moderation.decision import EventKind, Reason
from moderation.errors import UnknownComment
from moderation.store import AuditRow, Change, Erased, LegalHold, NewEvent, Standing

WITHDRAWN = CommentStatus.WITHDRAWN

_AT_ONCE = 500
"""Comments in one statement: SQLite takes no more than 32,766 values in one."""

_TOMBSTONE = {
    "status": WITHDRAWN,
    "published_revision": None,
    "published_at": None,
    "edited": False,
    "claimed_by": None,
    "claimed_until": None,
}


async def enforce_erasure(change: Change, author: str, *, who: str, now: datetime) -> Erased:
    """Every comment of the author becomes a tombstone; agreements, links and sessions go. Again is harmless."""
    # The agreements first: who is storing a comment on one of them holds it, and is seen by what follows.
    agreements = await change.drop_agreements(author)
    doors = await change.close_doors(author)
    keys = await change.comments_by(author)
    answers: list[int] = []
    for begin in range(0, len(keys), _AT_ONCE):
        part = list(keys)[begin : begin + _AT_ONCE]
        await _entomb(change, part, author=author, who=who, now=now)
        answers += await change.answers_to(part)
    return Erased(
        comments=tuple(keys),
        source_keys=tuple(keys.values()),
        answers=tuple(answer for answer in answers if answer not in keys),
        kept=tuple(await change.kept_by_law(author)),
        agreements=agreements,
        doors=doors,
    )


async def enforce_legal_hold(change: Change, comment_id: int, *, who: str, note: str, now: datetime) -> bool:
    """Keep the comment's text, whatever its author or retention asks; False when it is kept already.

    Raises UnknownComment, also for one that was erased: there is nothing left to keep.
    """
    latest = await _latest(change, comment_id)
    if not latest.author:
        raise UnknownComment("the comment was erased: nothing of it is left to keep")
    if not await change.put_legal_hold(comment_id, who=who, note=note, since=now):
        return False
    await change.audit([_row(latest, act="legal_hold", who=who, at=now, to=latest.revision.status)])
    return True


async def enforce_release(change: Change, comment_id: int, *, who: str, now: datetime) -> LegalHold | None:
    """End a legal hold, and erase what it kept if its author was erased meanwhile; None where none was.

    Raises UnknownComment.
    """
    latest = await _latest(change, comment_id)
    hold = await change.lift_legal_hold(comment_id)
    if hold is None:
        return None
    await change.audit([_row(latest, act="legal_release", who=who, at=now, to=latest.revision.status)])
    if hold.erasure_due:
        await change.empty_comments([comment_id], author=latest.author)
    return hold


async def _latest(change: Change, comment_id: int) -> Standing:
    await change.lock([comment_id])
    revisions = await change.standing(comment_id=comment_id)
    if not revisions:
        raise UnknownComment("there is no such comment")
    return revisions[-1]


async def _entomb(change: Change, comment_ids: Sequence[int], *, author: str, who: str, now: datetime) -> None:
    await change.lock(comment_ids)
    revisions = await change.standing(comment_ids=comment_ids)
    await change.move(
        [standing.revision.id for standing in revisions], to=WITHDRAWN, from_=set(CommentStatus) - {WITHDRAWN}
    )
    await change.audit(
        [_row(one, act="erase", who=who, at=now, to=WITHDRAWN, reason=Reason.ERASED) for one in revisions]
    )
    await change.change_comments(dict.fromkeys(comment_ids, _TOMBSTONE))
    await change.mark_erased(comment_ids)
    kept = await change.put_off_erasure(comment_ids)
    await change.empty_comments([one for one in comment_ids if one not in kept], author=author)
    latest = {standing.revision.comment_id: standing for standing in revisions}
    gone = [_gone(one, at=now) for one in latest.values() if one.published_revision is not None]
    if gone:
        await change.announce(gone)


def _gone(standing: Standing, *, at: datetime) -> NewEvent:
    """What pages that show the comment are told, and nobody else."""
    return NewEvent(
        at=at,
        kind=EventKind.WITHDRAWN,
        comment_id=standing.revision.comment_id,
        revision=standing.latest,
        author="",
        story=standing.story,
        due_at=at,
        visible=True,
        silent=True,
    )


def _row(
    standing: Standing, *, act: str, who: str, at: datetime, to: CommentStatus, reason: Reason | None = None
) -> AuditRow:
    revision = standing.revision
    return AuditRow(at, revision.comment_id, revision.id, who, "", act, revision.status, to, reason=reason)
