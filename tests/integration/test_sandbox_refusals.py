"""What the sandbox refuses the bot, in Telegram's own words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.integration.sandbox_client import BILAL, EMMA, GROUP, MEERA, PNG, Sandbox, keyboard, sandbox_running


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Emma has started the bot and written message 1, the bot has sent 2 and a picture, 3; Meera has blocked it."""
    async with sandbox_running() as sandbox:
        await sandbox.start(EMMA, MEERA)
        await sandbox.send(EMMA, "hello", reply_markup=keyboard({"text": "Go", "callback_data": "go:1"}))
        await sandbox.call("sendPhoto", chat_id=EMMA, photo=await sandbox.picture(EMMA))
        await sandbox.do("POST", f"users/{MEERA}/block")
        yield sandbox


# Its header says 8 × 4 pixels; nobody looks further.
PHOTO = 4

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
OLD_QUERY = "Bad Request: query is too old and response timeout expired or query ID is invalid"
TEXT_BUTTON = "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"

REFUSALS: list[tuple[str, dict[str, Any], int, str]] = [
    ("sendMessage", {"chat_id": MEERA, "text": "a"}, 403, "Forbidden: bot was blocked by the user"),
    ("sendMessage", {"chat_id": BILAL, "text": "a"}, 403, "Forbidden: bot can't initiate conversation with a user"),
    ("sendMessage", {"chat_id": 42, "text": "a"}, 403, "Forbidden: the bot can't send messages to the bot"),
    ("sendMessage", {"chat_id": 999, "text": "a"}, 400, "Bad Request: chat not found"),
    ("sendMessage", {"chat_id": "@nobody", "text": "a"}, 400, "Bad Request: chat not found"),
    ("sendMessage", {"text": "a"}, 400, "Bad Request: chat_id is empty"),
    ("sendMessage", {"chat_id": EMMA}, 400, "Bad Request: message text is empty"),
    ("sendMessage", {"chat_id": EMMA, "text": " \n\u200b"}, 400, "Bad Request: text must be non-empty"),
    ("sendMessage", {"chat_id": EMMA, "text": "a" * 4097}, 400, "Bad Request: message is too long"),
    ("sendMessage", {"chat_id": EMMA, "text": "a" * 32769}, 400, "Bad Request: text is too long"),
    ("sendMessage", {"chat_id": EMMA, "text": "a", "parse_mode": "x"}, 400, "Bad Request: unsupported parse_mode"),
    (
        "sendMessage",
        {"chat_id": EMMA, "text": "<foo>", "parse_mode": "HTML"},
        400,
        'Bad Request: can\'t parse entities: Unsupported start tag "foo" at byte offset 0',
    ),
    (
        "sendMessage",
        {"chat_id": EMMA, "text": "a.", "parse_mode": "markdownv2"},
        400,
        "Bad Request: can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'",
    ),
    (
        "sendMessage",
        {"chat_id": EMMA, "text": "ab", "entities": [{"type": "bold", "offset": 1, "length": 2}]},
        400,
        "Bad Request: entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 3",
    ),
    (
        "sendMessage",
        {"chat_id": EMMA, "text": "a", "reply_parameters": {"message_id": 99}},
        400,
        "Bad Request: message to be replied not found",
    ),
    (
        "sendMessage",
        {"chat_id": EMMA, "text": "a", "reply_to_message_id": 99},
        400,
        "Bad Request: message to be replied not found",
    ),
    (
        "sendMessage",
        {"chat_id": EMMA, "text": "a", "reply_markup": keyboard({"text": "b", "callback_data": "ش" * 33})},
        400,
        "Bad Request: BUTTON_DATA_INVALID",
    ),
    (
        "sendMessage",
        {"chat_id": EMMA, "text": "a", "reply_markup": keyboard({"text": "b", "callback_data": ""})},
        400,
        "Bad Request: BUTTON_DATA_INVALID",
    ),
    ("sendMessage", {"chat_id": EMMA, "text": "a", "reply_markup": keyboard({"text": "b"})}, 400, TEXT_BUTTON),
    (
        "sendMessage",
        {"chat_id": EMMA, "text": "a", "reply_markup": keyboard({"text": "b", "url": "http://localhost/"})},
        400,
        "Bad Request: inline keyboard button URL 'http://localhost/' is invalid: Wrong HTTP URL",
    ),
    ("sendPhoto", {"chat_id": EMMA}, 400, "Bad Request: there is no photo in the request"),
    ("sendPhoto", {"chat_id": EMMA, "photo": "abc"}, 400, "Bad Request: wrong file identifier/HTTP URL specified"),
    (
        "sendPhoto",
        {"chat_id": EMMA, "photo": "http://127.0.0.1:1/x.png"},
        400,
        "Bad Request: failed to get HTTP URL content",
    ),
    ("sendChatAction", {"chat_id": EMMA, "action": "dance"}, 400, "Bad Request: wrong parameter action in request"),
    (
        "editMessageText",
        {"chat_id": EMMA, "message_id": 99, "text": "a"},
        400,
        "Bad Request: message to edit not found",
    ),
    ("editMessageText", {"chat_id": EMMA, "message_id": 1, "text": "a"}, 400, "Bad Request: message can't be edited"),
    (
        "editMessageText",
        {"chat_id": EMMA, "message_id": PHOTO, "text": "a"},
        400,
        "Bad Request: there is no text in the message to edit",
    ),
    (
        "editMessageText",
        {
            "chat_id": EMMA,
            "message_id": 2,
            "text": "hello",
            "reply_markup": keyboard({"text": "Go", "callback_data": "go:1"}),
        },
        400,
        NOT_MODIFIED,
    ),
    (
        "editMessageReplyMarkup",
        {"chat_id": EMMA, "message_id": 2, "reply_markup": keyboard({"text": "Go", "callback_data": "go:1"})},
        400,
        NOT_MODIFIED,
    ),
    (
        "editMessageCaption",
        {"chat_id": EMMA, "message_id": 2, "caption": "a"},
        400,
        "Bad Request: there is no caption in the message to edit",
    ),
    (
        "editMessageCaption",
        {"chat_id": EMMA, "message_id": PHOTO, "caption": "a" * 1025},
        400,
        "Bad Request: message caption is too long",
    ),
    ("deleteMessage", {"chat_id": EMMA, "message_id": 99}, 400, "Bad Request: message to delete not found"),
    ("answerCallbackQuery", {"callback_query_id": "7"}, 400, OLD_QUERY),
    ("answerCallbackQuery", {"callback_query_id": "7", "text": "a" * 201}, 400, "Bad Request: MESSAGE_TOO_LONG"),
    (
        "setMessageReaction",
        {"chat_id": EMMA, "message_id": 1, "reaction": [{"type": "emoji", "emoji": "🪑"}]},
        400,
        "Bad Request: REACTION_INVALID",
    ),
    ("getChatMember", {"chat_id": GROUP, "user_id": 999}, 400, "Bad Request: user not found"),
    ("getFile", {"file_id": "x"}, 400, "Bad Request: wrong file_id or the file is temporarily unavailable"),
    ("setWebhook", {"url": "https://a.b", "secret_token": "a b"}, 400,
     "Bad Request: secret token contains unallowed characters"),
    ("setMyCommands", {"commands": [{"command": "Bad!", "description": "a"}]}, 400, "Bad Request: BOT_COMMAND_INVALID"),
    ("sendSpaceship", {}, 404, "Not Found: method not found"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "params", "code", "description"), REFUSALS)
