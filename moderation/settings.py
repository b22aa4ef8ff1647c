"""Settings of screening, storing and publishing: `config/baithak.toml`, each overridden by `BAITHAK_…`."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from moderation.errors import SettingsError
from moderation.redis_address import check as check_redis_address

T = TypeVar("T", bound="Settings")

PROJECT = Path(__file__).resolve().parent.parent


def config_dir() -> Path:
    """Where the data of `config/` lives: `BAITHAK_CONFIG_DIR`, else `./config`, else the project's own."""
    given = os.environ.get("BAITHAK_CONFIG_DIR")
    if given:
        return Path(given)
    here = Path.cwd() / "config"
    return here if (here / "policy.toml").is_file() else PROJECT / "config"


def comma_separated(value: object) -> object:
    """`"a, b"` as it is written in an environment variable → `["a", "b"]`; lists pass."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value] if isinstance(value, int) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(comma_separated)]

TELEGRAM_ID_AT_MOST = 2**52 - 1
"""Telegram promises that an id has at most 52 significant bits; chats other than private ones have it negative."""

PersonId = Annotated[int, Field(ge=1, le=TELEGRAM_ID_AT_MOST)]
Ids = Annotated[tuple[PersonId, ...], NoDecode, BeforeValidator(comma_separated)]

LONGEST_S = 10 * 365 * 86_400
"""No span is longer, ten years: beyond it sums of times run out of years, or out of a timer's range."""

Pause = Annotated[float, Field(ge=0.1, le=LONGEST_S)]
"""Seconds between two tries, or for one: below a tenth of one a part would do nothing else, or never come to an end."""

Span = Annotated[float, Field(ge=0, le=LONGEST_S)]
"""Seconds that may be none."""


def in_small_letters(value: object) -> object:
    """`"INFO"` → `"info"`."""
    return value.lower() if isinstance(value, str) else value


def web_address(value: str) -> str:
    """The address, if it is one of the web: a scheme, a host, and no more port than there are."""
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("give an address that begins with https:// or http://")
    return value


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value != "*" and urlsplit(web_address(value)).path.strip("/"):
            raise ValueError("give origins, like https://news.example, or *")
    return values


def _addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        ipaddress.ip_address(value)  # raises what it is not
    return values


WebAddress = Annotated[str, AfterValidator(web_address)]
Origins = Annotated[Names, AfterValidator(_origins)]
Addresses = Annotated[Names, AfterValidator(_addresses)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(in_small_letters)]
Stages = Annotated[Literal["all", "fast"], BeforeValidator(in_small_letters)]
LogFormat = Annotated[Literal["auto", "console", "json"], BeforeValidator(in_small_letters)]


