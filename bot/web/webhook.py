"""Telegram's webhook: an update is stored before it is acknowledged, and never handled here."""

from __future__ import annotations

import hmac
import json
from typing import Any

from aiohttp import web

from bot.web.parts import BOT
from moderation.web.problems import Problem

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the name of a header


async def receive_update(request: web.Request, _query: Any) -> web.Response:
    """Store one update, then say 200. Nothing of the body is read before the secret is right.

    Raises Problem `not_found` where no webhook is set up, `bad_secret`, `bad_body`. What the store can't take now is
    answered 503, after which Telegram sends it again.
    """
    parts = request.app[BOT]
    secret = parts.settings.webhook_secret
    if secret is None or not secret.get_secret_value():
        raise Problem("not_found")
    given = request.headers.getall(SECRET_HEADER, [])
    right = secret.get_secret_value().encode()
    # Compared even when it can't be right, so that the time tells nothing of which fault it was.
    first = given[0].encode("utf-8", "surrogateescape") if given else b""
    if not hmac.compare_digest(first, right) or len(given) != 1:
        raise Problem("bad_secret")
    if request.content_type != "application/json":
        raise Problem("wrong_content_type")
    try:
        update = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise Problem("bad_body") from None
    if not isinstance(update, dict):
        raise Problem("bad_body")
    try:
        await parts.store_update(update)
    except ValueError:
        raise Problem("bad_body") from None
    return web.Response()
