"""Files the bot uploads or names by address, kept under ids that stay good."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from bot.sandbox.errors import bad_request
from bot.sandbox.journal import Journal, Record
from bot.sandbox.params import Params, Upload
from bot.sandbox.state import Json

LARGEST_BY_ADDRESS = 5 * 1024 * 1024
LARGEST_PHOTO = 10 * 1024 * 1024
LONGEST_SIDES = 10_000
STEEPEST_RATIO = 20
FETCH_S = 10.0
_ID = re.compile(r"[A-Za-z0-9_-]{16,80}")


class Files:
    """Bytes by file_id. The same bytes have the same id."""

    def __init__(self, *, journal: Journal, folder: Path | None) -> None:
        self._journal = journal
        self._folder = folder
        self._memory: dict[str, bytes] = {}
        self._known: dict[str, Json] = {}

    def recall(self, record: Record) -> None:
        """Take in one record of an earlier run; those of other kinds are left alone."""
        if record.kind == "file":
            self._known[record.key] = record.value

    def records(self) -> Iterator[Record]:
        """All there is to remember."""
        for file_id, about in self._known.items():
            yield Record("file", file_id, about)

    async def photo(self, params: Params) -> list[Json]:
        """The PhotoSize list for the call's photo, given as a file, an address or a file_id.

        Raises ApiError 400 if it is missing, unreachable, no picture or of an impossible shape.
        """
        about = await self._given(params, "photo")
        if "width" not in about:
            raise bad_request("IMAGE_PROCESS_FAILED")
        width, height = about["width"], about["height"]
        if width + height > LONGEST_SIDES or max(width, height) > STEEPEST_RATIO * min(width, height):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        if about["file_size"] > LARGEST_PHOTO:
            raise bad_request("file is too big")
        return [{key: about[key] for key in ("file_id", "file_unique_id", "file_size", "width", "height")}]

    async def document(self, params: Params) -> Json:
        """The Document for the call's document. Raises ApiError 400 if it is missing or unreachable."""
        about = await self._given(params, "document")
        return {key: about[key] for key in ("file_id", "file_unique_id", "file_size", "file_name")}

    def about(self, file_id: str) -> Json | None:
        """What is known of a file: ids, size in bytes, name, and a picture's width and height in pixels."""
        return self._known.get(file_id)

    async def content(self, file_id: str) -> bytes | None:
        """A file's bytes, None for one unknown."""
        if file_id not in self._known or not _ID.fullmatch(file_id):
            return None
        if self._folder is None:
            return self._memory.get(file_id)
        return await asyncio.to_thread((self._folder / file_id).read_bytes)

    async def _given(self, params: Params, name: str) -> Json:
        upload = params.upload(name)
        if upload is None:
            given = params.text(name)
            if not given:
                raise bad_request(f"there is no {name} in the request")
            if about := self._known.get(given):
                return about
            if not given.startswith(("http://", "https://")):
                raise bad_request("wrong file identifier/HTTP URL specified")
            upload = await _fetched(given)
        if not upload.content:
            raise bad_request("file must be non-empty")
        return await self._keep(upload)

    async def _keep(self, upload: Upload) -> Json:
        digest = hashlib.sha256(upload.content).digest()
        file_id = "AgACAgQAAxkB" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if file_id in self._known:
            return self._known[file_id]
        if self._folder is None:
            self._memory[file_id] = upload.content
        else:
            await asyncio.to_thread(_write, self._folder / file_id, upload.content)
        about: Json = {
            "file_id": file_id,
            "file_unique_id": "AQAD" + base64.urlsafe_b64encode(digest[:9]).decode(),
            "file_size": len(upload.content),
            "file_name": upload.name,
        }
        if shape := picture_shape(upload.content):
            about["width"], about["height"] = shape
        self._journal.put("file", file_id, about)
        self._known[file_id] = about
        return about


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


async def _fetched(address: str) -> Upload:
    try:
        timeout = aiohttp.ClientTimeout(total=FETCH_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(address) as response:
            if response.status != 200:
                raise bad_request("failed to get HTTP URL content")
            content = await response.content.read(LARGEST_BY_ADDRESS + 1)
            while len(content) <= LARGEST_BY_ADDRESS and (more := await response.content.read(LARGEST_BY_ADDRESS)):
                content += more
            if len(content) > LARGEST_BY_ADDRESS:
                raise bad_request("failed to get HTTP URL content")
            if response.content_type == "text/html":
                raise bad_request("wrong type of the web page content")
            return Upload(response.url.name or "file", content)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        raise bad_request("failed to get HTTP URL content") from None


def picture_shape(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, JPEG, GIF or WebP picture by its header, None for anything else."""
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack(">II", content[16:24])
        if content.startswith((b"GIF87a", b"GIF89a")):
            return struct.unpack("<HH", content[6:10])
        if content.startswith(b"\xff\xd8"):
            return _jpeg_shape(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp_shape(content)
    except struct.error:
        return None
    return None


def _webp_shape(content: bytes) -> tuple[int, int] | None:
    """The three kinds of WebP keep it in three places: extended, lossless (14 bits each), lossy."""
    kind = content[12:16]
    if kind == b"VP8X" and len(content) >= 30:
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    if kind == b"VP8L" and len(content) >= 25:
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", content[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_shape(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + int(struct.unpack(">H", content[at + 2 : at + 4])[0])
    return None
