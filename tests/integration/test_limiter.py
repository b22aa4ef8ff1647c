"""The limiter, on Redis and without: no window ever holds more than it may, and a pause is kept."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

import bot.limiter
from bot.limiter import ANSWERS_WITHIN_S, AT_ONCE, SLOWER, STALE_S, USED, Limiter, Rates
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


@pytest.mark.parametrize("alert", [False, True])
async def test_no_second_holds_more_than_may_go_in_it(limiter: Limiter, alert: bool) -> None:
    times: list[float] = []

    async def send(chat: int) -> None:
        await limiter.place(chat, alert=alert)
        times.append(time.monotonic())

    await asyncio.gather(*(send(chat) for chat in range(1, 4 * RATES.per_s)))
    for first, beyond in zip(times, times[RATES.per_s :], strict=False):
        # Redis and we read two clocks, and who is told so may be told late.
        assert beyond - first >= 1 - 0.02
    assert times == sorted(times), "who comes first goes first"
    assert times[AT_ONCE - 1 - alert] - times[0] < AT_ONCE / RATES.per_s
    assert times[AT_ONCE + 1] - times[0] > 0.5 / RATES.per_s, "no more than a few at once after a rest"


async def test_what_may_go_goes(limiter: Limiter) -> None:
    began = time.monotonic()
    await asyncio.gather(*(limiter.place(chat, alert=True) for chat in range(1, 4 * RATES.per_s + 1)))
    assert time.monotonic() - began < 1.25 * RATES.takes_s(4 * RATES.per_s), "no place is left unused"


async def test_an_answer_goes_before_every_alert_that_waits(limiter: Limiter) -> None:
    gone: list[str] = []

    async def send(chat: int, kind: str) -> None:
        await limiter.place(chat, alert=kind == "alert")
        gone.append(kind)

    sending = [asyncio.create_task(send(chat, "alert")) for chat in range(1, 51)]
    await asyncio.sleep(0.1)
    before = len(gone)
    sending += [asyncio.create_task(send(chat, "answer")) for chat in range(51, 61)]
    await asyncio.gather(*sending)
    last = max(at for at, kind in enumerate(gone) if kind == "answer")
    assert last - before < 10 + 10 // 2, "of two places at least one is an answer's"


async def test_who_can_go_soonest_is_not_kept_by_who_waits_for_a_chat(limiter: Limiter) -> None:
    for _ in range(RATES.chat_at_most):
        await limiter.place(1)
    waiting = asyncio.create_task(limiter.place(1))
    await asyncio.sleep(0)
    began = time.monotonic()
    await limiter.place(2)
    assert time.monotonic() - began < RATES.chat_window_s / 2
    assert not waiting.done()
    await waiting


async def test_a_last_look_is_taken_shortly_before_and_may_call_it_off(limiter: Limiter) -> None:
    looks: list[float] = []

    async def look() -> None:
        looks.append(time.monotonic())

    async def called_off() -> None:
        raise LookupError

    for chat in range(1, 30):
        await limiter.place(chat)
    await limiter.place(30, last_look=look)
    assert time.monotonic() - looks[-1] < STALE_S
    with pytest.raises(LookupError):
        await limiter.place(31, last_look=called_off)
    assert await limiter.place(32, at_most_s=1) == 0, "who did not go holds up nobody"


async def test_who_waits_in_line_for_too_long_is_told_so(limiter: Limiter) -> None:
    line = [asyncio.create_task(limiter.place(chat, alert=True)) for chat in range(1, 51)]
    await asyncio.sleep(0)
    began = time.monotonic()
    assert await limiter.place(99, alert=True, at_most_s=0.1) > 0
    assert time.monotonic() - began < 0.5
    await asyncio.gather(*line)


async def test_processes_share_what_may_go(redis: Redis) -> None:
    limiters = [Limiter(redis, rates=RATES) for _ in range(4)]
    times: list[float] = []

    async def send(limiter: Limiter, chat: int) -> None:
        await limiter.place(chat, alert=True)
        times.append(time.monotonic())

    await asyncio.gather(*(send(limiters[chat % 4], chat) for chat in range(1, 3 * RATES.per_s)))
    times.sort()
    assert all(beyond - first >= 1 - 0.02 for first, beyond in zip(times, times[RATES.per_s :], strict=False))


async def test_a_place_that_is_used_late_counts_from_then(redis: Redis) -> None:
    limiter = Limiter(redis, rates=Rates(per_s=2))
    taken = [await limiter._ask(chat, take=True, alert=False) for chat in (1, 2)]
    await asyncio.sleep(0.5)
    limiter._use(taken[0], 1, asked_at=time.monotonic() - 0.5)
    used = USED.get()
    assert used is not None
    used()
    await asyncio.gather(*limiter._telling)
    waits = await limiter._ask(3, take=False, alert=False)
    assert 0.4 < waits.all_s < 0.55, "of the two the other one is the older now"


async def test_after_telegram_made_everybody_wait_all_go_slower(redis: Redis) -> None:
    limiter = Limiter(redis, rates=Rates(per_s=10))
    for chat in (1, 2):
        await limiter.pause(chat, for_s=0.01)
    await asyncio.sleep(0.05)
    for chat in range(3, 13):
        assert await limiter.place(chat, at_most_s=3) == 0
    assert await limiter.wait_s(14) > 0
    places = [float(at) for at in await redis.lrange("baithak:limiter:sent", 0, -1)]
    assert len(places) == 10
    assert 0 < await redis.ttl("baithak:limiter:wishes") <= 600
    beyond = asyncio.create_task(limiter.place(15))
    await beyond
    (newest,) = await redis.lrange("baithak:limiter:sent", 0, 0)
    assert float(newest) - places[-1] >= 1000 * SLOWER


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


class Stuck:
    """A Redis that takes every question and answers none."""

    async def eval(self, *given: object) -> None:
        """Never answers."""
        await asyncio.Event().wait()


async def test_a_redis_that_hangs_costs_no_more_than_one_that_is_gone() -> None:
    limiter, began = Limiter(Stuck(), rates=RATES), time.monotonic()  # type: ignore[arg-type]  # what of it is used
    assert await asyncio.gather(*(limiter.place(chat, alert=True, at_most_s=20) for chat in range(1, 61))) == [0] * 60
    assert time.monotonic() - began < 2 * (ANSWERS_WITHIN_S + RATES.takes_s(60))


class Flapping:
    """A Redis that breaks at every second question."""

    def __init__(self, redis: Redis) -> None:
        self._redis, self._asked = redis, 0

    async def eval(self, *given: object) -> object:
        """Answers, or not."""
        self._asked += 1
        if self._asked % 2:
            raise RedisError
        return await self._redis.eval(*given)  # type: ignore[misc,arg-type]  # as it was asked


async def test_a_redis_that_comes_and_goes_lets_no_more_through(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.limiter, "AWAY_S", 0.2)
    limiter = Limiter(Flapping(redis), rates=RATES)  # type: ignore[arg-type]  # what of it is used
    times: list[float] = []
    for chat in range(1, 4 * RATES.per_s):
        await limiter.place(chat)
        times.append(time.monotonic())
    assert all(beyond - first >= 1 - 0.02 for first, beyond in zip(times, times[RATES.per_s :], strict=False))


async def test_a_look_without_end_holds_up_nobody(limiter: Limiter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.limiter, "LOOKS_WITHIN_S", 0.2)

    async def look() -> None:
        await asyncio.Event().wait()

    looking = asyncio.create_task(limiter.place(1, alert=True, at_most_s=1, last_look=look))
    await asyncio.sleep(0)
    assert await limiter.place(2, alert=True, at_most_s=1) == 0
    assert await looking > 0


async def test_what_was_on_its_way_when_all_were_paused_neither_ends_that_nor_says_anything_new(redis: Redis) -> None:
    limiter = Limiter(redis, rates=RATES)
    for chat in (1, 2):
        await limiter.pause(chat, for_s=30)
    for chat in range(3, 20):
        await limiter.pause(chat, for_s=1)
    for one in (limiter, Limiter(redis, rates=RATES)):
        assert await one.wait_s(99) > 29
    assert await redis.get("baithak:limiter:wishes") == "1"
