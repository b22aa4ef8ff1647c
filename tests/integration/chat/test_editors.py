"""Administrators push, correct and recall stories in Telegram; the subscribers' messages follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.store import UNWANTED
from moderation.switches import Switches
from tests.integration.chat.talk import EMMA, MEERA, OMAR, Message, Talk, buttons_of, data_of, now, text_of
from tests.integration.sandbox_client import until
from tests.planning import planned


def says(words: str) -> Callable[[Message], bool]:
    return lambda message: words in text_of(message)


async def asks(talk: Talk, command: str, words: str, **given: int) -> Message:
    """What the bot answers to the administrator's command, once it holds these words."""
    asked = await talk.sandbox.write(MEERA, command, **given)
    return await talk.sees(MEERA, says(words), after=asked["message_id"])


def choice(message: Message, act: str) -> str:
    return data_of(message, f"story:{act}:")


async def test_a_story_is_recalled_with_two_presses_and_its_readers_are_told(talk: Talk) -> None:
    story = await talk.story(title="The dam is open")
    await talk.joins_and_agrees()
    await talk.sees(EMMA, says("The dam is open"))
    asked = await asks(talk, f"/recall {story.url} It was not ours to tell.", "Take “The dam is open” back?")
    assert [one["text"] for one in buttons_of(asked)] == ["Take back", "Leave it"]
    await talk.press(MEERA, asked, choice(asked, "recall"))
    await talk.sees(MEERA, says("Taken back:"))
    told = await talk.sees(EMMA, says("taken back by the newsroom"))
    assert text_of(told).endswith("It was not ours to tell.")
    await talk.sees(MEERA, says("still to be changed: 0"))
    answer = await talk.press(MEERA, asked, choice(asked, "recall"))  # the button as it was before
    assert answer is not None and "already" in answer["text"]
    for command in ("push", "correct", "recall"):
        await asks(talk, f"/{command} {story.id}", "That story was taken back")


async def test_a_story_is_corrected_by_the_lines_below_the_command(talk: Talk) -> None:
    story = await talk.story(title="The dam is open")
    await talk.joins_and_agrees()
    await talk.sees(EMMA, says("The dam is open"))
    await asks(talk, f"/correct {story.id}", "How to correct")
    asked = await asks(talk, f"/correct {story.id}\nThe dam is <shut>\nNo water came.", "Correct “The dam is open”?")
    await talk.press(MEERA, asked, choice(asked, "correct"))
    told = await talk.sees(EMMA, says("The dam is <shut>"))
    assert "No water came." in text_of(told) and "Corrected by the newsroom" in text_of(told)


async def test_the_story_may_be_answered_and_all_that_follows_is_what_to_say(talk: Talk) -> None:
    await talk.story(title="The dam is open")
    await talk.joins(MEERA)
    alert = await talk.sees(MEERA, says("The dam is open"))
    under = {"reply_to_message_id": alert["message_id"]}
    first = text_of(alert).splitlines()[0]
    title = f"{alert['message_id']} gates shut at noon"  # begins with a number, and names no story by it
    asked = await asks(talk, f"/correct {title}", f"Correct “{first}”?", **under)
    await talk.press(MEERA, asked, choice(asked, "correct"))
    await talk.sees(MEERA, says(f"{title}\n"))
    await asks(talk, f"/correct {'long ' * 100}", "at most 300", **under)
    await asks(talk, f"/recall {'long ' * 100}", "at most 120", **under)
    asked = await asks(talk, "/recall Because it was wrong", "Why: Because it was wrong", **under)
    await talk.press(MEERA, asked, choice(asked, "recall"))
    told = await talk.sees(MEERA, says("taken back by the newsroom"))
    assert text_of(told).endswith("newsroom. Because it was wrong")