async def test_the_bot_is_refused_in_telegrams_words(
    sandbox: Sandbox, method: str, params: dict[str, Any], code: int, description: str
) -> None:
    assert await sandbox.answer(method, **params) == {"ok": False, "error_code": code, "description": description}


@pytest.mark.parametrize("token", ["x", "42", "42:", "a:b", "42:sp ace", "42:é"])
async def test_a_token_ill_formed_is_refused(sandbox: Sandbox, token: str) -> None:
    async with sandbox.http.get(f"{sandbox.address}/bot{token}/getMe") as response:
        assert (response.status, await response.json()) == (
            401,
            {"ok": False, "error_code": 401, "description": "Unauthorized: invalid token specified"},
        )


async def test_any_well_formed_token_is_the_bot_under_its_number(sandbox: Sandbox) -> None:
    async with sandbox.http.get(f"{sandbox.address}/bot77:AAE-x_1/GETME") as response:
        me = (await response.json())["result"]
    assert (me["id"], me["is_bot"], me["username"]) == (77, True, "baithak_sandbox_bot")
    async with sandbox.http.get(f"{sandbox.address}/bot77:b/getChatMember?chat_id={GROUP}&user_id=77") as response:
        assert (await response.json())["result"]["status"] == "administrator"


@pytest.mark.parametrize(("status", "words"), [("kicked", "bot was kicked from the supergroup chat")])
async def test_a_group_that_threw_the_bot_out_is_closed_to_it(sandbox: Sandbox, status: str, words: str) -> None:
    await sandbox.do("DELETE", f"chats/{GROUP}/members/42")
    for method in ("sendMessage", "getChat"):
        answer = await sandbox.answer(method, chat_id=GROUP, text="a")
        assert (answer["error_code"], answer["description"]) == (403, f"Forbidden: {words}")
    await sandbox.do("PUT", f"chats/{GROUP}/members/42", {"status": "administrator"})
    assert (await sandbox.send(GROUP, "back"))["text"] == "back"


