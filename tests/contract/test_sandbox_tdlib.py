"""The sandbox reads markup as TDLib itself does, on generated text.

TDLib is no dependency: set TDJSON_LIBRARY to the path of a libtdjson to run these. Nothing in them asks Telegram.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.errors import ApiError
from bot.sandbox.markup.html import parse_html
from bot.sandbox.markup.markdown import parse_markdown
from bot.sandbox.markup.text import Formatted

LIBRARY = os.environ.get("TDJSON_LIBRARY", "")
TEXTS = 20_000

pytestmark = pytest.mark.skipif(not LIBRARY, reason="set TDJSON_LIBRARY to the path of a libtdjson to compare with it")

HTML_PIECES = (
    "<b>", "</b>", "<i>", "</i>", '<a href="example.com">', "<a href='https://e.com/x?a=1&amp;b=2'>", "<a>", "</a>",
    "t.me", "<", ">", "</", "/", "&", "&amp;", "&lt", "&#65;", "&#x1F600;", "&#xD83D;", "&nbsp;", '"', "'", "=", " ",
    "\n", "<code>", "</code>", '<code class="language-py">', "<pre>", "</pre>", "<blockquote>",
    "<blockquote expandable>", "</blockquote>", '<span class="tg-spoiler">', "<span>", "</span>", "<tg-spoiler>",
    "</tg-spoiler>", "</>", "a", "é", "سلام", "😀", "हि", '<tg-emoji emoji-id="5368324170671202286">', "</tg-emoji>",
    "<B>", "</B >", "<b class=x y>", "<s", "<br>", "<p>", "\0", '<tg-time unix="1700000000" format="D">', "</tg-time>",
    '<a href="tg://user?id=12">', "&#0;", "&#1114111;", "<!--",
)  # fmt: skip
MARKDOWN_PIECES = (
    "*", "_", "__", "~", "||", "|", "`", "```", "[", "](", "](http://a.com)", "]", "(", ")", "!", "![",
    "](tg://emoji?id=5368324170671202286)", ">", "\n", "\n>", "\\", "\\*", "\\>", ".", "-", "a", "b c", "é", "😀",
    "سلام", "#", "{", "\r", "```py\n", "\n```", "](tg://user?id=12)", "**>", "+", "=", "&", "<b>",
)  # fmt: skip
NAMES = {
    "Bold": "bold", "Italic": "italic", "Underline": "underline", "Strikethrough": "strikethrough",
    "Spoiler": "spoiler", "Code": "code", "Pre": "pre", "PreCode": "pre", "BlockQuote": "blockquote",
    "ExpandableBlockQuote": "expandable_blockquote", "TextUrl": "text_link", "MentionName": "text_mention",
    "CustomEmoji": "custom_emoji", "DateTime": "date_time",
}  # fmt: skip
ARGUMENTS = ("url", "language", "user_id", "custom_emoji_id", "unix_time")


@pytest.fixture(scope="module")
def tdlib() -> Callable[[str, dict[str, Any]], Any]:
    """TDLib's own reading of a text in a parse mode: its text and entities, or its error."""
    library = ctypes.CDLL(LIBRARY)
    library.td_execute.restype = ctypes.c_char_p
    library.td_execute.argtypes = [ctypes.c_char_p]

    def execute(request: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(library.td_execute(json.dumps(request).encode()))
        return answer

    def read(text: str, mode: dict[str, Any]) -> Any:
        answer = execute({"@type": "parseTextEntities", "text": text, "parse_mode": mode})
        if answer["@type"] == "error":
            return answer["message"].removeprefix("Can't parse entities: ")
        entities = []
        for entity in answer["entities"]:
            type_ = entity["type"]
            argument = next((str(type_[name]) for name in ARGUMENTS if type_.get(name)), "")
            name = NAMES[type_["@type"].removeprefix("textEntityType")]
            entities.append((entity["offset"], entity["length"], name, argument))
        return answer["text"], sorted(entities)

    execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})
    return read


def ours(read: Callable[[str], Formatted], text: str) -> Any:
    """Our reading, in the same shape."""
    try:
        parsed = read(text)
    except ApiError as error:
        return error.description.removeprefix("Bad Request: can't parse entities: ")
    entities = []
    for entity in parsed.entities:
        entity = {**entity, "user_id": entity.get("user", {}).get("id")}
        argument = next((str(entity[name]) for name in ARGUMENTS if entity.get(name)), "")
        entities.append((entity["offset"], entity["length"], entity["type"], argument))
    return parsed.text, sorted(entities)


@pytest.mark.parametrize(
    ("read", "mode", "pieces", "frames"),
    [
        (parse_html, {"@type": "textParseModeHTML"}, HTML_PIECES, [f"<{tag}>%</{tag}>" for tag in ("b", "pre", "a")]),
        (
            parse_markdown,
            {"@type": "textParseModeMarkdown", "version": 2},
            MARKDOWN_PIECES,
            [f"{mark}%{mark}" for mark in ("*", "_", "||", "`", "```")],
        ),
    ],
    ids=["html", "markdown"],
)
def test_generated_text_is_read_alike(
    tdlib: Callable[[str, dict[str, Any]], Any],
    read: Callable[[str], Formatted],
    mode: dict[str, Any],
    pieces: tuple[str, ...],
    frames: list[str],
) -> None:
    chance = random.Random(1)
    for _ in range(TEXTS):
        text = "".join(chance.choice(pieces) for _ in range(chance.randint(1, 9)))
        if chance.random() < 0.5:
            text = chance.choice(frames).replace("%", text)
        assert ours(read, text) == tdlib(text, mode), repr(text)
