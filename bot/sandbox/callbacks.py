"""Callback queries: a press that waits for the bot's answer."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

from bot.sandbox.clock import Clock
from bot.sandbox.errors import bad_request
from bot.sandbox.state import Json
from bot.sandbox.updates import LIFETIMES_S

ANSWERABLE_S = LIFETIMES_S["callback_query"]


@dataclass(frozen=True, slots=True)
class Press:
    """A press the bot may answer once, until it is too old."""

    id: str
    pressed_at: float
    answer: asyncio.Future[Json]


class Callbacks:
    """Open callback queries. Kept in memory only: after a restart an old press cannot be answered."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Press] = {}

    def open(self) -> Press:
        """A new press, waiting for its answer."""
        self._drop_old()
        # Telegram's ids are 64-bit numbers written as text.
        id_ = str(secrets.randbits(62) + 2**61)
        press = Press(id_, self._clock.now(), asyncio.get_running_loop().create_future())
        self._open[id_] = press
        return press

    def answer(self, id_: str, answer: Json) -> None:
        """Answer a press. Raises ApiError if it is unknown, answered already or too old."""
        self._drop_old()
        press = self._open.pop(id_, None)
        if press is None:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        if not press.answer.done():
            press.answer.set_result(answer)

    def _drop_old(self) -> None:
        # Oldest first, so only what is old is looked at.
        now = self._clock.now()
        while self._open:
            id_, press = next(iter(self._open.items()))
            if press.pressed_at + ANSWERABLE_S > now:
                return
            del self._open[id_]
