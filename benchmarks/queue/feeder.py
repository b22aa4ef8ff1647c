"""A process that enqueues: `python -m benchmarks.queue.feeder KEY KIND ADDRESS`.

Reads one command a line and answers each with one line, both JSON:

    {"fill": [[1], [2], …]}                     these tasks, as fast as it goes     → {"seconds": s}
    {"pace": [[1], [2], …], "per_s": 200}       comments at this rate, an open loop → {"due": [t, …]}, one a comment

A comment is due at its own moment; a task of many is enqueued when the last of them is.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.queue.adapters import Adapter, Kind, adapter


async def fill(queue: Adapter, tasks: Sequence[Sequence[int]]) -> float:
    """Seconds until every task was in."""
    began = time.monotonic()
    await queue.add_all(tasks)
    return time.monotonic() - began


async def pace(queue: Adapter, tasks: Sequence[Sequence[int]], *, per_s: float) -> list[float]:
    """When each comment was due, whatever became of those before it."""
    due: list[float] = []
    adding = []
    began = time.monotonic()
    for ids in tasks:
        due += [began + (len(due) + place) / per_s for place in range(len(ids))]
        await asyncio.sleep(max(0.0, due[-1] - time.monotonic()))
        adding.append(asyncio.create_task(queue.add(ids)))
    await asyncio.gather(*adding)
    return due


async def main() -> None:
    """Do as told until standard input ends."""
    key, kind, address = sys.argv[1:]
    queue = adapter(key, Kind(kind), address)
    await queue.open()
    while line := await asyncio.to_thread(sys.stdin.readline):
        told: dict[str, Any] = json.loads(line)
        if "fill" in told:
            answer: dict[str, Any] = {"seconds": await fill(queue, told["fill"])}
        else:
            answer = {"due": await pace(queue, told["pace"], per_s=told["per_s"])}
        print(json.dumps(answer), flush=True)
    await queue.close()


if __name__ == "__main__":
    asyncio.run(main())
