"""The control API: people driven by programs, with good and bad input."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.sandbox_client import BILAL, BOT, EMMA, GROUP, MEERA, OMAR, Sandbox, keyboard, sandbox_running


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Emma has written message 1; the bot has sent 2, with buttons."""
    async with sandbox_running() as sandbox:
        await sandbox.start(EMMA)
        await sandbox.send(
            EMMA,
            "hello",
            reply_markup=keyboard(
                {"text": "Go", "callback_data": "go:1"},
                {"text": "Go", "callback_data": "go:2"},
                {"text": "Read", "url": "https://example.com/x"},
                {"text": "Old", "callback_data": "old:1", "disabled": True},
            ),
        )
        yield sandbox


async def test_a_new_sandbox_has_readers_moderators_and_their_group(sandbox: Sandbox) -> None:
    people = {person["id"]: person for person in await sandbox.do("GET", "users")}
    assert {id_: person["language_code"] for id_, person in people.items()} == {
        EMMA: "en",
        BILAL: "ur",
        MEERA: "en",
        OMAR: "en",
    }
    chats = {chat["id"]: chat for chat in await sandbox.do("GET", "chats")}
    assert {member["user"]["id"]: member["status"] for member in chats[GROUP]["members"]} == {
        MEERA: "creator",
        OMAR: "member",
        BOT: "administrator",
    }
    assert (chats[EMMA]["last_message_id"], chats[EMMA]["last_message"]["text"]) == (2, "hello")
    assert (people[EMMA]["started"], people[BILAL]["started"]) == (True, False)


BAD: list[tuple[str, str, Any, int]] = [
    ("POST", "users", {}, 400),
    ("POST", "users", {"first_name": ""}, 400),
    ("POST", "users", {"first_name": 7}, 400),
    ("POST", "users", {"first_name": "a" * 65}, 400),
    ("POST", "users", {"first_name": "a", "id": 0}, 400),
    ("POST", "users", {"first_name": "a", "id": "5"}, 400),
    ("POST", "users", {"first_name": "a", "id": BOT}, 409),
    ("POST", "users", [], 400),
    ("POST", "users/999/messages", {"text": "a"}, 404),
    ("POST", "users/abc/messages", {"text": "a"}, 400),
    ("POST", f"users/{EMMA}/messages", {}, 400),
    ("POST", f"users/{EMMA}/messages", {"text": ""}, 400),
    ("POST", f"users/{EMMA}/messages", {"text": 5}, 400),
    ("POST", f"users/{EMMA}/messages", {"text": "a" * 4097}, 400),
    ("POST", f"users/{EMMA}/messages", {"text": "😀" * 2049}, 400),
    ("POST", f"users/{EMMA}/messages", {"text": "a", "chat_id": GROUP}, 403),
    ("POST", f"users/{EMMA}/messages", {"text": "a", "chat_id": BILAL}, 403),
    ("POST", f"users/{EMMA}/messages", {"text": "a", "chat_id": 5}, 404),
    ("POST", f"users/{EMMA}/messages", {"text": "a", "reply_to_message_id": 99}, 404),
    ("POST", f"users/{EMMA}/messages", {"text": "a", "reply_to_message_id": True}, 400),
    ("POST", f"users/{EMMA}/edits", {"message_id": 99, "text": "a"}, 404),
    ("POST", f"users/{EMMA}/edits", {"message_id": 2, "text": "a"}, 403),
    ("POST", f"users/{EMMA}/edits", {"message_id": 1, "text": "/start"}, 400),
    ("POST", f"users/{EMMA}/edits", {"text": "a"}, 400),
    ("POST", f"users/{EMMA}/presses", {"message_id": 99, "data": "a"}, 404),
    ("POST", f"users/{EMMA}/presses", {"message_id": 2, "button": "go"}, 404),
    ("POST", f"users/{EMMA}/presses", {"message_id": 2, "button": "Old"}, 409),
    ("POST", f"users/{EMMA}/presses", {"message_id": 2}, 400),
    ("POST", f"users/{EMMA}/presses", {"message_id": 2, "button": "Go", "data": "go:1"}, 400),
    ("POST", f"users/{EMMA}/presses", {"message_id": 1, "data": "a"}, 400),
    ("POST", f"users/{EMMA}/presses", {"message_id": 2, "data": "a", "wait_s": 61}, 400),
    ("POST", f"users/{BILAL}/presses", {"message_id": 2, "data": "a", "chat_id": EMMA}, 403),
    ("POST", f"users/{EMMA}/reactions", {"message_id": 99, "emoji": "👍"}, 404),
    ("POST", f"users/{EMMA}/reactions", {"message_id": 2, "emoji": 5}, 400),
    ("POST", f"users/{EMMA}/reactions", {"message_id": 2, "emoji": "thumb"}, 400),
    ("POST", "users/999/block", None, 404),
    ("GET", "chats/5/messages", None, 404),
    ("GET", f"chats/{EMMA}/messages?after=x", None, 400),
    ("PUT", f"chats/{EMMA}/members/{BILAL}", None, 400),
    ("PUT", f"chats/{GROUP}/members/999", None, 404),
    ("PUT", f"chats/{GROUP}/members/{EMMA}", {"status": "king"}, 400),
    ("DELETE", "chats/7/members/1001", None, 404),
    ("PUT", "limits", {"model": "leaky"}, 400),
    ("PUT", "limits", {"overall_per_s": -1}, 400),
    ("PUT", "limits", {"overall_per_second": 30}, 400),
    ("PUT", "faults", {"faults": [{"kind": "flood"}]}, 400),
    ("PUT", "faults", {"faults": [{"kind": "error", "code": 200}]}, 400),
    ("PUT", "faults", {"faults": [{"kind": "latency", "ms": [5, 1]}]}, 400),
    ("PUT", "faults", {"faults": {"kind": "error"}}, 400),
    ("PUT", "clock", {"speed": -1}, 400),
    ("PUT", "clock", {"now": "noon"}, 400),
    ("POST", "updates", {}, 400),
    ("POST", "updates", {"update_id": 5}, 400),
    ("POST", "updates", {"update_id": "5", "message": {}}, 400),
    ("POST", "updates", [], 400),
    ("GET", "nothing", None, 404),
    ("DELETE", "users", None, 405),
]


