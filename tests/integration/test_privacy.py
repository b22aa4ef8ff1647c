"""A reader's data comes out whole, and goes whole: from every table, for good, on both databases."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from bot import erasure_list
from bot.privacy import SETTLED_S, ReaderData
from bot.store import BotStore
from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.decision import EventKind, Outcome
from moderation.enforcement import enforce
from moderation.errors import StaleRevision, TermsNotAgreed, UnknownComment
from moderation.intake import Accepted
from moderation.outcomes import Outcomes
from moderation.privacy import Privacy, author_hash
from moderation.store import Store
from moderation.threads import Threads
from tests.builders import NOW, STORY, decision, submission
from tests.desk import Desk
from tests.kept import NAME, PERSON, READER, WORD, busy_reader, every_row, traces, update

LATER = NOW + timedelta(minutes=1)
EVERYWHERE = {
    "agreements",
    "audit",
    "comments",
    "conversations",
    "deliveries",
    "digested",
    "inbox",
    "keywords",
    "login_links",
    "notices",
    "opened",
    "outbox",
    "revisions",
    "shown",
    "subscribers",
}


def data_of(database: Database, folder: Path, privacy: Privacy | None = None) -> ReaderData:
    store = Store(database)
    doors = privacy or Privacy(store, Outcomes(store, None))
    return ReaderData(BotStore(database), doors, listed_in=folder / "erasures.jsonl", clock=lambda: LATER)


@pytest.fixture
def data(database: Database, tmp_path: Path) -> ReaderData:
    return data_of(database, tmp_path)


async def test_what_is_looked_for_stands_everywhere_before(database: Database) -> None:
    await busy_reader(database)
    assert {found.partition(":")[0] for found in await traces(database)} == EVERYWHERE


async def test_an_erased_reader_is_found_nowhere(database: Database, data: ReaderData) -> None:
    made = await busy_reader(database)
    erased = await data.erase(READER, who="reader")
    assert set(erased.comments) == {made[name].comment_id for name in made if name != "answer"}
    left = await traces(database)
    assert left == [f"forgotten: {PERSON}"], "who it is stands there until what was in flight is settled"
    settled = ReaderData(
        BotStore(database),
        Privacy(Store(database), Outcomes(Store(database), None)),
        listed_in=Path("/nowhere"),
        clock=lambda: LATER + timedelta(seconds=SETTLED_S + 1),
    )
    assert await settled.finish() == 1
    assert await traces(database) == []


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_the_bytes_of_what_was_erased_are_gone_from_sqlites_file(database: Database, data: ReaderData) -> None:
    await busy_reader(database)
    path = Path(database.address.partition("///")[2])

    async def in_the_file() -> int:
        async with database.read() as connection:
            await connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return path.read_bytes().count(WORD.encode())

    assert await in_the_file() > 5
    await data.erase(READER, who="reader")
    assert await in_the_file() == 0


async def test_a_list_that_can_not_be_written_keeps_nobody_from_being_erased(
    database: Database, tmp_path: Path
) -> None:
    await busy_reader(database)
    (tmp_path / "erasures.jsonl").mkdir()
    await data_of(database, tmp_path).erase(READER, who="reader")
    assert not [found for found in await traces(database) if not found.startswith("forgotten")]


async def test_the_thread_and_the_audit_stay_whole(database: Database, data: ReaderData) -> None:
    made = await busy_reader(database)
    desk = Desk.of(Store(database))
    await desk.approve(made["answer"])
    before = {row["id"]: row for row in (await every_row(database))["audit"]}
    await data.erase(READER, who="reader")
    record = await desk.record(made["answer"])
    assert record.comment.parent == made["published"].comment_id
    stone = await desk.record(made["published"])
    assert (stone.comment.status, stone.comment.author_name, stone.comment.latest.text) == ("withdrawn", "", "")
    assert stone.erased
    after = (await every_row(database))["audit"]
    kept = ("id", "at", "comment_id", "revision_id", "act", "from_status", "to_status", "clause", "terms", "model")
    old = [row for row in after if row["id"] in before]
    assert [{name: row[name] for name in kept} for row in old] == [
        {name: row[name] for name in kept} for row in before.values()
    ]
    assert {row["act"] for row in after if row["id"] not in before} == {"erase"}
    assert {row["name"] for row in old if row["act"] == "review"} == {"Meera"}, "moderators answer for what they did"


async def test_readers_no_longer_see_it_and_pages_that_follow_are_told(database: Database, data: ReaderData) -> None:
    made = await busy_reader(database)
    store = Store(database)
    threads, outcomes = Threads(store), Outcomes(store, None)
    newest = await outcomes.newest_id()
    assert (await threads.published(STORY, sort="newest", limit=10, cursor=None)).total == 1
    await data.erase(READER, who="reader")
    page = await threads.published(STORY, sort="newest", limit=10, cursor=None)
    assert (page.items, page.total) == ((), 0)
    assert await threads.counts([STORY]) == {STORY: 0}
    (told,) = await outcomes.visible_since(newest, story=STORY, at_most=10)
    assert (told.kind, told.comment_id, told.author) == (EventKind.WITHDRAWN, made["published"].comment_id, "")


async def test_erasing_twice_changes_nothing_more(database: Database, data: ReaderData) -> None:
    await busy_reader(database)
    await data.erase(READER, who="reader")
    once = await every_row(database)
    assert (await data.erase(READER, who="cli:root")).nothing
    twice = await every_row(database)
    assert {name: rows for name, rows in once.items() if rows != twice[name]} == {}


async def test_another_reader_loses_nothing(database: Database, data: ReaderData) -> None:
    await busy_reader(database)
    before = await data.export("telegram:1002")
    await data.erase(READER, who="reader")
    after = await data.export("telegram:1002")
    assert {**after, "exported_at": ""} == {**before, "exported_at": ""}
    assert len(after["moderation"]["comments"]) == 1


async def test_an_export_holds_everything_and_names_no_moderator(database: Database, data: ReaderData) -> None:
    made = await busy_reader(database)
    whole = json.dumps(await data.export(READER), ensure_ascii=False)
    for text in ("first", "second", "held", "rejected", "received", "withdrawn"):
        assert f"{text} {WORD}" in whole
    for text in ("a qandil in a draft", "a qandil in an update", NAME, STORY):
        assert text in whole
    assert "Meera" not in whole and "telegram:2001" not in whole
    held = json.loads(whole)
    assert [one["id"] for one in held["moderation"]["comments"]] == sorted(
        made[name].comment_id for name in made if name != "answer"
    )
    assert {name for name, rows in held["bot"].items() if rows} == set(held["bot"])


async def test_an_export_of_somebody_unknown_is_empty(data: ReaderData) -> None:
    held = await data.export("telegram:5")
    assert (held["moderation"]["comments"], held["bot"]["subscriber"]) == ([], [])


async def test_what_was_being_screened_when_its_author_was_erased_stays_gone(
    database: Database, data: ReaderData
) -> None:
    made = await busy_reader(database)
    store = Store(database)
    waiting = await store.for_screening([made["received"].revision_id])
    assert len(waiting) == 1, "a worker has it in hand, text and all"
    await data.erase(READER, who="reader")
    assert not await enforce(store, [(waiting[0].revision_id, decision(Outcome.PUBLISH))])
    assert await store.for_screening([one.revision_id for one in made.values()]) == []
    assert await store.unscreened(older_than=LATER + timedelta(days=1), limit=10) == []


async def test_a_comment_that_arrives_while_its_author_is_erased_does_not_stay(database: Database) -> None:
    desk = Desk.of(Store(database))
    doors = Privacy(desk.store, Outcomes(desk.store, None))
    for turn in range(5):
        await desk.intake.agree(READER, language="en", now=NOW)
        sends = [desk.intake.submit(submission(author=READER, text=f"{turn} {n}"), now=NOW) for n in range(8)]
        erases = doors.erase(READER, who="reader", now=LATER + timedelta(seconds=turn))
        answers = await asyncio.gather(*sends[:4], erases, *sends[4:], return_exceptions=True)
        assert {type(one) for one in answers if isinstance(one, Exception)} <= {TermsNotAgreed}
        assert (await doors.export(READER))["comments"] == []


async def test_a_moderators_late_press_is_told_that_it_is_gone(database: Database, data: ReaderData) -> None:
    made = await busy_reader(database)
    await data.erase(READER, who="reader")
    with pytest.raises(StaleRevision):
        await Desk.of(Store(database)).approve(made["held"])


async def test_who_writes_again_is_a_stranger(database: Database, data: ReaderData) -> None:
    await busy_reader(database)
    await data.erase(READER, who="reader")
    desk = Desk.of(Store(database))
    again = submission(author=READER, source_key=f"telegram:{PERSON}:11")
    with pytest.raises(TermsNotAgreed):
        await desk.intake.submit(again, now=LATER)
    await desk.intake.agree(READER, language="en", now=LATER)
    assert (await desk.intake.submit(again, now=LATER)).new
    assert len((await data.export(READER))["moderation"]["comments"]) == 1


async def test_updates_that_come_again_are_known_by_their_numbers(database: Database, data: ReaderData) -> None:
    await busy_reader(database)
    await data.erase(READER, who="reader")
    store = BotStore(database)
    assert await store.inbox.add([update(number) for number in (1, 2, 3, 4)], now=LATER) == 0
    assert await store.inbox.lease(at_most=10, lease_s=9, now=LATER) == []
    assert await data.is_covered(PERSON, 15) and await data.is_covered(PERSON, 32)
    assert not await data.is_covered(PERSON, 33)
    assert not await data.is_covered(1002, 15)


async def test_updates_after_the_one_that_asked_are_news(database: Database, data: ReaderData) -> None:
    await busy_reader(database)
    store = BotStore(database)
    await store.inbox.add([update(9, "/start")], now=NOW)
    await data.erase(READER, who="reader", before_update=9)
    assert [one.update_id for one in await store.inbox.lease(at_most=10, lease_s=9, now=LATER)] == [9]


class DiesAfterwards(Privacy):
    """The process ends between the two sides."""

    async def erase(self, author: str, **given: object) -> object:  # type: ignore[override]  # it never returns
        await super().erase(author, **given)  # type: ignore[arg-type]  # handed on as it came
        raise ConnectionError("killed")


async def test_an_erasure_that_died_between_the_two_sides_is_finished_by_another_process(
    database: Database, tmp_path: Path
) -> None:
    await busy_reader(database)
    store = Store(database)
    with pytest.raises(ConnectionError):
        await data_of(database, tmp_path, DiesAfterwards(store, Outcomes(store, None))).erase(READER, who="reader")
    assert f"subscribers: {NAME}" in await traces(database), "the bot's side still stands"
    for seconds in (1, 2):
        other = ReaderData(
            BotStore(database),
            Privacy(store, Outcomes(store, None)),
            listed_in=tmp_path / "erasures.jsonl",
            clock=lambda seconds=seconds: LATER + timedelta(seconds=seconds * (SETTLED_S + 1)),
        )
        assert await other.finish() == 1
    assert await traces(database) == []


async def test_what_was_in_flight_goes_a_minute_later_and_nothing_of_who_came_back(
    database: Database, data: ReaderData, tmp_path: Path
) -> None:
    await busy_reader(database)
    await data.erase(READER, who="reader", through_message=40)
    store = BotStore(database)
    await store.shown.note_story(PERSON, 35, story_id=1, now=LATER)
    await store.shown.note_story(PERSON, 45, story_id=1, now=LATER)
    await store.subscribers.subscribe(PERSON, name=NAME, language="ur", now=LATER)
    (one,) = await store.forgotten.unfinished(before=LATER + timedelta(hours=1))
    await store.forgotten.settle(one)
    assert await store.shown.story_of(PERSON, 35) is None
    assert await store.shown.story_of(PERSON, 45) is not None
    assert await store.subscribers.one(PERSON) is not None


async def test_an_erasure_is_listed_beside_the_database_without_saying_who(
    database: Database, data: ReaderData, tmp_path: Path
) -> None:
    await busy_reader(database)
    await data.erase(READER, who="reader")
    path = tmp_path / "erasures.jsonl"
    (listed,) = erasure_list.read(path)
    assert listed.erasure.author_hash == author_hash(READER)
    assert listed.through_message == 32
    assert str(PERSON) not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0
    await data.note_all()
    assert len(erasure_list.read(path)) == 1, "once"


ERASURE = {"author": "a" * 64, "erased_at": NOW.isoformat(), "who": "reader", "through_message": 7}


@pytest.mark.parametrize(
    "line",
    [
        '{"author": "x"}',
        "[" * 5000,
        json.dumps(ERASURE | {"who": "half \ud800"}),
        json.dumps(ERASURE | {"erased_at": "0001-01-01T00:00:00+14:00"}),
        json.dumps(ERASURE | {"through_message": 2**63}),
        json.dumps(ERASURE | {"through_message": -1}),
    ],
)
async def test_a_list_that_can_not_be_read_names_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "erasures.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(erasure_list.ListRefused, match="line 1"):
        erasure_list.read(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = '' WHERE comment_id = {other}",
        "UPDATE audit SET who = 'telegram:9' WHERE comment_id = {mine}",
        "UPDATE audit SET to_status = 'published' WHERE comment_id = {mine}",
        "UPDATE audit SET at = at + 1 WHERE comment_id = {mine}",
        "DELETE FROM audit WHERE comment_id = {mine}",
    ],
)
async def test_the_audit_gives_up_names_of_the_erased_and_nothing_else(
    database: Database, data: ReaderData, statement: str
) -> None:
    made = await busy_reader(database)
    await data.erase(READER, who="reader")
    text = statement.format(mine=made["published"].comment_id, other=made["answer"].comment_id)
    with pytest.raises(DBAPIError, match="audit"):
        async with database.write() as connection:
            await connection.execute(sa.text(text))


async def held_by_law(database: Database, accepted: Accepted) -> Privacy:
    store = Store(database)
    privacy = Privacy(store, Outcomes(store, None))
    assert await privacy.hold(accepted.comment_id, who="cli:ops", note="court 7/2026", now=NOW)
    return privacy


async def test_what_the_law_keeps_is_seen_by_nobody_and_goes_when_it_is_released(
    database: Database, data: ReaderData
) -> None:
    made = await busy_reader(database)
    kept = made["published"].comment_id
    privacy = await held_by_law(database, made["published"])
    assert (await data.export(READER))["moderation"]["comments"][0]["legal_hold_since"] is not None
    erased = await data.erase(READER, who="reader")
    assert erased.kept == (kept,)
    assert (await data.erase(READER, who="reader")).kept == (kept,)
    record = await Desk.of(Store(database)).record(made["published"])
    assert record.comment.latest.text == f"second {WORD}" and record.comment.author == READER
    assert record.comment.status is CommentStatus.WITHDRAWN and record.erased
    assert await Threads(Store(database)).shown(kept) is None
    assert f"outbox: {PERSON}" not in await traces(database)
    (hold,) = await privacy.legal_holds()
    assert hold.erasure_due
    assert (await privacy.release(kept, who="cli:ops", now=LATER)) == hold
    assert not [one for one in await traces(database) if not one.startswith("forgotten")]
    acts = [row.act for row in await Store(database).audit_of(kept)]
    assert acts[-1] == "legal_release" and "legal_hold" in acts


async def test_a_legal_hold_of_a_comment_that_stays_changes_nothing_for_its_readers(database: Database) -> None:
    made = await busy_reader(database)
    privacy = await held_by_law(database, made["published"])
    assert await Threads(Store(database)).shown(made["published"].comment_id) is not None
    assert not await privacy.hold(made["published"].comment_id, who="cli:ops", note="again", now=NOW)
    assert await privacy.release(made["published"].comment_id, who="cli:ops", now=NOW) is not None
    assert await privacy.release(made["published"].comment_id, who="cli:ops", now=NOW) is None
    assert await Threads(Store(database)).shown(made["published"].comment_id) is not None


async def test_there_is_nothing_to_keep_of_what_is_not_there_or_erased(database: Database, data: ReaderData) -> None:
    made = await busy_reader(database)
    await data.erase(READER, who="reader")
    privacy = Privacy(Store(database), Outcomes(Store(database), None))
    for comment_id in (made["held"].comment_id, 10**15):
        with pytest.raises(UnknownComment):
            await privacy.hold(comment_id, who="cli:ops", note="late", now=LATER)
