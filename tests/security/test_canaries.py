"""A whole system with a token of its own, put through every trouble: no secret and no reader's word comes out of it.

The canaries are searched for in every log, in what `up` prints, in the metrics and in every answer that was an error.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.e2e.system import GROUP, MODERATOR, Person, System, eventually, text_of
from tests.integration.sandbox_client import sandbox_running

# A minute and a half, most of it waiting for the bot to ask Telegram again.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(400)]

TOKEN = "7700000001:tokencanaryAAHxQ"
SECRET = "webhookcanary_7f3a"
WORDS, NAME, LINK = "wordcanaryzq", "Namecanaryzq", "linkcanaryzq"
CANARIES = ("tokencanary", "webhookcanary", "wordcanary", "amecanary", "linkcanary")
HELD = f"{WORDS} may be had from {WORDS}.keeper@example.com, ask there."
FEED = """<rss version="2.0"><channel><item><title>The dam gates open</title>
<link>https://news.example/dam</link><description>Water reaches the canals.</description></item></channel></rss>"""


@dataclass
class Telegram:
    """What stands between the system and the sandbox: passes everything on, or fails in some way."""

    sandbox: str
    trouble: str = ""
    spares_updates: bool = False
    polled: int = 0
    sent: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Pass a call on, or fail it as told, with the call's own address in the answer where that could tempt."""
        method = request.path.rpartition("/")[2]
        self.polled += method == "getUpdates"
        self.sent += method == "sendMessage"
        match "" if self.spares_updates and method == "getUpdates" else self.trouble:
            case "401":
                return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
            case "a page that quotes":
                return web.Response(status=502, text=f"<h1>Bad gateway</h1> {request.url} {await request.text()}")
            case "an error that quotes":
                said = f"Bad Request: {request.url} {await request.text()}"
                return web.json_response({"ok": False, "error_code": 400, "description": said}, status=400)
            case "a redirect that quotes":
                return web.Response(status=302, headers={"Location": f"http://127.0.0.1:9{request.path}"})
            case "cut off":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                request.method,
                self.sandbox + request.raw_path,
                data=await request.read(),
                headers={"Content-Type": request.headers.get("Content-Type", "application/json")},
            ) as passed,
        ):
            return web.Response(status=passed.status, body=await passed.read(), content_type=passed.content_type)


TROUBLES = ("a page that quotes", "an error that quotes", "a redirect that quotes", "cut off")


@dataclass
class Desk:
    """The running system, its people, and every answer it gave that was an error."""

    system: System
    telegram: Telegram
    http: aiohttp.ClientSession
    errors: list[str] = field(default_factory=list)

    def person(self, number: int) -> Person:
        return Person(number, self.http, self.telegram.sandbox)

    async def ask(self, method: str, path: str, **given: Any) -> int:
        """Ask the web part; what it says of an error is kept, with its headers."""
        async with self.http.request(method, self.system.web + path, allow_redirects=False, **given) as answer:
            body = await answer.text(errors="replace")
            if answer.status >= 400:
                self.errors.append(f"{answer.status} {dict(answer.headers)} {body}")
            return answer.status


@asynccontextmanager
async def running_desk(folder: Path) -> AsyncIterator[Desk]:
    # A connection for each question: many of them are such that the server ends it.
    connector = aiohttp.TCPConnector(force_close=True)
    async with sandbox_running() as sandbox, aiohttp.ClientSession(connector=connector) as http:
        telegram = Telegram(sandbox.address)
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", telegram.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        (folder / "feed.xml").write_text(FEED, encoding="utf-8")
        (folder / "feeds.toml").write_text('[[feeds]]\nurl = "feed.xml"\npoll_s = 1\n', encoding="utf-8")
        system = System(
            folder / "var",
            BAITHAK_BOT_TOKEN=TOKEN,
            BAITHAK_TELEGRAM_API=f"http://127.0.0.1:{runner.addresses[0][1]}",
            BAITHAK_WEBHOOK_SECRET=SECRET,
            BAITHAK_MODERATORS_CHAT=str(GROUP),
            BAITHAK_ADMINISTRATORS=str(MODERATOR),
            BAITHAK_FEEDS=str(folder / "feeds.toml"),
            BAITHAK_LOG_LEVEL="debug",
        )
        try:
            # In a thread: the system asks the Telegram that this loop serves.
            await asyncio.to_thread(system.start)
            yield Desk(system, telegram, http)
        finally:
            telegram.trouble = ""
            await asyncio.to_thread(system.stop)
            await runner.cleanup()