async def test_a_recalled_story_takes_no_comment_whatever_the_switches_say(talk: Talk) -> None:
    story = await talk.story(title="The dam is open")
    alert = await talk.joins_and_agrees()
    asked = await asks(talk, f"/recall {story.id}", "Take “The dam is open” back?")
    await talk.press(MEERA, asked, choice(asked, "recall"))
    await talk.sees(EMMA, says("taken back by the newsroom"))
    (switch,) = await talk.store.active_switches()
    await Switches(talk.store).end(switch.id, who="cli:desk", name="desk", now=now())
    before = await talk.comments(alert, "And what of the gates?")
    await talk.sees(EMMA, says("are closed"), after=before["message_id"])
    opened = await talk.sandbox.write(EMMA, f"/start s{story.id}")
    await talk.sees(EMMA, says("taken back by the newsroom"), after=opened["message_id"])
    await talk.settled()
    assert not any("Write your comment" in text for text in await talk.said_by_bot(EMMA, after=opened["message_id"]))


async def test_a_push_says_first_to_how_many_it_goes(talk: Talk) -> None:
    await talk.story()
    await talk.joins_and_agrees()
    story = await talk.story("gates", title="The dam is open")
    asked = await asks(talk, f"/push {story.url}", "Push “The dam is open”?")
    assert "one subscriber who does not have it" in text_of(asked)
    await talk.press(MEERA, asked, choice(asked, "push"))
    await talk.sees(EMMA, says("The dam is open"))


async def test_what_was_left_is_left(talk: Talk) -> None:
    story = await talk.story(title="The dam is open")
    asked = await asks(talk, f"/recall {story.id}", "Take “The dam is open” back?")
    await talk.press(MEERA, asked, choice(asked, "leave"))
    left = await talk.sees(MEERA, says("Left as it is"))
    assert buttons_of(left) == []
    known = await talk.bot_store.stories.one(story.id)
    assert known is not None and known.recalled_at is None


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/recall", "Which story?"),
        ("/push 999", "I know no story"),
        ("/correct https://news.example/none", "I know no"),
    ],
)
async def test_a_story_nobody_knows_is_asked_for(talk: Talk, command: str, words: str) -> None:
    await asks(talk, command, words)


async def test_for_others_the_commands_are_unknown_and_the_buttons_refused(talk: Talk) -> None:
    story = await talk.story(title="The dam is open")
    asked = await asks(talk, f"/recall {story.id}", "Take “The dam is open” back?")
    for person in (EMMA, OMAR):
        await talk.sandbox.write(person, "/start")
        written = await talk.sandbox.write(person, f"/recall {story.id}")
        await talk.sees(person, says("I don’t know that command"), after=written["message_id"])
    mine = await talk.sees(OMAR, says("I don’t know that command"))
    answer = await talk.press(OMAR, mine, choice(asked, "recall"))
    assert answer is not None and "Only administrators" in answer["text"]
    known = await talk.bot_store.stories.one(story.id)
    assert known is not None and known.recalled_at is None


async def test_an_editor_sees_how_far_a_push_is_until_nothing_is_left_and_asks_again(talk: Talk) -> None:
    story = await talk.story(title="The dam is open")
    await talk.joins(EMMA)
    await talk.joins(OMAR)
    late = await talk.story("late", title="The late one")
    await talk.ground.limiter.pause(OMAR, for_s=5)
    asked = await asks(talk, f"/push {late.url}", "Push “The late one”?")
    await talk.press(MEERA, asked, choice(asked, "push"))
    under_way = await talk.sees(MEERA, says("waiting: 1"))
    assert buttons_of(under_way) == []
    done = await talk.sees(MEERA, says("Nothing is left to do now."))
    assert done["message_id"] == under_way["message_id"]
    assert text_of(done).startswith("The late one\n████████████████████ 100 %\nSent: 2 · waiting: 0")

    async def is_followed_no_more() -> bool:
        return await talk.bot_store.shown.noted("progress:") == {}

    await until(is_followed_no_more)
    await talk.parts.progress.follow(MEERA, story, message_id=done["message_id"])
    again = await talk.sees(MEERA, says("The dam is open\n█"))
    assert again["message_id"] == done["message_id"]


