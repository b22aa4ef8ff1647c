"""In which order the servers of a database are asked for the one that takes writes."""

from __future__ import annotations

from typing import Any

import pytest

from moderation import postgresql
from moderation.postgresql import Opening


class Servers:
    """What each of three does, by its host; and who was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **does: Exception | str) -> None:
        self.does = does
        self.asked = ""
        self.opening = Opening()
        monkeypatch.setattr(postgresql, "_open", self._open)

    async def _open(self, host: str, _port: int, _options: Any) -> str:
        self.asked += host
        answer = self.does[host]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def open(self) -> str:
        """Who was asked for one connection."""
        self.asked = ""
        await self.opening(host=["a", "b", "c"], port=[1, 2, 3])
        return self.asked


class WrongPassword(Exception):
    sqlstate = "28P01"


class Starting(Exception):
    sqlstate = "57P03"


async def test_the_one_that_was_found_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Servers(monkeypatch, a=ConnectionRefusedError(), b=Starting(), c="works")
    assert [await servers.open() for _ in range(2)] == ["abc", "c"]
    servers.does = {"a": "works", "b": "works", "c": ConnectionRefusedError()}
    assert [await servers.open() for _ in range(2)] == ["ca", "a"]


async def test_one_that_is_silent_is_asked_last_even_while_none_works(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Servers(monkeypatch, a=TimeoutError(), b=ConnectionRefusedError(), c=ConnectionRefusedError())
    for _ in range(2):
        with pytest.raises(OSError):
            await servers.open()
    assert servers.asked == "bca"


async def test_what_no_other_server_can_mend_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Servers(monkeypatch, a=WrongPassword(), b="works", c="works")
    with pytest.raises(WrongPassword):
        await servers.open()
    assert servers.asked == "a"


async def test_an_address_without_a_host_is_the_drivers_to_understand(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def _open(host: Any, port: Any, options: dict[str, Any]) -> str:
        seen.append((host, port, options))
        return "works"

    monkeypatch.setattr(postgresql, "_open", _open)
    assert await Opening()(user="desk") == "works"
    assert await Opening()(host="/run/postgresql", target_session_attrs="any") == "works"
    assert seen == [
        (None, None, {"user": "desk", "target_session_attrs": "read-write"}),
        ("/run/postgresql", None, {"target_session_attrs": "any"}),
    ]
