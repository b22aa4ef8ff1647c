"""Switches on the web: turned on the dashboard, seen by everybody."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from moderation.database import Database
from moderation.switch import Scope, SwitchKind
from tests.listening import Listener, listening
from tests.newsroom import MEERA, OMAR, Desk, Newsroom, running_newsroom

SAME = {"Sec-Fetch-Site": "same-origin"}
CLOSE, HOLD, STOP = SwitchKind.CLOSE, SwitchKind.HOLD, SwitchKind.STOP


@pytest.fixture
def server() -> None:
    """On SQLite: what both databases must do is tested on the store and on the public API."""


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    async with running_newsroom(database, redis, comments_open_days=30) as newsroom:
        yield newsroom


@pytest.fixture
async def http(newsroom: Newsroom) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(newsroom.address) as session:
        yield session


@pytest.fixture
async def desk(newsroom: Newsroom) -> AsyncIterator[Desk]:
    desk = await newsroom.desk(OMAR)
    yield desk
    await desk.http.close()


async def begin(newsroom: Newsroom, kind: SwitchKind, scope: Scope = Scope.SITE, target: str = "") -> int:
    """Meera begins a switch, not on this page."""
    turned = await newsroom.parts.switches.begin(
        kind, scope, target, note="riots", who=MEERA, name="Meera", now=datetime.now(UTC)
    )
    return turned.switch.id


async def state(http: aiohttp.ClientSession, story: str) -> tuple[bool, bool]:
    """`open` and `held_for_reading` of a story, as the API has them."""
    async with http.get("/api/v1/comments", params={"story": story}) as answer:
        body: dict[str, Any] = await answer.json()
        return body["open"], body["held_for_reading"]


async def text(http: aiohttp.ClientSession, address: str, **params: str) -> str:
    async with http.get(address, params=params) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


async def test_everybody_is_told_what_is_true_of_a_story(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    world, sport = await newsroom.story(section="world"), await newsroom.story(section="sport")
    old = await newsroom.story(published_at=datetime.now(UTC) - timedelta(days=31))
    assert await state(http, world) == (True, False)
    assert await state(http, old) == (False, False)
    closed = await begin(newsroom, CLOSE, Scope.STORY, world)
    held = await begin(newsroom, HOLD, Scope.SECTION, "sport")
    assert await state(http, world) == (False, False)
    assert await state(http, sport) == (True, True)
    await begin(newsroom, STOP)
    assert await state(http, world) == (False, True)
    for number in (closed, held):
        await newsroom.parts.switches.end(number, who=MEERA, name="Meera", now=datetime.now(UTC))
    assert await state(http, world) == (True, True)


async def test_an_open_page_hears_at_once_what_becomes_of_its_story(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    story, other = await newsroom.story(section="world"), await newsroom.story(section="sport")
    async with listening(http, story) as page:
        await begin(newsroom, CLOSE, Scope.STORY, other)
        closed = await begin(newsroom, CLOSE, Scope.STORY, story)
        assert await streamed_state(page) == {"open": False, "held_for_reading": False}
        await newsroom.parts.switches.end(closed, who=MEERA, name="Meera", now=datetime.now(UTC))
        assert await streamed_state(page) == {"open": True, "held_for_reading": False}
        await begin(newsroom, HOLD, Scope.SECTION, "world")
        assert await streamed_state(page) == {"open": True, "held_for_reading": True}


async def test_a_page_opened_under_a_switch_is_told_of_its_end_alone(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    story = await newsroom.story()
    closed = await begin(newsroom, CLOSE, Scope.STORY, story)
    async with listening(http, story) as page:
        await newsroom.parts.switches.end(closed, who=MEERA, name="Meera", now=datetime.now(UTC))
        assert await streamed_state(page) == {"open": True, "held_for_reading": False}


async def streamed_state(page: Listener) -> dict[str, bool]:
    """The next event, which must be a state; it has no number, for nobody resumes after it."""
    while "event" not in (fields := await page.block()):
        continue
    assert (fields["event"], "id" in fields) == ("state", False)
    state: dict[str, bool] = json.loads(fields["data"])
    return state


async def test_the_article_page_does_not_ask_for_comments_on_a_closed_story(
    newsroom: Newsroom, http: aiohttp.ClientSession
) -> None:
    story, urdu = await newsroom.story(), await newsroom.story(language="ur")
    assert "Post Comments." in await text(http, "/", story=story)
    for one in (story, urdu):
        await begin(newsroom, CLOSE, Scope.STORY, one)
    shown = await text(http, "/", story=story)
    assert "Comments are closed." in shown and "Post Comments." not in shown
    assert "تبصرے بند کر دیے گئے ہیں۔" in await text(http, "/", story=urdu)


async def test_the_metrics_count_what_is_on_by_kind(newsroom: Newsroom, http: aiohttp.ClientSession) -> None:
    for story in (await newsroom.story(), await newsroom.story()):
        await begin(newsroom, CLOSE, Scope.STORY, story)
    await begin(newsroom, STOP)
    metrics = await text(http, "/metrics")
    for kind, number in {"close": 2, "hold": 0, "stop": 1}.items():
        assert f'baithak_switches_active{{kind="{kind}"}} {number}.0' in metrics


async def test_a_moderator_sees_every_active_switch_and_ends_it(newsroom: Newsroom, desk: Desk) -> None:
    story = await newsroom.story(title="Riots & <rumours>")
    number = await begin(newsroom, HOLD, Scope.STORY, story)
    page = await text(desk.http, "/review/")
    assert "People read every comment first" in page and "Riots &amp; &lt;rumours&gt;" in page
    assert "Meera" in page and "riots" in page
    assert "Riots &amp;" in await text(desk.http, "/review/queue")
    status, answer = await desk.post(f"/review/switches/{number}/end")
    assert (status, answer["active"], answer["by_this"], answer["ended_by"]) == (200, False, True, "Omar")
    assert "Riots &amp;" not in await text(desk.http, "/review/")
    status, answer = await desk.post(f"/review/switches/{number}/end")
    assert (status, answer["by_this"], answer["ended_by"]) == (200, False, "Omar")


@pytest.mark.parametrize(
    ("kind", "scope", "by"),
    [("hold", "site", ""), ("hold", "section", "sport"), ("hold", "story", "id"), ("close", "story", "address")],
)
async def test_a_moderator_begins_a_switch_once(newsroom: Newsroom, desk: Desk, kind: str, scope: str, by: str) -> None:
    story = await newsroom.story()
    target = {"id": "1", "address": f"{story}?utm_source=x"}.get(by, by)
    for by_this in (True, False):
        status, answer = await desk.post("/review/switches", kind=kind, scope=scope, target=target, note="why")
        assert (status, answer["by_this"], answer["active"], answer["begun_by"]) == (200, by_this, True, "Omar")
    (active,) = await newsroom.parts.switches.active()
    assert (active.kind, active.scope, active.note) == (kind, scope, "why")
    assert active.target == (story if scope == "story" else target)


async def test_a_section_is_meant_in_any_case_and_as_the_feed_names_it(newsroom: Newsroom, desk: Desk) -> None:
    await newsroom.story(section="Middle East")
    for name, target in (("World", "world"), ("middle east", "Middle East")):
        _, answer = await desk.post("/review/switches", kind="hold", scope="section", target=name)
        assert answer["target"] == target


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "burn", "scope": "site"}, "bad_switch"),
        ({"kind": "hold", "scope": "country"}, "bad_switch"),
        ({"kind": "close", "scope": "site"}, "bad_switch"),
        ({"kind": "hold", "scope": "section", "target": " "}, "bad_switch"),
        ({"kind": "hold", "scope": "section", "target": "wrold"}, "bad_switch"),
        ({}, "bad_switch"),
        ({"kind": "close", "scope": "story", "target": "https://news.example/unknown"}, "unknown_story"),
        ({"kind": "close", "scope": "story"}, "unknown_story"),
    ],
)
async def test_what_can_not_be_switched_is_refused(
    newsroom: Newsroom, desk: Desk, fields: dict[str, str], code: str
) -> None:
    _, answer = await desk.post("/review/switches", **fields)
    assert answer["code"] == code
    assert await newsroom.parts.switches.all() == []


@pytest.mark.parametrize("number", ["7", "x", "9" * 30])
async def test_a_switch_that_is_not_there_is_not_found(desk: Desk, number: str) -> None:
    status, answer = await desk.post(f"/review/switches/{number}/end")
    assert (status, answer["code"]) == (404, "unknown_switch")


async def test_without_the_script_the_forms_lead_back_to_the_queue(newsroom: Newsroom, desk: Desk) -> None:
    form = {"csrf": desk.token, "kind": "stop", "scope": "site"}
    async with desk.http.post("/review/switches", data=form, headers=SAME, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/review/")
    (active,) = await newsroom.parts.switches.active()
    form = {"csrf": desk.token}
    end = f"/review/switches/{active.id}/end"
    async with desk.http.post(end, data=form, headers=SAME, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/review/")
    assert await newsroom.parts.switches.active() == []


@pytest.mark.parametrize("address", ["/review/switches", "/review/switches/1/end"])
async def test_only_the_dashboards_own_page_and_a_moderator_turn_a_switch(
    newsroom: Newsroom, desk: Desk, address: str
) -> None:
    await begin(newsroom, HOLD, Scope.SECTION, "sport")
    fields = {"kind": "stop", "scope": "site"}
    async with desk.http.post(address, data=fields, headers=SAME) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "forged_request")
    headers = {"Sec-Fetch-Site": "cross-site", "X-CSRF-Token": desk.token}
    async with desk.http.post(address, data=fields, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "forged_request")
    newsroom.moderators.clear()
    newsroom.parts.roles._answers.clear()
    status, answer_ = await desk.post(address, **fields)
    assert (status, answer_["code"]) == (403, "not_allowed")
    (active,) = await newsroom.parts.switches.active()
    assert active.kind is HOLD


async def test_an_approval_under_a_stop_is_refused_and_says_who_stopped(newsroom: Newsroom, desk: Desk) -> None:
    story = await newsroom.story()
    good, bad = await newsroom.held(story), await newsroom.held(story)
    await begin(newsroom, STOP)
    status, answer = await desk.press(good, "approve")
    assert (status, answer["code"], answer["stopped_by"]) == (409, "publishing_stopped", "Meera")
    assert (await desk.press(bad, "reject", clause="3.2"))[0] == 200


async def test_a_card_says_that_nothing_was_found_and_why_it_waits(newsroom: Newsroom, desk: Desk) -> None:
    await begin(newsroom, HOLD)
    await newsroom.published(await newsroom.story())
    page = await text(desk.http, "/review/")
    assert "Nothing was found: people were reading everything here when it came." in page
    assert "veil" not in page
    assert "screen: received → held, held for reading" in await text(desk.http, "/review/history/1")
