"""Hostile words on every page there is, in a browser that was told to ignore the pages' own policy against scripts.

So what keeps a payload from running here is that it is never markup; the policy, which would stop it as well, is tested
by itself. A payload that runs sets `window.__xss` and opens a dialog.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree as ET

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from moderation.decision import Finding, Outcome, Span
from tests.browsers import IN_CHROMIUM
from tests.builders import finding
from tests.integration.sandbox_client import EMMA, GROUP, keyboard, sandbox_running
from tests.newsroom import MEERA, OMAR, Desk, Newsroom
from tests.security.browser import Visit, other_site, visitor
from tests.security.payloads import XSS

pytestmark = IN_CHROMIUM


async def hostile_story(newsroom: Newsroom, words: str) -> str:
    """A story of which everything is hostile that a feed may choose."""
    picture = f"https://news.example/{quote(words)}.png"
    return await newsroom.story(title=words, summary=words, section=words[:40], picture=picture)


async def hostile_thread(newsroom: Newsroom) -> str:
    """A story with a comment for each payload, by an author of that name, and an answer to it."""
    story = await hostile_story(newsroom, XSS[1])
    for number, words in enumerate(XSS):
        comment = await newsroom.published(story, text=words, author_name=words, author=f"telegram:{number}")
        await newsroom.published(story, text=words, parent=comment, author_name=words, author=f"telegram:{number}")
    return story


@pytest.mark.parametrize("words", [XSS[0], XSS[1], XSS[3]])
async def test_a_payload_that_is_markup_would_be_seen(browser: Browser, words: str) -> None:
    visit = Visit(await (await visitor(browser)).new_page())
    async with other_site({"/": f"<!doctype html><p>{words}</p>"}) as address:
        await visit.open(address)
        await visit.page.wait_for_function("window.__xss === 1")
        assert "a payload ran" in await visit.harm()
        assert "dialog: 1" in visit.fired


async def test_nothing_runs_on_the_article_page_and_in_the_widget(browser: Browser, newsroom: Newsroom) -> None:
    story = await hostile_thread(newsroom)
    others = [await hostile_story(newsroom, words) for words in XSS]
    visit = Visit(await (await visitor(browser, base_url=newsroom.address)).new_page())
    await visit.open(f"/?story={story}")
    shown = visit.page.locator(".baithak-comments .text")
    await expect(shown.first).to_be_visible()
    while await visit.page.get_by_role("button", name="More comments").is_visible():
        before = await shown.count()
        await visit.page.get_by_role("button", name="More comments").click()
        await expect(shown).not_to_have_count(before)
    assert set(await shown.all_text_contents()) == {words.replace("\u2028", "").replace("\u2029", "") for words in XSS}
    assert await visit.harm() == []
    live = await newsroom.published(story, text=XSS[3], author_name=XSS[3], author="telegram:7", source_key="live")
    await expect(visit.page.locator(f"#comment-{live}")).to_be_visible()
    await newsroom.intake.edit("live", author="telegram:7", text=XSS[1], now=datetime.now(UTC))
    await newsroom.decide(live)
    await expect(visit.page.locator(f"#comment-{live} .text")).to_have_text(XSS[1])
    assert await visit.harm() == []
    for address in ("/", *(f"/?story={quote(other)}" for other in others[:6]), "/docs", "/terms/ur"):
        await visit.open(address)
        assert await visit.harm() == [], address


async def test_nothing_runs_on_another_site_that_shows_the_widget(browser: Browser, newsroom: Newsroom) -> None:
    story = await hostile_thread(newsroom)
    tag = f'<script src="{newsroom.address}/embed.js" data-story="{story}" data-language="{{}}" async></script>'
    pages = {f"/{language}": f"<!doctype html><h1>A story</h1>{tag.format(language)}" for language in ("en", "ur")}
    visit = Visit(await (await visitor(browser)).new_page())
    async with other_site(pages) as address:
        for path in pages:
            await visit.open(address + path)
            await expect(visit.page.locator(".baithak-comments .text").first).to_be_visible()
            assert await visit.harm() == []


def shown_where(words: str) -> tuple[Finding, ...]:
    """Findings in the middle of the words, so that a mark cuts the payload in two."""
    middle = len(words) // 2
    spans = (Span(0, middle), Span(middle + 1, len(words)))
    return (finding(spans=spans), finding(check="links", label=None, clause="5.1", spans=spans, score=1.0))


async def test_nothing_runs_on_the_moderators_pages(browser: Browser, newsroom: Newsroom) -> None:
    story = await hostile_story(newsroom, XSS[1])
    parent = await newsroom.published(story, text=XSS[1], author_name=XSS[1])
    held = [
        await newsroom.held(
            story,
            text=words,
            author_name=words,
            author=f"telegram:{number}",
            parent=parent,
            findings=shown_where(words),
        )
        for number, words in enumerate(XSS)
    ]
    # A moderator chooses their own name too.
    link = await newsroom.parts.login.issue(MEERA, XSS[1], datetime.now(UTC))
    visit = Visit(await (await visitor(browser, base_url=newsroom.address)).new_page())
    for words in XSS:
        await visit.open(f"/review/login?token={quote(words)}")
        assert await visit.harm() == []
    await visit.open(f"/review/login?token={link}")
    await visit.page.get_by_role("button", name="Continue").click()
    await expect(visit.page.locator(".card")).to_have_count(len(XSS))
    assert await visit.harm() == []
    other = Desk(aiohttp.ClientSession(newsroom.address, cookie_jar=aiohttp.CookieJar(unsafe=True)))
    await other.log_in(await newsroom.parts.login.issue(OMAR, XSS[3], datetime.now(UTC)))
    assert (await other.press(held[0], "approve"))[0] == 200
    await other.http.close()
    await visit.page.locator(f"#card-{held[0]} .approve button").click()
    await expect(visit.page.get_by_text(XSS[3]).first).to_be_visible()
    assert await visit.harm() == []
    for comment in held[:3]:
        await visit.open(f"/review/history/{comment}")
        assert await visit.harm() == []


async def test_nothing_runs_on_the_sandboxs_page(browser: Browser) -> None:
    async with sandbox_running() as sandbox:
        await sandbox.do("PUT", "limits", {"enabled": False})
        await sandbox.start(EMMA)
        for number, words in enumerate(XSS):
            name = words[:64]
            await sandbox.do("POST", "users", {"id": 4000 + number, "first_name": name, "language_code": "en"})
            await sandbox.do("PUT", f"chats/{GROUP}/members/{4000 + number}", {})
            written = await sandbox.write(4000 + number, words, chat_id=GROUP)
            entities = [
                {"type": "text_link", "offset": 0, "length": 2, "url": f"https://e.example/{quote(words)}"},
                {"type": "spoiler", "offset": 2, "length": 4},
            ]
            markup = keyboard({"text": words[:60], "callback_data": words.encode()[:64].decode(errors="ignore")})
            await sandbox.send(GROUP, words, entities=entities, reply_markup=markup)
            await sandbox.send(GROUP, words, reply_parameters={"message_id": written["message_id"], "quote": words[:3]})
            await sandbox.send(EMMA, words)
        visit = Visit(await (await visitor(browser)).new_page())
        for address in (f"/?as=4001&chat={GROUP}", f"/?as={EMMA}", f"/?start={quote(XSS[1])}", f"/?as={quote(XSS[1])}"):
            await visit.open(sandbox.address + address)
            await expect(visit.page.locator(".words").first).to_be_visible()
            assert await visit.harm() == [], address


async def test_answers_for_programs_opened_as_a_page_run_nothing(browser: Browser, newsroom: Newsroom) -> None:
    story = await hostile_thread(newsroom)
    visit = Visit(await (await visitor(browser, base_url=newsroom.address)).new_page())
    hostile = quote(XSS[1], safe="")
    for address in (
        f"/api/v1/comments?story={quote(story)}&limit=100",
        "/api/v1/stories",
        f"/embed.json?story={quote(story)}",
        f"/api/v1/comments?story={hostile}",
        f"/api/v1/comments/counts?story={hostile}",
        f"/api/v1/stories?language={hostile}&cursor={hostile}",
        f"/nothing/{hostile}",
        f"/static/{hostile}",
        f"/demo/pictures/{hostile}",
        "/openapi.json",
    ):
        await visit.open(address)
        assert await visit.harm() == [], address


async def test_in_atom_and_json_hostile_words_are_text_and_nothing_else(newsroom: Newsroom) -> None:
    story = await hostile_thread(newsroom)
    async with aiohttp.ClientSession(newsroom.address) as http:
        async with http.get("/api/v1/comments", params={"story": story, "limit": "100"}) as answer:
            assert answer.content_type == "application/json"
            items = json.loads(await answer.read())["items"]
        async with http.get("/feeds/comments.atom") as answer:
            assert answer.content_type == "application/atom+xml"
            root = ET.fromstring(await answer.read())
    plain = {words.replace("\u2028", "").replace("\u2029", "") for words in XSS}
    assert {item["text"] for item in items} == plain
    atom = "{http://www.w3.org/2005/Atom}"
    contents = root.findall(f"{atom}entry/{atom}content")
    assert {content.get("type") for content in contents} == {"text"}
    assert {content.text for content in contents} <= plain
    known = {"feed", "id", "title", "updated", "link", "entry", "published", "author", "name", "content"}
    assert {element.tag.removeprefix(atom) for element in root.iter()} == known


async def test_a_rejected_payload_is_in_no_answer(newsroom: Newsroom) -> None:
    story = await newsroom.story()
    comment = await newsroom.received(story, text=XSS[0])
    await newsroom.decide(comment, Outcome.REJECT)
    async with aiohttp.ClientSession(newsroom.address) as http:
        for address in (f"/?story={story}", f"/api/v1/comments?story={story}", "/feeds/comments.atom"):
            async with http.get(address) as answer:
                assert "__xss" not in await answer.text()
