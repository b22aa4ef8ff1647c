"""`baithak doctor`: each fault is named, with what to do; a system in order has none; nothing is changed."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from bot import doctor, embedded, preflight
from bot.doctor import Diagnosis, examine
from bot.settings import BotSettings
from moderation.database import Database
from tests.integration.processes import baithak
from tests.integration.sandbox_client import EMMA, GROUP, MEERA, sandbox_running
from tests.servers import redis_running, short_folder


async def looked(look: str, **given: Any) -> Diagnosis:
    """One look alone."""
    (wanted,) = [one for one in doctor.LOOKS if one.__name__ == f"look_at_{look}"]
    return await wanted(BotSettings(**given))


def fault(diagnosis: Diagnosis, *words: str) -> None:
    """It is a fault, has advice, and both together have these words."""
    assert diagnosis.fault
    assert diagnosis.advice
    told = f"{diagnosis.fault} → {diagnosis.advice}"
    for word in words:
        assert word in told
    assert "swordfish" not in told


async def test_a_system_in_order_has_no_fault_and_nothing_is_written(database_address: str, tmp_path: Path) -> None:
    async with sandbox_running() as sandbox:
        with short_folder("doctor") as folder, redis_running(folder, "--appendonly", "yes") as address:
            settings = BotSettings(
                data_dir=tmp_path / "none",
                database_url=SecretStr(database_address),
                redis_url=SecretStr(address),
                web_port=0,
                sandbox_port=0,
            )
            asking_telegram = (doctor.look_at_telegram, doctor.look_at_channels, doctor.look_at_administrators)
            there = settings.model_copy(update={"sandbox_port": urlsplit(sandbox.address).port})
            found = [(await look(there if look in asking_telegram else settings)) for look in doctor.LOOKS]
    assert [one for one in found if one.fault] == []
    assert [one.name for one in found] == [
        "disk",
        "ports",
        "terms",
        "database",
        "redis",
        "classifier",
        "feeds",
        "telegram",
        "channels",
        "administrators",
    ]
    assert not (tmp_path / "none").exists()


async def test_a_disk_that_is_full_or_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    fault(await looked("disk", data_dir=tmp_path / "file" / "var"), "can't be written", "BAITHAK_DATA_DIR")

    class Full:
        free = 100 * 2**20

    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Full)
    fault(await looked("disk", data_dir=tmp_path), "100 MB free", "make room")


async def test_a_port_somebody_has_unless_it_is_this_system(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"web_port": taken.getsockname()[1], "sandbox_port": 0, "data_dir": tmp_path}
        fault(await looked("ports", **ports), "in use", "BAITHAK_WEB_PORT")
        with preflight.alone(tmp_path):
            assert (await looked("ports", **ports)).fault is None


async def test_a_database_that_is_away_or_not_up_to_date(empty_database_address: str) -> None:
    away = SecretStr("postgresql://desk:swordfish@127.0.0.1:9/desk")
    fault(await looked("database", database_url=away), "127.0.0.1:9", "BAITHAK_DATABASE_URL")
    empty = Database(empty_database_address)
    async with empty.write():
        pass
    await empty.close()
    fault(await looked("database", database_url=SecretStr(empty_database_address)), "baithak db upgrade")


async def test_an_address_that_can_not_be_used_is_told_alike_wherever_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = BotSettings(
        database_url=SecretStr("postgresql://desk:swordfish@/desk?host=127.0.0.1:1&host=127.0.0.1"),
        redis_url=SecretStr("redis://:swordfish@127.0.0.1:1/abc"),
    )
    wanted = (doctor.look_at_database, doctor.look_at_classifier, doctor.look_at_redis)
    monkeypatch.setattr(doctor, "LOOKS", wanted)
    for found, variable in zip(await examine(wrong), ("DATABASE", "DATABASE", "REDIS"), strict=True):
        fault(found, f"BAITHAK_{variable}_URL can't be used", "it is written")


async def test_a_redis_that_is_away_drops_comments_or_keeps_nothing() -> None:
    fault(await looked("redis", redis_url=SecretStr("redis://:swordfish@127.0.0.1:9")), "start it")
    with short_folder("doctor") as folder, redis_running(folder, "--maxmemory-policy", "allkeys-lru") as address:
        (found,) = [one for one in await examine(BotSettings(redis_url=SecretStr(address))) if one.name == "redis"]
        fault(found, "allkeys-lru", "noeviction")
    with short_folder("doctor") as folder, redis_running(folder) as address:
        fault(await looked("redis", redis_url=SecretStr(address)), "append-only")


async def test_a_redis_that_is_down_while_up_runs(tmp_path: Path) -> None:
    assert (await looked("redis", data_dir=tmp_path)).fault is None
    with preflight.alone(tmp_path):
        fault(await looked("redis", data_dir=tmp_path), "does not answer", "redis-server.log")


async def test_a_data_directory_that_others_may_read(tmp_path: Path) -> None:
    (tmp_path / "baithak.db").touch(mode=0o644)
    assert (await looked("disk", data_dir=tmp_path)).fault is None, "nobody gets so far"
    tmp_path.chmod(0o755)
    fault(await looked("disk", data_dir=tmp_path), "others may read", f"chmod -R go= {tmp_path}")


async def test_a_machine_without_any_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find", lambda _: None)
    fault(await looked("redis", data_dir=tmp_path), "no redis-server", "BAITHAK_REDIS_URL")


async def test_a_feed_that_can_not_be_read_and_a_file_without_any(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.toml"
    feeds.write_text("", encoding="utf-8")
    fault(await looked("feeds", feeds=feeds), "no feed", str(feeds))
    feeds.write_text('[[feeds]]\nurl = "https://127.0.0.1/feed.xml"\n', encoding="utf-8")
    fault(await looked("feeds", feeds=feeds), "127.0.0.1", "baithak feed check")


async def test_a_telegram_that_is_away_or_a_group_the_bot_is_not_in() -> None:
    token, away = SecretStr("1:swordfish"), "http://127.0.0.1:9"
    fault(await looked("telegram", bot_token=token), "BAITHAK_MODERATORS_CHAT")
    fault(await looked("telegram", bot_token=token, telegram_api=away, moderators_chat=GROUP), "127.0.0.1:9", "network")
    async with sandbox_running() as sandbox:
        here = {"bot_token": token, "telegram_api": sandbox.address}
        fault(await looked("telegram", moderators_chat=-1009, **here), "chat not found", "BAITHAK_MODERATORS_CHAT")
        assert (await looked("telegram", moderators_chat=GROUP, **here)).fault is None


async def test_a_token_that_can_be_none_is_told_before_the_group_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "LOOKS", (doctor.look_at_telegram,))
    (found,) = await examine(BotSettings(bot_token=SecretStr("swordfish")))
    fault(found, "token", "mend what the message names")
    assert "swordfish" not in str(found)


async def test_a_channel_that_the_bot_may_not_post_to_is_named() -> None:
    token, names = SecretStr("42:swordfish"), ("en:-1003000000101", "ur:-1003000000102")
    async with sandbox_running() as sandbox:
        here = {"bot_token": token, "telegram_api": sandbox.address, "channels": names}
        await sandbox.do("PUT", "chats/-1003000000101", {"title": "The Desk"})
        found = await looked("channels", **here)
        fault(found, "-1003000000102 (Bad Request: chat not found)", "administrator")
        assert "-1003000000101" not in str(found.fault)
        await sandbox.do("PUT", "chats/-1003000000102", {"title": "ڈیسک"})
        assert (await looked("channels", **here)).said == "2 can be posted to"
        await sandbox.do("PUT", "chats/-1003000000102/members/42", {"status": "member"})
        fault(await looked("channels", **here), "-1003000000102 (the bot is no administrator)")
        port = urlsplit(sandbox.address).port
    assert (await looked("channels", sandbox_port=port, channels=names)).said.startswith("2 named")
    fault(await looked("channels", **{**here, "telegram_api": "http://127.0.0.1:9"}), "network")
    assert (await looked("channels", bot_token=token)).said == "none is named"


async def test_an_administrator_who_never_started_the_bot_or_blocked_it_is_named() -> None:
    async with sandbox_running() as sandbox:
        here = {"telegram_api": sandbox.address, "administrators": (EMMA, MEERA)}
        await sandbox.write(EMMA, "/start")
        fault(await looked("administrators", bot_token=SecretStr("1:swordfish"), **here), str(MEERA), "/start")
        await sandbox.write(MEERA, "/start")
        assert (await looked("administrators", bot_token=SecretStr("1:swordfish"), **here)).said.startswith("2 can be")
        await sandbox.do("POST", f"users/{EMMA}/block")
        blocked = await looked("administrators", bot_token=SecretStr("1:swordfish"), **here)
        fault(blocked, str(EMMA), "/start")
        assert str(MEERA) not in str(blocked.fault)
        assert [one for one in await sandbox.messages(MEERA) if one["from"]["is_bot"]] == [], "nothing is sent"
        port = urlsplit(sandbox.address).port
        played = await looked("administrators", sandbox_port=port, administrators=(EMMA,))
        assert played.fault is None and "until they write /start" in played.said
    assert "moderators' group" in (await looked("administrators", bot_token=SecretStr("1:swordfish"))).said
    away = {"bot_token": SecretStr("1:swordfish"), "telegram_api": "http://127.0.0.1:9", "administrators": (EMMA,)}
    assert "not asked" in (await looked("administrators", **away)).said


async def test_a_look_that_breaks_or_hangs_is_a_fault_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_at_stars(_: BotSettings) -> Diagnosis:
        raise ValueError("swordfish")

    async def look_at_tides(_: BotSettings) -> Diagnosis:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(doctor, "LOOKS", (look_at_stars, look_at_tides))
    monkeypatch.setattr(doctor, "LOOK_S", 0.01)
    stars, tides = await examine(BotSettings())
    fault(stars, "ValueError", "stars")
    fault(tides, "TimeoutError", "tides")


def test_the_command_marks_each_fault_and_ends_with_3_where_there_is_one(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.toml"
    feeds.write_text("", encoding="utf-8")
    told = baithak(tmp_path / "var", "doctor", BAITHAK_FEEDS=str(feeds))
    assert told.returncode == 3
    assert "✗ feeds  no feed is named\n    → " in told.stdout
    assert "✓ terms" in told.stdout
    assert baithak(tmp_path / "var", "doctor").returncode == 0
