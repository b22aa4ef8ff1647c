"""The public API under questions of any shape: each answer is one its document names, and none is a fault of ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from yarl import URL

from bot.web.app import ROUTES as BOT_ROUTES
from moderation.database import Database
from moderation.web.app import PUBLIC_ROUTES
from moderation.web.problems import CODES
from tests.contract.test_http_api import document_of, faults
from tests.newsroom import Newsroom, running_newsroom
from tests.security.payloads import ODD_TEXTS, XSS

ASKED = {
    route.path: tuple(route.query.model_fields) if route.query is not None else ()
    for route in (*PUBLIC_ROUTES, *BOT_ROUTES)
    if route.listed
}
"""Each address of the document with its parameters. The stream is asked only for stories nobody knows, or it would not
end."""

STRANGE = [
    "", " ", "0", "-1", "1", "20", "100", "101", "1000000000", "1e9", "٥", "1_0", "null", "[]", "true", "NaN", "\0",
    "\ud800", "../../etc/passwd", "%00", "%ff", "http://[", "https://news.example/stories/1", "//x", "newest", "oldest",
    "top", "en", "ur", "EN", "en-GB", "world", "WyJuZXdlc3QiLDAsMSwxXQ", "bi4xLjE", "dC4x",
    "dC45OTk5OTk5OTk5OTk5OTk5OTk", "x" * 3000, *XSS, *ODD_TEXTS.values(),
]  # fmt: skip
OTHERS = ("page", "offset", "callback", "story[]", "_method")
HEADERS = {
    "Origin": ["null", "https://evil.example", "x" * 5000],
    "Host": ["evil.example", "evil.example:99999", "[::1"],
    "X-Forwarded-For": ["127.0.0.1", "203.0.113.9, ::1", "<script>"],
    "X-Forwarded-Host": ["evil.example"],
    "X-Forwarded-Proto": ["https"],
    "Accept": ["text/html", "application/xml", "*/*;q=nan"],
    "Accept-Encoding": ["gzip, br, zstd", "\xff"],
    "Range": ["bytes=0-0", "bytes=-1"],
    "If-None-Match": ["*", '"x"', "W/"],
    "If-Modified-Since": ["never", "Sun, 22 Nov 2026 10:00:00 GMT"],
    "Last-Event-ID": ["-1", "9" * 400, "x"],
    "Cookie": ["baithak-8080=x", "a=b; a=c; =;"],
    "Content-Type": ["application/json", "text/plain"],
    "X-HTTP-Method-Override": ["DELETE"],
}
values = st.one_of(
    st.sampled_from(STRANGE), st.text(st.characters(exclude_categories=()), max_size=40), st.integers().map(str)
)


@st.composite
def asked_of(draw: st.DrawFn) -> dict[str, Any]:
    """A question to some address: half of the time for a story there is, its other parameters of all sorts."""
    path = draw(st.sampled_from(sorted(ASKED)))
    names = ASKED[path] or OTHERS
    query = draw(st.lists(st.tuples(st.sampled_from((*names, *names, *OTHERS)), values), max_size=3))
    if "story" in names and draw(st.booleans()):
        query = [("story", "1"), *((name, value) for name, value in query if name != "story")]
    return {
        "path": path,
        "query": query,
        "headers": draw(st.dictionaries(st.sampled_from(sorted(HEADERS)), st.integers(0, 2), max_size=2)),
        "method": draw(st.sampled_from(["GET", "GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE", "PATCH"])),
    }


rounds = st.lists(asked_of(), min_size=10, max_size=20)


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    async with running_newsroom(database, redis, api_per_minute=1_000_000) as newsroom:
        story = await newsroom.story(title=XSS[0], url="https://news.example/stories/1")
        for number, words in enumerate([*XSS[:3], *ODD_TEXTS.values()]):
            await newsroom.published(story, text=words[:4096], author=f"telegram:{number}")
        yield newsroom


def address_of(question: dict[str, Any]) -> URL:
    """The question's address, its values escaped byte by byte as a hand-made program might, half characters too."""

    def escaped(value: str) -> str:
        return "".join(f"%{byte:02x}" for byte in value.encode("utf-8", "surrogatepass"))

    query = question["query"]
    if question["path"].endswith("/stream"):
        query = [(name, value) for name, value in query if name != "story"] + [("story", "nobody's")]
    pairs = "&".join(f"{name}={escaped(value)}" for name, value in query)
    return URL(f"{question['path']}?{pairs}" if pairs else question["path"], encoded=True)


async def faults_of(http: aiohttp.ClientSession, question: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Ask, and tell where the answer is not as promised."""
    headers = {name: HEADERS[name][number % len(HEADERS[name])] for name, number in question["headers"].items()}
    async with http.request(question["method"], address_of(question), headers=headers) as answer:
        body = await answer.read()
    found = [] if answer.headers.get("X-Content-Type-Options") == "nosniff" else ["without nosniff"]
    if answer.status >= 500 and question["path"] != "/readyz":
        found.append("a fault of ours")
    described = document["paths"][question["path"]]["get"]["responses"].get(str(answer.status))
    if question["method"] == "GET" and answer.status != 304 and described is None:
        return [*found, f"{answer.status} is not in the document"]
    if answer.status >= 400 and question["path"] != "/readyz" and question["method"] != "HEAD":
        problem = json.loads(body)
        if answer.content_type != "application/problem+json" or CODES[problem["code"]][0] != answer.status:
            found.append("no problem document")
    elif described is not None and answer.content_type == "application/json" and body:
        found += faults(json.loads(body), described["content"]["application/json"]["schema"], document)
    return found


async def check(newsroom: Newsroom, asked: list[dict[str, Any]]) -> None:
    """Ask them all in one session."""
    async with aiohttp.ClientSession(newsroom.address) as http:
        document = await document_of(http)
        for question in asked:
            assert await faults_of(http, question, document) == [], question


FIXTURES_STAY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@given(rounds)
@settings(max_examples=25, suppress_health_check=FIXTURES_STAY)
async def test_no_question_gets_an_answer_that_the_document_does_not_name(
    newsroom: Newsroom, asked: list[dict[str, Any]]
) -> None:
    await check(newsroom, asked)


@pytest.mark.long
@pytest.mark.timeout(600)
@given(rounds)
@settings(max_examples=400, suppress_health_check=FIXTURES_STAY)
async def test_of_six_thousand_questions_each_is_answered_as_documented(
    newsroom: Newsroom, asked: list[dict[str, Any]]
) -> None:
    await check(newsroom, asked)
