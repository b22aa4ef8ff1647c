"""A story's canonical address, its deep link, and which stories come first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ranking import Told, distinct, rank
from bot.story import Story, canonical_address, start_payload, story_of_link, story_of_payload
from bot.subscriber import Subscriber
from moderation.comment import KEY_AT_MOST

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def story(number: int = 1, **given: object) -> Story:
    values: dict[str, object] = {
        "id": number,
        "url": f"https://news.example/{number}",
        "title": "Dam opens",
        "summary": "",
        "language": "en",
        "section": "world",
        "picture": None,
        "published_at": NOW - timedelta(hours=1),
        "seen_at": NOW,
    }
    return Story(**{**values, **given})  # type: ignore[arg-type]  # values of a builder


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("HTTPS://News.Example:443/a/../b/?utm_source=x&id=7#top", "https://news.example/b/?id=7"),
        ("http://news.example:80", "http://news.example/"),
        ("http://news.example:8080/a", "http://news.example:8080/a"),
        ("https://news.example/a?fbclid=1&gclid=2", "https://news.example/a"),
        ("https://news.example/خبر", "https://news.example/%D8%AE%D8%A8%D8%B1"),
        ("https://news.example/%D8%AE%D8%A8%D8%B1", "https://news.example/%D8%AE%D8%A8%D8%B1"),
        ("https://समाचार.example/a", "https://xn--61b3bh3a5ab.example/a"),
        ("  https://news.example//a//b ", "https://news.example/a/b"),
    ],
)
def test_a_story_has_one_address_however_it_is_written(written: str, canonical: str) -> None:
    assert canonical_address(written) == canonical


@pytest.mark.parametrize("page", ["z" * 2000, "خ" * 334, "?q=" + "%26" * 667])
def test_an_address_that_nobody_could_comment_under_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="more than 2000 bytes"):
        canonical_address(f"https://news.example/{page}")


def test_the_longest_address_is_taken_whatever_is_stripped_of_it() -> None:
    longest = "https://news.example/" + "z" * (KEY_AT_MOST - len("https://news.example/"))
    assert canonical_address(f"{longest}?utm_source={'x' * 5000}") == longest


@pytest.mark.parametrize(
    "written",
    [
        *("", "news.example/a", "ftp://news.example/a", "javascript:alert(1)", "http://user:pass@news.example/"),
        *("http://", "http://./a", "http://..:80/a"),
    ],
)
def test_what_is_no_web_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        canonical_address(written)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_a_canonical_address_is_its_own_canonical_address(path: str) -> None:
    try:
        once = canonical_address("https://news.example/" + path)
    except ValueError:
        return
    assert canonical_address(once) == once


@pytest.mark.parametrize("payload", ["s0", "s-1", "mod_1", "s1x", "s" + "9" * 17, "", "S1", "s1 "])
def test_a_tampered_payload_names_no_story(payload: str) -> None:
    assert story_of_payload(payload) is None


def test_a_story_link_names_its_story() -> None:
    assert story_of_payload(start_payload(17)) == 17


def test_what_the_site_marks_and_readers_discuss_comes_first_and_sinks_with_age() -> None:
    plain, marked, discussed = story(1), story(2, top=True), story(3)
    old = story(4, top=True, published_at=NOW - timedelta(days=3))
    ranked = rank([old, plain, discussed, marked], comments={discussed.url: 40}, readers={}, now=NOW)
    assert [one.id for one in ranked] == [2, 3, 1, 4]


def test_what_many_readers_opened_stands_before_what_few_did_and_a_comment_weighs_more() -> None:
    quiet, opened, discussed = story(1), story(2), story(3)
    ranked = rank([quiet, opened, discussed], comments={discussed.url: 30}, readers={2: 30, 1: 1}, now=NOW)
    assert [one.id for one in ranked] == [3, 2, 1]


def test_no_crowd_holds_a_story_at_the_top() -> None:
    yesterday, fresh = story(1, published_at=NOW - timedelta(days=1)), story(2, published_at=NOW)
    ranked = rank([yesterday, fresh], comments={yesterday.url: 10_000}, readers={1: 100_000}, now=NOW)
    assert [one.id for one in ranked] == [2, 1]


def test_of_stories_of_one_hour_the_first_in_its_feed_is_first() -> None:
    places = {1: 3, 2: 1, 3: None, 4: 2}
    ranked = rank([story(one, place=place) for one, place in places.items()], comments={}, readers={}, now=NOW)
    assert [one.id for one in ranked] == [2, 4, 1, 3]


def test_what_an_editor_pinned_is_first_until_its_time_is_over_and_what_is_muted_is_left_out() -> None:
    best, first, last, over, muted = (
        story(1, top=True),
        story(2, pinned_until=NOW + timedelta(hours=1)),
        story(3, pinned_until=NOW + timedelta(hours=2)),
        story(4, pinned_until=NOW),
        story(5, top=True, muted=True),
    )
    ranked = rank([best, first, last, over, muted], comments={}, readers={}, now=NOW)
    assert [one.id for one in ranked] == [3, 2, 1, 4]


@pytest.mark.parametrize(
    ("title", "again", "same"),
    [
        ("The dam opens after heavy rain", "The dam opens after heavy rain", True),
        ("The dam opens after heavy rain", "UPDATE 2-The Dam Opens, after heavy rain!", True),
        ("Breaking: The dam opens after heavy rain", "Updated: the dam opens after heavy rain", True),
        ("The dam opens after heavy rain", "The dam shuts after heavy rain", False),
        ("Score at tea on day 1", "Score at tea on day 2", False),
        ("2 die as the dam opens", "3 die as the dam opens", False),
        ("Live updates", "Live updates", False),
        ("Editorial", "Update: Editorial", False),
        ("بند کے دروازے کھول دیے گئے", "بند کے دروازے کھول دیے گئے۔", True),
        ("बाँध के फाटक खोल दिए गए", "बांध के फाटक खोल दिए गए", True),
        ("", "", False),
        ("update update 1 2 3", "update 1 2 3", False),
    ],
)
def test_news_is_known_again_by_its_title_at_another_address(title: str, again: str, same: bool) -> None:
    first, second = story(1, title=title), story(2, title=again)
    assert Told([first]).has(second) is Told([second]).has(first) is same
    assert len(distinct([first, second])) == 2 - same


def test_the_same_title_on_another_day_site_or_in_another_language_is_other_news() -> None:
    title = "The weather in Lahore today"
    today, yesterday = story(1, title=title), story(2, title=title, published_at=NOW - timedelta(hours=19))
    others = [
        yesterday,
        story(3, title=title, language="mr"),
        story(5, title=title, url="https://other.example/5"),
    ]
    assert not Told(others).has(today)
    assert distinct([today, yesterday, story(4, title=title)]) == [today, yesterday]
    assert distinct([today, yesterday], told=[story(6, title=title)]) == [yesterday]


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 500), st.booleans()), max_size=9)
)
def test_more_of_anything_never_puts_a_story_lower(given: list[tuple[int, int, int, bool]]) -> None:
    stories = [
        story(number, published_at=NOW - timedelta(hours=hours), top=top)
        for number, (_, _, hours, top) in enumerate(given)
    ]
    comments = {one.url: number[0] for one, number in zip(stories, given, strict=True)}
    readers = {one.id: number[1] for one, number in zip(stories, given, strict=True)}
    before = rank(stories, comments=comments, readers=readers, now=NOW)
    assert sorted(one.id for one in before) == list(range(len(stories)))
    for one in before:
        more = rank(stories, comments=comments | {one.url: comments[one.url] + 5}, readers=readers, now=NOW)
        assert more.index(one) <= before.index(one)
        more = rank(stories, comments=comments, readers=readers | {one.id: readers[one.id] + 5}, now=NOW)
        assert more.index(one) <= before.index(one)


@pytest.mark.parametrize(
    ("sections", "section", "top", "active", "language", "wanted"),
    [
        (set(), "world", False, True, "en", True),
        ({"sport"}, "world", False, True, "en", False),
        ({"sport"}, "sport", False, True, "en", True),
        ({"sport"}, "world", True, True, "en", True),
        (set(), "world", False, False, "en", False),
        (set(), "world", False, True, "ur", False),
    ],
)
def test_a_subscriber_wants_their_language_their_sections_and_what_is_top(
    sections: set[str], section: str, top: bool, active: bool, language: str, wanted: bool
) -> None:
    reader = Subscriber(1, "Asha", language, frozenset(sections), active, NOW)
    assert reader.wants(story(section=section, top=top)) is wanted


@pytest.mark.parametrize(
    ("link", "story"),
    [
        ("https://t.me/desk_bot?start=s12", 12),
        (" http://127.0.0.1:8081/?start=s7 ", 7),
        ("https://t.me/desk_bot?start=x12", None),
        ("https://t.me/desk_bot?start=s1&start=s2", None),
        ("https://t.me/desk_bot", None),
        ("s12", None),
        ("https://[", None),
    ],
)
def test_a_link_to_the_bot_names_its_story(link: str, story: int | None) -> None:
    assert story_of_link(link) == story
