"""What the bot's handlers on the web are given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.settings import BotSettings
from bot.store.opened import Opened
from bot.store.stories import Stories
from bot.web.sample import Sample

StoreUpdate = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Stores one update from Telegram durably; raises ValueError for what is none."""


@dataclass(frozen=True, slots=True)
class BotParts:
    """Everything these handlers ask for beside moderation's parts. `sample` is None where real feeds are used."""

    settings: BotSettings
    stories: Stories
    opened: Opened
    store_update: StoreUpdate
    sample: Sample | None


BOT: web.AppKey[BotParts] = web.AppKey("bot", BotParts)