class Settings(BaseSettings):
    """Every setting `moderation` reads, with its unit in its name."""

    # A variable set to nothing is one that is not set: compose files hand on what nobody gave.
    model_config = SettingsConfigDict(
        env_prefix="BAITHAK_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Field(default=Path("var"), description="Where databases, queue, models and logs are kept.")
    database_url: SecretStr | None = Field(
        default=None, description="postgresql://… or sqlite:///…; without it SQLite in the data directory."
    )
    redis_url: SecretStr | None = Field(
        default=None, description="redis://…, rediss://… or unix://…; without it the embedded server of `up`."
    )
    web_host: str = Field(default="127.0.0.1", description="Address the web part listens on.")
    web_port: int = Field(default=8080, ge=0, le=65535, description="Port of the web part.")
    public_url: WebAddress | None = Field(
        default=None, description="Address readers reach the web part at; without it host and port."
    )
    embed_origins: Origins = Field(
        default=("*",), description="Sites that may show the widget in a page, for frame and stream; * is all."
    )
    stages: Stages = Field(
        default="all", description="all, or fast: without the second stage, which reads doubtful comments for meaning."
    )
    administrators: Ids = Field(default=(), description="Telegram ids that may do everything.")
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error.")
    log_format: LogFormat = Field(default="auto", description="console, json, or auto: console on a terminal.")
    undo_s: Span = Field(default=5, description="Seconds a reader's notice waits for a moderator's undo.")
    undo_window_s: Span = Field(default=300, description="Seconds in which a decision can be undone.")
    claim_s: Pause = Field(default=60, description="Seconds a card is kept for who pressed Reject.")
    comments_open_days: int = Field(
        default=0, ge=0, le=36_500, description="Age in days from which a story takes no comments; 0 is never."
    )
    batch_at_most: int = Field(default=64, ge=1, le=1000, description="Comments a worker screens at once.")
    retry_after_s: Pause = Field(
        default=5, description="Seconds after which another worker takes over an unfinished comment."
    )
    deliveries_at_most: int = Field(
        default=3, ge=1, description="Tries of a comment that stops workers before a person gets it."
    )
    screen_timeout_s: Pause = Field(default=20, description="Seconds one batch may take before it counts as hung.")
    sweep_every_s: Pause = Field(default=2, description="Seconds between looks for comments Redis lost.")
    sweep_older_s: Pause = Field(
        default=3, description="Age in seconds at which an unscreened comment is queued again."
    )
    queue_at_most: int = Field(
        default=50_000, ge=1, description="Length of the screening queue above which comments wait in the store."
    )
    login_link_s: Pause = Field(default=600, description="Seconds a one-time login link works.")
    session_s: Pause = Field(default=43_200, description="Seconds a moderator's web session lasts.")
    api_per_minute: int = Field(default=600, ge=1, description="Requests to the public API per address and minute.")
    trusted_proxies: Addresses = Field(default=(), description="Addresses whose X-Forwarded-For is believed.")
    alarm_undecided_s: Span = Field(
        default=120, description="Seconds a comment may wait for the machine before that is an alarm; 0: none."
    )
    alarm_held_s: Span = Field(
        default=3600, description="Seconds a held comment may wait for a moderator; 0: no alarm."
    )
    alarm_queue_length: int = Field(
        default=1000, ge=0, description="Comments in the screening queue above which that is an alarm; 0: none."
    )
    alarm_dead_letter_s: Span = Field(
        default=3600, description="Seconds for which a new dead letter is an alarm; 0: none."
    )
    alarm_disk_free_percent: float = Field(
        default=10, ge=0, le=100, description="Free disk in percent below which that is an alarm; 0: none."
    )
    keep_outcomes_days: int = Field(
        default=30, ge=0, le=36_500, description="Days a told outcome event is kept; 0 is for ever."
    )
    keep_findings_days: int = Field(
        default=180, ge=0, le=36_500, description="Days scores and findings are kept after the decision; 0 is for ever."
    )
    keep_withdrawn_days: int = Field(
        default=30, ge=0, le=36_500, description="Days a text is kept that its author took back; 0 is for ever."
    )
    backup_key_file: Path | None = Field(
        default=None, description="A file with the key backups are encrypted by: 32 random bytes in base64."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then secrets given as files, then `baithak.toml`."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_dir() / "baithak.toml")
        return init_settings, env_settings, file_secret_settings, toml

    def database_address(self) -> str:
        """The SQLAlchemy address of the database, with the asynchronous driver named."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'baithak.db'}"
        given = self.database_url.get_secret_value()
        scheme, _, rest = given.partition("://")
        drivers = {
            "postgres": "postgresql+asyncpg",
            "postgresql": "postgresql+asyncpg",
            "postgresql+asyncpg": "postgresql+asyncpg",
            "sqlite": "sqlite+aiosqlite",
            "sqlite+aiosqlite": "sqlite+aiosqlite",
        }
        if scheme not in drivers or not rest:
            raise SettingsError("BAITHAK_DATABASE_URL must begin with postgresql:// or sqlite:///")
        return f"{drivers[scheme]}://{rest}"

    def redis_address(self) -> str:
        """The address of Redis: the given one, else what `up` wrote down, else the embedded server's socket.

        Raises SettingsError for one that can't be used.
        """
        if self.redis_url is not None:
            given = self.redis_url.get_secret_value()
            check_redis_address(given)
            return given
        noted = self.redis_note()
        if noted.is_file():
            return noted.read_text(encoding="utf-8").strip()
        return f"unix://{self.redis_socket()}"

    def redis_note(self) -> Path:
        """Where an embedded server without a socket writes its address down."""
        return self.data_dir.resolve() / "redis.url"

    def redis_socket(self) -> Path:
        """The embedded server's socket, found from the data directory alone.

        A socket's path may have 107 bytes; a data directory deeper than that gets a short folder named after it.
        """
        socket = self.data_dir.resolve() / "redis" / "redis.sock"
        if len(bytes(socket)) <= 100:
            return socket
        name = hashlib.sha256(bytes(self.data_dir.resolve())).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"baithak-{os.getuid()}-{name}" / "redis.sock"

    def erasure_list(self) -> Path:
        """Where erasures are noted beside the database, so that no backup brings anybody back."""
        return self.data_dir.resolve() / "erasures.jsonl"

    def web_address(self) -> str:
        """Where readers reach the web part, without a slash at its end."""
        return (self.public_url or f"http://{self.web_host}:{self.web_port}").rstrip("/")


def load_settings(kind: type[T], **given: Any) -> T:
    """The settings, checked. Raises SettingsError with one line a fault: its variable, and what is wrong with it."""
    try:
        return kind(**given)
    except ValidationError as error:
        faults = "; ".join(
            # A fault between two settings has no place of its own, and names them in its words.
            "".join(f"BAITHAK_{str(name).upper()}: " for name in fault["loc"][:1])
            + fault["msg"].removeprefix("Value error, ")
            for fault in error.errors()
        )
        raise SettingsError(f"the settings can't be used: {faults}") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{config_dir() / 'baithak.toml'} can't be read: {error}") from None
