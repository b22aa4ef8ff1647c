"""Who is asking, and how often they may."""

from __future__ import annotations

import pytest

from moderation.web.limiter import AddressLimiter, client_address

PROXY = "10.0.0.1"


def test_an_address_may_ask_its_number_at_once_and_then_waits_for_the_next() -> None:
    limiter = AddressLimiter(per_minute=60)
    assert [limiter.wait_s("192.0.2.1", now_s=0) for _ in range(60)] == [0] * 60
    assert limiter.wait_s("192.0.2.1", now_s=0) == pytest.approx(1)
    assert limiter.wait_s("192.0.2.1", now_s=1) == 0


def test_being_refused_costs_nothing_more() -> None:
    limiter = AddressLimiter(per_minute=1)
    limiter.wait_s("192.0.2.1", now_s=0)
    for second in range(1, 60):
        assert limiter.wait_s("192.0.2.1", now_s=second) > 0
    assert limiter.wait_s("192.0.2.1", now_s=60) == 0


def test_one_address_does_not_use_up_anothers() -> None:
    limiter = AddressLimiter(per_minute=1)
    assert limiter.wait_s("192.0.2.1", now_s=0) == 0
    assert limiter.wait_s("192.0.2.2", now_s=0) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8::1", "2001:db8::ffff:2"), ("192.0.2.1", "::ffff:192.0.2.1")],
    ids=["one IPv6 network", "IPv4 written as IPv6"],
)
def test_what_one_customer_holds_counts_as_one_address(one: str, other: str) -> None:
    limiter = AddressLimiter(per_minute=1)
    limiter.wait_s(one, now_s=0)
    assert limiter.wait_s(other, now_s=0) > 0


def test_memory_stays_bounded_however_many_addresses_ask() -> None:
    limiter = AddressLimiter(per_minute=1, addresses_at_most=100)
    for number in range(1000):
        limiter.wait_s(f"unix-{number}", now_s=0)
    assert len(limiter) == 100


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    limiter = AddressLimiter(per_minute=1)
    limiter.wait_s("192.0.2.1", now_s=100)
    assert limiter.wait_s("192.0.2.1", now_s=0) > 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.9", None, "192.0.2.9"),
        ("192.0.2.9", "203.0.113.5", "192.0.2.9"),
        (PROXY, "203.0.113.5", "203.0.113.5"),
        (PROXY, "198.51.100.7, 203.0.113.5", "203.0.113.5"),
        (PROXY, "203.0.113.5, 10.0.0.2", "203.0.113.5"),
        (PROXY, "nonsense", PROXY),
        (PROXY, "", PROXY),
        (PROXY, None, PROXY),
        (None, None, "unknown"),
    ],
)
def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy(
    peer: str | None, forwarded: str | None, address: str
) -> None:
    assert client_address(peer, forwarded, trusted={PROXY, "10.0.0.2"}) == address
