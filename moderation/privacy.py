"""A reader's data, out or gone; and what the law says must stay.

    export    everything held of an author, as plain values
    erase     comments become tombstones; the author is nobody, and whatever is replayed later finds nobody
    hold      a comment's text stays in the store, seen by nobody once its author was erased
    release   and goes then, if it had to

What a front keeps of its readers is the front's to export and erase. Weights of a model that was trained with a text
stay as they are until it is trained anew.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import structlog

from moderation.enforcement.erasure import enforce_erasure, enforce_legal_hold, enforce_release
from moderation.outcomes import Outcomes
from moderation.store import Change, Erased, Erasure, LegalHold, Store

__all__ = ["Erased", "Erasure", "LegalHold", "Privacy", "author_hash", "erase_within"]

log = structlog.get_logger(__name__)


def author_hash(author: str) -> str:
    """By what an erased author is recognised and not named: 64 hex digits.

    A pseudonym and no secret: who guesses the name can check the guess.
    """
    return hashlib.sha256(f"baithak:{author}".encode()).hexdigest()


async def erase_within(change: Change, author: str, *, who: str, now: datetime) -> Erased:
    """Erase an author as part of a larger change; the erasure is remembered, once if it found nothing anew."""
    erased = await enforce_erasure(change, author, who=who, now=now)
    hash_ = author_hash(author)
    if not erased.nothing or not await change.is_noted(hash_):
        await change.note_erasure(Erasure(hash_, now, who))
    return erased


class Privacy:
    """The door for what a reader may ask about their own data, and for what the law asks.

    Trusts its caller for who is asking: only the reader themselves, or who runs the system, may.
    """

    def __init__(self, store: Store, outcomes: Outcomes) -> None:
        self._store = store
        self._outcomes = outcomes

    async def export(self, author: str) -> dict[str, Any]:
        """Everything held of the author, ready for JSON; of an unknown one, empty lists. Names no moderator."""
        held = await self._store.everything_of(author)
        mine = [one for one in await self._store.erasures() if one.author_hash == author_hash(author)]
        return {"author": author, **held, "erasures": [{"erased_at": one.erased_at.isoformat()} for one in mine]}

    async def erase(self, author: str, *, who: str, now: datetime) -> Erased:
        """Erase the author, in one transaction; again is harmless. Published comments are gone everywhere at once.

        Whoever writes under that name afterwards is a stranger, and has to agree to the terms.
        """
        async with self._store.change() as change:
            erased = await erase_within(change, author, who=who, now=now)
        log.info("erased", comments=len(erased.comments), kept_by_law=len(erased.kept))
        await self._outcomes.signal()
        return erased

    async def erasures(self) -> list[Erasure]:
        """Every erasure, oldest first."""
        return await self._store.erasures()

    async def hold(self, comment_id: int, *, who: str, note: str, now: datetime) -> bool:
        """Keep a comment's text from erasure and retention; False when it is kept already. Raises UnknownComment."""
        async with self._store.change() as change:
            put = await enforce_legal_hold(change, comment_id, who=who, note=note, now=now)
        log.info("legal hold", comment=comment_id, new=put)
        return put

    async def release(self, comment_id: int, *, who: str, now: datetime) -> LegalHold | None:
        """End a legal hold; what it kept of an erased author goes. None where there was none. Raises UnknownComment."""
        async with self._store.change() as change:
            hold = await enforce_release(change, comment_id, who=who, now=now)
        log.info("legal hold released", comment=comment_id, erased=hold is not None and hold.erasure_due)
        return hold

    async def legal_holds(self) -> list[LegalHold]:
        """Every comment a legal hold keeps, longest first."""
        return await self._store.legal_holds()
