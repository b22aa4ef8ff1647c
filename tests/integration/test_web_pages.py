"""The bot's side of the web: article page, sample feeds and pictures, Telegram's webhook."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.settings import BotSettings
from bot.web import telegram_links
from bot.web.demo.stories import LANGUAGES, load
from moderation.database import Database
from moderation.web.process import story_by_address
from tests.newsroom import SECRET, Newsroom, running_newsroom

HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture(params=["sqlite"])
def server() -> None:
    """SQLite alone: nothing here depends on the database."""
    return


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    async with running_newsroom(database, redis) as newsroom:
        yield newsroom


@pytest.fixture
async def http(newsroom: Newsroom) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(newsroom.address) as session:
        yield session


async def text_of(http: aiohttp.ClientSession, address: str, *, status: int = 200) -> str:
    async with http.get(address) as answer:
        assert answer.status == status, address
        return await answer.text()


async def test_before_any_feed_is_read_the_front_page_shows_the_samples_top_story(
    http: aiohttp.ClientSession,
) -> None:
    page = await text_of(http, "/")
    top = next(story for story in load() if story.language == "en" and story.top)
    assert f"<h1>{top.title}</h1>" in page
    for line in ("Post Comments.", "by posting your comments here you agree to the", "Top Stories"):
        assert line in page, line


@pytest.mark.parametrize(("language", "direction"), [("ur", "rtl"), ("hi", "ltr"), ("mr", "ltr"), ("ar", "rtl")])
async def test_each_edition_has_a_front_page_of_its_own(
    http: aiohttp.ClientSession, language: str, direction: str
) -> None:
    page = await text_of(http, f"/?language={language}")
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert f'data-language="{language}"' in page


async def test_a_story_of_a_real_site_is_shown_by_its_summary_with_a_link_to_the_whole(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    url = await newsroom.story(title="From a feed", summary="Two lines.")
    page = await text_of(http, f"/?story={url}")
    assert "<h1>From a feed</h1>" in page and f'href="{url}"' in page and f'data-story="{url}"' in page
    assert (await text_of(http, "/?story=999999", status=404)).find("unknown_story") > 0


async def test_a_hostile_story_stays_text(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    hostile = '"><img src=x onerror=alert(1)></script><script>alert(1)</script>'
    await newsroom.story(title=hostile, summary=hostile, section="world")
    page = await text_of(http, "/?story=1")
    assert "<img src=x" not in page and "<script>alert" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


async def test_each_sample_story_is_linked_from_its_feed_and_shows_its_body(http: aiohttp.ClientSession) -> None:
    bodies = {story.slug: story.body for story in load()}
    shown = set()
    for language in LANGUAGES:
        root = ET.fromstring(await text_of(http, f"/demo/feeds/{language}.xml"))
        for item in root.iter("item"):
            link = item.findtext("link")
            assert link is not None
            slug = link.rpartition("/")[2]
            page = await text_of(http, f"/demo/stories/{slug}")
            assert bodies[slug][0][:20] in page
            shown.add(slug)
            picture = item.find("enclosure")
            if picture is not None:
                async with http.get(picture.attrib["url"]) as answer:
                    assert (answer.status, answer.content_type) == (200, "image/png")
    assert shown == set(bodies)


@pytest.mark.parametrize("known", ["ETag", "Last-Modified"])
async def test_a_feed_is_sent_once_to_who_remembers_it(http: aiohttp.ClientSession, known: str) -> None:
    async with http.get("/demo/feeds/en.xml") as answer:
        mark = answer.headers[known]
        assert answer.content_type == "application/rss+xml"
    condition = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[known]
    async with http.get("/demo/feeds/en.xml", headers={condition: mark}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")
    other = {"ETag": '"another"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}[known]
    async with http.get("/demo/feeds/en.xml", headers={condition: other}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "address",
    [
        "/demo/feeds/fr.xml",
        "/demo/feeds/en",
        "/demo/pictures/none.png",
        "/demo/pictures/..%2Fstories.en.toml",
        "/demo/stories/none",
        "/static/none.css",
        "/terms/fr",
    ],
)
async def test_what_is_not_there_is_a_problem(http: aiohttp.ClientSession, address: str) -> None:
    assert json.loads(await text_of(http, address, status=404))["code"] == "not_found"


async def test_with_a_feeds_file_the_sample_is_not_there(database: Database, redis: Redis, tmp_path: Path) -> None:
    async with (
        running_newsroom(database, redis, feeds=tmp_path / "feeds.toml") as room,
        aiohttp.ClientSession(room.address) as http,
    ):
        for address in ("/demo/feeds/en.xml", "/demo/stories/merin-valley-strikes-pause", "/demo/pictures/dam.png"):
            await text_of(http, address, status=404)
        assert "No story has come in yet." in await text_of(http, "/")


async def test_files_are_kept_by_browsers_for_as_long_as_they_are_the_same(http: aiohttp.ClientSession) -> None:
    page = await text_of(http, "/")
    address = page.split('href="/static/article.css')[1].split('"')[0]
    async with http.get(f"/static/article.css{address}") as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        etag = answer.headers["ETag"]
    async with http.get("/static/article.css", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304


async def test_the_terms_stand_in_every_language_with_a_place_for_each_clause(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    for language in LANGUAGES:
        page = await text_of(http, f"/terms/{language}")
        for clause in newsroom.parts.policy.clauses:
            assert f'id="clause-{clause}"' in page


async def test_an_update_with_the_right_secret_is_stored(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    async with http.post("/telegram/webhook", json={"update_id": 7}, headers={HEADER: SECRET}) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    assert newsroom.updates == [{"update_id": 7}]


async def test_an_update_that_no_database_takes_is_not_sent_again(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    # Python reads a NaN, and PostgreSQL keeps none; SQLite does.
    headers = {HEADER: SECRET, "Content-Type": "application/json"}
    for update in (b'{"update_id": 7, "message": NaN}', b'{"update_id": 8}'):
        async with http.post("/telegram/webhook", data=update, headers=headers) as answer:
            assert answer.status == 200
    left_out = newsroom.store.database.dialect == "postgresql"
    assert await newsroom.bot_store.inbox.waiting() == 2 - left_out


@pytest.mark.parametrize(
    "headers",
    [[], [SECRET[:-1]], [SECRET + "x"], [SECRET, SECRET], [SECRET, "x"], [""], ["élan"], [f"{SECRET},{SECRET}"]],
    ids=["missing", "a prefix", "longer", "doubled", "two", "empty", "not ASCII", "joined"],
)
async def test_an_update_without_the_one_right_secret_is_refused_and_its_body_not_read(
    newsroom: Newsroom, headers: list[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", newsroom.settings.web_port)
    lines = ["POST /telegram/webhook HTTP/1.1", "Host: x", "Content-Type: application/json", "Content-Length: 1000"]
    lines += [f"{HEADER}: {value}" for value in headers]
    # No byte of the body is ever sent: an answer shows that nobody waits for one.
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    async with asyncio.timeout(10):
        status = (await reader.readline()).split()[1]
    writer.close()
    assert status == b"403"
    assert newsroom.updates == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"update_id": 1}', "text/plain", 415),
        (b" " * (2 * 1024 * 1024), "application/json", 413),
    ],
)
async def test_a_body_that_is_no_update_is_refused(
    newsroom: Newsroom, http: aiohttp.ClientSession, body: bytes, content_type: str, status: int
) -> None:
    headers = {HEADER: SECRET, "Content-Type": content_type}
    async with http.post("/telegram/webhook", data=body, headers=headers) as answer:
        assert answer.status == status
    assert newsroom.updates == []


async def test_without_a_secret_there_is_no_webhook(database: Database, redis: Redis) -> None:
    async with (
        running_newsroom(database, redis, webhook_secret=None) as room,
        aiohttp.ClientSession(room.address) as http,
        http.post("/telegram/webhook", json={"update_id": 7}, headers={HEADER: ""}) as answer,
    ):
        assert answer.status == 404


@pytest.mark.parametrize(
    ("settings", "username", "link"),
    [
        ({"sandbox_port": 9000}, None, "http://127.0.0.1:9000/?start=s7"),
        ({"bot_token": "1:x"}, "news_bot", "https://t.me/news_bot?start=s7"),
        ({"bot_token": "1:x"}, None, None),
    ],
)
def test_a_story_links_to_where_its_comments_are_written(
    settings: dict[str, Any], username: str | None, link: str | None
) -> None:
    assert telegram_links(BotSettings(**settings), username=username)(7) == link


@pytest.mark.parametrize(
    ("name", "is_story"),
    [
        ("https://news.example/a", True),
        ("7", False),
        ("javascript:alert(1)", False),
        ("http://[", False),
        ("//x", False),
    ],
)
async def test_without_a_bot_every_web_address_is_a_story(name: str, is_story: bool) -> None:
    assert (await story_by_address(name) is not None) is is_story
