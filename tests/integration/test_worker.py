"""The worker on a real store: everything received is decided once, whatever raises, hangs, dies or goes away."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from structlog.testing import capture_logs

import moderation.worker
from moderation.comment import CommentStatus
from moderation.decision import Reason
from moderation.errors import QueueUnavailable
from moderation.intake import Accepted
from moderation.outcomes import Outcomes
from moderation.policy import RuleSettings
from moderation.queue import Job
from moderation.store import Store
from moderation.switch import SwitchKind
from moderation.worker import HUNG, Pace, Worker
from tests.builders import NOW, policy
from tests.desk import Desk
from tests.fake_classifier import FakeClassifier
from tests.fake_queue import FakeQueue

PUBLISHED, HELD, REJECTED = CommentStatus.PUBLISHED, CommentStatus.HELD, CommentStatus.REJECTED
RECEIVED, WITHDRAWN = CommentStatus.RECEIVED, CommentStatus.WITHDRAWN

PACE = Pace(batch_at_most=64, retry_after_s=0.02, deliveries_at_most=3, screen_timeout_s=10)
NO_RULES = policy()


class Keeper:
    """Holds the classifier a test gives it."""

    def __init__(self, classifier: FakeClassifier | None) -> None:
        self.classifier = classifier
        self.looks = 0

    async def refresh(self) -> None:
        self.looks += 1


class Signals:
    """Counts how often listeners were woken."""

    def __init__(self) -> None:
        self.count = 0

    async def signal(self) -> None:
        self.count += 1


@dataclass
class Bench:
    """A worker with everything around it within reach."""

    desk: Desk
    store: Store
    queue: FakeQueue
    keeper: Keeper
    signals: Signals

    def worker(self, *, pace: Pace = PACE, with_policy: Any = NO_RULES, consumer: str = "w1") -> Worker:
        return Worker(
            store=self.store,
            queue=self.queue,  # type: ignore[arg-type]  # passes the same contract tests
            outcomes=self.signals,  # type: ignore[arg-type]  # notes what was signalled
            keeper=self.keeper,  # type: ignore[arg-type]  # holds a classifier, which is all that is asked
            policy=with_policy,
            pace=pace,
            consumer=consumer,
            clock=lambda: NOW,
        )

    async def receive(self, text: str = "A fair report.", *, queued: bool = True, **given: Any) -> Accepted:
        accepted = await self.desk.receive(text=text, **given)
        if queued:
            await self.queue.enqueue([accepted.revision_id])
        return accepted

    async def status(self, accepted: Accepted) -> CommentStatus:
        return await self.desk.status(accepted)

    async def reason(self, accepted: Accepted) -> Reason | None:
        decision = (await self.desk.record(accepted)).decision
        return decision.reason if decision is not None else None

    async def until(self, met: Callable[[], Any]) -> None:
        while True:
            now = met()
            if (await now) if asyncio.iscoroutine(now) else now:
                return
            await asyncio.sleep(0.005)


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(Desk.of(store), store, FakeQueue(), Keeper(FakeClassifier()), Signals())


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake queue is looked at often: nothing wakes who waits at it."""
    monkeypatch.setattr(moderation.worker, "WAIT_S", 0.02)


