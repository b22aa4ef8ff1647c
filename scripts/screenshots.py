"""The pictures in docs/pictures, taken from a running demo of its own: never by hand, so that they show what is.

make screenshots
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from moderation.policy import LANGUAGES
from tests.chromium import CHROMIUM
from tests.e2e.system import GROUP, People, Person, buttons, has_data, people_of, running, text_of, url_of

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE, NARROW = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)


async def play(people: People) -> tuple[str, str, str]:
    """A small morning at the desk; the addresses of an English and an Urdu story, and a login link."""
    reader, urdu = people.reader, people.urdu_reader
    story = await reader.joins("en")
    first = await reader.comments(story, "A general was killed in an air strike. I think this war must end, and soon.")
    await reader.agrees()
    await reader.told(first, "Published")
    urdu_story = await urdu.joins("ur")
    await urdu.comments(urdu_story, "پانی سب کا ہے۔ کسانوں کو بھی اس کا حق ملنا چاہیے، شہر والوں کو بھی۔")
    await urdu.agrees()
    for name, text in (
        ("Kavita", "Thank you for explaining both sides. I did not know how old the treaty is."),
        ("Yusuf", "Muslims and Hindus of this valley rebuilt the bridge together; write about that too."),
    ):
        await _comment(await people.newcomer(name), text)
    await _comment(await people.newcomer("Dev"), "You people are such fools, honestly. Read the report first.")
    await _comment(await people.newcomer("Sam"), "Write to me at sam@example.com and I will send you the documents.")
    held = await reader.comments(story, "Call me on +91 98765 43210, I was there and can tell you more.")
    await reader.told(held, "Held")
    card = await people.moderator.sees(lambda message: "98765" in text_of(message), what="the card", chat=GROUP)
    refused = await reader.comments(story, "Rahul, you are a stupid idiot and a worthless moron, shut up")
    await reader.told(refused, "Held", "Not published")
    assert buttons(card)
    asked = await people.moderator.write("/dashboard")
    message = await people.moderator.sees(
        lambda message: "/review/login" in str(message), what="the login link", after=asked["message_id"]
    )
    given = [*buttons(message), *message.get("entities", [])]
    link = next(one["url"] for one in given if "/review/login" in one.get("url", ""))
    return url_of(story, "/demo/stories/"), url_of(urdu_story, "/demo/stories/"), link


async def choose_hours(people: People) -> dict[str, int]:
    """In each language somebody chooses their hours, by buttons alone; who they are."""
    found: dict[str, int] = {}
    for language in LANGUAGES:
        person = await people.newcomer("Reader", language=language)
        await person.joins(language)
        after = (await person.write("/settings"))["message_id"]
        pressed = "settings:hours"
        for following in ("settings:hours:quiet:1320:420", "settings:hours:breaking:yes", "settings:hours:most:5"):
            message = await person.sees(has_data(pressed), what=pressed, after=after)
            await person.press(message, data=pressed)
            pressed = following
        message = await person.sees(has_data(pressed), what=pressed, after=after)
        await person.press(message, data=pressed)
        await person.sees(has_data("settings:hours:most:none"), what="the hours")
        found[language] = person.id
    return found


async def choose_digests(people: People) -> dict[str, int]:
    """In each language somebody chooses digests, and asks for one; who they are."""
    found: dict[str, int] = {}
    for language in LANGUAGES:
        person = await people.newcomer("Reader", language=language)
        await person.joins(language)
        after = (await person.write("/settings"))["message_id"]
        pressed = "settings:digest"
        for following in ("add:420", "add:1080", "alerts:no", "now"):
            message = await person.sees(has_data(pressed), what=pressed, after=after)
            await person.press(message, data=pressed)
            pressed = f"settings:digest:{following}"
        message = await person.sees(has_data(pressed), what=pressed, after=after)
        await person.press(message, data=pressed)
        await person.sees(lambda message: "'show:" in str(message), what="the digest")
        found[language] = person.id
    return found


async def ask_for_top(people: People) -> dict[str, int]:
    """Somebody asks for the top stories, in a language of each direction; who they are."""
    found: dict[str, int] = {}
    for language in ("en", "ur"):
        person = await people.newcomer("Reader", language=language)
        await person.joins(language)
        await person.write("/top")
        await person.sees(lambda message: "'show:" in str(message), what="the top stories")
        found[language] = person.id
    return found


async def _comment(person: Person, text: str) -> None:
    story = await person.joins("en")
    comment = await person.comments(story, text)
    await person.agrees()
    await person.told(comment, "Published", "Held", "Not published")


async def take_chats(browser: Browser, people: People, name: str, chosen: dict[str, int]) -> None:
    """Each of these chats, on a telephone; the languages in turns light and dark."""
    for number, (language, person) in enumerate(chosen.items()):
        scheme: Literal["light", "dark"] = "dark" if number % 2 else "light"
        context = await browser.new_context(viewport=NARROW, color_scheme=scheme, device_scale_factor=1)
        await shoot(await context.new_page(), f"{people.system.sandbox}/?as={person}", f"{name}-{language}")
        await context.close()


async def take(browser: Browser, people: People, addresses: tuple[str, str, str]) -> None:
    """Every picture, each in light and dark, wide and narrow, and right to left where letters are."""
    article, urdu_article, login = addresses
    system = people.system
    for scheme in ("light", "dark"):
        context = await browser.new_context(viewport=WIDE, color_scheme=scheme, device_scale_factor=1)
        page = await context.new_page()
        await shoot(page, system.sandbox, f"chat-{scheme}")
        await shoot(page, article, f"article-{scheme}", full=True)
        await shoot(page, urdu_article, f"article-urdu-{scheme}", full=True)
        await context.close()
        context = await browser.new_context(viewport=NARROW, color_scheme=scheme, device_scale_factor=2)
        page = await context.new_page()
        await shoot(page, f"{system.sandbox}/?as=1001", f"chat-narrow-{scheme}")
        await shoot(page, f"{system.sandbox}/?as=1002", f"chat-narrow-urdu-{scheme}")
        await shoot(page, article, f"article-narrow-{scheme}")
        await context.close()
    context = await browser.new_context(viewport=WIDE)
    page = await context.new_page()
    await page.goto(login)
    await page.get_by_role("button").first.click()
    await page.wait_for_url("**/review/**")
    await shoot(page, f"{system.web}/review/", "review-light")
    await page.emulate_media(color_scheme="dark")
    await shoot(page, f"{system.web}/review/", "review-dark")
    await page.set_viewport_size(NARROW)
    await shoot(page, f"{system.web}/review/", "review-narrow-dark")
    await page.emulate_media(color_scheme="light")
    await shoot(page, f"{system.web}/review/", "review-narrow-light")
    await shoot(page, f"{system.web}/docs", "api-docs")
    await context.close()


async def shoot(page: Page, address: str, name: str, *, full: bool = False) -> None:
    """One picture, taken when the page has come to rest."""
    await page.goto(address)
    # The pages keep a stream open, so the network is never idle: what counts is that their texts stand.
    await page.wait_for_load_state("load")
    await page.wait_for_function("document.fonts.status === 'loaded'")
    await page.wait_for_timeout(700)
    await page.screenshot(path=PICTURES / f"{name}.png", full_page=full)
    print(f"docs/pictures/{name}.png")


async def main() -> None:
    """Run a demo, play, and take the pictures."""
    if CHROMIUM is None:
        sys.exit("screenshots need Chromium: install it (Debian: apt-get install chromium fonts-noto-core)")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "var") as system:
        async with people_of(system) as people, async_playwright() as playwright:
            addresses = await play(people)
            hours, digests = await choose_hours(people), await choose_digests(people)
            top = await ask_for_top(people)
            options: dict[str, Any] = {"executable_path": CHROMIUM, "args": CHROMIUM_ARGUMENTS}
            browser = await playwright.chromium.launch(**options)
            await take(browser, people, addresses)
            await take_chats(browser, people, "hours", hours)
            await take_chats(browser, people, "digest", digests)
            await take_chats(browser, people, "top", top)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
