"""A browser for tests of attacks: it can be told to ignore a page's own policy, and notes whatever ran."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page

_LIVE_MARKUP = """() => {
  const found = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      const name = element.localName;
      if (name === "script" && !element.src) found.push("a script of its own");
      if (["base", "iframe", "object", "embed", "math"].includes(name)) found.push(name);
      if (name === "meta" && element.httpEquiv) found.push("meta " + element.httpEquiv);
      for (const { name: key, value } of element.attributes) {
        if (/^on/i.test(key)) found.push(`${name} ${key}`);
        const leads = /^(href|src|action|formaction|srcdoc|data)$/i.test(key);
        if (leads && /^[\\0-\\x20]*(javascript|vbscript|data:text)/i.test(value)) found.push(`${name} ${key}=${value}`);
      }
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document);
  return found;
}"""


class Visit:
    """A page that somebody opens, and what ran on it that should not have."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.fired: list[str] = []
        page.on("dialog", self._dialog)

    async def _dialog(self, dialog: Any) -> None:
        self.fired.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    async def open(self, address: str) -> None:
        """Open an address and let everything on it load."""
        await self.page.goto(address, wait_until="load")

    async def harm(self) -> list[str]:
        """Every payload that ran, and all markup on the page that could run one."""
        ran = await self.page.evaluate("() => window.__xss === 1")
        live: list[str] = await self.page.evaluate(_LIVE_MARKUP)
        return [*self.fired, *(["a payload ran"] if ran else []), *live]


async def visitor(browser: Browser, **context: Any) -> BrowserContext:
    """Somebody new, whose browser lets through what a page's own policy would stop."""
    made = await browser.new_context(bypass_csp=True, **context)
    made.set_default_timeout(10_000)
    return made


@asynccontextmanager
async def other_site(pages: dict[str, str]) -> AsyncIterator[str]:
    """Another site: it serves these pages under a name that is not ours, and has no policy."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=pages[request.path], content_type="text/html")

    app = web.Application()
    for path in pages:
        app.router.add_get(path, answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    # Ours is at 127.0.0.1: to a browser `localhost` is another site, to which a Lax cookie does not go along.
    try:
        yield f"http://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
