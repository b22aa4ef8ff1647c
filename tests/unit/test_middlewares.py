"""Who writes, and how fast."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram.types import CallbackQuery, Chat, Message, TelegramObject, Update, User

from bot.middlewares import Reader, Throttle
from bot.subscriber import person_name, telegram_id


@pytest.mark.parametrize(
    ("person", "number"),
    [
        ("telegram:42", 42),
        ("telegram:", None),
        ("telegram:-1", None),
        ("web:42", None),
        ("42", None),
        ("telegram:٤", None),
    ],
)
def test_a_persons_name_is_read_back_when_it_is_ours(person: str, number: int | None) -> None:
    assert telegram_id(person) == number
    assert number is None or person_name(number) == person


class Written(Message):
    """A message that keeps what it is answered."""

    def answer(self, text: str, **_: Any) -> Any:  # type: ignore[override]  # the double only remembers
        async def remember() -> None:
            ANSWERS.append(text)

        return remember()


ANSWERS: list[str] = []


def update(text: str, *, person: int = 1) -> Update:
    """A private message as the dispatcher hands it to its middlewares."""
    message = Written.model_construct(
        message_id=1,
        date=datetime(2026, 11, 22, tzinfo=UTC),
        chat=Chat(id=person, type="private"),
        from_user=User(id=person, is_bot=False, first_name="Emma"),
        text=text,
    )
    return Update.model_construct(update_id=1, message=message)


class Pressed(CallbackQuery):
    """A press that keeps what it is answered."""

    def answer(self, text: str | None = None, **_: Any) -> Any:  # type: ignore[override]  # the double only remembers
        async def remember() -> None:
            ANSWERS.append(text or "")

        return remember()


class Steady:
    """A clock the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def passed(throttle: Throttle, text: str, *, times: int, person: int = 1) -> int:
    """How many of so many messages reach the handler."""
    count = 0

    async def handler(event: TelegramObject, data: dict[str, Any]) -> None:
        nonlocal count
        count += 1

    for _ in range(times):
        await throttle(handler, update(text, person=person), {"reader": Reader(person, "Emma", "en")})
    return count


async def test_commands_and_words_have_allowances_of_their_own_and_so_has_each_person() -> None:
    throttle = Throttle(commands=(3, 1), words=(5, 1), steady_clock=Steady())
    assert await passed(throttle, "/top", times=9) == 3
    assert await passed(throttle, "words", times=9) == 5
    assert await passed(throttle, "/top", times=9, person=2) == 3


async def test_the_allowance_comes_back_and_no_further_than_it_was() -> None:
    clock = Steady()
    throttle = Throttle(commands=(3, 1), words=(5, 1), steady_clock=clock)
    assert await passed(throttle, "/top", times=3) == 3
    clock.now += 2
    assert await passed(throttle, "/top", times=9) == 2
    clock.now += 1000
    assert await passed(throttle, "/top", times=9) == 3


async def test_who_is_too_fast_is_told_so_but_not_each_time() -> None:
    ANSWERS.clear()
    clock = Steady()
    throttle = Throttle(commands=(1, 0.001), words=(1, 0.001), steady_clock=clock)
    await passed(throttle, "words", times=9)
    assert len(ANSWERS) == 1 and ANSWERS[0].startswith("You are faster than I am")
    clock.now += Throttle.TELL_EVERY_S
    await passed(throttle, "words", times=9)
    assert len(ANSWERS) == 2


async def test_every_press_is_answered_since_its_button_waits() -> None:
    ANSWERS.clear()
    throttle = Throttle(presses=(1, 0.001), steady_clock=Steady())

    async def handler(event: TelegramObject, data: dict[str, Any]) -> None:
        ANSWERS.append("handled")

    press = Pressed.model_construct(
        id="1", from_user=User(id=1, is_bot=False, first_name="Emma"), chat_instance="1", data="undo:1:1"
    )
    for _ in range(3):
        event = Update.model_construct(update_id=1, callback_query=press)
        await throttle(handler, event, {"reader": Reader(1, "Emma", "en")})
    assert ANSWERS[0] == "handled"
    assert [answer.partition(".")[0] for answer in ANSWERS[1:]] == ["You are faster than I am"] * 2
