"""Updates of any shape: each is done with, none stops the bot, and people are answered afterwards as before."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.inbox import TRIES
from moderation.database import Database
from tests.integration.chat.talk import EMMA, GROUP, MEERA, Talk, has_data, running_talk
from tests.integration.sandbox_client import until
from tests.security.payloads import ODD_TEXTS, XSS

_update_ids = itertools.count(9_000_000)
_message_ids = itertools.count(100_000)

EMMA_HERSELF = {"id": EMMA, "is_bot": False, "first_name": "Emma", "language_code": "en"}
PRIVATE = {"id": EMMA, "type": "private", "first_name": "Emma"}
WORDS = [
    *XSS[:4], *ODD_TEXTS.values(), "", " ", "half \ud83d", "a" * 5000, "/start", "/start s1", "/start mod_1",
    "/start " + "x" * 65, "/start@desk_bot \0", "/top", "/settings", "/comments", "/mycomments", "/terms", "/forget",
    "/dashboard", "/queue", "/stats", "/no_such", "/", "Well said.", "You are all fools.",
]  # fmt: skip
DATA = [
    "lang:en", "lang:", "agree:2026-11", "agree:", "comment:1", "comment:999999999999999999", "thread:1", "thread:1:9",
    "settings:add:world", "settings:add:", "settings:drop:<b>", "settings:all", "approve:1:1", "reject:1:1",
    "reject:1:1:back", "clause:1:1:3.2", "undo:1:1", "queue:next", "edit:1", "withdraw:1", "", ":", "x" * 64, "\ud800",
]  # fmt: skip
MESSAGE: dict[str, Any] = {
    "message_id": 1,
    "date": 1_800_000_000,
    "chat": PRIVATE,
    "from": EMMA_HERSELF,
    "text": "Well said.",
    "reply_to_message": {
        "message_id": 2,
        "date": 1_800_000_000,
        "chat": PRIVATE,
        "from": {"id": 42, "is_bot": True, "first_name": "Desk"},
        "text": "A story",
        "reply_markup": {"inline_keyboard": [[{"text": "Comment", "callback_data": "comment:1"}]]},
    },
    "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
}
KINDS: dict[str, dict[str, Any]] = {
    "message": MESSAGE,
    "edited_message": MESSAGE | {"edit_date": 1_800_000_001},
    "callback_query": {
        "id": "77",
        "from": EMMA_HERSELF,
        "chat_instance": "1",
        "data": "comment:1",
        "message": MESSAGE | {"from": {"id": 42, "is_bot": True, "first_name": "Desk"}},
    },
    "my_chat_member": {
        "chat": PRIVATE,
        "from": EMMA_HERSELF,
        "date": 1_800_000_000,
        "old_chat_member": {"status": "member", "user": EMMA_HERSELF},
        "new_chat_member": {"status": "kicked", "user": EMMA_HERSELF, "until_date": 0},
    },
    "message_reaction": {
        "chat": PRIVATE,
        "message_id": 1,
        "user": EMMA_HERSELF,
        "date": 1_800_000_000,
        "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": "👍"}],
    },
    "chat_boost": {"boost": 1},
}
PHOTO = [{"file_id": "a", "file_unique_id": "a", "width": 1, "height": 1}]
junk = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from([EMMA, GROUP, 0, -1, 2**31, 2**53, "private", "supergroup", "channel", *WORDS]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "type", "text", "from", "chat", "message_id", "x"]), inner, max_size=3),
    ),
    max_leaves=4,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


def _changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = _changed(value[path[0]], path[1:], new)
    return changed


@st.composite
def updates(draw: st.DrawFn) -> dict[str, Any]:
    """An update of some kind: words and data of all sorts in it, and now and then something else in some place."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    content = copy.deepcopy(KINDS[kind])
    if "text" in content:
        content["text"] = draw(st.sampled_from(WORDS))
        content["message_id"] = next(_message_ids)
        if draw(st.booleans()):
            del content["reply_to_message"]
        for extra, value in draw(
            st.dictionaries(st.sampled_from(["photo", "sticker", "caption", "forward_origin", "x"]), junk, max_size=1)
        ).items():
            content[extra] = PHOTO if extra == "photo" and draw(st.booleans()) else value
    if "data" in content:
        content["data"] = draw(st.sampled_from(DATA))
    for _ in range(draw(st.integers(0, 2))):
        content = _changed(content, draw(st.sampled_from(_places(content)[1:] or [()])), draw(junk))
        if not isinstance(content, dict):
            break
    return {kind: content}


batches = st.lists(updates(), min_size=10, max_size=25)


@pytest.fixture
def server() -> None:
    """No database server: what both databases must do is tested on the store itself."""


@pytest.fixture
async def talk(database: Database, redis: Redis, tmp_path: Path) -> AsyncIterator[Talk]:
    async with running_talk(database, redis, tmp_path) as talk:
        await talk.story()
        await talk.joins_and_agrees()
        yield talk


async def check(talk: Talk, batch: list[dict[str, Any]]) -> None:
    """Hand a batch to the inbox; every update is done with soon, and the bot still answers."""
    kept = [{"update_id": next(_update_ids)} | json.loads(json.dumps(update)) for update in batch]
    await talk.parts.poller.keep(kept)

    async def all_done() -> bool:
        return await talk.bot_store.inbox.waiting() == 0

    # Long enough for one that fails each time, with the pauses between its tries.
    await until(all_done, at_most_s=sum(0.25 * 2**number for number in range(1, TRIES)) + 30)
    asked = await talk.sandbox.write(MEERA, "/top")
    await talk.sees(MEERA, has_data("comment:"), after=asked["message_id"])


FIXTURES_STAY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@given(batches)
@settings(max_examples=4, suppress_health_check=FIXTURES_STAY)
async def test_updates_of_any_shape_are_done_with_and_stop_nothing(talk: Talk, batch: list[dict[str, Any]]) -> None:
    await check(talk, batch)


@pytest.mark.long
@pytest.mark.timeout(600)
@given(batches)
@settings(max_examples=40, suppress_health_check=FIXTURES_STAY)
async def test_forty_batches_of_updates_are_done_with(talk: Talk, batch: list[dict[str, Any]]) -> None:
    await check(talk, batch)
