"""`switch …`: one command begins or ends a switch, says what is on, and answers by its exit status."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

import bot.store
from bot.story import FeedStory
from moderation import store
from moderation.database import Database
from moderation.switch import Switch
from tests import commands
from tests.integration import processes

STORY = "https://news.example/stories/dam"


def baithak(folder: Path, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    return processes.baithak(folder, "switch", *arguments, **given)


def moderation(folder: Path, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    """The same command without the bot."""
    return commands.run_text("moderation", ["switch", *arguments], env=processes.environment(folder, **given))


def tables(folder: Path) -> str:
    """The address of a database as a system leaves it that ran there."""
    address = f"sqlite+aiosqlite:///{folder / 'baithak.db'}"
    store.upgrade(address)
    bot.store.upgrade(address)
    return address


def known_story(folder: Path) -> None:
    """A story from a feed."""
    address = tables(folder)

    async def add() -> None:
        database = Database(address)
        now = datetime.now(UTC)
        await bot.store.BotStore(database).stories.add([FeedStory(STORY, "The dam", "", "en", "world", now)], now=now)
        await database.close()

    asyncio.run(add())


def switches(folder: Path) -> list[Switch]:
    async def read() -> list[Switch]:
        database = Database(f"sqlite+aiosqlite:///{folder / 'baithak.db'}")
        found = await store.Store(database).switches()
        await database.close()
        return found[::-1]

    return asyncio.run(read())


def test_a_switch_is_begun_listed_and_ended(tmp_path: Path) -> None:
    tables(tmp_path)
    assert moderation(tmp_path, "list").stdout == "no switch is on\n"
    begun = moderation(tmp_path, "hold", "--site", "--note", "riots")
    assert (begun.returncode, begun.stdout.startswith("1  held everywhere, since ")) == (0, True)
    assert begun.stdout.endswith(": riots\n")
    again = moderation(tmp_path, "hold", "--site")
    assert (again.returncode, again.stdout) == (0, f"already so: {begun.stdout}")
    assert moderation(tmp_path, "stop").stdout.startswith("2  publishing is stopped everywhere")
    assert [line[:1] for line in moderation(tmp_path, "list").stdout.splitlines()] == ["1", "2"]
    ended = moderation(tmp_path, "end", "1")
    assert (ended.returncode, "; ended " in ended.stdout) == (0, True)
    assert moderation(tmp_path, "end", "1").stdout == f"already so: {ended.stdout}"
    assert [line[:1] for line in moderation(tmp_path, "list").stdout.splitlines()] == ["2"]
    assert [line[:1] for line in moderation(tmp_path, "list", "--all").stdout.splitlines()] == ["2", "1"]
    hold, _ = switches(tmp_path)
    assert hold.begun_by.startswith("cli") and hold.begun_by == hold.ended_by


def test_baithak_knows_a_story_however_it_is_named_and_refuses_a_stranger(tmp_path: Path) -> None:
    known_story(tmp_path)
    assert baithak(tmp_path, "close", f"{STORY}?utm_source=app").returncode == 0
    assert baithak(tmp_path, "hold", "--story", "https://t.me/desk_bot?start=s1").returncode == 0
    stranger = baithak(tmp_path, "close", "https://news.example/unknown")
    assert (stranger.returncode, "no story is known by" in stranger.stderr) == (1, True)
    assert [(one.kind, one.target) for one in switches(tmp_path)] == [("close", STORY), ("hold", STORY)]


def test_a_section_is_named_as_stories_name_it_or_refused(tmp_path: Path) -> None:
    known_story(tmp_path)
    assert "in section world" in baithak(tmp_path, "hold", "--section", " World ").stdout
    stranger = baithak(tmp_path, "hold", "--section", "wrold")
    assert (stranger.returncode, "no section is known by 'wrold'" in stranger.stderr) == (1, True)
    assert [one.target for one in switches(tmp_path)] == ["world"]


def test_nothing_in_a_note_commands_the_terminal(tmp_path: Path) -> None:
    tables(tmp_path)
    assert moderation(tmp_path, "hold", "--site", "--note", "esc \x1b]0;x\x07\x1b[31mred \u202egnp").returncode == 0
    listed = moderation(tmp_path, "list").stdout
    assert "red gnp" in listed
    assert not set("\x1b\x07\u202e") & set(listed)


def test_moderation_alone_takes_every_web_address_for_a_story(tmp_path: Path) -> None:
    tables(tmp_path)
    assert moderation(tmp_path, "close", STORY).returncode == 0
    assert moderation(tmp_path, "close", "1").returncode == 1
    assert [one.target for one in switches(tmp_path)] == [STORY]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["hold"], 2),
        (["hold", "--section", ""], 1),
        (["end", "7"], 1),
        (["end", "first"], 2),
    ],
)
def test_what_can_not_be_done_is_refused_in_one_line(arguments: list[str], status: int, tmp_path: Path) -> None:
    tables(tmp_path)
    done = moderation(tmp_path, *arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (status, False)
    if status == 1:
        assert done.stderr.startswith("baithak: ") and len(done.stderr.splitlines()) == 1


def test_without_a_database_that_answers_the_status_says_so(tmp_path: Path) -> None:
    nowhere = "postgresql://u:secret@127.0.0.1:1/nowhere"
    done = moderation(tmp_path, "stop", BAITHAK_DATABASE_URL=nowhere)
    assert (done.returncode, "secret" in done.stderr) == (3, False)


def test_where_no_system_runs_nothing_looks_done(tmp_path: Path) -> None:
    for arguments in (["stop"], ["end", "1"], ["list"]):
        done = moderation(tmp_path, *arguments)
        assert (done.returncode, "no system has its data" in done.stderr) == (3, True)
    assert list(tmp_path.iterdir()) == []


def test_where_the_bots_tables_are_missing_the_command_says_what_to_do(tmp_path: Path) -> None:
    store.upgrade(f"sqlite+aiosqlite:///{tmp_path / 'baithak.db'}")
    done = baithak(tmp_path, "close", STORY)
    assert (done.returncode, "baithak db upgrade" in done.stderr) == (3, True)
