"""/mydata gives a reader everything; /forget takes it away for good, and whatever is replayed brings nothing back."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.backup import backup
from bot.restoring import restore
from bot.settings import BotSettings
from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.decision import Outcome
from moderation.enforcement import enforce
from moderation.outcomes import Outcomes
from moderation.privacy import Privacy
from moderation.queue import ScreeningQueue
from tests.builders import decision
from tests.integration.chat.talk import BILAL, EMMA, GROUP, MEERA, Talk, data_of, has_data, text_of
from tests.integration.sandbox_client import until
from tests.kept import every_row

WORD = "qandil"
LANGUAGES = ["en", "ur", "hi", "mr", "ar"]
EMMAS = re.compile(rf"{WORD}|Emma|(?<![0-9a-f]){EMMA}(?![0-9a-f])")
"""Her word, her name, or her number; four digits within a hash or within the millionths of a second are no trace."""


async def forgets(talk: Talk, person: int = EMMA) -> dict[str, Any]:
    """The person asks to be erased and confirms; the message that says so."""
    asked = await talk.sandbox.write(person, "/forget")
    question = await talk.sees(person, has_data("forget:yes"), after=asked["message_id"])
    await talk.press(person, question, "forget:yes")
    return await talk.sees(person, lambda one: text_of(one).startswith("Erased."), after=asked["message_id"])


async def remains(database: Database) -> list[str]:
    """Where a word, the name or the number of Emma stands, but for the note that is settled a minute later."""
    rows = await every_row(database)
    return [
        f"{table}: {row}"
        for table, found in rows.items()
        for row in found
        if table != "forgotten" and EMMAS.search(repr(row))
    ]


async def nothing_remains(talk: Talk) -> None:
    """The press itself is handled once it was answered; from then on nothing is left."""

    async def look() -> bool:
        return await remains(talk.ground.database) == []

    try:
        await until(look)
    except TimeoutError:
        assert await remains(talk.ground.database) == []  # says what it is that remains


async def document(talk: Talk, person: int = EMMA) -> tuple[str, dict[str, Any]]:
    """What the bot sends for /mydata: its lines, and the file."""
    asked = await talk.sandbox.write(person, "/mydata")
    sent = await talk.sees(person, lambda one: "document" in one, after=asked["message_id"])
    file = await talk.sandbox.call("getFile", file_id=sent["document"]["file_id"])
    address = f"{talk.sandbox.address}/file/bot42:SANDBOX/{file['file_path']}"
    async with talk.sandbox.http.get(address) as answer:
        assert answer.status == 200
        return text_of(sent), json.loads(await answer.read())


async def test_a_reader_gets_everything_that_is_kept_of_them(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    written = await talk.comments(story, f"a {WORD}")
    await talk.screen(Outcome.PUBLISH)
    await talk.told(written, "Published")
    lines, held = await document(talk)
    assert lines.startswith("Your data\nComments: 1\nStories sent to you: 1")
    assert held["reader"] == f"telegram:{EMMA}"
    (comment,) = held["moderation"]["comments"]
    assert comment["revisions"][0]["text"] == f"a {WORD}"
    assert held["bot"]["subscriber"][0]["name"] == "Emma"
    assert len(held["moderation"]["agreements"]) == 1


async def test_both_commands_may_be_written_in_capitals(talk: Talk) -> None:
    asked = await talk.sandbox.write(EMMA, "/MyData")
    await talk.sees(EMMA, lambda one: "document" in one, after=asked["message_id"])
    asked = await talk.sandbox.write(EMMA, "/FORGET")
    await talk.sees(EMMA, has_data("forget:yes"), after=asked["message_id"])


async def test_nobody_gets_what_is_kept_of_somebody_else(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.comments(story, f"a {WORD}")
    await talk.received()
    for wanted in (f"/mydata {EMMA}", f"/mydata telegram:{EMMA}"):
        asked = await talk.sandbox.write(BILAL, wanted)
        sent = await talk.sees(BILAL, lambda one: "document" in one, after=asked["message_id"])
        file = await talk.sandbox.call("getFile", file_id=sent["document"]["file_id"])
        async with talk.sandbox.http.get(f"{talk.sandbox.address}/file/bot42:SANDBOX/{file['file_path']}") as answer:
            assert WORD not in await answer.text()


async def test_erasing_is_asked_about_first_and_may_be_left(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.comments(story, f"a {WORD}")
    await talk.received()
    asked = await talk.sandbox.write(EMMA, "/forget")
    question = await talk.sees(EMMA, has_data("forget:no"), after=asked["message_id"])
    assert text_of(question).startswith("Erase everything?")
    await talk.press(EMMA, question, "forget:no")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("Nothing was erased"), after=asked["message_id"])
    assert await remains(talk.ground.database)


@pytest.mark.parametrize("by", ["somebody else's press", "a made-up word"])
async def test_nobody_else_can_erase_a_reader(talk: Talk, by: str) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.joins_and_agrees(BILAL)
    await talk.comments(story, f"a {WORD}")
    await talk.received()
    asked = await talk.sandbox.write(EMMA, "/forget")
    question = await talk.sees(EMMA, has_data("forget:yes"), after=asked["message_id"])
    if by == "somebody else's press":
        await talk.sandbox.control(
            "POST",
            f"users/{BILAL}/presses",
            {"chat_id": EMMA, "message_id": question["message_id"], "data": "forget:yes"},
        )
        await talk.settled(BILAL)
    else:
        answer = await talk.press(EMMA, question, f"forget:{BILAL}")
        assert answer is not None and answer["text"].startswith("This button no longer works")
    await talk.settled()
    assert await remains(talk.ground.database)


async def test_an_erased_reader_is_found_nowhere_and_the_cards_lose_their_words(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.joins_and_agrees(BILAL)
    first = await talk.comments(story, f"a {WORD} that stands")
    await talk.screen(Outcome.PUBLISH)
    await talk.told(first, "Published")
    await talk.held_comment(story, f"a {WORD} for a moderator")
    card = await talk.card()
    rejected = await talk.held_comment(story, f"a {WORD} that is rejected")
    other = await talk.card(after=card["message_id"])
    await talk.press(MEERA, other, data_of(other, "reject:"))
    clause = await talk.sees(GROUP, has_data("clause:"), after=card["message_id"])
    await talk.press(MEERA, clause, data_of(clause, "clause:"))
    await talk.told(rejected, "Not published")
    draft = await talk.sandbox.do(
        "POST", f"users/{EMMA}/presses", {"message_id": story["message_id"], "data": data_of(story, "comment:")}
    )
    assert draft
    await forgets(talk)
    await nothing_remains(talk)
    for shown in (card, other):
        emptied = await talk.sees(
            GROUP,
            lambda one, shown=shown: one["message_id"] == shown["message_id"] and text_of(one).startswith("Erased"),
        )
        assert WORD not in json.dumps(emptied) and "Emma" not in json.dumps(emptied)
    assert WORD not in json.dumps(await talk.sandbox.messages(GROUP))
    (told,) = {one["status"] for one in (await every_row(talk.ground.database))["comments"]}
    assert told == CommentStatus.WITHDRAWN


async def test_an_answers_card_loses_the_words_it_answers(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.joins_and_agrees(BILAL)
    first = await talk.comments(story, f"a {WORD} that stands")
    await talk.screen(Outcome.PUBLISH)
    await talk.told(first, "Published")
    asked = await talk.sandbox.write(BILAL, "/comments")
    shown = await talk.sees(BILAL, lambda one: WORD in text_of(one), after=asked["message_id"])
    await talk.sandbox.write(BILAL, "I disagree.", reply_to_message_id=shown["message_id"])
    await talk.screen(Outcome.HOLD)
    await talk.sees(GROUP, lambda one: WORD in text_of(one))
    await forgets(talk)
    emptied = await talk.sees(GROUP, lambda one: "I disagree." in text_of(one) and WORD not in text_of(one))
    assert has_data("approve:")(emptied), "and it can still be decided"


async def test_who_writes_again_begins_anew(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.comments(story, f"a {WORD}")
    await talk.received()
    said = await forgets(talk)
    press = await talk.press(EMMA, story, data_of(story, "comment:"))
    assert press is not None and press["text"].startswith("This button no longer works")
    again = await talk.joins()
    assert again["message_id"] > said["message_id"]
    await talk.comments(again, "Hello again.")
    await talk.sees(EMMA, has_data("agree:"), after=again["message_id"])
    assert (await every_row(talk.ground.database))["agreements"] == []


async def everything_in(redis: Redis) -> str:
    """Every key and value that Redis holds."""
    found: list[Any] = []
    async for key in redis.scan_iter():
        kind = await redis.type(key)
        found.append(key)
        if kind == "stream":
            found.append(await redis.xrange(key))
        elif kind == "string":
            found.append(await redis.get(key))
        elif kind == "hash":
            found.append(await redis.hgetall(key))
        elif kind == "list":
            found.append(await redis.lrange(key, 0, -1))
        elif kind == "zset":
            found.append(await redis.zrange(key, 0, -1))
    return repr(found)


@pytest.mark.parametrize("comes_back", [False, True])
async def test_whatever_is_replayed_brings_nothing_back(
    talk: Talk, redis: Redis, tmp_path: Path, comes_back: bool
) -> None:
    """Erased while queued; then the stream, the inbox and a backup are replayed: reappearances 0."""
    await talk.story()
    story = await talk.joins_and_agrees()
    written = await talk.comments(story, f"a {WORD} that waits in the queue")
    (pending,) = await talk.received()
    in_redis = await everything_in(redis)
    assert f"'{pending.revision_id}'" in in_redis and WORD not in in_redis and "Emma" not in in_redis, "numbers only"
    path = tmp_path / "before.zip"
    await asyncio.to_thread(backup, talk.settings, path, say=lambda table, rows: None)
    await forgets(talk)
    await nothing_remains(talk)

    queue = ScreeningQueue(redis, at_most=100)
    await queue.enqueue([pending.revision_id] * 3)
    assert not await enforce(talk.store, [(pending.revision_id, decision(Outcome.PUBLISH))])
    assert await talk.store.for_screening([pending.revision_id]) == []

    if comes_back:
        await talk.joins_and_agrees()
    agree = {"id": "1", "from": written["from"], "chat_instance": "1", "data": "agree:2026-11", "message": story}
    edit = {**written, "edit_date": written["date"] + 1, "text": f"another {WORD}"}
    replayed: list[dict[str, Any]] = []
    for beginning in (10**9, 2 * 10**9, 3 * 10**9):
        for number, (kind, content) in enumerate(
            [("message", written), ("edited_message", edit), ("callback_query", agree), ("message", written)]
        ):
            replayed.append({"update_id": beginning + number, kind: content})
    await talk.parts.poller.keep(replayed)  # type: ignore[arg-type]  # a list of dicts is what it is given

    async def handled() -> bool:
        return await talk.bot_store.inbox.waiting() == 0

    await until(handled)
    assert (await every_row(talk.ground.database))["comments"][1:] == [], "reappearances 0"
    if not comes_back:
        assert await remains(talk.ground.database) == []

    away = BotSettings(data_dir=tmp_path / "away")
    await asyncio.to_thread(restore, away, path, lists=[talk.settings.erasure_list()], say=lambda table, rows: None)
    restored = Database(away.database_address())
    assert await remains(restored) == []
    await restored.close()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_language_says_it(talk: Talk, language: str) -> None:
    await talk.story(language=language)
    await talk.joins(language=language)
    asked = await talk.sandbox.write(EMMA, "/mydata")
    await talk.sees(EMMA, lambda one: "document" in one, after=asked["message_id"])
    asked = await talk.sandbox.write(EMMA, "/forget")
    question = await talk.sees(EMMA, has_data("forget:yes"), after=asked["message_id"])
    await talk.press(EMMA, question, "forget:yes")

    async def nobody() -> bool:
        return await talk.bot_store.subscribers.one(EMMA) is None

    await until(nobody)
    await talk.sees(
        EMMA,
        lambda one: one["message_id"] == question["message_id"] and "reply_markup" not in one,
        after=asked["message_id"],
    )


async def test_what_the_law_keeps_is_said(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.comments(story, f"a {WORD}")
    (pending,) = await talk.received()
    doors = Privacy(talk.store, Outcomes(talk.store, None))
    await doors.hold(pending.comment_id, who="cli:ops", note="court 7/2026", now=datetime.now(UTC))
    lines, held = await document(talk)
    assert "Kept by law: 1." in lines
    assert held["moderation"]["comments"][0]["legal_hold_since"] is not None
    said = await forgets(talk)
    assert "By law we must keep the text of these comments for now: 1." in text_of(said)
