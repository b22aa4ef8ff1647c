"""Channels: what is pushed stands there once for all who follow them, and leads into the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.story import Story
from tests.integration.chat.talk import EMMA, MEERA, Message, Talk, buttons_of, data_of, has_data, now, text_of
from tests.integration.sandbox_client import until

ENGLISH, URDU, LOST = -1003000000101, -1003000000102, -1003000000103


@pytest.fixture
async def newsroom(talk: Talk) -> AsyncIterator[Talk]:
    for number, title in ((ENGLISH, "The Desk"), (URDU, "ڈیسک"), (LOST, "Not ours any more")):
        await talk.sandbox.do("PUT", f"chats/{number}", {"title": title})
    await talk.bot_store.subscribers.set_channels({ENGLISH: "en", URDU: "ur"}, now=now())
    yield talk


async def pushed(talk: Talk, story: Story) -> int:
    return await talk.parts.schedule.push(story)


async def posts(talk: Talk, channel: int) -> list[Message]:
    return await talk.sandbox.messages(channel)


async def test_a_push_posts_to_the_channel_of_its_language_and_is_counted_for_readers_alone(newsroom: Talk) -> None:
    talk = newsroom
    await talk.story("first")
    await talk.joins()
    story = await talk.story(title="The dam is open")
    assert await pushed(talk, story) == 1
    post = await talk.sees(ENGLISH, lambda one: text_of(one).startswith("The dam is open"))
    await talk.sees(EMMA, lambda one: text_of(one).startswith("The dam is open"))
    assert [button["text"] for button in buttons_of(post)] == ["Comment", "Read", "Share"]
    assert all("callback_data" not in button for button in buttons_of(post))
    assert await pushed(talk, story) == 0
    await talk.settled()
    assert len(await posts(talk, ENGLISH)) == 1
    assert await posts(talk, URDU) == await posts(talk, LOST) == []


async def test_comment_in_a_channel_leads_a_stranger_into_the_bot_to_that_story(newsroom: Talk) -> None:
    talk = newsroom
    story = await talk.story(title="The dam is open")
    await pushed(talk, story)
    post = await talk.sees(ENGLISH, lambda one: text_of(one).startswith("The dam is open"))
    await talk.sandbox.do("PUT", f"chats/{ENGLISH}/members/{EMMA}")
    pressed = {"chat_id": ENGLISH, "message_id": post["message_id"], "button": "Comment"}
    link = (await talk.sandbox.do("POST", f"users/{EMMA}/presses", pressed))["url"]
    payload = parse_qs(urlsplit(link).query)["start"][0]
    await talk.sandbox.write(EMMA, f"/start {payload}")
    shown = await talk.sees(EMMA, has_data("comment:"))
    assert text_of(shown).startswith("The dam is open")
    terms = await talk.sees(EMMA, has_data("agree:"))
    await talk.press(EMMA, terms, data_of(terms, "agree:"))
    written = await talk.sandbox.write(EMMA, "At last, after so many years.")
    await talk.told(written, "Received")


async def test_a_correction_and_a_recall_reach_the_channel_too(newsroom: Talk) -> None:
    talk = newsroom
    story = await talk.story(title="The dam is open")
    await pushed(talk, story)
    post = await talk.sees(ENGLISH, lambda one: text_of(one).startswith("The dam is open"))
    corrected = await talk.bot_store.amendments.correct(
        story, title="The dam is shut", summary=None, note="", now=now()
    )
    assert corrected is not None
    told = await talk.sees(ENGLISH, lambda one: text_of(one).startswith("The dam is shut"))
    assert told["message_id"] == post["message_id"]
    assert [button["text"] for button in buttons_of(told)] == ["Comment", "Read", "Share"]
    await talk.bot_store.amendments.recall(corrected, note="It was not ours.", now=now())
    await talk.sees(ENGLISH, lambda one: "It was not ours." in text_of(one) and "dam" not in text_of(one))


async def test_a_channel_that_lets_the_bot_write_no_more_costs_nobody_the_story(newsroom: Talk) -> None:
    talk = newsroom
    await talk.bot_store.subscribers.set_channels({ENGLISH: "en", LOST: "en"}, now=now())
    await talk.sandbox.do("DELETE", f"chats/{LOST}/members/42")
    story = await talk.story(title="The dam is open")
    await pushed(talk, story)
    await talk.sees(ENGLISH, lambda one: text_of(one).startswith("The dam is open"))

    async def given_up() -> bool:
        return sum((await talk.bot_store.deliveries.errors(story.id)).values()) == 1

    await until(given_up)
    # Let in again, it gets the next one: it is there because the settings say so.
    await talk.sandbox.do("PUT", f"chats/{LOST}/members/42", {"status": "administrator"})
    await pushed(talk, await talk.story("port", title="The port is shut"))
    await talk.sees(LOST, lambda one: text_of(one).startswith("The port is shut"))
    await talk.sandbox.do("PUT", f"chats/{LOST}/members/42", {"status": "member"})
    quay = await talk.story("quay", title="The quay is longer")
    await pushed(talk, quay)

    async def refused() -> bool:
        return any("administrator" in error for error in await talk.bot_store.deliveries.errors(quay.id))

    await until(refused)


async def test_a_channel_that_the_settings_name_no_more_gets_nothing_more(newsroom: Talk) -> None:
    talk = newsroom
    await talk.bot_store.subscribers.set_channels({URDU: "ur"}, now=now())
    story = await talk.story(title="The dam is open")
    await pushed(talk, story)
    assert await talk.bot_store.deliveries.counts(story.id) == {}
    assert await talk.bot_store.subscribers.count() == 0, "channels are no readers"
    assert await talk.bot_store.subscribers.active_after(-(2**52), at_most=9) == []


async def test_an_editor_is_told_to_how_many_channels_a_push_goes(newsroom: Talk) -> None:
    talk = newsroom
    story = await talk.story(title="The dam is open")
    await talk.sandbox.write(MEERA, f"/push {story.id}")
    asked = await talk.sees(MEERA, has_data("story:push:"))
    assert "0 subscribers who do not have it, and at once to one channel." in text_of(asked)
    await talk.press(MEERA, asked, data_of(asked, "story:push:"))
    await talk.sees(MEERA, lambda one: "goes to 0 subscribers, and at once to one channel." in text_of(one))
    await talk.sees(ENGLISH, lambda one: text_of(one).startswith("The dam is open"))


async def test_a_channel_that_refused_a_story_gets_it_at_the_next_push_by_hand(newsroom: Talk) -> None:
    talk = newsroom
    await talk.sandbox.do("PUT", f"chats/{ENGLISH}/members/42", {"status": "member"})
    story = await talk.story(title="The dam is open")
    await pushed(talk, story)

    async def refused() -> bool:
        return bool(await talk.bot_store.deliveries.errors(story.id))

    await until(refused)
    assert (await talk.bot_store.pushes.count_wanting(story, now=now())).channels == 1
    await talk.sandbox.do("PUT", f"chats/{ENGLISH}/members/42", {"status": "administrator"})
    await pushed(talk, story)
    await talk.sees(ENGLISH, lambda one: text_of(one).startswith("The dam is open"))
    await talk.settled()
    assert (await talk.bot_store.pushes.count_wanting(story, now=now())).channels == 0
