"""The moderators' group is told of every switch, whoever turned it and wherever: one message, edited when it ends.

Like the cards it is not driven by events: about once a second what is on is compared with what the group was told. At
least once: a process that dies between telling and noting it tells again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest

from bot import keyboards
from bot.messages import switches as texts
from bot.messages.texts import Html
from bot.store import BotStore
from moderation.database import is_passing
from moderation.running import own_place, stop_if_cancelled
from moderation.switch import Switch
from moderation.switches import Switches

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
AGAIN_S = 5.0
"""Seconds until the next look after one that failed: Telegram is away, or the bot is not in the group."""
_LEASE = "switchboard"
_LEASE_S = 30.0
"""Longer than a message waits for its turn in a group that was written to as often as it may be."""
_TOLD = "switches told"


@dataclass(slots=True)
class _Told:
    """Up to which switch the group was told, and the messages of those that were on then, by switch."""

    newest: int = 0
    messages: dict[int, int] = field(default_factory=dict)


class Switchboard:
    """Tells the group. Never turns a switch; without a group it does nothing."""

    def __init__(
        self, bot: Bot, *, store: BotStore, switches: Switches, group: int | None, clock: Callable[[], datetime]
    ) -> None:
        self._bot = bot
        self._store = store
        self._switches = switches
        self._group = group
        self._clock = clock
        self._holder = own_place()

    async def run(self) -> None:
        """Keep the group told, until cancelled."""
        while self._group is not None:
            stop_if_cancelled()
            try:
                await self.look(self._group)
                await asyncio.sleep(LOOK_EVERY_S)
            except Exception as error:
                # Whatever it is, a later look finds the same to tell.
                log.error("group not told of a switch", error=type(error).__name__, passing=is_passing(error))
                await asyncio.sleep(AGAIN_S)

    async def look(self, group: int) -> None:
        """Look once, and tell what the group was not told. Raises what Telegram answers when it is away."""
        if not await self._untold(await self._told()):
            return
        if not await self._store.shown.take(_LEASE, holder=self._holder, lasts_s=_LEASE_S, now=self._clock()):
            return
        told = await self._told()
        for switch in await self._untold(told):
            await self._tell(group, switch, told)
            await self._store.shown.keep(_TOLD, json.dumps([told.newest, list(told.messages.items())]))

    async def _told(self) -> _Told:
        kept = await self._store.shown.note(_TOLD)
        if kept is None:
            return _Told()
        newest, messages = json.loads(kept)
        return _Told(newest, dict(messages))

    async def _untold(self, told: _Told) -> list[Switch]:
        """Those begun since, and those told of as being on that were ended."""
        found = await self._switches.since(told.newest, also=told.messages)
        return [switch for switch in found if switch.id > told.newest or switch.ended_at is not None]

    async def _tell(self, group: int, switch: Switch, told: _Told) -> None:
        text = texts.line(switch, await self._store.stories.titles([switch.target]))
        markup = keyboards.end_switch(switch.id) if switch.ended_at is None else None
        if switch.id in told.messages:
            await self._edit(group, told.messages[switch.id], text)
            del told.messages[switch.id]
            return
        sent = await self._bot.send_message(group, text, reply_markup=markup)
        told.newest = switch.id
        if switch.ended_at is None:
            told.messages[switch.id] = sent.message_id

    async def _edit(self, group: int, message_id: int, text: Html) -> None:
        try:
            await self._bot.edit_message_text(text, chat_id=group, message_id=message_id, reply_markup=None)
        except TelegramBadRequest as error:
            # It says so already, by who pressed End; or somebody deleted it, and nothing is left to mend.
            if "message is not modified" not in error.message:
                log.warning("switch's message can't be edited", message=message_id, error=error.message)
