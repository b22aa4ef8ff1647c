"""What the sandbox remembers, and its clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.clock import Clock
from bot.sandbox.journal import Journal, Record


def kept(folder: Path) -> list[Record]:
    journal = Journal(folder)
    records = list(journal.records())
    journal.close()
    return records


def test_records_come_back_in_order_lone_surrogates_and_all(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put("message", "1:1", {"text": "a\ud83d\0\u202eب"})
    journal.put("message", "1:1", None)
    journal.close()
    assert kept(tmp_path) == [("message", "1:1", {"text": "a\ud83d\0\u202eب"}), ("message", "1:1", None)]


def test_a_torn_line_is_skipped_and_the_next_one_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put("a", "1", 1)
    journal.close()
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(b'["a","2",{"torn')
    journal = Journal(tmp_path)
    journal.put("a", "3", 3)
    journal.close()
    assert kept(tmp_path) == [("a", "1", 1), ("a", "3", 3)]


def test_a_rewritten_journal_holds_what_it_was_given_and_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put("a", "1", 1)
    journal.rewrite([Record("b", "2", 2)])
    journal.put("c", "3", 3)
    journal.close()
    assert kept(tmp_path) == [("b", "2", 2), ("c", "3", 3)]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(OSError, match="another sandbox"):
        Journal(tmp_path)
    journal.close()
    assert kept(tmp_path) == []


class Real:
    """Real time, by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_clock_runs_at_its_speed_from_where_it_was_set() -> None:
    real = Real()
    clock = Clock(real=real)
    clock.set(now=5000.0, speed=60.0)
    real.now += 2
    assert clock.now() == 5120.0
    clock.set(speed=0.0)
    real.now += 100
    assert clock.now() == 5120.0


@pytest.mark.parametrize("wrong", [{"speed": -1.0}, {"speed": 1e9}, {"now": -1.0}, {"now": float("nan")}])
def test_an_impossible_time_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Clock().set(**wrong)


async def test_a_sleeper_on_a_stopped_clock_wakes_when_it_is_set_forward() -> None:
    clock = Clock()
    clock.set(now=100.0, speed=0.0)
    sleeper = asyncio.ensure_future(clock.sleep_until(200.0))
    await asyncio.sleep(0)
    clock.set(now=150.0)
    await asyncio.sleep(0)
    assert not sleeper.done()
    clock.set(now=200.0)
    await asyncio.wait_for(sleeper, 5)
    assert clock.now() == 200.0
