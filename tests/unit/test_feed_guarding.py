"""A feed made to harm: nothing of it is expanded, opened or taken for a name, and none of it takes for ever."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.feed import FeedRefused, FeedSource, Reading, read_feed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = FeedSource("https://news.example/rss.xml", "en", "world", 300)
DECLARES = '<!DOCTYPE rss [<!ENTITY a "expanded">]>'
STORY = "<item><title>T &a;</title><link>https://n.example/1</link><description>{}</description></item>"
BIG = 1_000_000
"""Characters of a feed that would take hours in time that grows with the square of its length."""


def read(body: bytes, content_type: str = "application/rss+xml") -> Reading:
    return read_feed(body, SOURCE, content_type=content_type, address=SOURCE.url, now=NOW)


def rss(inner: str = STORY, *, head: str = "") -> str:
    return f'{head}<rss version="2.0"><channel>{inner}</channel></rss>'


def titles(body: bytes, content_type: str = "application/rss+xml") -> list[str]:
    """What is read of a feed; nothing where it is refused."""
    try:
        return [story.title for story in read(body, content_type).stories]
    except FeedRefused:
        return []


XML = "application/xml; charset="

DISGUISES: dict[str, tuple[bytes, str]] = {
    "in plain sight": (rss(head=DECLARES).encode(), XML + "utf-8"),
    "in small letters": (rss(head=DECLARES.replace("DOCTYPE", "doctype")).encode(), XML + "utf-8"),
    "behind a comment": (rss(head=f"<!-- <rss> -->{DECLARES}").encode(), XML + "utf-8"),
    "behind an instruction with a tag in it": (rss(head=f"<?x <rss> ?>{DECLARES}").encode(), XML + "utf-8"),
    "in what only looks like a comment": (
        rss(STORY + "<!-- -->", head=f"<?x <!-- ?>{DECLARES}").encode(),
        XML + "utf-8",
    ),
    "in what only looks like CDATA": (rss(STORY + "]]>", head=f"<?x <![CDATA[ ?>{DECLARES}").encode(), XML + "utf-8"),
    "in a comment": (rss(head='<!--\n<!DOCTYPE x>\n<!ENTITY a "expanded" -->\n').encode(), XML + "utf-8"),
    "behind words": (rss(head=f"\n\nPHP Warning: x in <y on line 1\n{DECLARES}").encode(), XML + "utf-8"),
    "in UTF-16": (rss(head=DECLARES).encode("utf-16"), XML + "utf-16"),
    "in UTF-16 without a mark": (
        ('<?xml version="1.0" encoding="utf-16"?>' + rss(head=DECLARES)).encode("utf-16-be"),
        XML + "utf-16",
    ),
    "in UTF-32": (rss(head=DECLARES).encode("utf-32"), XML + "utf-32"),
    "in UTF-7 by the server's word": (
        rss(head='<?xml version="1.0"?>+ADwAIQ-DOCTYPE rss [+ADwAIQ-ENTITY a "expanded"+AD4-]+AD4-').encode(),
        XML + "utf-7",
    ),
    "in EBCDIC": (('<?xml version="1.0" encoding="cp037"?>' + rss(head=DECLARES)).encode("cp037"), XML + "cp037"),
    "in EBCDIC by itself": (('<?xml version="1.0" encoding="cp037"?>' + rss(head=DECLARES)).encode("cp037"), ""),
    "as escapes by the server's word": (
        rss(head='<?xml version="1.0"?>' + DECLARES.replace("<", "\\u003c")).encode(),
        XML + "raw_unicode_escape",
    ),
}


@pytest.mark.parametrize(("body", "content_type"), DISGUISES.values(), ids=DISGUISES)
def test_no_entity_is_expanded_in_whatever_disguise_it_is_declared(body: bytes, content_type: str) -> None:
    assert not any("expanded" in title for title in titles(body, content_type))


def test_what_is_told_apart_above_would_be_read_without_its_declaration() -> None:
    assert titles(rss().encode(), XML + "utf-8") == ["T &a;"]


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_feed_that_is_the_name_of_a_file_does_not_open_it(scheme: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(rss().replace("T &a;", "A secret"), encoding="utf-8")
    assert titles(f"{scheme}{secret}".encode()) == []


MAZES = {
    "comments without end": "<!--",
    "comments without end in a story": rss(STORY.format("{}")) + "<!--",
    "CDATA without end": "<rss><![CDATA[",
    "instructions without end": "<rss><?",
    "blank lines before it": "\n",
    "half a declaration": "<!",
    "numbers of no character": "<rss>&#",
    "tags without end": "<rss><a b='",
    "tags with a sign in quotes": "<rss><a b='>'",
    "names": "<rss>" + "a:b",
    "brackets": "<rss>]]>",
}


@pytest.mark.parametrize("piece", MAZES.values(), ids=MAZES)
def test_no_piece_however_often_repeated_takes_for_ever(piece: str) -> None:
    titles((piece * (BIG // len(piece))).encode())
    titles(rss(piece * (BIG // len(piece))).encode())


WORDS = {
    "tags": "<div>",
    "links": "<a href='x'>",
    "comments": "<!--",
    "styles": "<b style='color:red'>",
    "references": "&amp",
    "tables": "<table><tr>",
}


@pytest.mark.parametrize("piece", WORDS.values(), ids=WORDS)
def test_words_made_of_tags_are_cleaned_in_bounded_time(piece: str) -> None:
    long = piece * (BIG // len(piece))
    assert titles(rss(STORY.format(f"<![CDATA[{long}]]>")).encode()) == ["T &a;"]
    assert titles(rss(STORY.format(long.replace("<", "&lt;"))).encode()) == ["T &a;"]


def test_a_tag_with_attributes_without_number_is_refused() -> None:
    attributes = " ".join(f"a{number}='>'" for number in range(50_000))
    with pytest.raises(FeedRefused, match="characters"):
        read(rss(f"<item {attributes}>").encode())


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Zażółć".encode("iso-8859-2"), "text/xml; charset=ISO-8859-2"),
        ("Zażółć".encode(), 'application/xml; charset="utf-8"'),
        ("Zażółć".encode(), "application/xml; charset=binary"),
        ("Zażółć".encode(), "text/html"),
    ],
)
def test_the_servers_word_on_the_encoding_is_taken_where_it_is_one_that_is_read(body: bytes, content_type: str) -> None:
    head, _, tail = rss(STORY.replace("T &a;", "#")).encode().partition(b"#")
    assert titles(head + body + tail, content_type) == ["Zażółć"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "windows-1252"])
def test_a_feed_is_read_by_its_byte_order_mark_or_its_own_word(encoding: str) -> None:
    declared = {"utf-16-le": "utf-16", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    body = f'<?xml version="1.0" encoding="{declared}"?>' + rss(STORY.replace("T &a;", "Café"))
    assert titles(body.encode(encoding), "application/xml") == ["Café"]
