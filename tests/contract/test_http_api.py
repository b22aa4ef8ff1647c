"""The public API answers what its document says: each route is asked, and each answer held against its schema."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from moderation.database import Database
from tests.newsroom import Newsroom, running_newsroom


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    async with running_newsroom(database, redis) as newsroom:
        yield newsroom


@pytest.fixture
async def http(newsroom: Newsroom) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(newsroom.address) as session:
        yield session


def faults(value: object, schema: dict[str, Any], document: dict[str, Any], where: str = "answer") -> list[str]:
    """Where a value is not as its schema says, in the part of JSON Schema that our document uses."""
    if "$ref" in schema:
        return faults(value, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document, where)
    if "anyOf" in schema:
        tried = [faults(value, kind, document, where) for kind in schema["anyOf"]]
        return [] if [] in tried else tried[0]
    kinds = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None), "integer": int}
    if type(value) is not kinds[schema["type"]]:
        return [f"{where}: {type(value).__name__} instead of {schema['type']}"]
    found: list[str] = []
    if isinstance(value, str) and schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        found.append(f"{where}: a time without its zone")
    if isinstance(value, list):
        for number, item in enumerate(value):
            found += faults(item, schema["items"], document, f"{where}[{number}]")
    if isinstance(value, dict):
        named = schema.get("properties", {})
        found += [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            inner = named.get(name, schema.get("additionalProperties"))
            found += (
                [f"{where}: {name} is not in the document"]
                if not inner
                else faults(item, inner, document, f"{where}.{name}")
            )
    return found


async def document_of(http: aiohttp.ClientSession) -> dict[str, Any]:
    async with http.get("/openapi.json") as answer:
        assert answer.content_type == "application/json"
        document: dict[str, Any] = await answer.json()
        return document


async def asked(http: aiohttp.ClientSession, address: str) -> list[str]:
    """Ask, and tell where the answer is not as the document says."""
    document = await document_of(http)
    path = address.partition("?")[0]
    async with http.get(address) as answer:
        described = document["paths"][path]["get"]["responses"].get(str(answer.status))
        if described is None:
            return [f"{path}: {answer.status} is not in the document"]
        if answer.content_type not in described["content"]:
            return [f"{path}: {answer.content_type} is not in the document for {answer.status}"]
        schema = described["content"][answer.content_type]["schema"]
        return faults(await answer.json(), schema, document) if answer.content_type.endswith("json") else []


async def test_every_listed_address_answers_as_documented(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    story = await newsroom.story(picture="https://news.example/dam.png")
    await newsroom.story(language="ur")
    parent = await newsroom.published(story)
    await newsroom.published(story, parent=parent, language="ur")
    addresses = {
        "/healthz": "/healthz",
        "/readyz": "/readyz",
        "/metrics": "/metrics",
        "/api/v1/stories": "/api/v1/stories?limit=1",
        "/api/v1/comments": f"/api/v1/comments?story={story}&limit=1",
        "/api/v1/comments/counts": f"/api/v1/comments/counts?story={story}&story=nobody",
        "/api/v1/comments/stream": "/api/v1/comments/stream?story=999",
        "/feeds/comments.atom": "/feeds/comments.atom",
        "/embed.json": f"/embed.json?story={story}",
        "/embed.js": "/embed.js",
    }
    assert set(addresses) == set((await document_of(http))["paths"])
    for address in addresses.values():
        assert await asked(http, address) == [], address


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/v1/comments", 400, "missing_story"),
        ("/api/v1/comments?story=", 400, "bad_story"),
        ("/api/v1/comments?story=a%00b", 400, "bad_story"),
        ("/api/v1/comments?story={story}&story={story}", 400, "bad_story"),
        (f"/api/v1/comments?story={'x' * 3000}", 400, "bad_story"),
        ("/api/v1/comments?story=nowhere", 404, "unknown_story"),
        ("/api/v1/comments?story=999999", 404, "unknown_story"),
        (f"/api/v1/comments?story={'9' * 400}", 404, "unknown_story"),
        ("/api/v1/comments?story=%F0%9F%92%A9", 404, "unknown_story"),
        ("/api/v1/comments?story=%ED%A0%BD", 404, "unknown_story"),
        ("/api/v1/comments?story=http://[", 404, "unknown_story"),
        ("/api/v1/comments?story={story}&limit=0", 400, "bad_limit"),
        ("/api/v1/comments?story={story}&limit=-1", 400, "bad_limit"),
        ("/api/v1/comments?story={story}&limit=101", 400, "bad_limit"),
        ("/api/v1/comments?story={story}&limit=1000000000", 400, "bad_limit"),
        ("/api/v1/comments?story={story}&limit=ten", 400, "bad_limit"),
        ("/api/v1/comments?story={story}&limit=1_0", 400, "bad_limit"),
        ("/api/v1/comments?story={story}&limit=٥", 400, "bad_limit"),
        ("/api/v1/comments?story={story}&sort=best", 400, "bad_sort"),
        ("/api/v1/comments?story={story}&cursor=tampered", 400, "bad_cursor"),
        ("/api/v1/comments?story={story}&cursor=%00", 400, "bad_cursor"),
        ("/api/v1/comments/counts", 400, "missing_story"),
        ("/api/v1/comments/counts?" + "&".join(f"story={number}" for number in range(101)), 400, "bad_story"),
        ("/api/v1/comments/stream", 400, "missing_story"),
        ("/api/v1/comments/stream?story=nowhere", 404, "unknown_story"),
        ("/api/v1/stories?limit=0", 400, "bad_limit"),
        ("/api/v1/stories?sort=best", 400, "bad_sort"),
        ("/api/v1/stories?cursor=tampered", 400, "bad_cursor"),
        ("/api/v1/stories?cursor=bi4xLjEuMQ", 400, "bad_cursor"),
        ("/api/v1/stories?cursor=bi45OTk5OTk5OTk5OTk5OTk5OTkuMQ", 400, "bad_cursor"),
        ("/api/v1/stories?language=no%20such", 400, "bad_language"),
        (f"/api/v1/stories?section={'x' * 65}", 400, "bad_section"),
        ("/api/v1/stories?section=a%00", 400, "bad_section"),
        ("/embed.json?story=nowhere", 404, "unknown_story"),
    ],
)
async def test_what_cannot_be_answered_is_told_as_a_problem_with_its_code(
    newsroom: Newsroom, http: aiohttp.ClientSession, address: str, status: int, code: str
) -> None:
    address = address.replace("{story}", await newsroom.story())
    assert await asked(http, address) == []
    async with http.get(address) as answer:
        problem = await answer.json()
        assert (answer.status, problem["code"], problem["status"]) == (status, code, status)


async def test_an_address_that_is_none_and_a_method_that_is_not_taken_are_problems_too(
    http: aiohttp.ClientSession, newsroom: Newsroom
) -> None:
    async with http.get("/nothing/here") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "not_found")
    async with http.post("/api/v1/comments") as answer:
        assert (answer.status, (await answer.json())["code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["Allow"]


async def test_the_page_for_people_shows_each_address_and_every_code(
    http: aiohttp.ClientSession, newsroom: Newsroom
) -> None:
    document = await document_of(http)
    async with http.get("/docs") as answer:
        page = await answer.text()
    assert answer.status == 200
    assert [path for path in document["paths"] if f"<code>{path}</code>" not in page] == []
    codes = set(re.findall(r"`(\w+)`:", str(document["paths"])))
    assert [code for code in codes if f'id="{code}"' not in page] == []


async def test_stories_and_comments_stand_first_and_operators_addresses_last_and_apart(
    http: aiohttp.ClientSession, newsroom: Newsroom
) -> None:
    document = await document_of(http)
    paths = list(document["paths"])
    assert paths[0] == "/api/v1/stories" and paths[-3:] == ["/healthz", "/readyz", "/metrics"]
    async with http.get("/docs") as answer:
        page = await answer.text()
    public, _, operators = page.partition("<h2>For operators</h2>")
    assert "<code>/api/v1/comments</code>" in public and "<code>/embed.js</code>" in public
    assert [
        path for path in paths[-3:] if f"<code>{path}</code>" in public or f"<code>{path}</code>" not in operators
    ] == []


def test_an_answer_that_is_not_as_documented_would_be_found() -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    assert faults({"id": 7}, schema, {}) == ["answer.id: int instead of string"]
    assert faults({}, schema, {}) == ["answer: id is missing"]
    assert faults({"id": "7", "more": 1}, schema, {}) == ["answer: more is not in the document"]
