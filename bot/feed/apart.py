"""A large feed read in a process of its own: for a bounded time, in bounded memory, and while others get the processor.

    read_apart → python -m bot.feed.apart: what is asked and the feed in, its stories as JSON out

What reads a feed holds Python's lock for as long as it takes, and a feed can be made to take seconds: in a thread each
of the bot's answers would wait for it again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.feed.fetch import FeedRefused
from bot.feed.reading import Reading, read_feed
from bot.feed.sources import FeedSource
from bot.story import FeedStory

LARGE = 256 * 1024
"""Bytes from which on a feed is read apart: to begin a process takes as long as to read so much."""

READ_S = 15.0
PROCESSOR_S = 10
MEMORY = 2**30
"""Bounds of a large feed's process: seconds in all, of the processor, and bytes of memory."""


async def read_apart(
    body: bytes, source: FeedSource, *, content_type: str | None, address: str, now: datetime
) -> Reading:
    """What `read_feed` gives. Raises FeedRefused, also where that takes longer or more memory than a feed may."""
    asked: dict[str, Any] = {
        "source": asdict(source),
        "content_type": content_type,
        "address": address,
        "now": now.isoformat(),
    }
    asked |= {"memory": MEMORY}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(READ_S):
            said, _ = await process.communicate(json.dumps(asked).encode() + b"\n" + body)
    except TimeoutError:
        raise FeedRefused(f"takes longer than {READ_S:.0f} s to read") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise FeedRefused("takes more time or memory to read than a feed may")
    answer = json.loads(said)
    if "refused" in answer:
        raise FeedRefused(answer["refused"])
    stories = tuple(_story(one) for one in answer["stories"])
    return Reading(stories, tuple(answer["problems"]))


def _story(given: dict[str, Any]) -> FeedStory:
    read_in = tuple((language, address) for language, address in given["read_in"])
    return FeedStory(**(given | {"published_at": datetime.fromisoformat(given["published_at"]), "read_in": read_in}))


def main() -> None:
    """Read the feed on the standard input and say on the output what it holds, or why it is refused."""
    asked = json.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))
    os.nice(10)
    body = sys.stdin.buffer.read()
    try:
        reading = read_feed(
            body,
            FeedSource(**(asked["source"] | {"read_in": tuple(map(tuple, asked["source"]["read_in"]))})),
            content_type=asked["content_type"],
            address=asked["address"],
            now=datetime.fromisoformat(asked["now"]),
        )
    except FeedRefused as error:
        answer: dict[str, Any] = {"refused": str(error)}
    else:
        stories = [asdict(one) | {"published_at": one.published_at.isoformat()} for one in reading.stories]
        answer = {"stories": stories, "problems": reading.problems}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
