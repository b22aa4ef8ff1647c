"""What the worker asks of the store: what is to be screened, and what came before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from moderation.intake import Accepted
from moderation.store import Counts, Store
from tests.builders import NOW, STORY
from tests.desk import OTHER_READER, READER, Desk

WINDOW_S = 60.0


async def facts(desk: Desk, accepted: Accepted) -> Counts:
    found = await desk.store.facts([accepted.revision_id], flood_window_s=WINDOW_S, repeat_window_s=WINDOW_S)
    return found[accepted.revision_id]


async def test_only_what_is_still_received_is_to_be_screened(desk: Desk) -> None:
    received, decided = await desk.receive(), await desk.publish()
    withdrawn = await desk.receive()
    await desk.intake.withdraw(withdrawn.comment_id, author=READER, now=NOW)
    later = await desk.receive(author=OTHER_READER, language="ur", story="https://example.org/another")
    asked = [later.revision_id, decided.revision_id, withdrawn.revision_id, received.revision_id, 999_999]
    pending = await desk.store.for_screening(asked)
    assert [one.revision_id for one in pending] == [received.revision_id, later.revision_id]
    assert (pending[1].author, pending[1].language, pending[1].story) == (
        OTHER_READER,
        "ur",
        "https://example.org/another",
    )
    assert await desk.store.for_screening([]) == []


async def test_what_waits_unscreened_is_found_by_its_age(desk: Desk) -> None:
    old = [await desk.receive(now=NOW + timedelta(seconds=n)) for n in range(3)]
    await desk.publish(now=NOW)
    assert await desk.store.unscreened(older_than=NOW, limit=10) == []
    found = await desk.store.unscreened(older_than=NOW + timedelta(seconds=2), limit=10)
    assert found == [one.revision_id for one in old[:2]]
    assert await desk.store.unscreened(older_than=NOW + timedelta(days=1), limit=1) == [old[0].revision_id]


async def test_the_first_comment_has_nothing_before_it(desk: Desk) -> None:
    assert await facts(desk, await desk.receive()) == Counts(0, 0, 0)


async def test_an_authors_comments_in_the_window_before_are_counted(desk: Desk) -> None:
    await desk.receive(text="too long ago", now=NOW - timedelta(seconds=WINDOW_S))
    await desk.receive(text="just within", now=NOW - timedelta(seconds=WINDOW_S - 1))
    await desk.receive(text="somebody else's", author=OTHER_READER)
    await desk.publish(text="decided ones count too")
    mine = await desk.receive(text="this one")
    await desk.receive(text="what comes after does not count")
    assert await facts(desk, mine) == Counts(by_author_in_window=2)


@pytest.mark.parametrize(
    "text", ["Great news!", "great   NEWS", "ＧＲＥＡＴ news", "gr\u200beat, news...", "  Great news 👍"]
)
async def test_the_same_text_in_other_clothes_is_the_same(desk: Desk, text: str) -> None:
    await desk.receive(text="Great news!")
    assert (await facts(desk, await desk.receive(text=text))).same_by_author == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [("😀", "😡"), ("कि", "का"), ("great news", "greatest news"), ("!!", "??"), ("3-2", "2-3")],
)
async def test_texts_that_differ_are_told_apart(desk: Desk, first: str, second: str) -> None:
    await desk.receive(text=first)
    assert (await facts(desk, await desk.receive(text=second))).same_by_author == 0


async def test_the_same_text_by_others_is_counted_once_for_each_of_them(desk: Desk) -> None:
    for _ in range(3):
        await desk.receive(text="Buy now", author=OTHER_READER)
    await desk.receive(text="Buy now", author="telegram:1003", story="https://example.org/another")
    await desk.receive(text="Buy now", author="telegram:1004", now=NOW - timedelta(hours=1))
    assert await facts(desk, await desk.receive(text="Buy now")) == Counts(0, 0, 2)


async def test_an_edit_does_not_repeat_its_own_comment(desk: Desk) -> None:
    first = await desk.receive(text="one")
    second = await desk.edit(first, "two")
    third = await desk.edit(second, "ONE")
    assert await facts(desk, third) == Counts(by_author_in_window=2, same_by_author=0)


async def test_a_count_without_a_window_is_left_out(desk: Desk) -> None:
    await desk.receive(text="Buy now")
    second = await desk.receive(text="Buy now")
    assert await desk.store.facts([second.revision_id]) == {second.revision_id: Counts()}
    assert await desk.store.facts([second.revision_id], repeat_window_s=WINDOW_S) == {
        second.revision_id: Counts(0, 1, 0)
    }


async def test_a_batch_is_answered_one_by_one(desk: Desk) -> None:
    received = [await desk.receive(text="again") for _ in range(4)]
    found = await desk.store.facts(
        [one.revision_id for one in received], flood_window_s=WINDOW_S, repeat_window_s=WINDOW_S
    )
    assert [found[one.revision_id] for one in received] == [Counts(n, n, 0) for n in range(4)]


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("unscreened", "revisions_unscreened"),
        ("pending", "revisions_held"),
        ("facts", "revisions_of_author"),
        ("facts", "revisions_alike"),
        ("thread", "comments_of_story"),
        ("due", "outbox_about_comment"),
    ],
)
async def test_the_questions_that_are_always_asked_are_answered_from_an_index(
    desk: Desk, store: Store, question: str, index: str
) -> None:
    accepted = await desk.hold()
    asked: list[tuple[str, object]] = []

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def note(_c: object, _cursor: object, statement: str, parameters: object, _x: object, _many: bool) -> None:
        if statement.lstrip().startswith("SELECT"):
            asked.append((statement, parameters))

    try:
        if question == "unscreened":
            await store.unscreened(older_than=NOW, limit=10)
        elif question == "pending":
            await store.held(limit=10, now=NOW)
        elif question == "facts":
            await store.facts([accepted.revision_id], flood_window_s=60, repeat_window_s=60)
        elif question == "thread":
            await store.published(STORY, sort="newest", limit=10)
        else:
            await desk.outcomes.lease(at_most=10, lease_s=60, now=NOW)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    async with store.database.read() as connection:
        plans = [
            str(row)
            for statement, parameters in asked
            for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert any(index in plan for plan in plans), plans
    assert not any("SCAN revisions" in plan and "INDEX" not in plan for plan in plans), plans
