"""A month of stories played in minutes: how many alerts a day a subscriber gets, and how long a story takes to them.

made stories by a site's hours → the bot's own schedule, digests and database under a clock that is set → what each
subscriber got and when → docs/benchmarks.md, docs/pictures/month.svg

Nothing is sent: what is due at a moment is noted as sent at it, for a thousand messages take half a minute of the five
between two looks. Stories, subscribers and what they open are made from one seed.
"""

from __future__ import annotations

import asyncio
import math
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

import bot.store
import moderation.store
from benchmarks import report
from bot.schedule import Schedule
from bot.store import BotStore, SentDigest
from bot.store.tables import deliveries
from bot.story import SECTIONS, FeedStory
from moderation.database import Database

DAYS = 30
SUBSCRIBERS = 140
BEGIN = datetime(2026, 10, 12, tzinfo=UTC)
"""So that clocks are set back in its midst, in London."""

ZONE = ZoneInfo("Europe/London")
"""Where all subscribers are, and their days are counted."""

LOOK = timedelta(minutes=5)
PICTURE = report.PAGE.parent / "pictures" / "month.svg"

BY_HOUR = (1, 1, 1, 1, 2, 4, 8, 10, 10, 9, 9, 8, 8, 8, 9, 9, 9, 8, 7, 6, 5, 4, 3, 2)
"""How many stories a site publishes in each hour of its day, in proportion: sixty in all."""

STORIES_A_DAY = 60
WEIGHTS = (26, 18, 12, 20, 7, 8, 9)
"""How often each of SECTIONS has one."""

TOP_SHARE = 0.03
OPENS = 0.08
"""Of a hundred stories a subscriber gets they open so many."""

KINDS = (
    "chose nothing",
    "two sections",
    "quiet hours, 22 to 7",
    "five a day at most",
    "five a day, quiet hours, two sections",
    "two digests, no alerts",
    "two digests and breaking news",
)


@dataclass(slots=True)
class Month:
    """What came of it: for each kind of choice the alerts of each subscriber's day, and the minutes each story took."""

    stories: int = 0
    messages: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    minutes: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    got: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def stories_of(day: int, chance: random.Random) -> list[FeedStory]:
    """What the site publishes on a day, in the order of time."""
    made = []
    for number in range(STORIES_A_DAY):
        hour = chance.choices(range(24), BY_HOUR)[0]
        at = BEGIN + timedelta(days=day, hours=hour, seconds=chance.randrange(3600))
        section = chance.choices(SECTIONS, WEIGHTS)[0]
        title = f"{section.capitalize()} {day}-{number}: {chance.getrandbits(40):x} and what follows from it"
        url = f"https://news.example/{section}/{day}/{number}"
        top = chance.random() < TOP_SHARE
        made.append(FeedStory(url, title, "Two lines of it.", "en", section, at, top=top, place=1 + number % 20))
    return sorted(made, key=lambda story: story.published_at)


