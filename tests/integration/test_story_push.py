"""`baithak story push`: an editor's story goes to its subscribers, once, whatever the feeds say."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.editing import StoryRefused, editor_of
from bot.settings import BotSettings
from bot.store import BotStore, Wanted
from bot.story import FeedStory, Story
from moderation.database import Database
from moderation.errors import SettingsError
from tests.integration.processes import baithak

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://news.example/stories/quay"


class Editor:
    """Somebody at the command line, and the store they push into."""

    def __init__(self, address: str, database: Database) -> None:
        self.settings = BotSettings(database_url=SecretStr(address))
        self.store = BotStore(database)

    async def pushes(self, url: str = URL, **given: str | None) -> tuple[Story, int]:
        async with editor_of(self.settings) as editor:
            story = await editor.to_push(url, **given)
            return story, await editor.push(story)

    async def subscriber(self, person: int, *, language: str = "en", sections: tuple[str, ...] = ()) -> None:
        await self.store.subscribers.subscribe(person, name="Reader", language=language, now=NOW)
        await self.store.subscribers.set_sections(person, sections)


@pytest.fixture
def editor(database_address: str, database: Database) -> Editor:
    return Editor(database_address, database)


async def test_a_story_no_feed_has_goes_to_the_subscribers_of_its_language_and_section(editor: Editor) -> None:
    await editor.subscriber(1)
    await editor.subscriber(2, sections=("sport",))
    await editor.subscriber(3, sections=("business",))
    await editor.subscriber(4, language="ur")
    story, planned = await editor.pushes(title="The quay is longer", summary="Two lines.", section="business")
    assert (story.title, story.language, story.section) == ("The quay is longer", "en", "business")
    assert planned == 2
    assert [await editor.store.deliveries.received(person) for person in (1, 2, 3, 4)] == [
        {story.id},
        set(),
        {story.id},
        set(),
    ]


async def test_who_has_it_does_not_get_it_again(editor: Editor) -> None:
    await editor.subscriber(1)
    assert (await editor.pushes(title="The quay is longer"))[1] == 1
    await editor.subscriber(2)
    assert (await editor.pushes())[1] == 1
    assert (await editor.pushes(f"{URL}?utm_source=mail#top"))[1] == 0


async def test_a_story_of_a_feed_needs_nothing_but_its_address(editor: Editor) -> None:
    await editor.subscriber(1, language="ur")
    told = FeedStory(URL, "گھاٹ", "دو سطریں", "ur", "world", NOW)
    await editor.store.stories.add([told], now=NOW)
    story, planned = await editor.pushes()
    assert (story.title, planned) == ("گھاٹ", 1)


async def test_who_was_shown_it_does_not_get_it_again_and_what_was_sent_is_not_renamed(editor: Editor) -> None:
    await editor.subscriber(1)
    await editor.subscriber(2)
    told = FeedStory(URL, "The quay is longer", "Two lines.", "en", "world", NOW)
    (story,) = await editor.store.stories.add([told], now=NOW)
    await editor.store.shown.note_alert(1, 5, story=story, now=NOW)  # by /top
    assert await editor.store.pushes.count_wanting(story, now=NOW) == Wanted(now=1, later=0, full=0)
    with pytest.raises(StoryRefused, match="story correct"):
        await editor.pushes(title="Another title")
    assert (await editor.pushes(str(story.id)))[1] == 1
    assert await editor.store.deliveries.counts(story.id) == {"pending": 1}, "for the other one"


@pytest.mark.parametrize(
    ("url", "given", "word"),
    [
        (URL, {}, "--title"),
        (URL, {"title": "  "}, "--title"),
        (URL, {"title": "A title", "language": "fr"}, "--language"),
        (URL, {"title": "A \udcff title"}, "--title"),
        (URL, {"title": "A title", "section": "\udcff"}, "--section"),
        ("swordfish", {"title": "A title"}, "web address"),
        ("ftp://news.example/1", {"title": "A title"}, "web address"),
        ("https://reader:pass@news.example/1", {"title": "A title"}, "user name"),
        ("https://news.example:port/1", {"title": "A title"}, "port"),
    ],
)
async def test_what_can_not_be_pushed_is_refused_with_what_to_give(
    editor: Editor, url: str, given: dict[str, str], word: str
) -> None:
    await editor.subscriber(1)
    with pytest.raises(StoryRefused, match=word):
        await editor.pushes(url, **given)
    assert await editor.store.deliveries.received(1) == set()


async def test_a_title_of_any_length_and_form_becomes_one_that_fits_a_message(editor: Editor) -> None:
    story, _ = await editor.pushes(title="The\n quay  <b>is</b> " + "longer " * 900, summary="x" * 5000)
    assert story.title.startswith("The quay <b>is</b> longer")
    assert len(story.title) <= 300
    assert len(story.summary) <= 600


async def test_without_a_database_the_editor_is_told_what_to_do(tmp_path: Path) -> None:
    for settings in (
        BotSettings(data_dir=tmp_path),
        BotSettings(database_url=SecretStr("postgresql://desk:swordfish@127.0.0.1:9/desk")),
    ):
        with pytest.raises(SettingsError, match="baithak db upgrade") as raised:
            async with editor_of(settings) as editor:
                await editor.to_push(URL, title="A title")
        assert "swordfish" not in str(raised.value)


def test_the_command_says_what_it_did_and_ends_with_the_status_of_its_kind(tmp_path: Path) -> None:
    nothing_there = baithak(tmp_path / "var", "story", "push", URL, "--title", "A title")
    assert nothing_there.returncode == 3
    assert nothing_there.stderr.count("\n") == 1
    assert baithak(tmp_path / "var", "db", "upgrade").returncode == 0
    done = baithak(tmp_path / "var", "story", "push", URL, "--title", "The quay is longer")
    assert done.returncode == 0
    assert "The quay is longer" in done.stdout
    assert "0 subscribers" in done.stdout
    refused = baithak(tmp_path / "var", "story", "push", "https://news.example/other")
    assert refused.returncode == 1
    assert "--title" in refused.stderr


async def test_a_story_is_pinned_and_muted_by_the_operator(
    database_address: str, editor: Editor, tmp_path: Path
) -> None:
    known = [FeedStory(f"{URL}/{n}", f"Quay {n}", "", "en", "world", NOW) for n in (1, 2)]
    first, second = await editor.store.stories.add(known, now=NOW)

    async def said(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(baithak, tmp_path, "story", *words, BAITHAK_DATABASE_URL=database_address)
        return done.returncode, done.stdout + done.stderr

    assert (await said("pin", first.url))[1].startswith(
        f"story {first.id} “Quay 1” is first of the top stories until 2"
    )
    assert await said("mute", str(second.id)) == (0, f"story {second.id} “Quay 2” is not among the top stories\n")
    kept = [await editor.store.stories.one(story.id) for story in (first, second)]
    assert [one is not None and (one.pinned_until is not None, one.muted) for one in kept] == [
        (True, False),
        (False, True),
    ]
    assert (await said("unpin", first.url))[0] == 0
    assert (await said("unmute", second.url))[0] == 0
    assert (await said("pin", first.url, "--hours", "0"))[0] == 1
    assert (await said("pin", f"{URL}/none"))[0] == 1
    kept = [await editor.store.stories.one(story.id) for story in (first, second)]
    assert [one is not None and (one.pinned_until, one.muted) for one in kept] == [(None, False), (None, False)]
