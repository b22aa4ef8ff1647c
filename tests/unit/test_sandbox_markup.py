"""How the sandbox reads HTML, MarkdownV2 and plain text: as Telegram does, to the byte and the UTF-16 unit."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.errors import ApiError
from bot.sandbox.markup import formatted
from bot.sandbox.markup.found import with_found_entities
from bot.sandbox.markup.html import parse_html
from bot.sandbox.markup.links import checked_link
from bot.sandbox.markup.markdown import parse_markdown
from bot.sandbox.markup.text import Formatted

Entity = tuple[Any, ...]


LONG = "9" * 5000
"""More digits than Python makes a number of."""


def shown(entities: list[dict[str, Any]]) -> list[Entity]:
    """Each as (type, offset, length) and what else it says."""
    plain = ("type", "offset", "length")
    return [
        (*(entity[key] for key in plain), *(value for key, value in entity.items() if key not in plain))
        for entity in entities
    ]


HTML: list[tuple[str, str, list[Entity]]] = [
    ("<b>a</b>", "a", [("bold", 0, 1)]),
    ("<strong>a</strong><em>b</em>", "ab", [("bold", 0, 1), ("italic", 1, 1)]),
    ("<B>a</b >", "a", [("bold", 0, 1)]),
    ("<b>a</>", "a", [("bold", 0, 1)]),
    ("<u>a</u><ins>b</ins>", "ab", [("underline", 0, 1), ("underline", 1, 1)]),
    ("<s>a</s><strike>b</strike><del>c</del>", "abc", [("strikethrough", n, 1) for n in range(3)]),
    ("<tg-spoiler>a</tg-spoiler>", "a", [("spoiler", 0, 1)]),
    ('<span class="tg-spoiler">a</span>', "a", [("spoiler", 0, 1)]),
    ("<b>a<i>b</i></b>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
    ("😀<b>ठीक</b>", "😀ठीक", [("bold", 2, 3)]),
    ("<b>👨‍👩‍👧</b>!", "👨‍👩‍👧!", [("bold", 0, 8)]),
    ("سلام <i>دنیا</i>", "سلام دنیا", [("italic", 5, 4)]),
    ("a & b &amp; c &nbsp; &copy;", "a & b & c &nbsp; &copy;", []),
    ("&lt;b&gt; &quot &#65;&#x1F600;", '<b> " A😀', []),
    ("&#0; &#1114111; &#99999999999;", "&#0; &#1114111; &#99999999999;", []),
    (f"&#{LONG};", f"&#{LONG};", []),
    (f'<a href="http://a.b:{LONG}">y</a>', "y", []),
    (f'<a href="tg://user?id={LONG}">y</a>', "y", [("text_link", 0, 1, f"tg://user?id={LONG}")]),
    (f'<tg-time unix="{LONG}">t</tg-time>', "t", []),
    ('<a href="https://example.com/x?a=1&amp;b=2">y</a>', "y", [("text_link", 0, 1, "https://example.com/x?a=1&b=2")]),
    ("<a href='example.com'>y</a>", "y", [("text_link", 0, 1, "http://example.com/")]),
    ("<a>t.me/x</a>", "t.me/x", [("text_link", 0, 6, "http://t.me/x")]),
    ('<a href="javascript:alert(1)">y</a>', "y", []),
    ('<a href="http://localhost:8080/">y</a>', "y", []),
    ('<a href="http://127.0.0.1:8080/">y</a>', "y", [("text_link", 0, 1, "http://127.0.0.1:8080/")]),
    ('<a href="tg://user?id=7">y</a>', "y", [("text_mention", 0, 1, {"id": 7})]),
    ('<b onclick="x" hidden>a</b>', "a", [("bold", 0, 1)]),
    ("<b></b>a", "a", []),
    ("<pre>a</pre><code>b</code>", "ab", [("pre", 0, 1), ("code", 1, 1)]),
    ('<pre><code class="language-py">a</code></pre>', "a", [("pre", 0, 1, "py")]),
    ('<code class="language-py">a</code>', "a", [("code", 0, 1)]),
    ("<blockquote>a</blockquote>", "a", [("blockquote", 0, 1)]),
    ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
    ('<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>', "👍", [("custom_emoji", 0, 2, "5368324170671202286")]),
    ('<tg-time unix="1700000000" format="D">t</tg-time>', "t", [("date_time", 0, 1, 1700000000, "D")]),
]


@pytest.mark.parametrize(("source", "text", "entities"), HTML)
def test_html_becomes_text_and_entities(source: str, text: str, entities: list[Entity]) -> None:
    parsed = parse_html(source)
    assert (parsed.text, shown(parsed.entities)) == (text, entities)


HTML_FAULTS = [
    ("<foo>", 'Unsupported start tag "foo" at byte offset 0'),
    ("é<br>", 'Unsupported start tag "br" at byte offset 2'),
    ("سلام<p>", 'Unsupported start tag "p" at byte offset 8'),
    ("😀<BR/>", 'Unsupported start tag "br/" at byte offset 4'),
    ("<!-- a -->", 'Unsupported start tag "!--" at byte offset 0'),
    ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
    ("<b>हि</i>", 'Unmatched end tag at byte offset 9, expected "</b>", found "</i>"'),
    ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    ("<b><i>a</i>", 'Can\'t find end tag corresponding to start tag "b"'),
    ("a<b", "Unclosed start tag at byte offset 1"),
    ('<a href="x', "Unclosed start tag at byte offset 0"),
    ("a < b", 'Unsupported start tag "" at byte offset 2'),
    ("a <3", "Unclosed start tag at byte offset 2"),
    ("a</b>", "Unexpected end tag at byte offset 1"),
    ("<b>a</b", "Unclosed end tag at byte offset 4"),
    ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("<b =x>", 'Empty attribute name in the tag "b" at byte offset 0'),
    ("<b a=!>q</b>", "Unexpected end of name token at byte offset 5"),
    ("<tg-emoji>👍</tg-emoji>", "Invalid custom emoji identifier specified"),
    ('<tg-emoji emoji-id="--5">👍</tg-emoji>', "Invalid custom emoji identifier specified"),
    ('<tg-emoji emoji-id="٥">👍</tg-emoji>', "Invalid custom emoji identifier specified"),
    (f'<tg-emoji emoji-id="{LONG}">👍</tg-emoji>', "Invalid custom emoji identifier specified"),
]


@pytest.mark.parametrize(("source", "fault"), HTML_FAULTS)
def test_faulty_html_is_refused_in_telegrams_words_with_byte_offsets(source: str, fault: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_html(source)
    assert (refusal.value.code, refusal.value.description) == (400, f"Bad Request: can't parse entities: {fault}")


MARKDOWN: list[tuple[str, str, list[Entity]]] = [
    ("*a* _b_ __c__ ~d~ ||e|| `f`", "a b c d e f", [
        ("bold", 0, 1), ("italic", 2, 1), ("underline", 4, 1), ("strikethrough", 6, 1), ("spoiler", 8, 1),
        ("code", 10, 1),
    ]),
    ("😀*ठीक*", "😀ठीक", [("bold", 2, 3)]),
    ("a\\.b\\!", "a.b!", []),
    ("[x](http://e.com)", "x", [("text_link", 0, 1, "http://e.com/")]),
    ("[x](tg://user?id=7)", "x", [("text_mention", 0, 1, {"id": 7})]),
    ("```py\nx```", "x", [("pre", 0, 1, "py")]),
    ("`a*b.`", "a*b.", [("code", 0, 4)]),
    (">q\n>r\nx", "q\nr\nx", [("blockquote", 0, 4)]),
    ("**>q||", "q", [("expandable_blockquote", 0, 1)]),
    ("_a__b__c_", "abc", [("italic", 0, 3), ("underline", 1, 1)]),
    ("![👍](tg://emoji?id=5)", "👍", [("custom_emoji", 0, 2, "5")]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text", "entities"), MARKDOWN)
def test_markdown_becomes_text_and_entities(source: str, text: str, entities: list[Entity]) -> None:
    parsed = parse_markdown(source)
    assert (parsed.text, sorted(shown(parsed.entities))) == (text, sorted(entities))


MARKDOWN_FAULTS = [
    ("a.b", "Character '.' is reserved and must be escaped with the preceding '\\'"),
    ("a!", "Character '!' is reserved and must be escaped with the preceding '\\'"),
    ("|a", "Character '|' is reserved and must be escaped with the preceding '\\'"),
    ("é*a", "Can't find end of Bold entity at byte offset 2"),
    ("_a", "Can't find end of Italic entity at byte offset 0"),
    ("```a", "Can't find end of Pre entity at byte offset 0"),
    ("[a](b", "Can't find end of a URL at byte offset 4"),
    (">*a\n*", "Can't find end of Bold entity at byte offset 1"),
    ("![x]", "The entity must contain a tg://emoji or tg://time URL"),
]


@pytest.mark.parametrize(("source", "fault"), MARKDOWN_FAULTS)
def test_faulty_markdown_is_refused_in_telegrams_words(source: str, fault: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_markdown(source)
    assert refusal.value.description == f"Bad Request: can't parse entities: {fault}"


FOUND: list[tuple[str, list[Entity]]] = [
    ("/start hello", [("bot_command", 0, 6)]),
    ("see /a@b_bot", [("bot_command", 4, 8)]),
    ("a/b and //c", []),
    ("@abcd and @ab", [("mention", 0, 5)]),
    ("#news #1 #سلام", [("hashtag", 0, 5), ("hashtag", 9, 5)]),
    ("me@x.co.in", [("email", 0, 10)]),
    ("😀 https://example.com/a(b)c).", [("url", 3, 25)]),
    ("(https://e.com/x), t.me/y.", [("url", 1, 15), ("url", 19, 6)]),
    ("http://127.0.0.1:8080/x", [("url", 0, 23)]),
    ("http://localhost:8080/x", []),
    ("1.5 and e.g. this", []),
]


@pytest.mark.parametrize(("text", "entities"), FOUND)
def test_links_and_commands_are_found_in_plain_text(text: str, entities: list[Entity]) -> None:
    assert shown(with_found_entities(Formatted(text)).entities) == entities


@pytest.mark.parametrize(
    ("entity", "fault"),
    [
        ({"type": []}, 'can\'t parse MessageEntity: Field "type" must be of type String'),
        ({"offset": True}, 'can\'t parse MessageEntity: Field "offset" and "length" must be of type Number'),
        ({"offset": 2, "length": 2}, "entity begins in a middle of a UTF-16 symbol at byte offset 5"),
        ({"length": 2}, "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 5"),
    ],
)
def test_entities_that_stand_on_no_whole_characters_are_refused(entity: dict[str, Any], fault: str) -> None:
    given = {"type": "bold", "offset": 0, "length": 3, **entity}
    with pytest.raises(ApiError) as refusal:
        formatted("a😀b", parse_mode="", entities=[given])
    assert refusal.value.description == f"Bad Request: {fault}"


def test_nothing_is_found_inside_code_or_a_link() -> None:
    parsed = formatted('<code>/start</code> <a href="https://e.com">t.me</a>', parse_mode="HTML", entities=None)
    assert [entity["type"] for entity in parsed.entities] == ["code", "text_link"]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("  a \n", "a", []),
        ("a\r\nb\tc\0d", "a\nb c d", []),
        ("a\u202eb", "ab", []),
        ("\u200b \u2800\n", "", []),
        ("\n <b> a </b>b", "a b", [("bold", 0, 2)]),
        ("\u202e\u202e<b>a\u202eb</b>", "ab", [("bold", 0, 2)]),
        ("e\u0301" * 3, "e\u0301" * 3, []),
    ],
)
def test_what_a_bot_sends_is_tidied_and_its_entities_move_along(source: str, text: str, entities: list[Entity]) -> None:
    parsed = formatted(source, parse_mode="HTML", entities=None)
    assert (parsed.text, shown(parsed.entities)) == (text, entities)


@pytest.mark.parametrize(
    ("link", "written"),
    [
        ("a.b", "http://a.b/"),
        ("HTTPS://EXAMPLE.com/Path", "https://example.com/Path"),
        ("http://a.b?x", "http://a.b/?x"),
        ("http://a.b/é x", "http://a.b/é%20x"),
        ("http://[::1]/x", "http://[::1]/x"),
        ("TG://Resolve?a=1", "tg://resolve?a=1"),
        ("http://a", ""),
        ("http://a.b:99999", ""),
        ("ftp://a.b", ""),
        ("http://a b.c", ""),
        ("data:text/html,x", ""),
    ],
)
def test_a_link_is_written_as_telegram_writes_it_or_dropped(link: str, written: str) -> None:
    assert checked_link(link) == written


@pytest.mark.parametrize("text", ["a." * 2000, "@" * 4000, "a@a." * 1000, "http://" * 600, "x.com/" + ")" * 4000])
def test_long_hostile_text_is_looked_through_at_once(text: str) -> None:
    assert with_found_entities(Formatted(text)).text == text
