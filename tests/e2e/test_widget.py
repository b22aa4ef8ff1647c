"""The article page and its widget in a real browser: words stay words, and what happens is seen at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from moderation.switch import Scope, SwitchKind
from tests.browsers import IN_CHROMIUM
from tests.e2e.web_pages import HOSTILE, has_no_sideways_scroll, opened, switch
from tests.newsroom import MEERA, Newsroom

pytestmark = IN_CHROMIUM


async def test_hostile_words_stay_words_in_the_widget(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story(title=HOSTILE[1], summary=HOSTILE[0])
    for number, words in enumerate(HOSTILE):
        await newsroom.published(story, text=words, author_name=words, author=f"telegram:{number}")
    watched = await opened(browser, newsroom)
    await watched.page.goto(f"/?story={story}")
    texts = watched.page.locator(".baithak-comments .text")
    await expect(texts).to_have_count(len(HOSTILE))
    assert sorted(await texts.all_text_contents()) == sorted(HOSTILE)
    assert sorted(await watched.page.locator(".baithak-comments article b").all_text_contents()) == sorted(HOSTILE)
    assert await watched.page.locator(".baithak-comments article :is(img, script, svg, base, i)").count() == 0
    assert await watched.page.locator("h1").text_content() == HOSTILE[1]
    assert watched.faults == []


async def test_the_thread_shows_what_is_published_edited_and_removed_while_it_is_open(
    browser: Browser, newsroom: Newsroom
) -> None:
    story = await newsroom.story()
    watched = await opened(browser, newsroom)
    await watched.page.goto(f"/?story={story}")
    thread = watched.page.locator(".baithak-comments")
    await expect(thread.get_by_text("No comments yet")).to_be_visible()
    comment = await newsroom.published(story, text="First words", source_key="m:1")
    await expect(thread.get_by_text("First words")).to_be_visible()
    await expect(thread.get_by_text("1 comment", exact=True)).to_be_visible()
    await newsroom.published(story, text="An answer", parent=comment, author="telegram:7", language="ur")
    await expect(thread.locator(f"li:has(> #comment-{comment}) > ol").get_by_text("An answer")).to_be_visible()
    await newsroom.intake.edit("m:1", author="telegram:1001", text="Better words", now=datetime.now(UTC))
    await newsroom.decide(comment)
    await expect(thread.get_by_text("Better words")).to_be_visible()
    await expect(thread.get_by_text("edited")).to_be_visible()
    await newsroom.intake.withdraw(comment, author="telegram:1001", now=datetime.now(UTC))
    await newsroom.parts.outcomes.signal()
    await expect(thread.get_by_text("Better words")).to_have_count(0)
    await expect(thread.get_by_text("An answer")).to_be_visible()
    assert watched.faults == []


async def test_the_button_leads_to_where_comments_are_written(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story()
    watched = await opened(browser, newsroom)
    await watched.page.goto(f"/?story={story}")
    button = watched.page.get_by_role("link", name="Comment in Telegram")
    await expect(button).to_have_attribute("href", f"http://127.0.0.1:{newsroom.settings.sandbox_port}/?start=s1")


async def test_a_story_nobody_knows_and_a_service_that_is_away_are_said_honestly(
    browser: Browser, newsroom: Newsroom
) -> None:
    watched = await opened(browser, newsroom)
    await watched.page.goto("/")
    await expect(watched.page.get_by_text("Comments are not open for this story yet.")).to_be_visible()
    for away in ("**/api/v1/comments?*", "**/embed.json?*"):
        await watched.page.route(away, lambda route: route.abort())
    await watched.page.reload()
    await expect(watched.page.get_by_text("The comments can’t be loaded now.")).to_be_visible()
    await expect(watched.page.get_by_role("button", name="Try again")).to_be_visible()


async def test_a_long_thread_opens_page_by_page_in_the_order_chosen(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story()
    for number in range(25):
        await newsroom.published(story, text=f"Comment number {number:02}", author=f"telegram:{number}")
    watched = await opened(browser, newsroom)
    await watched.page.goto(f"/?story={story}")
    texts = watched.page.locator(".baithak-comments .text")
    await expect(texts).to_have_count(20)
    await watched.page.get_by_role("button", name="More comments").click()
    await expect(texts).to_have_count(25)
    await watched.page.get_by_label("Order").select_option("oldest")
    await expect(texts).to_have_count(20)
    await expect(texts.first).to_have_text("Comment number 00")


async def test_a_link_to_a_comment_shows_that_comment(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story()
    comments = [await newsroom.published(story, text=f"Number {n}", author=f"telegram:{n}") for n in range(15)]
    watched = await opened(browser, newsroom, viewport={"width": 400, "height": 600})
    await watched.page.goto(f"/?story={story}#comment-{comments[0]}")
    await expect(watched.page.locator(f"#comment-{comments[0]}")).to_be_in_viewport()


@pytest.mark.parametrize("width", [400, 1280])
async def test_an_urdu_page_reads_from_the_right_and_never_scrolls_sideways(
    browser: Browser, newsroom: Newsroom, width: int
) -> None:
    story = await newsroom.story(title="سرحدی گزرگاہ کھل گئی", summary="دو سطریں۔", language="ur")
    await newsroom.published(story, text="گھر واپس جانے کا راستہ کھلا۔", language="ur")
    await newsroom.published(story, text="x" * 500, author="telegram:7")
    watched = await opened(browser, newsroom, viewport={"width": width, "height": 800})
    await watched.page.goto(f"/?story={story}")
    text = watched.page.locator(".baithak-comments .text", has_text="راستہ")
    await expect(text).to_be_visible()
    assert await text.evaluate("element => getComputedStyle(element).direction") == "rtl"
    await expect(watched.page.get_by_role("link", name="ٹیلی گرام میں تبصرہ کریں")).to_be_visible()
    assert await has_no_sideways_scroll(watched.page)


async def test_on_an_urdu_page_words_in_other_letters_have_a_face_of_their_own(
    browser: Browser, newsroom: Newsroom
) -> None:
    story = await newsroom.story(title="سرحدی گزرگاہ کھل گئی", language="ur")
    written = {"en": "Thank you for this report", "und": "Write to sam", "ur-Latn": "yeh jang", "ur": "راستہ کھلا"}
    for number, (language, words) in enumerate(written.items()):
        await newsroom.published(story, text=words, author=f"telegram:{number}", language=language)
    unscreened = await newsroom.received(story, text="Nobody knows my language", author="telegram:9")
    await newsroom.decide(unscreened, language=None)
    watched = await opened(browser, newsroom)
    await watched.page.goto(f"/?story={story}")
    texts = watched.page.locator(".baithak-comments .text")
    await expect(texts).to_have_count(5)
    faces = dict(await texts.evaluate_all("all => all.map(e => [e.textContent, getComputedStyle(e).fontFamily])"))
    nastaliq = {words for words, face in faces.items() if "Nastaliq" in face}
    assert nastaliq == {"راستہ کھلا"}
    english = watched.page.locator("header.paper a[lang='en']").last
    assert "Nastaliq" not in await english.evaluate("e => getComputedStyle(e).fontFamily")


@pytest.mark.parametrize("language", ["ur", "en"])
async def test_a_comment_and_its_authors_name_begin_at_the_same_edge_whatever_the_pages_direction(
    browser: Browser, newsroom: Newsroom, language: str
) -> None:
    story = await newsroom.story(language=language)
    await newsroom.published(story, text="It works.", author="telegram:7")
    await newsroom.published(story, text="راستہ کھلا", author="telegram:8", author_name="زینب", language="ur")
    watched = await opened(browser, newsroom, viewport={"width": 1280, "height": 800})
    await watched.page.goto(f"/?story={story}")
    articles = watched.page.locator(".baithak-comments article")
    await expect(articles).to_have_count(2)
    edges = await articles.evaluate_all(
        """all => Object.fromEntries(all.map((article) => {
            const words = document.createRange();
            words.selectNodeContents(article.querySelector(".text"));
            const [text, name] = [words.getBoundingClientRect(), article.querySelector("b").getBoundingClientRect()];
            return [article.querySelector(".text").textContent, [text.left - name.left, text.right - name.right]];
        }))"""
    )
    assert abs(edges["It works."][0]) < 2 and abs(edges["راستہ کھلا"][1]) < 2


@pytest.mark.parametrize(
    ("language", "terms"), [("ur", "شرائط"), ("hi", "शर्तें"), ("mr", "अटी"), ("ar", "الشروط"), ("en", "Terms")]
)
async def test_the_links_around_a_page_are_in_its_language(
    browser: Browser, newsroom: Newsroom, language: str, terms: str
) -> None:
    story = await newsroom.story(language=language)
    watched = await opened(browser, newsroom, viewport={"width": 400, "height": 800})
    for address, place in ((f"/?story={story}", "footer"), (f"/terms/{language}", ".masthead nav")):
        await watched.page.goto(address)
        links = watched.page.locator(f"{place} a")
        await expect(links.filter(has_text=terms)).to_have_attribute("href", f"/terms/{language}")
        if language != "en":
            assert not any(words.isascii() for words in await links.all_text_contents())
        assert await has_no_sideways_scroll(watched.page)


async def test_the_widget_works_on_a_strict_page_of_another_site(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story()
    await newsroom.published(story, text="Seen elsewhere")
    watched = await opened(browser, newsroom)
    policy = f"default-src 'none'; script-src {newsroom.address}; connect-src {newsroom.address}"
    page = f'<body><script src="{newsroom.address}/embed.js" data-story="{story}" async></script></body>'

    async def other_site(route: Any) -> None:
        await route.fulfill(body=page, content_type="text/html", headers={"Content-Security-Policy": policy})

    await watched.page.route("https://news.example/**", other_site)
    # Chromium asks before a public site may reach this machine; a site's own server is no such case.
    await watched.page.context.grant_permissions(["local-network-access"], origin="https://news.example")
    await watched.page.goto("https://news.example/stories/1")
    await expect(watched.page.get_by_text("Seen elsewhere")).to_be_visible()
    assert await watched.page.locator(".box").evaluate("e => getComputedStyle(e).color") == "rgb(29, 27, 24)"
    assert watched.faults == []


async def test_on_a_light_page_the_widget_is_dark_on_light_whatever_the_reader_prefers(
    browser: Browser, newsroom: Newsroom
) -> None:
    context = await browser.new_context(color_scheme="dark")
    page = await context.new_page()
    await page.goto(f"{newsroom.address}/terms/en")
    await page.evaluate(
        """async () => {
            document.body.innerHTML = "";
            document.body.style.color = "rgb(17, 17, 17)";
            const tag = document.createElement("script");
            tag.src = "/embed.js";
            document.body.append(tag);
            await new Promise((done) => { tag.onload = done; });
        }"""
    )
    host = page.locator(".baithak-comments")
    assert await host.get_attribute("data-theme") == "light"
    await context.close()


@pytest.mark.parametrize(
    ("language", "closed", "reading"),
    [
        ("en", "Comments are closed.", "Right now a person reads every comment before it appears."),
        ("ur", "تبصرے بند کر دیے گئے ہیں۔", "اس وقت ہر تبصرہ شائع ہونے سے پہلے پڑھا جا رہا ہے۔"),
        ("hi", "टिप्पणियाँ बंद कर दी गई हैं।", "अभी हर टिप्पणी छपने से पहले पढ़ी जा रही है।"),
        ("mr", "प्रतिक्रिया बंद करण्यात आल्या आहेत.", "सध्या प्रत्येक प्रतिक्रिया वाचूनच प्रसिद्ध केली जाते."),
        ("ar", "أُغلق باب التعليق.", "كل تعليق يُقرأ الآن قبل نشره."),
    ],
)
async def test_the_open_widget_says_in_its_language_that_comments_are_closed_or_read_first(
    browser: Browser, newsroom: Newsroom, language: str, closed: str, reading: str
) -> None:
    story = await newsroom.story(language=language)
    watched = await opened(browser, newsroom, viewport={"width": 400, "height": 800})
    widget = watched.page.locator(".baithak-comments")
    await watched.page.goto(f"/?story={story}")
    await expect(widget.locator("a.write")).to_be_visible()
    await expect(widget.get_by_text(reading)).to_be_hidden()
    hold = await switch(newsroom, SwitchKind.HOLD, Scope.SECTION, "world")
    await expect(widget.get_by_text(reading)).to_be_visible()
    await expect(widget.locator("a.write")).to_be_visible()
    await newsroom.parts.switches.end(hold, who=MEERA, name="Meera", now=datetime.now(UTC))
    await switch(newsroom, SwitchKind.CLOSE, Scope.STORY, story)
    await expect(widget.locator("header").get_by_text(closed)).to_be_visible()
    await expect(widget.locator("a.write")).to_be_hidden()
    await expect(widget.get_by_text(reading)).to_be_hidden()
    assert await has_no_sideways_scroll(watched.page)
    assert watched.faults == []
