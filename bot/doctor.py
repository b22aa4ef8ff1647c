"""`baithak doctor`: every connection, setting and limit looked at, and what to do about each fault. Changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot import embedded
from bot.settings import BotSettings
from moderation.errors import BaithakError


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
            async with asyncio.timeout(30):
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
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        return Diagnosis(
            "disk", "", f"{folder}: {error.strerror}", "set BAITHAK_DATA_DIR to a folder that can be written"
        )
    free = shutil.disk_usage(folder).free // 2**20
    if free < 512:
        return Diagnosis("disk", "", f"{free} MB free at {folder}", "make room: below 64 MB nothing is started")
    return Diagnosis("disk", f"{folder.resolve()}, {free} MB free")


async def look_at_terms(settings: BotSettings) -> Diagnosis:
    """Policy and terms are well formed and agree in every language."""
    from moderation.config import load_policy, load_terms

    policy = load_policy()
    terms = load_terms(policy)
    return Diagnosis("terms", f"version {policy.version}, {len(policy.clauses)} clauses, {len(terms)} languages")


async def look_at_database(settings: BotSettings) -> Diagnosis:
    """The database answers, and its tables are in their newest form."""
    import sqlalchemy as sa

    from moderation.database import Database

    address = settings.database_address()
    shown = sa.make_url(address).render_as_string(hide_password=True)
    file = sa.make_url(address).database
    if address.startswith("sqlite") and file and not await asyncio.to_thread(Path(file).exists):
        return Diagnosis("database", f"{shown} is made at the first start")
    database = Database(address)
    try:
        async with database.read() as connection:
            versions = []
            for table in ("moderation_version", "bot_version"):
                with contextlib.suppress(sa.exc.DBAPIError):
                    versions.append((await connection.execute(sa.text(f"SELECT version_num FROM {table}"))).scalar())  # noqa: S608  two fixed names
    except (sa.exc.SQLAlchemyError, OSError) as error:
        return Diagnosis("database", "", f"{shown}: {type(error).__name__}", "start it, or mend BAITHAK_DATABASE_URL")
    finally:
        await database.close()
    if len(versions) < 2:
        return Diagnosis("database", "", f"{shown} has no tables yet", "run baithak db upgrade")
    return Diagnosis("database", f"{shown}, schema {versions[0]} and {versions[1]}")


async def look_at_redis(settings: BotSettings) -> Diagnosis:
    """Redis answers, is new enough, keeps what it is told, and never drops the queue to make room."""
    from moderation.queue import connect, require_noeviction

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
        return Diagnosis("redis", f"embedded, {server.version}; not running now")
    client = connect(settings.redis_address())
    try:
        info = await client.info()
        await require_noeviction(client)
    finally:
        await client.aclose()
    version = str(info.get("redis_version", "?"))
    if not info.get("aof_enabled"):
        return Diagnosis(
            "redis",
            "",
            f"{version} keeps no append-only file",
            "set appendonly yes: comments survive without it, but are screened late",
        )
    return Diagnosis("redis", f"{version}, append-only file on, noeviction")


async def look_at_classifier(settings: BotSettings) -> Diagnosis:
    """The shipped model loads and scores."""
    from moderation import classifier

    shipped = classifier.shipped()
    model = await asyncio.to_thread(classifier.load, shipped.path, sha256=shipped.sha256)
    await asyncio.to_thread(model.classify, ["doctor"])
    return Diagnosis("classifier", f"shipped model {model.version} scores")


async def look_at_telegram(settings: BotSettings) -> Diagnosis:
    """The Bot API server answers to the token."""
    from aiogram.exceptions import TelegramAPIError

    from bot.limiter import Limiter
    from bot.telegram import make_bot

    place = settings.telegram_address() or "Telegram"
    bot = make_bot(settings, Limiter(None))
    try:
        me = await bot.get_me()
        group = settings.moderators_group()
        if group is None:
            return Diagnosis("telegram", "", f"@{me.username}: no moderators' group", "set BAITHAK_MODERATORS_CHAT")
        chat = await bot.get_chat(group)
    except TelegramAPIError as error:
        if settings.uses_sandbox():
            return Diagnosis("telegram", f"sandbox at {place}; not running now")
        return Diagnosis(
            "telegram", "", f"{place}: {error.message}", "check BAITHAK_BOT_TOKEN, and that the bot is in the group"
        )
    finally:
        await bot.session.close()
    return Diagnosis("telegram", f"@{me.username} at {place}, moderators in {chat.title!r}")


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
    async with Fetcher(allowed=settings.feed_allow) as fetcher:
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
    look_at_terms,
    look_at_database,
    look_at_redis,
    look_at_classifier,
    look_at_feeds,
    look_at_telegram,  # last: it may wait for a network
)
