"""A story on its way to all its subscribers: a delivery for each, planned a page of subscribers at a time.

    begin → plan, page by page: who used the bot lately first, then everybody → nothing is left of the push

How far a push is stands in the database, in the same transaction as the deliveries of each page: whoever goes on after
a crash misses nobody. Does not choose stories (`schedule`), nor send (`delivery`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.keywords import phrases
from bot.store.deliveries import Urgency
from bot.store.keywords import followed, has_keyword
from bot.store.stories import add_each_in, add_in, story_in
from bot.store.tables import deliveries, pushes, stories, subscribers
from bot.store.wanting import (
    GROUPS_AT_MOST,
    Group,
    Hours,
    Looked,
    by_hours,
    groups_of,
    has_room,
    told_hours,
    wanting,
    with_few_choices,
)
from bot.story import FeedStory, Story
from moderation.database import Database, UtcTime, is_passing

PAGE = 1_000
"""Subscribers looked at in one transaction: some ten milliseconds in which SQLite's other writers wait."""

LATELY = timedelta(days=30)
"""Who used the bot within it gets a story before those who did not, whoever used it last first."""

LEASE_S = 10.0
"""Seconds after which another process goes on with a push whose planner was not heard of: longer than a page takes."""

_PLANNING = 7_206_951
"""The number of the lock under which PostgreSQL plans one page, and takes one feed's stories, after the other."""

_RECENT_AT_MOST = 1_000
"""Stories, the newest, that new ones are compared with."""

Chosen = tuple[Sequence[Story], Sequence[Story]]
"""New stories that go to their subscribers, and those that go to nobody but who follows a word of them."""


@dataclass(frozen=True, slots=True)
class Push:
    """A story that is being planned, for everybody it is for, or with `followed` for who follows a word of it."""

    id: int
    story: Story
    followed: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """For how many subscribers a story is: who would get it now, when their quiet time ends, and, with as many stories
    as they want that day, not at all; and for how many channels."""

    now: int
    later: int
    full: int
    channels: int = 0

    @property
    def planned(self) -> int:
        """How many would get it."""
        return self.now + self.later


class _OneRefused(Exception):
    """The database does not take one of several stories."""


