"""JSON Feed: read as other feeds are, and refused where it is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feed import FeedRefused, FeedSource, read_feed
from bot.feed.reading import MAX_ITEMS, Reading

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = FeedSource("https://news.example/feed.json", "en", "world", 300)
DAM = {"id": "1", "url": "https://news.example/dam", "title": "Dam opens"}


def read(*items: Any, **head: Any) -> Reading:
    whole = {"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": list(items), **head}
    return read_bytes(json.dumps(whole).encode())


def read_bytes(body: bytes) -> Reading:
    return read_feed(body, SOURCE, content_type="application/feed+json", address=SOURCE.url, now=NOW)


def test_a_story_has_what_the_item_says_of_it() -> None:
    item = {
        **DAM,
        "content_html": "<p>Water <b>flows</b> &amp; fields drink.<script>alert(1)</script></p>",
        "tags": ["Breaking", "Science"],
        "date_published": "2026-11-22T15:00:00+05:00",
        "image": "https://news.example/dam.png",
    }
    (story,) = read(item).stories
    assert (story.title, story.summary) == ("Dam opens", "Water flows & fields drink.")
    assert (story.section, story.top, story.picture) == ("science", True, "https://news.example/dam.png")
    assert story.published_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_an_attached_picture_is_the_storys() -> None:
    attached = [{"url": "https://n.example/a.mp3", "mime_type": "audio/mpeg"}]
    attached.append({"url": "https://n.example/a.jpg", "mime_type": "image/jpeg"})
    (story,) = read({**DAM, "attachments": attached}).stories
    assert story.picture == "https://n.example/a.jpg"


def test_the_language_is_the_items_own_or_told_by_its_letters() -> None:
    urdu = {**DAM, "url": "https://n.example/u", "title": "بند کھل گیا"}
    marathi = {**DAM, "url": "https://n.example/m", "title": "धरण", "language": "mr-IN"}
    assert [story.language for story in read(DAM, urdu, marathi, language="en").stories] == ["en", "ur", "mr"]


def test_an_address_of_the_site_itself_is_completed_and_one_story_is_one() -> None:
    inner, again = {**DAM, "url": "/dam"}, {**DAM, "url": "https://news.example/dam?utm_source=feed"}
    (story,) = read(inner, again, home_page_url="https://news.example/").stories
    assert story.url == "https://news.example/dam"
    (story,) = read(inner).stories
    assert story.url == "https://news.example/dam"


@pytest.mark.parametrize("date", ["", "yesterday", "2026-11-22", "2026-11-22T10:00:00", "9999-12-31T23:59:59-23:00", 5])
def test_a_date_that_is_none_is_now(date: Any) -> None:
    (story,) = read({**DAM, "date_published": date}).stories
    assert story.published_at == NOW


def test_what_is_wrong_with_an_item_is_said_and_the_others_are_read() -> None:
    reading = read("no item", {"id": "2"}, {**DAM, "url": "javascript:alert(1)"}, DAM)
    assert [story.title for story in reading.stories] == ["Dam opens"]
    assert len(reading.problems) == 3


def test_more_items_than_are_read_are_named() -> None:
    reading = read(*({**DAM, "url": f"https://n.example/{number}"} for number in range(MAX_ITEMS + 1)))
    assert len(reading.stories) == MAX_ITEMS
    assert reading.problems == (f"has {MAX_ITEMS + 1} items; the first {MAX_ITEMS} are read",)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{}",
        b'{"version": 1, "items": []}',
        b'{"version": "https://jsonfeed.org/version/1", "items": 5}',
        b'{"version": "https://example.org/version/1", "items": []}',
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 100_000 + b"}",
        b'\xef\xbb\xbf{"version": "x"}',
    ],
    ids=["cut off", "empty", "a number", "no items", "another's", "a tower", "a number without end", "marked"],
)
def test_what_is_no_json_feed_is_refused(body: bytes) -> None:
    with pytest.raises(FeedRefused):
        read_bytes(body)


def test_a_byte_order_mark_costs_nothing() -> None:
    body = json.dumps({"version": "https://jsonfeed.org/version/1", "items": [DAM]}).encode()
    assert len(read_bytes(b"\xef\xbb\xbf" + body).stories) == 1


NAMES = ("id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "date_published")
NAMES += ("tags", "language", "attachments", "mime_type", "items", "version")
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("https://n.example/\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), values, max_size=6), max_size=3), values)
def test_items_of_any_shape_are_stories_or_problems(items: list[dict[str, Any]], language: Any) -> None:
    reading = read(*items, language=language)
    assert len(reading.stories) + len(reading.problems) <= len(items)
    for story in reading.stories:
        assert story.title
        assert story.url.startswith(("http://", "https://"))
        assert not any("\ud800" <= letter <= "\udfff" for letter in story.title + story.summary + story.section)


@pytest.mark.parametrize(
    "body",
    [
        b'{"version":"https://jsonfeed.org/version/1.1","items":[' + b"{}," * 400_000 + b"{}]}",
        json.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "items": [{**DAM, "tags": [""] * 400_000}]}
        ).encode(),
    ],
    ids=["items", "tags"],
)
def test_a_feed_of_very_many_parts_is_refused_before_it_costs_anything(body: bytes) -> None:
    with pytest.raises(FeedRefused, match="parts"):
        read_bytes(body)


def test_of_many_tags_the_first_are_read_and_an_address_without_end_is_none() -> None:
    reading = read(
        {**DAM, "tags": ["Dams"] + ["Science"] * 90_000}, {**DAM, "url": "https://n.example/?" + "a&" * 90_000}
    )
    assert [story.section for story in reading.stories] == ["science"]
    assert len(reading.problems) == 1


def test_json_is_utf_8_whatever_its_server_says() -> None:
    body = json.dumps(
        {"version": "https://jsonfeed.org/version/1", "items": [{**DAM, "title": "Zürich"}]}, ensure_ascii=False
    )
    reading = read_feed(
        body.encode(), SOURCE, content_type="application/json; charset=iso-8859-1", address=SOURCE.url, now=NOW
    )
    assert reading.stories[0].title == "Zürich"
