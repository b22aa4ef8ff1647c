"""What the sandbox knows of a picture: its size, from the header alone."""

from __future__ import annotations

import pytest

from bot.sandbox.files import picture_shape

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x04\x00\x08\x03" + bytes(12)
WEBP = b"RIFF\0\0\0\0WEBP"


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x04",
        b"GIF89a\x08\0\x04\0",
        JPEG,
        WEBP + b"VP8X" + bytes(8) + b"\x07\0\0\x03\0\0",
        WEBP + b"VP8L" + bytes(4) + b"\x2f" + (7 | 3 << 14).to_bytes(4, "little"),
        WEBP + b"VP8 " + bytes(7) + b"\x9d\x01\x2a" + b"\x08\x40\x04\x80",
    ],
    ids=["png", "gif", "jpeg", "webp extended", "webp lossless", "webp lossy"],
)
def test_a_pictures_size_is_in_its_header(content: bytes) -> None:
    assert picture_shape(content) == (8, 4)
    for length in range(len(content)):
        assert picture_shape(content[:length]) in (None, (8, 4)), "a picture cut short is none, or has its size"


@pytest.mark.parametrize("content", [b"", b"<html>", b"%PDF", b"\xff\xd8\xff\xd9", WEBP + b"ALPH" + bytes(20)])
def test_what_is_no_picture_has_no_size(content: bytes) -> None:
    assert picture_shape(content) is None
