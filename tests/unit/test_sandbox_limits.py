"""The sandbox's models of rate limits, on a clock of the test's own."""

from __future__ import annotations

import pytest

from bot.sandbox.errors import ApiError
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.limits import MODELS, FixedWindow, Gcra, Limits, LimitSettings, Model, SlidingWindow


def let_through(model: Model, *, tries: list[float]) -> list[float]:
    """The moments at which a call passes."""
    passed = []
    for now in tries:
        if model.wait_s(now) == 0:
            model.take(now)
            passed.append(now)
    return passed


def test_a_sliding_window_never_holds_more_than_its_count() -> None:
    passed = let_through(SlidingWindow(3, 1.0), tries=[n / 10 for n in range(40)])
    assert passed == [0.0, 0.1, 0.2, 1.0, 1.1, 1.2, 2.0, 2.1, 2.2, 3.0, 3.1, 3.2]


def test_a_fixed_window_lets_two_windows_meet_at_the_edge() -> None:
    passed = let_through(FixedWindow(3, 1.0), tries=[0.7, 0.8, 0.9, 0.95, 1.0, 1.1, 1.2, 1.3])
    assert passed == [0.7, 0.8, 0.9, 1.0, 1.1, 1.2]


def test_gcra_gives_a_burst_after_a_rest_and_then_one_at_a_time() -> None:
    passed = let_through(Gcra(4, 2.0), tries=[10.0] * 6 + [10.4, 10.5, 10.6, 11.0])
    assert passed == [10.0] * 4 + [10.5, 11.0]


@pytest.mark.parametrize("name", MODELS)
def test_the_wait_a_full_limit_names_is_true_and_the_shortest(name: str) -> None:
    model = MODELS[name](5, 10.0)
    let_through(model, tries=[100.0] * 5)
    wait_s = model.wait_s(100.0)
    assert wait_s > 0
    assert model.wait_s(100.0 + wait_s - 0.01) > 0
    assert model.wait_s(100.0 + wait_s) == 0


def refusals(limits: Limits, calls: list[tuple[str, float]]) -> list[int]:
    """Each call's retry_after, 0 for one let through."""
    seen = []
    for chat, now in calls:
        try:
            limits.check(chat=chat, group=chat.startswith("-"), now=now)
            seen.append(0)
        except ApiError as error:
            assert (error.code, error.description) == (
                429,
                f"Too Many Requests: retry after {(error.parameters or {})['retry_after']}",
            )
            seen.append((error.parameters or {})["retry_after"])
    return seen


def test_all_chats_together_share_thirty_a_second() -> None:
    limits = Limits(LimitSettings())
    assert refusals(limits, [(str(n), 5.0) for n in range(31)]) == [0] * 30 + [1]
    assert refusals(limits, [("99", 6.0)]) == [0]


def test_a_chat_has_a_burst_and_then_one_a_second() -> None:
    limits = Limits(LimitSettings(model="gcra"))
    assert refusals(limits, [("7", 5.0)] * 22) == [0] * 20 + [1, 1]
    assert refusals(limits, [("7", 6.0), ("7", 6.5), ("8", 6.5), ("7", 7.0)]) == [0, 1, 0, 0]


@pytest.mark.parametrize(("model", "retry_after"), [("sliding_window", 60), ("gcra", 3), ("fixed_window", 55)])
def test_a_group_has_twenty_a_minute(model: str, retry_after: int) -> None:
    limits = Limits(LimitSettings(model=model))
    assert refusals(limits, [("-1", 5.0)] * 21) == [0] * 20 + [retry_after]
    assert refusals(limits, [("-1", 5.0 + retry_after)]) == [0]


def test_a_refused_call_counts_nowhere() -> None:
    limits = Limits(LimitSettings(overall_per_s=2))
    assert refusals(limits, [("1", 0.0), ("2", 0.0)] + [("3", 0.5)] * 50 + [("3", 1.0)]) == [0, 0] + [1] * 50 + [0]


def test_switched_off_limits_refuse_nothing() -> None:
    assert refusals(Limits(LimitSettings(enabled=False)), [("-1", 0.0)] * 500) == [0] * 500


@pytest.mark.parametrize("wrong", [{"model": "leaky"}, {"overall_per_s": 0}, {"chat_per_s": -1.0}, {"chat_burst": 0}])
def test_impossible_limits_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LimitSettings(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_a_fault_strikes_as_often_as_it_may_and_only_its_methods() -> None:
    faults = Faults()
    faults.play([Fault(kind="error", methods=frozenset({"sendmessage"}), count=2)], seed=None)
    assert [faults.strike(name, "error") is not None for name in ("getme", "sendmessage", "sendmessage")] == [
        False,
        True,
        True,
    ]
    assert faults.strike("sendmessage", "error") is None


def test_the_same_seed_gives_the_same_faults() -> None:
    def strikes() -> list[bool]:
        faults = Faults()
        faults.play([Fault(kind="error", rate=0.3)], seed=7)
        return [faults.strike("x", "error") is not None for _ in range(200)]

    assert strikes() == strikes()
    assert 30 < sum(strikes()) < 90


def test_latency_has_the_median_and_the_tail_it_was_given() -> None:
    faults = Faults()
    faults.play([Fault(kind="latency", ms=(50.0, 500.0))], seed=3)
    seen = sorted(faults.latency_s("x") * 1000 for _ in range(5000))
    assert 45 < seen[2500] < 55
    assert 400 < seen[4950] < 620
