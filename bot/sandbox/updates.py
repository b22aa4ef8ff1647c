"""The queue of updates for the bot, and long polling of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.sandbox.clock import Clock
from bot.sandbox.errors import ApiError, conflict
from bot.sandbox.journal import Journal, Record
from bot.sandbox.state import Json

KINDS = (
    "message", "edited_message", "channel_post", "edited_channel_post", "business_connection", "business_message",
    "edited_business_message", "deleted_business_messages", "message_reaction", "message_reaction_count",
    "inline_query", "chosen_inline_result", "callback_query", "shipping_query", "pre_checkout_query",
    "purchased_paid_media", "poll", "poll_answer", "my_chat_member", "chat_member", "chat_join_request", "chat_boost",
    "removed_chat_boost",
)  # fmt: skip
ASKED_FOR_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
LIFETIME_S = 24 * 3600.0
LIFETIMES_S = {"callback_query": 150.0, "inline_query": 30.0}
LONGEST_POLL_S = 50
MOST_UPDATES = 100
SAME_OFFSET_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Queued:
    """An update waiting for the bot. Those of one lane are delivered by webhook one after another."""

    update: Json
    expires_at: float
    lane: str
    again: bool = False

    @property
    def id(self) -> int:
        """The update_id."""
        return int(self.update["update_id"])


class UpdateQueue:
    """Updates in order of their ids, kept until confirmed or too old.

    An id is never given twice, restarts included. Only `replay` brings an id again, and only when told to.
    """

    def __init__(self, *, clock: Clock, journal: Journal) -> None:
        self._clock = clock
        self._journal = journal
        self._next_id = 1
        self._pending: dict[int, Queued] = {}
        self._again: list[Queued] = []
        self._allowed: tuple[str, ...] = ()
        self._poll: asyncio.Future[None] | None = None
        self._last_offset: int | None = None
        self._last_poll_at = 0.0
        self._listeners: list[Callable[[Queued], None]] = []
        self.added = 0

    # What is remembered.

    def recall(self, record: Record) -> None:
        """Take in one record of an earlier run; those of other kinds are left alone."""
        if record.kind == "update":
            id_ = int(record.key)
            self._next_id = max(self._next_id, id_ + 1)
            self._pending.pop(id_, None)
            if record.value is not None:
                self._pending[id_] = Queued(**record.value)
        elif record.kind == "confirmed":
            self._forget_below(int(record.value))
        elif record.kind == "next_update":
            self._next_id = max(self._next_id, int(record.value))
        elif record.kind == "allowed_updates":
            self._allowed = tuple(record.value)

    def records(self) -> Iterator[Record]:
        """All there is to remember."""
        yield Record("next_update", "next", self._next_id)
        yield Record("allowed_updates", "allowed", self._allowed)
        for queued in self._pending.values():
            yield Record("update", str(queued.id), _value(queued))

    # Updates in.

    @property
    def allowed(self) -> tuple[str, ...]:
        """The kinds the bot asked for; empty means Telegram's own choice."""
        return self._allowed

    def allow(self, kinds: list[str]) -> None:
        """From now on only these kinds are queued; none means Telegram's own choice. Unknown kinds are ignored."""
        allowed = tuple(kind for kind in kinds if kind in KINDS)
        if allowed != self._allowed:
            self._allowed = allowed
            self._journal.put("allowed_updates", "allowed", allowed)

    def wants(self, kind: str) -> bool:
        """Whether an update of this kind would be queued."""
        return kind in self._allowed if self._allowed else kind not in ASKED_FOR_ONLY

    def add(self, kind: str, body: Json, *, lane: int) -> int | None:
        """Queue an update and give its id, or None if the bot did not ask for the kind."""
        if not self.wants(kind):
            return None
        update = {"update_id": self._next_id, kind: body}
        self._keep(update, kind=kind, lane=f"{kind == 'callback_query'}:{lane}")
        return self._next_id - 1

    def add_given(self, update: Json) -> int:
        """Queue an update as given, whatever its kind, with the next id where it has none.

        An id that was given before is delivered once more, past any confirmation; a higher one moves the count on.
        """
        kind = next((key for key in update if key != "update_id"), "")
        lane = f"{kind == 'callback_query'}:{_lane(update.get(kind))}"
        id_ = update.get("update_id")
        if id_ is None:
            update = {"update_id": self._next_id, **update}
        elif id_ < self._next_id:
            queued = Queued(update, self._clock.now() + LIFETIME_S, lane, again=True)
            self._again.append(queued)
            self._announce(queued)
            return int(id_)
        self._keep(update, kind=kind, lane=lane)
        return int(update["update_id"])

    def _keep(self, update: Json, *, kind: str, lane: str) -> None:
        expires_at = self._clock.now() + LIFETIMES_S.get(kind, LIFETIME_S)
        queued = Queued(update, expires_at, lane)
        self._journal.put("update", str(queued.id), _value(queued))
        self._pending[queued.id] = queued
        self._next_id = queued.id + 1
        self._announce(queued)

    def listen(self, listener: Callable[[Queued], None]) -> None:
        """Call the listener for every update queued from now on."""
        self._listeners.append(listener)

    def _announce(self, queued: Queued) -> None:
        self.added += 1
        if self._poll and not self._poll.done():
            self._poll.set_result(None)
        for listener in self._listeners:
            listener(queued)

    # Updates out.

    @property
    def pending_count(self) -> int:
        """How many wait."""
        self._drop_expired()
        return len(self._pending) + len(self._again)

    @property
    def polling(self) -> bool:
        """Whether a poll waits for an update just now."""
        return self._poll is not None and not self._poll.done()

    def waiting(self) -> list[Queued]:
        """All that wait, those to be replayed first."""
        self._drop_expired()
        return [*self._again, *self._pending.values()]

    def is_waiting(self, queued: Queued) -> bool:
        """Whether this one still waits: neither confirmed, nor dropped, nor expired."""
        if queued.expires_at <= self._clock.now():
            return False
        return queued in self._again if queued.again else self._pending.get(queued.id) is queued

    def confirm(self, queued: Queued) -> None:
        """The bot has this one."""
        if queued.again:
            self._again.remove(queued)
        elif self._pending.pop(queued.id, None):
            self._journal.put("update", str(queued.id), None)

    def drop_all(self) -> None:
        """Forget all that wait."""
        self._again.clear()
        self._confirm_below(self._next_id)

    async def poll(self, *, offset: int, at_most: int, wait_s: int) -> list[Json]:
        """Confirm all below the offset and give what waits from there, waiting for the first if there is none.

        A negative offset forgets all but that many of the last. A later poll ends an earlier one.
        Raises ApiError 409 when another poll or a webhook takes over.
        """
        self.interrupt(
            conflict("terminated by other getUpdates request; make sure that only one bot instance is running")
        )
        if offset < 0:
            offset = ([*self._pending] or [self._next_id])[max(offset, -len(self._pending)) :][0]
        if offset > 0:
            self._confirm_below(offset)
        at_most = min(max(at_most, 1), MOST_UPDATES)
        real_now = asyncio.get_running_loop().time()
        if offset == self._last_offset and real_now - self._last_poll_at < SAME_OFFSET_WITHIN_S:
            # Telegram's guard against a bot that falls over the same batch again and again.
            at_most = 1
        if not self.waiting() and wait_s > 0:
            await self._until_one_waits(min(wait_s, LONGEST_POLL_S))
        batch = self.waiting()[:at_most]
        for queued in batch:
            if queued.again:
                self._again.remove(queued)
        self._last_offset = offset if batch else None
        self._last_poll_at = asyncio.get_running_loop().time()
        return [queued.update for queued in batch]

    def interrupt(self, refusal: ApiError) -> None:
        """End a poll that waits, with this refusal."""
        if self._poll and not self._poll.done():
            self._poll.set_exception(refusal)

    async def _until_one_waits(self, wait_s: float) -> None:
        poll: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poll = poll
        try:
            await asyncio.wait_for(poll, wait_s)
        except TimeoutError:
            return
        finally:
            if self._poll is poll:
                self._poll = None

    def _confirm_below(self, offset: int) -> None:
        if self._forget_below(offset):
            self._journal.put("confirmed", "offset", offset)

    def _forget_below(self, offset: int) -> bool:
        below = [id_ for id_ in self._pending if id_ < offset]
        for id_ in below:
            del self._pending[id_]
        return bool(below)

    def _drop_expired(self) -> None:
        now = self._clock.now()
        for id_ in [id_ for id_, queued in self._pending.items() if queued.expires_at <= now]:
            self._journal.put("update", str(id_), None)
            del self._pending[id_]
        self._again = [queued for queued in self._again if queued.expires_at > now]


def _value(queued: Queued) -> Json:
    return {"update": queued.update, "expires_at": queued.expires_at, "lane": queued.lane}


def _lane(body: Any) -> int:
    """The chat an update given from outside belongs to, or its person, or none: 0."""
    if not isinstance(body, dict):
        return 0
    for whose in (body.get("chat"), body.get("from"), body.get("user")):
        if isinstance(whose, dict) and isinstance(whose.get("id"), int):
            return int(whose["id"])
    return 0