async def test_an_editor_is_told_of_whom_a_story_did_not_reach_and_why(talk: Talk) -> None:
    await talk.story(title="The dam is open")
    for person in (EMMA, OMAR, MEERA):
        await talk.joins(person)
    late, lost = await talk.story("late", title="The late one"), talk.bot_store.deliveries
    await planned(talk.bot_store, late, now=now() + timedelta(hours=1))
    for delivery in await lost.lease(at_most=9, lease_s=60, clock=lambda: now() + timedelta(hours=1)):
        reasons = {EMMA: "Forbidden: bot was blocked by the user", OMAR: UNWANTED, MEERA: "Bad Request: no"}
        await lost.failed(delivery, error=reasons[delivery.subscriber_id])
    await talk.parts.progress.follow(MEERA, late)
    told = await talk.sees(MEERA, says("Nothing is left to do now."))
    assert "Not sent: 1 blocked the bot · 1 left meanwhile · 0 recalled · 1 refused" in text_of(told)


async def test_a_pinned_story_is_first_for_its_hours_and_a_muted_one_is_not_among_the_best(talk: Talk) -> None:
    first, second = await talk.story(title="The dam is open"), await talk.story("port", title="The port is shut")

    async def best() -> list[str]:
        return [story.title for story in await talk.parts.schedule.top_stories("en", at_most=5)]

    for story in (first, second):
        await asks(talk, f"/pin {story.id}", f"Pinned: “{story.title}” is first of the top stories for 24 hours")
        assert (await best())[0] == story.title
    await asks(talk, f"/PIN {first.id} 36", "for 36 hours")
    assert await best() == ["The dam is open", "The port is shut"]
    await asks(talk, f"/unpin {first.url}", "stands where it comes by itself")
    assert await best() == ["The port is shut", "The dam is open"]
    await asks(talk, f"/mute {second.id}", "is not among the top stories")
    assert await best() == ["The dam is open"]
    await asks(talk, f"/unmute {second.id}", "may be among the top stories again")
    assert set(await best()) == {"The dam is open", "The port is shut"}
    await asks(talk, f"/mute {second.id}", "Muted:")
    await asks(talk, f"/pin {second.id}", "Pinned:")
    assert (await best())[0] == "The port is shut", "who pins a muted story wants it seen"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/pin", "Which story?"),
        ("/mute nonsense", "I know no story of that name"),
        ("/pin {} 0", "1 to 336 hours"),
        ("/pin {} 999", "1 to 336 hours"),
        ("/pin {} soon", "only a number of hours"),
        ("/pin {} 1e3", "only a number of hours"),
        ("/pin {} ١٢", "only a number of hours"),
    ],
)
async def test_a_pin_that_cannot_be_says_how_to_give_one(talk: Talk, command: str, told: str) -> None:
    story = await talk.story(title="The dam is open")
    await asks(talk, command.format(story.id), told)
    kept = await talk.bot_store.stories.one(story.id)
    assert kept is not None
    assert kept.pinned_until is None


async def test_only_administrators_pin_and_mute(talk: Talk) -> None:
    story = await talk.story(title="The dam is open")
    await talk.joins(OMAR)
    for command in ("pin", "unpin", "mute", "unmute"):
        asked = await talk.sandbox.write(OMAR, f"/{command} {story.id}")
        await talk.sees(OMAR, lambda one: "/help" in text_of(one), after=asked["message_id"])
    kept = await talk.bot_store.stories.one(story.id)
    assert kept is not None
    assert (kept.pinned_until, kept.muted) == (None, False)


async def test_a_recalled_story_is_neither_pinned_nor_muted(talk: Talk) -> None:
    story = await talk.story(title="The dam is open")
    await talk.bot_store.amendments.recall(story, note="", now=now())
    for command in ("pin", "unpin", "mute", "unmute"):
        await asks(talk, f"/{command} {story.id}", "That story was taken back")
