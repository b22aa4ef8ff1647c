"""A reader who comments: begin, agree, write, be told, edit."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from bot import keyboards
from bot.messages.texts import plain, say
from bot.story import FeedStory
from moderation.comment import CommentStatus
from moderation.decision import Outcome
from moderation.policy import LANGUAGES
from tests.integration.chat.talk import BILAL, EMMA, Talk, data_of, has_data, text_of
from tests.integration.sandbox_client import until

WORDS = "The dam should have been opened years ago."


async def test_an_ordinary_comment_is_received_then_published_in_one_message(talk: Talk) -> None:
    await talk.story()
    written = await talk.comments(await talk.joins_and_agrees(), WORDS)
    received = await talk.told(written, "Received")
    await talk.screen(Outcome.PUBLISH)
    published = await talk.told(written, "Published")
    assert published["message_id"] == received["message_id"]
    links = [entity["url"] for entity in published["entities"] if entity["type"] == "text_link"]
    assert links == ["https://news.example/en/dam#comment-1"]
    page = await talk.threads.published("https://news.example/en/dam", sort="newest", limit=10, cursor=None)
    assert [(one.text, one.author_name) for one in page.items] == [(WORDS, "Emma")]


async def test_under_a_story_that_can_take_no_comment_nobody_is_told_to_send_it_again(talk: Talk) -> None:
    # A story of before addresses were bounded.
    long = FeedStory("https://news.example/" + "z" * 2500, "The dam", "Two lines.", "en", "world", datetime.now(UTC))
    await talk.bot_store.stories.add([long], now=datetime.now(UTC))
    written = await talk.comments(await talk.joins_and_agrees(), WORDS)
    await talk.told(written, "Comments on this story are closed")
    await talk.settled()
    answers = await talk.sandbox.messages(EMMA, written["message_id"])
    assert [text_of(one) for one in answers if "reply_to_message" in one] == [plain("refused-closed", "en")]


async def test_the_terms_come_before_the_first_comment_and_its_words_are_kept(talk: Talk) -> None:
    await talk.story()
    written = await talk.comments(await talk.joins(), WORDS)
    terms = await talk.sees(EMMA, has_data("agree:"), after=written["message_id"])
    assert "Your comment is kept" in text_of(terms)
    assert await talk.threads.by_source(f"telegram:{EMMA}:{written['message_id']}") is None
    await talk.press(EMMA, terms, data_of(terms, "agree:"))
    await talk.told(written, "Received")
    assert (await talk.received())[0].text == WORDS


async def test_several_comments_written_before_agreeing_are_all_sent_once(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins()
    for number in range(3):
        await talk.comments(story, f"{WORDS} {number}")
    await talk.settled()
    terms = await talk.sees(EMMA, has_data("agree:"))
    for _ in range(2):
        await talk.press(EMMA, terms, data_of(terms, "agree:"))
    assert sorted(one.text for one in await talk.received(3)) == [f"{WORDS} {number}" for number in range(3)]
    await talk.settled()
    assert len(await talk.received(3)) == 3


async def test_the_whole_terms_are_asked_once_and_then_in_a_line(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins()
    await talk.press(EMMA, story, data_of(story, "comment:"))
    asked = await talk.sees(EMMA, has_data("agree:"))
    for number in range(2):
        written = await talk.comments(story, f"{WORDS} {number}")
        kept = await talk.sees(EMMA, has_data("agree:"), after=written["message_id"])
        assert text_of(kept) == "Your comment is kept, and sent as soon as you agree."
    assert "clause" not in text_of(kept) and len(text_of(asked)) > 300
    await talk.press(EMMA, kept, data_of(kept, "agree:"))
    assert len(await talk.received(2)) == 2


@pytest.mark.parametrize("pressed", ["first", "last"])
async def test_once_agreed_no_message_asks_any_more_or_says_that_a_comment_waits(talk: Talk, pressed: str) -> None:
    await talk.story()
    story = await talk.joins()
    written = await talk.comments(story, WORDS)
    first = await talk.sees(EMMA, has_data("agree:"), after=written["message_id"])
    second = await talk.comments(story, f"{WORDS} 2")
    last = await talk.sees(EMMA, has_data("agree:"), after=second["message_id"])
    chosen = first if pressed == "first" else last
    await talk.press(EMMA, chosen, data_of(chosen, "agree:"))
    await talk.received(2)
    await talk.settled()
    after = {one["message_id"]: one for one in await talk.sandbox.messages(EMMA, 0)}
    assert not any(has_data("agree:")(one) for one in after.values())
    assert text_of(after[last["message_id"]]) == plain("terms-agreed", "en")
    assert text_of(after[first["message_id"]]) == text_of(first)
    assert await talk.bot_store.conversations.state(EMMA) is None


async def test_agreeing_to_terms_that_have_changed_shows_the_new_ones(talk: Talk) -> None:
    await talk.story()
    written = await talk.comments(await talk.joins(), WORDS)
    terms = await talk.sees(EMMA, has_data("agree:"), after=written["message_id"])
    await talk.press(EMMA, terms, "agree:2020-01")
    again = await talk.sees(EMMA, has_data("agree:"), after=terms["message_id"])
    assert data_of(again, "agree:") == f"agree:{talk.ground.policy.version}"
    assert not await talk.store.has_agreed(f"telegram:{EMMA}", terms=talk.ground.policy.version)


async def test_the_button_then_the_next_message_is_a_comment(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.press(EMMA, story, data_of(story, "comment:"))
    await talk.sees(EMMA, lambda one: text_of(one).startswith("Write your comment"))
    await talk.told(await talk.sandbox.write(EMMA, WORDS), "Received")
    plain = await talk.sandbox.write(EMMA, "and something else")
    await talk.told(plain, "To comment")


async def test_the_rest_of_a_comment_that_a_messenger_cut_is_told_from_a_stray_message(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.press(EMMA, story, data_of(story, "comment:"))
    await talk.sees(EMMA, lambda one: text_of(one).startswith("Write your comment"))
    whole = "The committee met again and said nothing new. " * 90
    await talk.told(await talk.sandbox.write(EMMA, whole[:4000]), "Received")
    await talk.told(await talk.sandbox.write(EMMA, whole[4000:]), "Your comment was longer than one message can be")
    await talk.told(await talk.sandbox.write(EMMA, "Well."), "To comment")
    assert [len(one.text) for one in await talk.received()] == [len(whole[:4000].strip())]


async def test_the_rest_of_a_comment_that_waits_for_agreement_is_told_so_too(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins()
    await talk.press(EMMA, story, data_of(story, "comment:"))
    await talk.comments(story, "w" * 4096)
    await talk.told(await talk.sandbox.write(EMMA, "and so on"), "Your comment was longer than one message can be")


async def test_the_number_of_comments_on_a_storys_button_is_the_one_now_once_it_was_pressed(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.comments(story, WORDS)
    await talk.screen(Outcome.PUBLISH)

    async def label() -> str:
        shown = await talk.sandbox.messages(EMMA, story["message_id"] - 1)
        alert = next(one for one in shown if one["message_id"] == story["message_id"])
        (row, *_) = alert["reply_markup"]["inline_keyboard"]
        return str(next(button["text"] for button in row if button["callback_data"].startswith("thread:")))

    assert await label() == "Comments (0)"
    for _ in range(2):  # the second time it says so already
        await talk.press(EMMA, story, data_of(story, "thread:"))
        await talk.settled()
        assert await label() == "Comments (1)"


async def test_a_command_leaves_the_comment_that_was_begun(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.press(EMMA, story, data_of(story, "comment:"))
    await talk.sandbox.write(EMMA, "/help")
    await talk.told(await talk.sandbox.write(EMMA, WORDS), "To comment")


async def test_a_reply_to_a_story_the_bot_died_before_noting_is_a_comment_on_it(talk: Talk) -> None:
    story = await talk.story()
    await talk.joins_and_agrees()
    markup = keyboards.shown_in(EMMA, story, comments=0, links=keyboards.Links("desk_bot"), language="en")
    sent = await talk.ground.bot.send_message(EMMA, story.title, reply_markup=markup)
    written = await talk.sandbox.write(EMMA, WORDS, reply_to_message_id=sent.message_id)
    await talk.told(written, "Received")


async def test_a_reply_to_a_comment_shown_answers_it(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.comments(story, WORDS)
    await talk.screen(Outcome.PUBLISH)
    other = await talk.joins_and_agrees(BILAL)
    await talk.press(BILAL, other, data_of(other, "thread:"))
    shown = await talk.sees(BILAL, lambda one: WORDS in text_of(one))
    assert text_of(shown).startswith("Emma")
    written = await talk.comments(shown, "I agree with you.", person=BILAL)
    await talk.told(written, "Received")
    record = await talk.threads.by_source(f"telegram:{BILAL}:{written['message_id']}")
    assert record is not None and record.comment.parent == 1


async def test_the_clause_and_its_words_come_in_the_readers_language(talk: Talk) -> None:
    await talk.story(language="ur", title="بند بھر گیا")
    written = await talk.comments(await talk.joins_and_agrees(BILAL, language="ur"), "…", person=BILAL)
    await talk.screen(Outcome.REJECT, clause="3.2")
    told = await talk.told(written, "شائع نہیں ہوا")
    clause = talk.ground.terms["ur"].clauses["3.2"]
    assert "شق 3.2" in text_of(told) and clause.title in text_of(told) and clause.words in text_of(told)


async def test_a_held_comment_is_said_to_be_with_a_moderator(talk: Talk) -> None:
    await talk.story()
    written = await talk.held_comment(await talk.joins_and_agrees())
    assert "a moderator is reading it" in text_of(await talk.told(written, "Held"))


async def test_an_edit_is_screened_and_replaces_what_stands(talk: Talk) -> None:
    await talk.story()
    written = await talk.comments(await talk.joins_and_agrees(), WORDS)
    await talk.screen(Outcome.PUBLISH)
    await talk.told(written, "Published")
    edit = {"message_id": written["message_id"], "text": "Better words."}
    await talk.sandbox.do("POST", f"users/{EMMA}/edits", edit)
    await talk.told(written, "Received: your edited comment")
    await talk.screen(Outcome.PUBLISH)
    await talk.told(written, "Published: your edited comment")
    shown = await talk.threads.shown(1)
    assert shown is not None and (shown.text, shown.edited) == ("Better words.", True)


async def test_an_edit_that_is_refused_leaves_the_earlier_text(talk: Talk) -> None:
    await talk.story()
    written = await talk.comments(await talk.joins_and_agrees(), WORDS)
    await talk.screen(Outcome.PUBLISH)
    await talk.told(written, "Published")
    await talk.sandbox.do("POST", f"users/{EMMA}/edits", {"message_id": written["message_id"], "text": "Fools."})
    await talk.screen(Outcome.REJECT)
    assert "Your earlier text stands." in text_of(await talk.told(written, "Not published: clause 3.2"))
    shown = await talk.threads.shown(1)
    assert shown is not None and shown.text == WORDS


async def test_an_edit_before_the_decision_replaces_the_notice_too(talk: Talk) -> None:
    await talk.story()
    written = await talk.held_comment(await talk.joins_and_agrees())
    held = await talk.told(written, "Held")
    await talk.sandbox.do("POST", f"users/{EMMA}/edits", {"message_id": written["message_id"], "text": "Kind words."})
    replaced = await talk.told(written, "Replaced by")
    assert replaced["message_id"] == held["message_id"]


async def test_an_edited_draft_is_sent_as_edited(talk: Talk) -> None:
    await talk.story()
    written = await talk.comments(await talk.joins(), WORDS)
    terms = await talk.sees(EMMA, has_data("agree:"), after=written["message_id"])
    await talk.sandbox.do("POST", f"users/{EMMA}/edits", {"message_id": written["message_id"], "text": "Better."})
    await talk.settled()
    await talk.press(EMMA, terms, data_of(terms, "agree:"))
    assert [one.text for one in await talk.received()] == ["Better."]


async def test_ones_own_comments_are_listed_with_where_each_stands(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    for words, outcome in (("First.", Outcome.PUBLISH), ("Second.", Outcome.HOLD), ("Third.", Outcome.REJECT)):
        await talk.comments(story, words)
        await talk.screen(outcome)
    await talk.comments(story, "Fourth.")
    await talk.received()
    await talk.sandbox.write(EMMA, "/mycomments")
    listed = text_of(await talk.sees(EMMA, lambda one: text_of(one).startswith("Your latest comments")))
    states = [
        line for line in listed.splitlines() if line in {"published", "with a moderator", "not published", "being read"}
    ]
    assert states == ["being read", "not published", "with a moderator", "published"]


async def test_a_long_thread_is_shown_page_by_page(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    for number in range(7):
        await talk.comments(story, f"Comment number {number}.")
    await talk.screen(Outcome.PUBLISH, count=7)
    asked = await talk.sandbox.write(EMMA, "/comments")
    more = await talk.sees(EMMA, has_data("thread:"), after=asked["message_id"])
    heading = await talk.sees(EMMA, lambda one: text_of(one).startswith("7 comments on"))
    seen = [text_of(one).splitlines()[-1] for one in await talk.sandbox.messages(EMMA, heading["message_id"])]
    assert [line for line in seen if line.startswith("Comment number")] == [f"Comment number {n}." for n in range(2, 7)]
    await talk.press(EMMA, more, data_of(more, "thread:"))
    await talk.sees(EMMA, lambda one: "Comment number 0." in text_of(one), after=more["message_id"])


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_is_to_be_the_first_replies_there_or_presses_comment_there(talk: Talk, language: str) -> None:
    await talk.story(language=language)
    shown = await talk.joins_and_agrees(language=language)
    await talk.press(EMMA, shown, data_of(shown, "thread:"))
    none_yet = say("comments-none", language, title="The dam is full")
    assert f"<b>{plain('button-comment', language)}</b>" in none_yet
    told = re.sub("<[^>]+>", "", none_yet)
    empty = await talk.sees(EMMA, lambda one: text_of(one) == told, after=shown["message_id"])
    await talk.comments(empty, "By a reply.")
    assert [one.text for one in await talk.received()] == ["By a reply."]
    await talk.press(EMMA, empty, data_of(empty, "comment:"))
    await talk.sandbox.write(EMMA, "By the button.")
    assert {one.text for one in await talk.received(2)} == {"By a reply.", "By the button."}


async def test_a_notice_for_a_reader_who_blocked_the_bot_is_given_up(talk: Talk) -> None:
    await talk.story()
    written = await talk.comments(await talk.joins_and_agrees(), WORDS)
    await talk.told(written, "Received")
    await talk.sandbox.do("POST", f"users/{EMMA}/block", {})
    await talk.screen(Outcome.PUBLISH)
    await talk.sandbox.do("POST", f"users/{EMMA}/unblock", {})

    async def nothing_left() -> bool:
        leased = await talk.outcomes.lease(at_most=10, lease_s=0.001, now=talk.ground.clock())
        record = await talk.threads.one(1)
        return not leased and record is not None and record.comment.status is CommentStatus.PUBLISHED

    await until(nothing_left)