class Pushes:
    """Pushes under way; one that is planned leaves nothing but its deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, story: Story, *, now: datetime, followed: bool = False) -> Push | None:
        """A push of a story, for `plan` to carry out: by the caller, or by another process where the caller dies.

        None where the story was recalled meanwhile.
        """
        standing = sa.select(stories.c.id).where(stories.c.id == story.id, stories.c.recalled_at.is_(None))
        async with self._database.write() as connection:
            if (await connection.execute(standing.with_for_update(key_share=True))).first() is None:
                return None
            return await self._begin(connection, story, now=now, followed=followed)

    async def begin_new(
        self,
        found: Sequence[FeedStory],
        *,
        choose: Callable[[Sequence[Story], Sequence[Story]], Chosen],
        recent: timedelta,
        followed_at_most: int,
        now: datetime,
    ) -> list[Push]:
        """Store what a feed has, and begin a push of each new story that `choose` picks: both, or neither.

        `choose` is given the new stories, and those known before that are as `recent` as that. Of those it leaves so
        many at most begin for who follows a word of them. Raises what the database raises where it takes no story, or
        can't be used now.
        """
        if not found:
            return []

        async def begin(connection: AsyncConnection, fresh: Sequence[Story]) -> list[Push]:
            if not fresh:
                return []
            wide, narrow = choose(fresh, await self._recent(connection, fresh, since=now - recent))
            narrow = (await followed(connection, narrow))[:followed_at_most]
            begun = [await self._begin(connection, story, now=now, followed=False) for story in wide]
            return begun + [await self._begin(connection, story, now=now, followed=True) for story in narrow]

        try:
            async with self._database.write() as connection:
                await self._take_turns(connection)
                return await begin(connection, await self._add_all(connection, found, now=now))
        except _OneRefused:
            async with self._database.write() as connection:
                await self._take_turns(connection)
                return await begin(connection, await add_each_in(connection, self._database, found, now=now))

    async def take(self, *, now: datetime) -> Push | None:
        """A push whose planner was not heard of any more, a top story's first; nobody else is given it for a while."""
        left = sa.or_(pushes.c.leased_until < now, pushes.c.leased_until > now + timedelta(seconds=2 * LEASE_S))
        one = (
            sa.select(pushes, stories)
            .join(stories, stories.c.id == pushes.c.story_id)
            .where(left)
            .order_by(stories.c.top.desc(), pushes.c.id)
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(one)).first()
        if row is None:
            return None
        columns = len(pushes.c)
        push = dict(zip(pushes.c.keys(), row[:columns], strict=True))
        story = story_in(dict(zip(stories.c.keys(), row[columns:], strict=True)))
        update = sa.update(pushes).where(pushes.c.id == push["id"], left)
        async with self._database.write() as connection:
            taken = await connection.execute(update.values(leased_until=now + timedelta(seconds=LEASE_S)))
        return Push(push["id"], story, push["followed"]) if taken.rowcount == 1 else None

    async def plan(self, push: Push, *, clock: Callable[[], datetime], page_planned: Callable[[], None]) -> int:
        """A delivery for every active subscriber whose language and choice the story is of; how many it made in all.

        Each is due when their quiet time is over. Whoever has the story already, or is about to get it, is left out by
        the unique key, and so is who would get more stories that day than they want. `page_planned` is told of each
        page that made any.
        """
        hours: Hours = {}
        before = 0
        while True:
            page = await self._plan_page(push, hours, clock=clock)
            if page is None:
                return before
            planned, is_over = page
            if planned > before:
                page_planned()
            if is_over:
                return planned
            before = planned

    async def is_under_way(self, story_id: int) -> bool:
        """Whether deliveries of the story are still being planned."""
        query = sa.select(pushes.c.id).where(pushes.c.story_id == story_id).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def count_wanting(self, story: Story, *, now: datetime) -> Wanted:
        """For how many subscribers a push would plan a delivery, and when it would be due."""
        hours = await self._hours(story, now=now)
        has = sa.exists().where(deliveries.c.subscriber_id == subscribers.c.id, deliveries.c.story_id == story.id)
        room = has_room(hours, now=now)
        later = by_hours({group: due for group, (due, _, _) in hours.items()}, otherwise=now) > now
        columns = (
            _counted(sa.and_(room, sa.not_(later))),
            _counted(sa.and_(room, later)),
            _counted(sa.not_(room)),
        )
        query = sa.select(*columns).select_from(subscribers).where(*wanting(story), subscribers.c.id > 0, ~has)
        async with self._database.read() as connection:
            counted = (await connection.execute(query)).one()
        return Wanted(*counted, channels=await self.count_channels(story))

    async def _take_turns(self, connection: AsyncConnection) -> None:
        """Two at once would not see each other: both would take the last room of a day, or push the same news."""
        if self._database.dialect == "postgresql":
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_PLANNING)))

    async def _recent(self, connection: AsyncConnection, fresh: Sequence[Story], *, since: datetime) -> list[Story]:
        """Stories that went to all they are for, or are about to: what was sent to nobody is news to everybody."""
        went = sa.and_(stories.c.pushed_at.is_not(None), stories.c.recalled_at.is_(None), stories.c.muted.is_(False))
        new = [story.id for story in fresh]
        query = sa.select(stories).where(stories.c.published_at >= since, stories.c.id.not_in(new), went)
        newest = query.order_by(stories.c.published_at.desc(), stories.c.id.desc()).limit(_RECENT_AT_MOST)
        return [story_in(row) for row in (await connection.execute(newest)).mappings()]

    async def _add_all(self, connection: AsyncConnection, found: Sequence[FeedStory], *, now: datetime) -> list[Story]:
        try:
            return await add_in(connection, self._database, found, now=now)
        except Exception as error:
            if is_passing(error) or len(found) == 1:
                raise
            raise _OneRefused from error

    async def count_channels(self, story: Story) -> int:
        """How many channels there are that a push posts the story to: not those where it stands."""
        standing = sa.and_(deliveries.c.story_id == story.id, deliveries.c.state != "failed")
        has = sa.exists().where(deliveries.c.subscriber_id == subscribers.c.id, standing)
        query = sa.select(sa.func.count()).select_from(subscribers).where(*_in_channels(story), ~has)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def _begin(self, connection: AsyncConnection, story: Story, *, now: datetime, followed: bool) -> Push:
        insert = sa.insert(pushes).values(
            story_id=story.id,
            followed=followed,
            begun_at=now,
            # Who follows a word is among few: they come in one page.
            lately=not followed,
            after_id=0,
            planned=0,
            leased_until=now + timedelta(seconds=LEASE_S),
        )
        number = (await connection.execute(insert.returning(pushes.c.id))).scalar_one()
        if not followed:
            await connection.execute(sa.update(stories).where(stories.c.id == story.id).values(pushed_at=now))
            await self._to_channels(connection, story, now=now)
        return Push(number, story, followed)

    async def _to_channels(self, connection: AsyncConnection, story: Story, *, now: datetime) -> None:
        """A delivery to each channel of the story's language: before all others, for it is one message for many."""
        channels = sa.select(*_delivery(story, sa.literal(now, UtcTime), Urgency.ASKED)).where(*_in_channels(story))
        insert = self._database.insert(deliveries).from_select(_DELIVERY, channels)
        # One that could not be posted to is tried again where somebody pushes again.
        again = {"state": "pending", "due_at": now, "attempts": 0, "failures": 0, "error": None}
        await connection.execute(
            insert.on_conflict_do_update(
                index_elements=["story_id", "subscriber_id"], set_=again, where=deliveries.c.state == "failed"
            )
        )

    async def _plan_page(self, push: Push, hours: Hours, *, clock: Callable[[], datetime]) -> tuple[int, bool] | None:
        """Plan for the next page of subscribers; how many deliveries there are by now, and whether that was the last.
        None where the push is over already.

        The push goes with its last page, and with its story's recall. `hours` are those of the pages before, and are
        added to.
        """
        row = sa.select(pushes).where(pushes.c.id == push.id).with_for_update()
        async with self._database.write() as connection:
            # In this order everywhere: whoever recalls the story holds it, and waits for the push.
            await self._take_turns(connection)
            state = (await connection.execute(row)).mappings().first()
            if state is None:
                return None
            now = clock()
            looked = [Looked(*one) for one in await connection.execute(_next_page(push, state))]
            page, is_short = with_few_choices(looked), len(looked) < PAGE
            is_short = is_short and len(page) == len(looked)
            planned = state["planned"]
            if page:
                theirs = told_hours(push.story, groups_of(page), known=hours, now=now)
                chosen = _chosen(push.story, theirs, now=now, lately=state["lately"])
                insert = self._database.insert(deliveries).from_select(
                    _DELIVERY,
                    chosen.where(subscribers.c.id.in_([one.person for one in page])),
                )
                planned += (await connection.execute(insert.on_conflict_do_nothing())).rowcount
            is_over = is_short and not state["lately"]
            if is_over:
                await connection.execute(sa.delete(pushes).where(pushes.c.id == push.id))
            else:
                place = _place_after(page, state, is_short=is_short) | {"planned": planned}
                update = sa.update(pushes).where(pushes.c.id == push.id)
                await connection.execute(update.values(**place, leased_until=now + timedelta(seconds=LEASE_S)))
        return planned, is_over

    async def _hours(self, story: Story, *, now: datetime) -> Hours:
        """For those who chose the same hours: when the story is due, and when that day begins and ends for them.

        As many choices as one statement takes, the most frequent first; whose are not among them count as due now.
        """
        choice = (subscribers.c.timezone, subscribers.c.quiet_from, subscribers.c.quiet_until, subscribers.c.breaking)
        query = (
            sa.select(*choice)
            .where(
                subscribers.c.language == story.language,
                subscribers.c.active.is_(True),
                sa.or_(subscribers.c.quiet_from.is_not(None), subscribers.c.daily_at_most.is_not(None)),
            )
            .group_by(*choice)
            .order_by(sa.func.count().desc())
            .limit(GROUPS_AT_MOST)
        )
        async with self._database.read() as connection:
            groups = [Group(*row) for row in await connection.execute(query)]
        return told_hours(story, groups, known={}, now=now)


