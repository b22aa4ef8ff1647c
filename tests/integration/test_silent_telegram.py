"""Telegram behind a network that falls silent: a call does not hang for longer than the silence is noticed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from aiogram.exceptions import TelegramNetworkError
from structlog.testing import capture_logs

from bot.inbox import Poller
from bot.limiter import Limiter
from bot.settings import BotSettings
from bot.store import BotStore
from bot.telegram import make_bot
from moderation import sockets
from moderation.database import Database
from tests.faults.databases import ONLY_SQLITE
from tests.faults.hosts import Hosts, cannot_have_hosts, hosts_running
from tests.servers import short_folder

MISSING = cannot_have_hosts()

pytestmark = [
    pytest.mark.xdist_group("servers"),
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
]

PORT = 8081
NOTICED_WITHIN_S = 15
"""Less than a call, or a poll, may take by itself."""


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    """Telegram's stand-in on a host of its own; silence is noticed sooner than usual."""
    monkeypatch.setattr(sockets, "LOST_S", 2)
    monkeypatch.setattr(sockets, "QUIET_S", 1)
    monkeypatch.setattr(sockets, "ASK_EVERY_S", 1)
    with short_folder("far") as folder, hosts_running("outside", folder=folder) as hosts:
        environment = {
            **os.environ,
            "BAITHAK_DATA_DIR": str(folder),
            "BAITHAK_SANDBOX_HOST": hosts.address("outside"),
            "BAITHAK_SANDBOX_PORT": str(PORT),
        }
        hosts.start("outside", "sandbox", [sys.executable, "-m", "bot", "sandbox"], environment)
        hosts.ready("sandbox")
        yield hosts


async def test_a_call_to_a_telegram_that_fell_silent_is_given_up(hosts: Hosts) -> None:
    bot = make_bot(BotSettings(sandbox_host=hosts.address("outside"), sandbox_port=PORT), Limiter(None))
    await bot.get_me()
    hosts.cut("outside")
    with pytest.raises(TelegramNetworkError):
        async with asyncio.timeout(NOTICED_WITHIN_S):
            await bot.get_me()
    hosts.heal("outside")
    await bot.get_me()
    await bot.session.close()


@ONLY_SQLITE
async def test_a_poll_of_a_telegram_that_fell_silent_begins_anew(hosts: Hosts, database: Database) -> None:
    polled = asyncio.Event()
    poller = Poller(
        address=f"http://{hosts.address('outside')}:{PORT}/bot42:SANDBOX/",
        store=BotStore(database),
        redis=None,
        stored=polled.set,
        clock=lambda: datetime.now(UTC),
    )
    with capture_logs() as logs:
        polling = asyncio.create_task(poller.run())
        await asyncio.sleep(1)  # by now it waits for news
        hosts.cut("outside")
        async with asyncio.timeout(NOTICED_WITHIN_S):
            while not any(line["event"] == "updates not fetched" for line in logs):
                await asyncio.sleep(0.05)
    polling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await polling
