"""Calls that come while another is under way are done together after it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence

import pytest

from moderation.together import Together


class Work:
    """Answers each with its square; while `gate` is shut nothing is answered."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, asked: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(asked))
        await asyncio.sleep(0)
        await self.gate.wait()
        if 13 in asked:
            raise RuntimeError("thirteen breaks everything")
        return [ValueError(str(number)) if number < 0 else number * number for number in asked]


async def test_who_comes_alone_is_served_alone_and_at_once() -> None:
    work = Work()
    together = Together(work, at_most=8)
    assert [await together(number) for number in (1, 2, 3)] == [1, 4, 9]
    assert work.batches == [[1], [2], [3]]


async def test_who_comes_meanwhile_is_served_together_in_order_and_no_more_than_allowed() -> None:
    work = Work()
    together = Together(work, at_most=4)
    assert await asyncio.gather(*map(together, range(10))) == [number * number for number in range(10)]
    assert work.batches == [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9]]


async def test_each_fails_for_itself() -> None:
    answers = await asyncio.gather(*map(Together(Work(), at_most=8), (2, -3, 4)), return_exceptions=True)
    assert (answers[0], str(answers[1]), answers[2]) == (4, "-3", 16)


async def test_what_breaks_the_whole_is_tried_one_by_one() -> None:
    work = Work()
    answers = await asyncio.gather(*map(Together(work, at_most=8), (1, 2, 13, 4)), return_exceptions=True)
    assert (answers[1], type(answers[2]), answers[3]) == (4, RuntimeError, 16)
    assert work.batches == [[1], [2, 13, 4], [2], [13], [4]]


async def test_who_is_cancelled_at_work_leaves_the_others_served() -> None:
    work = Work()
    together = Together(work, at_most=8)
    calls = [asyncio.create_task(together(number)) for number in (1, 2, 3, 4)]
    while len(work.batches) < 2:
        await asyncio.sleep(0)
    calls[1].cancel()  # it is this one's turn
    assert await asyncio.gather(calls[0], *calls[2:]) == [1, 9, 16]
    assert work.batches == [[1], [2, 3, 4], [3, 4]]


async def test_who_is_cancelled_while_another_works_for_them_hears_nothing_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    together = Together(work := Work(), at_most=8)
    calls = [asyncio.create_task(together(number)) for number in (1, 2, -3)]
    while len(work.batches) < 2:
        await asyncio.sleep(0)
    calls[2].cancel()
    assert await asyncio.gather(*calls[:2]) == [1, 4]
    del calls
    gc.collect()
    assert not caplog.records  # an answer that nobody takes is no error of anybody's


async def test_who_is_cancelled_while_waiting_is_not_worked_for() -> None:
    work = Work()
    work.gate.clear()
    together = Together(work, at_most=1)
    calls = [asyncio.create_task(together(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    calls[1].cancel()
    await asyncio.sleep(0)
    work.gate.set()
    assert (await calls[0], await calls[2]) == (1, 9)
    assert work.batches == [[1], [3]]


@pytest.mark.parametrize("at_most", [1, 7, 64])
async def test_however_many_come_everybody_gets_an_answer_of_their_own(at_most: int) -> None:
    work = Work()
    together = Together(work, at_most=at_most)
    assert await asyncio.gather(*map(together, range(100, 600))) == [number * number for number in range(100, 600)]
    assert max(map(len, work.batches)) <= at_most