async def a_held_comment(desk: Desk) -> tuple[Person, dict[str, Any]]:
    """A reader whose comment, with words of theirs that must stay here, waits on a moderator's card."""
    async with desk.http.post(
        f"{desk.telegram.sandbox}/control/users", json={"first_name": NAME, "language_code": "en"}
    ) as answer:
        reader = desk.person((await answer.json())["id"])
    story = await reader.joins("en")
    comment = await reader.comments(story, HELD)
    await reader.agrees()
    await reader.told(comment, "Held")
    moderator = desk.person(MODERATOR)
    await moderator.sees(lambda message: WORDS in text_of(message), what="the card", chat=GROUP)
    return reader, story


async def telegram_in_trouble(desk: Desk, reader: Person, story: dict[str, Any]) -> None:
    telegram = desk.telegram
    for trouble in TROUBLES:
        # First the answers to readers alone: their words have to come in before an answer to them can fail.
        telegram.trouble, telegram.spares_updates, sent = trouble, True, telegram.sent
        await reader.comments(story, f"{HELD} During {trouble}.")
        await reader.write(f"/{WORDS}")

        async def answered(sent: int = sent) -> bool:
            return telegram.sent > sent

        await eventually(answered, what=f"an answer during {trouble}", within_s=40)
        telegram.spares_updates, polled = False, telegram.polled

        async def asked_again(polled: int = polled) -> bool:
            return telegram.polled >= polled + 2

        await eventually(asked_again, what=f"updates asked for during {trouble}", within_s=40)
    telegram.trouble = ""


async def token_revoked(desk: Desk, reader: Person, story: dict[str, Any]) -> None:
    """The last of all: the bot asks again only after half a minute."""
    desk.telegram.trouble = "401"
    await reader.comments(story, HELD)

    async def refused() -> bool:
        return "updates refused" in (desk.system.data_dir / "logs" / "bot.log").read_text(encoding="utf-8")

    await eventually(refused, what="a refusal of the token", within_s=40)


async def redis_killed(desk: Desk, reader: Person, story: dict[str, Any]) -> None:
    os.kill(desk.system.children()["redis-server"], signal.SIGKILL)
    await reader.comments(story, f"{HELD} While Redis is away.")
    for part in ("worker", "bot"):
        os.kill(desk.system.children()[part], signal.SIGABRT)


