"""One module for each queue: how its worker is given the work, and how comments are put into it.

Each imports its own package when it is used, in the environment that has it. Nobody acknowledges before the commit.
"""

from __future__ import annotations

import asyncio
import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from benchmarks.queue.work import Work

BATCH = 64
RECOVERY_S = 5
"""Seconds after which a tuned peer may take a dead worker's tasks for lost; ours by its settings does."""


class Kind(StrEnum):
    """How a queue is used."""

    DEFAULT = "default"
    """A task for each comment; every setting as it ships."""

    TUNED = "tuned"
    """A task for each comment; settings and calls that its own documentation offers for speed and recovery."""

    BATCH = "batch"
    """Tuned, and a task for each 64 comments, which whoever enqueues has to gather."""


class Adapter(ABC):
    """One queue on the Redis at this address (`unix://…`)."""

    def __init__(self, kind: Kind, address: str) -> None:
        self.kind = kind
        self.address = address
        self.tuned = kind is not Kind.DEFAULT

    @abstractmethod
    def serve(self, work: Work) -> None:
        """Be the worker, until the process ends."""

    @abstractmethod
    async def open(self) -> None:
        """Get ready to enqueue."""

    @abstractmethod
    async def add(self, ids: Sequence[int]) -> None:
        """Enqueue one task: these comments."""

    async def add_all(self, tasks: Sequence[Sequence[int]]) -> None:
        """Enqueue many tasks: one awaited after the other, or, tuned and for want of a call for many, 64 at once."""
        if not self.tuned:
            for ids in tasks:
                await self.add(ids)
            return
        for first in range(0, len(tasks), BATCH):
            await asyncio.gather(*(self.add(ids) for ids in tasks[first : first + BATCH]))

    @abstractmethod
    async def close(self) -> None:
        """Give back the connections."""


def faster_loop() -> None:
    """Let the event loops of this process be uvloop's."""
    uvloop: Any = importlib.import_module("uvloop")
    uvloop.install()


def adapter(key: str, kind: Kind, address: str) -> Adapter:
    """The adapter of this key."""
    module = importlib.import_module(f"benchmarks.queue.adapters.{key}")
    made: Adapter = module.Queue(kind, address)
    return made
