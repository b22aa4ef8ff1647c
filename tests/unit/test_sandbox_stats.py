"""What the sandbox counts of each second."""

from __future__ import annotations

from bot.sandbox.stats import SECONDS, Stats


def counted(stats: Stats, at: float, code: int = 200, *, delivered: bool = True) -> None:
    stats.count("sendMessage", code=code, chat="1", delivered=delivered, at=at, took_s=0.01)


def test_each_second_has_what_was_written_in_it_and_what_was_refused() -> None:
    stats = Stats()
    for at, code in ((10.1, 200), (10.9, 429), (11.0, 200), (11.5, 200)):
        counted(stats, at, code, delivered=code == 200)
    counted(stats, 12, 200, delivered=False)  # a call that writes nothing
    counted(stats, 12, 403, delivered=False)
    assert stats.shown()["seconds"] == [
        {"at": 10, "deliveries": 1, "too_many_requests": 1},
        {"at": 11, "deliveries": 2, "too_many_requests": 0},
    ]


def test_no_more_than_a_minute_is_kept_however_long_it_runs() -> None:
    stats = Stats()
    for at in range(1_000):
        counted(stats, at)
    assert [one["at"] for one in stats.shown()["seconds"]] == list(range(1_000 - SECONDS, 1_000))
    stats.reset(1_000)
    assert stats.shown()["seconds"] == []
