"""The live stream: one follower of the outcomes for the process, fanned out to every page that is open."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from moderation.decision import EventKind, OutcomeEvent
from moderation.web.comments import public_comment, state_of, story_or_problem
from moderation.web.connections import room
from moderation.web.metrics import METRICS
from moderation.web.parts import PARTS
from moderation.web.problems import Problem
from moderation.web.schemas import Author, PublicComment, StoryQuery, StreamedState

if TYPE_CHECKING:
    from moderation.outcomes import Outcomes
    from moderation.switches import StoryState, Switches
    from moderation.threads import Threads
    from moderation.web.parts import StoryRef

log = structlog.get_logger(__name__)

HEARTBEAT_S = 15.0
WRITE_S = 10.0
"""Seconds a connection may take to accept what is written before it is given up."""
POLL_S = 2.0
"""Seconds after which the outbox is read although no signal came: Redis, which carries signals, may be gone."""
BACKLOG_AT_MOST = 200
PAGES_AT_MOST = 5_000
"""Streams open at once, and no more than three quarters of the connections there is room for: others are to get in."""
LATE_IDS = 50
"""How far back each look goes: PostgreSQL gives ids when rows are written and shows them when they are committed, so a
lower id may appear after a higher one."""


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One change of a story's thread, ready to be written. `id` is what a page resumes after; a state has none."""

    id: int | None
    story: str
    name: str
    data: str

    def as_bytes(self) -> bytes:
        """The event in the wire format. JSON escapes line breaks, so no word in it can begin a field of its own."""
        number = f"id: {self.id}\n" if self.id is not None else ""
        return f"{number}event: {self.name}\ndata: {self.data}\n\n".encode()


