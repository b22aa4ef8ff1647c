"""Words to follow and to mute, chosen in the settings' message, and the stories they bring or keep away."""

from __future__ import annotations

from typing import Any

import pytest

from bot.keywords import KEYWORDS_AT_MOST
from bot.messages.texts import plain
from moderation.policy import LANGUAGES
from tests.integration.chat.talk import BILAL, EMMA, Talk, buttons_of, has_data, now, text_of
from tests.planning import planned


async def words_of(talk: Talk, language: str = "en") -> dict[str, Any]:
    """The settings' message, showing the words."""
    await talk.story(language=language)
    await talk.joins(EMMA, language=language)
    choice = await talk.sees(EMMA, has_data("settings:words"))
    await talk.press(EMMA, choice, "settings:words")
    return await talk.sees(EMMA, has_data("settings:words:follow"))


async def chosen(talk: Talk, person: int = EMMA) -> list[tuple[str, str]]:
    return [(one.kind, one.word) for one in await talk.bot_store.keywords.of(person)]


async def writes_word(talk: Talk, message: dict[str, Any], kind: str, word: str, language: str = "en") -> None:
    """Ask for a word by its button, and write it."""
    await talk.press(EMMA, message, f"settings:words:{kind}")
    prompt = plain(f"word-{kind}", language)
    await talk.sees(EMMA, lambda one: text_of(one) == prompt)
    await talk.sandbox.write(EMMA, word)
    await talk.settled()


@pytest.mark.parametrize(
    ("language", "word"), [("en", "Quay"), ("ur", "پانی"), ("hi", "चुनाव"), ("mr", "शेतकरी"), ("ar", "النيل")]
)
async def test_a_word_is_followed_and_taken_away_by_buttons_in_each_language(
    talk: Talk, language: str, word: str
) -> None:
    assert language in LANGUAGES
    message = await words_of(talk, language)
    await writes_word(talk, message, "follow", word, language)
    assert await chosen(talk) == [("follow", word)]
    told = await talk.sees(EMMA, lambda one: any(f"✕ {word}" == button["text"] for button in buttons_of(one)))
    (data,) = [one["callback_data"] for one in buttons_of(told) if word in one["text"]]
    await talk.press(EMMA, told, data)
    await talk.settled()
    assert await chosen(talk) == []


async def test_a_followed_word_brings_what_the_rest_is_not_sent_and_a_muted_one_keeps_it_away(talk: Talk) -> None:
    message = await words_of(talk)
    await talk.joins(BILAL)
    await talk.bot_store.subscribers.set_sections(EMMA, ["sport"])
    await writes_word(talk, message, "follow", "quay")
    story = await talk.story("quay", title="The Quay is longer")
    assert await planned(talk.bot_store, story, now=now(), followed=True) == 1, "Bilal follows nothing"
    await talk.settled()
    await talk.sees(EMMA, lambda one: "The Quay is longer" in text_of(one))
    await writes_word(talk, message, "mute", "bridge")
    await writes_word(talk, message, "follow", "Bridges")
    other = await talk.story("bridge", title="Quay and bridge")
    assert await planned(talk.bot_store, other, now=now()) == 1
    assert await talk.bot_store.deliveries.counts(other.id) == {"pending": 1}, "for Bilal"
    assert await chosen(talk) == [("follow", "quay"), ("mute", "bridge"), ("follow", "Bridges")]


async def test_a_word_muted_while_its_story_waits_for_its_place_keeps_it_away(talk: Talk) -> None:
    await words_of(talk)
    story = await talk.story("quay", title="The Quay is longer")
    await planned(talk.bot_store, story, now=now())
    await talk.bot_store.keywords.add(EMMA, "mute", "QUAY")
    talk.parts.sender.wake()
    await talk.settled()
    assert await talk.bot_store.deliveries.counts(story.id) == {"failed": 1}