@pytest.mark.parametrize(("verb", "path", "body", "status"), BAD)
async def test_bad_input_is_refused_with_a_reason(
    sandbox: Sandbox, verb: str, path: str, body: Any, status: int
) -> None:
    before = await sandbox.messages(EMMA)
    seen, answer = await sandbox.control(verb, path, body)
    assert (seen, list(answer)) == (status, ["error"])
    assert answer["error"]
    assert await sandbox.messages(EMMA) == before


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_is_refused(sandbox: Sandbox, body: bytes) -> None:
    async with sandbox.http.post(f"{sandbox.address}/control/users/{EMMA}/messages", data=body) as response:
        assert (response.status, await response.json()) == (400, {"error": "the body is not JSON"})


TEXTS = [
    "a\ud83db",
    "\udc00\ud800",
    "a\0b",
    "e" + "\u0301" * 500,
    "\u202egnirts",
    "<b>no</b> *markup* &amp;",
    "\u200b",
    " \n ",
    "😀" * 2048,
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_whatever_people_write_passes_untouched(sandbox: Sandbox, text: str) -> None:
    written = await sandbox.write(EMMA, text)
    (update,) = await sandbox.updates()
    assert (written["text"], update["message"]) == (text, written)
    assert (await sandbox.messages(EMMA))[-1] == written


async def test_a_program_may_write_more_than_clients_can(sandbox: Sandbox) -> None:
    written = await sandbox.write(EMMA, "a" * 5000, force=True)
    assert len(written["text"]) == 5000


async def test_a_press_brings_the_bots_answer_back(sandbox: Sandbox) -> None:
    async def answer_the_press() -> str:
        (update,) = await sandbox.updates(timeout=50)
        query = update["callback_query"]
        await sandbox.call("answerCallbackQuery", callback_query_id=query["id"], text="done", show_alert=True)
        return str(query["data"])

    for press, data in (({"button": "Go"}, "go:1"), ({"data": "forged"}, "forged")):
        await sandbox.updates(offset=2**40)
        answering = asyncio.ensure_future(answer_the_press())
        answer = await sandbox.do("POST", f"users/{EMMA}/presses", {"message_id": 2, **press})
        assert answer == {"answer": {"text": "done", "show_alert": True}}
        assert await answering == data


async def test_a_press_on_a_keyboard_that_is_gone_goes_through_by_its_data(sandbox: Sandbox) -> None:
    await sandbox.call("editMessageText", chat_id=EMMA, message_id=2, text="no buttons")
    press = {"message_id": 2, "data": "go:1", "wait_s": 0}
    assert await sandbox.do("POST", f"users/{EMMA}/presses", press) == {"answer": None}
    assert (await sandbox.updates())[0]["callback_query"]["data"] == "go:1"


async def test_a_press_on_a_link_gives_its_address_and_tells_the_bot_nothing(sandbox: Sandbox) -> None:
    answer = await sandbox.do("POST", f"users/{EMMA}/presses", {"message_id": 2, "button": "Read"})
    assert answer == {"answer": None, "url": "https://example.com/x"}
    assert await sandbox.updates() == []


async def test_messages_after_one_are_the_later_and_those_changed_since(sandbox: Sandbox) -> None:
    await sandbox.send(EMMA, "three")
    assert [message["message_id"] for message in await sandbox.messages(EMMA)] == [1, 2, 3]
    assert await sandbox.messages(EMMA, after=3) == []
    await sandbox.call("editMessageText", chat_id=EMMA, message_id=2, text="edited")
    assert [message["text"] for message in await sandbox.messages(EMMA, after=3)] == ["edited"]
    await sandbox.send(EMMA, "four")
    assert [message["message_id"] for message in await sandbox.messages(EMMA, after=3)] == [2, 4]
    assert await sandbox.messages(EMMA, after=4) == []
    await sandbox.do("POST", f"users/{EMMA}/reactions", {"message_id": 1, "emoji": "🔥"})
    (changed,) = await sandbox.messages(EMMA, after=4)
    assert (changed["message_id"], changed["reactions"]) == (1, {"🔥": [EMMA]})


async def test_an_edit_keeps_what_the_message_answered(sandbox: Sandbox) -> None:
    written = await sandbox.write(EMMA, "a", reply_to_message_id=2)
    edited = await sandbox.do(
        "POST", f"users/{EMMA}/edits", {"message_id": written["message_id"], "text": "see https://e.com"}
    )
    assert (edited["reply_to_message"]["message_id"], edited["entities"][0]["type"]) == (2, "url")
    assert [next(iter(update.keys() - {"update_id"})) for update in await sandbox.updates()] == [
        "message",
        "edited_message",
    ]


async def test_a_blocked_bot_hears_nothing_until_the_person_starts_it_again(sandbox: Sandbox) -> None:
    assert await sandbox.do("POST", f"users/{EMMA}/block") == {"blocked": True}
    assert (await sandbox.control("POST", f"users/{EMMA}/messages", {"text": "a"}))[0] == 403
    assert (await sandbox.answer("sendMessage", chat_id=EMMA, text="a"))["error_code"] == 403
    assert await sandbox.do("POST", f"users/{EMMA}/unblock") == {"blocked": False}
    assert (await sandbox.send(EMMA, "a"))["chat"]["id"] == EMMA


async def test_a_person_is_added_and_renamed(sandbox: Sandbox) -> None:
    added = await sandbox.do("POST", "users", {"first_name": "Asha", "language_code": "mr"})
    assert (added["id"], added["language_code"], added["started"]) == (3001, "mr", False)
    await sandbox.start(3001)
    renamed = await sandbox.do("POST", "users", {"id": 3001, "first_name": "Aśa"})
    assert (renamed["first_name"], renamed["started"], renamed["language_code"]) == ("Aśa", True, "mr")
    unset = await sandbox.do("POST", "users", {"id": 3001, "first_name": "Aśa", "language_code": ""})
    assert "language_code" not in unset
    assert (await sandbox.call("getChat", chat_id=3001))["first_name"] == "Aśa"


async def test_a_given_message_is_completed_kept_and_queued(sandbox: Sandbox) -> None:
    photo = [{"file_id": "x", "file_unique_id": "y", "width": 8, "height": 4}]
    given = {"message": {"from": {"id": BILAL}, "chat": {"id": BILAL}, "photo": photo}}
    answer = await sandbox.do("POST", "updates", given)
    (update,) = await sandbox.updates()
    assert update["update_id"] == answer["update_id"]
    message = update["message"]
    assert (message["from"]["first_name"], message["chat"]["type"], message["message_id"]) == ("Bilal", "private", 1)
    assert await sandbox.messages(BILAL) == [message]
    assert (await sandbox.send(BILAL, "thanks", reply_to_message_id=1))["reply_to_message"]["photo"] == photo


async def test_the_same_update_can_be_given_again_after_it_was_confirmed(sandbox: Sandbox) -> None:
    await sandbox.write(EMMA, "once")
    (update,) = await sandbox.updates()
    assert await sandbox.updates(offset=update["update_id"] + 1) == []
    assert await sandbox.do("POST", "updates", update) == {"update_id": update["update_id"]}
    assert await sandbox.updates(offset=update["update_id"] + 1) == [update]
    assert [message["text"] for message in await sandbox.messages(EMMA)].count("once") == 1
    await sandbox.write(EMMA, "next")
    assert (await sandbox.updates(offset=update["update_id"] + 1))[0]["update_id"] == update["update_id"] + 1


@pytest.mark.parametrize(
    "update",
    [
        {"spaceship": {"chat": {"id": EMMA}}},
        {"message": None},
        {"message": {"chat": 5, "from": "x"}},
        {"message": {"chat": {"id": EMMA}, "from": {"id": EMMA}, "message_id": "x"}},
        {"callback_query": {"id": "1", "from": {"id": EMMA}, "data": "x" * 5000}},
    ],
)
async def test_updates_of_any_shape_are_passed_on(sandbox: Sandbox, update: dict[str, Any]) -> None:
    before = await sandbox.messages(EMMA)
    id_ = (await sandbox.do("POST", "updates", update))["update_id"]
    assert await sandbox.updates() == [{"update_id": id_, **update}]
    assert await sandbox.messages(EMMA) == before


async def test_commands_are_offered_by_scope_and_language(sandbox: Sandbox) -> None:
    def named(name: str) -> list[dict[str, str]]:
        return [{"command": name, "description": name}]

    await sandbox.call("setMyCommands", commands=named("plain"))
    await sandbox.call("setMyCommands", commands=named("urdu"), language_code="ur")
    await sandbox.call("setMyCommands", commands=named("group"), scope={"type": "all_group_chats"})
    await sandbox.call(
        "setMyCommands", commands=named("rights"), scope={"type": "chat_administrators", "chat_id": GROUP}
    )
    offered = [
        (await sandbox.do("GET", f"commands?user={user}&chat_id={chat}"))[0]["command"]
        for user, chat in ((EMMA, EMMA), (BILAL, BILAL), (OMAR, GROUP), (MEERA, GROUP))
    ]
    assert offered == ["plain", "urdu", "group", "rights"]


async def test_limits_answer_429_with_the_true_wait_and_are_counted(sandbox: Sandbox) -> None:
    await sandbox.do("PUT", "clock", {"speed": 0})
    await sandbox.do("PUT", "limits", {"model": "sliding_window", "chat_burst": 3, "chat_per_s": 0.5, "edits": False})
    answers = [await sandbox.answer("sendMessage", chat_id=EMMA, text=f"n{n}") for n in range(4)]
    assert [answer["ok"] for answer in answers] == [True, True, True, False]
    assert answers[-1] == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 6",
        "parameters": {"retry_after": 6},
    }
    assert (await sandbox.answer("editMessageText", chat_id=EMMA, message_id=2, text="edited"))["ok"]
    await sandbox.do("PUT", "clock", {"now": (await sandbox.do("GET", "clock"))["now"] + 6})
    assert (await sandbox.answer("sendMessage", chat_id=EMMA, text="now"))["ok"]
    stats = await sandbox.do("GET", "stats")
    assert (stats["too_many_requests"], stats["errors"]["sendMessage"]) == ({"sendMessage": 1}, {"429": 1})
    assert stats["deliveries"]["sendMessage"] == 5
    seconds = stats["seconds"]
    assert [sum(one[name] for one in seconds) for name in ("deliveries", "too_many_requests")] == [5 + 1, 1], (
        "with the edit"
    )
    assert all(stats["since"] - 1 <= one["at"] <= stats["now"] for one in seconds)
    await sandbox.do("PUT", "limits", {"enabled": False})
    assert (await sandbox.do("DELETE", "stats"))["calls"] == {}