class Player:
    """The bot's parts on a database of their own, and the time."""

    def __init__(self, database: Database, *, subscribers: int) -> None:
        self.store = BotStore(database)
        self.now = BEGIN
        self.kinds = {1 + number: KINDS[number % len(KINDS)] for number in range(subscribers)}
        self._database = database
        self._chance = random.Random(7)
        self._schedule = Schedule(
            self.store, counts=self._counts, wake=lambda: None, clock=lambda: self.now, alerts_per_poll=5
        )

    async def subscribe(self) -> None:
        """Everybody joins, and chooses what their kind does."""
        for person, kind in self.kinds.items():
            await self.store.subscribers.subscribe(person, name="Reader", language="en", now=self.now)
            await self.store.subscribers.set_timezone(person, ZONE.key, now=self.now)
            if "section" in kind:
                await self.store.subscribers.set_sections(person, self._chance.sample(SECTIONS, 2))
            if "quiet" in kind:
                await self.store.subscribers.set_hours(person, quiet=(22 * 60, 7 * 60), breaking=False)
            if "five" in kind:
                await self.store.subscribers.set_daily(person, 5)
            if "digest" in kind:
                breaking = "breaking" in kind
                await self.store.subscribers.set_hours(person, quiet=None, breaking=breaking)
                await self.store.subscribers.set_digest(person, (7 * 60, 18 * 60), alerts=False, now=self.now)

    async def play(self, month: Month, *, days: int) -> None:
        """Every five minutes: look at the feed, send what is due, send the digests that are."""
        await self.subscribe()
        sent: dict[date, Counter[int]] = defaultdict(Counter)
        # The first look at a feed pushes one story: the month begins after it.
        await self._schedule.take(stories_of(-1, self._chance)[-1:], first_look=True)
        for day in range(days):
            waiting = stories_of(day, self._chance)
            month.stories += len(waiting)
            for _ in range(timedelta(days=1) // LOOK):
                self.now += LOOK
                fresh = [story for story in waiting if story.published_at <= self.now]
                if fresh:
                    waiting = waiting[len(fresh) :]
                    await self._schedule.take(fresh, first_look=False)
                today = sent[self.now.astimezone(ZONE).date()]
                await self._send(month, today)
                await self._digests(month, today)
        # The first day and the last are not whole in the subscribers' time.
        for _, counts in sorted(sent.items())[1:-1] or sorted(sent.items()):
            for person, kind in self.kinds.items():
                month.messages[kind].append(counts[person])

    async def _send(self, month: Month, sent: Counter[int]) -> None:
        while leased := await self.store.deliveries.lease(at_most=1_000, lease_s=60, clock=lambda: self.now):
            ids = [one.id for one in leased]
            noted = sa.update(deliveries).where(deliveries.c.id.in_(ids))
            async with self._database.write() as connection:
                await connection.execute(noted.values(state="sent", sent_at=self.now, leased_until=None))
            told: dict[int, datetime] = {}
            for one in leased:
                if one.story_id not in told:
                    story = await self.store.stories.one(one.story_id)
                    told[one.story_id] = story.published_at if story is not None else self.now
                kind = self.kinds[one.subscriber_id]
                sent[one.subscriber_id] += 1
                month.minutes[kind].append((self.now - told[one.story_id]).total_seconds() / 60)
                await self._perhaps_open(one.story_id, one.subscriber_id)

    async def _digests(self, month: Month, sent: Counter[int]) -> None:
        for taken in await self.store.digests.take(at_most=1_000, lease_s=60, clock=lambda: self.now):
            reader = await self.store.subscribers.one(taken.person)
            if reader is None:
                continue
            following = reader.hours.next_digest(self.now, reader.digest_at)
            stories = await self._schedule.digest(reader)
            if not stories:
                await self.store.digests.put_off(taken, following)
                continue
            message = SentDigest(round(self.now.timestamp()), stories, self.now)
            await self.store.digests.sent(reader.id, message, taken=taken, following=following)
            kind = self.kinds[reader.id]
            sent[reader.id] += 1
            month.minutes[kind] += [(self.now - story.published_at).total_seconds() / 60 for story in stories]
            for story in stories:
                await self._perhaps_open(story.id, reader.id)

    async def _perhaps_open(self, story_id: int, person: int) -> None:
        if self._chance.random() < OPENS:
            await self.store.opened.note(story_id, person, now=self.now)

    async def _counts(self, _addresses: Sequence[str]) -> dict[str, int]:
        return {}


async def played(*, subscribers: int, days: int) -> Month:
    """The month, on a database of its own."""
    month = Month()
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite+aiosqlite:///{folder}/baithak.db"
        await asyncio.to_thread(moderation.store.upgrade, address)
        await asyncio.to_thread(bot.store.upgrade, address)
        database = Database(address)
        try:
            player = Player(database, subscribers=subscribers)
            await player.play(month, days=days)
            for person, kind in player.kinds.items():
                month.got[kind].append(len(await player.store.deliveries.received(person)))
        finally:
            await database.close()
    return month


def section(month: Month, *, subscribers: int, days: int, load_before: float) -> str:
    """The table as Markdown."""
    rows = []
    for kind in KINDS:
        a_day, minutes = month.messages[kind], month.minutes[kind]
        rows.append(
            [
                kind,
                *(f"{report.percentile(a_day, part):.0f}" for part in (0.5, 0.9)),
                f"{max(a_day):.0f}",
                f"{sum(month.got[kind]) / len(month.got[kind]) / days:.1f}",
                *(_span(report.percentile(minutes, part)) for part in (0.5, 0.9)),
            ]
        )
    head = ["who", "messages a day, median", "90th", "most", "stories a day", "after publication, median", "90th"]
    return "\n".join([
        report.machine(runs=1, load_before=load_before),
        "",
        f"{month.stories:,} made stories in {days} days, {STORIES_A_DAY} a day by a site's hours, to {subscribers} "
        "subscribers, twenty of each kind, by the bot's own choosing, planning and digests on SQLite under a clock "
        "that is set; a look at the feed every five minutes. Nothing is sent, so Telegram's limit is not in it. A bot "
        f"that forwards everything sends everybody {STORIES_A_DAY} messages a day; so does ours to who chose nothing, "
        "and who wants five at most gets the first five after midnight.",
        "",
        report.table(head, rows),
        "",
        "![How many messages a day, and how soon](pictures/month.svg)",
    ])  # fmt: skip


def _span(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


COLOURS = ("#27c", "#2a7", "#c72", "#75b", "#a33", "#789", "#994")
_WIDTH, _HEIGHT, _LEFT, _TOP, _PLOT = 860, 330, 50, 40, 330
_MINUTES = (5, 15, 60, 240, 720, 1800)


def drawn(month: Month) -> str:
    """SVG: which part of the days has at most so many messages, and which part of the stories came within how long."""
    most = max(max(a_day) for a_day in month.messages.values())
    days = {
        kind: [(n / most, sum(one <= n for one in a_day) / len(a_day)) for n in range(most + 1)]
        for kind, a_day in month.messages.items()
    }
    longest = math.log(_MINUTES[-1])
    spans = {
        kind: [
            (math.log(minute) / longest, sum(one <= minute for one in minutes) / len(minutes))
            for minute in (math.exp(longest * step / 60) for step in range(61))
        ]
        for kind, minutes in month.minutes.items()
    }
    marks = [(n / most, str(n)) for n in range(0, most + 1, max(1, most // 6))]
    left = _panel(days, at=_LEFT, title="days with at most so many messages", marks=marks)
    spans_marks = [(math.log(minute) / longest, _span(minute)) for minute in _MINUTES]
    right = _panel(spans, at=_LEFT + _PLOT + 80, title="stories that came within", marks=spans_marks)
    names = "".join(
        _name(kind, colour, x=10 + number % 4 * 215, y=_HEIGHT - 25 + number // 4 * 16)
        for number, (kind, colour) in enumerate(zip(KINDS, COLOURS, strict=True))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="sans-serif" font-size="11" fill="#777"><title>Messages a day, and how soon stories come</title>'
        f"{left}{right}{names}</svg>\n"
    )


def _name(kind: str, colour: str, *, x: int, y: int) -> str:
    return f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{colour}"/><text x="{x + 15}" y="{y}">{kind}</text>'


def _panel(
    curves: Mapping[str, Sequence[tuple[float, float]]], *, at: int, title: str, marks: Sequence[tuple[float, str]]
) -> str:
    high = _HEIGHT - _TOP - 80
    parts = [f'<text x="{at}" y="{_TOP - 14}">{title}</text>']
    for share in (0.0, 0.5, 1.0):
        y = _TOP + high * (1 - share)
        parts.append(f'<path d="M{at} {y:.1f}h{_PLOT}" stroke="#888" stroke-opacity=".3"/>')
        parts.append(f'<text x="{at - 6}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for x, word in marks:
        parts.append(f'<text x="{at + x * _PLOT:.1f}" y="{_TOP + high + 16}" text-anchor="middle">{word}</text>')
    for kind, colour in zip(KINDS, COLOURS, strict=True):
        points = " ".join(f"{at + x * _PLOT:.1f},{_TOP + high * (1 - y):.1f}" for x, y in curves[kind])
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return "".join(parts)


def run(*, subscribers: int = SUBSCRIBERS, days: int = DAYS, page: Path = report.PAGE, picture: Path = PICTURE) -> None:
    """Play it, and put the section into the page and the plot beside it."""
    before = report.load_average()
    month = asyncio.run(played(subscribers=subscribers, days=days))
    picture.write_text(drawn(month), encoding="utf-8")
    told = section(month, subscribers=subscribers, days=days, load_before=before)
    report.write("A month of stories", told, page=page)
