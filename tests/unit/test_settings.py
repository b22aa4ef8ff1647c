"""Settings that can't be used end the start, each named with what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.feed import load_feeds
from bot.settings import BotSettings
from moderation.errors import PolicyError, SettingsError
from moderation.policy import parse_policy
from moderation.settings import load_settings

PAUSES = (
    *("retry_after_s", "screen_timeout_s", "sweep_every_s", "sweep_older_s"),
    *("claim_s", "login_link_s", "session_s"),
)
SPANS = tuple(name for name in BotSettings.model_fields if name.endswith("_s") and name not in PAUSES)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("feed_allow", "nonsense", "host:port"),
        ("feed_allow", "127.0.0.1:8090,h:99999", "host:port"),
        ("feed_allow", "http://h:80", "host:port"),
        ("public_url", "foo", "https://"),
        ("public_url", "https://h:99999", "https://"),
        ("telegram_api", "nonsense", "https://"),
        ("embed_origins", "foo", "https://"),
        ("embed_origins", "https://news.example/path", "origins"),
        ("trusted_proxies", "x", "does not appear to be an IPv4 or IPv6 address"),
        ("webhook_secret", "é", "letters, digits"),
        ("web_port", "99999", "65535"),
        ("log_level", "loud", "debug"),
        ("moderators_chat", "99999999999999999999999", "Telegram id"),
        ("moderators_chat", "-4503599627370496", "Telegram id"),
        ("moderators_chat", "0", "Telegram id"),
        ("channels", "-1003000000101", "language:id"),
        ("channels", "de:-1003000000101", "language:id"),
        ("channels", "en:1003000000101", "language:id"),
        ("channels", "en:@desk", "language:id"),
        ("channels", "en:-0", "language:id"),
        ("channels", "en:-99999999999999999999", "language:id"),
        ("channels", "en:-1003000000101,ur:-1003000000101", "a channel has one language"),
        ("channels", "en:-1001,ur:-01001", "a channel has one language"),
        ("administrators", "2001,4503599627370496", "less than or equal to 4503599627370495"),
        ("administrators", "-2001", "greater than or equal to 1"),
        *((name, "1e-9", "greater than or equal to 0.1") for name in PAUSES),
        *((name, "-1", "greater than or equal to 0") for name in SPANS),
        *((name, "inf", "less than or equal to 315360000") for name in (*PAUSES, *SPANS)),
        *(
            (name, "36501", "less than or equal to 36500")
            for name in BotSettings.model_fields
            if name.endswith("_days")
        ),
    ],
)
def test_a_value_that_can_not_be_used_is_named_with_its_variable(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"BAITHAK_{name.upper()}", value)
    with pytest.raises(SettingsError, match=f"BAITHAK_{name.upper()}: ") as raised:
        load_settings(BotSettings)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "given",
    [
        {"feed_allow": "127.0.0.1:8090, feeds.example:80"},
        {"feed_allow": "[::1]:8090"},
        {"public_url": "https://desk.example/baithak/"},
        {"embed_origins": "*"},
        {"embed_origins": "https://news.example, http://localhost:3000/"},
        {"trusted_proxies": "10.0.0.1,::1"},
        {"moderators_chat": "-1003000000001", "administrators": "2001, 4503599627370495"},
        {"channels": "en:-1003000000101, ur:-4503599627370495"},
        {"retry_after_s": "0.1", "undo_s": "0", "session_s": "0.1", "keep_outcomes_days": "0"},
        {"webhook_url": "https://desk.example/telegram/webhook", "webhook_secret": "a-b_C9"},
    ],
)
def test_values_as_people_write_them_are_taken(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"BAITHAK_{name.upper()}", value)
    load_settings(BotSettings)


def test_a_webhook_without_its_secret_is_refused_for_anybody_could_play_telegram() -> None:
    with pytest.raises(SettingsError, match="BAITHAK_WEBHOOK_URL needs BAITHAK_WEBHOOK_SECRET"):
        load_settings(BotSettings, webhook_url="https://desk.example/telegram/webhook")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('log_levle = "info"', "no setting is called 'log_levle'; write log_level"),
        ("[feeds_of_ours]\na = 1", "no setting is called 'feeds_of_ours'"),
        ("zzz = 1", "no setting is called 'zzz'; docs/settings.md has all there are"),
    ],
)
def test_a_name_nobody_knows_in_the_settings_file_is_refused_with_what_to_write(
    line: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAITHAK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "baithak.toml").write_text(f'log_level = "debug"\n{line}\n', encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load_settings(BotSettings)
    assert words in str(raised.value)


def test_every_setting_may_stand_in_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAITHAK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "baithak.toml").write_text("undo_s = 3\nmoderators_chat = -1009\nadministrators = [2001]\n")
    settings = load_settings(BotSettings)
    assert (settings.undo_s, settings.moderators_chat, settings.administrators) == (3, -1009, (2001,))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("[[feed]]\nurl = 'https://news.example/rss'", "unknown key 'feed'; write each feed as a [[feeds]] table"),
        ("poll_s = 2\n[[feeds]]\nurl = 'a.xml'", "unknown key 'poll_s'"),
        (
            "[[feeds]]\nurl = 'a.xml'\nlang = 'ur'",
            "unknown key 'lang'; a feed has url, language, section, poll_s, read_in",
        ),
        (f"[[feeds]]\nurl = 'https://news.example/{'z' * 2000}'", "url has at most 2000 bytes"),
        ('[[feeds]]\nurl = "a\\u0000.xml"', "needs a url"),
        (f"[[feeds]]\nurl = 'a.xml'\nsection = '{'z' * 65}'", "section must be a word of at most 64 characters"),
        ("[[feeds]]\nurl = 'a.xml'\npoll_s = 1e-9", "poll_s must be 0.1 to 2592000 seconds"),
        ("[[feeds]]\nurl = 'a.xml'\npoll_s = inf", "poll_s must be 0.1 to 2592000 seconds"),
        ("[[feeds]]\nurl = 'a.xml'\nread_in = 'ur'", "read_in is a table"),
        ("[[feeds]]\nurl = 'a.xml'\nread_in = { de = 'https://n.example{path}' }", "read_in is a table"),
        ("[[feeds]]\nurl = 'a.xml'\nread_in = { ur = 'https://n.example/ur' }", "read_in is a table"),
        ("[[feeds]]\nurl = 'a.xml'\nread_in = { ur = 7 }", "read_in is a table"),
        ("[[feeds]]\nurl = 'a.xml'\nread_in = { ur = 'ftp://n.example{path}' }", "read_in: ur: not a web address"),
        ("[[feeds]]\nurl = 'a.xml'\npoll_s = nan", "poll_s must be 0.1 to 2592000 seconds"),
    ],
)
def test_a_feeds_file_that_would_do_something_else_than_it_says_is_refused(
    written: str, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "feeds.toml"
    file.write_text(written, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load_feeds(BotSettings(feeds=file))
    assert words in str(raised.value)


def test_a_policy_with_a_name_nobody_knows_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"unknown key 'clause'; write version, \[\[clauses\]\]"):
        parse_policy('version = "1"\n[[clause]]\nid = "1.1"\n')


CLAUSE = '[[clauses]]\nid = "1.1"\n'
FLOODING = '[rules.flooding]\nclause = "1.1"\nthen = "hold"\n'
NUMBERS = '[rules.personal_data]\nclause = "1.1"\nthen = "hold"\n'


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (f'version = "{"v" * 33}"\n{CLAUSE}', "version must be up to 32"),
        (f'version = "a:b"\n{CLAUSE}', "version must be up to 32"),
        (f'version = "نسخہ"\n{CLAUSE}', "version must be up to 32"),
        ('version = "1"\n[[clauses]]\nid = "1.1111111111111"\n', "id has at most 12"),
        (f'version = "1"\n{CLAUSE}{FLOODING}comments = 5\nper_s = 99999999999999999999', "per_s must be from 1 to"),
        (f'version = "1"\n{CLAUSE}{FLOODING}comments = 0\nper_s = 60', "comments must be from 1 to"),
        (f'version = "1"\n{CLAUSE}{NUMBERS}regions = ["IN", "XX"]', "'XX' is no region"),
        (f'version = "1"\n{CLAUSE}{NUMBERS}regions = ["in"]', "'in' is no region"),
    ],
)
def test_a_policy_that_would_break_what_acts_by_it_is_refused(policy: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        parse_policy(policy)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("abuse = 0.05", "budget: needs exactly wrongly_published, wrongly_refused, abuse, exceeded"),
        ("wrongly_published = 0.02\nwrongly_refused = 0.02\nabuse = 5\nexceeded = 0.25", "abuse must be a share"),
        ("wrongly_published = 0.02\nwrongly_refused = nan\nabuse = 0.05\nexceeded = 0.25", "wrongly_refused must be"),
        ("wrongly_published = true\nwrongly_refused = 0.1\nabuse = 0.05\nexceeded = 0.25", "wrongly_published must"),
    ],
)
def test_a_budget_that_is_none_is_refused(budget: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        parse_policy(f'version = "1"\n[[clauses]]\nid = "1.1"\n[budget]\n{budget}\n')
