"""How updates reach the bot by getUpdates: in order, once confirmed never again, and not after their time."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.integration.sandbox_client import EMMA, GROUP, MEERA, OMAR, Sandbox, keyboard, sandbox_running, until


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with sandbox_running() as sandbox:
        await sandbox.start(EMMA)
        yield sandbox


def kinds(updates: list[dict[str, object]]) -> list[str]:
    return [next(key for key in update if key != "update_id") for update in updates]


async def test_updates_come_in_order_until_a_higher_offset_confirms_them(sandbox: Sandbox) -> None:
    for n in range(5):
        await sandbox.write(EMMA, f"n{n}")
    first = await sandbox.updates(limit=2)
    assert [update["message"]["text"] for update in first] == ["n0", "n1"]
    rest = await sandbox.updates(offset=first[-1]["update_id"] + 1)
    assert [update["message"]["text"] for update in rest] == ["n2", "n3", "n4"]
    ids = [update["update_id"] for update in first + rest]
    assert ids == list(range(ids[0], ids[0] + 5))
    assert await sandbox.updates(offset=ids[-1] + 1) == []


async def test_a_negative_offset_forgets_all_but_the_last(sandbox: Sandbox) -> None:
    for n in range(5):
        await sandbox.write(EMMA, f"n{n}")
    assert len(await sandbox.updates(offset=-50)) == 5
    assert [update["message"]["text"] for update in await sandbox.updates(offset=-2)] == ["n3", "n4"]
    assert (await sandbox.do("GET", "stats"))["updates"]["pending"] == 2


async def test_the_same_offset_at_once_again_gives_one_update(sandbox: Sandbox) -> None:
    for n in range(3):
        await sandbox.write(EMMA, f"n{n}")
    assert [len(await sandbox.updates(offset=2)) for _ in range(2)] == [3, 1]


async def test_a_long_poll_answers_as_soon_as_somebody_writes(sandbox: Sandbox) -> None:
    poll = asyncio.ensure_future(sandbox.updates(timeout=50))
    await sandbox.write(EMMA, "hello")
    (update,) = await asyncio.wait_for(poll, 5)
    assert update["message"]["text"] == "hello"


async def polled(sandbox: Sandbox) -> None:
    """Return once a poll waits at the sandbox."""

    async def waits() -> bool:
        return bool((await sandbox.do("GET", "stats"))["updates"]["polling"])

    await until(waits)


async def test_a_second_poll_ends_the_first_with_a_conflict(sandbox: Sandbox) -> None:
    first = asyncio.ensure_future(sandbox.answer("getUpdates", timeout=50))
    await polled(sandbox)
    second = asyncio.ensure_future(sandbox.answer("getUpdates", timeout=50))
    assert await asyncio.wait_for(first, 5) == {
        "ok": False,
        "error_code": 409,
        "description": "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running",
    }
    await sandbox.write(EMMA, "hello")
    assert len((await asyncio.wait_for(second, 5))["result"]) == 1


async def test_setting_a_webhook_ends_a_poll_and_bars_the_next(sandbox: Sandbox) -> None:
    poll = asyncio.ensure_future(sandbox.answer("getUpdates", timeout=50))
    await polled(sandbox)
    await sandbox.call("setWebhook", url="http://127.0.0.1:9/")
    assert (await asyncio.wait_for(poll, 5))["description"] == "Conflict: terminated by setWebhook request"
    assert (await sandbox.answer("getUpdates"))["description"] == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )


async def test_a_sandbox_that_stops_answers_a_waiting_poll_first(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as http:
        async with sandbox_running(tmp_path) as sandbox:
            poll = asyncio.ensure_future(Sandbox(sandbox.address, http).answer("getUpdates", timeout=50))
            await polled(sandbox)
        assert (await asyncio.wait_for(poll, 5))["description"] == "Internal Server Error: restart"


async def test_updates_of_people_expire_by_the_clock_presses_first(sandbox: Sandbox) -> None:
    message = await sandbox.send(EMMA, "a", reply_markup=keyboard({"text": "Go", "callback_data": "go:1"}))
    await sandbox.write(EMMA, "hello")
    press = {"message_id": message["message_id"], "button": "Go", "wait_s": 0}
    assert await sandbox.do("POST", f"users/{EMMA}/presses", press) == {"answer": None}
    now = (await sandbox.do("GET", "clock"))["now"]
    assert kinds(await sandbox.updates()) == ["message", "callback_query"]
    await sandbox.do("PUT", "clock", {"now": now + 151})
    assert kinds(await sandbox.updates()) == ["message"]
    await sandbox.do("PUT", "clock", {"now": now + 24 * 3600 + 1})
    assert await sandbox.updates() == []


async def test_a_message_with_an_id_beyond_telegrams_reaches_the_bot_and_leaves_the_chats_count_alone(
    sandbox: Sandbox,
) -> None:
    for number in (2**31, 2**70, 0, -1):
        message = {"message_id": number, "from": {"id": EMMA}, "chat": {"id": EMMA}, "text": "far"}
        await sandbox.do("POST", "updates", {"message": message})
    assert kinds(await sandbox.updates()) == ["message"] * 4
    assert (await sandbox.write(EMMA, "near"))["message_id"] < 100


async def test_an_answer_carries_the_buttons_of_what_it_answers(sandbox: Sandbox) -> None:
    message = await sandbox.send(EMMA, "a", reply_markup=keyboard({"text": "Go", "callback_data": "go:1"}))
    await sandbox.write(EMMA, "hello", reply_to_message_id=message["message_id"])
    [update] = await sandbox.updates()
    assert update["message"]["reply_to_message"]["reply_markup"] == message["reply_markup"]


async def test_a_press_can_be_answered_once_and_not_too_late(sandbox: Sandbox) -> None:
    message = await sandbox.send(EMMA, "a", reply_markup=keyboard({"text": "Go", "callback_data": "go:1"}))
    queries = []
    for _ in range(2):
        press = {"message_id": message["message_id"], "button": "Go", "wait_s": 0}
        await sandbox.do("POST", f"users/{EMMA}/presses", press)
        queries.append((await sandbox.updates(offset=-1))[0]["callback_query"])
    assert queries[0]["data"] == "go:1"
    assert await sandbox.call("answerCallbackQuery", callback_query_id=queries[0]["id"]) is True
    assert (await sandbox.answer("answerCallbackQuery", callback_query_id=queries[0]["id"]))["error_code"] == 400
    await sandbox.do("PUT", "clock", {"now": (await sandbox.do("GET", "clock"))["now"] + 151})
    assert (await sandbox.answer("answerCallbackQuery", callback_query_id=queries[1]["id"]))["description"] == (
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    )


async def test_only_kinds_asked_for_are_queued(sandbox: Sandbox) -> None:
    async def acts() -> None:
        message = await sandbox.write(EMMA, "a")
        await sandbox.do("POST", f"users/{EMMA}/edits", {"message_id": message["message_id"], "text": "b"})
        await sandbox.do("POST", f"users/{EMMA}/reactions", {"message_id": message["message_id"], "emoji": "👍"})
        await sandbox.do("POST", f"users/{EMMA}/block")
        await sandbox.do("POST", f"users/{EMMA}/unblock")

    await acts()
    usual = await sandbox.updates()
    assert kinds(usual) == ["message", "edited_message", "my_chat_member", "my_chat_member"]
    await sandbox.updates(offset=usual[-1]["update_id"] + 1, allowed_updates=["message_reaction", "edited_message"])
    await acts()
    chosen = await sandbox.updates()
    assert kinds(chosen) == ["edited_message", "message_reaction"]
    assert chosen[1]["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    await sandbox.updates(offset=chosen[-1]["update_id"] + 1, allowed_updates=[])
    await acts()
    assert kinds(await sandbox.updates()) == kinds(usual)


async def test_blocking_and_unblocking_are_told_as_telegram_tells_them(sandbox: Sandbox) -> None:
    await sandbox.do("POST", f"users/{EMMA}/block")
    await sandbox.do("POST", f"users/{EMMA}/block")
    await sandbox.write(EMMA, "/start again")
    blocked, unblocked, started = await sandbox.updates()
    statuses = [
        [update["my_chat_member"][which]["status"] for which in ("old_chat_member", "new_chat_member")]
        for update in (blocked, unblocked)
    ]
    assert statuses == [["member", "kicked"], ["kicked", "member"]]
    assert started["message"]["text"] == "/start again"


@pytest.mark.parametrize(
    ("status", "text", "heard"),
    [
        ("administrator", "just talk", True),
        ("member", "just talk", False),
        ("member", "/queue", True),
        ("member", "ask @Baithak_sandbox_bot", True),
    ],
)
async def test_in_a_group_a_bot_without_rights_hears_only_what_is_meant_for_it(
    sandbox: Sandbox, status: str, text: str, heard: bool
) -> None:
    await sandbox.do("PUT", f"chats/{GROUP}/members/42", {"status": status})
    await sandbox.write(MEERA, text, chat_id=GROUP)
    assert ("message" in kinds(await sandbox.updates())) is heard


async def test_those_who_come_and_go_are_seen_in_the_group(sandbox: Sandbox) -> None:
    await sandbox.updates(allowed_updates=["chat_member", "message"])
    await sandbox.do("PUT", f"chats/{GROUP}/members/{EMMA}")
    await sandbox.do("DELETE", f"chats/{GROUP}/members/{OMAR}")
    came, message, went, last = await sandbox.updates()
    assert came["chat_member"]["new_chat_member"]["status"] == "member"
    assert message["message"]["new_chat_members"][0]["id"] == EMMA
    assert went["chat_member"]["new_chat_member"]["status"] == "left"
    assert last["message"]["left_chat_member"]["id"] == OMAR
    assert (await sandbox.call("getChatMember", chat_id=GROUP, user_id=OMAR))["status"] == "left"
    assert await sandbox.call("getChatMemberCount", chat_id=GROUP) == 3


async def test_everything_stands_again_after_a_restart(tmp_path: Path) -> None:
    async with sandbox_running(tmp_path) as sandbox:
        await sandbox.start(EMMA)
        await sandbox.call("setMyCommands", commands=[{"command": "stop", "description": "Stop"}])
        message = await sandbox.send(EMMA, "first")
        await sandbox.call("editMessageText", chat_id=EMMA, message_id=message["message_id"], text="edited")
        gone = await sandbox.send(EMMA, "gone")
        await sandbox.call("deleteMessage", chat_id=EMMA, message_id=gone["message_id"])
        await sandbox.write(EMMA, "a\ud83d\0\u202eb")
        before, users = await sandbox.messages(EMMA), await sandbox.do("GET", "users")
        (waiting,) = await sandbox.updates()
    for _ in range(2):
        async with sandbox_running(tmp_path) as sandbox:
            assert await sandbox.messages(EMMA) == before
            assert await sandbox.do("GET", "users") == users
            assert await sandbox.updates() == [waiting]
            assert await sandbox.call("getMyCommands") == [{"command": "stop", "description": "Stop"}]
    async with sandbox_running(tmp_path) as sandbox:
        await sandbox.updates(offset=waiting["update_id"] + 1)
    async with sandbox_running(tmp_path) as sandbox:
        fresh = await sandbox.write(EMMA, "after")
        assert fresh["message_id"] == before[-1]["message_id"] + 1
        (update,) = await sandbox.updates()
        assert update["update_id"] == waiting["update_id"] + 1


SERVE = """
import asyncio, sys
from pathlib import Path
from bot.sandbox import run
asyncio.run(run(host="127.0.0.1", port=int(sys.argv[1]), data_dir=Path(sys.argv[2])))
"""


async def test_a_kill_loses_nothing_that_was_answered_and_gives_no_update_id_twice(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    ids: list[int] = []
    texts: list[str] = []
    async with aiohttp.ClientSession() as http:
        sandbox = Sandbox(address, http)

        async def answers() -> bool:
            try:
                async with http.get(f"{address}/healthz") as response:
                    return response.status == 200
            except aiohttp.ClientError:
                return False

        for life in range(3):
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, str(port), str(tmp_path))
            await until(answers, at_most_s=30)
            for n in range(5):
                texts.append(f"{life}.{n}")
                await sandbox.write(EMMA, texts[-1])
                ids += [update["update_id"] for update in await sandbox.updates(offset=max(ids, default=0) + 1)]
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, str(port), str(tmp_path))
        await until(answers, at_most_s=30)
        kept = [message["text"] for message in await sandbox.messages(EMMA)]
        process.terminate()
        await process.wait()
    assert ids == list(range(1, 16))
    assert kept == texts
