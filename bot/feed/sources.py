"""Which feeds there are: the feeds file, or the sample's own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.settings import BotSettings
from bot.story import SECTION_LENGTH, ReadIn, canonical_address
from moderation.comment import KEY_AT_MOST
from moderation.errors import SettingsError
from moderation.policy import LANGUAGES

POLL_S = 300.0
SANDBOX_POLL_S = 2.0

POLL_AT_LEAST_S = 0.1
POLL_AT_MOST_S = 30 * 86_400
"""Bounds of a feed's own rhythm: below it looks do nothing but follow one another, above it no alarm ever comes."""

_KEYS = ("url", "language", "section", "poll_s", "read_in")


@dataclass(frozen=True, slots=True)
class FeedSource:
    """A feed: its address or the path of its file, and what holds for items that don't say it themselves."""

    url: str
    language: str
    section: str
    poll_s: float
    read_in: ReadIn = ()
    """For each other language the address of its stories, in which {path} stands for a story's path."""


def load_feeds(settings: BotSettings) -> list[FeedSource]:
    """The feeds in use. Raises SettingsError naming file, feed and fault; an empty file is no fault."""
    if settings.demo_feeds():
        return demo_feeds(settings)
    path = settings.feeds_file()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the feeds file {path} can't be read ({error.strerror}); set BAITHAK_FEEDS") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the feeds file {path} is not valid TOML: {error}") from error
    unknown = sorted(set(raw) - {"feeds"})
    if unknown:
        raise SettingsError(
            f"{path}: unknown key {unknown[0]!r}; write each feed as a [[feeds]] table, and nothing else"
        )
    tables = raw.get("feeds", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{path}: feeds must be [[feeds]] tables")
    poll_s = SANDBOX_POLL_S if settings.uses_sandbox() else POLL_S
    return [_source(table, number, path=path, poll_s=poll_s) for number, table in enumerate(tables, 1)]


def demo_feeds(settings: BotSettings) -> list[FeedSource]:
    """The sample's feeds, one a language, served by the web part."""
    base = f"http://{settings.web_host}:{settings.web_port}"
    return [
        FeedSource(f"{base}/demo/feeds/{language}.xml", language, "world", SANDBOX_POLL_S) for language in LANGUAGES
    ]


def _source(table: dict[str, Any], number: int, *, path: Path, poll_s: float) -> FeedSource:
    where = f"{path}: feed {number}"
    unknown = set(table) - set(_KEYS)
    if unknown:
        raise SettingsError(f"{where}: unknown key {sorted(unknown)[0]!r}; a feed has {', '.join(_KEYS)}")
    url, language, section = table.get("url"), table.get("language", "en"), table.get("section", "world")
    given = table.get("poll_s", poll_s)
    if not isinstance(url, str) or not url.strip() or "\0" in url:
        raise SettingsError(f"{where}: needs a url: an address or the path of a file")
    if language not in LANGUAGES:
        raise SettingsError(f"{where}: language must be one of {', '.join(LANGUAGES)}, not {language!r}")
    if not isinstance(section, str) or not section.strip() or "\0" in section or len(section.lower()) > SECTION_LENGTH:
        raise SettingsError(f"{where}: section must be a word of at most {SECTION_LENGTH} characters")
    if isinstance(given, bool) or not isinstance(given, int | float) or not POLL_AT_LEAST_S <= given <= POLL_AT_MOST_S:
        raise SettingsError(f"{where}: poll_s must be {POLL_AT_LEAST_S} to {POLL_AT_MOST_S} seconds")
    if "://" not in url:
        url = str((path.parent / url).resolve())
    if len(url.encode()) > KEY_AT_MOST:
        raise SettingsError(f"{where}: url has at most {KEY_AT_MOST} bytes")
    read_in = _read_in(table.get("read_in", {}), where=where)
    return FeedSource(url, language, section.strip().lower(), float(given), read_in)


def _read_in(given: Any, *, where: str) -> ReadIn:
    how = f'{where}: read_in is a table of languages and addresses, like {{ ur = "https://news.example/ur{{path}}" }}'
    if not isinstance(given, dict):
        raise SettingsError(how)
    for language, address in given.items():
        if language not in LANGUAGES or not isinstance(address, str) or address.count("{path}") != 1:
            raise SettingsError(how)
        try:
            canonical_address(address.replace("{path}", "/a"))
        except ValueError as error:
            raise SettingsError(f"{where}: read_in: {language}: {error}") from None
    return tuple(given.items())
