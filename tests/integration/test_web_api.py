"""The public side of the web: what is published comes out, nothing else does, and it comes out live."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.alarms import REPORT, Report, WatchedFeed, written
from moderation.database import Database
from moderation.decision import Outcome
from moderation.queue import ScreeningQueue, connect
from moderation.switches import StoryState
from moderation.web import stream
from moderation.web.health import readiness
from moderation.web.parts import StoryRef, no_front
from tests.listening import WAIT_S, listening
from tests.newsroom import MEERA, Newsroom, running_newsroom


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    async with running_newsroom(database, redis) as newsroom:
        yield newsroom


@pytest.fixture
async def http(newsroom: Newsroom) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(newsroom.address) as session:
        yield session


async def get(http: aiohttp.ClientSession, address: str, **params: Any) -> dict[str, Any]:
    async with http.get(address, params=params) as answer:
        assert answer.status == 200, await answer.text()
        body: dict[str, Any] = await answer.json()
        return body


async def test_only_published_comments_come_out(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    story = await newsroom.story()
    shown = await newsroom.published(story, text="Shown.")
    await newsroom.received(story, text="Nobody has read this.")
    await newsroom.held(story, text="Somebody is reading this.")
    refused = await newsroom.received(story, text="Nobody will read this.")
    await newsroom.decide(refused, Outcome.REJECT)
    page = await get(http, "/api/v1/comments", story=story)
    assert [(comment["id"], comment["text"]) for comment in page["items"]] == [(str(shown), "Shown.")]
    assert page["total"] == 1
    assert await get(http, "/api/v1/comments/counts", story=story) == {"counts": {story: 1}}


async def test_a_hundred_stories_are_counted_at_once_however_long_their_addresses(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    names = [f"https://news.example/{number}/{'long-' * 80}" for number in range(101)]
    counts = await get(http, "/api/v1/comments/counts", story=names[:100])
    assert counts == {"counts": dict.fromkeys(names[:100], 0)}
    async with http.get("/api/v1/comments/counts", params={"story": names}) as answer:
        assert answer.status == 400 and (await answer.json())["code"] == "bad_story"


async def test_an_edit_that_waits_for_screening_does_not_show(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    story = await newsroom.story()
    comment = await newsroom.published(story, text="First.", source_key="m:1")
    await newsroom.intake.edit("m:1", author="telegram:1001", text="Second, unread.", now=datetime.now(UTC))
    assert [one["text"] for one in (await get(http, "/api/v1/comments", story=story))["items"]] == ["First."]
    await newsroom.decide(comment)
    items = (await get(http, "/api/v1/comments", story=story))["items"]
    assert [(one["text"], one["edited"]) for one in items] == [("Second, unread.", True)]


async def test_a_story_is_found_by_its_id_and_by_any_way_to_write_its_address(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    story = await newsroom.story()
    await newsroom.published(story)
    id_ = (await get(http, "/api/v1/stories"))["items"][0]["id"]
    names = [story, id_, f"{story}?utm_source=x", f"{story}#comments", "no such story"]
    counts = (await get(http, "/api/v1/comments/counts", story=names))["counts"]
    assert counts == dict(zip(names, [1, 1, 1, 1, 0], strict=True))


@pytest.mark.parametrize("sort", ["newest", "oldest", "top"])
async def test_pages_go_through_all_comments_once(newsroom: Newsroom, http: aiohttp.ClientSession, sort: str) -> None:
    story = await newsroom.story()
    written = [str(await newsroom.published(story, text=f"Number {number}")) for number in range(7)]
    found: list[str] = []
    query = {"story": story, "sort": sort, "limit": "3"}
    while True:
        page = await get(http, "/api/v1/comments", **query)
        found += [comment["id"] for comment in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert sorted(found) == sorted(written)
    if sort != "top":
        assert found == (written if sort == "oldest" else written[::-1])


async def test_stories_come_newest_first_by_language_and_section_page_by_page(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    english = [await newsroom.story(section="sport") for _ in range(5)]
    await newsroom.story(language="ur")
    commented = english[3]
    await newsroom.published(commented)
    found: list[dict[str, Any]] = []
    query = {"language": "en", "section": "sport", "limit": "2"}
    while True:
        page = await get(http, "/api/v1/stories", **query)
        found += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert [story["url"] for story in found] == english
    assert {story["url"]: story["comments"] for story in found}[commented] == 1


async def test_a_section_may_have_any_name_a_feed_gives_it(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    story = await newsroom.story(section="middle east & asia")
    page = await get(http, "/api/v1/stories", section="middle east & asia")
    assert [found["url"] for found in page["items"]] == [story]


async def test_the_best_stories_come_page_by_page(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    stories = {await newsroom.story() for _ in range(4)} | {(top := await newsroom.story(top=True))}
    first = await get(http, "/api/v1/stories", sort="top", limit=3)
    second = await get(http, "/api/v1/stories", sort="top", limit=3, cursor=first["next_cursor"])
    assert first["items"][0]["url"] == top
    assert {story["url"] for page in (first, second) for story in page["items"]} == stories
    assert second["next_cursor"] is None
    async with http.get("/api/v1/stories", params={"sort": "newest", "cursor": first["next_cursor"]}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("address", ["/", "/healthz", "/api/v1/stories", "/nothing", "/embed.js", "/docs", "/review/"])
async def test_every_answer_is_guarded(http: aiohttp.ClientSession, address: str) -> None:
    async with http.get(address) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in answer.headers
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("settings", "origin", "allowed"),
    [
        ({}, "https://anywhere.example", "*"),
        ({}, "null", "*"),
        ({"embed_origins": ("https://news.example",)}, "https://news.example", "https://news.example"),
        ({"embed_origins": ("https://news.example",)}, "https://news.example.evil.example", None),
        ({"embed_origins": ("https://news.example",)}, "null", None),
    ],
)
async def test_other_sites_may_read_what_the_settings_allow_and_never_with_credentials(
    database: Database, redis: Redis, settings: dict[str, Any], origin: str, allowed: str | None
) -> None:
    async with running_newsroom(database, redis, **settings) as room, aiohttp.ClientSession(room.address) as http:
        async with http.get("/api/v1/stories", headers={"Origin": origin}) as answer:
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert ("Origin" in answer.headers.get("Vary", "")) is bool(settings)
        async with http.get("/review/", headers={"Origin": origin}) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_an_address_that_asks_too_often_is_told_when_to_come_back(database: Database, redis: Redis) -> None:
    async with (
        running_newsroom(database, redis, api_per_minute=5) as room,
        aiohttp.ClientSession(room.address) as http,
    ):
        statuses = []
        for number in range(6):
            # The forged address is no way round: nobody trusts this peer to name another.
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            async with http.get("/api/v1/stories", headers=headers) as answer:
                statuses.append(answer.status)
        assert statuses == [200] * 5 + [429]
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        for address in ("/healthz", "/metrics"):
            async with http.get(address) as answer:
                assert answer.status == 200


async def test_readiness_names_what_is_missing(newsroom: Newsroom, http: aiohttp.ClientSession, redis: Redis) -> None:
    async def ready() -> tuple[int, dict[str, Any]]:
        async with http.get("/readyz") as answer:
            return answer.status, await answer.json()

    status, answer = await ready()
    assert (status, answer["ready"], answer["database"], answer["redis"]) == (503, False, "ok", "ok")
    assert answer["worker"] == "none is running"
    queue = ScreeningQueue(redis, at_most=10)
    await queue.beat("one", model=None, ttl_s=60)
    status, answer = await ready()
    assert (status, answer["worker"]) == (503, "ok")
    assert "no worker has a usable model" in answer["classifier"]
    await queue.beat("two", model="2026-11-22.1", ttl_s=60)
    status, answer = await ready()
    assert (status, answer["ready"]) == (200, True)
    assert {answer[part] for part in ("database", "redis", "worker", "classifier")} == {"ok"}


async def test_readiness_names_what_nobody_can_be_told_in_a_chat(
    newsroom: Newsroom, http: aiohttp.ClientSession, redis: Redis
) -> None:
    await ScreeningQueue(redis, at_most=10).beat("one", model="2026-11-22.1", ttl_s=60)

    async def ready() -> dict[str, Any]:
        async with http.get("/readyz") as answer:
            assert answer.status == 200, "a bot that is gone keeps nobody from reading and deciding"
            body: dict[str, Any] = await answer.json()
            return body

    never = await ready()
    assert (never["bot"], never["telegram"], never["alarms"]) == ("never seen", "unknown while no bot works", ["bot"])
    now = datetime.now(UTC)
    silent = WatchedFeed("https://news.example/rss", 300, now - timedelta(days=1), failures=9)
    for report, bot, telegram, feeds, alarms in (
        (Report(now, now, ()), "ok", "ok", "ok", []),
        (Report(now, now, (silent,)), "ok", "ok", "1 of 1 silent", ["feed https://news.example/rss"]),
        (Report(now, None, ()), "ok", "never answered", "ok", ["telegram"]),
        (Report(now, now - timedelta(seconds=90), ()), "ok", "no answer for 90 s", "ok", ["telegram"]),
        (Report(now - timedelta(seconds=40), now, ()), "not seen for 40 s", "unknown", "unknown", ["bot"]),
    ):
        await newsroom.bot_store.shown.keep(REPORT, written(report))
        answer = await ready()
        # A second may pass between the two.
        assert answer["bot"].replace("41", "40") == bot
        assert answer["telegram"].replace("91", "90").startswith(telegram)
        assert answer["feeds"].startswith(feeds)
        assert answer["alarms"] == alarms


async def test_where_there_is_no_front_none_is_named(newsroom: Newsroom) -> None:
    answer = await readiness(replace(newsroom.parts, front=no_front))
    assert set(answer.model_dump()) == {"ready", "database", "redis", "worker", "classifier", "alarms"}
    assert answer.alarms == ["workers"]


async def test_without_database_and_redis_it_is_still_told_what_is_known_and_what_is_not() -> None:
    away = Database("postgresql+asyncpg://desk:swordfish@127.0.0.1:9/desk")
    async with (
        running_newsroom(away, connect("unix:///nowhere/redis.sock")) as room,
        aiohttp.ClientSession(room.address) as http,
    ):
        async with http.get("/readyz") as answer:
            told = await answer.json()
        assert answer.status == 503
        assert told["database"] == told["redis"] == "can't be reached"
        assert {told[part] for part in ("bot", "telegram", "feeds")} == {"unknown while the database can't be reached"}
        assert told["alarms"] == ["database", "redis"]
        async with http.get("/metrics") as answer:
            text = await answer.text()
        assert "baithak_database_up 0.0" in text and 'baithak_alarms{alarm="database"} 1.0' in text
        assert 'alarm="bot"' not in text and "baithak_workers" not in text
    await away.close()


async def test_metrics_tell_numbers_and_nobodys_words(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    story = await newsroom.story()
    await newsroom.published(story, text="Canary words", author_name="Canary name")
    await newsroom.held(story)
    await get(http, "/api/v1/comments", story=story)
    async with http.get("/nothing/secret-token") as answer:
        assert answer.status == 404
    async with http.get("/metrics") as answer:
        text = await answer.text()
    assert 'baithak_comments{status="published"} 1.0' in text
    assert 'baithak_comments{status="held"} 1.0' in text
    assert "baithak_screening_queue_length 2.0" in text
    assert 'baithak_alarms{alarm="workers"} 1.0' in text and 'baithak_alarms{alarm="held"} 0.0' in text
    assert 'alarm="model"' not in text and "baithak_bot_seen_seconds" not in text, "not known is left out"
    assert 'baithak_http_requests_total{method="GET",route="comments",status="200"} 1.0' in text
    assert 'baithak_http_requests_total{method="GET",route="unknown",status="404"} 1.0' in text
    assert "Canary" not in text and "secret-token" not in text


async def test_the_feed_has_what_is_published(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    story = await newsroom.story(title="Dam & <gates>")
    comment = await newsroom.published(story, text="<b>Bold</b> & \x0b plain")
    async with http.get("/feeds/comments.atom") as answer:
        assert answer.content_type == "application/atom+xml"
        root = ET.fromstring(await answer.read())
    atom = "{http://www.w3.org/2005/Atom}"
    assert root.findtext(f"{atom}entry/{atom}content") == "<b>Bold</b> &  plain"
    assert root.findtext(f"{atom}entry/{atom}title") == "Emma: Dam & <gates>"
    link = root.find(f"{atom}entry/{atom}link")
    assert link is not None and link.get("href") == f"{story}#comment-{comment}"


async def test_an_edit_moves_the_entry_and_the_feed_to_its_time_and_not_the_publication(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    comment = await newsroom.published(await newsroom.story(), text="First", source_key="m:1")
    await newsroom.intake.edit("m:1", author="telegram:1001", text="Better", now=datetime.now(UTC))
    edited_at = datetime.now(UTC) + timedelta(hours=1)
    await newsroom.decide(comment, decided_at=edited_at)
    async with http.get("/feeds/comments.atom") as answer:
        root = ET.fromstring(await answer.read())
    atom = "{http://www.w3.org/2005/Atom}"
    updated = f"{edited_at:%Y-%m-%dT%H:%M:%SZ}"
    assert root.findtext(f"{atom}updated") == root.findtext(f"{atom}entry/{atom}updated") == updated
    assert (root.findtext(f"{atom}entry/{atom}published") or "") < updated


@pytest.mark.parametrize(
    "request_line",
    [b"GET /review/login?token=canary HTTP/1.1\r\nContent-Length: canary", b"canary", b"GET http://[canary HTTP/1.1"],
)
async def test_a_request_that_is_none_leaves_no_byte_of_it_in_the_log(
    newsroom: Newsroom, request_line: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", newsroom.settings.web_port)
    writer.write(request_line + b"\r\n\r\n")
    async with asyncio.timeout(WAIT_S):
        answered = await reader.read()
    writer.close()
    head, _, body = answered.partition(b"\r\n\r\n")
    assert b" 400 " in head and b"nosniff" in head and b"aiohttp" not in head
    assert json.loads(body)["code"] == "no_request"
    assert b"canary" not in answered
    said = capfd.readouterr()
    assert "requests not understood" in said.out + said.err
    assert "canary" not in said.out + said.err


async def test_an_error_of_ours_is_told_without_its_words(
    newsroom: Newsroom, http: aiohttp.ClientSession, capfd: pytest.CaptureFixture[str]
) -> None:
    story = await newsroom.story()

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("canary")

    newsroom.parts.threads.published = broken  # type: ignore[assignment,method-assign]  # a front door that breaks
    async with http.get("/api/v1/comments", params={"story": story}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (500, "broken")
        assert "canary" not in await answer.text()
    said = capfd.readouterr()
    assert "RuntimeError" in said.out + said.err and "canary" not in said.out + said.err


async def test_what_becomes_of_a_storys_comments_is_streamed(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    story, other = await newsroom.story(), await newsroom.story()
    async with listening(http, story) as page:
        await newsroom.published(other, text="Elsewhere")
        await newsroom.held(story, text="Waiting")
        comment = await newsroom.published(story, text="Two\nlines", source_key="m:1")
        name, data = await page.event()
        assert (name, data["id"], data["text"]) == ("published", str(comment), "Two\nlines")
        await newsroom.intake.edit("m:1", author="telegram:1001", text="Better", now=datetime.now(UTC))
        await newsroom.decide(comment)
        name, data = await page.event()
        assert (name, data["text"], data["edited"]) == ("edited", "Better", True)
        await newsroom.intake.withdraw(comment, author="telegram:1001", now=datetime.now(UTC))
        await newsroom.parts.outcomes.signal()
        name, data = await page.event()
        assert (name, data["id"], data["text"], data["author"]) == ("removed", str(comment), "", {"name": ""})


async def test_a_page_that_was_away_is_sent_what_it_missed_once(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    story = await newsroom.story()
    async with listening(http, story) as page:
        await newsroom.published(story, text="Seen")
        _, seen = await page.event()
    missed = [await newsroom.published(story, text=f"Missed {number}") for number in range(3)]
    async with listening(http, story, after=seen["event_id"]) as page:
        later = await newsroom.published(story, text="Live")
        found = [(await page.event())[1]["id"] for _ in range(4)]
    assert found == [str(comment) for comment in [*missed, later]]


async def test_what_is_published_while_the_stream_begins_reaches_the_pages_that_wait(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = StoryRef("1", await newsroom.story(), "", None)
    await newsroom.published(story.url, text="Before")
    outcomes = newsroom.parts.outcomes
    newest_id = outcomes.newest_id

    async def slowly() -> int:
        newest = await newest_id()
        await newsroom.published(story.url, text="Just then")
        return newest

    monkeypatch.setattr(outcomes, "newest_id", slowly)
    live = stream.Live(outcomes, newsroom.parts.threads, newsroom.parts.switches)
    following = asyncio.create_task(live.run())
    with live.open_page(story, StoryState(open=True, held_for_reading=False)) as page:
        event = await page.next(timeout_s=WAIT_S)
    following.cancel()
    await asyncio.wait({following})
    assert event is not None and json.loads(event.data)["text"] == "Just then"


async def test_a_page_that_has_seen_events_of_another_database_is_sent_what_comes_now(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    story = await newsroom.story()
    async with listening(http, story, after=10**12) as page:
        comment = await newsroom.published(story, text="After a restore")
        assert (await page.event())[1]["id"] == str(comment)


async def test_a_stream_lives_on_without_redis(
    database: Database, newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    async with running_newsroom(database, connect("unix:///nowhere/redis.sock")) as room:
        story = await room.story()
        async with aiohttp.ClientSession(room.address) as session, listening(session, story) as page:
            comment = await newsroom.published(story)
            assert (await page.event())[1]["id"] == str(comment)


async def test_who_asks_for_a_streams_head_alone_is_not_kept_waiting(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    async with asyncio.timeout(WAIT_S):
        for _ in range(2):
            async with http.head("/api/v1/comments/stream", params={"story": await newsroom.story()}) as answer:
                assert (answer.status, answer.content_type) == (200, "text/event-stream")


async def test_a_page_that_reads_too_slowly_is_ended_and_not_kept_in_memory() -> None:
    page = stream.OpenPage(StoryRef("1", "s", "", None), StoryState(open=True, held_for_reading=False))
    event = stream.LiveEvent(1, "s", "published", "{}")
    for _ in range(stream.BACKLOG_AT_MOST):
        page.offer(event)
    assert not page.ended.is_set()
    page.offer(event)
    assert page.ended.is_set()
    assert page.waiting.qsize() == stream.BACKLOG_AT_MOST


async def test_streams_end_when_the_process_stops(database: Database, redis: Redis) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running_newsroom(database, redis) as room:
            story = await room.story()
            http = await stack.enter_async_context(aiohttp.ClientSession(room.address))
            page = await stack.enter_async_context(listening(http, story))
            began = asyncio.get_running_loop().time()
        assert await page.ended()
        assert asyncio.get_running_loop().time() - began < 3


async def test_a_moderators_decision_is_streamed_at_once_although_its_notice_waits(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    story = await newsroom.story()
    comment = await newsroom.held(story)
    async with listening(http, story) as page:
        await newsroom.parts.review.review(
            comment,
            revision=1,
            outcome=Outcome.PUBLISH,
            clause=None,
            moderator=MEERA,
            moderator_name="Meera",
            now=datetime.now(UTC),
        )
        assert (await page.event())[0] == "published"
