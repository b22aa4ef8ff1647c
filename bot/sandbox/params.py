"""The parameters of a Bot API call, however they were sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.multipart import BodyPartReader

from bot.sandbox.errors import bad_request

LARGEST_UPLOAD = 50 * 1024 * 1024
TRUE_WORDS = frozenset({"true", "yes", "1"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file sent in a multipart body."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Params:
    """Named values, as JSON or text. Every getter raises ApiError 400 for a value of the wrong form."""

    values: dict[str, Any] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether the parameter is there and not null."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """The text, empty where there is none; numbers and flags as Telegram writes them."""
        value = self.values.get(name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (dict, list)):
            return json.dumps(value)
        return str(value)

    def number(self, name: str, default: int = 0) -> int:
        """The whole number, or the default where there is none or it is no number."""
        try:
            return int(self.text(name))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        """Whether it is true."""
        return self.text(name).strip().lower() in TRUE_WORDS

    def structure(self, name: str, *, what: str) -> Any:
        """The object or list, parsed where it came as text; None where there is none or it is empty."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise bad_request(f"can't parse {what} JSON object") from None

    def upload(self, name: str) -> Upload | None:
        """The file sent as this parameter, directly or by attach://name."""
        value = self.values.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            return self.uploads.get(value.removeprefix("attach://"))
        return self.uploads.get(name)


async def read_params(request: web.Request) -> Params:
    """The call's parameters from address and body; the body's win. Raises ApiError 400 for a body that is not whole."""
    values: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    content_type = request.content_type
    if not request.can_read_body:
        return _well_formed(values, uploads)
    if content_type == "application/json":
        values.update(_object(await request.read()))
    elif content_type == "application/x-www-form-urlencoded":
        values.update({name: value for name, value in (await request.post()).items() if isinstance(value, str)})
    elif content_type == "multipart/form-data":
        await _read_multipart(request, values, uploads)
    return _well_formed(values, uploads)


def params_of(values: dict[str, Any]) -> Params:
    """Parameters a webhook's answer carries. Raises ApiError 400 for text that is not Unicode."""
    return _well_formed(values, {})


async def _read_multipart(request: web.Request, values: dict[str, Any], uploads: dict[str, Upload]) -> None:
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            content = bytes(await part.read(decode=True))
            if part.filename is not None:
                uploads[part.name] = Upload(part.filename, content)
            else:
                values[part.name] = content.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    except ValueError:
        raise bad_request("can't parse multipart body") from None


def _object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request("can't parse JSON in request body") from None
    if not isinstance(value, dict):
        raise bad_request("expected an Object in request body")
    return value


def _well_formed(values: dict[str, Any], uploads: dict[str, Upload]) -> Params:
    try:
        json.dumps(values, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    return Params(values, uploads)
