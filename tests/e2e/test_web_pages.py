"""Widget, article page and dashboard in a real browser: words stay words, presses decide, and the policy holds."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from redis.asyncio import Redis

from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.decision import Outcome
from moderation.switch import Scope, SwitchKind
from tests.builders import finding
from tests.newsroom import MEERA, OMAR, Newsroom, running_newsroom

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="the pages are tested in Chromium: install the package `chromium`"),
]

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "JaVa&#x09;script:",
    "</script><script>alert(1)</script>",
    "<!--",
    "'-alert(1)-'",
    "{{7*7}}",
    "${7*7}",
    "data:text/html,<script>alert(1)</script>",
    "<base href=//e>",
    "<b>bold</b> &lt;i&gt;",
)


@pytest.fixture(params=["sqlite"])
def server() -> None:
    """SQLite alone: nothing here depends on the database."""
    return


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    async with running_newsroom(database, redis, api_per_minute=10_000) as newsroom:
        yield newsroom


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


class Watched:
    """A page, with everything a browser complains of: broken scripts, a policy that was overstepped, a dialog."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self.faults.append(line.text) if "Content Security" in line.text else None)
        page.on("dialog", self._dialog)

    async def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        await dialog.dismiss()


async def opened(browser: Browser, newsroom: Newsroom, **context: Any) -> Watched:
    """A new page of a new visitor."""
    visitor = await browser.new_context(base_url=newsroom.address, **context)
    return Watched(await visitor.new_page())


async def at_the_desk(browser: Browser, newsroom: Newsroom, person: str | None = None, **context: Any) -> Watched:
    """A moderator's page, come in by a link."""
    link = await (newsroom.login_link() if person is None else newsroom.login_link(person))
    watched = await opened(browser, newsroom, **context)
    await watched.page.goto(f"/review/login?token={link}")
    await watched.page.get_by_role("button", name="Continue").click()
    await expect(watched.page.get_by_role("heading", name="Review queue")).to_be_visible()
    return watched


async def status_of(newsroom: Newsroom, comment_id: int) -> CommentStatus:
    record = await newsroom.parts.threads.one(comment_id)
    assert record is not None
    return record.comment.status


