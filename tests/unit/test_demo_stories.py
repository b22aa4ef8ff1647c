"""The sample stories: complete, sober in size, and given out as feeds that a feed reader understands."""

from __future__ import annotations

import shutil
import struct
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import pytest

from bot.web.demo.stories import FOLDER, LANGUAGES, PICTURES, SECTIONS, DemoStory, feed_xml, load

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SCRIPTS = {"en": "LATIN", "ur": "ARABIC", "hi": "DEVANAGARI", "mr": "DEVANAGARI", "ar": "ARABIC"}


def demo_story(**changes: object) -> DemoStory:
    values: dict[str, object] = {
        "slug": "a-dam",
        "language": "en",
        "section": "world",
        "title": "A dam",
        "summary": "It holds.",
        "body": ("One.", "Two.", "Three."),
        "picture": None,
        "minutes_ago": 10,
        "top": False,
    }
    return DemoStory(**{**values, **changes})  # type: ignore[arg-type]  # the builder's table is looser than the class


def items(feed: bytes) -> list[ET.Element]:
    return ET.fromstring(feed).findall("channel/item")


def test_every_language_has_stories_enough_to_look_around_in() -> None:
    count = Counter(story.language for story in load())
    assert count["en"] >= 5
    assert all(count[language] >= 4 for language in LANGUAGES)
    assert count.total() >= 24


def test_every_language_has_a_top_story_with_a_picture() -> None:
    for language in LANGUAGES:
        assert any(story.top and story.picture for story in load() if story.language == language), language


def test_the_stories_cover_every_section_of_the_site() -> None:
    assert {story.section for story in load()} == set(SECTIONS)


@pytest.mark.parametrize("story", load(), ids=lambda story: story.slug)
def test_a_story_is_written_in_the_script_of_its_language(story: DemoStory) -> None:
    letters = [c for c in " ".join((story.title, story.summary, *story.body)) if unicodedata.category(c)[0] == "L"]
    own = [c for c in letters if unicodedata.name(c).startswith(SCRIPTS[story.language])]
    assert len(own) >= 0.98 * len(letters)


def test_every_picture_is_used_small_and_of_one_size() -> None:
    used = {story.picture for story in load() if story.picture}
    assert used == {path.name for path in PICTURES.glob("*.png")}
    for name in used:
        content = (PICTURES / name).read_bytes()
        assert len(content) <= 25_000, name
        assert struct.unpack(">II", content[16:24]) == (800, 420), name
        assert (PICTURES / name).with_suffix(".svg").is_file(), f"{name} has no drawing beside it"


def test_a_feed_reader_finds_every_field_of_every_story() -> None:
    for language in LANGUAGES:
        own = {story.slug: story for story in load() if story.language == language}
        feed = feedparser.parse(feed_xml(load(), base_url="http://site.example/", language=language, now=NOW))
        assert not feed.bozo
        assert feed.feed.language == language
        assert {entry.link.rpartition("/")[2] for entry in feed.entries} == set(own)
        for entry in feed.entries:
            story = own[entry.link.rpartition("/")[2]]
            assert entry.link == entry.id == f"http://site.example/demo/stories/{story.slug}"
            assert (entry.title, entry.summary) == (story.title, story.summary)
            assert [tag.term for tag in entry.tags] == [story.section, *(["top"] if story.top else [])]
            assert datetime(*entry.published_parsed[:6], tzinfo=UTC) == NOW - timedelta(minutes=story.minutes_ago)
            addresses = [f"http://site.example/demo/pictures/{story.picture}"] if story.picture else []
            assert [enclosure.href for enclosure in entry.enclosures] == addresses


def test_an_enclosure_tells_the_true_length_of_its_picture() -> None:
    (item,) = items(feed_xml([demo_story(picture="dam.png")], base_url="http://a.example", language="en", now=NOW))
    enclosure = item.find("enclosure")
    assert enclosure is not None
    assert enclosure.get("length") == str((PICTURES / "dam.png").stat().st_size)
    assert enclosure.get("type") == "image/png"


def test_top_stories_come_first_and_then_the_newest() -> None:
    stories = [
        demo_story(slug="old", minutes_ago=90),
        demo_story(slug="new", minutes_ago=1),
        demo_story(slug="old-top", minutes_ago=80, top=True),
        demo_story(slug="elsewhere", language="hi", top=True),
        demo_story(slug="new-top", minutes_ago=5, top=True),
    ]
    feed = feed_xml(stories, base_url="http://a.example", language="en", now=NOW)
    order = [item.findtext("link", "").rpartition("/")[2] for item in items(feed)]
    assert order == ["new-top", "old-top", "new", "old"]