async def test_pages_of_other_sites_may_not_act_here(sandbox: Sandbox) -> None:
    for path in (f"control/users/{EMMA}/messages", "bot42:SANDBOX/getMe"):
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            async with sandbox.http.post(
                f"{sandbox.address}/{path}", json={"text": "forged"}, headers=headers
            ) as response:
                assert response.status == 403
    async with sandbox.http.post(
        f"{sandbox.address}/control/users/{EMMA}/messages", json={"text": "own"}, headers={"Origin": sandbox.address}
    ) as response:
        assert response.status == 200
    assert [message["text"] for message in await sandbox.messages(EMMA, after=2)] == ["own"]


async def test_the_page_is_served_under_a_strict_policy_and_nothing_beside_it(sandbox: Sandbox) -> None:
    async with sandbox.http.get(f"{sandbox.address}/?start=abc") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("static/../server.py", "static/%2e%2e/server.py", "static/%2e%2e%2fserver.py", "static/nothing.js"):
        async with sandbox.http.get(f"{sandbox.address}/{path}") as response:
            assert response.status == 404


async def test_whoever_watches_is_told_every_change(sandbox: Sandbox) -> None:
    async with sandbox.http.get(f"{sandbox.address}/control/events", headers={"Last-Event-ID": "0"}) as stream:
        assert stream.content_type == "text/event-stream"
        await sandbox.send(EMMA, "new")
        await sandbox.call("editMessageText", chat_id=EMMA, message_id=3, text="edited")
        await sandbox.call("sendChatAction", chat_id=EMMA, action="typing")
        await sandbox.call("deleteMessage", chat_id=EMMA, message_id=3)
        told: list[dict[str, Any]] = []
        while not told or told[-1]["kind"] != "deleted":
            line = await asyncio.wait_for(stream.content.readline(), 5)
            if line.startswith(b"data: "):
                told.append(json.loads(line[6:]))
    mine = [change["kind"] for change in told if change["chat_id"] == EMMA][-4:]
    assert mine == ["message", "edited", "action", "deleted"]
    assert told[-1]["message_id"] == 3
