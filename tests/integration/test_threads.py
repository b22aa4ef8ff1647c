"""Everybody sees what is published, page by page, and nothing else."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from moderation.alarms import Waiting
from moderation.comment import CommentStatus
from moderation.decision import Outcome
from moderation.intake import Accepted
from moderation.store import Store
from moderation.threads import Sort, Threads
from tests.builders import NOW, STORY
from tests.desk import OTHER_READER, READER, Desk

ELSEWHERE = "https://example.org/stories/another"


@pytest.fixture
def threads(store: Store) -> Threads:
    return Threads(store)


async def walk(threads: Threads, *, sort: Sort, limit: int, story: str = STORY) -> list[int]:
    """The ids on all pages, from the first to the last."""
    cursor, seen = None, []
    while True:
        page = await threads.published(story, sort=sort, limit=limit, cursor=cursor)
        seen += [comment.id for comment in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return seen


async def seven(desk: Desk) -> list[Accepted]:
    """Seven published comments, some of them in the same moment; the third and the fifth have answers."""
    published = [await desk.publish(text=str(n), now=NOW + timedelta(seconds=n // 3)) for n in range(7)]
    for parent in (2, 4, 4):
        await desk.publish(story=STORY, parent=published[parent].comment_id, now=NOW - timedelta(hours=1))
    return published


async def test_only_what_is_published_is_shown(desk: Desk, threads: Threads) -> None:
    published = await desk.publish(text="fine", language="en", author_name="Asha")
    await desk.hold()
    await desk.receive()
    await desk.screen(await desk.receive(), Outcome.REJECT)
    withdrawn = await desk.publish()
    await desk.intake.withdraw(withdrawn.comment_id, author=READER, now=NOW)
    page = await threads.published(STORY, sort="newest", limit=10, cursor=None)
    [shown] = page.items
    assert (shown.id, shown.text, shown.author_name, shown.language) == (published.comment_id, "fine", "Asha", "en")
    assert (shown.story, shown.parent, shown.published_at, shown.edited) == (STORY, None, NOW, False)
    assert (page.total, page.next_cursor) == (1, None)


async def test_what_is_shown_can_not_disturb_the_page_around_it(desk: Desk, threads: Threads) -> None:
    published = await desk.publish(text="a\u202egnirts" + "e\u0301\u0301" + "\u0301" * 100, author_name="\u2066Asha")
    shown = await threads.shown(published.comment_id)
    assert shown is not None
    assert "\u202e" not in shown.text and shown.text.count("\u0301") <= 8
    assert shown.author_name == "Asha"


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_hold_every_comment_once_in_the_order_asked_for(desk: Desk, threads: Threads, limit: int) -> None:
    ids = [one.comment_id for one in await seven(desk)]
    answers = [ids[-1] + 1, ids[-1] + 2, ids[-1] + 3]
    assert await walk(threads, sort="oldest", limit=limit) == [*answers, *ids]
    assert await walk(threads, sort="newest", limit=limit) == [*reversed(ids), *reversed(answers)]
    plain = [ids[n] for n in (6, 5, 3, 1, 0)]
    assert await walk(threads, sort="top", limit=limit) == [ids[4], ids[2], *plain, *reversed(answers)]


async def test_a_page_goes_on_where_the_last_one_ended_whatever_happened_meanwhile(
    desk: Desk, threads: Threads
) -> None:
    published = await seven(desk)
    first = await threads.published(STORY, sort="newest", limit=3, cursor=None)
    await desk.publish(now=NOW + timedelta(minutes=1))
    last_shown = first.items[-1].id
    await desk.intake.withdraw(last_shown, author=READER, now=NOW)
    second = await threads.published(STORY, sort="newest", limit=3, cursor=first.next_cursor)
    assert [comment.id for comment in second.items] == [one.comment_id for one in published[3::-1]][:3]
    assert second.total == 10


async def test_comments_of_all_stories_can_be_read_together(desk: Desk, threads: Threads) -> None:
    first = await desk.publish()
    second = await desk.publish(story=ELSEWHERE, now=NOW + timedelta(seconds=1))
    await desk.hold(now=NOW + timedelta(seconds=2))
    assert [one.id for one in await threads.newest(limit=9)] == [second.comment_id, first.comment_id]
    assert [one.id for one in await threads.newest(limit=1)] == [second.comment_id]


async def test_a_story_nobody_commented_on_has_an_empty_page(threads: Threads) -> None:
    page = await threads.published(ELSEWHERE, sort="top", limit=10, cursor=None)
    assert (page.items, page.total, page.next_cursor) == ((), 0, None)


def cursor_of(raw: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(raw).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!!",
        "ünïcode",
        "A" * 100_000,
        base64.b64encode(b"\xff\xfe").decode(),
        cursor_of(7),
        cursor_of("newest"),
        cursor_of({"sort": "newest"}),
        cursor_of(["newest", 0, 1]),
        cursor_of(["newest", 0, "1", 1]),
        cursor_of(["newest", True, 1, 1]),
        cursor_of(["newest", 0, 1.5, 1]),
        cursor_of(["newest", 0, 10**18, 1]),
        cursor_of(["newest", 0, 1, 2**63]),
        cursor_of(["newest", None, 1, 1]),
        cursor_of(["oldest", 0, 1, 1]),
        cursor_of([["newest"], 0, 1, 1]),
    ],
)
async def test_a_tampered_cursor_is_refused(threads: Threads, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await threads.published(STORY, sort="newest", limit=10, cursor=cursor)


@pytest.mark.parametrize("numbers", [(0, 0, 0), (-5, -1, -1), (2**63 - 1, 1, 2**63 - 1)])
@pytest.mark.parametrize("sort", ["newest", "oldest", "top"])
async def test_a_forged_cursor_that_is_well_formed_only_moves_the_page(
    desk: Desk, threads: Threads, sort: Sort, numbers: tuple[int, ...]
) -> None:
    await desk.publish()
    page = await threads.published(STORY, sort=sort, limit=10, cursor=cursor_of([sort, *numbers]))
    assert len(page.items) in (0, 1)


@pytest.mark.parametrize("limit", [0, -1, 101, 10**9])
async def test_a_page_has_one_to_a_hundred_comments(threads: Threads, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        await threads.published(STORY, sort="newest", limit=limit, cursor=None)


async def test_an_unknown_order_is_refused(threads: Threads) -> None:
    with pytest.raises(ValueError, match="sort"):
        await threads.published(STORY, sort="loudest", limit=10, cursor=None)  # type: ignore[arg-type]  # the point


async def test_counts_name_every_story_asked_for(desk: Desk, threads: Threads) -> None:
    await desk.publish()
    await desk.publish()
    await desk.hold()
    assert await threads.counts([STORY, ELSEWHERE]) == {STORY: 2, ELSEWHERE: 0}
    assert await threads.counts([]) == {}


async def test_one_comment_is_found_in_any_status(desk: Desk, threads: Threads) -> None:
    held = await desk.hold(text="look")
    record = await threads.one(held.comment_id)
    assert record is not None and record.decision is not None
    assert (record.comment.status, record.decision.clause) == (CommentStatus.HELD, "3.2")
    assert await threads.by_source(record.source_key) == record
    assert await threads.by_source("telegram:0:0") is None
    assert await threads.shown(held.comment_id) is None
    for forged in (0, -1, 10**30):
        assert await threads.one(forged) is None
        assert await threads.shown(forged) is None


async def test_an_authors_own_comments_come_newest_first(desk: Desk, threads: Threads) -> None:
    mine = [await desk.hold(), await desk.publish(), await desk.receive()]
    await desk.publish(author=OTHER_READER)
    assert [record.comment.id for record in await threads.of_author(READER, limit=2)] == [
        mine[2].comment_id,
        mine[1].comment_id,
    ]


async def test_what_waits_is_counted_and_since_when_the_oldest_does(desk: Desk, threads: Threads) -> None:
    assert (await threads.by_status(), await threads.waiting()) == ({}, Waiting())
    later = NOW + timedelta(minutes=1)
    await desk.publish()
    await desk.hold(now=later)
    await desk.hold()
    await desk.receive(now=later)
    counts = {CommentStatus.PUBLISHED: 1, CommentStatus.HELD: 2, CommentStatus.RECEIVED: 1}
    assert await threads.by_status(old_s=3600) == {}, "as counted before"
    assert await threads.by_status() == counts
    assert await threads.waiting() == Waiting(received=1, oldest_received=later, held=2, oldest_held=NOW)


async def test_an_edit_that_waits_is_counted_though_its_comment_stands(desk: Desk, threads: Threads) -> None:
    accepted = await desk.publish()
    await desk.edit(accepted, "Better said.")
    assert (await threads.waiting()).received == 1
