"""A story corrected or recalled: every message that shows it says so, at a real sandbox, through kills and faults."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiogram import Bot
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.amending import HOLDER_S, Amender
from bot.delivery import Sender
from bot.editing import Amended, StoryRefused, editor_of
from bot.keyboards import Links
from bot.limiter import Limiter, Rates
from bot.settings import BotSettings
from bot.store import Behind, BotStore
from bot.story import FeedStory, Story
from bot.telegram import make_bot
from moderation.database import Database
from moderation.store import Store
from moderation.switches import Switches
from tests.integration.processes import baithak
from tests.integration.sandbox_client import BILAL, EMMA, MEERA, OMAR, Sandbox, sandbox_running
from tests.planning import planned

EVERYBODY = (EMMA, BILAL, MEERA, OMAR)
UNLIMITED = Rates(per_s=2000, chat_at_most=10_000, group_at_most=10_000)
URL = "https://news.example/quay"


async def no_counts(stories: Sequence[str]) -> dict[str, int]:
    return {}


@dataclass
class Newsroom:
    """Subscribers at a sandbox, who sends to them and who mends; the time is the test's."""

    sandbox: Sandbox
    bot: Bot
    settings: BotSettings
    store: BotStore
    sender: Sender
    amenders: list[Amender]
    clock: list[datetime] = field(default_factory=lambda: [datetime.now(UTC)])

    async def story(self, **given: Any) -> Story:
        values = {"title": "The quay is longer", "summary": "Two lines.", "language": "en", "section": "world"}
        told = FeedStory(url=URL, published_at=self.clock[0], **(values | given))
        (story,) = await self.store.stories.add([told], now=self.clock[0])
        return story

    async def sent(self, **given: Any) -> Story:
        """A story that everybody has."""
        story = await self.story(**given)
        await planned(self.store, story, now=self.clock[0])
        await self.send()
        return story

    async def send(self) -> None:
        await self.sender.send_due()
        await self.sender.settled(within_s=30)

    async def corrects(self, **given: str | None) -> Amended:
        options: dict[str, str | None] = {"title": None, "summary": None, "note": None}
        async with editor_of(self.settings) as editor:
            return await editor.correct(await editor.known(URL), **(options | given))

    async def recalls(self, note: str | None = None) -> Amended:
        async with editor_of(self.settings) as editor:
            return await editor.recall(await editor.known(URL), note=note, who="operator", name="operator")

    async def amended(self) -> None:
        for _ in range(20):
            if await self.amenders[0].amend_waiting():
                return
        raise AssertionError("messages are still behind")

    async def seen(self, person: int) -> list[str]:
        """What the bot's messages to the person say now."""
        messages = await self.sandbox.messages(person)
        return [one.get("text") or one.get("caption", "") for one in messages if one["from"]["is_bot"]]


@pytest.fixture
async def newsroom(database: Database, database_address: str, redis: Redis) -> AsyncIterator[Newsroom]:
    async with sandbox_running() as sandbox:
        await sandbox.do("PUT", "limits", {"enabled": False})
        await sandbox.start(*EVERYBODY)
        at_sandbox = BotSettings(sandbox_port=urlsplit(sandbox.address).port or 0)
        bot = make_bot(at_sandbox, Limiter(redis, rates=UNLIMITED), alerts=True)
        clock = [datetime.now(UTC)]
        store, links = BotStore(database), Links("desk_bot")
        for person, language in zip(EVERYBODY, ("en", "en", "en", "ur"), strict=True):
            await store.subscribers.subscribe(person, name="Reader", language="en", now=clock[0])
            await store.subscribers.set_language(person, language)
        await store.subscribers.set_language(OMAR, "en")
        sender = Sender(bot, alerts=bot, store=store, links=links, counts=no_counts, clock=lambda: clock[0])
        amenders = [Amender(bot, store=store, links=links, counts=no_counts, clock=lambda: clock[0]) for _ in range(2)]
        settings = BotSettings(database_url=SecretStr(database_address))
        yield Newsroom(sandbox, bot, settings, store, sender, amenders, clock)
        await bot.session.close()


async def test_a_correction_reaches_every_message_and_whoever_gets_the_story_later(newsroom: Newsroom) -> None:
    story = await newsroom.sent()
    await newsroom.sender.show(EMMA, story, language="en")  # as /top does: a second message with it
    done = await newsroom.corrects(title="The quay is shorter", note="We had it the wrong way round.")
    assert (done.messages, done.stopped) == (len(EVERYBODY) + 1, 0)
    await newsroom.amended()
    for person in EVERYBODY:
        for text in await newsroom.seen(person):
            assert text.startswith("The quay is shorter\nTwo lines.\nWorld\n✎ Corrected")
            assert text.endswith("We had it the wrong way round.")
    assert len(await newsroom.seen(EMMA)) == 2
    assert await newsroom.store.amendments.count_behind(done.story) == 0
    assert await newsroom.store.amendments.waiting() == []
    late = await newsroom.store.stories.one(story.id)
    assert late is not None
    await newsroom.sender.show(BILAL, late, language="en")
    assert len(set(await newsroom.seen(BILAL))) == 1


