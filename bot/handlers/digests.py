"""Digests: when they come, whether stories come one by one as well; and a story of one, shown by its number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.handlers.answering import answer, edit_or_send, settings_pressed
from bot.handlers.subscribers import Shows
from bot.hours import DIGEST_AT
from bot.keyboards import DIGEST, NONE, NOW, Ask, Press
from bot.messages.digest import chosen
from bot.messages.texts import plain
from bot.middlewares import Reader
from bot.store import BotStore
from bot.subscriber import Subscriber


class Sends(Protocol):
    """What sends a digest at once: its sender."""

    async def send_now(self, reader: Subscriber) -> bool:
        """Send it; False where there is nothing new to say."""


class DigestHandlers:
    """Presses about digests. `shows` sends a story at once, and `sends` a digest."""

    def __init__(self, bot: Bot, *, store: BotStore, shows: Shows, sends: Sends, clock: Callable[[], datetime]) -> None:
        self._bot = bot
        self._store = store
        self._shows = shows
        self._sends = sends
        self._clock = clock

    def router(self) -> Router:
        """What of the updates is for this feature. Stands before the other settings."""
        router = Router(name="digests")
        router.callback_query.register(self.press, F.data.startswith(f"{Ask.SETTINGS}:{DIGEST}"))
        router.callback_query.register(self.show, F.data.startswith(f"{Ask.SHOW}:"))
        return router

    async def press(self, callback: CallbackQuery, reader: Reader) -> None:
        """Show what is chosen of digests, or change what was pressed, in the same message."""
        pressed = await settings_pressed(callback, self._store, reader)
        if pressed is None:
            return
        press, message_id, subscriber = pressed
        if press.name(1) == NOW:
            sent = await self._sends.send_now(subscriber)
            await answer(callback, None if sent else plain("digest-none", reader.language), alert=not sent)
            return
        if press.name(1):
            changed = await self._change(subscriber, press)
            # What the message shows may be old: it shows what is chosen now in either case.
            await answer(
                callback, plain("sections-saved" if changed else "old-button", reader.language), alert=not changed
            )
        else:
            await answer(callback)
        changed_to = await self._store.subscribers.one(reader.id)
        if changed_to is not None:
            markup = keyboards.digests(changed_to)
            await edit_or_send(self._bot, reader.id, message_id, chosen(changed_to), reply_markup=markup)

    async def _change(self, before: Subscriber, press: Press) -> bool:
        """Take over what a button names; False where no button of ours does."""
        at, alerts, minute = set(before.digest_at), before.alerts, press.number(2)
        match press.name(1):
            case "add" if minute in DIGEST_AT:
                at.add(minute)
            case "drop" if minute is not None:
                at.discard(minute)
            case "alerts" if press.name(2) in ("yes", "no"):
                alerts = press.name(2) == "yes"
            case name if name == NONE:
                at = set()
            case _:
                return False
        now, kept = self._clock(), self._store.subscribers
        if before.timezone is None:
            # The hours are by the clock that was shown with them, whatever language is chosen later.
            await kept.set_timezone(before.id, before.hours.timezone, now=now)
        await kept.set_digest(before.id, at, alerts=alerts, now=now)
        subscriber = await kept.one(before.id)
        if subscriber is not None:
            await self._store.deliveries.reschedule(subscriber, now=now)
        return True

    async def show(self, callback: CallbackQuery, reader: Reader) -> None:
        """Send a story of a digest with its own buttons."""
        press = keyboards.read(callback.data)
        story_id = press.number(0) if press is not None else None
        story = await self._store.stories.one(story_id) if story_id is not None else None
        if story is None:
            await answer(callback, plain("old-button", reader.language), alert=True)
            return
        await answer(callback)
        await self._store.opened.note(story.id, reader.id, now=self._clock())
        await self._shows.show(reader.id, story, language=reader.language)
