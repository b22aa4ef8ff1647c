"""Reading a control request and writing its answer. Every getter raises ControlError 400 for a value ill formed."""

from __future__ import annotations

import json
import math
from typing import Any

from aiohttp import web

from bot.sandbox.errors import ControlError
from bot.sandbox.state import Json

LARGEST_NUMBER = 2**53


def answer(body: Any, *, status: int = 200) -> web.Response:
    """JSON in ASCII, so that lone surrogates people wrote survive the way."""
    return web.Response(
        body=json.dumps(body, separators=(",", ":")).encode("ascii"), status=status, content_type="application/json"
    )


async def object_body(request: web.Request) -> Json:
    """The request's JSON object; an empty body is an empty object."""
    raw = await request.read()
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise ControlError(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ControlError(400, "the body is not a JSON object")
    return body


def text(body: Json, name: str, default: str | None = None) -> str:
    """A text; without a default it must be there."""
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise ControlError(400, f"{name} is a text" + ("" if name in body else " and must be given"))
    return value


def number(body: Json, name: str, default: int | None, *, least: int = -LARGEST_NUMBER) -> int | None:
    """A whole number from `least` up."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST_NUMBER:
        raise ControlError(400, f"{name} is a whole number in {least}..{LARGEST_NUMBER}")
    return value


def message_id(body: Json) -> int:
    """The message_id, which must be given."""
    value = number(body, "message_id", None, least=1)
    if value is None:
        raise ControlError(400, "message_id must be given")
    return value


def flag(body: Json, name: str, default: bool = False) -> bool:
    """True or false."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise ControlError(400, f"{name} is true or false")
    return value


def quantity(body: Json, name: str, default: float, *, least: float = 0.0, at_most: float = math.inf) -> float:
    """A number within bounds."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= at_most:
        raise ControlError(400, f"{name} is a number in {least:g}..{at_most:g}")
    return float(value)


def path_id(request: web.Request, name: str) -> int:
    """The id in the address."""
    try:
        return int(request.match_info[name])
    except ValueError:
        raise ControlError(400, f"{request.match_info[name]!r} is not an id") from None
