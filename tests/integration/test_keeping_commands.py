"""`baithak reader`, `legal`, `backup`, `restore` as an operator meets them: what they say, and their exit statuses."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from bot.keeping import author_of
from moderation.database import Database
from tests import commands
from tests.kept import PERSON, READER, WORD, busy_reader, traces


@pytest.fixture
def server() -> None:
    """On SQLite: what both databases must do is tested on the store itself."""


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> dict[str, str]:
    """The environment of a system with a reader in it."""
    made = await busy_reader(database)
    assert made["published"].comment_id == 1
    return environment(tmp_path / "home", BAITHAK_DATABASE_URL=database.address)


def environment(folder: Path, **given: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "BAITHAK_DATA_DIR": str(folder), **given}


async def baithak(env: dict[str, str], *words: str) -> tuple[int, str, str]:
    """A command's exit status, and what it writes to standard output and to standard error."""
    done = await asyncio.to_thread(commands.run_text, "bot", words, env=env)
    return done.returncode, done.stdout, done.stderr


async def test_an_export_is_json_and_nothing_else(home: dict[str, str]) -> None:
    status, out, _ = await baithak(home, "reader", "export", str(PERSON))
    held = json.loads(out)
    assert (status, held["reader"], len(held["moderation"]["comments"])) == (0, READER, 5)


async def test_an_erasure_asks_first_and_is_not_done_without_an_answer(
    home: dict[str, str], database: Database
) -> None:
    before = await traces(database)
    status, _, err = await baithak(home, "reader", "erase", str(PERSON))
    assert (status, READER in err) == (1, True)
    assert await traces(database) == before
    status, out, _ = await baithak(home, "reader", "erase", str(PERSON), "--yes")
    assert (status, out) == (0, f"{READER} is erased: 5 comments are tombstones now\n")
    assert [found for found in await traces(database) if not found.startswith("forgotten")] == []
    status, out, _ = await baithak(home, "reader", "erase", READER, "--yes")
    assert (status, out) == (0, f"{READER} is erased: 0 comments are tombstones now\n")


async def test_a_legal_hold_is_put_shown_and_released(home: dict[str, str], database: Database) -> None:
    assert (await baithak(home, "legal", "hold", "1", "--note", "court 7/2026"))[:2] == (0, "comment 1 is kept\n")
    assert (await baithak(home, "legal", "hold", "1", "--note", "again"))[1] == "comment 1 was kept already\n"
    assert "court 7/2026" in (await baithak(home, "legal", "list"))[1]
    assert (await baithak(home, "reader", "erase", READER, "--yes"))[1].splitlines()[1].endswith(": 1")
    assert "its author is erased" in (await baithak(home, "legal", "list"))[1]
    status, out, _ = await baithak(home, "legal", "release", "1")
    assert (status, out) == (0, "comment 1 is released and erased, as its author asked\n")
    assert not any(WORD in found for found in await traces(database))


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("reader", "export", "Asha"), 2, "a reader is a Telegram number"),
        (("legal", "hold", "999", "--note", "x"), 1, "there is no such comment"),
        (("legal", "hold", "1"), 2, "--note"),
        (("legal", "release", "1"), 1, "no legal hold keeps comment 1"),
        (("restore", "nowhere.zip", "--no-erasures"), 3, "nowhere.zip can't be used"),
        (("restore", "x.zip", "--no-erasures", "--erasures", "list"), 2, "exclude each other"),
        (("backup", "no/such/folder/x.zip"), 3, "can't be written"),
    ],
)
async def test_what_can_not_be_done_is_said_in_one_line(
    home: dict[str, str], words: tuple[str, ...], status: int, says: str
) -> None:
    code, out, err = await baithak(home, *words)
    assert (code, out, says in err) == (status, "", True), err
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [("reader", "export", "1"), ("legal", "list"), ("backup", "x.zip")])
async def test_a_wrong_folder_is_told_and_no_database_is_made_there(tmp_path: Path, words: tuple[str, ...]) -> None:
    status, _, err = await baithak(environment(tmp_path / "wrong"), *words)
    assert (status, "there is no database" in err) == (3, True)
    assert not (tmp_path / "wrong").exists()


async def test_a_system_moves_by_its_backup(home: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "one.zip"
    status, out, _ = await baithak(home, "backup", str(file))
    assert status == 0 and "are saved in" in out and "not encrypted" in out
    away = environment(tmp_path / "away")
    status, out, _ = await baithak(away, "restore", str(file))
    assert status == 0 and out.endswith("0 readers were erased again\n")
    exported = await baithak(away, "reader", "export", str(PERSON))
    assert json.loads(exported[1])["moderation"]["comments"][0]["revisions"][0]["text"] == f"first {WORD}"
    status, _, err = await baithak(away, "restore", str(file))
    assert (status, "not empty" in err) == (1, True)
    file.write_bytes(file.read_bytes()[:-9])
    status, _, err = await baithak(environment(tmp_path / "third"), "restore", str(file))
    assert (status, "damaged" in err, len(err.splitlines())) == (1, True, 1)


@pytest.mark.parametrize(
    ("given", "author"),
    [
        ("1001", "telegram:1001"),
        ("telegram:1001", "telegram:1001"),
        ("web:abc", "web:abc"),
        ("-5", None),
        ("Asha", None),
        ("", None),
        (":x", None),
    ],
)
def test_a_reader_is_named_by_number_or_as_an_author(given: str, author: str | None) -> None:
    assert author_of(given) == author
