"""Submissions are stored once, whole and durably, or refused with a reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from moderation.comment import CommentStatus, Submission
from moderation.decision import EventKind, Outcome
from moderation.errors import CommentsClosed, InvalidSubmission, TermsNotAgreed, UnknownComment
from moderation.intake import Accepted, Intake
from moderation.store import Arrival, Change, Store
from moderation.store.tables import comments, revisions
from moderation.switch import Scope, SwitchKind
from moderation.switches import Switches
from tests.builders import NOW, STORY, TERMS, submission
from tests.desk import OTHER_READER, READER, Desk
from tests.fakes import ListedQueue

ACUTE = "\u0301"


async def stored(store: Store) -> int:
    async with store.database.read() as connection:
        return int((await connection.execute(sa.select(sa.func.count()).select_from(comments))).scalar_one())


async def test_a_submission_is_stored_queued_and_announced_at_once(desk: Desk) -> None:
    accepted = await desk.receive(text="  Well said.  ", language="en", author_name=" Asha  Rao ")
    record = await desk.record(accepted)
    assert record.comment.status is CommentStatus.RECEIVED
    assert record.comment.latest.text == "Well said."
    assert record.comment.author_name == "Asha Rao"
    assert record.decision is None
    assert (accepted.new, accepted.revision) == (True, 1)
    assert desk.queue.revisions == [accepted.revision_id]
    [pending] = await desk.store.for_screening([accepted.revision_id])
    assert (pending.text, pending.language, pending.number, pending.received_at) == ("Well said.", "en", 1, NOW)
    [event] = await desk.told()
    assert (event.kind, event.visible, event.decided_by) == (EventKind.RECEIVED, False, None)
    [row] = await desk.store.audit_of(accepted.comment_id)
    assert (row.who, row.act, row.from_status, row.to_status, row.terms) == (READER, "submit", None, "received", TERMS)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 4096,
        "😀" * 2048,
        "a" + ACUTE * 500,
        "\u202egnirts",
        "<script>alert(1)</script> **bold** [x](javascript:1)",
        "یہ غلط ہے",
        "'; DROP TABLE comments; --",
        "\u2028\u2029 line",
        "a\u200bb",
        "\U000e0041tags",
    ],
)
async def test_what_a_reader_may_write_comes_back_as_it_was_written(desk: Desk, text: str) -> None:
    accepted = await desk.receive(text=text)
    assert (await desk.record(accepted)).comment.latest.text == text.strip()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("\u200b\u200d\ufeff", "empty"),
        ("\0\0", "empty"),
        ("a" * 4097, "too_long"),
        ("😀" * 2049, "too_long"),
        ("b" * 5000, "too_long"),
        ("half \ud83d", "bad_characters"),
        (None, "not_text"),
        (7, "not_text"),
    ],
)
async def test_what_can_not_be_a_comment_is_refused_and_leaves_nothing_behind(
    desk: Desk, text: object, code: str
) -> None:
    with pytest.raises(InvalidSubmission) as refused:
        await desk.receive(text=text)
    assert refused.value.code == code
    assert await stored(desk.store) == 0
    assert desk.queue.revisions == []


async def test_a_nul_is_left_out(desk: Desk) -> None:
    assert (await desk.record(await desk.receive(text="a\0b"))).comment.latest.text == "ab"


@pytest.mark.parametrize("field", ["story", "author", "source_key"])
@pytest.mark.parametrize(
    ("value", "code"),
    [("", "bad_characters"), ("a\0", "bad_characters"), ("\ud800", "bad_characters"), ("é" * 1001, "too_long")],
)
async def test_a_key_that_no_database_could_keep_is_refused(desk: Desk, field: str, value: str, code: str) -> None:
    with pytest.raises(InvalidSubmission) as refused:
        await desk.intake.submit(submission(**{field: value}), now=NOW)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Asha", "Asha"),
        ("  Asha \n Rao ", "Asha Rao"),
        ("A\0s\ud83dha", "Asha"),
        ("x" * 500, "x" * 128),
        ("", "—"),
        ("\u200b\u2800", "—"),
    ],
)
async def test_an_author_always_has_a_name_that_can_be_shown(desk: Desk, name: str, kept: str) -> None:
    assert (await desk.record(await desk.receive(author_name=name))).comment.author_name == kept


async def test_the_same_message_is_stored_once(desk: Desk) -> None:
    message = submission()
    await desk.intake.agree(READER, language="en", now=NOW)
    first = await desk.intake.submit(message, now=NOW)
    again = await desk.intake.submit(message, now=NOW + timedelta(hours=1))
    assert again == Accepted(first.comment_id, first.revision_id, 1, new=False)
    assert desk.queue.revisions == [first.revision_id]
    assert len(await desk.told()) == 1


async def test_the_same_message_through_many_processes_at_once_is_stored_once(desk: Desk) -> None:
    await desk.intake.agree(READER, language="en", now=NOW)
    message = submission()
    processes = [Intake(desk.store, desk.queue, terms=TERMS) for _ in range(12)]
    accepted = await asyncio.gather(*(process.submit(message, now=NOW) for process in processes))
    assert len({one.comment_id for one in accepted}) == 1
    assert [one.new for one in accepted].count(True) == 1
    assert await stored(desk.store) == 1


async def test_what_comes_together_is_stored_together_and_each_is_answered_for_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = await desk.publish()
    await Switches(desk.store).begin(
        SwitchKind.CLOSE, Scope.STORY, "https://example.org/closed", who="telegram:1", name="Ravi", now=NOW
    )
    transactions = count_transactions(desk.store, monkeypatch)
    message = submission()
    answers = await asyncio.gather(
        *(desk.intake.submit(submission(text=f"Paragraph {number}."), now=NOW) for number in range(40)),
        desk.intake.submit(message, now=NOW),
        desk.intake.submit(message, now=NOW),
        desk.intake.submit(submission(author="telegram:nobody"), now=NOW),
        desk.intake.submit(submission(story="https://example.org/closed"), now=NOW),
        desk.intake.submit(submission(parent=standing.comment_id), now=NOW),
        desk.intake.submit(submission(parent=standing.comment_id + 1_000), now=NOW),
        desk.intake.submit(submission(text=" "), now=NOW),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers[-5:]] == [
        TermsNotAgreed,
        CommentsClosed,
        Accepted,
        UnknownComment,
        InvalidSubmission,
    ]
    accepted = [answer for answer in answers if isinstance(answer, Accepted)]
    assert [answer.new for answer in accepted] == [True] * 41 + [False, True]
    # The first comes alone, all the others after it together, and the message that came twice by itself.
    assert transactions() == 3
    assert [(await desk.record(answer)).comment.latest.text for answer in accepted[:40]] == [
        f"Paragraph {number}." for number in range(40)
    ]
    assert [answer.comment_id for answer in accepted[:40]] == sorted(answer.comment_id for answer in accepted[:40])
    new = [answer for answer in accepted if answer.new]
    assert desk.queue.revisions == [standing.revision_id, *(answer.revision_id for answer in new)]
    assert await stored(desk.store) == len(new) + 1


async def test_one_that_can_not_be_stored_keeps_nobody_else_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.intake.agree(READER, language="en", now=NOW)
    real = Change.insert_comments

    async def insert_comments(change: Change, arrivals: Sequence[Arrival]) -> dict[str, int]:
        ids = await real(change, arrivals)
        if any(arrival.submission.text == "unlucky" for arrival in arrivals):
            raise RuntimeError("this one never")
        return ids

    monkeypatch.setattr(Change, "insert_comments", insert_comments)
    answers = await asyncio.gather(
        *(desk.intake.submit(submission(text=text), now=NOW) for text in ("first", "a", "unlucky", "b")),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Accepted, Accepted, RuntimeError, Accepted]
    assert await stored(desk.store) == 3


def count_transactions(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Changes that were begun since."""
    real, begun = store.change, []

    def change() -> AbstractAsyncContextManager[Change]:
        begun.append(True)
        return real()

    monkeypatch.setattr(store, "change", change)
    return lambda: len(begun)