def _next_page(push: Push, state: Mapping[Any, Any]) -> sa.Select[Any]:
    """The subscribers to look at next, as `Looked`.

    First those who used it lately, the last first. Somebody who uses it meanwhile may be passed over there, for their
    place changes; they are met among all, whose order no use changes.
    """
    query = sa.select(
        subscribers.c.id,
        subscribers.c.engaged_at,
        subscribers.c.timezone,
        subscribers.c.quiet_from,
        subscribers.c.quiet_until,
        subscribers.c.breaking,
        subscribers.c.daily_at_most,
    ).where(
        subscribers.c.language == push.story.language,
        subscribers.c.active.is_(True),
    )
    if push.followed:
        query = query.where(has_keyword("follow", phrases(push.story.title, push.story.summary)))
    if not state["lately"]:
        return query.where(subscribers.c.id > state["after_id"]).order_by(subscribers.c.id).limit(PAGE)
    lately = query.where(subscribers.c.engaged_at >= state["begun_at"] - LATELY)
    if state["after_at"] is not None:
        after = sa.tuple_(sa.literal(state["after_at"], UtcTime), sa.literal(state["after_id"], sa.BigInteger))
        lately = lately.where(sa.tuple_(subscribers.c.engaged_at, subscribers.c.id) < after)
    return lately.order_by(subscribers.c.engaged_at.desc(), subscribers.c.id.desc()).limit(PAGE)


