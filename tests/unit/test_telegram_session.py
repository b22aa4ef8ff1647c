"""What the bot makes of Telegram's answers."""

from __future__ import annotations

import gc
import json
import traceback
import weakref
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.methods import SendMessage

from bot.telegram import Session

BOT = Bot("42:SANDBOX")
SENT = {"message_id": 7, "date": 1_800_000_000, "chat": {"id": 1, "type": "private"}}


def answered(answer: Any, *, status: int = 200) -> Any:
    """What a sendMessage gives when this is answered."""
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return Session().check_response(BOT, SendMessage(chat_id=1, text="x"), status, content).result


@pytest.mark.parametrize(
    "more",
    [{}, {"reply_to_message": SENT | {"photo": "of a kind to come"}}, {"forward_origin": {"type": "tomorrow"}}],
    ids=["plain", "in reply to something new", "something new"],
)
def test_what_was_sent_counts_as_sent_whatever_comes_back_with_it(more: dict[str, Any]) -> None:
    assert answered({"ok": True, "result": SENT | more}).message_id == 7


def test_the_kind_of_an_answer_is_made_once_and_kept() -> None:
    session = Session()

    def kind() -> weakref.ref[type]:
        content = json.dumps({"ok": True, "result": SENT})
        return weakref.ref(type(session.check_response(BOT, SendMessage(chat_id=1, text="x"), 200, content)))

    first = kind()
    gc.collect()
    assert first() is not None
    assert kind() == first


@pytest.mark.parametrize(
    "answer",
    ["<html>502 Bad Gateway</html>", "", "[]", "null", '{"ok": true, "result": {"message_id": "words"}}'],
)
def test_what_is_no_answer_is_a_server_at_fault_and_is_not_quoted(answer: str) -> None:
    with pytest.raises(TelegramServerError) as raised:
        answered(answer)
    assert "words" not in str(raised.value) and raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Bad Request: chat not found", "Bad Request: chat not found"),
        ("Forbidden: bot was blocked by the user", "Forbidden: bot was blocked by the user"),
        ("Bad Request: BUTTON_DATA_INVALID", "Bad Request: BUTTON_DATA_INVALID"),
        (
            'Bad Request: can\'t parse entities: Unsupported start tag "canary" at byte offset 0',
            "Bad Request: can't parse entities",
        ),
        ("Bad Request: canary", "refused, in words that are not repeated here"),
        ("canary: chat not found", "chat not found"),
    ],
)
def test_of_a_refusal_only_telegrams_own_words_are_repeated(said: str, told: str) -> None:
    with pytest.raises(TelegramBadRequest) as raised:
        answered({"ok": False, "error_code": 400, "description": said}, status=400)
    assert raised.value.message == told


async def test_a_connection_that_fails_is_told_without_the_token() -> None:
    bot = Bot("42:CANARY", session=Session(api=TelegramAPIServer(base="http://[::1/bot{token}/{method}", file="")))
    with pytest.raises(TelegramNetworkError) as raised:
        await bot.get_me()
    assert "InvalidUrl" in str(raised.value)
    assert "CANARY" not in "".join(traceback.format_exception(raised.value))
    await bot.session.close()


def test_a_refusal_is_told_as_it_is() -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        answered({"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}, status=400)
    with pytest.raises(TelegramRetryAfter):
        wait = {"ok": False, "error_code": 429, "description": "Too Many", "parameters": {"retry_after": 3}}
        answered(wait, status=429)
