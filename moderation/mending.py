"""What Redis refuses because of what is in it, or no longer is, mended: the queue may lose all of it and go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from redis.exceptions import ResponseError

log = structlog.get_logger(__name__)

T = TypeVar("T")

# As Redis says it to who reads, to who was blocked meanwhile, to who asks about the stream; and as fakeredis says it.
_GROUP_IS_MISSING = ("NOGROUP", "UNBLOCKED", "no such key", "requires the key to exist")

# As Redis says it where an id was used after which there is no other, and where a key holds no stream.
_UNUSABLE = ("equal or smaller", "exhausted", "WRONGTYPE")


async def with_group(redis: Any, stream: str, group: str, *, ask: Callable[[], Awaitable[T]]) -> T:
    """The answer of `ask`, after making the group where it is missing: FLUSHALL or an empty restart took it."""
    try:
        return await ask()
    except ResponseError as error:
        if not any(word in str(error) for word in _GROUP_IS_MISSING):
            raise
    try:
        # From id 0: what was added before the group existed is work too.
        await redis.xgroup_create(stream, group, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise
    return await ask()


async def usable(redis: Any, stream: str, *, ask: Callable[[], Awaitable[T]], noted: str) -> T:
    """The answer of `ask`, after deleting a stream to which nothing can be added, as somebody may have left it.

    `noted` goes with it: the key by which it is known later that something was lost.
    """
    try:
        return await ask()
    except ResponseError as error:
        if not any(word in str(error) for word in _UNUSABLE):
            raise
    log.error("unusable stream deleted", stream=stream, advice="find out who else writes to this Redis")
    await redis.delete(stream, noted)
    return await ask()
