"""Whose turn it is, by a key in Redis that forgets itself. For work that does no harm when two do it at once."""

from __future__ import annotations

from typing import Any


async def take_turn(redis: Any, key: str, *, holder: str, lasts_s: float) -> bool:
    """Whether the key was free; it is `holder`'s now, for so long. Raises what redis-py raises.

    A key that would outlast that was written by no part of ours. Whatever it holds, it goes after `lasts_s`: else one
    stray SET without an expiry would leave the work to nobody, for ever.
    """
    lasts_ms = max(1, round(lasts_s * 1000))
    if await redis.set(key, holder, nx=True, px=lasts_ms):
        return True
    if not is_leased(await redis.pttl(key), at_most_ms=lasts_ms):
        await redis.pexpire(key, lasts_ms)
    return False


def is_leased(left_ms: int, *, at_most_ms: int) -> bool:
    """Whether a key with so much time left, as PTTL says it, goes by itself within the longest time it is ever given.

    -1 says that it never does; -2, that it is gone, needs nothing done.
    """
    return left_ms == -2 or 0 <= left_ms <= at_most_ms
