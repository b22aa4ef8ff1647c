"""Whatever a feed's server sends is read or refused, and what is read is plain text at web addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.feed import SUMMARY_LENGTH, TITLE_LENGTH, FeedRefused, FeedSource, read_feed
from bot.story import SECTION_LENGTH, FeedStory, canonical_address
from moderation.comment import KEY_AT_MOST
from moderation.policy import LANGUAGES

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = FeedSource("https://news.example/rss.xml", "en", "world", 300)

PIECES = (
    '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-16"?>', "<?x ", "?>", "<!--", "-->", "<![CDATA[", "]]>",
    "<!DOCTYPE rss [", '<!ENTITY a "expanded">', '<!ENTITY % p SYSTEM "file:///etc/passwd">', "%p;", "]>", "&a;",
    '<rss version="2.0">', "<rss", "</rss>", "<channel>", "</channel>", "<item>", "</item>", "<title>", "</title>",
    '<title type="html">', "<link>", "</link>", "https://news.example/", "javascript:alert(1)", "//[", "%00", "%zz",
    '<link href="https://n.example/a"/>', "<guid>", "</guid>", '<guid isPermaLink="false">', "<description>",
    "</description>", '<content type="xhtml">', "</content>", '<div xmlns="http://www.w3.org/1999/xhtml">', "</div>",
    '<content mode="base64">', "PGI+", '<feed xmlns="http://www.w3.org/2005/Atom">', "<entry>", "</entry>", "</feed>",
    "<rdf:RDF>", '<category term="top"/>', "<category>", "</category>", "<pubDate>", "</pubDate>", "9" * 5000,
    "Sun, 22 Nov 2026 10:00:00 GMT", "-1-13-45T99:99:99Z", "<updated>", "</updated>", "<dc:date>", "</dc:date>",
    '<enclosure url="http://[::1" type="image/png" length="-1"/>', '<media:content url="a" medium="image"/>',
    '<georss:point>', "1 1e999", "</georss:point>", "<source>", "</source>", "<author>", "a@b.c (x)", "</author>",
    "<b>", "</b>", "<script>alert(1)</script>", "<a href='x' b=\"", "'", '"', ">", "<", "/>", "&", ";", "&#0;",
    "&#xD83D;", "&#x110000;", "&nbsp;", "&lt;b&gt;", "\0", "\ufeff", "\u202e", "\u2028", "\ud7ff", "\x0b", " ", "\n",
    "z" * 2000, "xmlns:a='b'", "xml:lang='ur'", "xml:base='http://[x'", "خبر", "बांध", "😀",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-32", "utf-7", "cp037", "windows-1252", "iso-8859-6")
TYPES = (None, "", "text/html", "application/rss+xml", "text/xml; charset=", 'application/atom+xml; charset="')
VALID = (
    '<rss version="2.0"><channel><title>N</title><item><title>Dam</title><link>https://n.example/1</link>'
    "<description>Water</description><pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>",
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Dam</title><link href="https://n.example/a"/>'
    "<updated>2026-11-22T09:00:00Z</updated></entry></feed>",
)  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A feed put together of pieces, a good one with pieces strewn in, or bytes of nothing."""
    kind = draw(st.sampled_from(["pieces", "strewn", "bytes"]))
    if kind == "bytes":
        return draw(st.binary(max_size=300))
    text = ""
    if kind == "pieces":
        text = "".join(draw(st.lists(st.sampled_from(PIECES), max_size=30)))
    else:
        good = draw(st.sampled_from(VALID))
        places = sorted(draw(st.lists(st.tuples(st.integers(0, len(good)), st.sampled_from(PIECES)), max_size=6)))
        end = 0
        for place, piece in places:
            text += good[end:place] + piece
            end = place
        text += good[end:]
    body = text.encode(draw(st.sampled_from(ENCODINGS)), "replace")
    return body[draw(st.integers(0, 3)) :] if draw(st.booleans()) else body


content_types = st.builds(
    lambda kind, encoding: kind + encoding if kind and kind.endswith(("=", '"')) else kind,
    st.sampled_from(TYPES),
    st.sampled_from(ENCODINGS),
)


def check(body: bytes, content_type: str | None) -> None:
    """Read it, and hold against it what every story must be."""
    for story in read_or_refused(body, content_type):
        # Only entities say it, of all that feeds are put together of.
        assert "expanded" not in story.title + story.summary


def read_or_refused(body: bytes, content_type: str | None) -> tuple[FeedStory, ...]:
    """Its stories, once each was held against what it must be; none where it is refused."""
    try:
        reading = read_feed(body, SOURCE, content_type=content_type, address=SOURCE.url, now=NOW)
    except FeedRefused as error:
        assert str(error)
        return ()
    for story in reading.stories:
        assert 0 < len(story.title) <= TITLE_LENGTH and len(story.summary) <= SUMMARY_LENGTH
        assert not any(ord(letter) < 32 or "\ud800" <= letter <= "\udfff" for letter in story.title + story.summary)
        assert urlsplit(story.url).scheme in {"http", "https"} and urlsplit(story.url).hostname
        assert all(len(one.encode()) <= KEY_AT_MOST for one in (story.url, story.picture or ""))
        assert story.published_at <= NOW
        assert story.language in LANGUAGES and 0 < len(story.section) <= SECTION_LENGTH
        # Else it would be two stories, or one that nobody can ask for.
        assert all(canonical_address(one) == one for one in (story.url, story.picture) if one is not None)
    assert all(problem.encode() for problem in reading.problems)
    return reading.stories


@given(bodies(), content_types)
@settings(max_examples=400)
def test_a_feed_of_any_shape_is_read_or_refused(body: bytes, content_type: str | None) -> None:
    check(body, content_type)


@pytest.mark.long
@pytest.mark.timeout(600)
@given(bodies(), content_types)
@settings(max_examples=15_000)
def test_fifteen_thousand_feeds_are_read_or_refused(body: bytes, content_type: str | None) -> None:
    check(body, content_type)