def _place_after(page: Sequence[Looked], state: Mapping[Any, Any], *, is_short: bool) -> dict[str, Any]:
    """Where the next page begins; behind the last one of those who used the bot lately, at the first of all."""
    if is_short and state["lately"]:
        return {"lately": False, "after_at": None, "after_id": 0}
    return {"after_at": page[-1].engaged_at if state["lately"] else None, "after_id": page[-1].person}


def _chosen(story: Story, hours: Hours, *, now: datetime, lately: bool) -> sa.Select[Any]:
    """A delivery's columns for each subscriber the story is for, in the order in which they are to get it."""
    order = (subscribers.c.engaged_at.desc(), subscribers.c.id.desc()) if lately else (subscribers.c.id,)
    due_at = by_hours({group: due for group, (due, _, _) in hours.items()}, otherwise=now)
    return (
        sa.select(*_delivery(story, due_at, Urgency.BREAKING if story.top else Urgency.USUAL))
        .where(*wanting(story), has_room(hours, now=now))
        .order_by(*order)
    )


_DELIVERY = ("story_id", "subscriber_id", "state", "due_at", "attempts", "asked", "urgency")


def _delivery(story: Story, due_at: sa.ColumnElement[datetime], urgency: Urgency) -> tuple[sa.ColumnElement[Any], ...]:
    """What stands in those columns of a new delivery."""
    new = sa.literal("pending"), due_at, sa.literal(0), sa.false(), sa.literal(int(urgency))
    return (sa.literal(story.id), subscribers.c.id, *new)


def _in_channels(story: Story) -> tuple[sa.ColumnElement[bool], ...]:
    return subscribers.c.id < 0, subscribers.c.active.is_(True), subscribers.c.language == story.language


def _counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