@contextlib.asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[asyncio.Event]:
    """The worker at work while the block lasts."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        assert await task == 0


async def test_each_comment_is_decided_by_what_it_says(bench: Bench) -> None:
    texts = {"A general was killed.": PUBLISHED, "insult=0.7": HELD, "insult=0.95": REJECTED}
    received = {text: await bench.receive(text) for text in texts}
    assert await bench.worker().round() == 3
    assert {text: await bench.status(accepted) for text, accepted in received.items()} == texts
    assert bench.keeper.classifier is not None
    assert bench.keeper.classifier.batches == [3]
    assert bench.queue.entries == {}
    assert bench.signals.count == 1


async def test_a_decision_tells_model_terms_scores_and_findings(bench: Bench) -> None:
    accepted = await bench.receive("insult=0.7")
    await bench.worker().round()
    decision = (await bench.desk.record(accepted)).decision
    assert decision is not None
    assert (decision.model, decision.terms, decision.clause) == ("test.1", NO_RULES.version, "3.2")
    assert decision.scores["insult"] == 0.7
    assert [finding.label for finding in decision.findings] == ["insult"]


async def test_logs_carry_no_reader_s_words(bench: Bench) -> None:
    await bench.receive("zanzibar insult=0.7")
    with capture_logs() as logs:
        await bench.worker().round()
    assert [entry["event"] for entry in logs] == ["decided"]
    assert "zanzibar" not in str(logs)


async def test_no_more_than_a_batch_is_taken_at_once(bench: Bench) -> None:
    for number in range(5):
        await bench.receive(f"Comment {number}")
    worker = bench.worker(pace=replace(PACE, batch_at_most=2))
    assert [await worker.round() for _ in range(3)] == [2, 2, 1]


async def test_one_revision_queued_twice_is_decided_once(bench: Bench) -> None:
    accepted = await bench.receive()
    await bench.queue.enqueue([accepted.revision_id] * 2)
    await bench.worker().round()
    await bench.queue.enqueue([accepted.revision_id])
    assert await bench.worker().round() == 0
    assert (await bench.desk.acts(accepted)).count("screen: received → published") == 1
    assert bench.queue.entries == {}


async def test_two_workers_with_the_same_comment_decide_it_once(bench: Bench) -> None:
    accepted = await bench.receive()
    other = FakeQueue()
    await other.enqueue([accepted.revision_id])
    second = replace(bench, queue=other)
    assert sum(await asyncio.gather(bench.worker().round(), second.worker().round())) == 1
    assert len(await bench.desk.acts(accepted)) == 2


async def test_what_its_author_took_back_is_not_decided(bench: Bench) -> None:
    accepted = await bench.receive()
    await bench.desk.intake.withdraw(accepted.comment_id, author="telegram:1001", now=NOW)
    assert await bench.worker().round() == 0
    assert await bench.status(accepted) is WITHDRAWN


async def test_an_edit_during_the_screening_leaves_the_old_text_undecided(bench: Bench) -> None:
    loop = asyncio.get_running_loop()
    accepted = await bench.receive("first text")

    def edit(text: str) -> None:
        if text == "first text":
            edited = bench.desk.edit(accepted, "second text")
            asyncio.run_coroutine_threadsafe(edited, loop).result(timeout=10)

    bench.keeper.classifier = FakeClassifier(before=edit)
    assert await bench.worker().round() == 0
    assert await bench.status(accepted) is RECEIVED


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(SwitchKind.HOLD, Reason.HELD_FOR_READING), (SwitchKind.STOP, Reason.PUBLISHING_STOPPED)],
)
async def test_a_switch_begun_during_the_screening_holds_what_was_about_to_be_published(
    bench: Bench, kind: SwitchKind, reason: Reason
) -> None:
    screening, go_on = threading.Event(), threading.Event()

    def before(text: str) -> None:
        screening.set()
        go_on.wait(10)

    bench.keeper.classifier = FakeClassifier(before=before)
    fair, insult = await bench.receive(), await bench.receive("insult=0.95")
    with capture_logs() as logs:
        working = asyncio.create_task(bench.worker().round())
        await bench.until(screening.is_set)
        await bench.desk.switch(kind)
        go_on.set()
        assert await working == 2
    assert (await bench.status(fair), await bench.reason(fair)) == (HELD, reason)
    assert await bench.status(insult) is REJECTED
    told = [(one["comment"], one["outcome"]) for one in logs if one["event"] == "decided"]
    assert told == [(fair.comment_id, "hold"), (insult.comment_id, "reject")]


async def test_what_came_before_a_comment_is_known_to_the_checks(bench: Bench) -> None:
    rules = {
        "repeats": RuleSettings("5.1", "hold", {"same_author": 3, "other_authors": 5, "within_s": 3600}),
        "flooding": RuleSettings("3.2", "hold", {"comments": 4, "per_s": 60}),
    }
    worker = bench.worker(with_policy=policy(rules=rules))
    same = [await bench.receive("Buy two, get one free at the new market") for _ in range(3)]
    fourth, fifth = await bench.receive("Something else entirely"), await bench.receive("And one more")
    await worker.round()
    assert [await bench.status(accepted) for accepted in same] == [PUBLISHED, PUBLISHED, HELD]
    assert [await bench.status(fourth), await bench.status(fifth)] == [PUBLISHED, HELD]


async def test_a_text_that_raises_is_held_and_its_neighbours_are_decided(bench: Bench) -> None:
    def before(text: str) -> None:
        if "poison" in text:
            raise UnicodeEncodeError("utf-8", text, 0, 1, "surrogates not allowed")

    bench.keeper.classifier = FakeClassifier(before=before)
    ordinary = [await bench.receive(f"Comment {number}") for number in range(9)]
    poison = await bench.receive("poison")
    assert await bench.worker().round() == 10
    assert {await bench.status(accepted) for accepted in ordinary} == {PUBLISHED}
    assert (await bench.status(poison), await bench.reason(poison)) == (HELD, Reason.POISON)
    assert bench.queue.entries == {}


async def test_without_a_model_everything_is_held_until_there_is_one(bench: Bench) -> None:
    bench.keeper.classifier = None
    worker = bench.worker()
    first = await bench.receive()
    await worker.round()
    bench.keeper.classifier = FakeClassifier("test.2")
    second = await bench.receive("Another one")
    await worker.round()
    assert (await bench.status(first), await bench.reason(first)) == (HELD, Reason.UNSCREENED)
    assert await bench.status(second) is PUBLISHED


@pytest.mark.parametrize(
    ("left", "deliveries_at_most", "batches"),
    [(1, 3, [3]), (2, 3, [1, 1, 1]), (1, 2, [1, 1, 1])],
    ids=["once: together", "again: by itself", "no try to spare: by itself"],
)
async def test_what_other_workers_left_is_taken_over(
    bench: Bench, left: int, deliveries_at_most: int, batches: list[int]
) -> None:
    for number in range(3):
        await bench.receive(f"Comment {number}")
    await bench.queue.claim("dead", wait_s=0, at_most=10)
    for _ in range(left - 1):
        await bench.queue.reclaim("dead", idle_s=0, at_most=10)
    bench.queue.age()
    worker = bench.worker(pace=replace(PACE, deliveries_at_most=deliveries_at_most))
    assert sum([await worker.round() for _ in range(3)]) == 3
    assert bench.keeper.classifier is not None
    assert bench.keeper.classifier.batches == batches


async def test_a_worker_that_waits_for_news_takes_over_what_another_left_meanwhile(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation.worker, "WAIT_S", 4.9)
    accepted = await bench.receive(queued=False)
    async with running(bench.worker()):
        await bench.until(lambda: bench.queue.lives)
        await bench.queue.enqueue([accepted.revision_id])
        await bench.queue.claim("dead", wait_s=0, at_most=1)
        bench.queue.age()
        async with asyncio.timeout(3):
            await bench.until(lambda: is_published(bench, accepted))


async def test_what_was_just_taken_by_another_is_left_to_it(bench: Bench) -> None:
    await bench.receive()
    await bench.queue.claim("busy", wait_s=0, at_most=1)
    assert await bench.worker(pace=replace(PACE, retry_after_s=60)).round() == 0


async def test_what_stopped_too_many_workers_goes_to_a_person_unscreened(bench: Bench) -> None:
    accepted = await bench.receive()
    for _ in range(3):
        await bench.queue.claim("dead", wait_s=0, at_most=1)
        await bench.queue.reclaim("dead", idle_s=0, at_most=1)
    bench.queue.age()
    assert await bench.worker().round() == 1
    assert (await bench.status(accepted), await bench.reason(accepted)) == (HELD, Reason.POISON)
    assert bench.queue.buried == [(accepted.revision_id, "stops workers")]
    assert bench.keeper.classifier is not None
    assert bench.keeper.classifier.batches == []


@pytest.fixture
def released() -> Any:
    """An event on which a hanging screening waits; set when the test is over, so that its thread ends."""
    event = threading.Event()
    yield event
    event.set()


def hanging(released: threading.Event) -> FakeClassifier:
    return FakeClassifier(before=lambda text: released.wait(60) if "hang" in text else None)


async def test_a_batch_that_hangs_ends_the_worker_and_stays_pending(bench: Bench, released: threading.Event) -> None:
    bench.keeper.classifier = hanging(released)
    fine, hangs = await bench.receive("fine"), await bench.receive("hang")
    worker = bench.worker(pace=replace(PACE, screen_timeout_s=0.05, retry_after_s=60))
    assert await worker.run(asyncio.Event()) == HUNG
    assert [await bench.status(fine), await bench.status(hangs)] == [RECEIVED, RECEIVED]
    assert (await bench.queue.size()).pending == 2


async def test_after_a_hang_the_one_that_hangs_is_held_and_the_others_are_decided(
    bench: Bench, released: threading.Event
) -> None:
    bench.keeper.classifier = hanging(released)
    fine = [await bench.receive("fine"), await bench.receive("fine too")]
    hangs = await bench.receive("hang")
    await bench.queue.claim("hung", wait_s=0, at_most=10)
    bench.queue.age()
    pace = replace(PACE, screen_timeout_s=0.05)
    starts = 0
    while bench.queue.entries:
        starts += 1
        with capture_logs():
            assert await bench.worker(pace=pace, consumer=f"w{starts}").run(asyncio.Event()) == HUNG
    assert {await bench.status(accepted) for accepted in fine} == {PUBLISHED}
    assert (await bench.status(hangs), await bench.reason(hangs)) == (HELD, Reason.POISON)
    assert bench.queue.buried == [(hangs.revision_id, "hangs")]
    assert starts == 2, "the first takes all of them over together, the second each by itself"


async def test_the_guard_stands_around_every_screening(bench: Bench) -> None:
    steps: list[str] = []

    @contextlib.contextmanager
    def guard() -> Any:
        steps.append("armed")
        yield
        steps.append("disarmed")

    bench.keeper.classifier = FakeClassifier(before=lambda text: steps.append("screened"))
    worker = bench.worker()
    worker._guard = guard
    await bench.receive()
    await worker.round()
    assert steps == ["armed", "screened", "disarmed"]


def failing(times: int, error: Exception, real: Any) -> Any:
    """`real`, after failing so many times."""
    left = [times]

    async def ask(*args: Any, **named: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise error
        return await real(*args, **named)

    return ask


LOCKED = OperationalError("update", {}, Exception("database is locked"))


async def test_while_the_database_fails_a_batch_waits_and_is_then_decided(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = await bench.receive()
    monkeypatch.setattr(bench.store, "for_screening", failing(2, LOCKED, bench.store.for_screening))
    monkeypatch.setattr(moderation.worker, "enforce", failing(1, LOCKED, moderation.worker.enforce))
    monkeypatch.setattr(moderation.worker, "BACK_OFF_S", (0.001,) * 6)
    assert await bench.worker().round() == 1
    assert await bench.status(accepted) is PUBLISHED


async def test_told_to_stop_while_the_database_fails_the_worker_leaves_its_batch_pending(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = await bench.receive()
    tries: list[int] = []

    async def locked(*args: Any) -> Any:
        tries.append(1)
        raise LOCKED

    monkeypatch.setattr(moderation.worker, "enforce", locked)
    async with running(bench.worker()):
        await bench.until(lambda: len(tries) > 1)
    assert await bench.status(accepted) is RECEIVED
    assert (await bench.queue.size()).pending == 1


async def test_a_fault_in_deciding_acknowledges_nothing_and_does_not_end_the_worker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = await bench.receive()
    broken = failing(1, IntegrityError("insert", {}, Exception("no")), moderation.worker.enforce)
    monkeypatch.setattr(moderation.worker, "enforce", broken)
    with capture_logs() as logs:
        async with running(bench.worker()):
            await bench.until(lambda: not bench.queue.entries)
    assert await bench.status(accepted) is PUBLISHED
    assert "round broken" in {entry["event"] for entry in logs}


async def test_a_comment_whose_decision_cant_be_stored_is_held_by_itself_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = moderation.worker.enforce

    async def enforce(store: Store, decisions: Any) -> Any:
        if any(decision.scores["insult"] == 0.7 for _, decision in decisions):
            raise IntegrityError("update", {}, Exception("can't be stored"))
        return await real(store, decisions)

    monkeypatch.setattr(moderation.worker, "enforce", enforce)
    monkeypatch.setattr(moderation.worker, "BACK_OFF_S", (0.001,) * 6)
    fine, odd = await bench.receive(), await bench.receive("insult=0.7")
    async with running(bench.worker()):
        await bench.until(lambda: not bench.queue.entries)
    assert await bench.status(fine) is PUBLISHED
    assert (await bench.status(odd), await bench.reason(odd)) == (HELD, Reason.POISON)


async def test_while_redis_is_gone_comments_are_decided_from_the_store(bench: Bench) -> None:
    bench.queue.gone = True
    async with running(bench.worker()):
        received = [await bench.receive(f"Comment {number}", queued=False) for number in range(40)]
        await bench.until(lambda: everything_decided(bench))
        bench.queue.gone = False
        last = await bench.receive("Redis is back")
        await bench.until(lambda: not bench.queue.entries)
    assert {await bench.status(accepted) for accepted in [*received, last]} == {PUBLISHED}


async def everything_decided(bench: Bench) -> bool:
    later = NOW.replace(year=NOW.year + 1)
    return not await bench.store.unscreened(older_than=later, limit=1)


async def test_a_text_that_hangs_while_redis_is_gone_is_held(bench: Bench, released: threading.Event) -> None:
    bench.keeper.classifier = hanging(released)
    bench.queue.gone = True
    fine, hangs = await bench.receive("fine", queued=False), await bench.receive("hang", queued=False)
    worker = bench.worker(pace=replace(PACE, screen_timeout_s=0.05))
    assert await worker.run(asyncio.Event()) == HUNG
    assert await bench.status(fine) is PUBLISHED
    assert (await bench.status(hangs), await bench.reason(hangs)) == (HELD, Reason.POISON)


async def test_with_redis_gone_and_the_database_failing_the_worker_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.queue.gone = True
    accepted = await bench.receive(queued=False)
    monkeypatch.setattr(bench.store, "unscreened", failing(2, LOCKED, bench.store.unscreened))
    async with running(bench.worker()):
        await bench.until(lambda: is_published(bench, accepted))


async def is_published(bench: Bench, accepted: Accepted) -> bool:
    return await bench.status(accepted) is PUBLISHED


async def test_a_lost_acknowledgement_decides_nothing_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = await bench.receive()
    monkeypatch.setattr(bench.queue, "ack", failing(1, QueueUnavailable("gone"), bench.queue.ack))
    async with running(bench.worker()):
        await bench.until(lambda: not bench.queue.entries)
    assert (await bench.desk.acts(accepted)).count("screen: received → published") == 1


async def test_listeners_that_cant_be_woken_stop_nobody(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = await bench.receive()
    monkeypatch.setattr(bench.signals, "signal", failing(1, LOCKED, bench.signals.signal))
    assert await bench.worker().round() == 1
    assert await bench.status(accepted) is PUBLISHED


async def test_a_slow_batch_is_kept_from_the_other_workers(bench: Bench) -> None:
    touched = asyncio.Event()
    slow = threading.Event()
    real = bench.queue.touch

    async def touch(consumer: str, jobs: list[Job]) -> None:
        await real(consumer, jobs)
        touched.set()
        slow.set()
        raise QueueUnavailable("gone just now")

    bench.queue.touch = touch  # type: ignore[method-assign, assignment]  # what fails on purpose
    bench.keeper.classifier = FakeClassifier(before=lambda text: slow.wait(10))
    accepted = await bench.receive()
    assert await bench.worker(pace=replace(PACE, retry_after_s=0.03)).round() == 1
    assert touched.is_set()
    assert await bench.status(accepted) is PUBLISHED


async def test_told_to_stop_the_worker_finishes_the_batch_in_hand(bench: Bench) -> None:
    began, may_end = threading.Event(), threading.Event()

    def before(text: str) -> None:
        began.set()
        may_end.wait(10)

    bench.keeper.classifier = FakeClassifier(before=before)
    accepted = await bench.receive()
    async with running(bench.worker(pace=replace(PACE, retry_after_s=60))) as stop:
        await bench.until(began.is_set)
        stop.set()
        may_end.set()
    assert await bench.status(accepted) is PUBLISHED
    assert bench.queue.entries == {}


async def test_told_to_stop_while_redis_is_gone_the_worker_leaves(bench: Bench) -> None:
    bench.queue.gone = True
    stop = asyncio.Event()

    def before(text: str) -> None:
        asyncio.run_coroutine_threadsafe(_set(stop), loop).result(timeout=10)

    loop = asyncio.get_running_loop()
    bench.keeper.classifier = FakeClassifier(before=before)
    for number in range(3):
        await bench.receive(f"Comment {number}", queued=False)
    assert await bench.worker().run(stop) == 0
    assert not await everything_decided(bench)


async def _set(event: asyncio.Event) -> None:
    event.set()


async def test_a_worker_shows_that_it_lives_and_looks_for_a_new_model(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moderation.worker, "HEARTBEAT_S", 0.001)
    async with running(bench.worker()):
        await bench.until(lambda: bench.queue.lives == {"w1": "test.1"} and bench.keeper.looks > 2)
        bench.keeper.classifier = None
        await bench.until(lambda: bench.queue.lives == {"w1": None})
    assert bench.queue.lives == {}


async def test_outcomes_are_in_the_outbox_when_the_worker_has_decided(bench: Bench) -> None:
    bench.signals = Outcomes(bench.store, None)  # type: ignore[assignment]  # the real one for once
    await bench.receive()
    await bench.worker().round()
    assert [event.kind.value for event in await bench.desk.told()] == ["received", "published"]


class ForGood(IntegrityError):
    """What a database says to a row it will never take."""

    def __init__(self) -> None:
        super().__init__("update", {}, Exception("value out of range"))


def refusing(bench: Bench, monkeypatch: pytest.MonkeyPatch, *refused: int) -> None:
    """A database that takes no decision in which one of these revisions is."""
    real = moderation.worker.enforce

    async def enforce(store: Store, decisions: Any) -> Any:
        if any(revision_id in refused for revision_id, _ in decisions):
            raise ForGood
        return await real(store, decisions)

    monkeypatch.setattr(moderation.worker, "enforce", enforce)


async def test_while_what_others_left_can_t_be_finished_new_comments_are_decided(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = [await bench.receive(f"Bad {n}") for n in range(3)]
    await bench.queue.claim("dead", wait_s=0, at_most=10)
    bench.queue.age()
    refusing(bench, monkeypatch, *(one.revision_id for one in bad))
    fair = await bench.receive()
    with capture_logs() as logs:
        assert await bench.worker().round() == 1
    assert await bench.status(fair) is PUBLISHED
    assert [entry["error"] for entry in logs if entry["event"] == "left jobs not finished"] == ["ForGood"]


async def test_what_can_t_even_be_held_is_buried_and_its_neighbours_are_decided(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = [await bench.receive(f"Bad {n}") for n in range(3)]
    fair = [await bench.receive(f"Fair {n}") for n in range(3)]
    refusing(bench, monkeypatch, *(one.revision_id for one in bad))
    monkeypatch.setattr(moderation.worker, "BACK_OFF_S", (0.001,) * 6)
    with capture_logs() as logs:
        async with running(bench.worker()):
            await bench.until(lambda: len(bench.queue.buried) == 3)
            await bench.until(lambda: not bench.queue.entries)
    assert {await bench.status(one) for one in fair} == {PUBLISHED}
    assert {await bench.status(one) for one in bad} == {RECEIVED}, "the sweeper finds them again: nothing is lost"
    assert bench.queue.buried == [(one.revision_id, "can't be held: ForGood") for one in bad]
    assert sum(entry["event"] == "poison not held" for entry in logs) == 3


async def test_while_the_database_fails_in_passing_nothing_is_buried(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = await bench.receive()
    for _ in range(3):
        await bench.queue.claim("dead", wait_s=0, at_most=1)
        await bench.queue.reclaim("dead", idle_s=0, at_most=1)
    bench.queue.age()
    tries: list[int] = []

    async def locked(*args: Any) -> Any:
        tries.append(1)
        raise LOCKED

    monkeypatch.setattr(moderation.worker, "enforce", locked)
    async with running(bench.worker()):
        await bench.until(lambda: len(tries) > 1)
    assert bench.queue.buried == []
    assert await bench.status(accepted) is RECEIVED
    assert (await bench.queue.size()).pending == 1
