"""The parts of the bot, put together once: each is handed what it asks for, and starts nothing.

Ground (settings, database, Redis, Telegram …) → assemble → Parts, whose loops `process` runs
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram import Bot
from redis.asyncio import Redis

from bot.amending import Amender
from bot.delivery import Sender
from bot.digest import DigestSender
from bot.editing import Editor
from bot.feed import FeedSource
from bot.handlers import (
    CommentHandlers,
    DigestHandlers,
    Drafts,
    EditorHandlers,
    FallbackHandlers,
    Handling,
    HourHandlers,
    ModeratorHandlers,
    PrivacyHandlers,
    ReadingHandlers,
    SubscriberHandlers,
    SwitchHandlers,
    WordHandlers,
)
from bot.inbox import InboxWorker, Poller
from bot.keyboards import Links
from bot.limiter import Limiter
from bot.membership import Membership
from bot.middlewares import Throttle
from bot.notices import Desk, Progress, ReaderNotices, Rules, Switchboard, Watch
from bot.privacy import ReaderData
from bot.retention import retention_of_messages
from bot.schedule import Schedule
from bot.settings import BotSettings
from bot.store import BotStore
from bot.subscriber import person_name
from moderation.database import Database
from moderation.health import Health
from moderation.intake import Intake
from moderation.login import Login
from moderation.outcomes import Outcomes
from moderation.policy import Policy, Terms
from moderation.privacy import Privacy
from moderation.queue import ScreeningQueue
from moderation.retention import Retention
from moderation.review import Review
from moderation.roles import Roles
from moderation.store import Store
from moderation.switches import Switches
from moderation.threads import Threads


@dataclass(frozen=True, slots=True)
class Parts:
    """The bot, put together and not running yet."""

    store: BotStore
    schedule: Schedule
    sender: Sender
    digests: DigestSender
    amender: Amender
    poller: Poller
    worker: InboxWorker
    notices: ReaderNotices
    desk: Desk
    switchboard: Switchboard
    progress: Progress
    watch: Watch
    data: ReaderData
    retention: Retention

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        """What runs side by side, beside the feeds and the receiving of updates."""
        parts = (
            self.worker,
            self.notices,
            self.desk,
            self.switchboard,
            self.progress,
            self.schedule,
            self.sender,
            self.digests,
            self.amender,
            self.watch,
            self.data,
        )
        return [*(part.run() for part in parts), self.retention.run()]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the parts of the bot stand on. `alerts` is the Bot that stories go out by."""

    settings: BotSettings
    bot: Bot
    alerts: Bot
    username: str
    membership: Membership
    limiter: Limiter
    database: Database
    redis: Redis
    policy: Policy
    terms: Mapping[str, Terms]
    feeds: Sequence[FeedSource]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Doors:
    """The front doors of `moderation` that the bot goes in by."""

    intake: Intake
    threads: Threads
    review: Review
    roles: Roles
    login: Login
    outcomes: Outcomes
    switches: Switches
    health: Health
    privacy: Privacy


def assemble(ground: Ground) -> Parts:
    """Every part of the bot, each handed what it asks for. Starts nothing."""
    bot, clock, settings = ground.bot, ground.clock, ground.settings
    doors, store = _doors(ground), BotStore(ground.database)
    schedule, sender, digests, amender = _sending(ground, store, doors)
    desk = _desk(ground, store, doors)
    watch = _watch(ground, doors, store)
    moderators = _moderators(ground, doors, store, desk, watch)
    data = ReaderData(store, doors.privacy, listed_in=settings.erasure_list(), clock=clock)
    progress = Progress(bot, store=store, clock=clock)
    handling = _handling(
        ground,
        doors,
        store=store,
        schedule=schedule,
        sender=sender,
        moderators=moderators,
        progress=progress,
        data=data,
    )
    worker = InboxWorker(store, handling, clock=clock)
    notices = ReaderNotices(
        bot,
        store=store,
        outcomes=doors.outcomes,
        threads=doors.threads,
        limiter=ground.limiter,
        terms=ground.terms,
        changed=desk.changed,
        clock=clock,
    )
    switchboard = Switchboard(bot, store=store, switches=doors.switches, group=settings.moderators_group(), clock=clock)
    retention = retention_of_messages(store, settings, clock=clock)
    return Parts(
        store,
        schedule,
        sender,
        digests,
        amender,
        _poller(ground, store, worker),
        worker,
        notices,
        desk,
        switchboard,
        progress,
        watch,
        data,
        retention,
    )


def _desk(ground: Ground, store: BotStore, doors: _Doors) -> Desk:
    return Desk(
        ground.bot,
        store=store,
        review=doors.review,
        threads=doors.threads,
        limiter=ground.limiter,
        group=ground.settings.moderators_group(),
        cards_at_most=ground.settings.cards_at_most,
        clock=ground.clock,
    )


def _poller(ground: Ground, store: BotStore, worker: InboxWorker) -> Poller:
    bot = ground.bot
    return Poller(
        address=bot.session.api.api_url(token=bot.token, method=""),
        store=store,
        redis=ground.redis,
        stored=worker.wake,
        clock=ground.clock,
    )


