"""Whatever people and their programs send: a sensible answer, nothing stored that should not be, a bot that goes on."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from aiogram import Router
from aiogram.types import TelegramObject

from bot.handlers import Drafts, Handling
from bot.inbox import TRIES
from bot.middlewares import Throttle
from bot.store import StoredUpdate
from moderation.decision import Outcome
from tests.integration.chat.talk import EMMA, GROUP, MEERA, Message, Talk, data_of, has_data, text_of
from tests.integration.sandbox_client import until

_numbers = itertools.count(50_000)

PHOTO = {"photo": [{"file_id": "a", "file_unique_id": "a", "width": 1, "height": 1}]}
STICKER = {
    "sticker": {
        "file_id": "a",
        "file_unique_id": "a",
        "type": "regular",
        "width": 1,
        "height": 1,
        "is_animated": False,
        "is_video": False,
    }
}
VOICE = {"voice": {"file_id": "a", "file_unique_id": "a", "duration": 1}}
FORWARD = {
    "text": "Somebody else's words.",
    "forward_origin": {"type": "hidden_user", "sender_user_name": "Somebody", "date": 1_700_000_000},
}


async def raw(talk: Talk, update: dict[str, Any]) -> None:
    """A raw update reaches the bot."""
    await talk.sandbox.do("POST", "updates", update)


def message_of(story: Message | None, **content: Any) -> Message:
    """A message from Emma as a program of hers sends it, in reply to a story."""
    message = {
        "message_id": next(_numbers),
        "date": 1_800_000_000,
        "chat": {"id": EMMA, "type": "private", "first_name": "Emma"},
        "from": {"id": EMMA, "is_bot": False, "first_name": "Emma"},
        **content,
    }
    return message | ({"reply_to_message": story} if story is not None else {})


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("nothing", {"text": ""}, "There is nothing to read"),
    ("only blanks", {"text": " \n\t "}, "There is nothing to read"),
    ("zero-width", {"text": "\u200b\u200d\ufeff\u2060"}, "There is nothing to read"),
    ("a lone surrogate", {"text": "half \ud83d of a face"}, "Part of that message"),
    ("too long", {"text": "a" * 5000}, "That comment is too long"),
    ("long in UTF-16", {"text": "😀" * 2049}, "That comment is too long"),
    ("a photo", PHOTO, "I can only take a comment in writing"),
    ("a photo with words", PHOTO | {"caption": "Words"}, "I can only take a comment in writing"),
    ("a sticker", STICKER, "I can only take a comment in writing"),
    ("a voice", VOICE, "I can only take a comment in writing"),
    ("a forward", FORWARD, "That is a forwarded message"),
    ("a content of tomorrow", {"hologram": {"id": "a"}}, "I can only take a comment in writing"),
    ("a broken photo", {"photo": "none"}, "I can only take a comment in writing"),
    ("a forward from nowhere known", FORWARD | {"forward_origin": {"type": "tomorrow"}}, "Part of that message"),
    ("words of no time", {"text": "Words.", "date": 10**15}, "Part of that message"),
]


async def test_what_is_no_comment_is_refused_at_once(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    for _, content, beginning in REFUSED:
        message = message_of(story, **content)
        await raw(talk, {"message": message})
        told = await talk.told(message | {"message_id": (await talk.sandbox.messages(EMMA))[-1]["message_id"]}, "")
        assert text_of(told).startswith(beginning)
    assert await talk.threads.of_author(f"telegram:{EMMA}", limit=5) == []


TAKEN = [
    ("4,096 characters", "a" * 4096),
    ("500 combining marks", "z" + "\u0301" * 500),
    ("an override of direction", "abc \u202e fed"),
    ("HTML", "<b>bold</b> & <script>alert(1)</script> </a><a href='tg://user?id=1'>x</a> &lt;i&gt;"),
    ("Markdown", "*bold* _it_ [x](javascript:1) `code` ~s~ ||spoiler||"),
    ("Fluent", "{ $title } {0} %s %(name)s {{7*7}}"),
    ("NUL", "before\0after"),
    ("a family and a flag", "👨‍👩‍👧‍👦 🇵🇰"),
]


@pytest.mark.parametrize("words", [one[1] for one in TAKEN], ids=[one[0] for one in TAKEN])
async def test_strange_words_pass_through_every_message_unharmed(talk: Talk, words: str) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await raw(talk, {"message": message_of(story, text=words)})
    await talk.screen(Outcome.HOLD)
    card = await talk.card()
    assert "reply_markup" in card and len(text_of(card)) <= 4096
    await talk.press(MEERA, card, data_of(card, "approve:"))
    await talk.sees(EMMA, lambda one: text_of(one).startswith("Published: a moderator"))
    asked = await talk.sandbox.write(EMMA, "/comments")
    await talk.sees(EMMA, has_data("comment:"), after=asked["message_id"])
    await talk.sandbox.write(EMMA, "/mycomments")
    await talk.sees(EMMA, lambda one: text_of(one).startswith("Your latest comments"))


async def test_markup_in_a_comment_is_shown_as_it_was_written(talk: Talk) -> None:
    await talk.story()
    words = "<b>bold</b> & </blockquote><a href='http://e.example'>x</a>"
    await talk.held_comment(await talk.joins_and_agrees(), words)
    card = await talk.card()
    assert words in text_of(card)
    assert "bold" not in {
        entity["type"] for entity in card["entities"] if words[:3] in text_of(card)[entity["offset"] :][:3]
    }


async def test_a_reply_to_what_is_no_story_is_answered_kindly(talk: Talk) -> None:
    await talk.story()
    await talk.joins_and_agrees()
    asked = await talk.sandbox.write(EMMA, "/help")
    shown = await talk.sees(EMMA, lambda one: text_of(one).startswith("What I can do"), after=asked["message_id"])
    await talk.told(await talk.comments(shown, "A thought."), "That message is no story")


async def test_a_message_out_of_the_blue_is_told_how_to_comment(talk: Talk) -> None:
    await talk.told(await talk.sandbox.write(EMMA, "hello?"), "To comment, reply to a story")


FORGED = [
    "approve:1:1",
    "reject:1:1",
    "clause:1:1:3.2",
    "undo:1:1",
    "queue:next",
    "approve:",
    "approve:1:1:1:1:1",
    "approve:99999999999999999999:1",
    "comment:0",
    "comment:x",
    "thread:1:-1",
    "settings:add:" + "x" * 40,
    "settings:",
    "settings:hours:quiet:x:y",
    "settings:hours:zone:",
    "lang:xx",
    "lang:",
    "agree:",
    "withdraw:1",
    "::::",
    "x" * 64,
    "کچھ",
]


async def test_a_forged_press_is_answered_and_changes_nothing(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await talk.held_comment(story)
    for data in FORGED:
        assert await talk.press(EMMA, story, data) is not None, data
    record = await talk.threads.one(1)
    assert record is not None and record.comment.status == "held"
    await talk.settled()


async def test_a_press_that_cannot_be_read_is_answered_like_an_old_one(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    said = await talk.press(EMMA, story, "comment:1\ud800")
    assert said is not None and said["text"].startswith("This button no longer works")


async def test_an_edit_of_what_is_no_comment_is_answered(talk: Talk) -> None:
    await talk.story()
    await talk.joins_and_agrees()
    for words in ("/help", "hello?"):
        written = await talk.sandbox.write(EMMA, words)
        await talk.settled()
        await talk.sandbox.do(
            "POST", f"users/{EMMA}/edits", {"message_id": written["message_id"], "text": "other words"}
        )
        await talk.told(written, "That message is no comment of yours")


async def test_who_is_not_answered_for_a_fault_of_ours_is_told_so(talk: Talk) -> None:
    router = Router()

    async def breaks(event: TelegramObject) -> None:
        raise LookupError("a fault of ours")

    router.message.register(breaks)
    router.callback_query.register(breaks)
    drafts = Drafts(talk.bot_store)
    handling = Handling(
        talk.ground.bot,
        store=talk.bot_store,
        drafts=drafts,
        throttle=Throttle(),
        is_covered=talk.parts.data.is_covered,
        routers=[router],
        clock=talk.ground.clock,
    )
    written = await talk.sandbox.write(EMMA, "words")
    payload = {"update_id": 1, "message": written}
    for attempt in range(1, TRIES + 1):
        with pytest.raises(LookupError):
            await handling(StoredUpdate(update_id=1, lane=EMMA, payload=payload, attempts=attempt))
    assert sum(one.startswith("Something went wrong") for one in await talk.said_by_bot(EMMA)) == 1


UNREADABLE: list[dict[str, Any]] = [
    {"chat_boost": {"boost": 1}},
    {"something_of_tomorrow": {"id": 1}},
    {"message": {"text": "no chat, no date"}},
    {"message": {"message_id": 1, "date": "never", "chat": {"id": EMMA, "type": "private"}}},
    {"callback_query": {"id": "1"}},
    {"message": message_of(None, new_chat_title="x")},
    {"message": message_of(None) | {"from": {"id": 42, "is_bot": True, "first_name": "B"}, "text": "from a bot"}},
    {"edited_message": message_of(None, text="an edit of nothing known")},
    {"message_reaction": {}},
    {},
]


async def test_updates_nobody_can_read_do_not_stop_the_bot(talk: Talk) -> None:
    # Given to the inbox itself: the sandbox, like Telegram, would not send the worst of them.
    await talk.parts.poller.keep(
        [{"update_id": number} | update for number, update in enumerate(UNREADABLE, 7_000_000)]
    )

    async def all_handled() -> bool:
        return await talk.bot_store.inbox.waiting() == 0

    await until(all_handled)
    await talk.settled()


async def test_a_duplicate_update_changes_nothing(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    update = {"update_id": 8_000_000, "message": message_of(story, text="Said once.")}
    for _ in range(3):
        await talk.parts.poller.keep([update])
    # The same message in another update, as after a lost acknowledgement of ours.
    await talk.parts.poller.keep([update | {"update_id": 8_000_001}])
    await talk.settled()
    assert len(await talk.received()) == 1


async def test_words_in_a_group_are_left_alone(talk: Talk) -> None:
    await talk.sandbox.write(MEERA, "lunch?", chat_id=GROUP)
    await talk.sandbox.write(MEERA, "/help", chat_id=GROUP)
    await talk.settled(MEERA)
    assert await talk.said_by_bot(GROUP) == []


async def test_no_more_drafts_are_kept_than_are_promised(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins()
    for number in range(21):
        last = await talk.comments(story, f"Number {number}.")
    await talk.told(last, "I am keeping 20 comments")
