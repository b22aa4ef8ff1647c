"""Events are told in order, at least once, by one listener at a time; Redis only wakes them sooner."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from moderation.decision import EventKind, Outcome
from moderation.outcomes import SIGNALS, Outcomes
from moderation.queue import connect
from moderation.store import Store
from tests.builders import NOW, STORY
from tests.desk import Desk

LEASE_S = 30.0
OVER = NOW + timedelta(seconds=LEASE_S)


async def leased(outcomes: Outcomes, at: timedelta = timedelta(), *, at_most: int = 100) -> list[int]:
    return [event.id for event in await outcomes.lease(at_most=at_most, lease_s=LEASE_S, now=NOW + at)]


async def test_the_events_of_one_comment_come_one_after_the_other(desk: Desk) -> None:
    await desk.publish()
    [received] = await desk.outcomes.lease(at_most=10, lease_s=LEASE_S, now=NOW)
    assert received.kind is EventKind.RECEIVED
    assert await leased(desk.outcomes) == [], "the next one waits until this one is told"
    await desk.outcomes.done(received.id, now=NOW)
    [published] = await desk.outcomes.lease(at_most=10, lease_s=LEASE_S, now=NOW)
    assert published.kind is EventKind.PUBLISHED and published.id > received.id
    await desk.outcomes.done(published.id, now=NOW)
    assert await leased(desk.outcomes, timedelta(days=1)) == []


async def test_events_of_different_comments_come_oldest_first_up_to_what_was_asked_for(desk: Desk) -> None:
    for number in range(5):
        await desk.receive(text=str(number))
    first = await leased(desk.outcomes, at_most=2)
    second = await leased(desk.outcomes, at_most=100)
    assert first + second == sorted(first + second) and (len(first), len(second)) == (2, 3)


async def test_an_event_whose_listener_died_is_given_to_another_when_the_lease_is_over(desk: Desk) -> None:
    await desk.receive()
    [event] = await leased(desk.outcomes)
    assert await leased(desk.outcomes, timedelta(seconds=LEASE_S - 1)) == []
    assert await leased(desk.outcomes, timedelta(seconds=LEASE_S)) == [event]


async def test_an_event_that_could_not_be_told_comes_back_when_it_is_due_and_holds_back_the_later_ones(
    desk: Desk,
) -> None:
    await desk.publish()
    [event] = await leased(desk.outcomes)
    await desk.outcomes.release(event, retry_at=NOW + timedelta(seconds=7))
    assert await leased(desk.outcomes, timedelta(seconds=6)) == []
    assert await leased(desk.outcomes, timedelta(seconds=7)) == [event]


async def test_what_was_told_stays_told(desk: Desk) -> None:
    await desk.receive()
    [event] = await leased(desk.outcomes)
    await desk.outcomes.done(event, now=NOW)
    await desk.outcomes.release(event, retry_at=NOW)
    assert await leased(desk.outcomes, timedelta(days=1)) == []


async def test_many_listeners_at_once_never_hold_the_same_event(desk: Desk) -> None:
    for number in range(30):
        await desk.receive(text=str(number))
    held = await asyncio.gather(*(leased(desk.outcomes, at_most=5) for _ in range(12)))
    together = [event for one in held for event in one]
    assert len(together) == len(set(together))
    rest = await leased(desk.outcomes)
    assert len(together) + len(rest) == 30


async def test_a_moderators_decision_is_due_after_the_time_to_undo(desk: Desk) -> None:
    held = await desk.hold()
    await desk.told()
    await desk.approve(held)
    assert await leased(desk.outcomes, timedelta(seconds=4.9)) == []
    assert len(await leased(desk.outcomes, timedelta(seconds=5))) == 1


async def test_what_changed_for_everybody_is_read_by_number_whether_or_not_it_was_told(desk: Desk) -> None:
    assert await desk.outcomes.newest_id() == 0
    first = await desk.publish()
    begun = await desk.outcomes.newest_id()
    await desk.hold()
    second = await desk.publish()
    elsewhere = await desk.publish(story="https://example.org/another")
    await desk.told()
    events = await desk.outcomes.visible_since(begun, story=STORY, at_most=10)
    assert [event.comment_id for event in events] == [second.comment_id]
    events = await desk.outcomes.visible_since(0, story=None, at_most=10)
    assert [event.comment_id for event in events] == [first.comment_id, second.comment_id, elsewhere.comment_id]
    assert len(await desk.outcomes.visible_since(0, story=None, at_most=2)) == 2
    assert await desk.outcomes.visible_since(10**30, story=None, at_most=2) == []
    assert len(await desk.outcomes.visible_since(-(10**30), story=None, at_most=2)) == 2


async def test_a_signal_wakes_a_waiting_listener(store: Store, redis: Redis) -> None:
    listener, worker = Outcomes(store, redis), Outcomes(store, redis)
    await listener.wait(timeout_s=60)  # the first one returns at once: a signal may have been missed
    waiting = asyncio.create_task(listener.wait(timeout_s=60))
    while not waiting.done():
        await worker.signal()
        await asyncio.wait([waiting], timeout=0.01)
    assert waiting.exception() is None


async def test_a_signal_given_while_nobody_waited_is_not_missed(desk: Desk, redis: Redis) -> None:
    listener, worker = Outcomes(desk.store, redis), Outcomes(desk.store, redis)
    await worker.signal()
    await listener.wait(timeout_s=60)
    await desk.receive()
    await worker.signal()
    began = time.monotonic()
    await listener.wait(timeout_s=60)
    assert time.monotonic() - began < 30
    [(_, newest)] = await redis.xrevrange(SIGNALS, count=1)
    assert newest == {"id": str(await desk.store.newest_event(visible_only=False))}


async def test_without_a_signal_a_wait_ends_after_its_time(store: Store, redis: Redis) -> None:
    listener = Outcomes(store, redis)
    await listener.wait(timeout_s=60)
    for timeout_s in (0.0, 0.05, 1.1):
        began = time.monotonic()
        await listener.wait(timeout_s=timeout_s)
        assert time.monotonic() - began >= timeout_s


async def test_signals_do_not_pile_up(store: Store, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.outcomes._SIGNALS_KEPT", 10)
    outcomes = Outcomes(store, redis)
    for _ in range(250):
        await outcomes.signal()
    # Redis trims whole nodes of a hundred entries at a time.
    assert await redis.xlen(SIGNALS) < 250


@pytest.mark.parametrize("address", [None, "unix:///nonexistent/redis.sock"])
async def test_without_redis_nothing_fails_and_waiting_takes_its_time(store: Store, address: str | None) -> None:
    redis = connect(address) if address else None
    outcomes = Outcomes(store, redis)
    await outcomes.signal()
    began = time.monotonic()
    await outcomes.wait(timeout_s=0.05)
    assert time.monotonic() - began >= 0.05


async def test_a_listener_finds_its_way_back_after_redis_forgot_everything(desk: Desk, redis: Redis) -> None:
    listener = Outcomes(desk.store, redis)
    await listener.wait(timeout_s=60)
    await redis.flushall()
    accepted = await desk.receive()
    await desk.screen(accepted, Outcome.PUBLISH)
    waiting = asyncio.create_task(listener.wait(timeout_s=60))
    while not waiting.done():
        await Outcomes(desk.store, redis).signal()
        await asyncio.wait([waiting], timeout=0.01)
    assert len(await listener.lease(at_most=10, lease_s=LEASE_S, now=NOW)) == 1


async def test_held_events_stay_with_whoever_tells_them(desk: Desk) -> None:
    await desk.receive()
    (event,) = await desk.outcomes.lease(at_most=5, lease_s=10, now=NOW)
    await desk.outcomes.hold([event.id], lease_s=10, now=NOW + timedelta(seconds=8))
    assert await desk.outcomes.lease(at_most=5, lease_s=10, now=NOW + timedelta(seconds=15)) == []
    assert len(await desk.outcomes.lease(at_most=5, lease_s=10, now=NOW + timedelta(seconds=19))) == 1


async def test_a_listener_that_is_told_to_stop_stops_whenever_that_is(desk: Desk, redis: Redis) -> None:
    outcomes = Outcomes(desk.store, redis)

    async def listen() -> None:
        while True:
            await outcomes.wait(timeout_s=0.003)

    for number in range(200):
        task = asyncio.create_task(listen())
        await asyncio.sleep(number % 10 / 1000)  # not waiting for anything: to meet it at every point of its round
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(task, return_exceptions=True)
