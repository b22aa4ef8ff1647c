"""Settings of stories, subscribers and Telegram, beside those of `moderation`."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from moderation.errors import SettingsError
from moderation.policy import LANGUAGES
from moderation.settings import TELEGRAM_ID_AT_MOST, Names, Settings, Span, WebAddress, config_dir

SANDBOX_TOKEN = "42:SANDBOX"  # noqa: S105  the sandbox takes any well-formed token; this one is in the documentation
SANDBOX_MODERATORS_CHAT = -1003000000001
SANDBOX_ADMINISTRATOR = 2001


def _places(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        host, _, port = value.rpartition(":")
        if not host or "/" in host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
            raise ValueError("give host:port pairs, like 127.0.0.1:8090")
    return values


def _webhook_secret(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
        raise ValueError("Telegram takes 1 to 256 letters, digits, _ and -")
    return value


def _chat(value: int) -> int:
    if not 0 < abs(value) <= TELEGRAM_ID_AT_MOST:
        raise ValueError("give the group's Telegram id, such as -1001234567890")
    return value


def _channels(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        language, _, chat = value.partition(":")
        digits = chat.removeprefix("-")
        is_chat = chat.startswith("-") and digits.isascii() and digits.isdigit() and len(digits) < 17
        if language not in LANGUAGES or not is_chat or not 0 < int(digits) <= TELEGRAM_ID_AT_MOST:
            raise ValueError(f"give language:id pairs, like en:-1001234567890; languages are {', '.join(LANGUAGES)}")
    if len({int(value.partition(":")[2]) for value in values}) < len(values):
        raise ValueError("a channel has one language")
    return values


ChatId = Annotated[int, AfterValidator(_chat)]
Channels = Annotated[Names, AfterValidator(_channels)]
Places = Annotated[Names, AfterValidator(_places)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]


class BotSettings(Settings):
    """Every setting of the whole system."""

    bot_token: SecretStr | None = Field(default=None, description="The bot's token; without it the sandbox is used.")
    bot_token_file: Path | None = Field(default=None, description="A file that holds the bot's token.")
    telegram_api: WebAddress | None = Field(
        default=None, description="Base address of the Bot API server, when not Telegram's."
    )
    sandbox_host: str = Field(default="127.0.0.1", description="Address the sandbox listens on.")
    sandbox_port: int = Field(default=8081, ge=0, le=65535, description="Port of the sandbox.")
    moderators_chat: ChatId | None = Field(default=None, description="Telegram id of the moderators' group.")
    channels: Channels = Field(
        default=(), description="Telegram channels that stories are posted to, as language:id pairs."
    )
    feeds: Path | None = Field(default=None, description="Path of the feeds file; config/feeds.toml without it.")
    feed_allow: Places = Field(default=(), description="host:port pairs that feeds may live at although not public.")
    webhook_url: WebAddress | None = Field(
        default=None, description="Public https address of /telegram/webhook; without it polling."
    )
    webhook_secret: WebhookSecret | None = Field(
        default=None, description="Secret Telegram sends with each webhook call; needed with the address."
    )
    cards_at_most: int = Field(
        default=10, ge=1, description="Held comments shown as cards before one live summary takes over."
    )
    alerts_per_poll: int = Field(
        default=5, ge=1, description="New stories of one language pushed after one look at the feeds."
    )
    alarm_feed_silent_s: Span = Field(
        default=1800, description="Seconds for which a feed may not be read before that is an alarm; 0: none."
    )
    alarm_stands_s: Span = Field(default=10, description="Seconds a fault must last before anybody is told.")
    alarm_clears_s: Span = Field(default=30, description="Seconds a fault must be gone before that is told.")
    keep_updates_days: int = Field(
        default=2, ge=0, le=36_500, description="Days the number of a handled update is kept; 0 is for ever."
    )
    keep_deliveries_days: int = Field(
        default=90, ge=0, le=36_500, description="Days a delivery is kept that was sent or given up; 0 is for ever."
    )
    keep_shown_days: int = Field(
        default=180, ge=0, le=36_500, description="Days a message stays known for what it shows; 0 is for ever."
    )

    @model_validator(mode="before")
    @classmethod
    def _knows_every_name(cls, given: dict[str, Any]) -> dict[str, Any]:
        # From the environment only what is known is read, so that what is left over stands in the file.
        for name in sorted(set(given) - set(cls.model_fields)):
            meant = get_close_matches(name, cls.model_fields, n=1)
            hint = f"write {meant[0]}" if meant else "docs/settings.md has all there are"
            raise ValueError(f"baithak.toml: no setting is called {name!r}; {hint}")
        return given

    @model_validator(mode="after")
    def _webhook_has_its_secret(self) -> Self:
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError("BAITHAK_WEBHOOK_URL needs BAITHAK_WEBHOOK_SECRET: without it anybody could play Telegram")
        return self

    def token(self) -> str:
        """The bot's token; the sandbox's where none is given. Raises SettingsError for what can't be one."""
        if self.uses_sandbox():
            return SANDBOX_TOKEN
        token = self.bot_token.get_secret_value().strip() if self.bot_token is not None else ""
        if not token and self.bot_token_file is not None:
            try:
                token = self.bot_token_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise SettingsError(f"BAITHAK_BOT_TOKEN_FILE: {self.bot_token_file} can't be read") from None
        if not re.fullmatch(r"[0-9]+:\S+", token):
            raise SettingsError("the bot's token has not the form 123456:ABC…; take it from @BotFather")
        return token

    def uses_sandbox(self) -> bool:
        """Whether no token is given, so that the sandbox plays Telegram, whatever `telegram_api` says."""
        return self.bot_token_file is None and (self.bot_token is None or not self.bot_token.get_secret_value())

    def telegram_address(self) -> str | None:
        """Base address of the Bot API server; None means Telegram's own."""
        if self.uses_sandbox():
            return f"http://{self.sandbox_host}:{self.sandbox_port}"
        return self.telegram_api

    def moderators_group(self) -> int | None:
        """The moderators' group: the given one, or the sandbox's."""
        if self.moderators_chat is None and self.uses_sandbox():
            return SANDBOX_MODERATORS_CHAT
        return self.moderators_chat

    def channel_languages(self) -> dict[int, str]:
        """The channels, by their ids."""
        return {int(chat): language for language, _, chat in (one.partition(":") for one in self.channels)}

    def administrator_ids(self) -> frozenset[int]:
        """Who may do everything."""
        if not self.administrators and self.uses_sandbox():
            return frozenset({SANDBOX_ADMINISTRATOR})
        return frozenset(self.administrators)

    def demo_feeds(self) -> bool:
        """Whether the sample feed is used: on the sandbox, when no feeds file is named."""
        return self.uses_sandbox() and self.feeds is None

    def allowed_feeds(self) -> tuple[str, ...]:
        """Where feeds may live although not public: the places named, and the sample's where it is used."""
        return (*self.feed_allow, f"{self.web_host}:{self.web_port}") if self.demo_feeds() else self.feed_allow

    def feeds_file(self) -> Path:
        """The feeds file in use."""
        return self.feeds if self.feeds is not None else config_dir() / "feeds.toml"
