"""Webhooks and broken connections: what the bot sees when things go wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.integration.sandbox_client import BILAL, EMMA, Sandbox, sandbox_running, until


@dataclass
class Bot:
    """A webhook of the test's own: it keeps what it is sent and answers as it is told, 200 by default."""

    address: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    answers: dict[str, list[web.Response]] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.seen.append(update)
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        waiting = self.answers.get(update.get("message", {}).get("text", ""), [])
        return waiting.pop(0) if waiting else web.Response()

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.seen if "message" in update]

    async def has(self, count: int) -> None:
        """Return once it has been sent that many."""

        async def enough() -> bool:
            return len(self.seen) >= count

        await until(enough)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    bot = Bot()
    app = web.Application()
    app.router.add_post("/hook", bot.take)
    server = TestServer(app)
    await server.start_server()
    bot.address = str(server.make_url("/hook"))
    yield bot
    await server.close()


@pytest.fixture
async def sandbox(bot: Bot) -> AsyncIterator[Sandbox]:
    async with sandbox_running() as sandbox:
        await sandbox.start(EMMA, BILAL)
        answer = await sandbox.answer("setWebhook", url=bot.address, secret_token="s-1_x", max_connections=7)
        assert answer == {"ok": True, "result": True, "description": "Webhook was set"}
        yield sandbox


