"""A reader's data on both sides, out or gone: what `moderation` holds of the author, and the bot of the person.

    export   both sides' answers as one JSON value
    erase    noted as begun → moderation's side → the bot's side → the list beside the database
    finish   what a process that died left undone, and what was in flight

Each side is one transaction. Between them a process may die: whoever looks next goes on, and twice is harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from bot import erasure_list
from bot.erasure_list import Listed, ListRefused
from bot.store import BotStore
from bot.subscriber import person_name, telegram_id
from moderation.database import is_passing
from moderation.privacy import Erased, Privacy, author_hash
from moderation.running import stop_if_cancelled

log = structlog.get_logger(__name__)

SETTLED_S = 60.0
"""Seconds after which nothing that was in flight at an erasure is any longer: leases last 9 seconds."""

LOOK_S = 30.0

BY_READER = "reader"
"""Who asked for an erasure, where it was the reader: saying which one would undo it."""


class ReaderData:
    """Everything held of a reader. Trusts its caller for who is asking."""

    def __init__(self, store: BotStore, privacy: Privacy, *, listed_in: Path, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._privacy = privacy
        self._list = listed_in
        self._clock = clock

    async def export(self, author: str) -> dict[str, Any]:
        """All that is held, ready for JSON."""
        person = telegram_id(author)
        return {
            "reader": author,
            "exported_at": self._clock().isoformat(),
            "moderation": await self._privacy.export(author),
            "bot": await self._store.forgotten.everything_of(person) if person is not None else {},
        }

    async def erase(
        self, author: str, *, who: str, through_message: int = 0, before_update: int | None = None
    ) -> Erased:
        """Erase the reader everywhere; again is harmless.

        `before_update` is the update in which they ask for it: later ones are news. When the list beside the database
        can't be written the reader is erased all the same; every bot process tries again to complete its list.
        """
        now, person, hash_ = self._clock(), telegram_id(author), author_hash(author)
        if person is not None:
            await self._store.forgotten.begin(person, author_hash=hash_, now=now)
        erased = await self._privacy.erase(author, who=who, now=now)
        if person is not None:
            await self._store.forgotten.erase(
                person,
                author_hash=hash_,
                comments={*erased.comments, *erased.kept},
                answers=erased.answers,
                through_message=max(through_message, newest_message(erased)),
                before_update=before_update,
                now=now,
            )
        try:
            await self.note_all()
        except (OSError, ListRefused) as error:
            log.error("erasure not listed", error=type(error).__name__, list=str(self._list))
        return erased

    async def is_covered(self, person: int, message_id: int) -> bool:
        """Whether a message is one that the person's erasure covers."""
        through = await self._store.forgotten.through(author_hash(person_name(person)))
        return through is not None and message_id <= through

    async def finish(self) -> int:
        """Finish erasures whose process died, and take away what was in flight; how many were settled."""
        begun = await self._store.forgotten.unfinished(before=self._clock() - timedelta(seconds=SETTLED_S))
        for one in begun:
            if not one.done:
                await self.erase(person_name(one.person), who=BY_READER, through_message=one.through_message)
            else:
                await self._store.forgotten.settle(one)
        return len(begun)

    async def note_all(self) -> None:
        """Bring the list beside the database up to date."""
        through = await self._store.forgotten.all_through()
        erasures = await self._privacy.erasures()
        listed = [Listed(one, through.get(one.author_hash, 0)) for one in erasures]
        await asyncio.to_thread(erasure_list.add, self._list, listed)

    async def run(self) -> None:
        """Finish what others left, and keep the list, until cancelled."""
        while True:
            stop_if_cancelled()
            try:
                await self.finish()
                await self.note_all()
            except Exception as error:
                log.error("erasures not finished", error=type(error).__name__, passing=is_passing(error))
            await asyncio.sleep(LOOK_S)


def newest_message(erased: Erased) -> int:
    """The newest Telegram message that an erased comment came from."""
    numbers = [key.rpartition(":")[2] for key in erased.source_keys]
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0)
