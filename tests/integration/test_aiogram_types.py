"""aiogram's types, built when they are first used: the same, only later."""

from __future__ import annotations

import subprocess
import sys

LATER = """
from pydantic import BaseModel
rebuild = BaseModel.__dict__["model_rebuild"]
from bot.aiogram_types import build_when_used
build_when_used()
build_when_used()
assert BaseModel.__dict__["model_rebuild"] is rebuild
"""

USED = """
from aiogram import types
from aiogram.methods import SendMessage
from aiogram.methods.base import Response
assert not types.Message.__pydantic_complete__ and not types.Update.__pydantic_complete__
ours, theirs = {"id": 7, "type": "private"}, {"id": 8, "is_bot": False, "first_name": "Asha"}
message = {"message_id": 2, "date": 1, "chat": ours, "from": theirs, "text": "hello", "reply_to_message":
           {"message_id": 1, "date": 1, "chat": ours, "text": "a story"}}
update = types.Update.model_validate({"update_id": 1, "message": message})
assert update.message.reply_to_message.text == "a story" and update.message.from_user.first_name == "Asha"
press = {"id": "1", "from": theirs, "chat_instance": "1", "data": "approve:1:1", "message": message}
assert types.Update.model_validate({"update_id": 2, "callback_query": press}).callback_query.message.text == "hello"
sent = SendMessage(chat_id=7, text="hi", reply_parameters=types.ReplyParameters(message_id=2))
assert sent.model_dump()["reply_parameters"]["message_id"] == 2
assert Response[types.Message].model_validate({"ok": True, "result": message}).result.text == "hello"
try:
    types.Update.model_validate({"update_id": 1, "message": {"message_id": "two"}})
except ValueError:
    pass
else:
    raise AssertionError("a damaged update was taken for a good one")
"""

EACH = """
from aiogram import types
from pydantic import BaseModel
models = [one for one in map(types.__dict__.get, types.__all__) if isinstance(one, type) and issubclass(one, BaseModel)]
assert len(models) > 200
assert not [model.__name__ for model in models if not model.__pydantic_complete__ and not model.model_rebuild()]
"""


def expect_to_run(*program: str) -> None:
    subprocess.run([sys.executable, "-c", "".join(program)], check=True, timeout=60)


def test_what_is_used_is_built_and_refuses_what_is_damaged() -> None:
    expect_to_run(LATER, USED)


def test_each_type_there_is_can_be_built() -> None:
    expect_to_run(LATER, EACH)


def test_where_aiogram_is_loaded_already_nothing_is_changed() -> None:
    loaded = "from aiogram.types import Message\nassert Message.__pydantic_complete__\n"
    expect_to_run(loaded, LATER, "assert Message.__pydantic_complete__\n")
