"""The clock is set an hour on or back: nobody is taken for dead, nothing is queued twice or waits for the hour."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from redis.asyncio import Redis

from moderation.queue import STREAM, ScreeningQueue, connect
from moderation.store import Store
from tests.fake_classifier import FakeClassifier
from tests.faults.ledger import read_ledger
from tests.faults.shift import Keeper, Manner, now, receive_many, working


class JumpingClock:
    """The time it is, and from the first screening on so much later."""

    def __init__(self, jump: timedelta) -> None:
        self._jump = jump
        self.has_jumped = False

    def __call__(self) -> datetime:
        return now() + self._jump if self.has_jumped else now()

    def jump(self, _: str) -> None:
        """What the first screening does; each takes long enough for some looks of the sweeper at what waits."""
        self.has_jumped = True
        time.sleep(0.03)


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_that_jumps_expires_nothing_and_starts_no_storm(
    hours: int, store: Store, redis: Redis, redis_address: str
) -> None:
    clock = JumpingClock(timedelta(hours=hours))
    queued, lost = await receive_many(store, 20), await receive_many(store, 20)
    await ScreeningQueue(redis, at_most=1000).enqueue(queued)
    keeper = Keeper(FakeClassifier(before=clock.jump))
    manner = Manner(workers=1, keeper=keeper, batch_at_most=4, retry_after_s=30, clock=clock)
    async with working(store, lambda: connect(redis_address), manner) as shift:
        await shift.decided(within_s=20)
    assert clock.has_jumped
    assert shift.handed_out_again == 0
    assert (await redis.xinfo_stream(STREAM))["entries-added"] == len(queued) + len(lost)
    ledger = await read_ledger(store.database.address)
    assert (ledger.undecided, ledger.decided_twice, ledger.without_audit) == (0, 0, 0)
