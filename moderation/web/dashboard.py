"""The moderators' dashboard: the review queue, decided through the same door as in the chat."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from moderation.decision import Outcome
from moderation.errors import AlreadyDecided, NotAllowed, PublishingStopped, StaleRevision, UndoRefused, UnknownComment
from moderation.web import switches
from moderation.web.assets import TEMPLATES, page
from moderation.web.cards import CardView, card_view, ended_in_words, moderator_in_words, who_in_words
from moderation.web.guard import (
    FIELDS,
    cookie_name,
    drop_session,
    moderator_of,
    number,
    refuse_forgeries,
    see_other,
    set_session,
)
from moderation.web.parts import PARTS
from moderation.web.problems import Problem
from moderation.web.routes import Route, json_answer
from moderation.web.schemas import Decided, Ended

if TYPE_CHECKING:
    from moderation.login import Session

CARDS = 30
"""Cards shown at once; the next come up as these are decided."""

__all__ = ["ROUTES", "refuse_forgeries"]


async def login_page(request: web.Request, _query: Any) -> web.Response:
    """A button to press. The link alone logs nobody in: a messenger's preview of it would use it up."""
    token = request.query.get("token", "")
    return page(request, "door.html", token=token, message=None)


async def log_in(request: web.Request, _query: Any) -> web.Response:
    """Redeem the one-time link for a session of its own, never for one the browser brought along."""
    parts = request.app[PARTS]
    now = datetime.now(UTC)
    try:
        session = await parts.login.redeem(request[FIELDS].get("token", ""), now=now)
    except NotAllowed as error:
        if not _wants_page(request):
            raise Problem("not_allowed", str(error)) from None
        return page(request, "door.html", status=403, token="", message="This link was used already, or is too old.")
    response = see_other("/review/")
    set_session(response, parts.settings, session.id, max_age_s=max(1, int((session.expires_at - now).total_seconds())))
    return response


async def log_out(request: web.Request, _query: Any) -> web.Response:
    """End the session, here and in the store."""
    parts = request.app[PARTS]
    await parts.login.end(request.cookies.get(cookie_name(parts.settings), ""))
    response = see_other("/review/login")
    drop_session(response, parts.settings)
    return response


async def to_queue(_request: web.Request, _query: Any) -> web.Response:
    """The dashboard's address without its slash."""
    return see_other("/review/")


async def queue_page(request: web.Request, _query: Any) -> web.Response:
    """The review queue, oldest first."""
    try:
        session = await moderator_of(request)
    except Problem as problem:
        if not _wants_page(request):
            raise
        message = None if problem.code == "not_logged_in" else "You are not a moderator now."
        return page(request, "door.html", status=problem.response().status, token="", message=message)
    return page(request, "review.html", session=session, **await _queue(request, session))


async def queue_fragment(request: web.Request, _query: Any) -> web.Response:
    """The queue alone, for the page to keep itself up to date; 304 while nothing changed."""
    session = await moderator_of(request)
    text = request.app[TEMPLATES].get_template("queue.html").render(session=session, **await _queue(request, session))
    etag = hashlib.sha256(text.encode()).hexdigest()[:16]
    headers = {"ETag": f'"{etag}"', "Cache-Control": "no-store"}
    if any(tag.value == etag for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)


async def _queue(request: web.Request, session: Session) -> dict[str, Any]:
    parts = request.app[PARTS]
    pending = await parts.review.pending(limit=CARDS, now=datetime.now(UTC))
    waiting, oldest = await parts.review.waiting()
    stories = await parts.resolve_stories(sorted({held.story for held in pending}))
    terms = parts.terms["en"]
    cards: list[CardView] = [
        card_view(held, story=stories.get(held.story), policy=parts.policy, terms=terms, person=session.person)
        for held in pending
    ]
    return {"cards": cards, "waiting": waiting, "oldest": oldest, "switches": await switches.views(parts)}


async def approve(request: web.Request, _query: Any) -> web.StreamResponse:
    """Publish a held comment."""
    return await _decide(request, Outcome.PUBLISH)


async def reject(request: web.Request, _query: Any) -> web.StreamResponse:
    """Reject a held comment under a clause of the terms."""
    return await _decide(request, Outcome.REJECT)


async def _decide(request: web.Request, outcome: Outcome) -> web.StreamResponse:
    parts = request.app[PARTS]
    session = await moderator_of(request)
    clause = request[FIELDS].get("clause") if outcome is Outcome.REJECT else None
    if outcome is Outcome.REJECT and clause not in parts.policy.clauses:
        raise Problem("bad_clause")
    now = datetime.now(UTC)

    async def review(comment_id: int, revision: int) -> None:
        await parts.review.review(
            comment_id,
            revision=revision,
            outcome=outcome,
            clause=clause,
            moderator=session.person,
            moderator_name=session.name,
            now=now,
        )

    status = "published" if outcome is Outcome.PUBLISH else "rejected"
    undo_until = now + timedelta(seconds=parts.settings.undo_window_s)
    return await _act(request, review, status=status, clause=clause, session=session, undo_until=undo_until)


