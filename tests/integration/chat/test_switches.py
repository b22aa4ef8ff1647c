"""Switches for a bad day, in Telegram: moderators turn them, the group is told, readers are told kindly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from moderation.comment import CommentStatus
from moderation.decision import Outcome
from moderation.switch import Scope, Switch, SwitchKind
from moderation.switches import Switches
from tests.integration.chat.talk import (
    BILAL,
    EMMA,
    GROUP,
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
from tests.integration.sandbox_client import BOT, until

WORDS = "The dam should have been opened years ago."
CLOSE, HOLD, STOP = SwitchKind.CLOSE, SwitchKind.HOLD, SwitchKind.STOP
CLOSED = "Comments on this story are closed"


def says(words: str) -> Callable[[Message], bool]:
    return lambda message: words in text_of(message)


async def asks(talk: Talk, moderator: int, command: str, words: str, **given: int) -> Message:
    """What the bot answers to a moderator's command, once it holds these words."""
    asked = await talk.sandbox.write(moderator, command, **given)
    return await talk.sees(moderator, says(words), after=asked["message_id"])


async def begins(
    talk: Talk, kind: SwitchKind, scope: Scope = Scope.SITE, target: str = "", *, note: str = "riots"
) -> Switch:
    """Somebody begins a switch elsewhere."""
    switches = Switches(talk.store)
    return (await switches.begin(kind, scope, target, note=note, who="cli:desk", name="desk", now=now())).switch


async def active(talk: Talk) -> list[tuple[SwitchKind, Scope, str]]:
    return [(one.kind, one.scope, one.target) for one in await talk.store.active_switches()]


def labels(message: Message) -> list[str]:
    return [one["text"] for one in buttons_of(message)]


