"""The web part's pages as visitors and moderators have them before them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from playwright.async_api import Browser, Page, expect

from moderation.comment import CommentStatus
from moderation.switch import Scope, SwitchKind
from tests.newsroom import MEERA, Newsroom

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


async def switch(newsroom: Newsroom, kind: SwitchKind, scope: Scope = Scope.SITE, target: str = "") -> int:
    """Meera begins a switch, not on this page."""
    turned = await newsroom.parts.switches.begin(kind, scope, target, who=MEERA, name="Meera", now=datetime.now(UTC))
    return turned.switch.id
