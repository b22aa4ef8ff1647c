"""The public side against who wants it to lie to others, to carry what it should not, or to do more than it can."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.web.app import ROUTES as BOT_ROUTES
from moderation.database import Database
from moderation.decision import Outcome
from moderation.web.app import PAGE_ROUTES, PUBLIC_ROUTES
from moderation.web.dashboard import ROUTES as DESK_ROUTES
from tests.newsroom import Newsroom, running_newsroom
from tests.security.payloads import ODD_TEXTS, XSS


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    async with running_newsroom(database, redis, api_per_minute=10_000) as newsroom:
        yield newsroom


@pytest.fixture
async def http(newsroom: Newsroom) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(newsroom.address) as session:
        yield session


async def test_every_address_there_is_answers_with_a_type_that_browsers_must_not_guess(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    story = await newsroom.story()
    await newsroom.published(story, text=XSS[0])
    routes = (*PUBLIC_ROUTES, *PAGE_ROUTES, *BOT_ROUTES, *DESK_ROUTES)
    places = {"{id}": "1", "{name}": "embed.js", "{language}": "en", "{slug}": "none", "{file}": "dam.png"}
    for route in routes:
        path = route.path
        for name, value in places.items():
            path = path.replace(name, value)
        for method in {"GET", "POST", route.method}:
            async with http.request(method, path, params={"story": story}, allow_redirects=False) as answer:
                where = f"{method} {path} {answer.status}"
                assert answer.headers["X-Content-Type-Options"] == "nosniff", where
                assert "unsafe" not in answer.headers["Content-Security-Policy"], where
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], where
                assert answer.status == 303 or answer.headers.get("Content-Type"), where


POISON = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Prefix": "/evil",
    "X-Original-URL": "/review/",
    "X-Rewrite-URL": "/metrics",
    "X-HTTP-Method-Override": "DELETE",
    "Forwarded": "host=evil.example",
    "Origin": "https://evil.example",
    "Referer": "https://evil.example/",
    "Accept-Language": "ur",
    "Cookie": "baithak=evil.example",
    "User-Agent": "evil.example",
}


@pytest.mark.parametrize(
    "address",
    ["/", "/?story=1", "/docs", "/openapi.json", "/embed.js", "/feeds/comments.atom", "/terms", "/static/page.css"]
    + [f"/api/v1/{path}" for path in ("comments?story=1", "stories", "comments/counts?story=1", "comments?story=x")]
    + ["/embed.json?story=1", "/demo/feeds/en.xml"],
)
async def test_no_header_of_one_who_asks_changes_what_a_cache_would_give_to_others(
    newsroom: Newsroom, http: aiohttp.ClientSession, address: str
) -> None:
    await newsroom.published(await newsroom.story())
    async with http.get(address) as answer:
        plain = (answer.status, await answer.read(), answer.headers.get("Location"))
    for name, value in [*POISON.items(), ("Host", "evil.example")]:
        async with http.get(address, headers={name: value}) as answer:
            asked = (answer.status, await answer.read(), answer.headers.get("Location"))
            assert asked == plain, name
            assert "evil" not in str(answer.headers), name


@pytest.mark.parametrize(
    "more", ["page=1000000000", "offset=-1", "per_page=1000000000", "skip=1e9", "order_by=id;--", "callback=alert"]
)
async def test_a_parameter_that_is_none_of_ours_changes_nothing(
    newsroom: Newsroom, http: aiohttp.ClientSession, more: str
) -> None:
    await newsroom.published(await newsroom.story())
    for address in ("/api/v1/comments?story=1", "/api/v1/stories?limit=5"):
        async with http.get(address) as answer:
            plain = await answer.read()
        async with http.get(f"{address}&{more}") as answer:
            assert (answer.status, answer.content_type) == (200, "application/json")
            assert await answer.read() == plain


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
async def test_an_odd_text_is_kept_as_written_and_shown_so_that_it_disturbs_nobody(
    newsroom: Newsroom, http: aiohttp.ClientSession, text: str
) -> None:
    story = await newsroom.story()
    comment = await newsroom.received(story, text=text, author_name=text)
    record = await newsroom.parts.threads.one(comment)
    assert record is not None and record.comment.latest.text == text.replace("\0", "").strip()
    await newsroom.decide(comment, Outcome.HOLD, findings=())
    desk = await newsroom.desk()
    async with desk.http.get("/review/") as answer:
        assert answer.status == 200
    assert (await desk.press(comment, "approve"))[0] == 200
    await desk.http.close()
    for address in (f"/api/v1/comments?story={story}", "/feeds/comments.atom", f"/?story={story}"):
        async with http.get(address) as answer:
            body = await answer.text()
            assert answer.status == 200, address
        assert not any(letter in body for letter in "\0\u202e\u202d\u2066\u2067\u2028\u2029"), address
        assert "\u0301" * 20 not in body, address


async def test_nobody_but_who_is_asked_by_the_desk_sees_what_is_not_published(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    story = await newsroom.story()
    comment = await newsroom.held(story, text="Held words")
    parent = await newsroom.published(story, text="Seen")
    for address in (
        f"/api/v1/comments?story={story}&sort=top",
        f"/api/v1/comments?story={comment}",
        f"/api/v1/comments/counts?story={story}",
        f"/comments/{comment}",
        f"/review/history/{comment}",
        f"/review/comments/{comment}/approve",
        "/feeds/comments.atom",
        f"/?story={story}#comment-{comment}",
    ):
        async with http.get(address) as answer:
            assert "Held words" not in await answer.text(), address
    async with http.get("/api/v1/comments", params={"story": story}) as answer:
        body = await answer.json()
        assert [item["id"] for item in body["items"]] == [str(parent)] and body["total"] == 1
        assert "telegram" not in str([item | {"story": ""} for item in body["items"]])
