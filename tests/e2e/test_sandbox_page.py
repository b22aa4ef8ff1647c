"""The sandbox's chat page in a real browser: what people see and what their presses do."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from bot.sandbox import create_app

EMMA, BILAL, MEERA, OMAR = 1001, 1002, 2001, 2002
GROUP = -1003000000001
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("chat page"),
    pytest.mark.skipif(CHROMIUM is None, reason="the chat page is tested in Chromium: install the package `chromium`"),
]


@dataclass
class Sandbox:
    """A running sandbox, the bot's side of it, and the page open in a browser."""

    folder: Path
    context: BrowserContext
    page: Page
    http: aiohttp.ClientSession
    faults: list[str] = field(default_factory=list)
    port: int = 0
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Serve, on the same port after a stop."""
        self.runner = web.AppRunner(create_app(self.folder), shutdown_timeout=0.5)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the server and leave its folder."""
        assert self.runner is not None
        await self.runner.cleanup()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self, path: str = "/") -> None:
        """Open the page and wait until its windows are alive."""
        await self.page.goto(self.address + path)
        await expect(self.page.locator(".chat-status:visible").first).not_to_have_text("connecting…")

    async def bot(self, method: str, **params: Any) -> Any:
        """Call a method of the Bot API, as the bot does."""
        async with self.http.post(f"{self.address}/bot42:SANDBOX/{method}", json=params) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API, as programs do."""
        async with self.http.request(method, f"{self.address}/control/{path}", json=body) as response:
            assert response.ok, await response.text()
            return await response.json()

    async def write(self, person: int, text: str, chat: int | None = None) -> Any:
        return await self.control("POST", f"users/{person}/messages", {"text": text, "chat_id": chat or person})

    async def texts(self, chat: int) -> list[str]:
        """What stands in a chat, as the server has it."""
        return [message["text"] for message in await self.control("GET", f"chats/{chat}/messages")]

    async def next_update(self, kind: str) -> Any:
        """The next update of that kind; others before it are confirmed unread."""
        offset = 0
        while True:
            for update in await self.bot("getUpdates", offset=offset, timeout=10):
                offset = update["update_id"] + 1
                if kind in update:
                    await self.bot("getUpdates", offset=offset)
                    return update[kind]

    def window(self, person: int) -> Locator:
        return self.page.locator(f".window[data-person='{person}']")

    def bubbles(self, person: int) -> Locator:
        return self.window(person).locator(".words")

    async def type(self, person: int, text: str) -> None:
        """Write into a person's window and send it with Enter."""
        field_ = self.window(person).locator("textarea")
        await field_.fill(text)
        await field_.press("Enter")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


Opening = Callable[..., Awaitable[Sandbox]]


