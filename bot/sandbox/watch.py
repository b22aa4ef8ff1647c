"""Who looks on: every change in the sandbox, told to the pages that watch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

REMEMBERED = 1000
BEHIND_AT_MOST = 5000


class Change(NamedTuple):
    """One change; ids count up from 1 while the sandbox runs."""

    id: int
    body: dict[str, Any]


class Watchers:
    """Tells each watcher every change, in order.

    Never waits for a slow one: a watcher BEHIND_AT_MOST changes behind is let go and comes again.
    """

    def __init__(self) -> None:
        self._last_id = 0
        self._recent: deque[Change] = deque(maxlen=REMEMBERED)
        self._queues: set[asyncio.Queue[Change | None]] = set()

    def tell(self, kind: str, chat_id: int | None, **more: Any) -> None:
        """Tell all watchers of one change."""
        self._last_id += 1
        change = Change(self._last_id, {"chat_id": chat_id, "kind": kind, **more})
        self._recent.append(change)
        for queue in tuple(self._queues):
            if queue.qsize() >= BEHIND_AT_MOST:
                self._queues.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(change)

    async def changes(self, *, after: int | None) -> AsyncGenerator[Change, None]:
        """Changes as they come, first those after that id which are still remembered (none for None)."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        if after is not None:
            for change in self._recent:
                if change.id > after:
                    queue.put_nowait(change)
        self._queues.add(queue)
        try:
            while (change_or_end := await queue.get()) is not None:
                yield change_or_end
        finally:
            self._queues.discard(queue)

    def close(self) -> None:
        """Let every watcher go."""
        for queue in self._queues:
            queue.put_nowait(None)
        self._queues.clear()