async def database_locked(desk: Desk, reader: Person, story: dict[str, Any]) -> None:
    """Longer than anybody waits for the lock, five seconds."""
    database = sqlite3.connect(desk.system.data_dir / "baithak.db", timeout=30, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    await reader.comments(story, f"{HELD} While the database is locked.")
    update = {"update_id": 1, "message": {"text": WORDS, "from": {"first_name": NAME}}}
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    asking = asyncio.create_task(desk.ask("POST", "/telegram/webhook", json=update, headers=headers))
    assert await asking == 503
    await desk.ask("POST", "/review/login", data={"token": LINK}, headers={"Sec-Fetch-Site": "same-origin"})
    database.execute("ROLLBACK")
    database.close()


async def webhook_misused(desk: Desk, _: Person, story: dict[str, Any]) -> None:
    right = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    for headers, body in (
        ({}, WORDS.encode()),
        ({"X-Telegram-Bot-Api-Secret-Token": f"{SECRET}x"}, WORDS.encode()),
        (right, f'{{"message": "{WORDS}'.encode()),
        (right, f'{{"message": "{WORDS}"}}'.encode()),
        (right, f'{{"update_id": "{WORDS}"}}'.encode()),
        (right | {"Content-Type": "text/plain"}, WORDS.encode()),
        (right, WORDS.encode() * 200_000),
        (right | {"Content-Encoding": "gzip"}, WORDS.encode()),
    ):
        sent = {"Content-Type": "application/json", **headers}
        assert 400 <= await desk.ask("POST", "/telegram/webhook", data=body, headers=sent) < 500


async def updates_nobody_can_read(desk: Desk, reader: Person, story: dict[str, Any]) -> None:
    sender = {"id": reader.id, "is_bot": False, "first_name": NAME}
    chat = {"id": reader.id, "type": "private", "first_name": NAME}
    whole = {"message_id": 7001, "date": 1_800_000_000, "chat": chat, "from": sender, "text": HELD}
    shapes: list[dict[str, Any]] = [
        {WORDS: {"id": 1}},
        {"message": whole | {"date": WORDS}},
        {"message": whole | {"photo": WORDS, "caption": WORDS}},
        {"message": whole | {"entities": [{"type": WORDS, "offset": -1, "length": 10**9}]}},
        {"message": {"text": WORDS}},
        {"edited_message": whole | {"text": f"half \ud83d {WORDS}"}},
        {"callback_query": {"id": WORDS, "from": sender, "chat_instance": "1", "data": WORDS}},
        {"callback_query": {"id": "1", "from": {"first_name": NAME}}},
        {"my_chat_member": {"chat": chat, "from": sender, "new_chat_member": WORDS}},
        {"message_reaction": {"chat": chat, "user": sender, "new_reaction": WORDS}},
    ]
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    for number, shape in enumerate(shapes, 900_000_000):
        await desk.ask("POST", "/telegram/webhook", json={"update_id": number} | shape, headers=headers)


async def web_misused(desk: Desk, _: Person, story: dict[str, Any]) -> None:
    for path in (
        f"/{WORDS}",
        f"/api/v1/comments?story={WORDS}",
        f"/api/v1/comments?story=1&cursor={WORDS}&limit={WORDS}",
        f"/api/v1/stories?language={WORDS}&section={WORDS}",
        f"/static/{WORDS}",
        f"/review/history/{WORDS}",
        f"/review/queue?token={LINK}",
    ):
        await desk.ask("GET", path, headers={"Cookie": f"baithak={LINK}", "X-CSRF-Token": LINK, "Referer": WORDS})
    same = {"Sec-Fetch-Site": "same-origin"}
    await desk.ask("POST", "/review/login", data={"token": LINK}, headers=same)
    await desk.ask("POST", "/review/comments/1/approve", json={"revision": WORDS}, headers=same)
    await desk.ask("POST", f"/review/comments/{WORDS}/approve", data=WORDS, headers=same)
    await desk.ask(WORDS.upper(), "/")
    host, port = desk.system.web.removeprefix("http://").split(":")
    for raw in (
        f"GET /{WORDS} HTTP/9.9",
        WORDS,
        f"POST / HTTP/1.1\r\nContent-Length: {WORDS}",
        f"GET / HTTP/1.1\r\n{WORDS}",
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{raw}\r\n\r\n".encode())
        async with asyncio.timeout(10):
            desk.errors.append((await reader.read(4000)).decode(errors="replace"))
        writer.close()


async def commands_misused(desk: Desk, *_: Any) -> None:
    for arguments, stdin in (
        (["screen"], f'{{"id": "{WORDS}\n{{"id": 1, "text": "{WORDS}"\n{WORDS}\n'.encode()),
        (["doctor"], None),
        (["model", "promote", "../../etc/passwd"], None),
    ):
        ended = await asyncio.to_thread(lambda a=arguments, i=stdin: desk.system.command(*a, stdin=i))
        desk.errors.append((ended.stdout + ended.stderr).decode())


Trouble = Callable[[Desk, Person, dict[str, Any]], Awaitable[None]]
EVERY_TROUBLE: tuple[Trouble, ...] = (
    webhook_misused,
    updates_nobody_can_read,
    web_misused,
    telegram_in_trouble,
    redis_killed,
    database_locked,
    commands_misused,
)


def hits(canary: str, said: dict[str, str]) -> dict[str, str]:
    """Where a canary stands, with what is around it."""
    return {name: text[max(0, text.find(canary) - 200) :][:400] for name, text in said.items() if canary in text}


async def test_no_secret_and_no_readers_word_comes_out_whatever_goes_wrong(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as desk:
        reader, story = await a_held_comment(desk)
        for trouble in EVERY_TROUBLE:
            await trouble(desk, reader, story)
        asked = await reader.write("/help")
        await reader.sees(
            lambda message: text_of(message).startswith("What I can do"),
            what="an answer after all of it",
            after=asked["message_id"],
            within_s=60,
        )
        link = await desk.person(MODERATOR).write("/dashboard")
        sent = await desk.person(MODERATOR).sees(
            lambda message: "/review/login" in str(message), what="the login link", after=link["message_id"]
        )
        opens = next(part for part in str(sent).replace("'", "=").replace("&", "=").split("=") if len(part) == 43)
        assert await desk.ask("GET", f"/review/login?token={opens}") == 200
        await token_revoked(desk, reader, story)
        async with desk.http.get(f"{desk.system.web}/metrics") as answer:
            metrics = await answer.text()
    logs = {path.name: path.read_text(encoding="utf-8") for path in (desk.system.data_dir / "logs").iterdir()}
    said = logs | {"up": desk.system.output.read_text(encoding="utf-8"), "metrics": metrics}
    said |= {f"answer {number}": error for number, error in enumerate(desk.errors)}
    assert len(logs) >= 4 and len(desk.errors) >= 20
    for told in ("unreadable update", "updates not fetched", "updates refused", "update failed", "request failed"):
        assert any(told in text for text in logs.values()), f"{told}: the trouble never came"
    for canary in (*CANARIES, opens):
        assert hits(canary, said) == {}, canary
