"""A reader as a subscriber."""

from __future__ import annotations

import re

import pytest

from bot.messages import stories
from bot.messages.texts import LANGUAGE_NAMES
from tests.integration.chat.talk import (
    BILAL,
    EMMA,
    MEERA,
    OMAR,
    Message,
    Talk,
    buttons_of,
    data_of,
    has_data,
    now,
    text_of,
)
from tests.integration.sandbox_client import until


async def test_the_five_languages_are_offered_each_under_its_own_name(talk: Talk) -> None:
    await talk.sandbox.write(EMMA, "/start")
    offered = await talk.sees(EMMA, has_data("lang:"))
    assert [one["text"] for one in buttons_of(offered)] == list(LANGUAGE_NAMES.values())


async def test_the_press_sends_a_story_and_offers_sections_beside_it(talk: Talk) -> None:
    story = await talk.story()
    shown = await talk.joins()
    assert story.title in text_of(shown)
    assert [one["text"] for one in buttons_of(shown)] == [
        "Comment",
        "Comments (0)",
        "Read",
        "Share",
        "Stop sending stories",
    ]
    sections = await talk.sees(EMMA, has_data("settings:"))
    assert text_of(sections).startswith("Welcome")


async def test_one_press_under_a_story_ends_the_stories_and_leaves_it_as_it_is(talk: Talk) -> None:
    await talk.story()
    shown = await talk.joins()
    for said in ("I have stopped", "I am not sending"):
        answer = await talk.press(EMMA, shown, "stop")
        assert answer is not None
        assert answer["text"].startswith(said)
        assert answer["show_alert"]
    subscriber = await talk.bot_store.subscribers.one(EMMA)
    assert subscriber is not None
    assert not subscriber.active
    after = await talk.sees(EMMA, lambda one: one["message_id"] == shown["message_id"])
    assert (text_of(after), buttons_of(after)) == (text_of(shown), buttons_of(shown))


async def test_a_story_in_another_language_comes_with_its_own_words(talk: Talk) -> None:
    await talk.story(language="ur", title="بند بھر گیا")
    shown = await talk.joins(BILAL, language="ur")
    assert buttons_of(shown)[0]["text"] == "تبصرہ کیجیے"


async def test_without_a_story_the_reader_is_told_so(talk: Talk) -> None:
    await talk.sandbox.write(EMMA, "/start")
    await talk.press(EMMA, await talk.sees(EMMA, has_data("lang:")), "lang:en")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("There is no story"))


async def test_a_second_press_on_the_language_sends_no_second_story(talk: Talk) -> None:
    await talk.story("dam"), await talk.story("port")
    await talk.joins()
    choice = await talk.sees(EMMA, has_data("settings:"))
    await talk.press(EMMA, choice, "lang:en")
    await talk.settled()
    assert len(await talk.bot_store.deliveries.received(EMMA)) == 1


async def test_a_section_is_switched_in_place_and_twice_the_same_changes_nothing(talk: Talk) -> None:
    await talk.story()
    await talk.joins()
    choice = await talk.sees(EMMA, has_data("settings:"))
    for _ in range(2):
        await talk.press(EMMA, choice, "settings:add:sport")
    shown = await talk.sees(EMMA, lambda one: "Sections: Sport" in text_of(one))
    assert shown["message_id"] == choice["message_id"]
    subscriber = await talk.bot_store.subscribers.one(EMMA)
    assert subscriber is not None and subscriber.sections == {"sport"}
    await talk.press(EMMA, choice, "settings:all")
    await talk.sees(EMMA, lambda one: "Sections: All sections" in text_of(one))


async def test_stop_ends_and_start_resumes(talk: Talk) -> None:
    await talk.story()
    await talk.joins()
    await talk.sandbox.write(EMMA, "/stop")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("I have stopped"))
    subscriber = await talk.bot_store.subscribers.one(EMMA)
    assert subscriber is not None and not subscriber.active
    await talk.sandbox.write(EMMA, "/stop")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("I am not sending"))
    choice = await talk.sees(EMMA, has_data("settings:"))
    await talk.press(EMMA, choice, "settings:resume")
    subscriber = await talk.bot_store.subscribers.one(EMMA)
    assert subscriber is not None and subscriber.active
    await talk.sandbox.write(EMMA, "/stop")
    await talk.sandbox.write(EMMA, "/start")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("Stories come again."))
    await talk.settled()
    subscriber = await talk.bot_store.subscribers.one(EMMA)
    assert subscriber is not None and subscriber.active


