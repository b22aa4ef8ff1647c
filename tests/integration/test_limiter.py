"""The limiter, on Redis and without: no window ever holds more than it may, and a pause is kept."""

from __future__ import annotations

import time

import pytest
from redis.asyncio import Redis

from bot.limiter import Limiter, Rates
from moderation.queue import connect

RATES = Rates(per_s=50, chat_at_most=3, chat_window_s=0.4, group_at_most=2, group_window_s=0.6)


@pytest.fixture(params=["redis", "local", "redis gone"])
async def limiter(request: pytest.FixtureRequest, redis: Redis) -> Limiter:
    """A limiter of each kind."""
    if request.param == "redis":
        return Limiter(redis, rates=RATES)
    return Limiter(None if request.param == "local" else connect("unix:///nowhere/redis.sock"), rates=RATES)


async def times_of(limiter: Limiter, chat: int, count: int) -> list[float]:
    """When each of so many messages to one chat may go."""
    times: list[float] = []
    for _ in range(count):
        await limiter.place(chat)
        times.append(time.monotonic())
    return times


@pytest.mark.parametrize(("chat", "at_most", "window_s"), [(1, 3, 0.4), (-1, 2, 0.6)])
async def test_no_window_holds_more_than_a_chat_may_have(
    limiter: Limiter, chat: int, at_most: int, window_s: float
) -> None:
    times = await times_of(limiter, chat, at_most * 2 + 1)
    for first, beyond in zip(times, times[at_most:], strict=False):
        # Redis and we read two clocks, and waiting is counted in whole milliseconds.
        assert beyond - first >= window_s - 0.02
    assert times[at_most - 1] - times[0] < window_s


async def test_all_chats_together_keep_the_pace(limiter: Limiter) -> None:
    began = time.monotonic()
    for chat in range(1, 27):
        await limiter.place(chat)
    assert time.monotonic() - began >= (26 - 2) / RATES.per_s - 0.02


async def test_an_alert_leaves_room_for_an_answer(limiter: Limiter) -> None:
    await limiter.place(1)
    assert await limiter._ask(2, take=False, alert=True) > 0
    assert await limiter.wait_s(2) == 0


async def test_asking_takes_no_place(limiter: Limiter) -> None:
    for _ in range(10):
        assert await limiter.wait_s(1) == 0


async def test_a_pause_is_the_chats_own_until_a_second_chat_is_paused(limiter: Limiter) -> None:
    await limiter.pause(1, for_s=5)
    assert await limiter.wait_s(1) > 4
    assert await limiter.wait_s(3) == 0
    await limiter.pause(-1, for_s=5)
    assert await limiter.wait_s(3) == 0
    await limiter.pause(2, for_s=5)
    assert await limiter.wait_s(3) > 4


async def test_other_processes_keep_the_pause_too(redis: Redis) -> None:
    await Limiter(redis, rates=RATES).pause(-7, for_s=5)
    assert await Limiter(redis, rates=RATES).wait_s(-7) > 4
    assert await Limiter(redis, rates=RATES).wait_s(-8) == 0
