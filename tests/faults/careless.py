"""The control for the whole system: a bot that tells Telegram it has an update before it has stored it.

python -m tests.faults.careless up      everything as `baithak up` runs it, but for this bot

It keeps what it fetched in memory and writes it down four times a second, all at once, which is quicker. Telegram
forgets an update as soon as the next ones are asked for, so what a killed one had not written down is nowhere.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import bot.cli
import bot.supervisor
from bot.aiogram_types import build_when_used

WRITES_EVERY_S = 0.25


def be_careless() -> None:
    """Have this process' bot confirm before it stores."""
    build_when_used()
    from bot.inbox import Poller

    store_at_once = Poller.keep
    in_memory: list[Mapping[str, Any]] = []
    under_way: set[asyncio.Task[None]] = set()

    async def write_down(poller: Poller) -> None:
        await asyncio.sleep(WRITES_EVERY_S)
        updates = in_memory.copy()
        in_memory.clear()
        await store_at_once(poller, updates)

    async def keep(poller: Poller, updates: list[Mapping[str, Any]]) -> None:
        if not in_memory:
            task = asyncio.create_task(write_down(poller))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        in_memory.extend(updates)

    Poller.keep = keep  # type: ignore[method-assign]  # what is wrong on purpose


def start_careless_bots() -> None:
    """Have this process' supervisor start this program's bot in the place of the real one."""
    real = bot.supervisor._baithak

    def command(*arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", __spec__.name, "bot") if arguments == ("bot",) else real(*arguments)

    bot.supervisor._baithak = command


if __name__ == "__main__":
    if sys.argv[1] == "bot":
        be_careless()
    else:
        start_careless_bots()
    bot.cli.main()