async def test_who_has_stopped_and_chooses_another_language_gets_no_stories(talk: Talk) -> None:
    await talk.story(), await talk.story(language="ur", title="بند بھر گیا")
    await talk.joins()
    await talk.sandbox.write(EMMA, "/stop")
    asked = await talk.sandbox.write(EMMA, "/language")
    choice = await talk.sees(EMMA, has_data("lang:"), after=asked["message_id"])
    await talk.press(EMMA, choice, "lang:ur")
    shown = await talk.sees(EMMA, has_data("settings:resume"), after=asked["message_id"])
    assert shown["message_id"] == choice["message_id"] and "اردو" in text_of(shown)
    await talk.settled()
    subscriber = await talk.bot_store.subscribers.one(EMMA)
    assert subscriber is not None and not subscriber.active and subscriber.language == "ur"
    assert len(await talk.bot_store.deliveries.received(EMMA)) == 1


@pytest.mark.parametrize("stories", [1, 2])
async def test_who_starts_again_gets_a_story_again_and_pressing_twice_brings_one(talk: Talk, stories: int) -> None:
    for number in range(stories):
        await talk.story(f"dam-{number}")
    await talk.joins()
    for _ in range(2):  # the second time everything was sent before
        started = await talk.sandbox.write(EMMA, "/start")
        choice = await talk.sees(EMMA, has_data("lang:"), after=started["message_id"])
        for _ in range(2):
            await talk.press(EMMA, choice, data_of(choice, "lang:en"))
        await talk.sees(EMMA, has_data("comment:"), after=started["message_id"])
        await talk.settled()
        seen = await talk.sandbox.messages(EMMA, started["message_id"])
        assert len([one for one in seen if has_data("comment:")(one)]) == 1


@pytest.mark.parametrize("language", sorted(LANGUAGE_NAMES))
async def test_settings_say_whether_stories_are_sent(talk: Talk, language: str) -> None:
    on, off = (stories.settings(language=language, sections=[], active=active, hours="–") for active in (True, False))
    assert on != off
    await talk.story(language=language)
    await talk.joins(language=language)
    await talk.sandbox.write(EMMA, "/settings")
    await talk.sees(EMMA, lambda one: text_of(one).splitlines()[-1:] == on.splitlines()[-1:])
    await talk.sandbox.write(EMMA, "/stop")
    await talk.sandbox.write(EMMA, "/SETTINGS")
    await talk.sees(EMMA, lambda one: text_of(one).splitlines()[-1:] == off.splitlines()[-1:])


async def test_who_blocks_the_bot_gets_no_more_stories(talk: Talk) -> None:
    await talk.story()
    await talk.joins()
    await talk.sandbox.do("POST", f"users/{EMMA}/block", {})

    async def is_off() -> bool:
        subscriber = await talk.bot_store.subscribers.one(EMMA)
        return subscriber is not None and not subscriber.active

    await until(is_off)


async def test_a_shared_link_opens_its_story_and_begins_a_comment(talk: Talk) -> None:
    story = await talk.story()
    await talk.sandbox.write(EMMA, f"/start s{story.id}")
    await talk.sees(EMMA, has_data("comment:"))
    await talk.sees(EMMA, has_data("agree:"))
    subscriber = await talk.bot_store.subscribers.one(EMMA)
    assert subscriber is not None and not subscriber.active


async def test_a_tampered_link_is_a_kind_word_and_an_ordinary_start(talk: Talk) -> None:
    for payload in ("s999999", "mod_1", "s1' OR 1=1", "../../etc", "s" + "1" * 63, "ٱلقصة", "s-1"):
        sent = await talk.sandbox.write(EMMA, f"/start {payload}")
        await talk.sees(EMMA, has_data("lang:"), after=sent["message_id"])
        assert (await talk.said_by_bot(EMMA, after=sent["message_id"]))[0].startswith("I can’t find that story")


ANSWERS = {
    "/help": "What I can do",
    "/privacy": "What we keep about you",
    "/mycomments": "You have not commented yet",
    "/comments": "There is no story",
    "/top": "There is no story",
    "/settings": "Baithak",
    "/topics": "Baithak",
    "/language": "Baithak",
    "/mydata": "Your data",
    "/forget": "Erase everything?",
    "/dashboard": "I don’t know that command",
    "/Start@other_bot": "I don’t know that command",
}


async def test_every_command_is_answered(talk: Talk) -> None:
    for command, beginning in ANSWERS.items():
        sent = await talk.sandbox.write(EMMA, command)
        answer = await talk.sees(EMMA, lambda one: one["from"]["is_bot"], after=sent["message_id"])
        assert text_of(answer).startswith(beginning), command


