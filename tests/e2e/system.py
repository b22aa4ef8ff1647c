"""The whole system as processes, and people who use it: what end-to-end tests, screenshots and tables are made with."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

ROOT = Path(__file__).resolve().parent.parent.parent
READER, URDU_READER, MODERATOR, SECOND_MODERATOR = 1001, 1002, 2001, 2002
GROUP = -1003000000001

T = TypeVar("T")


class NeverHappened(AssertionError):
    """What a test waited for did not come; says what was there instead."""


async def eventually(
    look: Callable[[], Awaitable[T | None]], *, what: str, within_s: float = 30.0, told: Callable[[], Any] | None = None
) -> T:
    """The first answer that is not None or False. Raises NeverHappened."""
    deadline = time.monotonic() + within_s
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NeverHappened(f"{what} did not happen within {within_s} s; {told() if told else ''}")
        await asyncio.sleep(0.02)


class System:
    """A running `baithak up`. Its children are found from the outside, as anybody would.

    `program` is the module that is run: the product's own, or a control's that is wrong on purpose.
    """

    def __init__(self, data_dir: Path, *, program: str = "bot", **environment: str) -> None:
        self.data_dir = data_dir
        self._program = program
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("BAITHAK_")},
            "BAITHAK_DATA_DIR": str(data_dir),
            "BAITHAK_STAGES": "fast",
            "BAITHAK_WEB_PORT": "0",
            "BAITHAK_SANDBOX_PORT": "0",
            **environment,
        }
        self.web = ""
        self.sandbox = ""
        self.ready_after_s = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self.output = data_dir / "up.out"

    def start(self, *, within_s: float = 60) -> None:
        """Start it and wait until it says ready. Raises NeverHappened with its output."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with self.output.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._program, "up"], cwd=ROOT, env=self._environment, stdout=out, stderr=out
            )
        while not (ready := re.search(rb"^ready web=(\S+)(?: sandbox=(\S+))?", self.output.read_bytes(), re.MULTILINE)):
            if self._process.poll() is not None or time.monotonic() - began > within_s:
                raise NeverHappened(f"baithak up did not get ready:\n{self.output.read_text()}\n{self._logs()}")
            time.sleep(0.02)  # the only way to wait on another program's output without owning its terminal
        self.ready_after_s = time.monotonic() - began
        self.web, self.sandbox = ready[1].decode(), (ready[2] or b"").decode()
        # The same ports at the next start, so that addresses written down before still hold.
        self._environment["BAITHAK_WEB_PORT"] = self.web.rpartition(":")[2]
        if self.sandbox:
            self._environment["BAITHAK_SANDBOX_PORT"] = self.sandbox.rpartition(":")[2]

    def stop(self, *, within_s: float = 20) -> float:
        """Ctrl-C; how many seconds it took to end. Raises subprocess.TimeoutExpired."""
        if self._process is None:
            return 0.0
        began = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(within_s)
        return time.monotonic() - began

    def kill(self) -> None:
        """End `up` at once, as the kernel would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def children(self) -> dict[str, int]:
        """Process ids of the parts by name."""
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.pid)], capture_output=True, text=True
        ).stdout
        found: dict[str, int] = {}
        for line in listed.splitlines():
            pid, _, command = line.strip().partition(" ")
            for name in ("redis-server", "sandbox", "worker", "web", "bot"):
                if name in found or not (command.split()[-1] == name or (name == "redis-server" and name in command)):
                    continue
                found[name] = int(pid)
                break
        return found

    def command(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run `baithak …` with the same environment."""
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=ROOT,
            env=self._environment,
            input=stdin,
            capture_output=True,
            timeout=120,
        )

    def _logs(self) -> str:
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in (self.data_dir / "logs").glob("*.log")
        )


@contextlib.contextmanager
def running(data_dir: Path, *, program: str = "bot", **environment: str) -> Iterator[System]:
    """A system that runs, and is stopped afterwards."""
    system = System(data_dir, program=program, **environment)
    try:
        system.start()
        yield system
    finally:
        system.stop()


