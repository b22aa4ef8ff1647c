"""What a feed says: stories read, HTML gone, languages told apart, bombs refused."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot.feed.apart
from bot.feed import FeedRefused, FeedSource, read_apart, read_feed
from bot.feed.reading import Reading, language_of_script, plain_text
from bot.story import FeedStory

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = FeedSource("https://news.example/rss.xml", "en", "world", 300)


def rss(*items: str, head: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{head}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:media="http://search.yahoo.com/mrss/"><channel><title>News</title>{"".join(items)}</channel></rss>'
    ).encode()


def item(title: str = "Dam opens", link: str = "https://news.example/dam", more: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def read(body: bytes, source: FeedSource = SOURCE) -> Reading:
    return read_feed(body, source, content_type="application/rss+xml", address=source.url, now=NOW)


def test_a_story_has_title_summary_section_picture_and_date() -> None:
    more = (
        "<description>&lt;p&gt;Water "
        "&lt;b&gt;flows&lt;/b&gt; &amp;amp; fields drink.&lt;script&gt;alert(1)&lt;/script&gt;"
        "&lt;/p&gt;</description><category>Science</category><pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate>"
        '<enclosure url="https://news.example/dam.png" type="image/png" length="1"/>'
    )
    (story,) = read(rss(item(more=more))).stories
    assert story.title == "Dam opens"
    assert story.summary == "Water flows & fields drink."
    assert (story.section, story.language, story.picture) == ("science", "en", "https://news.example/dam.png")
    assert story.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("reference", ["&#xD83D;", "&#x00dfff;", "&#55296;", "&#0;", "&#x0;", "&#x110000;"])
def test_a_number_for_half_a_character_or_none_does_not_keep_the_feed_from_being_read(reference: str) -> None:
    half, whole = read(rss(item(title=f"Dam {reference} opens"), item(link="https://news.example/b"))).stories
    assert half.title == "Dam \ufffd opens"
    assert whole.title == "Dam opens"


@pytest.mark.parametrize(
    "body",
    [
        b"<rss><channel>" + b"<a>" * 200_000 + b"</channel></rss>",
        b"<rss><channel>" + b"<a/>" * 200_000 + b"</channel></rss>",
        rss(item(more="<x>" * 2000 + "</x>" * 2000)),
        b"<" * 1_000_000,
    ],
    ids=["a tower", "a wall", "a tower in an item", "no tag closed"],
)
def test_a_maze_of_tags_is_refused_before_it_costs_seconds(body: bytes) -> None:
    with pytest.raises(FeedRefused):
        read(body)


@pytest.mark.parametrize(
    ("begin", "one", "end"),
    [
        ("<rss version='2.0'><channel>", "<item><title>n</title><link>https://n.example/{}</link></item>", ""),
        (
            "<feed xmlns='http://www.w3.org/2005/Atom'>",
            "<entry><title>n</title><link href='https://n.example/{}'/></entry>",
            "",
        ),
        (
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>",
            "<item><title>n</title><link>https://n.example/{}</link></item>",
            "</rdf:RDF>",
        ),
    ],
    ids=["RSS", "Atom", "RDF"],
)
def test_of_a_feed_without_end_the_first_items_are_read(begin: str, one: str, end: str) -> None:
    reading = read((begin + "".join(one.format(number) for number in range(50_000)) + end).encode())
    assert [story.url for story in reading.stories] == [f"https://n.example/{number}" for number in range(500)]
    assert reading.problems == ("has 50000 items; the first 500 are read",)


def test_one_address_is_one_story_and_tracking_does_not_make_two() -> None:
    reading = read(
        rss(item(), item(link="https://news.example/dam?utm_source=rss"), item(link="https://news.example/b"))
    )
    assert [story.url for story in reading.stories] == ["https://news.example/dam", "https://news.example/b"]


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (item(title=""), "title"),
        (item(link=""), "address"),
        (item(link="javascript:alert(1)"), "not a web address"),
    ],
)
def test_a_broken_item_is_named_and_the_rest_is_read(broken: str, problem: str) -> None:
    reading = read(rss(broken, item(link="https://news.example/good")))
    assert [story.url for story in reading.stories] == ["https://news.example/good"]
    assert len(reading.problems) == 1
    assert problem in reading.problems[0]


def test_a_date_in_the_future_becomes_now_and_a_missing_one_too() -> None:
    later = "<pubDate>Fri, 22 Nov 2030 10:00:00 GMT</pubDate>"
    stories = read(rss(item(more=later), item(link="https://news.example/b"))).stories
    assert [story.published_at for story in stories] == [NOW, NOW]


@pytest.mark.parametrize(
    ("title", "more", "language"),
    [
        ("Dam opens", "", "en"),
        ("ڈیم کھل گیا ہے", "", "ur"),
        ("فتح السد اليوم", "", "ar"),
        ("बांध खोला गया है", "", "hi"),
        ("धरण उघडले आहे", "", "mr"),
        ("धरण खुले", "<dc:language>mr-IN</dc:language>", "mr"),
        ("Yeh band khul gaya hai", "<dc:language>ur</dc:language>", "ur"),
        ("فتح السد اليوم", "<dc:language>en</dc:language>", "ar"),
        ("Dam opens", "<dc:language>ar</dc:language>", "en"),
    ],
)
def test_an_item_says_its_language_by_mark_or_by_script(title: str, more: str, language: str) -> None:
    (story,) = read(rss(item(title=title, more=more))).stories
    assert story.language == language


def test_a_mark_handed_down_by_the_feed_gives_way_to_the_letters_and_an_items_own_does_not() -> None:
    feed = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ur"><title>خبریں</title>
      <entry><title>Dam opens</title><link href="https://news.example/1"/></entry>
      <entry xml:lang="hi"><title>Baandh khul gaya</title><link href="https://news.example/2"/></entry>
      <entry><title>ڈیم کھل گیا</title><link href="https://news.example/3"/></entry></feed>"""
    assert [story.language for story in read(feed.encode()).stories] == ["en", "hi", "ur"]