@pytest.mark.parametrize(
    ("body", "content_type", "description"),
    [
        (b"{", "application/json", "Bad Request: can't parse JSON in request body"),
        (b"[" * 5000, "application/json", "Bad Request: can't parse JSON in request body"),
        (b"[]", "application/json", "Bad Request: expected an Object in request body"),
        (rb'{"chat_id": 1001, "text": "\ud83d"}', "application/json", "Bad Request: strings must be encoded in UTF-8"),
    ],
)
async def test_a_body_ill_formed_is_refused(sandbox: Sandbox, body: bytes, content_type: str, description: str) -> None:
    headers = {"Content-Type": content_type}
    async with sandbox.http.post(
        f"{sandbox.address}/bot42:SANDBOX/sendMessage", data=body, headers=headers
    ) as response:
        assert (response.status, (await response.json())["description"]) == (400, description)


@pytest.mark.parametrize("how", ["query", "urlencoded", "json", "multipart"])
async def test_parameters_are_taken_however_they_come(sandbox: Sandbox, how: str) -> None:
    address = f"{sandbox.address}/bot42:SANDBOX/sendMessage"
    values = {"chat_id": str(EMMA), "text": "سلام 😀", "reply_parameters": '{"message_id": 1}'}
    if how == "query":
        request = sandbox.http.get(address, params=values)
    elif how == "json":
        request = sandbox.http.post(address, json={**values, "chat_id": EMMA, "reply_parameters": {"message_id": 1}})
    else:
        request = sandbox.http.post(address, data=aiohttp.FormData(values, default_to_multipart=how == "multipart"))
    async with request as response:
        message = (await response.json())["result"]
    assert (message["text"], message["reply_to_message"]["message_id"]) == ("سلام 😀", 1)
    assert "reply_to_message" not in message["reply_to_message"]


async def test_a_missing_reply_is_forgiven_when_asked(sandbox: Sandbox) -> None:
    message = await sandbox.send(EMMA, "a", reply_parameters={"message_id": 99, "allow_sending_without_reply": True})
    assert "reply_to_message" not in message


async def test_the_longest_text_counts_after_parsing(sandbox: Sandbox) -> None:
    message = await sandbox.send(EMMA, f"<b>{'😀' * 4096}</b>", parse_mode="HTML")
    assert (len(message["text"]), message["entities"][0]["length"]) == (4096, 8192)


async def test_an_edit_without_keyboard_takes_the_keyboard_away(sandbox: Sandbox) -> None:
    edited = await sandbox.call("editMessageText", chat_id=EMMA, message_id=2, text="hello")
    assert "reply_markup" not in edited
    assert edited["edit_date"] >= edited["date"]


async def test_a_message_older_than_two_days_can_be_edited_but_not_deleted(sandbox: Sandbox) -> None:
    now = (await sandbox.do("GET", "clock"))["now"]
    await sandbox.do("PUT", "clock", {"now": now + 49 * 3600})
    answer = await sandbox.answer("deleteMessage", chat_id=EMMA, message_id=2)
    assert answer["description"] == "Bad Request: message can't be deleted"
    assert (await sandbox.call("editMessageText", chat_id=EMMA, message_id=2, text="gone"))["text"] == "gone"


