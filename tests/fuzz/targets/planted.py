"""A reader with a fault planted in it, which chance alone would find once in some trillion inputs.

It is there to be found: a search that passes over it searches nothing.
"""

from __future__ import annotations

WORDS: tuple[bytes, ...] = ()


def seeds() -> list[bytes]:
    """Nothing that is near."""
    return [b"Well said."]


def check(data: bytes) -> None:
    """Fall over one beginning. Each letter is a line of its own: by these a search sees that it has come nearer."""
    if data[0:1] != b"f":
        return
    if data[1:2] != b"a":
        return
    if data[2:3] != b"u":
        return
    if data[3:4] != b"l":
        return
    if data[4:5] != b"t":
        return
    if data[5:6] == b":":
        raise AssertionError("the planted fault")
