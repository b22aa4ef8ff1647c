"""The sandbox's chat page: what people write, what the bot does, and words nobody should trust."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Route, expect

from tests.browsers import IN_CHROMIUM
from tests.e2e.chat_page import BILAL, EMMA, GROUP, MEERA, OMAR, Opening, keyboard

pytestmark = IN_CHROMIUM

ONE_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


# Writing.


async def test_what_a_person_writes_appears_to_everybody_in_the_group_and_to_the_bot(opened: Opening) -> None:
    sandbox = await opened(f"/?as={OMAR}&chat={GROUP}")
    await sandbox.type(MEERA, "Who takes the first one?")
    for person in (MEERA, OMAR):
        await expect(sandbox.bubbles(person)).to_have_text(["Who takes the first one?"])
    assert (await sandbox.next_update("message"))["text"] == "Who takes the first one?"


async def test_an_empty_chat_begins_with_a_start_button(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.window(EMMA).get_by_role("button", name="Start").click()
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start"])
    await expect(sandbox.window(EMMA).locator("textarea")).to_be_visible()
    assert await sandbox.texts(EMMA) == ["/start"]


async def test_shift_enter_begins_a_new_line_and_enter_sends(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    await sandbox.open()
    field_ = sandbox.window(EMMA).locator("textarea")
    await field_.press_sequentially("one")
    await field_.press("Shift+Enter")
    await field_.press_sequentially("two")
    await field_.press("Enter")
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start", "one\ntwo"], use_inner_text=True)


async def test_a_text_too_long_for_one_message_is_sent_as_several(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.type(MEERA, "word " * 1200)
    await expect(sandbox.bubbles(MEERA)).to_have_count(2)
    sent = await sandbox.texts(GROUP)
    assert "".join(sent).split() == ["word"] * 1200
    assert max(map(len, sent)) <= 4096


async def test_words_refused_stay_in_the_field_and_the_reason_is_shown(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.type(MEERA, "first")
    await expect(sandbox.bubbles(MEERA)).to_have_count(1)
    await sandbox.page.route(
        "**/control/users/*/messages", lambda route: route.fulfill(status=400, json={"error": "not today"})
    )
    await sandbox.type(MEERA, "second")
    await expect(sandbox.window(MEERA).get_by_role("alert")).to_have_text("not today")
    await expect(sandbox.window(MEERA).locator("textarea")).to_have_value("second")


async def test_a_reply_quotes_its_message_and_escape_gives_it_up(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.type(MEERA, "first")
    row = sandbox.window(MEERA).locator(".row").first
    await row.hover()
    await row.get_by_role("button", name="Reply").click()
    await expect(sandbox.window(MEERA).locator(".compose-bar")).to_contain_text("first")
    await sandbox.page.keyboard.press("Escape")
    await expect(sandbox.window(MEERA).locator(".compose-bar")).to_be_hidden()
    await row.hover()
    await row.get_by_role("button", name="Reply").click()
    await sandbox.type(MEERA, "answer")
    await expect(sandbox.window(MEERA).locator(".bubble .quote-text")).to_have_text("first")
    assert [
        m.get("reply_to_message", {}).get("text") for m in await sandbox.control("GET", f"chats/{GROUP}/messages")
    ] == [None, "first"]


async def test_a_person_edits_their_own_message(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.type(MEERA, "wrogn")
    await expect(sandbox.bubbles(MEERA)).to_have_text(["wrogn"])
    await sandbox.window(MEERA).locator("textarea").press("ArrowUp")
    await sandbox.type(MEERA, "right")
    await expect(sandbox.bubbles(MEERA)).to_have_text(["right"])
    await expect(sandbox.window(MEERA).locator(".edited")).to_have_text("edited")
    assert await sandbox.texts(GROUP) == ["right"]


# What the bot does.


@pytest.mark.parametrize(("show_alert", "role"), [(False, "status"), (True, "dialog")])
async def test_a_press_shows_the_bots_answer(opened: Opening, show_alert: bool, role: Any) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    buttons = keyboard([{"text": "Comment", "callback_data": "comment:1"}])
    await sandbox.bot("sendMessage", chat_id=EMMA, text="A story", reply_markup=buttons)
    await sandbox.open()
    button = sandbox.window(EMMA).get_by_role("button", name="Comment", exact=True)
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    query = await sandbox.next_update("callback_query")
    assert query["data"] == "comment:1"
    await sandbox.bot("answerCallbackQuery", callback_query_id=query["id"], text="Write it now", show_alert=show_alert)
    await expect(sandbox.page.get_by_role(role).filter(has_text="Write it now")).to_be_visible()
    await expect(button).not_to_have_attribute("aria-busy", "true")


async def test_a_message_is_edited_in_its_place_and_a_deleted_one_goes(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    sent = await sandbox.bot(
        "sendMessage",
        chat_id=EMMA,
        text="Received",
        reply_markup=keyboard([{"text": "Edit", "callback_data": "edit:1"}]),
    )
    await sandbox.open()
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start", "Received"])
    await sandbox.bot("editMessageText", chat_id=EMMA, message_id=sent["message_id"], text="Published")
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start", "Published"])
    await expect(sandbox.window(EMMA).locator(".key")).to_have_count(0)
    await sandbox.bot("deleteMessage", chat_id=EMMA, message_id=sent["message_id"])
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start"])


async def test_the_window_says_when_the_bot_is_typing(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    await sandbox.open()
    await sandbox.bot("sendChatAction", chat_id=EMMA, action="typing")
    await expect(sandbox.window(EMMA).locator(".chat-status")).to_have_text("typing…")
    await sandbox.bot("sendMessage", chat_id=EMMA, text="Here I am")
    await expect(sandbox.window(EMMA).locator(".chat-status")).to_have_text("bot")


async def test_a_message_in_a_chat_not_open_leaves_an_unread_mark_until_it_is_opened(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(MEERA, "/start")
    await sandbox.open()
    await sandbox.bot("sendMessage", chat_id=MEERA, text="Your dashboard link")
    await expect(sandbox.window(MEERA).locator(".back .badge")).to_have_text("1")
    await sandbox.window(MEERA).locator(".back").click()
    await sandbox.window(MEERA).locator(".entry").first.click()
    await expect(sandbox.bubbles(MEERA)).to_have_text(["/start", "Your dashboard link"])
    await expect(sandbox.window(MEERA).locator(".back .badge")).to_have_count(0)


async def test_a_spoiler_hides_its_words_until_it_is_pressed(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.bot("sendMessage", chat_id=GROUP, text="<tg-spoiler>fool</tg-spoiler>", parse_mode="HTML")
    spoiler = sandbox.window(MEERA).locator(".spoiler")
    await expect(spoiler.locator("span")).to_have_css("opacity", "0")
    await spoiler.click()
    await expect(spoiler.locator("span")).to_have_css("opacity", "1")


# Untrusted words.


async def test_markup_in_what_anybody_writes_stays_text(opened: Opening) -> None:
    sandbox = await opened(None)
    attack = "<img src=x onerror=document.title='broken'>"
    await sandbox.control("POST", "users", {"id": 3001, "first_name": attack, "language_code": "en"})
    await sandbox.control("PUT", f"chats/{GROUP}/members/3001", {})
    await sandbox.write(3001, attack, GROUP)
    await sandbox.bot(
        "sendMessage", chat_id=GROUP, text=attack, reply_markup=keyboard([{"text": attack, "callback_data": "x:1"}])
    )
    await sandbox.open(f"/?as=3001&chat={GROUP}")
    await expect(sandbox.bubbles(MEERA)).to_have_text([attack, attack])
    await expect(sandbox.window(3001).locator(".person-name")).to_have_text(attack)
    await expect(sandbox.window(MEERA).locator(".key")).to_have_text(attack)
    assert await sandbox.page.locator(".windows img").count() == 0
    assert "broken" not in await sandbox.page.title()


async def test_links_open_beside_the_page_and_only_web_addresses_are_links(opened: Opening) -> None:
    sandbox = await opened()
    entities = [
        {"type": "text_link", "offset": 0, "length": 4, "url": "http://127.0.0.1:8080/demo/stories/1"},
        {"type": "text_link", "offset": 5, "length": 4, "url": "javascript:alert(1)"},
    ]
    message = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": GROUP},
        "from": {"id": 42, "is_bot": True, "first_name": "B"},
        "text": "good evil",
        "entities": entities,
    }
    await sandbox.page.route(f"**/control/chats/{GROUP}/messages*", lambda route: route.fulfill(json=[message]))
    await sandbox.page.reload()
    links = sandbox.window(MEERA).locator(".words a")
    await expect(links).to_have_text(["good"])
    await expect(links).to_have_attribute("target", "_blank")
    await expect(links).to_have_attribute("rel", "noopener noreferrer")


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("یہ فیصلہ دیر سے آیا", "rtl"),
        ("هذا القرار جاء متأخرا", "rtl"),
        ("यह फ़ैसला देर से आया", "ltr"),
        ("This came late", "ltr"),
        ("123 — هذا", "rtl"),
    ],
)
async def test_a_bubble_runs_in_the_direction_of_its_words(opened: Opening, text: str, direction: str) -> None:
    sandbox = await opened()
    await sandbox.type(MEERA, text)
    await expect(sandbox.bubbles(MEERA)).to_have_text([text])
    await expect(sandbox.window(MEERA).locator(".text")).to_have_css("direction", direction)
    await expect(sandbox.window(MEERA)).to_have_css("direction", "ltr")
    await expect(sandbox.window(BILAL)).to_have_css("direction", "rtl")


async def test_who_writes_faster_than_it_is_sent_loses_nothing(opened: Opening) -> None:
    sandbox = await opened()

    typed = asyncio.Event()

    async def held(route: Route) -> None:
        await typed.wait()
        await route.continue_()

    await sandbox.page.route(f"**/control/users/{MEERA}/messages", held)
    for words in ("first", "second"):
        await sandbox.type(MEERA, words)
    typed.set()
    await expect(sandbox.bubbles(MEERA)).to_have_text(["first", "second"])
    await expect(sandbox.window(MEERA).locator("textarea")).to_have_value("")


async def test_an_override_of_direction_does_not_leave_its_bubble(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.type(MEERA, "\u202eevil")
    await sandbox.type(MEERA, "plain")
    await expect(sandbox.bubbles(MEERA)).to_have_text(["\u202eevil", "plain"])
    await expect(sandbox.window(MEERA).locator(".text").last).to_have_css("direction", "ltr")
    await expect(sandbox.window(MEERA).locator(".text").first).to_have_css("unicode-bidi", "plaintext")


async def test_what_is_no_text_can_be_sent_and_a_photo_of_the_bot_is_shown(opened: Opening) -> None:
    sandbox = await opened(f"/?as={MEERA}&chat={GROUP}")
    await sandbox.window(MEERA).get_by_role("button", name="Send something else").click()
    await sandbox.page.get_by_role("menuitem", name="Sticker").click()
    await expect(sandbox.window(MEERA).get_by_role("img", name="Sticker")).to_be_visible()
    assert (await sandbox.next_update("message"))["sticker"]["emoji"] == "🙏"
    form = aiohttp.FormData({"chat_id": str(GROUP), "caption": "A picture"})
    form.add_field("photo", ONE_PIXEL, filename="one.png")
    async with sandbox.http.post(f"{sandbox.address}/bot42:SANDBOX/sendPhoto", data=form) as response:
        assert response.ok
    picture = sandbox.window(MEERA).locator("img.photo")
    await expect(picture).to_have_js_property("naturalWidth", 1)
    await expect(sandbox.bubbles(MEERA).last).to_have_text("A picture")


async def test_the_bots_commands_are_offered_and_sent(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    await sandbox.bot("setMyCommands", commands=[{"command": "top", "description": "Top stories"}])
    await sandbox.open()
    await sandbox.window(EMMA).get_by_role("button", name="Commands").click()
    await sandbox.page.get_by_role("menuitem", name="Top stories").click()
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start", "/top"])


async def test_a_file_of_the_bot_can_be_downloaded(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/mydata")
    form = aiohttp.FormData({"chat_id": str(EMMA)})
    form.add_field("document", b'{"comments": []}', filename="mydata.json")
    async with sandbox.http.post(f"{sandbox.address}/bot42:SANDBOX/sendDocument", data=form) as response:
        assert response.ok
    await sandbox.open()
    async with sandbox.page.expect_download() as started:
        await sandbox.window(EMMA).get_by_role("link", name="mydata.json").click()
    download = await started.value
    assert download.suggested_filename == "mydata.json"
    assert (await download.path()).read_bytes() == b'{"comments": []}'


async def test_the_floating_day_is_there_while_one_scrolls_and_covers_no_words_afterwards(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    await sandbox.open()
    window = sandbox.window(EMMA)
    day = window.locator(".day")
    # Where it stands above the first message it covers nothing.
    await sandbox.page.wait_for_timeout(2500)
    await expect(day).to_have_css("opacity", "1")
    for number in range(40):
        await sandbox.write(EMMA, f"Message {number}")
    await expect(window.locator(".bubble")).to_have_count(41)
    await expect(day).to_have_css("opacity", "0")
    await window.locator(".scroller").hover()
    await sandbox.page.mouse.wheel(0, -300)
    await expect(day).to_have_css("opacity", "1")
    await expect(day).to_have_css("opacity", "0")