async def test_updates_are_pushed_with_the_secret_and_forgotten_once_taken(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.write(EMMA, "a")
    await sandbox.write(EMMA, "b")
    await bot.has(2)
    assert (bot.texts, set(bot.secrets)) == (["a", "b"], {"s-1_x"})

    async def none_waits() -> bool:
        return bool((await sandbox.call("getWebhookInfo"))["pending_update_count"] == 0)

    await until(none_waits)
    info = await sandbox.call("getWebhookInfo")
    assert (info["url"], info["max_connections"]) == (bot.address, 7)


async def test_what_waited_before_the_webhook_was_set_is_pushed_too(bot: Bot) -> None:
    async with sandbox_running() as sandbox:
        await sandbox.write(EMMA, "before")
        await sandbox.call("setWebhook", url=bot.address)
        await bot.has(1)
    assert bot.texts == ["before"]


async def test_a_failing_update_is_tried_again_at_once_and_then_ever_later(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.do("PUT", "clock", {"speed": 0})
    bot.answers["a"] = [web.Response(status=500) for _ in range(3)]
    await sandbox.write(EMMA, "a")
    await bot.has(2)
    for count, wait_s in ((3, 2), (4, 4)):
        before = (await sandbox.do("GET", "clock"))["now"]
        await sandbox.do("PUT", "clock", {"now": before + wait_s - 0.5})
        assert len(bot.seen) == count - 1
        await sandbox.do("PUT", "clock", {"now": before + wait_s})
        await bot.has(count)
    assert bot.texts == ["a"] * 4
    error = (await sandbox.call("getWebhookInfo"))["last_error_message"]
    assert error == "Wrong response from the webhook: 500 Internal Server Error"


async def test_retry_after_is_honoured(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.do("PUT", "clock", {"speed": 0})
    bot.answers["a"] = [web.Response(status=503, headers={"Retry-After": "30"})]
    await sandbox.write(EMMA, "a")
    await bot.has(1)
    before = (await sandbox.do("GET", "clock"))["now"]
    await sandbox.do("PUT", "clock", {"now": before + 29})
    await sandbox.write(BILAL, "b")
    await bot.has(2)
    assert bot.texts == ["a", "b"]
    await sandbox.do("PUT", "clock", {"now": before + 30})
    await bot.has(3)
    assert bot.texts == ["a", "b", "a"]


async def test_a_failing_chat_holds_up_its_own_updates_only(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.do("PUT", "clock", {"speed": 0})
    bot.answers["1"] = [web.Response(status=500), web.Response(status=500)]
    for text in ("1", "2", "3"):
        await sandbox.write(EMMA, text)
    await sandbox.write(BILAL, "other")
    await bot.has(3)
    assert sorted(bot.texts) == ["1", "1", "other"]
    await sandbox.do("PUT", "clock", {"now": (await sandbox.do("GET", "clock"))["now"] + 2})
    await bot.has(6)
    assert bot.texts[3:] == ["1", "2", "3"]


async def test_an_update_nobody_takes_is_dropped_when_its_time_is_over(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.do("PUT", "clock", {"speed": 0})
    bot.answers["a"] = [web.Response(status=500) for _ in range(50)]
    await sandbox.write(EMMA, "a")
    await bot.has(2)
    await sandbox.do("PUT", "clock", {"now": (await sandbox.do("GET", "clock"))["now"] + 24 * 3600 + 1})
    await sandbox.write(EMMA, "b")
    await bot.has(3)
    assert bot.texts == ["a", "a", "b"]


async def test_gone_for_a_day_ends_the_webhook(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.do("PUT", "clock", {"speed": 0})
    bot.answers["a"] = [web.Response(status=410) for _ in range(9)]
    await sandbox.write(EMMA, "a")
    await bot.has(2)
    await sandbox.do("PUT", "clock", {"now": (await sandbox.do("GET", "clock"))["now"] + 23 * 3600})
    await bot.has(3)

    async def ended() -> bool:
        return bool((await sandbox.call("getWebhookInfo"))["url"] == "")

    await until(ended)
    assert (await sandbox.updates())[0]["message"]["text"] == "a"


@pytest.mark.parametrize("form", ["json", "multipart"])
async def test_a_method_in_the_answer_is_run(sandbox: Sandbox, bot: Bot, form: str) -> None:
    call = {"method": "sendMessage", "chat_id": str(EMMA), "text": "<b>by answer</b>", "parse_mode": "HTML"}
    if form == "json":
        bot.answers["a"] = [web.json_response(call)]
    else:
        writer = aiohttp.MultipartWriter("form-data")
        for name, value in call.items():
            writer.append(value).set_content_disposition("form-data", name=name)
        bot.answers["a"] = [web.Response(body=writer)]
    await sandbox.write(EMMA, "a")

    async def sent() -> bool:
        return bool((await sandbox.messages(EMMA))[-1]["text"] == "by answer")

    await until(sent)


async def test_asking_in_an_answer_or_ending_the_webhook_there_does_nothing(sandbox: Sandbox, bot: Bot) -> None:
    bot.answers["a"] = [web.json_response({"method": "deleteWebhook"})]
    await sandbox.write(EMMA, "a")
    await sandbox.write(EMMA, "b")
    await bot.has(2)
    assert (await sandbox.call("getWebhookInfo"))["url"] == bot.address


async def test_setting_the_webhook_twice_within_a_second_is_too_much(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.do("PUT", "clock", {"speed": 0})
    await sandbox.do("PUT", "clock", {"now": (await sandbox.do("GET", "clock"))["now"] + 5})
    await sandbox.call("setWebhook", url=bot.address)
    assert (await sandbox.answer("setWebhook", url=bot.address))["parameters"] == {"retry_after": 1}
    remarks = [(await sandbox.answer("deleteWebhook"))["description"] for _ in range(2)]
    assert remarks == ["Webhook was deleted", "Webhook is already deleted"]


async def test_dropping_what_waits_drops_it(sandbox: Sandbox, bot: Bot) -> None:
    await sandbox.call("deleteWebhook")
    await sandbox.write(EMMA, "a")
    await sandbox.call("deleteWebhook", drop_pending_updates=True)
    assert await sandbox.updates() == []


async def test_delivery_goes_on_after_a_restart(bot: Bot, tmp_path: Path) -> None:
    async with sandbox_running(tmp_path) as sandbox:
        await sandbox.do("PUT", "clock", {"speed": 0})
        bot.answers["a"] = [web.Response(status=500) for _ in range(2)]
        await sandbox.call("setWebhook", url=bot.address, secret_token="s")
        await sandbox.write(EMMA, "a")
        await bot.has(2)
    async with sandbox_running(tmp_path):
        await bot.has(3)
    assert (bot.texts, bot.secrets) == (["a"] * 3, ["s"] * 3)


# Faults.


async def send(sandbox: Sandbox, text: str) -> int | str:
    """The status of a send, or the kind of failure the bot sees."""
    try:
        async with sandbox.http.post(
            f"{sandbox.address}/bot42:SANDBOX/sendMessage", json={"chat_id": EMMA, "text": text}
        ) as response:
            await response.json()
            return response.status
    except aiohttp.ClientConnectionError:
        return "reset"
    except ValueError:
        return "truncated"


@pytest.mark.parametrize(
    ("fault", "outcome", "arrives"),
    [
        ({"kind": "error"}, 500, False),
        ({"kind": "error", "code": 502}, 502, False),
        ({"kind": "reset_before"}, "reset", False),
        ({"kind": "reset_after"}, "reset", True),
        ({"kind": "truncated"}, "truncated", True),
        ({"kind": "latency", "ms": 5}, 200, True),
    ],
)
async def test_a_fault_strikes_as_often_as_asked_and_leaves_the_message_or_not(
    fault: dict[str, Any], outcome: int | str, arrives: bool
) -> None:
    async with sandbox_running() as sandbox:
        await sandbox.start(EMMA)
        await sandbox.do("PUT", "faults", {"faults": [{**fault, "methods": ["sendMessage"], "count": 1}]})
        assert [await send(sandbox, "struck"), await send(sandbox, "after")] == [outcome, 200]
        texts = [message["text"] for message in await sandbox.messages(EMMA)]
        assert texts == ["/start", *(["struck"] if arrives else []), "after"]
        assert (await sandbox.do("GET", "stats"))["faults"] == {fault["kind"]: 1}
        assert (await sandbox.do("PUT", "faults", {})) == {"faults": []}


async def test_latency_runs_on_the_virtual_clock() -> None:
    async with sandbox_running() as sandbox:
        await sandbox.start(EMMA)
        await sandbox.do("PUT", "faults", {"faults": [{"kind": "latency", "ms": 600_000}]})
        await sandbox.do("PUT", "clock", {"speed": 100_000})
        assert await asyncio.wait_for(send(sandbox, "slow"), 5) == 200
