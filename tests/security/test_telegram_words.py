"""Words of strangers in Telegram's HTML: in every message they stand as they were written, and none is ever refused.

What reads the messages here is the sandbox's parser, which reads as TDLib does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.messages import cards, notices, stories
from bot.messages.texts import Html, cut, say
from bot.sandbox.markup.html import parse_html
from bot.story import Story
from moderation.comment import CommentStatus, utf16_length
from moderation.database import Database
from moderation.decision import Outcome, Span
from tests.builders import NOW, STORY, finding
from tests.integration.chat.talk import GROUP, MEERA, Message, Talk, data_of, has_data, running_talk, text_of
from tests.security.payloads import XSS

MARKUP = (
    '<a href="tg://user?id=1">x</a>',
    "</b><pre>",
    "&lt;b&gt;",
    "<b>never closed",
    "[x](javascript:1)",
    "*bold* _it_ `code` ||spoiler||",
    "</blockquote></tg-spoiler></a>",
    '<tg-emoji emoji-id="5368324170671202286">🙂</tg-emoji>',
    '<span class="tg-spoiler">x</span>',
    "<code>&amp;&#60;&#x3c;</code>",
    "<tg-time unix=1>",
    "<!-- <![CDATA[ <?",
    "@desk_bot /start t.me/evil #tag",
    '" onclick="x',
)
MESSAGE, CAPTION = 4096, 1024


def _story(words: str) -> Story:
    return Story(7, STORY, words, words, "en", words, None, NOW, NOW)


def _held(words: str) -> Html:
    return cards.held_card(
        text=words,
        language="ur-Latn",
        story_title=words,
        story_url=STORY,
        author_name=words,
        author_published=1,
        author_rejected=1,
        parent_text=words,
        reason=None,
        findings=[finding(spans=(Span(0, len(words)),)) for _ in range(9)],
    )


MESSAGES: dict[str, tuple[Callable[[str], Html], int]] = {
    "alert": (lambda words: stories.alert(_story(words), language="ur"), CAPTION),
    "thread": (
        lambda words: stories.thread_comment(
            author_name=words, text=words, published_at=NOW, edited=True, answers=words, language="ar"
        ),
        MESSAGE,
    ),
    "own comment": (
        lambda words: notices.my_comment(
            CommentStatus.PUBLISHED, title=words, text=words, story_url=STORY, comment_id=1, language="hi"
        ),
        MESSAGE,
    ),
    "prompt": (lambda words: say("compose-prompt", "mr", title=cut(words, at_most=300)), MESSAGE),
    "held card": (_held, MESSAGE),
    "closed card": (
        lambda words: cards.closed_card(
            status_line=cards.rejected(words, "3.2"),
            text=words,
            hidden=len(words) % 2 == 0,
            story_title=words,
            story_url=STORY,
            author_name=words,
        ),
        MESSAGE,
    ),
    "decided otherwise": (lambda words: cards.decided_otherwise("held", words), MESSAGE),
}
OURS = {"bold", "italic", "spoiler", "blockquote", "text_link"}

pieces = st.one_of(
    st.sampled_from([*MARKUP, *XSS, "&", "<", ">", "😀", "बातमी", "شکریہ", "\u0301", "\u200d", "\n", "\u202e"]),
    st.text(max_size=12),
)
texts = st.builds(
    lambda parts, times: ("".join(parts) * times)[:6000], st.lists(pieces, max_size=8), st.sampled_from([1, 1, 40, 900])
)


def check(words: str) -> None:
    """Every message with these words in every place: it can be read, fits, and no markup in it is theirs."""
    for name, (message, at_most) in MESSAGES.items():
        parsed = parse_html(message(words))
        assert utf16_length(parsed.text) <= at_most, name
        assert {entity["type"] for entity in parsed.entities} <= OURS, name
        links = {entity["url"] for entity in parsed.entities if entity["type"] == "text_link"}
        assert links <= {STORY, f"{STORY}#comment-1"}, name


@given(texts)
@settings(max_examples=150)
def test_no_message_is_refused_or_marked_up_by_the_words_in_it(words: str) -> None:
    check(words)


@pytest.mark.long
@given(texts)
@settings(max_examples=3_000)
def test_of_three_thousand_texts_none_marks_up_a_message(words: str) -> None:
    check(words)


@pytest.mark.parametrize("words", MARKUP)
def test_markup_is_read_as_the_letters_it_is(words: str) -> None:
    for name, (message, _) in MESSAGES.items():
        # A name's commas and a cut title may differ; the words themselves stand there.
        assert words in parse_html(message(words)).text, name


@pytest.fixture
def server() -> None:
    """No database server."""


@pytest.fixture
async def talk(database: Database, redis: Redis, tmp_path: Path) -> AsyncIterator[Talk]:
    async with running_talk(database, redis, tmp_path) as talk:
        yield talk


def _foreign(messages: list[Message]) -> list[str]:
    """Markup in what the bot said that the bot does not make itself."""
    found = []
    for message in messages:
        for entity in message.get("entities", []) + message.get("caption_entities", []):
            if not message["from"]["is_bot"] or entity["type"] in {"url", "mention", "hashtag", "bot_command"}:
                continue  # what every client finds in plain text
            ours = ("https://news.example/", "https://desk.example/")
            if entity["type"] not in OURS | {"code"} or not entity.get("url", ours[0]).startswith(ours):
                found.append(f"{entity} in {text_of(message)[:80]!r}")
    return found


@pytest.mark.parametrize("words", MARKUP[:3])
async def test_name_title_and_comment_go_through_every_message_of_a_talk(talk: Talk, words: str) -> None:
    person = 5001
    await talk.sandbox.do("POST", "users", {"id": person, "first_name": words[:64], "language_code": "en"})
    await talk.story(title=words)
    story = await talk.joins_and_agrees(person)
    written = await talk.held_comment(story, words, person=person)
    card = await talk.card()
    assert words in text_of(card) and words[:64] in text_of(card)
    await talk.press(MEERA, card, data_of(card, "approve:"))
    await talk.told(written, "Published: a moderator")
    for command, seen in (("/comments", has_data("comment:")), ("/mycomments", None), ("/top", has_data("comment:"))):
        asked = await talk.sandbox.write(person, command)
        await talk.sees(person, seen or (lambda one: words in text_of(one)), after=asked["message_id"])
    await talk.press(MEERA, card, data_of(await talk.sees(GROUP, has_data("undo:")), "undo:"))
    await talk.sees(GROUP, has_data("approve:"))
    assert _foreign([*await talk.sandbox.messages(person), *await talk.sandbox.messages(GROUP)]) == []
    assert (await talk.sandbox.do("GET", "stats"))["errors"] == {}


async def test_a_comment_decided_by_the_machine_is_told_without_its_words(talk: Talk) -> None:
    await talk.story()
    story = await talk.joins_and_agrees()
    written = await talk.comments(story, MARKUP[0])
    await talk.screen(Outcome.REJECT)
    told = await talk.told(written, "Not published")
    assert MARKUP[0] not in text_of(told)
