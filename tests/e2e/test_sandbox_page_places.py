"""The sandbox's chat page: addresses, people, widths, colours, and a server that goes and comes back."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.browsers import IN_CHROMIUM
from tests.e2e.chat_page import BILAL, EMMA, GROUP, MEERA, OMAR, Opening, keyboard

pytestmark = IN_CHROMIUM


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


async def test_in_a_channel_one_reads_and_a_link_leads_into_the_bot(opened: Opening) -> None:
    channel = -1003000000101
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    await sandbox.control("PUT", f"chats/{channel}", {"title": "The Desk"})
    await sandbox.control("PUT", f"chats/{channel}/members/{EMMA}")
    link = "https://t.me/baithak_sandbox_bot?start=s9"
    await sandbox.bot(
        "sendMessage", chat_id=channel, text="A story", reply_markup=keyboard([{"text": "Comment", "url": link}])
    )
    await sandbox.open(f"/?as={EMMA}&chat={channel}")
    window = sandbox.window(EMMA)
    await expect(window.locator(".chat-title")).to_have_text("The Desk")
    await expect(window.locator(".sender").last).to_have_text("The Desk")
    await expect(window.get_by_role("textbox")).to_be_hidden()
    await window.get_by_role("button", name="Comment").click()
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start", "/start s9"])


async def test_the_address_chooses_a_person_and_a_chat(opened: Opening) -> None:
    sandbox = await opened(f"/?as={OMAR}&chat={GROUP}")
    await expect(sandbox.window(OMAR).locator(".chat-title")).to_have_text("Baithak moderators")


# A part that does not arrive.


async def test_a_page_of_which_a_part_did_not_arrive_asks_again(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    await sandbox.page.route("**/static/dom.js", lambda route: route.abort(), times=1)
    await sandbox.page.goto(f"{sandbox.address}/?as={EMMA}")
    await expect(sandbox.bubbles(EMMA)).to_have_text(["/start"])
    assert await sandbox.page.evaluate("sessionStorage.length") == 0
    sandbox.faults.clear()  # the browser names what it could not load


async def test_a_page_of_which_a_part_never_arrives_says_what_to_do(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.page.route("**/static/dom.js", lambda route: route.abort())
    await sandbox.page.goto(sandbox.address)
    await expect(sandbox.page.get_by_role("alert")).to_contain_text("reload the page")
    sandbox.faults.clear()  # the browser names what it could not load


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


async def test_engineers_see_the_bots_calls_and_the_web_pages(opened: Opening) -> None:
    sandbox = await opened(None)
    await sandbox.write(EMMA, "/start")
    link = keyboard([{"text": "Read", "url": "http://127.0.0.1:8765/demo/stories/1"}])
    await sandbox.bot("sendMessage", chat_id=EMMA, text="A story", reply_markup=link)
    await sandbox.open()
    await sandbox.page.get_by_role("button", name="For engineers").click()
    panel = sandbox.page.get_by_role("complementary", name="For engineers")
    await expect(panel.locator(".panel-calls li").first).to_contain_text("sendMessage")
    rate = panel.get_by_role("img")
    await expect(rate).to_have_accessible_name(re.compile("in the last minute 1 written, 0 refused with 429"))
    await expect(rate.locator(".second")).to_have_count(60)
    for _ in range(4):
        await sandbox.bot("sendMessage", chat_id=EMMA, text="More")
    await expect(rate).to_have_accessible_name(re.compile("in the last minute 5 written"))
    await expect(panel.get_by_role("link", name="Review page")).to_have_attribute(
        "href", "http://127.0.0.1:8765/review"
    )


async def test_the_first_steps_follow_a_reader_and_go_when_they_are_done(opened: Opening) -> None:
    sandbox = await opened()
    step = sandbox.page.locator(".hint [aria-current]")
    await expect(step).to_have_text("Press Start")
    await sandbox.window(EMMA).get_by_role("button", name="Start").click()
    await expect(step).to_have_text("Choose a language")
    buttons = keyboard([{"text": "Comment", "callback_data": "comment:1"}])
    await sandbox.bot("sendMessage", chat_id=EMMA, text="A story", reply_markup=buttons)
    await expect(step).to_have_text("A story comes: press Comment")
    await sandbox.type(EMMA, "I think so too")
    written = (await sandbox.next_update("message"))["message_id"]
    answer = {"chat_id": EMMA, "reply_parameters": {"message_id": written}}
    await sandbox.bot("sendMessage", text="To comment, press Comment", **answer)
    await expect(sandbox.bubbles(EMMA).last).to_have_text("To comment, press Comment")
    await expect(step).to_have_text("A story comes: press Comment")
    received = await sandbox.bot("sendMessage", text="Received", **answer)
    await sandbox.bot("editMessageText", chat_id=EMMA, message_id=received["message_id"], text="Published")
    await expect(sandbox.page.locator(".hint")).to_be_hidden()


async def test_nothing_of_an_urdu_letter_on_a_button_is_cut_off(opened: Opening) -> None:
    sandbox = await opened()
    buttons = keyboard([{"text": "تبصرہ کیجیے", "callback_data": "a"}, {"text": "بھیجیے", "callback_data": "b"}])
    await sandbox.write(BILAL, "/start")
    await sandbox.bot("sendMessage", chat_id=BILAL, text="گھروں کو لوٹے، پنجاب کی ٹیم", reply_markup=buttons)
    window = sandbox.window(BILAL)
    places = [window.locator(".key").nth(0), window.locator(".key").nth(1)]
    await expect(places[0]).to_be_visible()
    await sandbox.page.evaluate("document.getAnimations().forEach((one) => one.finish())")

    async def seen() -> list[bytes]:
        pictures = []
        for place in places:
            box = await place.bounding_box()
            assert box is not None
            # Without the round corners, and the shadow below.
            clip = {"x": box["x"] + 9, "y": box["y"], "width": box["width"] - 18, "height": box["height"] - 9}
            pictures.append(await sandbox.page.screenshot(clip=clip))
        return pictures

    before = await seen()
    for clipped in await window.locator(".key, .key-label").all():
        await clipped.evaluate("(element) => { element.style.overflow = 'visible'; }")
    assert await seen() == before


async def test_a_command_and_the_time_stand_where_they_are_read_in_a_message_from_right_to_left(
    opened: Opening,
) -> None:
    sandbox = await opened()
    await sandbox.write(BILAL, "/start")
    text = "\u2068Bilal\u2069 · آج\nتازہ خبروں کے لیے \u2066/top\u2069 بھیجیے۔"
    command = {"type": "bot_command", "offset": text.index("/top"), "length": 4}
    await sandbox.bot("sendMessage", chat_id=BILAL, text=text, entities=[command])
    bubble = sandbox.window(BILAL).locator(".bubble").last
    await expect(bubble.locator(".command")).to_have_css("direction", "ltr")
    box, time = await bubble.bounding_box(), await bubble.locator(".meta").bounding_box()
    assert box is not None and time is not None
    assert time["x"] - box["x"] < box["x"] + box["width"] - time["x"] - time["width"], "the time is at the left"
    field = sandbox.window(BILAL).locator("textarea")
    await expect(field).to_have_css("direction", "rtl")
    await field.fill("yeh")
    await expect(field).to_have_css("direction", "ltr")
