"""When stories may come: quiet hours, how many a day, the time zone. All in the settings' own message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.handlers.answering import answer, edit_or_send, settings_pressed
from bot.hours import DAY, MOST_A_DAY, OFFERED
from bot.keyboards import HOURS, NONE, Ask, Press
from bot.messages.hours import hours
from bot.messages.texts import plain, say
from bot.middlewares import Reader
from bot.store import BotStore
from bot.subscriber import Subscriber


class HourHandlers:
    """Presses about hours. `deliver` is told when what waited for other hours may have become due."""

    def __init__(
        self, bot: Bot, *, store: BotStore, deliver: Callable[[], None], clock: Callable[[], datetime]
    ) -> None:
        self._bot = bot
        self._store = store
        self._deliver = deliver
        self._clock = clock

    def router(self) -> Router:
        """What of the updates is for this feature. Stands before the other settings."""
        router = Router(name="hours")
        router.callback_query.register(self.press, F.data.startswith(f"{Ask.SETTINGS}:{HOURS}"))
        return router

    async def press(self, callback: CallbackQuery, reader: Reader) -> None:
        """Show the hours or the time zones, or change what was pressed, in the same message."""
        pressed = await settings_pressed(callback, self._store, reader)
        if pressed is None:
            return
        press, message_id, subscriber = pressed
        if press.name(1) == "zones":
            await answer(callback)
            text = say("hours-zones", subscriber.language)
            markup = keyboards.zones(subscriber.language, now=self._clock())
            await edit_or_send(self._bot, reader.id, message_id, text, reply_markup=markup)
            return
        if press.name(1):
            changed = await self._change(subscriber, press)
            # What the message shows may be old: it shows what is chosen now in either case.
            await answer(
                callback, plain("sections-saved" if changed else "old-button", reader.language), alert=not changed
            )
        else:
            await answer(callback)
        await self._show(reader.id, message_id)

    async def _change(self, subscriber: Subscriber, press: Press) -> bool:
        """Take over what a button names; False where no button of ours does."""
        person, value = subscriber.id, press.name(2)
        kept = self._store.subscribers
        match press.name(1):
            case "quiet" if value == NONE:
                await kept.set_hours(person, quiet=None, breaking=subscriber.breaking)
            case "quiet" | "begins" | "ends" if (quiet := _quiet(press, subscriber.quiet)) is not None:
                await kept.set_hours(person, quiet=quiet, breaking=subscriber.breaking)
            case "breaking" if value in ("yes", "no"):
                await kept.set_hours(person, quiet=subscriber.quiet, breaking=value == "yes")
            case "most" if value == NONE:
                await kept.set_daily(person, None)
            case "most" if (most := press.number(2)) is not None and 1 <= most <= MOST_A_DAY:
                await kept.set_daily(person, most)
            case "zone" if value in OFFERED:
                await kept.set_timezone(person, value, now=self._clock())
            case _:
                return False
        if subscriber.timezone is None and press.name(1) != "zone":
            # The hours are by the clock that was shown with them, whatever language is chosen later.
            await kept.set_timezone(person, subscriber.hours.timezone, now=self._clock())
        await self._put_off_anew(person)
        return True

    async def _put_off_anew(self, person: int) -> None:
        """What waits for the old hours waits for the new ones."""
        subscriber, now = await self._store.subscribers.one(person), self._clock()
        if subscriber is None:
            return
        if await self._store.deliveries.reschedule(subscriber, now=now):
            self._deliver()

    async def _show(self, person: int, message_id: int) -> None:
        subscriber = await self._store.subscribers.one(person)
        if subscriber is not None:
            markup = keyboards.hours(subscriber)
            text = hours(subscriber, now=self._clock())
            await edit_or_send(self._bot, person, message_id, text, reply_markup=markup)


def _quiet(press: Press, before: tuple[int, int] | None) -> tuple[int, int] | None:
    """The quiet time that a button names: both ends, or one for what there was before."""
    begins, ends = press.number(2), press.number(3)
    if press.name(1) != "quiet":
        if before is None:
            return None
        begins, ends = (begins, before[1]) if press.name(1) == "begins" else (before[0], begins)
    if begins is None or ends is None or begins == ends or not (begins < DAY and ends < DAY):
        return None
    return begins, ends
