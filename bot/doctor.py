"""`baithak doctor`: every connection, setting and limit looked at, and what to do about each fault. Changes nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from redis.exceptions import ResponseError

import bot
import moderation
from bot import embedded, preflight
from bot.settings import BotSettings
from moderation.database import Database, url_of, version_of
from moderation.errors import BaithakError, QueueUnavailable, SettingsError

LOOK_S = 30.0
"""Seconds one look may take before that is a fault of its own."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing looked at. `fault` is None when it is in order; `advice` says what to do about a fault."""

    name: str
    said: str
    fault: str | None = None
    advice: str | None = None


Look = Callable[[BotSettings], Awaitable[Diagnosis]]


async def examine(settings: BotSettings) -> list[Diagnosis]:
    """Look at everything, one after the other. Never raises: a look that breaks is a fault of its own."""
    found: list[Diagnosis] = []
    for look in LOOKS:
        name = look.__name__.removeprefix("look_at_").replace("_", " ")
        try:
            async with asyncio.timeout(LOOK_S):
                found.append(await look(settings))
        except BaithakError as error:
            found.append(Diagnosis(name, "", str(error), "mend what the message names"))
        except Exception as error:
            # Whatever else breaks is told by its kind: the message could hold an address with a password in it.
            found.append(
                Diagnosis(name, "", type(error).__name__, f"the {name} can't be used; read the logs of the parts")
            )
    return found


async def look_at_disk(settings: BotSettings) -> Diagnosis:
    """The data directory can be written and has room."""
    folder = settings.data_dir.resolve()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Diagnosis("disk", "", f"{there} can't be written", "set BAITHAK_DATA_DIR to a folder that can be")
    free = shutil.disk_usage(there).free // 2**20
    if free < 512:
        return Diagnosis("disk", "", f"{free} MB free at {there}", "make room: below 64 MB nothing is started")
    if _is_open(folder) and any(_is_open(folder / name) for name in ("baithak.db", "logs", "redis")):
        return Diagnosis("disk", "", f"others may read what readers wrote in {folder}", f"chmod -R go= {folder}")
    return Diagnosis("disk", f"{folder}, {free} MB free")


def _is_open(path: Path) -> bool:
    """Whether anybody but its owner may read it."""
    return path.exists() and bool(path.stat().st_mode & 0o044)


async def look_at_ports(settings: BotSettings) -> Diagnosis:
    """The ports are free, or it is this very system that has them."""
    if preflight.is_held(settings.data_dir):
        return Diagnosis("ports", "`baithak up` runs on this data directory")
    try:
        ports = preflight.free_ports(settings)
    except SettingsError as error:
        fault, _, advice = str(error).partition(": ")
        return Diagnosis("ports", "", fault, advice)
    return Diagnosis("ports", f"{', '.join(str(port) for port in ports.values())} free")


async def look_at_terms(settings: BotSettings) -> Diagnosis:
    """Policy and terms are well formed and agree in every language."""
    from moderation.config import load_policy, load_terms

    policy = load_policy()
    terms = load_terms(policy)
    return Diagnosis("terms", f"version {policy.version}, {len(policy.clauses)} clauses, {len(terms)} languages")


async def look_at_database(settings: BotSettings) -> Diagnosis:
    """The database answers, and its tables are in their newest form."""
    address = settings.database_address()
    url = url_of(address)
    shown = url.render_as_string(hide_password=True)
    if address.startswith("sqlite") and url.database and not await asyncio.to_thread(Path(url.database).exists):
        return Diagnosis("database", f"{shown} is made at the first start")
    database = Database(address)
    try:
        async with database.read() as connection:
            found = [await version_of(connection, table) for table in ("moderation_version", "bot_version")]
    except (sa.exc.SQLAlchemyError, OSError) as error:
        return Diagnosis("database", "", f"{shown}: {type(error).__name__}", "start it, or mend BAITHAK_DATABASE_URL")
    finally:
        await database.close()
    if found != [preflight.newest_version(package) for package in (moderation, bot)]:
        return Diagnosis(
            "database", "", f"the tables of {shown} are not in their newest form", "run baithak db upgrade"
        )
    return Diagnosis("database", f"{shown}, schema {found[0]} and {found[1]}")


