"""The dashboard in a real browser: words stay words, presses decide, and the second one is told who did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from moderation.comment import CommentStatus
from moderation.decision import Outcome
from tests.browsers import IN_CHROMIUM
from tests.builders import finding
from tests.e2e.web_pages import HOSTILE, at_the_desk, has_no_sideways_scroll, status_of
from tests.newsroom import OMAR, Newsroom

pytestmark = IN_CHROMIUM


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
    await expect(watched.page.get_by_text("Edited or withdrawn by its author")).to_be_visible()


async def test_an_open_page_says_who_decided_what_and_shows_a_card_again_that_is_held_again(
    browser: Browser, newsroom: Newsroom
) -> None:
    story = await newsroom.story()
    held = [await newsroom.held(story, text=f"Fools {n}", author=f"telegram:{n}") for n in range(2)]
    watched = await at_the_desk(browser, newsroom)
    approved, rejected = (watched.page.locator(f"#card-{one}") for one in held)
    await expect(approved.get_by_text("English", exact=True)).to_be_visible()
    omar: dict[str, Any] = {"revision": 1, "moderator": OMAR, "moderator_name": "Omar"}
    review = newsroom.parts.review
    await review.review(held[0], outcome=Outcome.PUBLISH, clause=None, now=datetime.now(UTC), **omar)
    await review.review(held[1], outcome=Outcome.REJECT, clause="3.2", now=datetime.now(UTC), **omar)
    await expect(approved.get_by_text("Approved by Omar")).to_be_visible()
    await expect(rejected.get_by_text("Rejected by Omar")).to_be_visible()
    await review.undo(held[0], now=datetime.now(UTC), **omar)
    await expect(approved.get_by_role("button", name="Approve")).to_be_visible()
    assert watched.faults == []


async def test_an_open_page_says_that_another_is_at_a_card_and_what_its_author_did_meanwhile(
    browser: Browser, newsroom: Newsroom
) -> None:
    story = await newsroom.story()
    held = await newsroom.held(story, text="Fools")
    watched = await at_the_desk(browser, newsroom)
    card = watched.page.locator(f"#card-{held}")
    claimed = card.get_by_text("Another moderator has this card open.")
    await expect(card.get_by_text("0 published, 0 rejected before")).to_be_visible()
    await card.focus()
    await newsroom.parts.review.claim(held, moderator=OMAR, now=datetime.now(UTC))
    await newsroom.published(story, text="Well said.")
    await expect(claimed).to_be_visible()
    await expect(card.get_by_text("1 published, 0 rejected before")).to_be_visible()
    await expect(card).to_be_focused()
    # A claim made 59 of its 60 seconds ago is over in a moment.
    await newsroom.parts.review.claim(held, moderator=OMAR, now=datetime.now(UTC) - timedelta(seconds=59))
    await expect(claimed).to_be_hidden()


async def test_an_undo_that_comes_too_late_is_told_so_and_its_button_goes(
    browser: Browser, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = await newsroom.held(await newsroom.story(), text="Fools")
    watched = await at_the_desk(browser, newsroom)
    card = watched.page.locator(f"#card-{held}")
    monkeypatch.setattr(newsroom.parts.review, "_undo_window", timedelta(0))
    await card.get_by_role("button", name="Approve").click()
    await card.get_by_role("button", name="Undo").click()
    await expect(watched.page.get_by_text("This can't be undone: the time to undo is over.")).to_be_visible()
    await watched.page.clock.install()
    other = await newsroom.held(await newsroom.story(), text="Fools again", author="telegram:8")
    await watched.page.reload()
    card = watched.page.locator(f"#card-{other}")
    await card.get_by_role("button", name="Approve").click()
    await expect(card.get_by_role("button", name="Undo")).to_be_visible()
    await watched.page.clock.fast_forward(newsroom.settings.undo_window_s * 1000)
    await expect(card.get_by_role("button", name="Undo")).to_be_hidden()


async def test_the_clauses_come_into_sight_when_they_are_opened(browser: Browser, newsroom: Newsroom) -> None:
    story = await newsroom.story()
    for number in range(3):
        await newsroom.held(story, text=f"Fools {number}", author=f"telegram:{number}")
    watched = await at_the_desk(browser, newsroom, viewport={"width": 1280, "height": 700})
    for key in "jjr":
        await watched.page.keyboard.press(key)
    clauses = watched.page.locator("details.choose[open] .clauses button")
    await expect(clauses.first).to_be_in_viewport()
    await expect(clauses.last).to_be_in_viewport()


async def test_a_page_whose_server_is_gone_says_so_until_it_is_back(browser: Browser, newsroom: Newsroom) -> None:
    watched = await at_the_desk(browser, newsroom)
    gone = watched.page.get_by_text("No answer from the server: this page may be out of date.")
    await expect(gone).to_be_hidden()
    await watched.page.route("**/review/queue", lambda route: route.abort())
    await expect(gone).to_be_visible(timeout=10_000)
    await watched.page.unroute("**/review/queue")
    await expect(gone).to_be_hidden()


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