@pytest.mark.parametrize("language", ["en", "ur", "ar"])
async def test_a_command_in_a_text_can_be_pressed_whichever_way_the_language_runs(talk: Talk, language: str) -> None:
    await talk.story(language=language)
    await talk.joins(language=language)
    asked = await talk.sandbox.write(EMMA, "/help")
    helped = await talk.sees(EMMA, lambda one: "/mycomments" in text_of(one), after=asked["message_id"])
    units = text_of(helped).encode("utf-16-le")
    pressed = [
        units[2 * one["offset"] : 2 * (one["offset"] + one["length"])].decode("utf-16-le")
        for one in helped["entities"]
        if one["type"] == "bot_command"
    ]
    assert pressed == re.findall("/[a-z]+", text_of(helped)) and len(pressed) == 10
    isolates = text_of(helped).count("\u2066")
    assert isolates == (0 if language == "en" else 10)


async def test_top_shows_the_best_by_itself_and_ten_in_one_message(talk: Talk) -> None:
    for number in range(12):
        await talk.story(f"story-{number}", title=f"Story {number}")
    shown = await talk.joins()
    await talk.sandbox.write(EMMA, "/top")
    best = await talk.sees(EMMA, has_data("comment:"), after=shown["message_id"])
    listed = await talk.sees(EMMA, has_data("show:"), after=best["message_id"])
    lines = [line for line in text_of(listed).splitlines() if re.match(r"\d+\. ", line)]
    assert len(lines) == 10
    assert lines[0] == f"1. {text_of(best).splitlines()[0]}"
    numbers = [button["text"] for button in buttons_of(listed) if button["text"].isdigit()]
    assert numbers == [str(number) for number in range(1, 11)]
    assert [len(row) for row in listed["reply_markup"]["inline_keyboard"]] == [5, 5, 1]
    third = next(button for button in buttons_of(listed) if button["text"] == "3")["callback_data"]
    await talk.press(EMMA, listed, third)
    card = await talk.sees(EMMA, has_data("comment:"), after=listed["message_id"])
    assert f"3. {text_of(card).splitlines()[0]}" == lines[2]


async def test_the_list_of_top_stories_is_amended_as_every_message_of_a_story(talk: Talk) -> None:
    stories = [await talk.story(f"story-{number}", title=f"Story {number}") for number in range(7)]
    await talk.joins()
    await talk.sandbox.write(EMMA, "/top")
    listed = await talk.sees(EMMA, has_data("show:"))
    await talk.bot_store.amendments.recall(stories[3], note="It was wrong", now=now())

    def says_so(one: Message) -> bool:
        return one["message_id"] == listed["message_id"] and "It was wrong" in text_of(one)

    told = await talk.sees(EMMA, says_so)
    assert "Story 3" not in text_of(told)
    assert len([button for button in buttons_of(told) if button["text"].isdigit()]) == 6


async def test_of_one_story_top_shows_just_that(talk: Talk) -> None:
    await talk.story("dam", title="First")
    shown = await talk.joins()
    await talk.sandbox.write(EMMA, "/top")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("First"), after=shown["message_id"])
    await talk.settled()
    assert not [text for text in await talk.said_by_bot(EMMA) if text.startswith("Top stories")]


async def test_a_story_counts_its_readers_once_each_however_they_open_it(talk: Talk) -> None:
    story = await talk.story("dam", title="First")
    other = await talk.story("port", title="Second")
    ways = {EMMA: "comment:", BILAL: "thread:"}
    for person, data in ways.items():
        await talk.joins(person)
        await talk.sandbox.write(person, f"/start s{other.id}")
        message = await talk.sees(person, has_data(f"{data}{other.id}"))
        for _ in range(3):
            await talk.press(person, message, f"{data}{other.id}")
    assert await talk.bot_store.opened.counts([story.id, other.id]) == {other.id: 2}
    await talk.sandbox.write(MEERA, f"/start s{story.id}")
    shown = await talk.sees(MEERA, has_data("comment:"))

    async def opened() -> dict[int, int]:
        return await talk.bot_store.opened.counts([story.id, other.id])

    assert await opened() == {other.id: 2, story.id: 1}
    await talk.sandbox.write(OMAR, "/top")
    best = await talk.sees(OMAR, has_data("comment:"))
    number = int(data_of(best, "comment:").partition(":")[2])
    before = await opened()
    await talk.sandbox.do("POST", f"users/{OMAR}/reactions", {"message_id": best["message_id"], "emoji": "👍"})

    async def counted() -> bool:
        return (await opened()).get(number) == before.get(number, 0) + 1

    await until(counted)
    assert shown["message_id"]
