"""What is looked at before anything is started."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import pytest
from alembic.script import ScriptDirectory

import bot
import bot.store
import moderation
import moderation.store
from bot import preflight
from bot.settings import BotSettings
from moderation.errors import SettingsError

Usage = type("Usage", (), {"free": 1})


@pytest.mark.parametrize("package", [moderation, bot])
def test_the_newest_form_of_the_tables_is_told_by_the_names_of_the_migrations(package: ModuleType) -> None:
    folder = Path(package.__path__[0]) / "migrations"
    assert preflight.newest_version(package) == ScriptDirectory(str(folder)).get_current_head()


def test_tables_are_current_only_when_both_packages_are(tmp_path: Path, sqlite_template: Path) -> None:
    settings = BotSettings(data_dir=tmp_path)
    file = tmp_path / "baithak.db"
    assert not preflight.tables_are_current(settings)
    file.write_bytes(b"")
    assert not preflight.tables_are_current(settings)
    moderation.store.upgrade(settings.database_address())
    assert not preflight.tables_are_current(settings)
    shutil.copy(sqlite_template, file)
    assert preflight.tables_are_current(settings)
    file.write_text("no database at all", encoding="utf-8")
    assert not preflight.tables_are_current(settings)


@pytest.mark.parametrize(("free", "starts"), [(63, False), (64, True)])
def test_below_64_mb_of_free_disk_nothing_is_started(
    free: int, starts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Usage, "free", free * 2**20)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: Usage)
    if starts:
        preflight.check_room(tmp_path)
    else:
        with pytest.raises(SettingsError, match="63 MB of free disk, 64 MB are needed"):
            preflight.check_room(tmp_path)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("desk.example", "http://desk.example:80"),
    ],
)
def test_the_address_that_is_said_can_be_opened_on_this_machine(host: str, address: str) -> None:
    assert preflight.local_address(host, 80) == address


def test_a_data_directory_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    assert not preflight.is_held(tmp_path / "none")
    with preflight.alone(tmp_path):
        assert preflight.is_held(tmp_path)
        with pytest.raises(SettingsError, match="another `baithak up`"), preflight.alone(tmp_path):
            pass
    assert not preflight.is_held(tmp_path)


def test_a_data_directory_is_made_for_its_owner_alone_and_one_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    for folder, mode in ((tmp_path / "new", 0o700), (shared, 0o755)):
        with preflight.alone(folder):
            assert folder.stat().st_mode & 0o777 == mode


def test_ports_left_to_the_kernel_are_different_ones() -> None:
    ports = preflight.free_ports(BotSettings(web_port=0, sandbox_port=0))
    assert ports["web_port"] != ports["sandbox_port"]


def test_with_a_token_the_sandbox_needs_no_port() -> None:
    assert set(preflight.free_ports(BotSettings(web_port=0, bot_token="42:TOKEN"))) == {"web_port"}