async def test_one_press_holds_the_site_and_readers_and_moderators_are_told_why(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    overview = await asks(talk, MEERA, "/switches", "No switch is on.")
    assert labels(overview) == ["Hold everything", "Stop publishing"]
    answer = await talk.press(MEERA, overview, "switch:hold")
    assert answer is not None and answer["text"] == "On."
    overview = await talk.sees(MEERA, says("People read every comment first, everywhere"))
    assert labels(overview) == ["End 1", "Stop publishing"]
    told = await talk.sees(GROUP, says("by Meera since"))
    assert labels(told) == ["End"]

    written = await talk.comments(story, WORDS)
    await talk.screen(Outcome.PUBLISH)
    assert "right now a person reads every comment" in text_of(await talk.told(written, "Held"))
    card = await talk.card()
    assert "Nothing was found: everything was read by people when it came." in text_of(card)
    assert "spoiler" not in {entity["type"] for entity in card["entities"]}

    answer = await talk.press(OMAR, told, data_of(told, "switch:end:"))
    assert answer is not None and answer["text"] == "Ended."
    ended = await talk.sees(GROUP, says("Ended by Omar"))
    assert (ended["message_id"], labels(ended)) == (told["message_id"], [])
    await talk.press(MEERA, card, data_of(card, "approve:"))
    await talk.told(written, "Published: a moderator")


async def test_stopping_takes_a_second_press_and_then_nobody_approves(talk: Talk) -> None:
    await talk.story()
    written = await talk.held_comment(await talk.joins_and_agrees())
    overview = await asks(talk, MEERA, "/switches", "No switch is on.")
    await talk.press(MEERA, overview, "switch:stop")
    sure = await talk.sees(MEERA, says("Stop publishing?"))
    await talk.press(MEERA, sure, "switch:back")
    await talk.sees(MEERA, says("No switch is on."))
    assert await active(talk) == []
    await talk.press(MEERA, overview, "switch:stop")
    await talk.sees(MEERA, says("Stop publishing?"))
    await talk.press(MEERA, sure, "switch:sure")
    await talk.sees(GROUP, says("Publishing is stopped"))

    card = await talk.card()
    answer = await talk.press(OMAR, card, data_of(card, "approve:"))
    assert answer is not None and answer["show_alert"]
    assert answer["text"] == "Publishing was stopped by Meera: /switches ends that. Rejecting works."
    record = await talk.threads.one(1)
    assert record is not None and record.comment.status is CommentStatus.HELD
    await talk.press(OMAR, card, f"clause:{data_of(card, 'approve:').partition(':')[2]}:3.2")
    await talk.told(written, "Not published")

    overview = await talk.sees(MEERA, says("Publishing is stopped"))
    await talk.press(MEERA, overview, "switch:end:1:all")
    await talk.sees(MEERA, says("No switch is on."))
    assert await active(talk) == []


async def test_a_second_press_says_who_was_first(talk: Talk) -> None:
    first, second = [await asks(talk, person, "/switches", "No switch is on.") for person in (MEERA, OMAR)]
    await talk.press(MEERA, first, "switch:hold")
    answer = await talk.press(OMAR, second, "switch:hold")
    assert answer is not None and answer["text"] == "It was on already, by Meera."
    await talk.press(OMAR, second, "switch:end:1:all")
    answer = await talk.press(MEERA, first, "switch:end:1:all")
    assert answer is not None and answer["text"] == "It was ended already, by Omar."


@pytest.mark.parametrize("data", ["switch:end:99", "switch:end:x", "switch:end", "switch:burn", "switch"])
async def test_a_button_nobody_wrote_turns_nothing(talk: Talk, data: str) -> None:
    overview = await asks(talk, MEERA, "/switches", "No switch is on.")
    answer = await talk.press(MEERA, overview, data)
    assert answer is not None and answer["text"].startswith("This button no longer works")
    assert await talk.store.switches() == []


async def test_who_is_no_moderator_turns_nothing(talk: Talk) -> None:
    switch = await begins(talk, HOLD)
    await talk.sees(GROUP, has_data("switch:end:"))
    told = await asks(talk, EMMA, "/help", "What I can do")
    for data in (f"switch:end:{switch.id}", "switch:sure"):
        answer = await talk.press(EMMA, told, data)
        assert answer is not None and answer["text"] == "Only moderators can do that."
    for command in ("/switches", "/hold world", "/close 1"):
        await asks(talk, EMMA, command, "I don’t know that command")
    assert await active(talk) == [(HOLD, Scope.SITE, "")]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("/close {url}?utm_source=app", CLOSE),
        ("/close https://t.me/desk_bot?start=s1 rumours", CLOSE),
        ("/hold 1", HOLD),
    ],
)
async def test_a_story_is_named_by_its_link_or_number(talk: Talk, command: str, kind: SwitchKind) -> None:
    story = await talk.story()
    line = await asks(talk, MEERA, command.format(url=story.url), "The dam is full")
    assert labels(line) == ["End"] and ("Why: rumours" in text_of(line)) is ("rumours" in command)
    assert await active(talk) == [(kind, Scope.STORY, story.url)]
    again = await asks(talk, OMAR, command.format(url=story.url), "Already so")
    assert "by Meera" in text_of(again)
    await talk.press(OMAR, again, data_of(again, "switch:end:"))
    assert "Ended by Omar" in text_of(await talk.sees(OMAR, says("Ended by Omar")))
    assert await active(talk) == []


async def test_a_story_is_named_by_replying_to_it_and_a_section_by_its_name(talk: Talk) -> None:
    story = await talk.story()
    shown = await talk.joins(MEERA)
    await asks(talk, MEERA, "/close too heated", "Why: too heated", reply_to_message_id=shown["message_id"])
    await asks(talk, MEERA, "/hold Sport", "People read every comment first in Sport")
    assert await active(talk) == [(CLOSE, Scope.STORY, story.url), (HOLD, Scope.SECTION, "sport")]
    for command in ("/close", "/hold"):
        await asks(talk, OMAR, command, f"Which story? Send {command} with its link")
    for command in ("/close https://news.example/unknown", "/hold 99", "/close sport", "/hold <b>nowhere</b>"):
        first, named = command.split(" ")
        unknown = f"No story and no section is called {named}. Send {first} with a story's link"
        await asks(talk, OMAR, command, unknown)
    assert len(await active(talk)) == 2


