"""The dashboard's door and its decisions: only its own page, only a moderator, only once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from moderation.comment import CommentStatus
from moderation.database import Database
from moderation.decision import Outcome
from moderation.privacy import Privacy
from moderation.switch import Scope, SwitchKind
from moderation.web import guard
from moderation.web.guard import cookie_name, is_secure
from tests.newsroom import MEERA, OMAR, STRANGER, Desk, Newsroom, now, running_newsroom

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def server() -> None:
    """On SQLite: what both databases must do is tested on the store and on the public API."""


@pytest.fixture
async def newsroom(database: Database, redis: Redis) -> AsyncIterator[Newsroom]:
    async with running_newsroom(database, redis) as newsroom:
        yield newsroom


@pytest.fixture
async def desk(newsroom: Newsroom) -> AsyncIterator[Desk]:
    desk = await newsroom.desk(MEERA)
    yield desk
    await desk.http.close()


@pytest.fixture
async def other(newsroom: Newsroom) -> AsyncIterator[Desk]:
    desk = await newsroom.desk(OMAR)
    yield desk
    await desk.http.close()


@pytest.fixture
async def stranger(newsroom: Newsroom) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(newsroom.address, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield http


async def status_of(newsroom: Newsroom, comment_id: int) -> CommentStatus:
    record = await newsroom.parts.threads.one(comment_id)
    assert record is not None
    return record.comment.status


async def test_a_links_page_logs_nobody_in_so_that_a_preview_does_not_burn_it(
    newsroom: Newsroom, stranger: aiohttp.ClientSession
) -> None:
    token = await newsroom.login_link()
    for _ in range(3):
        async with stranger.get("/review/login", params={"token": token}) as answer:
            assert answer.status == 200 and "Continue" in await answer.text()
            assert not answer.cookies
    desk = Desk(stranger)
    await desk.log_in(token)
    assert desk.token


async def test_a_link_opens_the_door_once(newsroom: Newsroom, stranger: aiohttp.ClientSession) -> None:
    token = await newsroom.login_link()
    async with stranger.post("/review/login", data={"token": token}, headers=SAME, allow_redirects=False) as answer:
        assert answer.status == 303
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    stranger.cookie_jar.clear()
    async with stranger.post("/review/login", data={"token": token}, headers=SAME) as answer:
        assert answer.status == 403
        assert not answer.cookies


async def test_login_gives_a_new_session_whatever_cookie_was_brought_along(
    newsroom: Newsroom, stranger: aiohttp.ClientSession
) -> None:
    name = cookie_name(newsroom.settings)
    cookies = {name: "chosen-by-the-attacker"}
    token = await newsroom.login_link()
    async with stranger.post(
        "/review/login", data={"token": token}, headers=SAME, cookies=cookies, allow_redirects=False
    ) as answer:
        given = answer.cookies[name].value
        assert given and given != "chosen-by-the-attacker"


async def test_over_https_the_cookie_is_the_hosts_alone(database: Database, redis: Redis) -> None:
    async with running_newsroom(database, redis, public_url="https://comments.example") as room:
        assert is_secure(room.settings)
        async with aiohttp.ClientSession(room.address) as http:
            token = await room.login_link()
            async with http.post("/review/login", data={"token": token}, headers=SAME, allow_redirects=False) as answer:
                cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-") and "Secure" in cookie and "Domain" not in cookie


async def test_after_logging_out_the_cookie_opens_nothing(newsroom: Newsroom, desk: Desk) -> None:
    cookies = {cookie.key: cookie.value for cookie in desk.http.cookie_jar}
    async with desk.http.post(
        "/review/logout", data={"csrf": desk.token}, headers=SAME, allow_redirects=False
    ) as answer:
        assert answer.status == 303
    async with aiohttp.ClientSession(newsroom.address, cookies=cookies) as http, http.get("/review/") as answer:
        assert answer.status == 401


FORGERIES: list[tuple[dict[str, str], str | None, str]] = [
    ({"Sec-Fetch-Site": "cross-site"}, "own", "application/json"),
    ({"Sec-Fetch-Site": "same-site"}, "own", "application/json"),
    ({"Origin": "https://evil.example"}, "own", "application/json"),
    ({"Origin": "null"}, "own", "application/json"),
    ({"Origin": "{address}.evil.example"}, "own", "application/json"),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, "own", "application/json"),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "{address}"}, "own", "application/json"),
    ({}, "own", "application/json"),
    ({"Sec-Fetch-Site": "same-origin"}, None, "application/json"),
    ({"Sec-Fetch-Site": "same-origin"}, "wrong", "application/json"),
    ({"Sec-Fetch-Site": "same-origin"}, "élan", "application/json"),
    ({"Sec-Fetch-Site": "same-origin"}, None, "text/plain"),
]


@pytest.mark.parametrize(("headers", "token", "content_type"), FORGERIES)
@pytest.mark.parametrize("path", ["comments/{held}/approve", "comments/999999/approve", "no/such/place"])
async def test_a_forged_request_is_refused_before_anything_else(
    newsroom: Newsroom, desk: Desk, headers: dict[str, str], token: str | None, content_type: str, path: str
) -> None:
    held = await newsroom.held(await newsroom.story())
    sent = {name: value.replace("{address}", newsroom.address) for name, value in headers.items()}
    if token is not None:
        sent["X-CSRF-Token"] = desk.token if token == "own" else token
    sent["Content-Type"] = content_type
    address = f"/review/{path.replace('{held}', str(held))}"
    async with desk.http.post(address, data=b'{"revision": 1}', headers=sent) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "forged_request")
    assert await status_of(newsroom, held) is CommentStatus.HELD


@pytest.mark.parametrize("origin", ["address", None])
async def test_the_pages_own_request_is_taken_with_either_sign_of_its_origin(
    newsroom: Newsroom, desk: Desk, origin: str | None
) -> None:
    held = await newsroom.held(await newsroom.story())
    headers = {"Origin": newsroom.address} if origin else SAME
    async with desk.http.post(
        f"/review/comments/{held}/approve", data={"csrf": desk.token, "revision": "1"}, headers=headers
    ) as answer:
        assert answer.status == 200
        assert "Review queue" in await answer.text()
    assert await status_of(newsroom, held) is CommentStatus.PUBLISHED


async def test_with_its_token_a_body_of_another_type_is_told_so(newsroom: Newsroom, desk: Desk) -> None:
    held = await newsroom.held(await newsroom.story())
    headers = {**SAME, "X-CSRF-Token": desk.token, "Content-Type": "text/plain"}
    async with desk.http.post(f"/review/comments/{held}/approve", data=b"revision=1", headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (415, "wrong_content_type")


async def test_one_moderators_token_is_no_good_with_anothers_session(
    newsroom: Newsroom, desk: Desk, other: Desk
) -> None:
    held = await newsroom.held(await newsroom.story())
    other.token = desk.token
    assert (await other.press(held, "approve"))[0] == 403


async def test_a_stranger_sees_the_door_and_no_word_of_the_queue(
    newsroom: Newsroom, stranger: aiohttp.ClientSession
) -> None:
    await newsroom.held(await newsroom.story(), text="Held words")
    for address in ("/review/", "/review/queue", "/review/history/1"):
        async with stranger.get(address) as answer:
            assert answer.status == 401, address
            assert "Held words" not in await answer.text()
            assert answer.content_type == "application/problem+json"
    async with stranger.get("/review/", headers={"Accept": "text/html,*/*;q=0.8"}) as answer:
        assert (answer.status, answer.content_type) == (401, "text/html")
        assert "Held words" not in await answer.text()
    async with stranger.get("/review", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/review/")


async def test_who_is_a_moderator_no_more_can_do_nothing_with_an_old_session(
    newsroom: Newsroom, database: Database, redis: Redis
) -> None:
    held = await newsroom.held(await newsroom.story())
    newsroom.moderators.discard(OMAR)
    desk = await logged_in(newsroom, OMAR)
    for address in ("/review/", "/review/queue"):
        async with desk.get(address) as answer:
            assert answer.status == 403, address
    await desk.close()
    assert await status_of(newsroom, held) is CommentStatus.HELD


async def logged_in(newsroom: Newsroom, person: str) -> aiohttp.ClientSession:
    """A session of somebody whose role may be gone, so that no page is to be read."""
    http = aiohttp.ClientSession(newsroom.address, cookie_jar=aiohttp.CookieJar(unsafe=True))
    token = await newsroom.login_link(person)
    async with http.post("/review/login", data={"token": token}, headers=SAME, allow_redirects=False) as answer:
        assert answer.status == 303
    return http


async def test_the_first_decision_stands_and_the_second_moderator_is_told_whose(
    newsroom: Newsroom, desk: Desk, other: Desk
) -> None:
    held = await newsroom.held(await newsroom.story())
    status, answer = await desk.press(held, "reject", clause="3.2")
    assert (status, answer["status"], answer["clause"], answer["decided_by"]) == (200, "rejected", "3.2", "Meera")
    status, answer = await other.press(held, "approve")
    assert (status, answer["code"], answer["detail"]) == (409, "already_decided", "rejected by Meera")
    assert await status_of(newsroom, held) is CommentStatus.REJECTED


async def test_what_became_of_a_comment_is_told_to_moderators_alone(
    newsroom: Newsroom, desk: Desk, stranger: aiohttp.ClientSession
) -> None:
    story = await newsroom.story()
    held, waiting, taken_back = [await newsroom.held(story, author=f"telegram:{n}") for n in range(3)]
    machines = await newsroom.published(story)
    await desk.press(held, "approve")
    await newsroom.intake.withdraw(taken_back, author="telegram:2", now=now())
    told = {}
    for comment in (held, waiting, taken_back, machines):
        async with desk.http.get(f"/review/comments/{comment}") as answer:
            told[comment] = (await answer.json())["words"]
        async with stranger.get(f"/review/comments/{comment}") as answer:
            assert answer.status == 401 and "Meera" not in await answer.text()
    assert told == {
        held: "Approved by Meera",
        waiting: "Held again",
        taken_back: "Edited or withdrawn by its author",
        machines: "Published by the machine",
    }
    async with desk.http.get("/review/comments/999999") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown_comment")


async def test_an_edit_meanwhile_is_not_decided_unseen(newsroom: Newsroom, desk: Desk) -> None:
    from datetime import UTC, datetime

    held = await newsroom.held(await newsroom.story(), source_key="m:1")
    await newsroom.intake.edit("m:1", author="telegram:1001", text="Quite another text", now=datetime.now(UTC))
    await newsroom.decide(held, Outcome.HOLD)
    status, answer = await desk.press(held, "approve")
    assert (status, answer["code"]) == (409, "stale_revision")
    assert (await desk.press(held, "approve", revision=2))[0] == 200


async def test_a_decision_can_be_taken_back_by_who_made_it(newsroom: Newsroom, desk: Desk, other: Desk) -> None:
    held = await newsroom.held(await newsroom.story())
    await desk.press(held, "approve")
    status, answer = await other.press(held, "undo")
    assert (status, answer["code"], answer["detail"]) == (409, "undo_refused", "only who decided may undo it")
    assert (await desk.press(held, "undo"))[0] == 200
    assert await status_of(newsroom, held) is CommentStatus.HELD
    await other.press(held, "approve")
    assert (await other.press(held, "undo"))[0] == 200
    status, answer = await other.press(held, "undo")
    assert (status, answer["detail"]) == (409, "there is no moderator's decision to undo")


@pytest.mark.parametrize(
    ("action", "fields", "status", "code"),
    [
        ("reject", {}, 400, "bad_clause"),
        ("reject", {"clause": "9.9"}, 400, "bad_clause"),
        ("approve", {"revision": "x"}, 400, "bad_revision"),
        ("approve", {"revision": ""}, 400, "bad_revision"),
        ("approve", {"revision": 2}, 409, "stale_revision"),
    ],
)
async def test_a_press_that_is_not_in_order_decides_nothing(
    newsroom: Newsroom, desk: Desk, action: str, fields: dict[str, Any], status: int, code: str
) -> None:
    held = await newsroom.held(await newsroom.story())
    given, answer = await desk.press(held, action, **fields)
    assert (given, answer["code"]) == (status, code)
    assert await status_of(newsroom, held) is CommentStatus.HELD


@pytest.mark.parametrize("comment", [999999, "0x10", "9" * 30])
async def test_a_comment_that_is_none_is_told_so(newsroom: Newsroom, desk: Desk, comment: Any) -> None:
    for action in ("approve", "undo", "claim"):
        status, answer = await desk.press(comment, action)
        assert (status, answer["code"]) == (404, "unknown_comment"), action


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_body"),
        (b"[1]", "bad_body"),
        (b"{", "bad_body"),
        (b'"x"', "bad_body"),
        (b"\xff", "bad_body"),
        (b'{"revision": {"a": 1}}', "bad_revision"),
    ],
)
async def test_a_body_that_cannot_be_read_decides_nothing(
    newsroom: Newsroom, desk: Desk, body: bytes, code: str
) -> None:
    held = await newsroom.held(await newsroom.story())
    headers = {**SAME, "X-CSRF-Token": desk.token, "Content-Type": "application/json"}
    async with desk.http.post(f"/review/comments/{held}/approve", data=body, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, code)
    assert await status_of(newsroom, held) is CommentStatus.HELD


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (f"{FORM}; charset=base64", b"token=canary"),
        (f"{FORM}; charset=zip", b"token=canary"),
        (f"{FORM}; charset=nonsense", b"token=canary"),
        (f"{FORM}; charset=utf-16", b"token=canary!"),
        (FORM, b"\xff=\xfe"),
        ("application/json; charset=base64", b"{}"),
        ("application/json", b'{"token": "\\ud800"}'),
    ],
)
async def test_a_form_that_cannot_be_read_opens_nothing_and_is_told_so(
    stranger: aiohttp.ClientSession, content_type: str, body: bytes
) -> None:
    headers = {**SAME, "Content-Type": content_type}
    async with stranger.post("/review/login", data=body, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "bad_body")


async def test_a_body_that_does_not_come_is_waited_for_a_while(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "BODY_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", newsroom.settings.web_port)
    head = f"POST /review/login HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 9\r\n\r\ntoken"
    writer.write(head.encode())
    async with asyncio.timeout(30):
        assert b" 400 " in await reader.readline()
    writer.close()


async def test_a_token_of_bytes_that_are_no_text_is_refused(newsroom: Newsroom, desk: Desk) -> None:
    held = await newsroom.held(await newsroom.story())
    (cookie,) = desk.http.cookie_jar
    body = b'{"revision": 1}'
    for token, sent in ((b"\xff\xfe", body), (b"", b'{"revision": 1, "csrf": "\\ud800"}')):
        lines = (
            f"POST /review/comments/{held}/approve HTTP/1.1",
            "Host: x",
            f"Cookie: {cookie.key}={cookie.value}",
            "Sec-Fetch-Site: same-origin",
            "Content-Type: application/json",
            f"Content-Length: {len(sent)}",
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", newsroom.settings.web_port)
        writer.write("\r\n".join(lines).encode() + b"\r\nX-CSRF-Token: " + token + b"\r\n\r\n" + sent)
        async with asyncio.timeout(30):
            assert b" 403 " in await reader.readline()
        writer.close()
    assert await status_of(newsroom, held) is CommentStatus.HELD


async def test_a_body_that_does_not_unpack_is_refused(desk: Desk) -> None:
    headers = {**SAME, "X-CSRF-Token": desk.token, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with desk.http.post("/review/comments/1/approve", data=b"no gzip", headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "bad_body")


@pytest.mark.parametrize("body", [b"no gzip", b"x" * 2_000_000], ids=["damaged", "too large"])
async def test_without_a_session_a_body_is_not_even_read(stranger: aiohttp.ClientSession, body: bytes) -> None:
    headers = SAME | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with stranger.post("/review/comments/1/approve", data=body, headers=headers) as answer:
        assert answer.status == 403


async def test_the_queue_shows_the_comment_its_story_its_author_and_why(newsroom: Newsroom, desk: Desk) -> None:
    story = await newsroom.story(title="The dam gates open")
    await newsroom.published(story)
    answered = await newsroom.published(story, text="What they answer", author="telegram:7")
    await newsroom.held(story, text="You fools, <b>all</b>", parent=answered)
    async with desk.http.get("/review/") as answer:
        page = await answer.text()
    for shown in (
        "The dam gates open",
        "What they answer",
        "<mark>You </mark>fools, &lt;b&gt;all&lt;/b&gt;",
        "1 published, 0 rejected before",
        "clause 3.2",
        "1 waiting",
    ):
        assert shown in page, shown


async def test_the_queue_is_sent_again_only_when_it_changed(newsroom: Newsroom, desk: Desk) -> None:
    held = await newsroom.held(await newsroom.story())
    async with desk.http.get("/review/queue") as answer:
        etag = answer.headers["ETag"]
    async with desk.http.get("/review/queue", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304
    await desk.press(held, "approve")
    async with desk.http.get("/review/queue", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 200 and "The queue is empty" in await answer.text()


async def test_a_card_that_somebody_is_rejecting_says_so_to_the_others(
    newsroom: Newsroom, desk: Desk, other: Desk
) -> None:
    held = await newsroom.held(await newsroom.story())
    assert (await desk.press(held, "claim"))[0] == 204
    words = "Another moderator has this card open"
    async with other.http.get("/review/") as answer:
        assert words in await answer.text()
    async with desk.http.get("/review/") as answer:
        assert words not in await answer.text()


async def test_a_comments_history_names_every_change(newsroom: Newsroom, desk: Desk) -> None:
    held = await newsroom.held(await newsroom.story(), text="Held words")
    await desk.press(held, "reject", clause="3.2")
    async with desk.http.get(f"/review/history/{held}") as answer:
        page = await answer.text()
    for shown in ("received → held", "held → rejected", "machine", "Meera", "3.2"):
        assert shown in page, shown
    async with desk.http.get("/review/history/999999") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown_comment")


async def test_no_page_of_the_desk_shows_anybodys_number(newsroom: Newsroom, desk: Desk) -> None:
    story = await newsroom.story()
    first = await newsroom.held(story, text="Held words", author=STRANGER)
    second = await newsroom.held(story, text="Held again", author=STRANGER, parent=await newsroom.published(story))
    nameless = await newsroom.held(story, text="Held too", author="telegram:7007")
    await newsroom.parts.review.claim(second, moderator=OMAR, now=now())
    await newsroom.parts.switches.begin(SwitchKind.HOLD, Scope.SITE, "", who=OMAR, name="", now=now())
    approval: dict[str, Any] = {"revision": 1, "outcome": Outcome.PUBLISH, "clause": None}
    await newsroom.parts.review.review(nameless, **approval, moderator=OMAR, moderator_name="", now=now())
    late = await desk.press(nameless, "approve")
    assert late[1]["decided_by"] == "a moderator"
    await newsroom.intake.withdraw(first, author=STRANGER, now=now())
    erased = await newsroom.held(story, text="Held last", author="telegram:8008")
    await Privacy(newsroom.store, newsroom.parts.outcomes).erase("telegram:8008", who="telegram:8008", now=now())
    addresses = [f"/review/history/{one}" for one in (first, second, nameless, erased)]
    for address in ("/review/", "/review/queue", *addresses):
        async with desk.http.get(address) as answer:
            page = await answer.text()
        assert "telegram:" not in page, address
    async with desk.http.get(addresses[0]) as answer:
        assert '<td dir="auto">Emma</td><td>submit' in await answer.text()
    async with desk.http.get(addresses[2]) as answer:
        assert '<td dir="auto">a moderator</td><td>review' in await answer.text()
    async with desk.http.get(addresses[3]) as answer:
        assert '<td dir="auto">the author</td><td>submit' in await answer.text()