async def test_without_agreement_nothing_is_stored(store: Store) -> None:
    queue = ListedQueue()
    intake = Intake(store, queue, terms=TERMS)
    assert not await intake.has_agreed(READER)
    with pytest.raises(TermsNotAgreed):
        await intake.submit(submission(), now=NOW)
    assert await stored(store) == 0
    await intake.agree(READER, language="ur", now=NOW)
    await intake.agree(READER, language="en", now=NOW)
    assert await intake.has_agreed(READER)
    assert (await intake.submit(submission(), now=NOW)).new


async def test_new_terms_are_agreed_to_anew(store: Store) -> None:
    queue = ListedQueue()
    await Intake(store, queue, terms="2026-11").agree(READER, language="en", now=NOW)
    later = Intake(store, queue, terms="2026-12")
    assert not await later.has_agreed(READER)
    with pytest.raises(TermsNotAgreed):
        await later.submit(submission(), now=NOW)


async def test_with_the_queue_gone_a_comment_is_still_accepted_and_waits_in_the_store(desk: Desk) -> None:
    desk.queue.gone = True
    accepted = await desk.receive()
    assert accepted.new
    assert await desk.store.unscreened(older_than=NOW + timedelta(seconds=1), limit=10) == [accepted.revision_id]


async def test_what_could_not_be_queued_is_queued_with_the_next_that_can(desk: Desk) -> None:
    desk.queue.gone = True
    missed = [(await desk.receive(text=f"Comment {at}", source_key=f"test:{at}")).revision_id for at in range(2)]
    desk.queue.gone = False
    assert desk.queue.revisions == []
    queued = [(await desk.receive(text=f"Next {at}", source_key=f"next:{at}")).revision_id for at in range(2)]
    assert desk.queue.revisions == missed + queued