def _doors(ground: Ground) -> _Doors:
    settings, version = ground.settings, ground.policy.version
    store = Store(ground.database)
    outcomes = Outcomes(store, ground.redis)
    administrators = frozenset(person_name(number) for number in settings.administrator_ids())
    roles = Roles(administrators, ground.membership.is_member)
    queue = ScreeningQueue(ground.redis, at_most=settings.queue_at_most)
    review = Review(
        store,
        roles,
        outcomes,
        policy=ground.policy,
        undo_s=settings.undo_s,
        undo_window_s=settings.undo_window_s,
        claim_s=settings.claim_s,
    )
    open_days = settings.comments_open_days
    intake = Intake(store, queue, terms=version, outcomes=outcomes, open_days=open_days)
    switches, threads = Switches(store, open_days=open_days), Threads(store)
    health = Health(
        database=ground.database, queue=queue, threads=threads, data_dir=settings.data_dir, clock=ground.clock
    )
    login, privacy = Login(store, settings), Privacy(store, outcomes)
    return _Doors(intake, threads, review, roles, login, outcomes, switches, health, privacy)


def _sending(ground: Ground, store: BotStore, doors: _Doors) -> tuple[Schedule, Sender, DigestSender, Amender]:
    """All that goes out by itself."""
    alerts, clock, counts = ground.alerts, ground.clock, doors.threads.counts
    sender = Sender(ground.bot, alerts=alerts, store=store, links=Links(ground.username), counts=counts, clock=clock)
    settings = ground.settings
    schedule = Schedule(
        store,
        counts=counts,
        wake=sender.wake,
        clock=clock,
        alerts_per_poll=settings.alerts_per_poll,
        channels=settings.channel_languages(),
    )
    digests = _digests(ground, alerts, store, doors, schedule, after=sender)
    amender = Amender(alerts, store=store, links=Links(ground.username), counts=counts, clock=clock)
    return schedule, sender, digests, amender


def _digests(
    ground: Ground, bot: Bot, store: BotStore, doors: _Doors, schedule: Schedule, *, after: Sender | None = None
) -> DigestSender:
    counts, clock = doors.threads.counts, ground.clock
    return DigestSender(bot, store=store, choice=schedule, counts=counts, after=after, clock=clock)


def _watch(ground: Ground, doors: _Doors, store: BotStore) -> Watch:
    return Watch(
        ground.bot,
        store=store,
        health=doors.health,
        feeds=ground.feeds,
        limiter=ground.limiter,
        rules=Rules.of(ground.settings),
        clock=ground.clock,
    )


def _handling(
    ground: Ground,
    doors: _Doors,
    *,
    store: BotStore,
    schedule: Schedule,
    sender: Sender,
    moderators: ModeratorHandlers,
    progress: Progress,
    data: ReaderData,
) -> Handling:
    """The features, in the order in which an update is offered to them."""
    bot, clock = ground.bot, ground.clock
    drafts = Drafts(store)
    editor = Editor(store, schedule=schedule, switches=doors.switches, clock=clock)
    editors = EditorHandlers(bot, store=store, editor=editor, progress=progress, roles=doors.roles)
    fallback = FallbackHandlers(bot, username=ground.username, group=ground.settings.moderators_group())
    comments = _comments(ground, doors, store, drafts)
    # What a reader asks for goes out at once, before any alert.
    sends = _digests(ground, bot, store, doors, schedule)
    subscribers = _subscribers(ground, doors, store, schedule, sender, sends, comments)
    routers = (
        HourHandlers(bot, store=store, deliver=sender.wake, clock=clock).router(),
        WordHandlers(bot, store=store, drafts=drafts, clock=clock).router(),
        DigestHandlers(bot, store=store, shows=sender, sends=sends, clock=clock).router(),
        subscribers.router(),
        _reading(ground, doors, store).router(),
        PrivacyHandlers(bot, data=data).router(),
        moderators.router(),
        SwitchHandlers(bot, store=store, switches=doors.switches, roles=doors.roles, clock=clock).router(),
        editors.router(),
        fallback.commands(),  # an unknown command is no comment
        comments.router(),  # whatever else a reader writes
        fallback.presses(),
    )
    return Handling(
        bot,
        store=store,
        drafts=drafts,
        throttle=Throttle(),
        is_covered=data.is_covered,
        routers=routers,
        clock=clock,
    )


def _subscribers(
    ground: Ground,
    doors: _Doors,
    store: BotStore,
    schedule: Schedule,
    sender: Sender,
    lists: DigestSender,
    comments: CommentHandlers,
) -> SubscriberHandlers:
    return SubscriberHandlers(
        ground.bot,
        store=store,
        choice=schedule,
        shows=sender,
        lists=lists,
        deliver=sender.wake,
        begin=comments.begin,
        roles=doors.roles,
        clock=ground.clock,
    )


def _comments(ground: Ground, doors: _Doors, store: BotStore, drafts: Drafts) -> CommentHandlers:
    return CommentHandlers(
        ground.bot,
        store=store,
        drafts=drafts,
        intake=doors.intake,
        switches=doors.switches,
        threads=doors.threads,
        terms=ground.terms,
        version=ground.policy.version,
        clock=ground.clock,
    )


def _reading(ground: Ground, doors: _Doors, store: BotStore) -> ReadingHandlers:
    return ReadingHandlers(
        ground.bot,
        store=store,
        intake=doors.intake,
        switches=doors.switches,
        threads=doors.threads,
        terms=ground.terms,
        version=ground.policy.version,
        clock=ground.clock,
    )


def _moderators(ground: Ground, doors: _Doors, store: BotStore, desk: Desk, watch: Watch) -> ModeratorHandlers:
    return ModeratorHandlers(
        ground.bot,
        store=store,
        review=doors.review,
        threads=doors.threads,
        roles=doors.roles,
        login=doors.login,
        desk=desk,
        watch=watch,
        terms=ground.terms["en"],
        web_address=ground.settings.web_address(),
        login_link_s=ground.settings.login_link_s,
        clock=ground.clock,
    )
