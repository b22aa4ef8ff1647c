"""`baithak subscriber import` and `export`: subscribers come from another bot, and can go to one."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.lists import AT_ONCE, LONGEST_LINE, Imported, LineRefused, export_subscribers, import_subscribers, parse_line
from bot.settings import BotSettings
from bot.store import BotStore
from bot.subscriber import Listed, person_name
from moderation.database import Database
from moderation.privacy import author_hash
from tests.integration.processes import baithak

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Mover:
    """Somebody who brings subscribers along, and the store they come into."""

    def __init__(self, address: str, database: Database) -> None:
        self.settings = BotSettings(database_url=SecretStr(address))
        self.store = BotStore(database)
        self.refused: dict[int, str] = {}

    async def brings(self, *lines: bytes | dict[str, Any]) -> Imported:
        given = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
        return await import_subscribers(
            self.settings, io.BytesIO(given), refuse=self.refused.__setitem__, progress=lambda read: None
        )

    async def takes_away(self) -> list[dict[str, Any]]:
        out = io.BytesIO()
        written = await export_subscribers(self.settings, out)
        lines = [json.loads(line) for line in out.getvalue().splitlines()]
        assert written == len(lines)
        return lines


@pytest.fixture
def mover(database_address: str, database: Database) -> Mover:
    return Mover(database_address, database)


async def test_what_comes_in_goes_out_again(mover: Mover) -> None:
    listed = [
        {"id": 7, "language": "ur", "sections": ["politics", "world"], "timezone": "Asia/Karachi"},
        {"id": 8, "language": "en", "sections": []},
        {"id": 9, "language": "ar", "sections": ["sport"], "timezone": "UTC"},
    ]
    assert await mover.brings(*reversed(listed)) == Imported(new=3)
    assert await mover.takes_away() == listed


async def test_only_the_number_must_be_there(mover: Mover) -> None:
    assert await mover.brings({"id": 7, "name": "Asha", "anything": None}) == Imported(new=1)
    assert await mover.takes_away() == [{"id": 7, "language": "en", "sections": []}]


async def test_a_bad_line_costs_nothing_but_itself(mover: Mover) -> None:
    long = b'{"id": 5, "name": "' + b"x" * 3 * LONGEST_LINE + b'"}\n'
    done = await mover.brings({"id": 1}, b"{\n", long, b'{"id": "4"}\n', {"id": 5, "language": "fr"}, {"id": 6})
    assert done == Imported(new=2, refused=4)
    assert sorted(mover.refused) == [2, 3, 4, 5]
    assert [one["id"] for one in await mover.takes_away()] == [1, 6]


async def test_who_chose_here_stays_as_they_are_and_who_was_only_met_is_subscribed(mover: Mover) -> None:
    subscribers = mover.store.subscribers
    await subscribers.subscribe(1, name="Asha", language="mr", now=NOW)
    await subscribers.subscribe(2, name="Bilal", language="ur", now=NOW)
    await subscribers.stop(2, now=NOW)
    await subscribers.meet(3, name="Omar", language="en", now=NOW)
    done = await mover.brings(*({"id": number, "language": "hi", "sections": ["sport"]} for number in (1, 2, 3)))
    assert done == Imported(new=1, known=2)
    asha, bilal, omar = [await subscribers.one(number) for number in (1, 2, 3)]
    assert asha is not None and bilal is not None and omar is not None
    assert (asha.language, asha.sections, asha.active) == ("mr", frozenset(), True)
    assert (bilal.language, bilal.active) == ("ur", False)
    assert (omar.name, omar.language, omar.sections, omar.active) == ("Omar", "hi", frozenset({"sport"}), True)


async def test_the_same_list_again_and_a_number_that_stands_twice_change_nothing(mover: Mover) -> None:
    assert await mover.brings({"id": 7, "language": "ur"}, {"id": 7, "language": "ar"}) == Imported(new=1, known=1)
    before = await mover.takes_away()
    assert before == [{"id": 7, "language": "ur", "sections": []}]
    assert await mover.brings({"id": 7, "language": "en"}) == Imported(known=1)
    assert await mover.takes_away() == before


async def test_an_erased_reader_stays_erased(mover: Mover) -> None:
    hash_ = author_hash(person_name(7))
    await mover.store.forgotten.begin(7, author_hash=hash_, now=NOW)
    assert await mover.brings({"id": 7}, {"id": 8}) == Imported(new=1, erased=1)
    assert [one["id"] for one in await mover.takes_away()] == [8]


async def test_who_said_stop_before_they_ever_chose_is_subscribed_by_no_list(mover: Mover) -> None:
    await mover.store.subscribers.meet(7, name="Omar", language="en", now=NOW)  # by a story's link
    assert not await mover.store.subscribers.stop(7, now=NOW)
    assert await mover.brings({"id": 7}) == Imported(known=1)
    assert await mover.takes_away() == []


async def test_a_line_without_anything_is_no_line(mover: Mover) -> None:
    assert await mover.brings({"id": 7}, b"\n", b"  \n", {"id": 8}, b"\n") == Imported(new=2)


async def test_a_list_longer_than_what_is_stored_at_once(mover: Mover) -> None:
    count = 2 * AT_ONCE + 1
    assert await mover.brings(*({"id": number} for number in range(1, count + 1))) == Imported(new=count)
    assert [one["id"] for one in await mover.takes_away()] == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"", "JSON"),
        (b"7", "object"),
        (b"\xff", "UTF-8"),
        (b"[" * 5000, "JSON"),
        (b'{"id": true}', "number"),
        (b'{"id": 1.5}', "number"),
        (b'{"id": 0}', "number"),
        (b'{"id": -1003000000001}', "number"),
        (b'{"id": 99999999999999999999}', "number"),
        (b'{"id": 1, "language": 5}', "language"),
        (b'{"id": 1, "sections": "world"}', "sections"),
        (b'{"id": 1, "sections": ["swordfish"]}', "swordfish"),
        (b'{"id": 1, "timezone": "Asia/Atlantis"}', "timezone"),
        (b'{"id": 1, "timezone": "../../etc/passwd"}', "timezone"),
    ],
)
def test_why_a_line_is_refused(line: bytes, word: str) -> None:
    with pytest.raises(LineRefused, match=word):
        parse_line(line)


def test_a_language_may_name_its_country_and_a_section_be_in_capitals() -> None:
    line = b'{"id": 1, "language": "ur-PK", "sections": [" World ", "world"]}'
    assert parse_line(line) == Listed(id=1, language="ur", sections=("world",), timezone=None)


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    var, listed = tmp_path / "var", tmp_path / "list.jsonl"
    listed.write_bytes(b'\xef\xbb\xbf{"id": 1}\n' + b"{\n" * 25 + b'{"id": 2, "language": "hi"}')
    assert baithak(var, "subscriber", "import", str(listed)).returncode == 3  # no database yet
    assert baithak(var, "db", "upgrade").returncode == 0
    assert baithak(var, "subscriber", "import", str(tmp_path / "none")).returncode == 1
    done = baithak(var, "subscriber", "import", str(listed))
    assert (done.returncode, done.stdout.startswith("2 subscribers are new")) == (1, True), done.stderr
    assert "line 2: not JSON" in done.stderr and "and 5 lines more" in done.stderr
    out = tmp_path / "out.jsonl"
    assert baithak(var, "subscriber", "export", str(out)).stdout.startswith("2 subscribers")
    assert out.stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other.jsonl"
    (tmp_path / "other.jsonl.part").symlink_to(listed)
    assert baithak(var, "subscriber", "export", str(other)).returncode == 0
    assert not other.is_symlink() and listed.read_bytes().endswith(b'"hi"}')
    assert baithak(var, "subscriber", "export", str(tmp_path / "none" / "out")).returncode == 1
    assert baithak(var, "subscriber", "export", "-").stdout == out.read_text(encoding="utf-8")
