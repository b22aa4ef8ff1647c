"""Settings that can't be used end the start, each named with what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.settings import BotSettings
from moderation.errors import SettingsError
from moderation.settings import load_settings


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