async def has_no_sideways_scroll(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


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


async def test_hostile_words_stay_words_on_the_dashboard(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story(title=HOSTILE[1])
    for number, words in enumerate(HOSTILE):
        await newsroom.held(story, text=words, author_name=words, author=f"telegram:{number}", findings=())
    watched = await at_the_desk(browser, newsroom)
    texts = watched.page.locator(".card .text")
    await expect(texts).to_have_count(len(HOSTILE))
    assert await texts.all_text_contents() == list(HOSTILE)
    assert await watched.page.locator(".card :is(img, script, svg, base, i)").count() == 0
    await watched.page.goto("/review/history/1")
    await expect(watched.page.get_by_role("cell", name="machine")).to_be_visible()
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


async def test_a_moderator_decides_by_mouse_and_can_take_it_back(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story()
    first = await newsroom.held(story, text="You fools, all of you", author="telegram:7")
    second = await newsroom.held(story, text="Fools again", author="telegram:8")
    watched = await at_the_desk(browser, newsroom)
    one, two = watched.page.locator(f"#card-{first}"), watched.page.locator(f"#card-{second}")
    await one.get_by_role("button", name="Approve").click()
    await expect(one.get_by_text("Published by you")).to_be_visible()
    assert await status_of(newsroom, first) is CommentStatus.PUBLISHED
    await one.get_by_role("button", name="Undo").click()
    await expect(one.get_by_role("button", name="Approve")).to_be_visible()
    assert await status_of(newsroom, first) is CommentStatus.HELD
    await two.locator("summary", has_text="Reject").click()
    await two.get_by_role("button", name="3.2").click()
    await expect(two.get_by_text("Rejected by you: clause 3.2")).to_be_visible()
    assert await status_of(newsroom, second) is CommentStatus.REJECTED
    assert watched.faults == []


async def test_a_moderator_decides_from_the_keyboard_alone(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story()
    held = [await newsroom.held(story, text=f"Fools {n}", author=f"telegram:{n}") for n in range(3)]
    clause = list(newsroom.parts.policy.clauses).index("3.2") + 1
    watched = await at_the_desk(browser, newsroom)
    keys = watched.page.keyboard
    await keys.press("j")
    await keys.press("a")
    await expect(watched.page.locator(f"#card-{held[0]}").get_by_text("Published by you")).to_be_visible()
    await expect(watched.page.locator(f"#card-{held[1]}")).to_be_focused()
    await keys.press("r")
    await keys.press(str(clause))
    await expect(watched.page.locator(f"#card-{held[1]}").get_by_text("clause 3.2", exact=False).last).to_be_visible()
    await expect(watched.page.locator(f"#card-{held[2]}")).to_be_focused()
    assert [await status_of(newsroom, one) for one in held] == [
        CommentStatus.PUBLISHED,
        CommentStatus.REJECTED,
        CommentStatus.HELD,
    ]
    await keys.press("u")
    await expect(watched.page.locator(f"#card-{held[1]}").get_by_role("button", name="Approve")).to_be_visible()
    assert await status_of(newsroom, held[1]) is CommentStatus.HELD


async def test_an_urdu_card_is_set_in_nastaliq_and_has_nothing_to_scroll(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story(title="سرحدی گزرگاہ کھل گئی، پہلے دن تین سو خاندان گھروں کو لوٹے", language="ur")
    held = await newsroom.held(story, text="مجھے 0300-1234567 پر فون کریں، میں وہاں تھا", language="ur")
    watched = await at_the_desk(browser, newsroom)
    card = watched.page.locator(f"#card-{held}")
    face, offset = await card.locator(".story").evaluate(
        "e => [getComputedStyle(e).fontFamily, parseFloat(getComputedStyle(e).textUnderlineOffset)]"
    )
    assert "Nastaliq" in face
    # The letters of Nastaliq hang far below the line: an underline at its usual height goes through them.
    assert offset >= 8
    inside, shown = await card.locator(".text").evaluate("e => [e.scrollHeight, e.clientHeight]")
    assert inside <= shown
    await watched.page.goto(f"/review/history/{held}")
    title = watched.page.locator("main .soft")
    assert "Nastaliq" in await title.evaluate("e => getComputedStyle(e).fontFamily")


async def test_the_history_of_a_comment_shows_its_last_column_whole(browser: Browser, newsroom: Newsroom) -> None:
    held = await newsroom.held(await newsroom.story(), text="Fools", author_name="Abdur Rahman Siddiqui")
    watched = await at_the_desk(browser, newsroom, viewport={"width": 1440, "height": 900})
    await watched.page.goto(f"/review/history/{held}")
    inside, shown = await watched.page.locator(".scroll").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert inside <= shown


async def test_on_a_telephone_findings_stand_in_columns(browser: Browser, newsroom: Newsroom) -> None:
    seen = (finding(label="spam", clause="5.1"), finding(label="insult", clause="3.2"))
    held = await newsroom.held(await newsroom.story(), text="Fools, buy this", findings=seen)
    watched = await at_the_desk(browser, newsroom, viewport={"width": 400, "height": 800})
    findings = watched.page.locator(f"#card-{held} .findings")
    await expect(findings.locator("li")).to_have_count(2)
    left = "all => all.map(e => Math.round(e.getBoundingClientRect().x))"
    edges = [await findings.locator(part).evaluate_all(left) for part in (".label", ".clause", "mark:first-of-type")]
    assert edges == [[edges[0][0]] * 2] * 3


async def test_every_clause_has_a_key_and_the_last_ones_reject(browser: Browser, newsroom: Newsroom) -> None:
    held = await newsroom.held(await newsroom.story(), text="Fools")
    watched = await at_the_desk(browser, newsroom)
    card = watched.page.locator(f"#card-{held}")
    keys = await card.locator(".clauses kbd").all_text_contents()
    assert len(set(keys)) == len(newsroom.parts.policy.clauses)
    assert not set(keys) & set("jkarsu")
    await watched.page.keyboard.press("j")
    await watched.page.keyboard.press("r")
    await watched.page.keyboard.press(keys[-1])
    await expect(card.get_by_text("Rejected by you: clause 5.3")).to_be_visible()


async def test_the_second_moderator_is_told_who_decided(browser: Browser, newsroom: Newsroom) -> None:
    held = await newsroom.held(await newsroom.story(), text="Fools")
    watched = await at_the_desk(browser, newsroom)
    # The page is kept from hearing of it in time, as it would be in the second before it asks again.
    await watched.page.route("**/review/queue", lambda route: route.abort())
    await newsroom.parts.review.review(
        held,
        revision=1,
        outcome=Outcome.REJECT,
        clause="3.2",
        moderator=OMAR,
        moderator_name="Omar",
        now=datetime.now(UTC),
    )
    await watched.page.get_by_role("button", name="Approve").click()
    await expect(watched.page.get_by_text("Already rejected by Omar")).to_be_visible()


async def test_the_queue_keeps_itself_fresh(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story()
    watched = await at_the_desk(browser, newsroom)
    await expect(watched.page.get_by_text("The queue is empty")).to_be_visible()
    held = await newsroom.held(story, text="Fools")
    await expect(watched.page.locator(f"#card-{held}")).to_be_visible()
    await expect(watched.page.get_by_text("1 waiting")).to_be_visible()
    await newsroom.intake.withdraw(held, author="telegram:1001", now=datetime.now(UTC))
    await expect(watched.page.get_by_text("Decided elsewhere, or withdrawn")).to_be_visible()


async def test_the_worst_words_are_covered_until_they_are_asked_for(browser: Browser, newsroom: Newsroom) -> None:
    held = await newsroom.held(await newsroom.story(), text="Wait for us", findings=(finding(label="threat"),))
    watched = await at_the_desk(browser, newsroom, viewport={"width": 400, "height": 800}, color_scheme="dark")
    card = watched.page.locator(f"#card-{held}")
    await expect(card.get_by_text("May contain: threat")).to_be_visible()
    await expect(card.locator(".text")).to_be_hidden()
    await card.locator("summary", has_text="May contain").click()
    await expect(card.locator(".text")).to_be_visible()
    assert await has_no_sideways_scroll(watched.page)


async def test_without_scripts_the_dashboards_buttons_still_decide(browser: Browser, newsroom: Newsroom) -> None:
    held = await newsroom.held(await newsroom.story(), text="Fools")
    watched = await at_the_desk(browser, newsroom, java_script_enabled=False)
    await watched.page.locator("summary", has_text="Reject").click()
    await watched.page.get_by_role("button", name="3.2").click()
    await expect(watched.page.get_by_text("The queue is empty")).to_be_visible()
    assert await status_of(newsroom, held) is CommentStatus.REJECTED


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


async def switch(newsroom: Newsroom, kind: SwitchKind, scope: Scope = Scope.SITE, target: str = "") -> int:
    """Meera begins a switch, not on this page."""
    turned = await newsroom.parts.switches.begin(kind, scope, target, who=MEERA, name="Meera", now=datetime.now(UTC))
    return turned.switch.id


async def test_a_moderator_holds_everything_and_ends_it_without_leaving_the_page(
    browser: Browser, newsroom: Newsroom
) -> None:
    story = await newsroom.story(title="The dam")
    watched = await at_the_desk(browser, newsroom, viewport={"width": 400, "height": 800})
    page, banner = watched.page, watched.page.locator("#switches .switch")
    begin = page.locator("summary", has_text="Switches for a bad day")
    await begin.click()
    await page.get_by_label("Why").first.fill("riots")
    await page.get_by_role("button", name="Hold everything").click()
    await expect(banner).to_contain_text("People read every comment first")
    await expect(banner).to_contain_text("riots")
    assert await has_no_sideways_scroll(page)
    await banner.get_by_role("button", name="End").click()
    await expect(banner).to_have_count(0)
    await begin.click()
    await page.get_by_label("Story").fill("https://news.example/unknown")
    await page.get_by_role("button", name="Close comments").click()
    await expect(page.get_by_text("No story is known by that address or id")).to_be_visible()
    await page.get_by_label("Story").fill(story)
    await page.get_by_role("button", name="Close comments").click()
    await expect(banner).to_contain_text("Comments are closed")
    await expect(banner).to_contain_text("The dam")
    assert watched.faults == []


async def test_stopping_takes_two_presses_and_an_approval_then_leaves_the_card_open(
    browser: Browser, newsroom: Newsroom
) -> None:
    held = await newsroom.held(await newsroom.story(), text="Fools")
    watched = await at_the_desk(browser, newsroom)
    page = watched.page
    await page.locator("summary", has_text="Switches for a bad day").click()
    await expect(page.get_by_role("button", name="Yes, stop publishing")).to_be_hidden()
    await page.locator("summary", has_text="Stop publishing").click()
    await page.get_by_role("button", name="Yes, stop publishing").click()
    await expect(page.locator("#switches .switch")).to_contain_text("Publishing is stopped")
    card = page.locator(f"#card-{held}")
    await card.get_by_role("button", name="Approve").click()
    await expect(page.get_by_text("Publishing was stopped by Meera: end the stop first.")).to_be_visible()
    await expect(card.get_by_role("button", name="Approve")).to_be_visible()
    assert await status_of(newsroom, held) is CommentStatus.HELD
    assert watched.faults == []