@dataclass
class Person:
    """Somebody at the sandbox. Everything goes through its control API."""

    id: int
    _http: aiohttp.ClientSession
    _sandbox: str

    async def write(self, text: str, *, chat: int | None = None, reply_to: int | None = None) -> dict[str, Any]:
        """Write a message; the message as it is stored."""
        body: dict[str, Any] = {"text": text}
        if chat is not None:
            body["chat_id"] = chat
        if reply_to is not None:
            body["reply_to_message_id"] = reply_to
        return await self._post("messages", body)

    async def edit(self, message_id: int, text: str) -> dict[str, Any]:
        """Edit a message of their own in the private chat."""
        return await self._post("edits", {"message_id": message_id, "text": text})

    async def press(
        self, message: dict[str, Any], *, button: str | None = None, data: str | None = None
    ) -> dict[str, Any] | None:
        """Press a button by its text or its data; the bot's answer."""
        body = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
        body |= {"button": button} if button is not None else {"data": data}
        answer: dict[str, Any] | None = (await self._post("presses", body))["answer"]
        return answer

    async def messages(self, *, chat: int | None = None, after: int = 0) -> list[dict[str, Any]]:
        """The chat, oldest first."""
        async with self._http.get(f"{self._sandbox}/control/chats/{chat or self.id}/messages?after={after}") as answer:
            found = await answer.json()
        messages: list[dict[str, Any]] = found["messages"] if isinstance(found, dict) else found
        return messages

    async def sees(
        self,
        wanted: Callable[[dict[str, Any]], bool],
        *,
        what: str,
        chat: int | None = None,
        after: int = 0,
        within_s: float = 30,
    ) -> dict[str, Any]:
        """The newest message that is as wanted, as soon as there is one."""
        seen: list[dict[str, Any]] = []

        async def look() -> dict[str, Any] | None:
            seen[:] = await self.messages(chat=chat, after=after)
            return next((message for message in reversed(seen) if wanted(message)), None)

        return await eventually(
            look, what=what, within_s=within_s, told=lambda: [text_of(one)[:200] for one in seen[-6:]]
        )

    async def joins(self, language: str = "en") -> dict[str, Any]:
        """/start, a language, and the story that comes."""
        started = await self.write("/start")
        choice = await self.sees(has_data("lang:"), what="the choice of languages", after=started["message_id"])
        await self.press(choice, data=f"lang:{language}")
        return await self.sees(has_data("comment:"), what="a first story", after=started["message_id"])

    async def agrees(self) -> None:
        """Accept the terms that were just shown."""
        terms = await self.sees(has_data("agree:"), what="the terms")
        await self.press(terms, data=data_beginning(terms, "agree:"))

    async def comments(self, story: dict[str, Any], text: str) -> dict[str, Any]:
        """Reply to a story; the reader's own message."""
        return await self.write(text, reply_to=story["message_id"])

    async def told(self, message: dict[str, Any], *beginnings: str, within_s: float = 30) -> dict[str, Any]:
        """What the bot says of a comment in reply to it, once it begins with one of these words."""
        return await self.sees(
            lambda seen: answers(seen, message) and text_of(seen).startswith(beginnings),
            what=f"a notice beginning {beginnings}",
            after=message["message_id"],
            within_s=within_s,
        )

    async def _post(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._http.post(f"{self._sandbox}/control/users/{self.id}/{what}", json=body) as answer:
            if answer.status >= 400:
                raise AssertionError(f"{what}: {answer.status} {await answer.text()}")
            result: dict[str, Any] = await answer.json()
            return result


class People:
    """The people at a system's sandbox, and what they can read on the web."""

    def __init__(self, system: System, http: aiohttp.ClientSession) -> None:
        self.system = system
        self.http = http
        self.reader = self.person(READER)
        self.urdu_reader = self.person(URDU_READER)
        self.moderator = self.person(MODERATOR)
        self.second_moderator = self.person(SECOND_MODERATOR)

    def person(self, number: int) -> Person:
        """Somebody by their id."""
        return Person(number, self.http, self.system.sandbox)

    async def newcomer(self, name: str, *, language: str = "en") -> Person:
        """Somebody who was never here."""
        body = {"first_name": name, "language_code": language}
        async with self.http.post(f"{self.system.sandbox}/control/users", json=body) as answer:
            return self.person((await answer.json())["id"])

    async def get(self, path: str, **query: str) -> Any:
        """An answer of the web part's API, which must be a good one."""
        async with self.http.get(self.system.web + path, params=query) as answer:
            if answer.status != 200:
                raise AssertionError(f"GET {path}: {answer.status} {await answer.text()}")
            return await answer.json()

    async def published(self, story_url: str) -> list[str]:
        """The published comments' texts under a story."""
        return [item["text"] for item in (await self.get("/api/v1/comments", story=story_url, limit="100"))["items"]]


@contextlib.asynccontextmanager
async def people_of(system: System) -> AsyncIterator[People]:
    """Everybody at this system's sandbox."""
    async with aiohttp.ClientSession() as http:
        yield People(system, http)


def text_of(message: dict[str, Any]) -> str:
    """A message's text or caption."""
    return str(message.get("text") or message.get("caption") or "")


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons under a message."""
    return [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]


def has_data(beginning: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a message has a button whose data begins so."""
    return lambda message: any(
        str(button.get("callback_data", "")).startswith(beginning) for button in buttons(message)
    )


def data_beginning(message: dict[str, Any], beginning: str) -> str:
    """The data of the first button that begins so."""
    return next(
        str(button["callback_data"])
        for button in buttons(message)
        if str(button.get("callback_data", "")).startswith(beginning)
    )


def url_of(message: dict[str, Any], containing: str) -> str:
    """The address of the first link button that contains this."""
    return next(str(button["url"]) for button in buttons(message) if containing in str(button.get("url", "")))


def answers(message: dict[str, Any], to: dict[str, Any]) -> bool:
    """Whether a message is a reply to another."""
    return bool(message.get("reply_to_message", {}).get("message_id") == to["message_id"])