@dataclass(eq=False, slots=True)
class OpenPage:
    """One page that listens. `ended` says that it read too slowly, or that the process stops: it is to come back."""

    story: StoryRef
    state: StoryState
    """What its reader was told of the story last."""
    waiting: asyncio.Queue[LiveEvent] = field(default_factory=lambda: asyncio.Queue(BACKLOG_AT_MOST))
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, event: LiveEvent) -> None:
        """Hand over an event. Never waits and never grows past its bound: a page that is too slow is ended."""
        try:
            self.waiting.put_nowait(event)
        except asyncio.QueueFull:
            self.ended.set()

    async def next(self, *, timeout_s: float) -> LiveEvent | None:
        """The next event; None when `timeout_s` passed without one, or at the end."""
        getting = asyncio.ensure_future(self.waiting.get())
        ending = asyncio.ensure_future(self.ended.wait())
        try:
            await asyncio.wait({getting, ending}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else None
        finally:
            getting.cancel()
            ending.cancel()


async def live_event(event: OutcomeEvent, threads: Threads) -> LiveEvent:
    """The event as pages get it: the comment as it is published now, or without a word where it no longer is."""
    comment = await threads.shown(event.comment_id) if event.kind is EventKind.PUBLISHED else None
    if comment is not None:
        data = public_comment(comment).model_dump_json()
        return LiveEvent(event.id, event.story, "published" if event.first else "edited", data)
    gone = PublicComment(
        id=str(event.comment_id),
        story=event.story,
        parent=None,
        author=Author(name=""),
        text="",
        language=None,
        published_at=event.at,
        edited=False,
        reactions={},
    )
    return LiveEvent(event.id, event.story, "removed", gone.model_dump_json())


class Live:
    """Follows the outcomes while the application runs, and hands each visible change to the pages of its story."""

    def __init__(self, outcomes: Outcomes, threads: Threads, switches: Switches) -> None:
        self._outcomes = outcomes
        self._threads = threads
        self._switches = switches
        self._pages: dict[str, set[OpenPage]] = defaultdict(set)
        self._beginning = asyncio.Lock()
        self._newest: int | None = None
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._closed = False
        self._at_most = min(PAGES_AT_MOST, room() * 3 // 4)

    def __len__(self) -> int:
        return sum(len(pages) for pages in self._pages.values())

    async def newest(self) -> int:
        """Id of the newest event known here; what a page that has just loaded resumes after."""
        # One beginning for all: what comes after it is handed out, to whoever is there by then.
        async with self._beginning:
            if self._newest is None:
                self._newest = await self._begin()
        return self._newest

    async def run(self) -> None:
        """Follow until cancelled or closed. A database that fails for a while delays events and loses none."""
        while not self._closed:
            try:
                await self.newest()
                await self._outcomes.wait(timeout_s=POLL_S)
                await self._look()
                await self._look_at_switches()
            except Exception as error:
                log.warning("live stream waits for the database", error=type(error).__name__)
                await asyncio.sleep(POLL_S)

    async def _begin(self) -> int:
        newest = await self._outcomes.newest_id()
        for event in await self._outcomes.visible_since(max(0, newest - LATE_IDS), story=None, at_most=BACKLOG_AT_MOST):
            if event.id <= newest:  # a later one came meanwhile, and some page may be waiting for it
                self._remember(event.id)
        return newest

    async def _look(self) -> None:
        after = max(0, (self._newest or 0) - LATE_IDS)
        while True:
            events = await self._outcomes.visible_since(after, story=None, at_most=BACKLOG_AT_MOST)
            for event in events:
                if event.id not in self._seen:
                    await self._hand_out(event)
            if len(events) < BACKLOG_AT_MOST:
                return
            after = events[-1].id

    async def _hand_out(self, event: OutcomeEvent) -> None:
        pages = tuple(self._pages.get(event.story, ()))
        if pages:
            ready = await live_event(event, self._threads)
            for page in pages:
                page.offer(ready)
        self._remember(event.id)
        self._newest = max(self._newest or 0, event.id)

    async def _look_at_switches(self) -> None:
        """Tell the pages whose story was closed, opened, held or released since they were told last."""
        pages = [page for pages in self._pages.values() for page in pages]
        stories = {page.story.url: page.story for page in pages}
        if not stories:
            return
        asked = [(story.url, story.section, story.published_at) for story in stories.values()]
        states = dict(zip(stories, await self._switches.states_of(asked, now=datetime.now(UTC)), strict=True))
        for page in pages:
            state = states[page.story.url]
            if state != page.state:
                page.state = state
                page.offer(LiveEvent(None, page.story.url, "state", StreamedState(**asdict(state)).model_dump_json()))

    def _remember(self, event_id: int) -> None:
        self._seen[event_id] = None
        while len(self._seen) > 2 * LATE_IDS:
            self._seen.popitem(last=False)

    @contextlib.contextmanager
    def open_page(self, story: StoryRef, state: StoryState) -> Iterator[OpenPage]:
        """A page of `story`, whose reader knows of `state`, that is handed every change while the block runs.

        Raises Problem `too_many_streams`.
        """
        if self._closed or len(self) >= self._at_most:
            raise Problem("too_many_streams", headers={"Retry-After": "10"})
        page = OpenPage(story, state)
        pages = self._pages[story.url]
        pages.add(page)
        try:
            yield page
        finally:
            pages.discard(page)
            if not pages:
                self._pages.pop(story.url, None)

    async def missed(self, story: str, *, after: int) -> AsyncIterator[LiveEvent]:
        """What a page that saw events up to `after` has missed of its story, oldest first."""
        while events := await self._outcomes.visible_since(after, story=story, at_most=BACKLOG_AT_MOST):
            for event in events:
                yield await live_event(event, self._threads)
            after = events[-1].id

    def close(self) -> None:
        """End every stream and open no more, so that the process can stop at once."""
        self._closed = True
        for pages in self._pages.values():
            for page in pages:
                page.ended.set()


LIVE: web.AppKey[Live] = web.AppKey("live", Live)


async def stream_comments(request: web.Request, query: StoryQuery) -> web.StreamResponse:
    """Server-sent events of one story; after a break the page says with Last-Event-ID where it was."""
    story = await story_or_problem(request.app[PARTS], query.story)
    state = await state_of(request.app[PARTS], story)
    live = request.app[LIVE]
    resume = _last_event_id(request)
    with live.open_page(story, state) as page:
        request.app[METRICS].streams(len(live))
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        try:
            await _write_events(response, live, page, story=story.url, resume=resume)
        except (ConnectionError, TimeoutError):
            log.debug("stream closed by its reader")
    request.app[METRICS].streams(len(live))
    return response


async def _write_events(
    response: web.StreamResponse, live: Live, page: OpenPage, *, story: str, resume: int | None
) -> None:
    # An id without data dispatches nothing, yet a page that sees no event before the line breaks can resume from it.
    # A page may name an event that is not there: it saw a database that was since restored from an earlier copy.
    newest = await live.newest()
    start = newest if resume is None else min(resume, newest)
    await _write(response, f"retry: 2000\nid: {start}\n\n".encode())
    written = start
    if resume is not None:
        async for event in live.missed(story, after=start):
            await _write(response, event.as_bytes())
            written = max(written, event.id or 0)
    while not page.ended.is_set():
        event_or_none = await page.next(timeout_s=HEARTBEAT_S)
        if event_or_none is not None:
            if resume is None or event_or_none.id is None or event_or_none.id > written:
                await _write(response, event_or_none.as_bytes())
        elif not page.ended.is_set():
            await _write(response, b": still here\n\n")


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(WRITE_S):
        await response.write(data)


def _last_event_id(request: web.Request) -> int | None:
    given = request.headers.get("Last-Event-ID", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else None
