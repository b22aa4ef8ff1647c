"""Who gets which story, and when.

    look at a feed → store its stories → push the best of the new ones → a delivery for each subscriber who wants them

Does not send: `delivery` does. A feed that fails is looked at again later and never delays another.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.feed import LARGE, FeedRefused, FeedSource, Fetched, Fetcher, Reading, read_apart, read_feed
from bot.keywords import phrases
from bot.messages.digest import STORIES_AT_MOST
from bot.ranking import TOLD_ALIKE, Told, distinct, rank, spread
from bot.store import BotStore, Push
from bot.store.pushes import Chosen
from bot.store.stories import FeedState
from bot.story import FeedStory, Story
from bot.subscriber import Subscriber
from moderation.database import is_passing
from moderation.running import stop_if_cancelled
from moderation.turns import take_turn

log = structlog.get_logger()

FIRST_LOOK = 1
"""Stories of one language that are pushed at the first look at a feed: the rest are old news, there for `/top`."""

LOOK_EVERY_S = 1.0
"""Seconds between two looks for what others left unplanned."""

LONGEST_PAUSE_S = 900.0
"""A failing feed is looked at ever less often, but at least this often."""

_EAGER_S = 0.2

REASON_LENGTH = 300
"""Characters kept of why a feed can't be read."""

DIGEST_SINCE = timedelta(hours=30)
"""How old a digest's stories may be: a day, and the hours by which a digest may be late."""

DIGEST_CANDIDATES = 500
"""How many of the newest stories of a language are considered for a digest: more than a site has in that time."""

FOLLOWED_AT_MOST = 20
"""Stories of one look at a feed that nobody is sent but who follows a word of them."""

CANDIDATES = 50
"""How many of the newest stories of a language are considered for a reader's top stories."""

Counts = Callable[[Sequence[str]], Awaitable[dict[str, int]]]


