"""The system on hosts of its own, and one of them cut off: what hangs is given up, and nothing is lost or done twice.

The figures are printed, and kept in `docs/faults.md` by `make test-long`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.e2e.system import People, Person, eventually, people_of, text_of
from tests.faults.hosts import cannot_have_hosts
from tests.faults.killing import readers_who_agreed
from tests.faults.ledger import NEVER
from tests.faults.report import note
from tests.faults.spread import Spread, spread_over_hosts

MISSING = cannot_have_hosts()

pytestmark = [
    pytest.mark.xdist_group("hosts"),
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
]

READERS, PER_S = 30, 5.0

PLACES = {"one": "a host of workers", "data": "the host of the data", "front": "the host of bot and web"}
"""What is cut off, by the host; bot and web lose sight of the data and of Telegram alike."""

LATE_S = 12
"""Seconds from a cut until everybody knows of it: whoever was told, or asked the page, after that met a cut system."""


@contextlib.asynccontextmanager
async def readers_writing(readers: list[tuple[Person, dict[str, Any]]]) -> AsyncIterator[set[str]]:
    """Readers who write at a steady rate while the block lasts; their comments' source keys so far."""
    keys: set[str] = set()
    writing = asyncio.create_task(_write(readers, keys))
    try:
        yield keys
    finally:
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing


async def _write(readers: list[tuple[Person, dict[str, Any]]], keys: set[str]) -> None:
    began = time.monotonic()
    for at in itertools.count():
        await asyncio.sleep(began + at / PER_S - time.monotonic())
        reader, story = readers[at % len(readers)]
        message = await reader.comments(
            story, f"Paragraph {at} of the report deserves a longer answer from the ministry."
        )
        keys.add(f"telegram:{reader.id}:{message['message_id']}")


async def told_of(people: People, keys: set[str]) -> dict[str, str]:
    """The first word that the bot said of each of these comments; of some it may have said nothing."""
    readers = sorted({int(key.split(":")[1]) for key in keys})
    chats = await asyncio.gather(*(people.person(reader).messages() for reader in readers))
    said = {}
    for reader, messages in zip(readers, chats, strict=True):
        for message in messages:
            answered = message.get("reply_to_message")
            if answered is not None and message["from"]["is_bot"]:
                said[f"telegram:{reader}:{answered['message_id']}"] = text_of(message).split()[0].strip(".:…")
    return {key: said[key] for key in keys if key in said}


async def page(people: People) -> str:
    """What the public API answers: its status, or that it does not answer."""
    address, patience = f"{people.system.web}/api/v1/stories", aiohttp.ClientTimeout(total=20)
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with people.http.get(address, timeout=patience) as answer:
            return str(answer.status)
    return "no answer"


async def cut_off(spread: Spread, people: People, readers: Any, host: str, *, seconds: float) -> dict[str, Any]:
    """Cut one host off while readers write, and heal it; what that cost."""
    async with readers_writing(readers) as keys:
        await asyncio.sleep(3)
        before = set(keys)
        spread.hosts.cut(host)
        began = time.monotonic()
        await asyncio.sleep(min(LATE_S, seconds / 2))
        known = set(keys)
        answered = await page(people)
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
        written, told = set(keys), await told_of(people, set(keys) - known)
        spread.hosts.heal(host)
        healed = time.monotonic()

        async def decided() -> bool:
            await asyncio.sleep(0.2)
            return await spread.undecided(written) == 0

        await eventually(decided, what=f"everything decided after {host} was cut off", within_s=120)
        decided_s = time.monotonic() - healed

    async def all_told() -> bool:
        await asyncio.sleep(0.5)
        return len(await told_of(people, written)) == len(written)

    await eventually(all_told, what="everybody told", within_s=120)
    told_s = time.monotonic() - healed

    async def rest_decided() -> bool:
        return await spread.undecided(keys) == 0

    await eventually(rest_decided, what="what was written after healing decided", within_s=60)
    figures = (await spread.ledger()).figures(keys)
    words = Counter(told.values())
    words["nothing"] = len(written - known) - len(told)
    return {
        "seconds cut off": seconds,
        "written a second": PER_S,
        "written meanwhile": len(written - before),
        "told meanwhile": ", ".join(f"{word} {words[word]}" for word in sorted(words) if words[word]),
        "the page meanwhile": answered,
        "seconds from healing until all is decided": round(decided_s, 1),
        "seconds from healing until all are told": round(told_s, 1),
        **{never: figures[never] for never in NEVER},
        "processes that ended": len(spread.hosts.ended()),
    }


def expect_nothing_lost(figures: dict[str, Any]) -> None:
    assert [figures[never] for never in NEVER] == [0, 0, 0, 0], figures
    # Whoever ended would have stayed away: there is no supervisor here.
    assert figures["processes that ended"] == 0


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_nothing_is_lost_while_one_host_after_the_other_is_cut_off_for_a_minute() -> None:
    with spread_over_hosts() as spread:
        async with people_of(spread) as people:
            readers = await readers_who_agreed(people, READERS)
            for host, place in PLACES.items():
                figures = await cut_off(spread, people, readers, host, seconds=60)
                note("Four hosts, the network cut", figures, run=place)
                expect_nothing_lost(figures)
                if host == "one":
                    # The others went on, and readers noticed nothing.
                    assert set(figures["told meanwhile"].split()[::2]) >= {"Published"}
                else:
                    assert figures["the page meanwhile"] == ("503" if host == "data" else "no answer")
