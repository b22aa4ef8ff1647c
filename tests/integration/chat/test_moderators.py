"""Moderators in Telegram: cards, the first press, undo, the summary, commands."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from aiogram import Bot
from aiogram.methods import EditMessageText

from bot.messages.texts import plain
from bot.notices.desk import LOOK_EVERY_S
from moderation.comment import CommentStatus
from moderation.decision import Outcome, Reason
from moderation.errors import NotAllowed
from moderation.login import Login
from moderation.queue import ScreeningQueue
from moderation.review import Review
from moderation.roles import Roles
from tests.builders import finding
from tests.integration.chat.talk import (
    CARDS_AT_MOST,
    EMMA,
    GROUP,
    MEERA,
    OMAR,
    Message,
    Talk,
    buttons_of,
    data_of,
    has_data,
    text_of,
)
from tests.integration.sandbox_client import until


def begins(beginning: str):  # type: ignore[no-untyped-def]  # a predicate over messages, as Talk.sees takes it
    return lambda message: text_of(message).startswith(beginning)


async def status_of(talk: Talk, comment_id: int = 1) -> CommentStatus:
    record = await talk.threads.one(comment_id)
    assert record is not None
    return record.comment.status


async def test_a_held_comment_is_shown_with_everything_a_moderator_needs(talk: Talk) -> None:
    await talk.story(title="The dam is full")
    await talk.held_comment(await talk.joins_and_agrees(), "You are all fools.")
    card = await talk.card()
    lines = text_of(card).splitlines()
    assert lines[0] == "Held · English"
    assert lines[1] == "Story: The dam is full"
    assert lines[2] == "Emma · 0 published, 0 not"
    assert "You are all fools." in lines
    assert "• clause 3.2 insult 0.80: You" in lines
    assert [one["text"] for one in buttons_of(card)] == ["Approve", "Reject"]
    assert "spoiler" in {entity["type"] for entity in card["entities"]}


async def test_one_press_approves_and_the_reader_is_told_anew(talk: Talk) -> None:
    await talk.story()
    written = await talk.held_comment(await talk.joins_and_agrees())
    held = await talk.told(written, "Held")
    card = await talk.card()
    answer = await talk.press(MEERA, card, data_of(card, "approve:"))
    assert answer is not None and answer["text"] == "Approved."
    closed = await talk.sees(GROUP, begins("Approved by Meera"))
    assert closed["message_id"] == card["message_id"]
    assert [one["text"] for one in buttons_of(closed)] == ["Undo"]
    told = await talk.told(written, "Published: a moderator")
    assert told["message_id"] != held["message_id"]
    assert await status_of(talk) is CommentStatus.PUBLISHED


@pytest.mark.parametrize(
    ("given", "decide", "beginning", "covered"),
    [
        ({"findings": (finding(label="spam", clause="5.1"),)}, "approve:", "Approved", False),
        ({"findings": (finding(label="spam", clause="5.1"),)}, "clause:", "Rejected", False),
        ({"findings": (finding(),)}, "approve:", "Approved", True),
        ({"findings": (), "reason": Reason.UNSCREENED, "model": None}, "approve:", "Approved", False),
        ({"findings": (), "reason": Reason.UNSCREENED, "model": None}, "clause:", "Rejected", True),
    ],
)
async def test_a_decided_card_covers_only_what_was_abuse_or_what_nobody_vouches_for(
    talk: Talk, given: dict[str, Any], decide: str, beginning: str, covered: bool
) -> None:
    await talk.story()
    await talk.comments(await talk.joins_and_agrees(), "Buy at my shop.")
    await talk.screen(Outcome.HOLD, **given)
    card = await talk.card()
    names = data_of(card, "approve:").partition(":")[2]
    await talk.press(MEERA, card, f"approve:{names}" if decide == "approve:" else f"clause:{names}:5.1")
    decided = await talk.sees(GROUP, begins(beginning))
    assert ("spoiler" in {entity["type"] for entity in decided["entities"]}) == covered
    assert "Buy at my shop." in text_of(decided)


async def test_reject_asks_for_the_clause_with_the_likely_one_first(talk: Talk) -> None:
    await talk.story()
    written = await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    await talk.press(OMAR, card, data_of(card, "reject:"))
    asked = await talk.sees(GROUP, has_data("clause:"))
    assert asked["message_id"] == card["message_id"]
    labels = [one["text"] for one in buttons_of(asked)]
    assert labels[0] == "3.2 No insults" and labels[-1] == "Back"
    assert len(labels) == len(talk.ground.policy.clauses) + 1
    await talk.press(OMAR, asked, data_of(asked, "clause:"))
    await talk.sees(GROUP, begins("Rejected by Omar: clause 3.2"))
    assert "clause 3.2" in text_of(await talk.told(written, "Not published"))


async def test_back_returns_to_the_two_buttons(talk: Talk) -> None:
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    await talk.press(OMAR, card, data_of(card, "reject:"))
    asked = await talk.sees(GROUP, has_data("clause:"))
    await talk.press(OMAR, asked, next(one["callback_data"] for one in buttons_of(asked) if one["text"] == "Back"))
    await talk.sees(GROUP, has_data("approve:"))


async def test_the_first_of_two_wins_and_the_second_is_told(talk: Talk) -> None:
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    approve, reject = data_of(card, "approve:"), f"clause:{data_of(card, 'approve:').partition(':')[2]}:3.2"
    answers = await asyncio.gather(talk.press(MEERA, card, approve), talk.press(OMAR, card, reject))
    texts = sorted(answer["text"] for answer in answers if answer is not None)
    assert texts in (
        ["Approved.", "Too late: published by Meera."],
        ["Rejected under clause 3.2.", "Too late: rejected by Omar, clause 3.2."],
    )
    audit = await talk.store.audit_of(1)
    assert len([row for row in audit if row.act == "review"]) == 1


async def test_the_same_press_handled_again_says_the_same(talk: Talk) -> None:
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    for _ in range(2):
        answer = await talk.press(MEERA, card, data_of(card, "approve:"))
        assert answer is not None and answer["text"] == "Approved."


async def test_undo_holds_it_again_on_the_same_card(talk: Talk) -> None:
    await talk.story()
    written = await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    await talk.press(MEERA, card, data_of(card, "approve:"))
    answer = await talk.press(MEERA, card, data_of(card, "approve:").replace("approve", "undo"))
    assert answer is not None and answer["text"] == "Undone: it is held again."
    await talk.sees(GROUP, begins("Held · English"))
    assert await status_of(talk) is CommentStatus.HELD
    await talk.press(OMAR, card, f"clause:{data_of(card, 'approve:').partition(':')[2]}:1.1")
    await talk.told(written, "Not published: a moderator decided under clause 1.1")


async def test_what_nobody_decided_can_not_be_undone(talk: Talk) -> None:
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    data = data_of(card, "approve:").replace("approve:", "undo:")
    answer = await talk.press(MEERA, card, data)
    assert answer is not None and answer["text"] == "There is no moderator's decision to undo."


async def test_a_command_in_the_moderators_group_is_told_where_it_is_answered(talk: Talk) -> None:
    for command in ("/queue", "/stats@desk_bot", "/Foo"):
        asked = await talk.sandbox.write(MEERA, command, chat_id=GROUP)
        told = await talk.sees(GROUP, lambda one: one["from"]["is_bot"], after=asked["message_id"])
        assert text_of(told) == "I answer commands in private: @desk_bot"
    others = await talk.sandbox.write(MEERA, "/queue@other_bot", chat_id=GROUP)
    words = await talk.sandbox.write(MEERA, "Who takes the next one?", chat_id=GROUP)
    asked = await talk.sandbox.write(MEERA, "/queue", chat_id=GROUP)
    await talk.sees(GROUP, lambda one: one["from"]["is_bot"], after=asked["message_id"])
    assert [one["message_id"] for one in await talk.sandbox.messages(GROUP, others["message_id"])][:2] == [
        words["message_id"],
        asked["message_id"],
    ]


async def test_only_who_decided_may_undo(talk: Talk) -> None:
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    await talk.press(MEERA, card, data_of(card, "approve:"))
    answer = await talk.press(OMAR, card, data_of(card, "approve:").replace("approve", "undo"))
    assert answer is not None and answer["text"] == "Only who decided can undo it."
    assert await status_of(talk) is CommentStatus.PUBLISHED


MODERATORS_COMMANDS = ("queue", "dashboard", "stats", "status", "switches", "hold", "close")


async def test_help_has_the_moderators_commands_for_who_may_review_and_for_nobody_else(talk: Talk) -> None:
    await talk.story(language="ur")
    await talk.joins(MEERA, language="ur")
    await talk.sandbox.do("DELETE", f"chats/{GROUP}/members/{OMAR}")
    helped = {}
    for person in (EMMA, OMAR, MEERA):
        asked = await talk.sandbox.write(person, "/help")
        helped[person] = text_of(
            await talk.sees(person, lambda one: "/mycomments" in text_of(one), after=asked["message_id"])
        )
    for command in MODERATORS_COMMANDS:
        assert f"/{command}" not in helped[EMMA] + helped[OMAR]
        assert f"/{command} – " in helped[MEERA]
        asked = await talk.sandbox.write(MEERA, f"/{command}")
        answer = await talk.sees(MEERA, lambda one: one["from"]["is_bot"], after=asked["message_id"])
        assert text_of(answer) != plain("unknown-command", "ur"), command


async def test_who_left_the_group_can_decide_nothing(talk: Talk) -> None:
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    await talk.sandbox.do("DELETE", f"chats/{GROUP}/members/{OMAR}")
    press = {
        "id": "77",
        "from": {"id": OMAR, "is_bot": False, "first_name": "Omar"},
        "message": card,
        "chat_instance": "1",
        "data": data_of(card, "approve:"),
    }
    # As a press that was under way when they left; its answer comes too late for Telegram, which is no fault.
    await talk.parts.poller.keep([{"update_id": 9_000_000, "callback_query": press}])
    await talk.settled(OMAR)
    assert await status_of(talk) is CommentStatus.HELD


async def test_a_decision_on_the_web_closes_every_card(talk: Talk) -> None:
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    await talk.card()
    await talk.sandbox.write(MEERA, "/queue")
    await talk.card(chat=MEERA)
    review = Review(
        talk.store,
        Roles(frozenset(), lambda _: asyncio.sleep(0, True)),
        talk.outcomes,
        policy=talk.ground.policy,
        undo_s=0,
        undo_window_s=60,
        claim_s=60,
    )
    await review.review(
        1,
        revision=1,
        outcome=Outcome.PUBLISH,
        clause=None,
        moderator=f"telegram:{OMAR}",
        moderator_name="Omar",
        now=talk.ground.clock(),
    )
    await talk.sees(GROUP, begins("Approved by Omar"))
    private = await talk.sees(MEERA, begins("Approved by Omar"))
    assert [one["text"] for one in buttons_of(private)] == ["Undo", "Next"]


async def test_an_edit_closes_the_card_and_the_old_text_cannot_be_decided(talk: Talk) -> None:
    await talk.story()
    written = await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    edit = {"message_id": written["message_id"], "text": "Kinder words, perhaps."}
    await talk.sandbox.do("POST", f"users/{EMMA}/edits", edit)
    await talk.sees(GROUP, begins("Edited by its author"))
    answer = await talk.press(MEERA, card, data_of(card, "approve:"))
    assert answer is not None and answer["text"].startswith("Its author edited")
    await talk.screen(Outcome.HOLD)
    anew = await talk.sees(GROUP, has_data("approve:1:2"))
    assert "Kinder words" in text_of(anew)


async def hold_many(talk: Talk, count: int) -> Message:
    story = await talk.joins_and_agrees()
    for number in range(count):
        await talk.comments(story, f"You fool number {number}.")
    await talk.screen(Outcome.HOLD, count=count, findings=(finding(score=0.8),))
    return story


async def test_above_a_number_one_summary_stands_for_all_and_next_shows_one(talk: Talk) -> None:
    await talk.story()
    await hold_many(talk, CARDS_AT_MOST + 2)
    summary = await talk.sees(GROUP, begins(f"{CARDS_AT_MOST + 2} comments are waiting"))
    assert not any(has_data("approve:")(one) for one in await talk.sandbox.messages(GROUP))
    await talk.press(MEERA, summary, "queue:next")
    card = await talk.card()
    assert card["message_id"] == summary["message_id"] and "number 0" in text_of(card)
    anew = await talk.sees(GROUP, begins(f"{CARDS_AT_MOST + 2} comments are waiting"))
    assert anew["message_id"] > card["message_id"]
    assert "The rest are above" in text_of(anew)


@pytest.mark.parametrize(
    ("outcome", "became"),
    [
        (Outcome.PUBLISH, "The new text was published."),
        (Outcome.HOLD, "The new text was held for a moderator."),
        (Outcome.REJECT, "The new text was not published."),
    ],
)
async def test_the_card_of_an_edited_comment_ends_by_saying_what_became_of_the_new_text(
    talk: Talk, outcome: Outcome, became: str
) -> None:
    await talk.story()
    written = await talk.held_comment(await talk.joins_and_agrees())
    card = await talk.card()
    edits: list[str] = []

    async def counted(make_request: Any, bot: Bot, method: Any) -> Any:
        if isinstance(method, EditMessageText) and method.message_id == card["message_id"]:
            edits.append(method.text)
        return await make_request(bot, method)

    talk.ground.bot.session.middleware(counted)
    edit = {"message_id": written["message_id"], "text": "Kinder words, perhaps."}
    await talk.sandbox.do("POST", f"users/{EMMA}/edits", edit)
    await talk.sees(GROUP, begins("Edited by its author. The new text is screened again."))
    await asyncio.sleep(2 * LOOK_EVERY_S)
    assert len(edits) == 1, "there is nothing to say while nobody has decided"
    await talk.screen(outcome)
    ended = await talk.sees(GROUP, begins(f"Edited by its author. {became}"))
    assert (ended["message_id"], buttons_of(ended)) == (card["message_id"], [])
    await asyncio.sleep(2 * LOOK_EVERY_S)
    assert len(edits) == 2


async def test_when_few_are_left_the_summary_goes_and_the_rest_become_cards(talk: Talk) -> None:
    await talk.story()
    await hold_many(talk, CARDS_AT_MOST + 1)
    summary = await talk.sees(GROUP, begins(f"{CARDS_AT_MOST + 1} comments are waiting"))
    await talk.press(MEERA, summary, "queue:next")
    card = await talk.card()
    await talk.press(MEERA, card, data_of(card, "approve:"))

    async def only_cards() -> bool:
        messages = await talk.sandbox.messages(GROUP)
        waiting = [one for one in messages if "are waiting" in text_of(one)]
        return not waiting and len([one for one in messages if has_data("approve:")(one)]) == CARDS_AT_MOST

    await until(only_cards)


async def test_queue_brings_one_after_the_other_in_private(talk: Talk) -> None:
    await talk.story()
    await hold_many(talk, 2)
    await talk.sandbox.write(MEERA, "/queue")
    first = await talk.card(chat=MEERA)
    assert "number 0" in text_of(first)
    await talk.press(MEERA, first, data_of(first, "approve:"))
    closed = await talk.sees(MEERA, begins("Approved by Meera"))
    await talk.press(MEERA, closed, "queue:next")
    second = await talk.card(chat=MEERA, after=closed["message_id"])
    assert "number 1" in text_of(second)
    await talk.press(MEERA, second, data_of(second, "approve:"))
    answer = await talk.press(MEERA, second, "queue:next")
    assert answer is not None and answer["text"] == "Nothing is waiting."
    await talk.sandbox.write(MEERA, "/queue")
    await talk.sees(MEERA, begins("Nothing is waiting."))


async def test_the_dashboards_link_works_once_and_for_who_asked(talk: Talk) -> None:
    await talk.sandbox.write(MEERA, "/dashboard")
    shown = await talk.sees(MEERA, begins("Your way to the dashboard"))
    (address,) = [entity["url"] for entity in shown["entities"] if entity["type"] == "text_link"]
    assert address.startswith("https://desk.example/review/login?token=")
    login = Login(talk.store, talk.settings)
    token = address.partition("token=")[2]
    session = await login.redeem(token, talk.ground.clock())
    assert (session.person, session.name) == (f"telegram:{MEERA}", "Meera")
    try:
        await login.redeem(token, talk.ground.clock())
    except NotAllowed:
        return
    raise AssertionError("the link worked twice")


async def test_stats_count_what_waits(talk: Talk) -> None:
    await talk.story()
    await hold_many(talk, 2)
    await talk.sandbox.write(MEERA, "/stats")
    shown = text_of(await talk.sees(MEERA, begins("Now")))
    # In the unit that /status has for it, too.
    assert re.search(r"2 comments are waiting for a moderator, the oldest for \d+ s\.", shown)
    assert "One subscriber." in shown


async def test_status_shows_a_moderator_the_whole_system_and_what_is_wrong_first(talk: Talk) -> None:
    await talk.story()
    await talk.held_comment(await talk.joins_and_agrees())
    asked = await talk.sandbox.write(OMAR, "/status")
    lines = text_of(await talk.sees(OMAR, begins("Alarm"), after=asked["message_id"])).splitlines()
    assert lines[1].startswith("• No worker runs")
    assert {"Database: ok", "Redis: ok", "Workers: none", "Bot: works", "Feeds: 0 read"} <= set(lines)
    assert any(line.startswith("Held: 1 waiting, the oldest for ") for line in lines)
    queue = ScreeningQueue(talk.ground.redis, at_most=10)
    await queue.beat("one", model="2026-11-22.1", ttl_s=60)
    asked = await talk.sandbox.write(MEERA, "/status")
    well = await talk.sees(MEERA, begins("All is well"), after=asked["message_id"])
    assert "Workers: 1, model 2026-11-22.1" in text_of(well).splitlines()


async def test_a_moderator_is_told_of_every_feed(talk: Talk) -> None:
    asked = await talk.sandbox.write(OMAR, "/feeds")
    await talk.sees(OMAR, begins("Feeds: 0 read"), after=asked["message_id"])


async def test_status_is_an_unknown_command_to_others_and_is_not_told_the_group(talk: Talk) -> None:
    for command in ("/status", "/feeds"):
        asked = await talk.sandbox.write(EMMA, command)
        said = await talk.sees(EMMA, lambda one: one["from"]["is_bot"], after=asked["message_id"])
        assert text_of(said).startswith("I don")
    asked = await talk.sandbox.write(OMAR, "/status", chat_id=GROUP)
    await talk.settled(OMAR)
    assert not any("Database" in said for said in await talk.said_by_bot(GROUP, after=asked["message_id"]))
