"""Calls that come while another is under way are done together after it: one transaction instead of one for each.

Nothing waits for company: a call that comes alone is done alone, at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_Waiting = tuple[Asked, "asyncio.Future[Answer]"]


class Together(Generic[Asked, Answer]):
    """Hands what is asked to `work`, in order, at most so much at once; `work` answers each, or with its exception.

    What fails as a whole is tried again one by one, so that nobody fails for what another asked. `work` must bear to
    be given the same twice.
    """

    def __init__(
        self, work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer | Exception]]], *, at_most: int
    ) -> None:
        self._work = work
        self._at_most = at_most
        self._turn = asyncio.Lock()
        self._waiting: list[_Waiting[Asked, Answer]] = []

    async def __call__(self, asked: Asked) -> Answer:
        """What `work` answers. Raises what it raises or answers with."""
        mine: _Waiting[Asked, Answer] = (asked, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            # Whoever gets the turn works for all who wait; for them nothing is left to do when theirs comes.
            async with self._turn:
                while not mine[1].done():
                    await self._next()
        except asyncio.CancelledError:
            mine[1].cancel()
            raise
        return mine[1].result()

    async def _next(self) -> None:
        wanted = [waiting for waiting in self._waiting if not waiting[1].done()]
        taken, self._waiting = wanted[: self._at_most], wanted[self._at_most :]
        try:
            await self._answer(taken)
        finally:
            # The one whose turn it was may have been cancelled; the others were not.
            self._waiting = [waiting for waiting in taken if not waiting[1].done()] + self._waiting

    async def _answer(self, taken: Sequence[_Waiting[Asked, Answer]]) -> None:
        try:
            answers: Sequence[Answer | Exception] = await self._work([asked for asked, _ in taken])
        except Exception as error:
            if len(taken) > 1:
                for alone in taken:
                    await self._answer([alone])
                return
            answers = [error]
        for (_, future), answer in zip(taken, answers, strict=True):
            if future.done():  # cancelled meanwhile
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
