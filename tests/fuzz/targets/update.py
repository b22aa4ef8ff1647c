"""An update of Telegram's, from its JSON to the handler's door: kept in some chat's lane, read, and nobody unanswered.

What stands behind the door asks the database; `tests/fuzz/test_updates.py` has all of it.
"""

from __future__ import annotations

import asyncio
import copy
import json
from types import SimpleNamespace
from typing import Any

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, Message, Update
from pydantic import ValidationError

from bot import keyboards
from bot.handlers import Handling, outline, readable
from bot.handlers.comments import _story_on_buttons
from bot.inbox import ALLOWED_UPDATES, stored_update
from bot.messages.texts import LANGUAGE_NAMES
from bot.middlewares import Reader, Throttle
from moderation.comment import validated_text
from moderation.errors import InvalidSubmission
from tests.builders import NOW
from tests.fuzz.test_updates import DATA, KINDS, PHOTO, _changed, _places
from tests.fuzz.test_updates import WORDS as TEXTS

BETWEEN = b"\x1e"
"""Stands between the edits of an update."""

TELLING: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**31, 2**53, 2**63, -(2**63) - 1, 2**70, "", "\ud800", [], {}, [[]], [None], {"id": 1},
)  # fmt: skip
"""What an edit of a single byte puts into its place."""

NAMES = (*ALLOWED_UPDATES, *KINDS["message"], *KINDS["callback_query"], *DATA, "photo", "private", "is_bot")
WORDS = (
    BETWEEN,
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"9223372036854775808",
    b"-1",
    *(json.dumps(name).encode() for name in NAMES),
)

BOT = Bot("42:SANDBOX")
LOOP = asyncio.new_event_loop()
REACHED: list[tuple[Any, Reader, bool]] = []


async def _reach(event: Any, reader: Reader, damaged: bool) -> None:
    REACHED.append((event, reader, damaged))


async def _nothing(*_given: Any, **_named: Any) -> None:
    return None


def _handling() -> Handling:
    """The bot's own way to its handlers, with readers nobody has met before, and one handler for everything."""
    router = Router()
    for kind in ALLOWED_UPDATES:
        router.observers[kind].register(_reach)
    without_end = (1e12, 1e12)
    return Handling(
        BOT,
        store=SimpleNamespace(subscribers=SimpleNamespace(one=_nothing, stop=_nothing)),  # type: ignore[arg-type]
        drafts=SimpleNamespace(leave=_nothing),  # type: ignore[arg-type]
        throttle=Throttle(commands=without_end, presses=without_end, words=without_end),
        is_covered=_nothing,  # type: ignore[arg-type]
        routers=[router],
        clock=lambda: NOW,
    )


HANDLING = _handling()


def seeds() -> list[bytes]:
    """Updates of each kind, with each odd text and each press."""
    updates: list[dict[str, Any]] = [{"update_id": 1, kind: content} for kind, content in KINDS.items()]
    message, press = KINDS["message"], KINDS["callback_query"]
    updates += [{"update_id": 1, "message": message | {"text": text[:300]}} for text in TEXTS]
    updates += [{"update_id": 1, "message": message | {"photo": PHOTO, "caption": "a"}}]
    updates += [{"update_id": 1, "callback_query": press | {"data": data}} for data in DATA]
    deep = b'{"update_id":1,"message":' + b"[" * 900 + b"]" * 900 + b"}"
    text = next(number for number, place in enumerate(_places(message)[1:]) if place == ("text",))
    edits = [
        bytes([number, text]) + words.encode("utf-8", "replace")[:300]
        for number in range(len(KINDS))
        for words in TEXTS
    ]
    edits += [
        bytes([0, number]) + new for number in range(30) for new in (b"null", b'{"id":1}', b"[[]]", b"-1", b"1e400")
    ]
    return [deep, *edits, *(json.dumps(update, separators=(",", ":")).encode() for update in updates)]


def _edited(data: bytes) -> dict[str, Any]:
    """An update of the kind that the first byte says, with other things in some places: each a byte for the place, and
    what is to stand there: one byte for something telling, JSON, or else words."""
    kinds = sorted(KINDS)
    kind = kinds[data[0] % len(kinds)]
    content: Any = copy.deepcopy(KINDS[kind])
    for edit in data[1:].split(BETWEEN)[:8]:
        places = _places(content)[1:]
        if len(edit) < 2 or not places:
            continue
        try:
            new = TELLING[edit[1] % len(TELLING)] if len(edit) == 2 else json.loads(edit[1:])
        except (ValueError, RecursionError):
            new = edit[1:].decode("utf-8", "replace")
        content = _changed(content, places[edit[0] % len(places)], new)
    return {"update_id": 1, kind: content}


def check(data: bytes) -> None:
    """Keep it and hand it to the handlers, as a webhook's body."""
    if not data:
        return
    try:
        raw = json.loads(data) if data.startswith(b"{") else _edited(data)
    except (ValueError, RecursionError):
        return
    try:
        stored = stored_update(raw)
    except ValueError:
        return
    assert type(stored.lane) is int and -(2**63) <= stored.lane < 2**63
    REACHED.clear()
    LOOP.run_until_complete(HANDLING(stored))
    assert len(REACHED) <= 1
    for event, reader, damaged in REACHED:
        assert 0 < len(reader.name) <= 64 and reader.language in LANGUAGE_NAMES
        reader.name.encode()
        look(event, damaged=damaged)
    if not REACHED:
        wants_no_answer(stored.payload)


def look(event: Any, *, damaged: bool) -> None:
    """What handlers read of it first."""
    if isinstance(event, Message):
        try:
            words = validated_text(event.text)
        except InvalidSubmission as error:
            assert error.code in {"not_text", "empty", "too_long"} or damaged
        else:
            words.encode()
        named = _story_on_buttons(event.reply_to_message)
        assert named is None or 0 <= named < 2**63
    if isinstance(event, CallbackQuery):
        press = keyboards.read(event.data)
        assert press is None or all(number is None or 0 <= number < 2**63 for number in map(press.number, range(9)))


def wants_no_answer(payload: dict[str, Any]) -> None:
    """Nobody was heard: then it comes from no person, or not even an outline of it can be read."""
    kinds = [kind for kind in payload if kind != "update_id"]
    if len(kinds) != 1:
        return
    try:
        event = Update.model_validate(outline(readable(payload)[0])).event
    except (ValidationError, LookupError, RecursionError):
        return
    person = getattr(event, "from_user", None)
    assert person is None or person.is_bot, "a person wrote, and nobody heard"
