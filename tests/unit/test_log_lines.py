"""A log line that finds no room is dropped whole, and counted."""

from __future__ import annotations

import errno
import os

import pytest

from moderation import log_lines
from moderation.log_lines import LogLines


class Disk:
    """A file that has room for so many bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, room: int) -> None:
        self.room = room
        self.content = b""
        monkeypatch.setattr(log_lines.os, "write", self._write)

    def _write(self, _descriptor: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = data[: self.room]
        self.content += taken
        self.room -= len(taken)
        return len(taken)


def lines() -> LogLines:
    return LogLines("{} dropped\n".format, descriptor=-1)


def test_a_line_that_was_cut_does_not_run_into_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    disk, log = Disk(monkeypatch, room=9), lines()
    for line in ("first\n", "second\n", "third\n"):
        assert log.write(line) == len(line)
    assert disk.content == b"first\nsec"
    disk.room = 1000
    log.write("fourth\n")
    log.write("fifth\n")
    assert disk.content == b"first\nsec\n2 dropped\nfourth\nfifth\n"


def test_what_is_dropped_while_that_is_being_said_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    disk, log = Disk(monkeypatch, room=0), lines()
    log.write("first\n")
    disk.room = 4
    log.write("second\n")
    disk.room = 1000
    log.write("third\n")
    assert disk.content == b"1 dr\n2 dropped\nthird\n"


def test_what_no_encoding_has_is_written_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    disk, log = Disk(monkeypatch, room=1000), lines()
    log.write("a\udc80b\n")
    log.flush()
    assert disk.content == b"a\\udc80b\n"