async def look_at_redis(settings: BotSettings) -> Diagnosis:
    """Redis answers, is new enough, keeps what it is told, and never drops the queue to make room."""
    from moderation.eviction import require_noeviction
    from moderation.queue import connect

    if settings.redis_url is None and not embedded.answers(settings.redis_address()):
        server = await asyncio.to_thread(embedded.find, settings)
        if server is None or not server.lasting:
            return Diagnosis(
                "redis",
                "",
                "no redis-server found",
                "install one, or name one by BAITHAK_REDIS_URL"
                + ("" if server is None else "; until then `baithak up` uses a stand-in that forgets at every stop"),
            )
        if preflight.is_held(settings.data_dir):
            fault = "does not answer, though `baithak up` runs on this data directory"
            return Diagnosis("redis", "", fault, f"read {embedded.log_of(settings)}")
        return Diagnosis("redis", f"embedded, {server.version}; not running now")
    client = connect(settings.redis_address())
    try:
        await require_noeviction(client)
        info = await client.info()
    except QueueUnavailable as error:
        return Diagnosis("redis", "", str(error), "start it, or mend BAITHAK_REDIS_URL")
    except ResponseError:
        return Diagnosis("redis", "the stand-in of `baithak up`, which forgets at every stop")
    finally:
        await client.aclose()
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < embedded.OLDEST:
        return Diagnosis("redis", "", f"{version} is too old", "Redis 6.2 or newer is needed")
    if not info.get("aof_enabled"):
        return Diagnosis(
            "redis",
            "",
            f"{version} keeps no append-only file",
            "set appendonly yes: comments survive without it, but are screened late",
        )
    return Diagnosis("redis", f"{version}, append-only file on, noeviction")


async def look_at_classifier(settings: BotSettings) -> Diagnosis:
    """The model in use loads and scores."""
    from moderation.cli.screen import model_to_use
    from moderation.screening import load_checked

    wanted = await asyncio.to_thread(model_to_use, settings)
    model = await asyncio.to_thread(load_checked, wanted, settings.stages)
    return Diagnosis("classifier", f"model {model.version} scores, {model.alone or 'with a second stage for doubt'}")


async def look_at_telegram(settings: BotSettings) -> Diagnosis:
    """The Bot API server answers to the token, and the bot is in the moderators' group."""
    from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramUnauthorizedError

    from bot.limiter import Limiter
    from bot.telegram import make_bot

    place, group = settings.telegram_address() or "Telegram", settings.moderators_group()
    client = make_bot(settings, Limiter(None))  # which says what is wrong with a token that can be none
    try:
        if group is None:
            return Diagnosis("telegram", "", "no moderators' group is named", "set BAITHAK_MODERATORS_CHAT")
        me = await client.get_me()
        chat = await client.get_chat(group)
    except TelegramNetworkError as error:
        if settings.uses_sandbox():
            return Diagnosis("telegram", f"sandbox at {place}; not running now")
        return Diagnosis("telegram", "", f"{place}: {error.message}", "look at the network, and BAITHAK_TELEGRAM_API")
    except TelegramUnauthorizedError:
        return Diagnosis("telegram", "", f"{place} does not know the token", "mend BAITHAK_BOT_TOKEN")
    except TelegramAPIError as error:
        return Diagnosis(
            "telegram",
            "",
            f"{place}: {error.message}",
            f"see that the bot is in the group BAITHAK_MODERATORS_CHAT {group}",
        )
    finally:
        await client.session.close()
    return Diagnosis("telegram", f"@{me.username} at {place}, moderators in {chat.title!r}")