def test_an_address_without_a_host_is_on_the_feeds_own_site() -> None:
    (story,) = read(rss(item(link="/en/dam"))).stories
    assert story.url == "https://news.example/en/dam"


def test_a_feed_of_one_script_keeps_its_own_language() -> None:
    assert language_of_script("धरण खुले", default="mr") == "mr"
    assert language_of_script("123 !", default="ar") == "ar"


@pytest.mark.parametrize(
    "body",
    [
        rss(item(), head='<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'),
        rss(item(), head="<!-- <rss> --><!DOCTYPE rss SYSTEM 'http://evil.example/x.dtd'>"),
        rss(item(), head="<!doctype rss>"),
        rss(item(), head='<!DOCTYPE rss [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>').decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE rss+AD4-<rss/>',
        b"<html><body>not a feed</body></html>",
        b"",
        b"\x00\x01\x02\xff",
    ],
)
def test_bombs_and_what_is_no_feed_are_refused(body: bytes) -> None:
    with pytest.raises(FeedRefused):
        read(body)


def test_a_truncated_feed_gives_what_can_be_read() -> None:
    whole = rss(item(), item(link="https://news.example/b"), item(link="https://news.example/c"))
    assert len(read(whole[: len(whole) - 60]).stories) >= 2


def test_an_endless_feed_is_read_up_to_a_bound_and_says_so() -> None:
    reading = read(rss(*(item(link=f"https://news.example/{n}") for n in range(510))))
    assert len(reading.stories) == 500
    assert "510 items" in reading.problems[0]


def test_an_atom_feed_is_read_too() -> None:
    body = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>N</title><entry>'
        b'<title type="html">A &amp;lt;b&amp;gt; tag</title>'
        b'<link href="https://news.example/a"/><id>x</id><updated>2026-11-22T09:00:00Z</updated></entry></feed>'
    )
    (story,) = read(body).stories
    assert story.url == "https://news.example/a"
    assert story.published_at == datetime(2026, 11, 22, 9, tzinfo=UTC)


@given(st.text(max_size=200))
def test_plain_text_never_raises_and_holds_no_control(value: str) -> None:
    text = plain_text(value)
    assert all(ord(letter) >= 32 for letter in text)


@given(st.binary(max_size=400))
def test_random_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        assert isinstance(read(body), Reading)
    except FeedRefused as error:
        assert str(error)


def test_an_item_whose_address_is_too_long_is_no_story_and_is_named() -> None:
    long = "https://news.example/" + "z" * 2502
    reading = read(rss(item("First"), item("Long", long), item("Last", "https://news.example/b")))
    assert [story.title for story in reading.stories] == ["First", "Last"]
    assert reading.problems == ("item 2: its address has more than 2000 bytes",)


def test_a_picture_whose_address_is_too_long_is_left_out() -> None:
    long = f'<enclosure url="https://news.example/{"z" * 2500}.png" type="image/png" length="1"/>'
    short = '<media:content url="https://news.example/a.png" medium="image"/>'
    first, second = read(rss(item(more=long), item(link="https://news.example/b", more=long + short))).stories
    assert (first.picture, second.picture) == (None, "https://news.example/a.png")


