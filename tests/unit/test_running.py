"""What every part does as a process: it stops when told, says in one line what it lacks, and logs no words."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from moderation import running
from moderation.errors import PolicyError
from moderation.running import READY_FD, cannot_listen, say_ready, stop_signals, told_plainly, until_stopped

LOGGING = """
from moderation.running import start_logging
from moderation.settings import Settings
import structlog

start_logging(Settings(log_format="{form}"))
words = "swordfish"
try:
    raise ValueError("broken")
except ValueError:
    structlog.get_logger().exception("screening failed", comment=7)
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_in_the_log_shows_no_values_of_variables(form: str) -> None:
    ended = subprocess.run([sys.executable, "-c", LOGGING.format(form=form)], capture_output=True, text=True)
    assert ended.stdout == ""
    assert "ValueError" in ended.stderr
    assert "broken" in ended.stderr
    assert "swordfish" not in ended.stderr
    if form == "json":
        assert json.loads(ended.stderr)["comment"] == 7


GOES_ON = """
import logging, os, sys
from moderation.running import start_logging
from moderation.settings import Settings
import structlog

start_logging(Settings(log_format="{form}"))
log = structlog.get_logger()
with open(sys.argv[1], "w") as there:
    log.info("before")
    os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
    log.warning("into the void")
    logging.getLogger("library").warning("into the void")
    os.dup2(there.fileno(), 2)
    log.info("after")
    log.info("later")
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_log_on_a_full_disk_ends_nothing_and_says_what_it_lost(form: str, tmp_path: Path) -> None:
    kept = tmp_path / "log"
    program = [sys.executable, "-c", GOES_ON.format(form=form), str(kept)]
    ended = subprocess.run(program, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "void" not in ended.stderr + kept.read_text()
    lost, after, later = kept.read_text().splitlines()
    assert "log lines dropped" in lost
    assert "after" in after
    assert "later" in later
    if form == "json":
        assert json.loads(lost)["count"] == 2


def test_an_error_of_ours_is_one_line_and_status_3(capsys: pytest.CaptureFixture[str]) -> None:
    @told_plainly
    def command() -> None:
        raise PolicyError("policy.toml: line 3:\n  a clause\n  has no id")

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 3
    assert capsys.readouterr().err == "baithak: policy.toml: line 3: a clause has no id\n"


def test_any_other_error_keeps_its_traceback() -> None:
    @told_plainly
    def command() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()


async def test_a_part_ends_even_where_the_first_word_is_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "STOP_AGAIN_S", 0.01)
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 2:
                    raise

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(deaf())
            tasks.create_task(tell())

    async def tell() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    await until_stopped(main())
    assert swallowed == 3


async def test_an_error_of_the_part_is_not_swallowed() -> None:
    async def main() -> None:
        raise PolicyError("no policy")

    with pytest.raises(PolicyError):
        await until_stopped(main())


def test_ctrl_c_is_left_to_up_by_the_parts_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(READY_FD, raising=False)
    assert set(stop_signals()) == {signal.SIGTERM, signal.SIGINT}
    monkeypatch.setenv(READY_FD, "3")
    assert set(stop_signals()) == {signal.SIGTERM}


def test_a_part_says_once_that_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setenv(READY_FD, str(writing))
    say_ready()
    say_ready()
    assert os.read(reading, 10) == b"1"
    assert os.read(reading, 10) == b""
    os.close(reading)


def test_a_part_started_by_hand_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(READY_FD, raising=False)
    say_ready()


def test_who_has_no_name_is_noted_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid")

    assert running.who().startswith("cli:")
    monkeypatch.setattr("getpass.getuser", nameless)
    assert running.who() == "cli"


@pytest.mark.parametrize(
    ("error", "variable"),
    [
        (OSError(errno.EADDRINUSE, "Address already in use"), "BAITHAK_WEB_PORT"),
        (OSError(errno.EACCES, "Permission denied"), "BAITHAK_WEB_PORT"),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), "BAITHAK_WEB_HOST"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "BAITHAK_WEB_HOST"),
        (UnicodeError("label too long"), "BAITHAK_WEB_HOST"),
    ],
)
def test_where_nobody_can_listen_the_setting_at_fault_is_named(error: OSError | UnicodeError, variable: str) -> None:
    told = str(cannot_listen("desk.example", 8080, error, port_variable="BAITHAK_WEB_PORT"))
    assert "desk.example" in told and told.count("BAITHAK_") == 1 and variable in told
    assert (error.strerror if isinstance(error, OSError) else str(error)) in told