async def look_at_channels(settings: BotSettings) -> Diagnosis:
    """The bot is an administrator who may post in each channel that stories are posted to."""
    from aiogram.exceptions import TelegramAPIError, TelegramNetworkError

    from bot.limiter import Limiter
    from bot.telegram import make_bot

    wanted, shut = sorted(settings.channel_languages(), reverse=True), []
    if not wanted:
        return Diagnosis("channels", "none is named")
    client = make_bot(settings, Limiter(None))
    try:
        me = await client.get_me()
        for channel in wanted:
            try:
                member = await client.get_chat_member(channel, me.id)
            except TelegramNetworkError:
                raise
            except TelegramAPIError as error:
                shut.append(f"{channel} ({error.message})")
            else:
                if member.status not in ("administrator", "creator"):
                    shut.append(f"{channel} (the bot is no administrator)")
                elif not all(getattr(member, f"can_{act}_messages", None) in (True, None) for act in ("post", "edit")):
                    shut.append(f"{channel} (the bot may not post and edit)")
    except TelegramNetworkError as error:
        if settings.uses_sandbox():
            return Diagnosis("channels", f"{len(wanted)} named; the sandbox is not running now")
        return Diagnosis("channels", "", error.message, "look at the network, and BAITHAK_TELEGRAM_API")
    finally:
        await client.session.close()
    if shut:
        what = f"nothing can be posted to {', '.join(shut)}"
        return Diagnosis("channels", "", what, "make the bot an administrator there who may post and edit")
    return Diagnosis("channels", f"{len(wanted)} can be posted to")


async def look_at_administrators(settings: BotSettings) -> Diagnosis:
    """Who is to be told of alarms can be told: they have started the bot, and not blocked it."""
    from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNetworkError

    from bot.limiter import Limiter
    from bot.telegram import make_bot

    wanted, deaf = sorted(settings.administrator_ids()), []
    if not wanted:
        return Diagnosis("administrators", "none is named; alarms go to the moderators' group")
    client = make_bot(settings, Limiter(None))
    try:
        for administrator in wanted:
            try:
                # "Typing", for some seconds: the only way to ask that leaves nothing in their chat.
                await client.send_chat_action(administrator, "typing")
            except (TelegramForbiddenError, TelegramBadRequest):
                deaf.append(str(administrator))
    except TelegramNetworkError:
        return Diagnosis("administrators", f"{len(wanted)} named; not asked, for Telegram can't be reached now")
    finally:
        await client.session.close()
    if not deaf:
        return Diagnosis("administrators", f"{len(wanted)} can be told of alarms")
    fault = f"{', '.join(deaf)} can't be told of alarms"
    if settings.uses_sandbox():
        return Diagnosis("administrators", f"{fault} until they write /start to the bot")
    return Diagnosis("administrators", "", fault, "they have to write /start to the bot")


async def look_at_feeds(settings: BotSettings) -> Diagnosis:
    """Every feed can be fetched and read."""
    from datetime import UTC, datetime

    from bot.feed import FeedRefused, Fetcher, load_feeds, read_feed

    if settings.demo_feeds():
        return Diagnosis("feeds", "the sample's own")
    sources = load_feeds(settings)
    if not sources:
        return Diagnosis("feeds", "", "no feed is named", f"add [[feeds]] to {settings.feeds_file()}")
    faults = []
    async with Fetcher(allowed=settings.allowed_feeds()) as fetcher:
        for source in sources:
            try:
                fetched = await fetcher.fetch(source.url)
                read_feed(
                    fetched.body or b"",
                    source,
                    content_type=fetched.content_type,
                    address=fetched.url,
                    now=datetime.now(UTC),
                )
            except FeedRefused as error:
                faults.append(f"{source.url} {error}")
    if faults:
        return Diagnosis("feeds", "", "; ".join(faults), "try each with baithak feed check URL")
    return Diagnosis("feeds", f"{len(sources)} can be read")


LOOKS: tuple[Look, ...] = (
    look_at_disk,
    look_at_ports,
    look_at_terms,
    look_at_database,
    look_at_redis,
    look_at_classifier,
    look_at_feeds,
    look_at_telegram,  # from here on: they may wait for a network
    look_at_channels,
    look_at_administrators,
)
