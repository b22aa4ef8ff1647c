"""Errors as the API tells them: RFC 9457, each with a code that stays."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

CODES: Mapping[str, tuple[int, str]] = {
    "no_request": (400, "What was sent is no request that can be read"),
    "bad_query": (400, "A parameter of the address can't be used"),
    "bad_story": (400, "That can't be a story's address or id"),
    "missing_story": (400, "Say which story, by its address or id"),
    "bad_sort": (400, "There is no such order"),
    "bad_limit": (400, "The limit must be a whole number from 1 to 100"),
    "bad_cursor": (400, "The cursor is not one this service gave"),
    "bad_language": (400, "That can't be a language"),
    "bad_section": (400, "That can't be a section"),
    "bad_body": (400, "The body can't be read as what it says it is"),
    "bad_clause": (400, "A rejection names a clause of the terms"),
    "bad_switch": (400, "There can't be such a switch"),
    "bad_revision": (400, "The revision must be a whole number"),
    "not_logged_in": (401, "Ask the bot for a login link with /dashboard"),
    "not_allowed": (403, "This is for moderators"),
    "forged_request": (403, "The request did not come from the dashboard itself"),
    "bad_secret": (403, "The secret is missing or wrong"),
    "not_found": (404, "There is nothing at this address"),
    "unknown_story": (404, "No story is known by that address or id"),
    "unknown_comment": (404, "There is no such comment"),
    "unknown_switch": (404, "There is no such switch"),
    "method_not_allowed": (405, "This address does not answer that method"),
    "already_decided": (409, "Somebody decided first"),
    "stale_revision": (409, "The author edited or withdrew the comment meanwhile"),
    "undo_refused": (409, "This can't be undone"),
    "publishing_stopped": (409, "Publishing is stopped: end the stop first"),
    "too_large": (413, "The body is too large"),
    "wrong_content_type": (415, "Send a form or JSON, and say which"),
    "rate_limited": (429, "Too many requests from this address"),
    "broken": (500, "Something went wrong here"),
    "unavailable": (503, "Not able to answer just now; try again"),
    "too_many_streams": (503, "Too many live streams are open; try again later"),
}
"""Every code there is: its status, and what it means for a person."""


class Problem(Exception):
    """A request that can't be answered as asked. `code` is one of CODES; `detail` never repeats what was sent;
    `members` are further members of the document."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def response(self) -> web.Response:
        """The answer that tells it."""
        status, title = CODES[self.code]
        body = {**self.members, "type": f"/docs#{self.code}", "title": title, "status": status, "code": self.code}
        if self.detail:
            body["detail"] = self.detail
        return web.Response(
            status=status,
            text=json.dumps(body),
            content_type="application/problem+json",
            headers=self.headers,
        )
