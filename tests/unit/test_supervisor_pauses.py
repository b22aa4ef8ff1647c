"""How long the supervisor waits before it starts a part again."""

from __future__ import annotations

from bot.supervisor import next_pause_s


def test_a_part_that_ran_is_started_again_at_once_however_often_it_was_killed() -> None:
    assert [next_pause_s(last_s, ran_s=7) for last_s in (0.0, 0.1, 2.0)] == [0.0, 0.0, 0.0]


def test_one_that_dies_at_its_start_waits_longer_each_time_up_to_a_bound() -> None:
    pauses = [0.0]
    for _ in range(8):
        pauses.append(next_pause_s(pauses[-1], ran_s=0.3))
    assert pauses[1:] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]
