"""Alarms that reach people: the system is looked at again and again, and administrators are told what is wrong.

    facts → alarms.find_all → alarms.advance → each chat told what is new and what is over → the Report kept

Of many bots one tells (a lease in the store), and what it told is kept in the store, so that no other and no restart
repeats it. While the database itself can't be used, each bot goes by its own memory: then several may tell the same.
At least once: a bot that dies between telling and keeping tells it again.

Never decides what is wrong (`alarms` does). That no bot works, or that Telegram is away, nobody can be told this way:
the Report says when a bot last looked and Telegram last answered, and the web part shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError

from bot import alarms
from bot.alarms import Damping, Facts, Key, Report, Standing, WatchedFeed
from bot.feed import FeedSource
from bot.limiter import Limiter
from bot.messages import health as texts
from bot.messages.texts import Html
from bot.settings import BotSettings
from bot.store import BotStore
from moderation.alarms import Bounds, Seen
from moderation.database import is_passing
from moderation.health import Health, within
from moderation.running import own_place, stop_if_cancelled

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0

LEASE_S = 20.0
"""Seconds one bot tells for all. Longer than a look that meets everything hanging; then another bot takes over."""

STORE_S = 6.0
"""Seconds the store may take, longer than SQLite's writers wait for each other: after that it can't be used."""

TELEGRAM_EVERY_S = 15.0
TELEGRAM_S = 5.0
SEND_S = 10.0

PACED_S = 0.5
"""A chat that has to wait longer than this is told at a later look."""

_LEASE = "alarms"


@dataclass(frozen=True, slots=True)
class Rules:
    """When there is an alarm, who is told, and the moderators' group, which has to be there for cards."""

    bounds: Bounds
    feed_silent_s: float
    damping: Damping
    chats: frozenset[int]
    group: int | None = None

    @classmethod
    def of(cls, settings: BotSettings) -> Rules:
        """What the settings say; without administrators the moderators' group is told."""
        group = settings.moderators_group()
        return cls(
            bounds=Bounds.of(settings),
            feed_silent_s=settings.alarm_feed_silent_s,
            damping=Damping(settings.alarm_stands_s, settings.alarm_clears_s),
            chats=settings.administrator_ids() or frozenset({group} if group is not None else ()),
            group=group,
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    """Whether this bot is the one that tells, and what the one before it remembered."""

    leads: bool
    standing: dict[Key, Standing]


class Watch:
    """Looks at the system and tells the administrators."""

    def __init__(
        self,
        bot: Bot,
        *,
        store: BotStore,
        health: Health,
        feeds: Sequence[FeedSource],
        limiter: Limiter,
        rules: Rules,
        clock: Callable[[], datetime],
        every_s: float = LOOK_EVERY_S,
        lease_s: float = LEASE_S,
    ) -> None:
        self._bot = bot
        self._store = store
        self._health = health
        self._feeds = feeds
        self._limiter = limiter
        self._rules = rules
        self._clock = clock
        self._every_s = every_s
        self._lease_s = lease_s
        self._holder = own_place()
        self._telegram_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._group_fault: str | None = None
        self._remembered: dict[Key, Standing] = {}
        self._from_store = False
        self._unkept = False
        self._deaf: set[int] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            stop_if_cancelled()
            try:
                await self.look()
            except Exception as error:
                # Whatever it is, the next look may find it gone; and that none succeeds the web part shows.
                log.error("alarms not looked at", error=type(error).__name__, passing=is_passing(error))
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Look once, and tell what there is to tell."""
        facts, _ = await asyncio.gather(self.facts(), self._ask_telegram())
        kept = await self._take() if facts.vitals.database else None
        if kept is None:
            # What can't be written can't be used, though it may still answer.
            facts = replace(facts, vitals=replace(facts.vitals, database=False))
        else:
            self._remembered, self._from_store = self._recalled(kept), True
            if not kept.leads:
                self._unkept = False
                return
        # Until it is kept again, this bot's memory is what counts.
        self._unkept = True
        before = self._remembered
        self._remembered = alarms.advance(before, self.seen(facts), now=facts.vitals.at, damping=self._rules.damping)
        _log(before, self._remembered)
        await self._tell(facts.vitals.at)
        if kept is not None:
            report = Report(
                facts.vitals.at, self._telegram_at, facts.feeds, self._remembered, group_fault=self._group_fault
            )
            await self._store.shown.keep(alarms.REPORT, alarms.written(report))
            self._unkept = False

    async def facts(self) -> Facts:
        """What can be measured now."""
        vitals, states = await asyncio.gather(
            self._health.look(), within(self._store.stories.feeds([feed.url for feed in self._feeds]))
        )
        if states is None:
            return Facts(vitals, None)
        feeds = [
            WatchedFeed(feed.url, feed.poll_s, state.succeeded_at, state.failures, state.error)
            for feed, state in zip(self._feeds, states, strict=True)
        ]
        return Facts(vitals, tuple(feeds))

    def seen(self, facts: Facts) -> Seen:
        """What is wrong by these facts."""
        return alarms.find_all(facts, self._rules.bounds, feed_silent_s=self._rules.feed_silent_s)

    async def report(self) -> Report | None:
        """What the bot that tells has kept."""
        return alarms.read(await self._store.shown.note(alarms.REPORT))

    async def _take(self) -> _Kept | None:
        """What is kept, and whether it is this bot that tells; None where the store can't say."""
        try:
            async with asyncio.timeout(STORE_S):
                leads = await self._store.shown.take(
                    _LEASE, holder=self._holder, lasts_s=self._lease_s, now=self._clock()
                )
                report = await self.report()
        except Exception as error:
            log.warning("alarms without the store", error=type(error).__name__)
            return None
        return _Kept(leads, dict(report.standing) if report is not None else {})

    def _recalled(self, kept: _Kept) -> dict[Key, Standing]:
        if not (kept.leads and self._unkept):
            # Also who does not tell knows what is told, to go on from there should the database be gone next time.
            return kept.standing
        # What this bot told by itself is newer than what was kept before the database went.
        return self._remembered if self._from_store else kept.standing | self._remembered

    async def _tell(self, now: datetime) -> None:
        news = alarms.to_tell(self._remembered, self._rules.chats)
        texts_of = {chat: texts.told(new, over, now=now) for chat, (new, over) in news.items()}
        told = await asyncio.gather(*(self._send(chat, text) for chat, text in texts_of.items()))
        for chat, done in zip(texts_of, told, strict=True):
            if done:
                self._remembered = alarms.heard(self._remembered, chat)
        self._remembered = alarms.forget_over(self._remembered, self._rules.chats)

    async def _send(self, chat: int, text: Html) -> bool:
        """Whether this chat is done with: it was told, or can't ever be. False: try again at the next look."""
        if await self._limiter.wait_s(chat) > PACED_S:
            return False
        try:
            # A pause that Telegram asks for is sat out by the next look, before another bot takes over.
            async with asyncio.timeout(SEND_S):
                await self._bot.send_message(chat, text, request_timeout=round(TELEGRAM_S))
        except (TelegramForbiddenError, TelegramBadRequest) as error:
            if chat not in self._deaf:
                advice = "they have to write /start to the bot" if chat > 0 else "make the bot a member of the group"
                log.error("an administrator can't be told", chat=chat, error=error.message, advice=advice)
            self._deaf.add(chat)
        except (TelegramAPIError, TimeoutError) as error:
            log.warning("alarm not told yet", chat=chat, error=type(error).__name__)
            return False
        return True

    async def _ask_telegram(self) -> None:
        now = self._clock()
        if self._asked_at is not None and now - self._asked_at < timedelta(seconds=TELEGRAM_EVERY_S):
            return
        self._asked_at = now
        try:
            await self._bot.get_me(request_timeout=round(TELEGRAM_S))
        except TelegramAPIError as error:
            log.warning("Telegram does not answer", error=type(error).__name__)
        else:
            self._telegram_at = self._clock()
            await self._ask_for_group()

    async def _ask_for_group(self) -> None:
        if self._rules.group is None:
            return
        try:
            await self._bot.get_chat(self._rules.group, request_timeout=round(TELEGRAM_S))
        except (TelegramForbiddenError, TelegramBadRequest) as error:
            if self._group_fault is None:
                advice = "mend BAITHAK_MODERATORS_CHAT, or make the bot a member of the group"
                log.error("the moderators' group can't be used", error=error.message, advice=advice)
            self._group_fault = error.message
        except TelegramAPIError:
            return  # of Telegram's own troubles the next question tells
        else:
            self._group_fault = None


def _log(before: Mapping[Key, Standing], after: Mapping[Key, Standing]) -> None:
    """A line for each alarm that is told from now on, and for each that is over."""
    for (name, about), one in after.items():
        known = before.get((name, about))
        if one.due and not (known is not None and known.due):
            log.warning("alarm", name=name, about=about or None, **one.alarm.figures)
        if one.over and not (known is not None and known.over):
            log.info("alarm over", name=name, about=about or None)