class Schedule:
    """Plans deliveries. `counts` tells how many comments stories have; `wake` tells the sender that there is work.

    `channels` are those of the settings, by id their language, for who runs; without them those known stay as they are.
    """

    def __init__(
        self,
        store: BotStore,
        *,
        counts: Counts,
        wake: Callable[[], None],
        clock: Callable[[], datetime],
        alerts_per_poll: int,
        channels: Mapping[int, str] | None = None,
    ) -> None:
        self._store = store
        self._channels = channels
        self._counts = counts
        self._wake = wake
        self._clock = clock
        self._alerts_per_poll = alerts_per_poll

    async def top_stories(self, language: str, *, at_most: int) -> list[Story]:
        """The best stories of a language now, best first."""
        now = self._clock()
        newest = await self._store.stories.candidates(language=language, section=None, at_most=CANDIDATES, now=now)
        return spread(await self._ranked(newest, now=now), at_most=at_most)

    async def first_story(self, person: int, *, language: str, sections: frozenset[str]) -> Story | None:
        """The best story this reader has not been sent; None when there is none."""
        had = await self._store.deliveries.received(person)
        reader = await self._store.subscribers.one(person)
        mutes = reader.mutes if reader is not None else frozenset()
        best = [
            story
            for story in await self.top_stories(language, at_most=CANDIDATES)
            if story.id not in had and not mutes & phrases(story.title, story.summary)
        ]
        wanted = [story for story in best if not sections or story.section in sections or story.top]
        return next(iter(wanted or best), None)

    async def digest(self, reader: Subscriber) -> list[Story]:
        """The best stories of the last day and a quarter that this reader has not been sent, best first."""
        now = self._clock()
        newest = await self._store.stories.candidates(
            language=reader.language, section=None, at_most=DIGEST_CANDIDATES, now=now
        )
        had = await self._store.deliveries.received(reader.id)
        fresh = [
            story
            for story in newest
            if story.id not in had
            and reader.reads(story)
            and (now - story.published_at < DIGEST_SINCE or story.is_pinned(now))
        ]
        told = [story for story in newest if story.id in had]
        return spread(await self._ranked(fresh, told=told, now=now), at_most=STORIES_AT_MOST)

    async def _ranked(self, stories: Sequence[Story], *, told: Sequence[Story] = (), now: datetime) -> list[Story]:
        comments = await self._counts([story.url for story in stories])
        readers = await self._store.opened.counts([story.id for story in stories])
        ranked = rank(stories, comments=comments, readers=readers, now=now)
        # What an editor muted is not told by its twin at another address either; nor is what was taken back, by one
        # that was known then: one that came after says what is right.
        taken_back = await self._store.stories.recalled(since=now - TOLD_ALIKE)
        standing = [
            story
            for story in ranked
            if not Told(one for one in taken_back if one.recalled_at and one.recalled_at > story.seen_at).has(story)
        ]
        return distinct(standing, told=[*told, *(story for story in stories if story.muted)])

    async def take(self, stories: Sequence[FeedStory], *, first_look: bool) -> list[Story]:
        """Store what a feed has and plan deliveries of what is new; the stories that are pushed."""
        now = self._clock()
        at_most = FIRST_LOOK if first_look else self._alerts_per_poll

        def choose(fresh: Sequence[Story], before: Sequence[Story]) -> Chosen:
            by_language: dict[str, list[Story]] = defaultdict(list)
            # What was told under another address, or comes again with a mark, is no news: it is there to read.
            for story in distinct(rank(fresh, comments={}, readers={}, now=now), told=before):
                by_language[story.language].append(story)
            pushed = [story for ranked in by_language.values() for story in ranked[:at_most]]
            rest = [story for ranked in by_language.values() for story in ranked[at_most:]]
            # Of the rest, which is there for `/top`, nobody is sent any but who follows a word of it.
            return pushed, [] if first_look else rest

        begun = await self._store.pushes.begin_new(
            stories, choose=choose, recent=TOLD_ALIKE, followed_at_most=FOLLOWED_AT_MOST, now=now
        )
        for push in begun:
            await self._plan(push)
        return [push.story for push in begun if not push.followed]

    async def push(self, story: Story) -> int:
        """A delivery for every subscriber the story is for; how many. What comes first is sent while it plans on."""
        push = await self._store.pushes.begin(story, now=self._clock())
        return await self._plan(push) if push is not None else 0

    async def run(self) -> None:
        """Go on with what others began to plan and left, until cancelled: they died, or the database was away."""
        while True:
            try:
                if self._channels is not None:
                    await self._store.subscribers.set_channels(self._channels, now=self._clock())
                    self._channels = None
                while (push := await self._store.pushes.take(now=self._clock())) is not None:
                    await self._plan(push)
            except Exception as error:
                if not is_passing(error):
                    log.error("stories can't be planned", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _plan(self, push: Push) -> int:
        planned = await self._store.pushes.plan(push, clock=self._clock, page_planned=self._wake)
        log.info("story planned", story=push.story.id, language=push.story.language, deliveries=planned)
        return planned


class FeedWatch:
    """Looks at every feed in its own rhythm, until cancelled."""

    def __init__(
        self,
        sources: Sequence[FeedSource],
        *,
        store: BotStore,
        schedule: Schedule,
        fetcher: Fetcher,
        redis: Redis,
        clock: Callable[[], datetime],
    ) -> None:
        self._sources = sources
        self._store = store
        self._schedule = schedule
        self._fetcher = fetcher
        self._redis = redis
        self._clock = clock
        self._large = asyncio.Semaphore()

    async def run(self) -> None:
        """Watch all feeds side by side."""
        async with asyncio.TaskGroup() as tasks:
            for source in self._sources:
                tasks.create_task(self._watch(source), name=f"feed {source.url}")

    async def first_look(self, *, within_s: float) -> None:
        """Look at every feed until each was read once, or the time is over: for feeds that start when we do."""
        ends = asyncio.get_running_loop().time() + within_s
        waiting = list(self._sources)
        while waiting and asyncio.get_running_loop().time() < ends:
            failures = await asyncio.gather(*(self._look_again(source, 0) for source in waiting))
            waiting = [source for source, failed in zip(waiting, failures, strict=True) if failed]
            await asyncio.sleep(_EAGER_S if waiting else 0)

    async def _watch(self, source: FeedSource) -> None:
        failures = 0
        while True:
            stop_if_cancelled()
            if await self._is_ours(source):
                failures = await self._look_again(source, failures)
            await asyncio.sleep(_pause(source.poll_s, failures) * random.uniform(0.95, 1.05))

    async def _look_again(self, source: FeedSource, failures: int) -> int:
        """A look that raises nothing: with a database that is locked or away, it counts as one more failure."""
        try:
            return await self.look(source)
        except Exception as error:
            log.warning("feed look failed", feed=source.url, error=type(error).__name__)
            with contextlib.suppress(Exception):  # a database that is away has an alarm of its own
                state = await self._store.stories.feed(source.url)
                await self._note_failure(state, f"can't be stored: {type(error).__name__}", now=self._clock())
            return failures + 1

    async def look(self, source: FeedSource) -> int:
        """One look at a feed; how many looks in a row have failed now. Raises only what the database raises."""
        now = self._clock()
        state = await self._store.stories.feed(source.url)
        try:
            fetched = await self._fetcher.fetch(source.url, etag=state.etag, last_modified=state.last_modified)
            if fetched.body is None:
                await self._note(state, now=now)
                return 0
            reading = await self._read(fetched, fetched.body, source, now=now)
        except FeedRefused as error:
            log.warning("feed refused", feed=source.url, failures=state.failures + 1, reason=str(error))
            return await self._note_failure(state, str(error), now=now)
        pushed = await self._schedule.take(reading.stories, first_look=state.succeeded_at is None)
        # Remembered last: a crash before this makes the same look again, and known stories change nothing.
        await self._note(replace(state, etag=fetched.etag, last_modified=fetched.last_modified), now=now)
        if pushed or reading.problems:
            log.info("feed read", feed=source.url, pushed=len(pushed), problems=len(reading.problems))
        return 0

    async def _read(self, fetched: Fetched, body: bytes, source: FeedSource, *, now: datetime) -> Reading:
        """What the feed says. Raises FeedRefused."""
        type_, address = fetched.content_type, fetched.url
        if len(body) <= LARGE:
            return await asyncio.to_thread(read_feed, body, source, content_type=type_, address=address, now=now)
        async with self._large:
            return await read_apart(body, source, content_type=type_, address=address, now=now)

    async def _note_failure(self, state: FeedState, why: str, *, now: datetime) -> int:
        """Count one more look in a row that failed, for the alarms and `/status`; how many that makes."""
        # Who answered in the feed's place chose some of the words.
        said = "".join(letter if letter.isprintable() else " " for letter in why)[:REASON_LENGTH]
        failed = replace(state, failures=state.failures + 1, error=said)
        await self._store.stories.note_feed(failed, now=now)
        return failed.failures

    async def _note(self, state: FeedState, *, now: datetime) -> None:
        await self._store.stories.note_feed(replace(state, succeeded_at=now, failures=0, error=None), now=now)

    async def _is_ours(self, source: FeedSource) -> bool:
        """Of many bot processes one looks at a feed in each round. Without Redis every one does: stories are unique."""
        try:
            return await take_turn(self._redis, f"baithak:feed:{source.url}", holder="1", lasts_s=source.poll_s * 0.8)
        except RedisError:
            return True


def _pause(poll_s: float, failures: int) -> float:
    """Seconds until the next look: the feed's own rhythm, doubled for each failure in a row."""
    longest = poll_s * 4 if poll_s < 60 else LONGEST_PAUSE_S
    return max(poll_s, min(poll_s * float(2 ** min(failures, 10)), longest))
