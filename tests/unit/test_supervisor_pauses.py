"""How long the supervisor waits before it starts a part again, and how often it says so."""

from __future__ import annotations

import errno
from pathlib import Path

from bot.settings import BotSettings
from bot.supervisor import Endings, Supervisor, next_pause_s

LOG = Path("logs/bot.log")


def test_a_part_that_ran_is_started_again_at_once_however_often_it_was_killed() -> None:
    assert [next_pause_s(last_s, ran_s=7) for last_s in (0.0, 0.1, 2.0)] == [0.0, 0.0, 0.0]


def test_one_that_dies_at_its_start_waits_longer_each_time_up_to_a_bound() -> None:
    pauses = [0.0]
    for _ in range(8):
        pauses.append(next_pause_s(pauses[-1], ran_s=0.3))
    assert pauses[1:] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]


def said(ran_s: list[float], *, endings: Endings | None = None) -> list[tuple[int, str]]:
    """What is said of a part that ran so long each time, 2.3 s between two ends, by the number of the end."""
    endings = endings or Endings()
    lines = (
        endings.line("bot", "status 1", log=LOG, ran_s=ran, now_s=2.3 * number) for number, ran in enumerate(ran_s, 1)
    )
    return [(number, line) for number, line in enumerate(lines, 1) if line is not None]


def test_a_part_that_dies_at_every_start_is_said_three_times_and_then_once_a_minute() -> None:
    again = "bot ended (status 1); starting it again"
    told = said([0.3] * 60)
    assert [number for number, _ in told] == [1, 2, 3, 30, 57]
    assert [line for _, line in told[:3]] == [again, again, f"{again}; read {LOG}; from now on once a minute"]
    assert told[3][1] == told[4][1] == "bot ended (status 1) (and 26 times before, unsaid); starting it again"


def test_one_that_ran_is_said_each_time() -> None:
    assert len(said([7.0] * 30)) == 30
    assert [number for number, _ in said([0.3] * 5 + [7.0] + [0.3] * 4)] == [1, 2, 3, 6, 7, 8, 9]


def test_a_terminal_that_takes_no_line_ends_nothing() -> None:
    tried = []

    def full(line: str) -> None:
        tried.append(line)
        raise OSError(errno.ENOSPC, "no room")

    Supervisor(BotSettings(), say=full)._say("bot ended")
    assert tried == ["bot ended"]