@pytest.mark.parametrize(
    ("command", "kind", "note"),
    [
        ("/close 2 threats reported", CLOSE, "2 threats reported"),
        ("/hold politics is heating up here", HOLD, "politics is heating up here"),
        ("/close https://news.example/unknown", CLOSE, "https://news.example/unknown"),
    ],
)
async def test_the_story_that_is_answered_is_meant_whatever_the_reason_begins_with(
    talk: Talk, command: str, kind: SwitchKind, note: str
) -> None:
    story = await talk.story()
    shown = await talk.joins(MEERA)
    await talk.story("port")
    await asks(talk, MEERA, command, f"Why: {note}", reply_to_message_id=shown["message_id"])
    assert await active(talk) == [(kind, Scope.STORY, story.url)]


async def test_a_comment_is_held_by_the_section_of_its_story(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    await begins(talk, HOLD, Scope.SECTION, "sport")
    free = await talk.comments(story, WORDS)
    await talk.screen(Outcome.PUBLISH)
    await talk.told(free, "Published")
    await begins(talk, HOLD, Scope.SECTION, "world")
    held = await talk.comments(story, f"{WORDS} Really.")
    await talk.screen(Outcome.PUBLISH)
    await talk.told(held, "Held: right now")


async def test_the_group_is_told_once_of_a_switch_turned_elsewhere_even_if_it_was_ended_meanwhile(talk: Talk) -> None:
    switches = Switches(talk.store)
    first = await begins(talk, HOLD)
    told = await talk.sees(GROUP, says("Why: riots"))
    await switches.end(first.id, who="cli:desk", name="desk", now=now())
    ended = await talk.sees(GROUP, says("Ended by desk"))
    assert ended["message_id"] == told["message_id"]
    lease = "switchboard"
    await talk.bot_store.shown.take(lease, holder="another", lasts_s=3600, now=now())  # or it can't be sure to be late
    second = await begins(talk, STOP)
    await switches.end(second.id, who="cli:desk", name="desk", now=now())
    await talk.bot_store.shown.drop(lease)
    brief = await talk.sees(GROUP, lambda one: "Publishing is stopped" in text_of(one) and "Ended" in text_of(one))
    assert labels(brief) == []
    third = await begins(talk, HOLD)
    await talk.sees(GROUP, has_data(f"switch:end:{third.id}"))
    assert len(await talk.said_by_bot(GROUP)) == 3


async def test_a_closed_story_says_so_at_the_press_the_link_the_reply_and_the_thread(talk: Talk) -> None:
    closed = await talk.story()
    story = await talk.joins_and_agrees()
    await begins(talk, CLOSE, Scope.STORY, closed.url)
    answer = await talk.press(EMMA, story, data_of(story, "comment:"))
    assert answer is not None and (answer["text"], answer["show_alert"]) == (f"{CLOSED}.", True)
    await talk.told(await talk.comments(story, WORDS), CLOSED)
    await asks(talk, EMMA, "/start s1", "Comments on “The dam is full” are closed.")
    await talk.told(await talk.sandbox.write(EMMA, "and this"), "To comment")
    await talk.press(EMMA, story, data_of(story, "thread:"))
    await talk.sees(EMMA, says("Comments on “The dam is full” are closed."))
    assert await talk.threads.of_author(f"telegram:{EMMA}", limit=10) == []


async def test_a_comment_begun_before_the_story_closed_is_answered_kindly_and_left(talk: Talk) -> None:
    closed = await talk.story()
    story = await talk.joins_and_agrees()
    await talk.press(EMMA, story, data_of(story, "comment:"))
    await talk.sees(EMMA, says("Write your comment"))
    await begins(talk, CLOSE, Scope.STORY, closed.url)
    await talk.told(await talk.sandbox.write(EMMA, WORDS), CLOSED)
    await talk.told(await talk.sandbox.write(EMMA, "and this"), "To comment")


async def test_a_comment_kept_until_the_terms_were_agreed_to_is_answered_too(talk: Talk) -> None:
    closed = await talk.story()
    story = await talk.joins()
    written = [await talk.comments(story, f"{WORDS} {number}") for number in range(2)]
    terms = await talk.sees(EMMA, has_data("agree:"), after=written[-1]["message_id"])
    await begins(talk, CLOSE, Scope.STORY, closed.url)
    await talk.press(EMMA, terms, data_of(terms, "agree:"))
    for one in written:
        await talk.told(one, CLOSED)
    late = await talk.comments(await talk.joins(BILAL), WORDS, person=BILAL)
    await talk.told(late, CLOSED)
    assert not any("agree:" in str(one) for one in await talk.sandbox.messages(BILAL, late["message_id"]))


async def test_an_edit_on_a_closed_story_changes_nothing_and_says_so(talk: Talk) -> None:
    closed = await talk.story(language="ur", title="بند بھر گیا")
    written = await talk.comments(await talk.joins_and_agrees(language="ur"), WORDS)
    await talk.screen(Outcome.PUBLISH)
    await talk.told(written, "شائع")
    await begins(talk, CLOSE, Scope.STORY, closed.url)
    edit = {"message_id": written["message_id"], "text": "Better words."}
    await talk.sandbox.do("POST", f"users/{EMMA}/edits", edit)
    await talk.told(written, "اس خبر پر تبصرے بند کر دیے گئے ہیں، اس لیے آپ کی ترمیم")
    shown = await talk.threads.shown(1)
    assert shown is not None and (shown.text, shown.edited) == (WORDS, False)


async def test_an_edit_that_waits_for_reading_says_that_the_earlier_text_stands(talk: Talk) -> None:
    await talk.story()
    written = await talk.comments(await talk.joins_and_agrees(), WORDS)
    await talk.screen(Outcome.PUBLISH)
    await talk.told(written, "Published")
    await begins(talk, HOLD)
    await talk.sandbox.do("POST", f"users/{EMMA}/edits", {"message_id": written["message_id"], "text": "Better."})
    await talk.screen(Outcome.PUBLISH)
    assert "your earlier text stands" in text_of(await talk.told(written, "Held: right now"))


async def test_many_switches_fit_one_message_with_those_for_the_whole_site_first(talk: Talk) -> None:
    await begins(talk, HOLD)
    for number in range(20):
        story = await talk.story(str(number), title=f"A long title {number} " + "of many words " * 20)
        await begins(talk, CLOSE, Scope.STORY, story.url, note="a long reason " * 20)
    overview = await asks(talk, MEERA, "/switches", "And 9 more: /dashboard has them all.")
    assert labels(overview)[:2] == ["End 1", "End 21"]
    assert len(labels(overview)) == 13, "twelve to end, and one to stop"


async def test_a_group_that_can_not_be_written_to_is_told_later(talk: Talk) -> None:
    await talk.sandbox.do("DELETE", f"chats/{GROUP}/members/{BOT}")
    with capture_logs() as logs:
        await begins(talk, HOLD)

        async def failed() -> bool | None:
            return any(one["event"] == "group not told of a switch" for one in logs) or None

        await until(failed)
    await talk.sandbox.do("PUT", f"chats/{GROUP}/members/{BOT}")
    await talk.sees(GROUP, says("Why: riots"))


async def test_a_message_somebody_deleted_keeps_nobody_from_being_told_of_the_next_switch(talk: Talk) -> None:
    first = await begins(talk, HOLD)
    told = await talk.sees(GROUP, says("Why: riots"))
    await talk.ground.bot.delete_message(GROUP, told["message_id"])
    await Switches(talk.store).end(first.id, who="cli:desk", name="desk", now=now())
    await begins(talk, STOP)
    await talk.sees(GROUP, says("Publishing is stopped"))