async def test_the_buttons_stay_after_a_correction_and_go_with_a_recall(newsroom: Newsroom) -> None:
    await newsroom.sent()
    await newsroom.corrects(title="The quay is shorter")
    await newsroom.amended()
    (message,) = [one for one in await newsroom.sandbox.messages(EMMA) if one["from"]["is_bot"]]
    assert message["reply_markup"]["inline_keyboard"]
    await newsroom.recalls()
    await newsroom.amended()
    (message,) = [one for one in await newsroom.sandbox.messages(EMMA) if one["from"]["is_bot"]]
    assert "reply_markup" not in message


async def test_each_reader_is_told_in_their_language(newsroom: Newsroom) -> None:
    await newsroom.sent()
    await newsroom.store.subscribers.set_language(OMAR, "ur")
    await newsroom.recalls()
    await newsroom.amended()
    assert await newsroom.seen(EMMA) == ["This story was taken back by the newsroom."]
    assert await newsroom.seen(OMAR) == ["ادارے نے یہ خبر واپس لے لی ہے۔"]


async def test_a_recall_stops_what_is_not_sent_yet_and_nobody_gets_the_story_afterwards(newsroom: Newsroom) -> None:
    story = await newsroom.story()
    await planned(newsroom.store, story, now=newsroom.clock[0])
    leased = await newsroom.store.deliveries.lease(at_most=2, lease_s=1, clock=lambda: newsroom.clock[0])
    done = await newsroom.recalls("It was not ours to tell.")
    assert (len(leased), done.messages, done.stopped) == (2, 0, 2)
    newsroom.clock[0] += timedelta(seconds=2)  # the two that a sender had, and did not send, come again
    await newsroom.send()
    for person in EVERYBODY:
        assert await newsroom.seen(person) == []
    assert await newsroom.store.deliveries.counts(story.id) == {"failed": len(EVERYBODY)}
    assert await newsroom.store.stories.newest(language=None, section=None, before=None, at_most=5) == []


async def test_a_message_on_its_way_during_a_recall_is_amended_too(newsroom: Newsroom) -> None:
    await newsroom.sandbox.do(
        "PUT", "faults", {"faults": [{"kind": "latency", "methods": ["sendMessage"], "ms": 2000}]}
    )
    story = await newsroom.story()
    await planned(newsroom.store, story, now=newsroom.clock[0])
    await newsroom.sender.send_due()
    await asyncio.sleep(1.2)  # until all are on their way, on a busy machine too
    assert (await newsroom.recalls()).messages == 0
    assert await newsroom.amenders[0].amend_waiting()  # nothing is there to be changed yet
    await newsroom.sender.settled(within_s=30)
    await newsroom.amended()
    for person in EVERYBODY:
        assert await newsroom.seen(person) == ["This story was taken back by the newsroom."]


@pytest.mark.parametrize(("hours", "pictures"), [(1, 0), (72, 1)])
async def test_a_picture_goes_with_a_recall_while_telegram_lets_it_go(
    newsroom: Newsroom, hours: int, pictures: int
) -> None:
    await newsroom.sent(picture=await newsroom.sandbox.picture(EMMA))
    newsroom.clock[0] += timedelta(hours=hours)
    await newsroom.recalls()
    await newsroom.amended()
    (message,) = [one for one in await newsroom.sandbox.messages(EMMA) if one["from"]["is_bot"]]
    assert ("photo" in message) == bool(pictures)
    assert await newsroom.seen(EMMA) == ["This story was taken back by the newsroom."]


async def test_a_caption_is_corrected_as_a_text_is(newsroom: Newsroom) -> None:
    await newsroom.sent(picture=await newsroom.sandbox.picture(EMMA))
    await newsroom.corrects(title="The quay is shorter")
    await newsroom.amended()
    for person in EVERYBODY:
        assert (await newsroom.seen(person))[0].startswith("The quay is shorter\n")


async def test_messages_that_are_gone_or_can_not_be_changed_keep_none_of_the_others(newsroom: Newsroom) -> None:
    await newsroom.sent()
    await newsroom.sandbox.do("POST", f"users/{BILAL}/block")
    (message,) = [one for one in await newsroom.sandbox.messages(OMAR) if one["from"]["is_bot"]]
    await newsroom.bot.delete_message(OMAR, message["message_id"])
    await newsroom.corrects(title="The quay is shorter")
    await newsroom.amended()
    assert (await newsroom.seen(MEERA))[0].startswith("The quay is shorter")
    assert await newsroom.store.amendments.waiting() == []


