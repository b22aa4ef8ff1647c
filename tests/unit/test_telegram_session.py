"""What the bot makes of Telegram's answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramRetryAfter, TelegramServerError
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


@pytest.mark.parametrize(
    "answer",
    ["<html>502 Bad Gateway</html>", "", "[]", "null", '{"ok": true, "result": {"message_id": "words"}}'],
)
def test_what_is_no_answer_is_a_server_at_fault_and_is_not_quoted(answer: str) -> None:
    with pytest.raises(TelegramServerError) as raised:
        answered(answer)
    assert "words" not in str(raised.value) and raised.value.__cause__ is None


def test_a_refusal_is_told_as_it_is() -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        answered({"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}, status=400)
    with pytest.raises(TelegramRetryAfter):
        wait = {"ok": False, "error_code": 429, "description": "Too Many", "parameters": {"retry_after": 3}}
        answered(wait, status=429)