def test_markup_in_a_story_stays_text() -> None:
    nasty = '</title><script>alert("1")</script> & ]]>'
    feed = feed_xml([demo_story(title=nasty, summary=nasty)], base_url="http://a.example", language="en", now=NOW)
    assert b"<script" not in feed
    assert items(feed)[0].findtext("title") == nasty
    assert items(feed)[0].findtext("description") == nasty


def test_the_same_moment_gives_the_same_feed_in_any_time_zone() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert feed_xml(load(), base_url="http://a.example", language="hi", now=there) == feed_xml(
        load(), base_url="http://a.example", language="hi", now=NOW
    )


@pytest.mark.parametrize(
    ("language", "now", "reason"),
    [("fr", NOW, "no story in 'fr'"), ("en", NOW.replace(tzinfo=None), "aware")],
)
def test_a_feed_that_cannot_be_true_is_refused(language: str, now: datetime, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        feed_xml(load(), base_url="http://a.example", language=language, now=now)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for language in LANGUAGES:
        shutil.copy(FOLDER / f"stories.{language}.toml", tmp_path)
    shutil.copytree(PICTURES, tmp_path / "pictures")
    return tmp_path


def replaced(old: str, new: str) -> Callable[[str], str]:
    def mend(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return mend


FIRST = 'slug = "merin-valley-strikes-pause"'
HERE = r"stories\.en\.toml: story 1 \(merin-valley-strikes-pause\): "


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replaced(FIRST, 'slug = "Dam"'), r"story 1 \(Dam\): slug must be"),
        (replaced(FIRST, "slug = 7"), "story 1: slug must be str"),
        (replaced(FIRST, 'slug = "three-parties-no-majority"'), "story 2 .*: slug stands twice"),
        (replaced('section = "world"', 'section = "weather"'), HERE + "section must be one of world"),
        (replaced('section = "world"\n', ""), HERE + "section is missing"),
        (replaced("top = true", "top = true\nauthor = 1"), HERE + "author is unknown"),
        (replaced("top = true", 'top = "yes"'), HERE + "top must be bool"),
        (replaced("minutes_ago = 14", "minutes_ago = true"), HERE + "minutes_ago must be int"),
        (replaced("minutes_ago = 14", "minutes_ago = -1"), HERE + "minutes_ago must not be negative"),
        (replaced('"bridge.png"', '"../../stories.py"'), HERE + "picture .* is not among"),
        (replaced('"bridge.png"', '"moon.png"'), HERE + "picture 'moon.png' is not among"),
        (replaced("Air strikes pause", "x" * 120), HERE + "title is longer than 120"),
        (replaced("Air strikes pause", r"\u0000"), HERE + "title must be readable"),
        (replaced("body = [\n", "body = []\nrest = [\n"), HERE + "rest is unknown"),
        (replaced("body = [\n", "body = [\n1,\n"), HERE + "body must be three to five paragraphs"),
        (replaced("body = [\n", 'body = [\n" ",\n'), HERE + "body must be (three|readable)"),
        (lambda _: "stories = 3", r"stories\.en\.toml: stories must stand in"),
        (lambda _: "stories = [3]", r"stories\.en\.toml: stories must stand in"),
        (lambda _: "", r"stories\.en\.toml: stories must stand in"),
        (lambda _: "[[stories", r"stories\.en\.toml: not valid TOML"),
    ],
)
def test_a_faulty_story_is_named_with_the_field_at_fault(
    folder: Path, change: Callable[[str], str], reason: str
) -> None:
    path = folder / "stories.en.toml"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        load(folder)


def test_stories_that_are_not_utf_8_are_refused_by_name(folder: Path) -> None:
    (folder / "stories.mr.toml").write_bytes(b'[[stories]]\nslug = "\xff"\n')
    with pytest.raises(ValueError, match=r"stories\.mr\.toml: not valid TOML"):
        load(folder)


def test_a_missing_edition_is_not_passed_over(folder: Path) -> None:
    (folder / "stories.ar.toml").unlink()
    with pytest.raises(FileNotFoundError):
        load(folder)