async def test_what_telegram_did_not_answer_for_is_tried_again(newsroom: Newsroom) -> None:
    await newsroom.sent()
    await newsroom.sandbox.do(
        "PUT", "faults", {"faults": [{"kind": "error", "methods": ["editMessageText"], "count": 3}]}
    )
    await newsroom.corrects(title="The quay is shorter")
    assert not await newsroom.amenders[0].amend_waiting()
    await newsroom.amended()
    for person in EVERYBODY:
        assert (await newsroom.seen(person))[0].startswith("The quay is shorter")


async def test_another_goes_on_where_the_one_that_edited_died(newsroom: Newsroom) -> None:
    await newsroom.sent()
    await newsroom.corrects(title="The quay is shorter")
    assert await newsroom.store.shown.take("amending", holder="dead", lasts_s=HOLDER_S, now=newsroom.clock[0])
    assert not await newsroom.amenders[1].amend_waiting()
    assert (await newsroom.seen(EMMA))[0].startswith("The quay is longer")
    newsroom.clock[0] += timedelta(seconds=HOLDER_S + 1)
    assert await newsroom.amenders[1].amend_waiting()
    assert (await newsroom.seen(EMMA))[0].startswith("The quay is shorter")


async def test_an_edit_that_was_not_noted_is_done_once_more_and_changes_nothing(newsroom: Newsroom) -> None:
    story = await newsroom.sent()
    await newsroom.corrects(title="The quay is shorter")
    corrected = await newsroom.store.stories.one(story.id)
    assert corrected is not None
    page = await newsroom.store.amendments.behind(corrected, before=None, at_most=9)
    await newsroom.amenders[0]._amend_page(corrected, page)
    async with newsroom.store.database.write() as connection:
        await connection.exec_driver_sql("UPDATE shown SET revision = 0")
    await newsroom.amended()
    assert (await newsroom.seen(EMMA))[0].startswith("The quay is shorter")


async def test_feeds_do_not_undo_what_an_editor_said(newsroom: Newsroom) -> None:
    await newsroom.sent()
    await newsroom.corrects(title="The quay is shorter")
    again = FeedStory(URL, "The quay is longer", "Two lines.", "en", "world", newsroom.clock[0])
    assert await newsroom.store.stories.add([again], now=newsroom.clock[0]) == []
    story = await newsroom.store.stories.by_address(URL)
    assert story is not None
    assert story.title == "The quay is shorter"


async def test_a_recalled_story_takes_no_comments_and_is_neither_pushed_nor_corrected(newsroom: Newsroom) -> None:
    story = await newsroom.sent()
    await newsroom.recalls("It was not ours to tell.")
    state = await Switches(Store(newsroom.store.database)).state_of(
        story.url, section=None, published_at=None, now=newsroom.clock[0]
    )
    assert not state.open
    with pytest.raises(StoryRefused, match="taken back"):
        await newsroom.recalls()
    with pytest.raises(StoryRefused, match="taken back"):
        await newsroom.corrects(title="Again")
    with pytest.raises(StoryRefused, match="taken back"):
        async with editor_of(newsroom.settings) as editor:
            await editor.to_push(URL)
    recalled = await newsroom.store.stories.one(story.id)
    assert recalled is not None
    await newsroom.sender.show(EMMA, recalled, language="en")  # by a link that somebody shared
    assert (await newsroom.seen(EMMA))[-1].startswith("This story was taken back by the newsroom. It was not")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "--title or --summary"),
        ({"title": " "}, "--title"),
        ({"title": "A \udcff title"}, "--title"),
        ({"summary": "x", "note": "\udcff"}, "--note"),
        ({"summary": "x", "note": "x" * 121}, "at most 120"),
        ({"title": "x" * 301}, "at most 300"),
    ],
)
async def test_a_correction_that_says_nothing_is_refused(newsroom: Newsroom, given: dict[str, str], word: str) -> None:
    await newsroom.sent()
    with pytest.raises(StoryRefused, match=word):
        await newsroom.corrects(**given)
    with pytest.raises(StoryRefused, match="no story is known"):
        async with editor_of(newsroom.settings) as editor:
            await editor.known("https://news.example/none")