async def claim(request: web.Request, _query: Any) -> web.Response:
    """Tell the other moderators that this one is choosing a clause; binds nobody."""
    session = await moderator_of(request)
    comment_id = number(request.match_info["id"], "unknown_comment")
    with _told_as_problems():
        await request.app[PARTS].review.claim(comment_id, moderator=session.person, now=datetime.now(UTC))
    return web.Response(status=204)


async def ended(request: web.Request, _query: Any) -> Ended:
    """What became of a comment that left the queue, for a page that still shows it."""
    await moderator_of(request)
    comment_id = number(request.match_info["id"], "unknown_comment")
    with _told_as_problems():
        return Ended(words=ended_in_words(await request.app[PARTS].review.ended(comment_id)))


async def undo(request: web.Request, _query: Any) -> web.StreamResponse:
    """Take back a decision, so that the comment is held again."""
    parts = request.app[PARTS]
    session = await moderator_of(request)

    async def take_back(comment_id: int, revision: int) -> None:
        await parts.review.undo(
            comment_id,
            revision=revision,
            moderator=session.person,
            moderator_name=session.name,
            now=datetime.now(UTC),
        )

    return await _act(request, take_back, status="held", clause=None, session=session, undo_until=None)


async def _act(
    request: web.Request,
    act: Callable[[int, int], Awaitable[None]],
    *,
    status: str,
    clause: str | None,
    session: Session,
    undo_until: datetime | None,
) -> web.StreamResponse:
    comment_id = number(request.match_info["id"], "unknown_comment")
    revision = number(request[FIELDS].get("revision", ""), "bad_revision")
    with _told_as_problems():
        await act(comment_id, revision)
    if "application/json" not in request.headers.get("Accept", ""):
        return see_other("/review/")
    return json_answer(
        Decided(
            id=str(comment_id),
            revision=revision,
            status=status,
            clause=clause,
            decided_by=session.name,
            undo_until=undo_until,
        )
    )


@contextlib.contextmanager
def _told_as_problems() -> Iterator[None]:
    try:
        yield
    except AlreadyDecided as late:
        who = moderator_in_words(late.name, late.decided_by)
        members = {"decided_by": who, "became": late.status}
        raise Problem("already_decided", f"{late.status} by {who}", members=members) from None
    except PublishingStopped as stopped:
        raise Problem("publishing_stopped", str(stopped), members={"stopped_by": stopped.stopped_by}) from None
    except StaleRevision:
        raise Problem("stale_revision") from None
    except UnknownComment:
        raise Problem("unknown_comment") from None
    except UndoRefused as error:
        raise Problem("undo_refused", str(error)) from None


async def history(request: web.Request, _query: Any) -> web.Response:
    """Every change of a comment's status: who, when, from what to what, and why."""
    await moderator_of(request)
    parts = request.app[PARTS]
    comment_id = number(request.match_info["id"], "unknown_comment")
    record = await parts.threads.one(comment_id)
    if record is None:
        raise Problem("unknown_comment")
    rows = await parts.review.history(comment_id)
    address = record.comment.story
    return page(
        request,
        "history.html",
        comment=record.comment,
        rows=rows,
        who_of=functools.partial(who_in_words, comment=record.comment),
        address=address,
        story=(await parts.resolve_stories([address])).get(address),
    )


def _wants_page(request: web.Request) -> bool:
    """Whether a person's browser asks: programs are told of an error by a problem document."""
    return "text/html" in request.headers.get("Accept", "")


ROUTES = (
    Route("GET", "/review", "review_slash", "", to_queue, listed=False),
    Route("GET", "/review/", "review", "The review queue.", queue_page, listed=False),
    Route("GET", "/review/queue", "review_queue", "The queue alone.", queue_fragment, listed=False),
    Route("GET", "/review/login", "login_page", "The door.", login_page, listed=False),
    Route("POST", "/review/login", "login", "Redeem a link.", log_in, listed=False),
    Route("POST", "/review/logout", "logout", "End the session.", log_out, listed=False),
    Route("GET", "/review/history/{id}", "history", "A comment's history.", history, listed=False),
    Route("GET", "/review/comments/{id}", "ended", "What became of it.", ended, listed=False),
    Route("POST", "/review/comments/{id}/approve", "approve", "Publish.", approve, listed=False),
    Route("POST", "/review/comments/{id}/reject", "reject", "Reject.", reject, listed=False),
    Route("POST", "/review/comments/{id}/claim", "claim", "Say that one is at it.", claim, listed=False),
    Route("POST", "/review/comments/{id}/undo", "undo", "Take back.", undo, listed=False),
    Route("POST", "/review/switches", "begin_switch", "Begin a switch.", switches.begin, listed=False),
    Route("POST", "/review/switches/{id}/end", "end_switch", "End it.", switches.end, listed=False),
)