async def test_a_word_is_followed_or_muted_and_written_twice_stands_once(talk: Talk) -> None:
    await words_of(talk)
    for kind in ("follow", "mute", "mute"):
        assert await talk.bot_store.keywords.add(EMMA, kind, "Quay")  # type: ignore[arg-type]  # one of both
    assert await chosen(talk) == [("mute", "Quay")]
    for number in range(KEYWORDS_AT_MOST - 1):
        assert await talk.bot_store.keywords.add(EMMA, "mute", f"word{number}")
    assert not await talk.bot_store.keywords.add(EMMA, "mute", "one more")
    assert await talk.bot_store.keywords.add(EMMA, "mute", "quay"), "it is there already"


async def test_who_has_as_many_as_there_may_be_is_told_so(talk: Talk) -> None:
    message = await words_of(talk)
    for number in range(KEYWORDS_AT_MOST):
        await talk.bot_store.keywords.add(EMMA, "follow", f"word{number}")
    await writes_word(talk, message, "follow", "another")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("You have 20 already"))
    assert len(await chosen(talk)) == KEYWORDS_AT_MOST


async def test_what_is_no_word_is_asked_for_again_and_is_no_comment(talk: Talk) -> None:
    message = await words_of(talk)
    await talk.press(EMMA, message, "settings:words:follow")
    await talk.sees(EMMA, lambda one: text_of(one) == plain("word-follow", "en"))
    await talk.sandbox.write(EMMA, "x")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("That is no word"))
    await talk.sandbox.write(EMMA, "quay")
    await talk.settled()
    assert await chosen(talk) == [("follow", "quay")]
    assert await talk.bot_store.conversations.state(EMMA) is None, "no draft of a comment is kept"


async def test_an_answer_to_an_old_question_is_a_word_and_never_a_comment(talk: Talk) -> None:
    message = await words_of(talk)
    await talk.agrees()
    await talk.press(EMMA, message, "settings:words:mute")
    asked = await talk.sees(EMMA, lambda one: text_of(one) == plain("word-mute", "en"))
    story = await talk.sees(EMMA, has_data("comment:"))
    await talk.press(EMMA, story, f"comment:{talk.stories[0].id}")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("Write your comment"))
    await talk.sandbox.write(EMMA, "Quay", reply_to_message_id=asked["message_id"])
    await talk.settled()
    assert await chosen(talk) == [("mute", "Quay")]
    assert await talk.store.unscreened(older_than=now(), limit=9) == []


async def test_a_reply_to_a_story_is_a_comment_though_a_word_was_asked_for_and_a_command_ends_it(talk: Talk) -> None:
    message = await words_of(talk)
    story = await talk.sees(EMMA, has_data("comment:"))
    await talk.press(EMMA, message, "settings:words:mute")
    await talk.sees(EMMA, lambda one: text_of(one) == plain("word-mute", "en"))
    await talk.comments(story, "a comment")
    await talk.sees(EMMA, has_data("agree:"))
    await talk.settled()
    await talk.sandbox.write(EMMA, "quay")
    await talk.settled()
    assert await chosen(talk) == []


@pytest.mark.parametrize(
    "data", ["settings:words:what", "settings:words:drop", "settings:words:drop:999", "settings:words:drop:x"]
)
async def test_a_button_that_nobody_was_shown_changes_nothing(talk: Talk, data: str) -> None:
    message = await words_of(talk)
    await talk.bot_store.keywords.add(EMMA, "follow", "quay")
    answer = await talk.press(EMMA, message, data)
    assert answer is not None
    assert await chosen(talk) == [("follow", "quay")]


async def test_nobody_takes_away_the_word_of_another(talk: Talk) -> None:
    message = await words_of(talk)
    await talk.joins(BILAL)
    await talk.bot_store.keywords.add(BILAL, "follow", "quay")
    (word,) = await talk.bot_store.keywords.of(BILAL)
    await talk.press(EMMA, message, f"settings:words:drop:{word.id}")
    assert await chosen(talk, BILAL) == [("follow", "quay")]