async def test_the_loop_goes_on_when_the_database_was_away(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    await newsroom.sent()
    await newsroom.corrects(title="The quay is shorter")
    waiting = newsroom.store.amendments.waiting
    failures = iter([OSError("the database is away")])

    async def breaks_once() -> list[Story]:
        for error in failures:
            raise error
        return await waiting()

    monkeypatch.setattr(newsroom.store.amendments, "waiting", breaks_once)
    monkeypatch.setattr("bot.amending.LOOK_EVERY_S", 0.01)
    running = asyncio.create_task(newsroom.amenders[0].run())
    async with asyncio.timeout(20):
        while not (await newsroom.seen(EMMA))[0].startswith("The quay is shorter"):
            await asyncio.sleep(0.05)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_recall_goes_before_a_correction_that_is_under_way(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.amending.AT_ONCE", 1)
    await newsroom.sent()
    await newsroom.corrects(title="The quay is shorter")
    amend_page, pages = newsroom.amenders[0]._amend_page, list[int]()

    async def recalled_after_the_first(story: Story, page: list[Behind]) -> None:
        await amend_page(story, page)
        pages.append(story.revision)
        if len(pages) == 1:
            await newsroom.recalls()

    monkeypatch.setattr(newsroom.amenders[0], "_amend_page", recalled_after_the_first)
    await newsroom.amended()
    assert pages == [1, 2, 2, 2, 2]
    for person in EVERYBODY:
        assert await newsroom.seen(person) == ["This story was taken back by the newsroom."]


async def test_what_an_older_word_was_written_over_is_amended_once_more(newsroom: Newsroom) -> None:
    story = await newsroom.sent()
    corrected = (await newsroom.corrects(title="The quay is shorter")).story
    late = await newsroom.store.amendments.behind(corrected, before=None, at_most=9)
    await newsroom.recalls()
    await newsroom.amended()
    await newsroom.amenders[1]._amend_page(corrected, late)  # of one that lost its turn in the middle of it
    assert (await newsroom.seen(EMMA))[0].startswith("The quay is shorter")
    assert [one.id for one in await newsroom.store.amendments.waiting()] == [story.id]
    await newsroom.amended()
    assert await newsroom.seen(EMMA) == ["This story was taken back by the newsroom."]


async def test_no_message_noted_beside_the_end_is_left_behind(newsroom: Newsroom) -> None:
    story = await newsroom.story()
    corrected = (await newsroom.corrects(title="The quay is shorter")).story

    async def ends() -> None:
        for _ in range(40):
            await newsroom.store.amendments.finish(corrected)

    async def notes(first: int) -> None:
        for number in range(first, first + 10):
            await newsroom.store.shown.note_alert(number, 1, story=story, now=newsroom.clock[0])

    await asyncio.gather(ends(), *(notes(first) for first in range(10_000, 10_100, 10)))
    assert await newsroom.store.amendments.count_behind(corrected) == 100
    assert [one.id for one in await newsroom.store.amendments.waiting()] == [story.id]


async def test_two_corrections_at_once_are_both_kept(newsroom: Newsroom) -> None:
    story = await newsroom.story()
    correct = newsroom.store.amendments.correct
    given = {"note": "", "now": newsroom.clock[0]}
    await asyncio.gather(
        correct(story, title="The quay is shorter", summary=None, **given),
        correct(story, title=None, summary="By a metre.", **given),
    )
    now = await newsroom.store.stories.one(story.id)
    assert now is not None
    assert (now.title, now.summary, now.revision) == ("The quay is shorter", "By a metre.", 2)


async def test_a_recall_that_died_before_it_closed_the_comments_is_completed_by_the_next(newsroom: Newsroom) -> None:
    story = await newsroom.sent()
    await newsroom.store.amendments.recall(story, note="", now=newsroom.clock[0])
    with pytest.raises(StoryRefused, match="already"):
        await newsroom.recalls()
    switches = await Switches(Store(newsroom.store.database)).active()
    assert [switch.target for switch in switches] == [story.url]


async def test_the_turn_is_given_back_at_a_graceful_stop(newsroom: Newsroom) -> None:
    await newsroom.sent()
    await newsroom.corrects(title="The quay is shorter")
    running = asyncio.create_task(newsroom.amenders[0].run())
    async with asyncio.timeout(20):
        while not (await newsroom.seen(EMMA))[0].startswith("The quay is shorter"):
            await asyncio.sleep(0.05)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await newsroom.recalls()
    assert await newsroom.amenders[1].amend_waiting()


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    var = tmp_path / "var"
    assert baithak(var, "db", "upgrade").returncode == 0
    assert baithak(var, "story", "push", URL, "--title", "The quay is longer").returncode == 0
    corrected = baithak(var, "story", "correct", URL, "--title", "The quay is shorter", "--wait")
    assert (corrected.returncode, "is corrected" in corrected.stdout) == (0, True), corrected.stderr
    assert "every message is changed" in corrected.stdout
    recalled = baithak(var, "story", "recall", "1", "--note", "Not ours to tell.")
    assert (recalled.returncode, "is taken back" in recalled.stdout) == (0, True), recalled.stderr
    again = baithak(var, "story", "recall", URL)
    assert (again.returncode, "already" in again.stderr) == (1, True)