async def test_only_a_published_comment_of_the_same_story_can_be_answered(desk: Desk) -> None:
    standing = await desk.publish()
    held = await desk.hold()
    answer = await desk.receive(parent=standing.comment_id)
    assert (await desk.record(answer)).comment.parent == standing.comment_id
    for parent, story in [
        (held.comment_id, STORY),
        (standing.comment_id, "https://example.org/another"),
        (4_000_000, STORY),
        (10**30, STORY),
        (-1, STORY),
    ]:
        with pytest.raises(UnknownComment):
            await desk.receive(parent=parent, story=story)


async def test_an_edit_is_a_new_revision_screened_like_a_comment(desk: Desk) -> None:
    first = await desk.receive(text="one")
    second = await desk.edit(first, " two ")
    assert (second.comment_id, second.revision, second.new) == (first.comment_id, 2, True)
    assert desk.queue.revisions == [first.revision_id, second.revision_id]
    record = await desk.record(first)
    assert (record.comment.latest.text, record.comment.status) == ("two", CommentStatus.RECEIVED)
    assert [pending.text for pending in await desk.store.for_screening([first.revision_id, second.revision_id])] == [
        "two"
    ]
    assert await desk.acts(first) == [
        "submit: nothing → received",
        "edit: received → withdrawn",
        "edit: nothing → received",
    ]
    assert [(event.kind, event.revision) for event in await desk.told()] == [
        (EventKind.RECEIVED, 1),
        (EventKind.RECEIVED, 2),
    ]


async def test_an_edit_that_changes_nothing_makes_no_revision(desk: Desk) -> None:
    first = await desk.receive(text="one")
    same = await desk.edit(first, " one ")
    assert same == Accepted(first.comment_id, first.revision_id, 1, new=False)
    assert desk.queue.revisions == [first.revision_id]