@pytest_asyncio.fixture(loop_scope="module")
async def opened(browser: Browser, tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens a sandbox's page, of a given width and colours; afterwards the page must have had no error of its own."""
    made: list[Sandbox] = []

    async def open_(path: str | None = "/", *, width: int = 1440, dark: bool = False) -> Sandbox:
        context = await browser.new_context(
            viewport={"width": width, "height": 850}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        sandbox = Sandbox(folder=tmp_path, context=context, page=page, http=aiohttp.ClientSession())
        page.on("pageerror", lambda error: sandbox.faults.append(str(error)))
        page.on("console", lambda line: _note(sandbox, line.text))
        made.append(sandbox)
        await sandbox.start()
        if path is not None:
            await sandbox.open(path)
        return sandbox

    yield open_
    for sandbox in made:
        await sandbox.context.close()
        await sandbox.stop()
        await sandbox.http.close()
        assert sandbox.faults == []


def _note(sandbox: Sandbox, line: str) -> None:
    if "Content Security Policy" in line or "Uncaught" in line:
        sandbox.faults.append(line)


def keyboard(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


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


async def test_an_override_of_direction_does_not_leave_its_bubble(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.type(MEERA, "\u202eevil")
    await sandbox.type(MEERA, "plain")
    await expect(sandbox.bubbles(MEERA)).to_have_text(["\u202eevil", "plain"])
    await expect(sandbox.window(MEERA).locator(".text").last).to_have_css("direction", "ltr")
    await expect(sandbox.window(MEERA).locator(".text").first).to_have_css("unicode-bidi", "plaintext")


# Addresses.


async def test_a_start_link_starts_the_bot_once(opened: Opening) -> None:
    sandbox = await opened("/?start=story_7")
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start story_7"])
    assert sandbox.page.url == sandbox.address + "/"
    await sandbox.page.reload()
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start story_7"])
    assert await sandbox.texts(EMMA) == ["/start story_7"]


async def test_a_start_link_that_telegram_would_not_take_sends_nothing(opened: Opening) -> None:
    sandbox = await opened("/?start=a%20b%0A")
    await expect(sandbox.page.get_by_role("alert")).to_be_visible()
    assert await sandbox.texts(EMMA) == []


async def test_a_start_link_in_a_message_starts_the_bot_here(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    link = "https://t.me/baithak_sandbox_bot?start=story_9"
    await sandbox.bot(
        "sendMessage", chat_id=EMMA, text="A story", reply_markup=keyboard([{"text": "Open", "url": link}])
    )
    await sandbox.open()
    await sandbox.window(EMMA).get_by_role("button", name="Open").click()
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start", "A story", "/start story_9"])


async def test_the_address_chooses_a_person_and_a_chat(opened: Opening) -> None:
    sandbox = await opened(f"/?as={OMAR}&chat={GROUP}")
    await expect(sandbox.window(OMAR).locator(".chat-title")).to_have_text("Baithak moderators")


# People.


async def test_a_person_blocks_the_bot_and_comes_back(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    await sandbox.open()
    window = sandbox.window(EMMA)
    await window.get_by_role("button", name="More").click()
    await sandbox.page.get_by_role("menuitem", name="Block the bot").click()
    await window.get_by_role("button", name="Unblock and restart").click()
    await expect(window.locator("textarea")).to_be_visible()
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start", "/start"])


async def test_a_person_joins_and_leaves_the_moderators(opened: Opening) -> None:
    sandbox = await opened()
    window = sandbox.window(EMMA)
    await window.get_by_role("button", name="More").click()
    await sandbox.page.get_by_role("menuitem", name="Join Baithak moderators").click()
    await expect(sandbox.window(MEERA).locator(".chat-status")).to_have_text("4 members")
    await window.locator(".back").click()
    await window.locator(".entry").last.click()
    await window.get_by_role("button", name="More").click()
    await sandbox.page.get_by_role("menuitem", name="Leave the group").click()
    await expect(sandbox.window(MEERA).locator(".chat-status")).to_have_text("3 members")
    await expect(window.locator(".chat-title")).to_have_text("Baithak")


async def test_a_new_person_is_added_and_played_in_their_own_language(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.page.get_by_role("button", name="Add a person").click()
    await sandbox.page.get_by_label("Name").fill("ليلى")
    await sandbox.page.get_by_label("Language").select_option("ar")
    await sandbox.page.get_by_role("button", name="Add", exact=True).click()
    window = sandbox.page.locator(".window[lang='ar']")
    await expect(window).to_have_css("direction", "rtl")
    await expect(window.locator(".person-name")).to_have_text("ليلى")


async def test_a_double_click_reacts_and_a_second_takes_it_back(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.bot("sendMessage", chat_id=GROUP, text="A comment waits")
    bubble = sandbox.window(MEERA).locator(".bubble")
    await bubble.dblclick()
    await expect(bubble.locator(".reaction")).to_have_text("👍1")
    await sandbox.page.reload()
    await expect(bubble.locator(".reaction.mine")).to_have_text("👍1")
    await bubble.dblclick(position={"x": 6, "y": 6})
    await expect(bubble.locator(".reaction")).to_have_count(0)


# The page itself.


async def test_the_page_comes_back_after_a_restart_of_the_sandbox_with_nothing_twice(opened: Opening) -> None:
    sandbox = await opened()
    await sandbox.type(MEERA, "before")
    await expect(sandbox.bubbles(MEERA)).to_have_text(["before"])
    await sandbox.stop()
    await expect(sandbox.window(MEERA).locator(".chat-status")).to_have_text("connecting…")
    await sandbox.start()
    await sandbox.write(MEERA, "while the page was away", GROUP)
    await expect(sandbox.window(MEERA).locator(".chat-status")).to_have_text("3 members")
    await sandbox.type(MEERA, "after")
    await expect(sandbox.bubbles(MEERA)).to_have_text(["before", "while the page was away", "after"])


@pytest.mark.parametrize("width", [320, 390, 700, 1000, 1440])
async def test_no_width_scrolls_sideways(opened: Opening, width: int) -> None:
    sandbox = await opened(None, width=width)
    await sandbox.write(EMMA, "/start")
    row = [{"text": f"A rather long button {n}", "callback_data": f"x:{n}"} for n in range(5)]
    await sandbox.bot("sendMessage", chat_id=EMMA, text="unbreakable" * 60, reply_markup=keyboard(row))
    await sandbox.open()
    await expect(sandbox.bubbles(EMMA)).to_have_count(2)
    assert await sandbox.page.evaluate("document.documentElement.scrollWidth") <= width
    scroller = sandbox.window(EMMA).locator(".scroller")
    assert await scroller.evaluate("one => one.scrollWidth - one.clientWidth") == 0


async def test_a_narrow_page_shows_one_window_and_its_tabs_change_the_person(opened: Opening) -> None:
    sandbox = await opened(None, width=390)
    await sandbox.write(OMAR, "/start")
    await sandbox.open()
    await expect(sandbox.page.locator(".window:visible")).to_have_count(1)
    await sandbox.bot("sendMessage", chat_id=GROUP, text="A comment waits")
    await expect(sandbox.page.locator(".tab", has_text="Meera").locator(".badge")).to_have_text("1")
    await sandbox.page.locator(".tab", has_text="Meera").click()
    await expect(sandbox.window(MEERA)).to_be_visible()
    await expect(sandbox.page.locator(".window:visible")).to_have_count(1)
    await expect(sandbox.page.locator(".tab", has_text="Meera").locator(".badge")).to_have_count(0)


async def test_dark_follows_the_system_until_the_person_chooses(opened: Opening) -> None:
    sandbox = await opened(dark=True)
    dark = await sandbox.page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor")
    await sandbox.page.get_by_role("button", name="Light colours").click()
    light = await sandbox.page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor")
    assert dark != light
    await sandbox.page.reload()
    await expect(sandbox.page.locator("body")).to_have_css("background-color", light)


async def test_many_messages_at_once_stay_in_order_and_only_the_last_are_drawn(opened: Opening) -> None:
    sandbox = await opened()
    await asyncio.gather(*(sandbox.write(MEERA, f"message {n}", GROUP) for n in range(150)))
    await expect(sandbox.bubbles(MEERA)).to_have_count(150)
    assert await sandbox.bubbles(MEERA).all_inner_texts() == await sandbox.texts(GROUP)
    await sandbox.page.reload()
    await expect(sandbox.bubbles(MEERA)).to_have_count(80)
    await sandbox.window(MEERA).locator(".scroller").evaluate("one => { one.scrollTop = 0; }")
    await expect(sandbox.bubbles(MEERA)).to_have_count(150)
