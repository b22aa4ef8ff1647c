"""The audit is sealed a minute or two behind, and compared with its seals when somebody asks.

    mark the newest row ─→ a minute later: no smaller id can come any more ─→ a seal over what is new ─→ its head logged

Nothing that is decided waits for a seal. Why it is so: docs/adr/0017-seals-on-the-audit.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from moderation.database import is_passing
from moderation.errors import AuditBroken
from moderation.seals import AuditedRow, Head, Seal, Sealing
from moderation.store import Mark, Store

log = structlog.get_logger(__name__)

EVERY_S = 60.0
"""Seconds between two looks, give or take a quarter, so that many processes do not look at once."""

AT_ONCE = 2_000
"""Rows under one seal at most, and read at once."""

LOWEST = -(2**63) + 1
"""Below every id a row can be given, also by who has a hand of their own in the database."""

PAUSE_S = 0.05
"""Seconds between two seals of one look, in which the worker's own work gets its turn."""


class Sealer:
    """Seals what is new in the audit, now and then; after a day without anything new, that nothing was.

    Runs in every worker process: whoever finds that nobody has sealed since its last look does it, and where two try at
    once the seal's number lets one through. Never holds a lock, and seals no row before all with smaller ids are there.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime], every_s: float = EVERY_S) -> None:
        self._store = store
        self._clock = clock
        self._every_s = every_s
        self._mark: Mark | None = None
        self._seen = 0
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Look now and then until `stop` is set."""
        self._stop = stop
        while not stop.is_set():
            try:
                await self.look()
            except Exception as error:  # what was left is sealed after the next look
                log.error("sealing broken", error=type(error).__name__, passing=is_passing(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._every_s * random.uniform(0.75, 1.25))

    async def look(self) -> Seal | None:
        """Seal what was there at the last look, unless somebody else has sealed since; the newest seal made.

        The first look only marks. Raises what the database raises.
        """
        newest, now = await self._store.newest_seal(), await self._store.mark_audit()
        mark, made = self._mark, None
        if mark is not None and mark.server == now.server and _number(newest) == self._seen:
            if not now.shows_all_of(mark):
                return None  # a transaction from before the mark still runs
            made = await self._seal(newest, mark)
        self._mark, self._seen = now, _number(made or newest)
        return made

    async def _seal(self, newest: Seal | None, mark: Mark) -> Seal | None:
        made: Seal | None = None
        now, count = self._clock(), 0
        while not self._stop.is_set():
            after = newest.up_to if newest is not None else 0
            rows = await self._store.audited(after=after, up_to=mark.up_to, at_most=AT_ONCE)
            is_new_day = newest is not None and newest.at.date() < now.date()
            if not rows and not is_new_day:
                break
            sealing = Sealing(newest)
            for row in rows:
                sealing.take(row)
            seal = sealing.close(up_to=rows[-1].id if rows else after, at=now)
            if not await self._store.add_seal(seal):
                break  # another process was first: it has what this one has
            newest = made = seal
            count += seal.row_count
            await asyncio.sleep(PAUSE_S)
        if made is not None:
            log.info("audit sealed", number=made.number, hash=made.hash, up_to=made.up_to, rows=count)
        return made


def _number(seal: Seal | None) -> int:
    return seal.number if seal is not None else 0


@dataclass(frozen=True, slots=True)
class Verified:
    """An audit that is as it was sealed: how many rows are under seals, how many came since, and the newest seal."""

    sealed: int
    unsealed: int
    newest: Seal | None


async def verify(store: Store, *, head: Head | None = None) -> Verified:
    """Compare every row of the audit with its seals, and an earlier head with the chain. Changes nothing.

    Raises AuditBroken, which says where the first thing is that is not as it was sealed.
    """
    # All rows under this seal are there; those beyond may come in any order, and further seals over them.
    newest = await store.newest_seal()
    comparing = _Comparing(_rows(store))
    try:
        async for seal in _seals(store, up_to=_number(newest)):
            await comparing.compare(seal)
            if head is not None and seal.number == head.number and seal.hash != head.hash:
                raise AuditBroken(f"seal {seal.number} is not the one of the head given: rows and seals were replaced")
        unsealed = await comparing.left()
    except (TypeError, ValueError, OverflowError) as error:
        after = _number(comparing.newest)
        kind = type(error).__name__
        raise AuditBroken(f"after seal {after} stands what no part of this system writes ({kind})") from None
    if head is not None and _number(newest) < head.number:
        raise AuditBroken(
            f"the chain ends at seal {_number(newest)}, before the head given: seals were taken away, or an older"
            " backup was brought back"
        )
    return Verified(comparing.count, unsealed, newest)


class _Comparing:
    """Goes through the rows once, in step with the seals."""

    def __init__(self, rows: AsyncIterator[AuditedRow]) -> None:
        self._rows = rows
        self._next: AuditedRow | None = None
        self.newest: Seal | None = None
        self.count = 0

    async def compare(self, seal: Seal) -> None:
        """Take the rows of the next seal. Raises AuditBroken where they, or it, are not what they were."""
        previous = self.newest
        if seal.number != _number(previous) + 1:
            raise AuditBroken(f"seal {_number(previous) + 1} is missing: the next one there is {seal.number}")
        sealing = Sealing(previous)
        while (row := await self._peek()) is not None and row.id <= seal.up_to:
            sealing.take(row)
            self._next = None
        if sealing.close(up_to=seal.up_to, at=seal.at) != seal:
            first = previous.up_to + 1 if previous is not None else 1
            raise AuditBroken(
                f"seal {seal.number} of {seal.at:%Y-%m-%d %H:%M} UTC does not fit the rows with the ids {first} to"
                f" {seal.up_to}: {_difference(sealing.row_count - seal.row_count)}"
            )
        self.newest = seal
        self.count += sealing.row_count

    async def left(self) -> int:
        """How many rows no seal vouches for yet."""
        count = 0
        while await self._peek() is not None:
            self._next, count = None, count + 1
        return count

    async def _peek(self) -> AuditedRow | None:
        if self._next is None:
            self._next = await anext(self._rows, None)
        return self._next


def _difference(more: int) -> str:
    if more == 0:
        return "a row was changed or replaced, or the seal itself was"
    return f"{abs(more)} {'too many' if more > 0 else 'missing'}, if the seal itself was not changed"


async def _rows(store: Store) -> AsyncIterator[AuditedRow]:
    after = LOWEST
    while rows := await store.audited(after=after, at_most=AT_ONCE):
        for row in rows:
            yield row
        after = rows[-1].id


async def _seals(store: Store, *, up_to: int) -> AsyncIterator[Seal]:
    after = 0
    while seals := await store.seals(after=after, up_to=up_to, at_most=AT_ONCE):
        for seal in seals:
            yield seal
        after = seals[-1].number