async def test_a_picture_uploaded_once_is_sent_again_by_its_id_and_can_be_fetched(sandbox: Sandbox) -> None:
    file_id = await sandbox.picture(EMMA)
    message = await sandbox.call("sendPhoto", chat_id=EMMA, photo=file_id, caption="<i>a</i>", parse_mode="HTML")
    (size,) = message["photo"]
    assert (size["width"], size["height"], size["file_size"], message["caption"]) == (8, 4, len(PNG), "a")
    path = (await sandbox.call("getFile", file_id=file_id))["file_path"]
    for address in (f"file/bot42:SANDBOX/{path}", f"control/files/{file_id}"):
        async with sandbox.http.get(f"{sandbox.address}/{address}") as response:
            assert (await response.read(), response.content_type) == (PNG, "image/png")
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "description"),
    [
        (PNG, "image/png", 200, ""),
        (b"<html>", "text/html", 200, "Bad Request: wrong type of the web page content"),
        (b"text", "text/plain", 200, "Bad Request: IMAGE_PROCESS_FAILED"),
        (b"", "image/png", 200, "Bad Request: file must be non-empty"),
        (b"\0" * (5 * 2**20 + 1), "image/png", 200, "Bad Request: failed to get HTTP URL content"),
        (PNG.replace(b"\0\0\0\x04", b"\0\0\0\x00"), "image/png", 200, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (PNG, "image/png", 404, "Bad Request: failed to get HTTP URL content"),
    ],
    ids=range(7),
)
async def test_a_picture_named_by_address_is_fetched(
    sandbox: Sandbox, body: bytes, content_type: str, status: int, description: str
) -> None:
    async def serve(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type, status=status)

    app = web.Application()
    app.router.add_get("/dot.png", serve)
    server = TestServer(app)
    await server.start_server()
    answer = await sandbox.answer("sendPhoto", chat_id=EMMA, photo=str(server.make_url("/dot.png")))
    await server.close()
    assert answer.get("description", "") == description
    if not description:
        (size,) = answer["result"]["photo"]
        assert (size["width"], size["height"]) == (8, 4)


@pytest.mark.parametrize(
    ("entity", "outcome"),
    [
        ({"type": "bold", "offset": 3, "length": 1}, "entity begins after the end of the text at UTF-16 offset 3"),
        ({"type": "shiny", "offset": 0, "length": 1}, "can't parse MessageEntity: Unsupported type specified"),
        ({"type": "bold", "offset": -1, "length": 1}, "receive an entity with incorrect offset -1"),
        ({"type": "bold", "offset": 0, "length": -1}, "receive an entity with incorrect length -1"),
        ({"type": "text_link", "offset": 0, "length": 1, "url": "x"}, "entity URL 'x' is invalid: Wrong HTTP URL"),
        ({"type": "url", "offset": 0, "length": 1}, []),
        ({"type": "bold", "offset": 0, "length": 0}, []),
        ({"type": "bold", "offset": 0, "length": 2}, [{"type": "bold", "offset": 0, "length": 2}]),
        (
            {"type": "text_link", "offset": 0, "length": 2, "url": "a.b", "user": None},
            [{"type": "text_link", "offset": 0, "length": 2, "url": "http://a.b/"}],
        ),
    ],
)
async def test_entities_given_beside_the_text_are_checked(
    sandbox: Sandbox, entity: dict[str, Any], outcome: str | list[Any]
) -> None:
    answer = await sandbox.answer("sendMessage", chat_id=EMMA, text="😀", entities=[entity])
    if isinstance(outcome, str):
        assert answer["description"] == f"Bad Request: {outcome}"
    else:
        assert answer["result"].get("entities", []) == outcome


async def test_a_quotation_must_stand_in_the_message_it_answers(sandbox: Sandbox) -> None:
    quoting = await sandbox.send(EMMA, "a", reply_parameters={"message_id": 2, "quote": "ell"})
    assert quoting["quote"] == {"text": "ell", "position": 1, "is_manual": True}
    answer = await sandbox.answer(
        "sendMessage", chat_id=EMMA, text="a", reply_parameters={"message_id": 2, "quote": "no"}
    )
    assert answer["description"] == "Bad Request: QUOTE_TEXT_INVALID"


async def test_messages_are_copied_without_and_forwarded_with_their_origin(sandbox: Sandbox) -> None:
    where = {"chat_id": GROUP, "from_chat_id": EMMA, "message_id": 2}
    copied = await sandbox.call("copyMessage", **where)
    forwarded = await sandbox.call("forwardMessage", **where)
    first, second = await sandbox.messages(GROUP)
    assert first["message_id"] == copied["message_id"]
    assert (first["text"], "forward_origin" in first) == ("hello", False)
    assert (second, second["forward_origin"]["sender_user"]["id"]) == (forwarded, 42)
