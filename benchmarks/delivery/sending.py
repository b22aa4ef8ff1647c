"""Somebody else's sender at work, in an environment of its own: `python sending.py WAY ADDRESS FIRST COUNT`.

Sends one text to so many chats, numbered from FIRST, at a Bot API server, and ends. Imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

TOKEN = "42:SANDBOX"
TEXT = "The quay is longer\n\nTwo lines that say how much, and what it cost."
AT_ONCE = 100


def aiogram_bot(address: str) -> Any:
    """aiogram's Bot for this server."""
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    return Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(address), limit=AT_ONCE))


async def send(bot: Any, chat: int) -> None:
    """One message; who can't be written to costs the others nothing, and a 429 is sat out."""
    from aiogram.exceptions import TelegramAPIError, TelegramRetryAfter

    with contextlib.suppress(TelegramAPIError):
        try:
            await bot.send_message(chat, TEXT)
        except TelegramRetryAfter as error:
            await asyncio.sleep(error.retry_after)
            await bot.send_message(chat, TEXT)


async def loop(address: str, chats: Iterable[int]) -> None:
    """One after the other, as fast as each is answered."""
    async with aiogram_bot(address) as bot:
        for chat in chats:
            await send(bot, chat)


async def gather(address: str, chats: Iterable[int]) -> None:
    """Thirty at once, then a second of rest, as the FAQ is often read."""
    left = list(chats)
    async with aiogram_bot(address) as bot:
        while left:
            now, left = left[:30], left[30:]
            await asyncio.gather(*(send(bot, chat) for chat in now))
            await asyncio.sleep(1)


async def broadcaster(address: str, chats: Iterable[int]) -> None:
    """Without a storage, which it writes whole after each message, and without an interval."""
    from aiogram_broadcaster import Broadcaster
    from aiogram_broadcaster.contents import TextContent

    async with aiogram_bot(address) as bot:
        mailer = await Broadcaster(bot).create_mailer(chats=list(chats), content=TextContent(text=TEXT))
        await mailer.start()


async def broadcast(address: str, chats: Iterable[int]) -> None:
    """From a list in memory, without the rest that it takes by itself between two messages."""
    from aiogram_broadcast import BroadcastService
    from aiogram_broadcast.storage.base import BaseBroadcastStorage

    numbers = list(chats)

    async def listed(*given: object, **named: object) -> list[int]:
        return numbers

    async def nothing(*given: object, **named: object) -> None:
        return None

    names = dict.fromkeys(BaseBroadcastStorage.__abstractmethods__, nothing) | {"get_all_subscriber_ids": listed}
    storage: Any = type("Storage", (BaseBroadcastStorage,), names)()
    async with aiogram_bot(address) as bot:
        await BroadcastService(bot, storage, rate_limit=0).broadcast_text(TEXT)


async def rate_limiter(address: str, chats: Iterable[int]) -> None:
    """As many calls under way as its own limiter lets through; it sits out a 429 by itself."""
    from telegram.error import TelegramError
    from telegram.ext import AIORateLimiter, ExtBot
    from telegram.request import HTTPXRequest

    left = iter(chats)
    limiter = AIORateLimiter(overall_max_rate=30, overall_time_period=1, max_retries=5)
    request = HTTPXRequest(connection_pool_size=AT_ONCE, pool_timeout=60)
    async with ExtBot(TOKEN, base_url=f"{address}/bot", request=request, rate_limiter=limiter) as bot:

        async def work() -> None:
            for chat in left:
                with contextlib.suppress(TelegramError):
                    await bot.send_message(chat, TEXT)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


SENDERS: dict[str, Callable[[str, Iterable[int]], Awaitable[None]]] = {
    "loop": loop,
    "gather": gather,
    "aiogram-broadcaster": broadcaster,
    "aiogram-broadcast": broadcast,
    "python-telegram-bot": rate_limiter,
}


def main() -> None:
    """Send."""
    way, address, first, count = sys.argv[1:5]

    async def work() -> None:
        await SENDERS[way](address, range(int(first), int(first) + int(count)))

    asyncio.run(work())


if __name__ == "__main__":
    main()