async def test_a_rejected_comment_may_be_mended_by_an_edit(desk: Desk) -> None:
    first = await desk.receive(text="one")
    await desk.screen(first, Outcome.REJECT)
    await desk.edit(first, "two")
    assert await desk.status(first) is CommentStatus.RECEIVED
    assert await desk.acts(first) == [
        "submit: nothing → received",
        "screen: received → rejected",
        "edit: nothing → received",
    ]


async def test_an_edit_is_refused_where_there_is_nothing_of_this_author_to_edit(desk: Desk) -> None:
    first = await desk.receive()
    source_key = (await desk.record(first)).source_key
    with pytest.raises(UnknownComment):
        await desk.intake.edit("telegram:1:1", author=READER, text="two", now=NOW)
    with pytest.raises(UnknownComment):
        await desk.intake.edit(source_key, author=OTHER_READER, text="two", now=NOW)
    with pytest.raises(InvalidSubmission):
        await desk.intake.edit(source_key, author=READER, text=" ", now=NOW)
    await desk.intake.withdraw(first.comment_id, author=READER, now=NOW)
    with pytest.raises(UnknownComment):
        await desk.intake.edit(source_key, author=READER, text="two", now=NOW)


async def test_many_edits_at_once_become_one_revision_each_and_leave_one_to_screen(desk: Desk) -> None:
    first = await desk.receive(text="0")
    edits = await asyncio.gather(*(desk.edit(first, str(number)) for number in range(1, 9)))
    assert sorted(edit.revision for edit in edits) == list(range(2, 10))
    async with desk.store.database.read() as connection:
        statuses = (await connection.execute(sa.select(revisions.c.status).order_by(revisions.c.id))).scalars().all()
        assert statuses == ["withdrawn"] * 8 + ["received"]


async def test_the_author_takes_a_comment_back_once(desk: Desk) -> None:
    published = await desk.publish()
    await desk.told()
    with pytest.raises(UnknownComment):
        await desk.intake.withdraw(published.comment_id, author=OTHER_READER, now=NOW)
    with pytest.raises(UnknownComment):
        await desk.intake.withdraw(10**20, author=READER, now=NOW)
    await desk.intake.withdraw(published.comment_id, author=READER, now=NOW)
    await desk.intake.withdraw(published.comment_id, author=READER, now=NOW)
    assert await desk.status(published) is CommentStatus.WITHDRAWN
    [event] = await desk.told()
    assert (event.kind, event.visible) == (EventKind.WITHDRAWN, True)
    assert await desk.acts(published) == [
        "submit: nothing → received",
        "screen: received → published",
        "withdraw: published → withdrawn",
    ]


async def test_withdrawing_takes_every_revision_back(desk: Desk) -> None:
    first = await desk.publish()
    second = await desk.edit(first, "two")
    await desk.intake.withdraw(first.comment_id, author=READER, now=NOW)
    assert (await desk.acts(first))[-2:] == ["withdraw: published → withdrawn", "withdraw: received → withdrawn"]
    assert await desk.store.for_screening([second.revision_id]) == []


async def test_a_received_comment_taken_back_changes_nothing_to_be_seen(desk: Desk) -> None:
    received = await desk.receive()
    await desk.intake.withdraw(received.comment_id, author=READER, now=NOW)
    assert [event.visible for event in await desk.told()] == [False, False]


async def test_a_submission_that_fails_in_the_middle_leaves_nothing_behind(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_off(*args: object, **given: object) -> None:
        raise RuntimeError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr("moderation.store.change.Change.announce", break_off)
        with pytest.raises(RuntimeError):
            await desk.receive()
    assert await stored(desk.store) == 0
    message: Submission = submission()
    assert (await desk.intake.submit(message, now=NOW)).new
