"""Who may review, asked at the moment it matters."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

REMEMBERED_S = 5.0
"""Seconds an answer is believed: who left the moderators' group can decide nothing longer than this."""

_REMEMBERED_AT_MOST = 10_000


class Roles:
    """Moderators are the members of a group that `is_member` asks about; administrators may do everything.

    `clock` gives monotonic seconds, so that a jump of the wall clock makes no old answer new.
    """

    def __init__(
        self,
        administrators: frozenset[str],
        is_member: Callable[[str], Awaitable[bool]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._administrators = administrators
        self._is_member = is_member
        self._clock = clock
        self._answers: dict[str, tuple[float, bool]] = {}

    def is_administrator(self, person: str) -> bool:
        """Whether the person may do everything."""
        return person in self._administrators

    async def may_review(self, person: str) -> bool:
        """Whether the person may decide about comments. Never raises: when it can't be found out, they may not."""
        if self.is_administrator(person):
            return True
        now = self._clock()
        asked_at, answer = self._answers.get(person, (float("-inf"), False))
        if now - asked_at < REMEMBERED_S:
            return answer
        try:
            answer = await self._is_member(person)
        except Exception as error:
            # Whatever broke, an unknown role is no role. Not remembered: the next press asks again.
            log.warning("role not known", error=type(error).__name__)
            return False
        if len(self._answers) >= _REMEMBERED_AT_MOST:
            self._answers.clear()
        self._answers[person] = (now, answer)
        return answer