async def apart(body: bytes) -> Reading:
    return await read_apart(body, SOURCE, content_type="application/rss+xml", address=SOURCE.url, now=NOW)


async def test_a_feed_read_apart_says_the_same() -> None:
    body = rss(
        item("پانی"), item("One more", link="https://news.example/\u2068more"), item(link="ftp://no"), item("", "")
    )
    assert await apart(body) == read(body)
    assert len(read(body).stories) == 2
    assert len(read(body).problems) == 2


async def test_what_is_refused_here_is_refused_apart_for_the_same_reason() -> None:
    with pytest.raises(FeedRefused, match="declares a document type"):
        await apart(rss(head="<!DOCTYPE a>"))


@pytest.mark.parametrize(
    ("bound", "value", "words"),
    [("READ_S", 0.05, "takes longer than 0 s"), ("MEMORY", 2**26, "more time or memory")],
)
async def test_what_takes_longer_or_more_memory_than_a_feed_may_is_refused_and_no_process_stays(
    bound: str, value: float, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.feed.apart, bound, value)
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = children.read_text()
    with pytest.raises(FeedRefused, match=words):
        await apart(rss(*(item("x" * 50_000, link=f"https://news.example/{n}") for n in range(100))))
    assert children.read_text() == before


OTHERS = """
<link>https://news.example/a?utm_source=rss</link>
<atom:link rel="alternate" hreflang="ur" href="https://news.example/ur/a#top"/>
<atom:link rel="alternate" hreflang="hi-IN" href="/hi/a"/>
<atom:link rel="alternate" hreflang="en" href="https://news.example/a"/>
<atom:link rel="alternate" hreflang="de" href="https://news.example/de/a"/>
<atom:link rel="alternate" hreflang="mr" href="javascript:alert(1)"/>
<atom:link rel="alternate" hreflang="ar" href="http://localhost/ar/a"/>
<atom:link rel="alternate" hreflang="ar" type="application/json" href="https://news.example/ar/a.json"/>
"""


def in_other_languages(items: str, **given: Any) -> FeedStory:
    text = (
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>N</title>'
        f"<link>https://news.example/</link><item><title>The dam opens</title>{items}</item></channel></rss>"
    )
    source = replace(SOURCE, **given)
    (story,) = read_feed(text.encode(), source, content_type=None, address=SOURCE.url, now=NOW).stories
    return story


def test_a_link_to_another_language_is_no_address_of_the_story_but_a_way_to_read_it() -> None:
    story = in_other_languages(OTHERS)
    assert story.url == "https://news.example/a"
    assert story.read_in == (("ur", "https://news.example/ur/a"), ("hi", "https://news.example/hi/a"))


def test_atom_links_in_other_languages_are_read_alike() -> None:
    text = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>x</id>
    <entry><title>بند کھل گیا</title><id>1</id>
    <link href="https://news.example/a" hreflang="en"/><link hreflang="ur" href="https://news.example/ur/a"/></entry></feed>"""
    (story,) = read_feed(text.encode(), SOURCE, content_type=None, address=SOURCE.url, now=NOW).stories
    assert (story.language, story.url) == ("ur", "https://news.example/ur/a")
    assert story.read_in == (("en", "https://news.example/a"),)


def test_a_feed_setting_says_where_other_languages_are_and_its_own_links_go_first() -> None:
    patterns = {"read_in": (("ur", "https://ur.news.example{path}"), ("ar", "https://news.example/ar{path}"))}
    story = in_other_languages("<link>https://news.example/a/7?page=2&amp;utm_medium=x</link>", **patterns)
    assert story.read_in == (
        ("ur", "https://ur.news.example/a/7?page=2"),
        ("ar", "https://news.example/ar/a/7?page=2"),
    )
    assert dict(in_other_languages(OTHERS, **patterns).read_in)["ur"] == "https://news.example/ur/a"


def test_each_story_has_its_place_among_those_of_its_language() -> None:
    items = "".join(
        f"<item><title>{t}</title><link>https://n.example/{n}</link></item>"
        for n, t in enumerate(("One of them", "پہلی خبر یہ ہے", "Two of them", "دوسری خبر یہ ہے", "Three of them"))
    )
    text = f"<rss version='2.0'><channel><title>N</title>{items}</channel></rss>"
    stories = read_feed(text.encode(), SOURCE, content_type=None, address=SOURCE.url, now=NOW).stories
    assert [(story.language, story.place) for story in stories] == [
        ("en", 1),
        ("ur", 1),
        ("en", 2),
        ("ur", 2),
        ("en", 3),
    ]
