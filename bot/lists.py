"""Subscribers from a list, as another bot wrote it, and to one: JSON Lines, one subscriber a line.

    {"id": 1001, "language": "ur", "sections": ["world"], "timezone": "Asia/Karachi"}

Only `id` must be there. A bad line costs nothing but itself.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, BinaryIO

from babel.core import get_global

from bot.settings import BotSettings
from bot.store import BotStore
from bot.story import SECTION_LENGTH, SECTIONS
from bot.subscriber import Listed, Subscriber, person_name
from moderation.database import opened
from moderation.policy import LANGUAGES
from moderation.privacy import author_hash
from moderation.settings import TELEGRAM_ID_AT_MOST

AT_ONCE = 1000
"""Lines that are stored together."""

LONGEST_LINE = 16_384
"""Bytes of a line; a longer one is refused unread."""

Refuse = Callable[[int, str], None]
"""Told of a line that was refused: its number, from 1, and why."""


class LineRefused(Exception):
    """A line that names no subscriber; the message says why."""


@dataclass
class Imported:
    """What became of a list's lines.

    Who is `known` chose for themselves here and stays as they are; who was erased stays so.
    """

    new: int = 0
    known: int = 0
    erased: int = 0
    refused: int = 0


@dataclass
class _Batch:
    listed: list[Listed] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


async def import_subscribers(
    settings: BotSettings, lines: BinaryIO, *, refuse: Refuse, progress: Callable[[int], None]
) -> Imported:
    """Subscribe everybody in the list; nothing is sent. `progress` is told how many lines were read.

    Raises SettingsError.
    """
    done, read = Imported(), 0
    async with opened(settings.database_address()) as database:
        store = BotStore(database)
        for batch in _batches(lines):
            for number, why in batch.refused:
                refuse(number, why)
            # Of a number that stands twice the first counts.
            wanted = {author_hash(person_name(one.id)): one for one in reversed(batch.listed)}
            new, erased = await store.subscribers.add_listed(wanted, now=datetime.now(UTC))
            done.new += new
            done.known += len(batch.listed) - new - erased
            done.erased += erased
            done.refused += len(batch.refused)
            read += len(batch.listed) + len(batch.refused)
            progress(read)
    return done


async def export_subscribers(settings: BotSettings, out: BinaryIO) -> int:
    """Write everybody to whom stories are sent, by number; how many. Raises SettingsError."""
    written = 0
    async with opened(settings.database_address()) as database, contextlib.aclosing(_all(BotStore(database))) as all_:
        async for subscriber in all_:
            out.write(json.dumps(_as_listed(subscriber), ensure_ascii=False).encode() + b"\n")
            written += 1
    return written


def parse_line(line: bytes) -> Listed:
    """The subscriber a line names. Raises LineRefused."""
    if len(line) > LONGEST_LINE:
        raise LineRefused(f"longer than {LONGEST_LINE} bytes")
    try:
        given = json.loads(line.decode())
    except UnicodeDecodeError:
        raise LineRefused("not UTF-8") from None
    except (ValueError, RecursionError):
        raise LineRefused("not JSON") from None
    if not isinstance(given, dict):
        raise LineRefused("not an object")
    return Listed(
        id=_id(given.get("id")),
        language=_language(given.get("language")),
        sections=_sections(given.get("sections")),
        timezone=_timezone(given.get("timezone")),
    )


def _batches(lines: BinaryIO) -> Iterator[_Batch]:
    numbered = enumerate(_lines(lines), 1)
    while part := list(islice(numbered, AT_ONCE)):
        batch = _Batch()
        for number, line in part:
            if not line.strip():
                continue
            try:
                batch.listed.append(parse_line(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line))
            except LineRefused as error:
                batch.refused.append((number, str(error)))
        yield batch


def _lines(given: BinaryIO) -> Iterable[bytes]:
    """Each line, an overlong one cut so that no memory is spent on it."""
    while begun := given.readline(LONGEST_LINE + 2):
        yield begun
        while not begun.endswith(b"\n") and len(begun) == LONGEST_LINE + 2:
            begun = given.readline(LONGEST_LINE + 2)


def _id(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= TELEGRAM_ID_AT_MOST:
        raise LineRefused("id is no person's Telegram number")
    return value


def _language(value: Any) -> str:
    if value is None:
        return "en"
    base = value.lower().replace("_", "-").partition("-")[0] if isinstance(value, str) else None
    if base not in LANGUAGES:
        raise LineRefused(f"language is none of {', '.join(LANGUAGES)}")
    return str(base)


def _sections(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise LineRefused("sections is no list of names")
    names = sorted({" ".join(name.lower().split()) for name in value})
    if unknown := [name for name in names if name not in SECTIONS]:
        # A section nobody can choose would keep all stories from them, and no button would show why.
        raise LineRefused(f"section {unknown[0][:SECTION_LENGTH]!r} is none of {', '.join(SECTIONS)}")
    return tuple(names)


def _timezone(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not (
        value in get_global("zone_territories") or value in get_global("zone_aliases")
    ):
        raise LineRefused("timezone is no name such as Asia/Karachi")
    return value


async def _all(store: BotStore) -> AsyncGenerator[Subscriber]:
    after = 0
    while page := await store.subscribers.active_after(after, at_most=AT_ONCE):
        for subscriber in page:
            yield subscriber
        after = page[-1].id


def _as_listed(subscriber: Subscriber) -> dict[str, Any]:
    told = {"id": subscriber.id, "language": subscriber.language, "sections": sorted(subscriber.sections)}
    return told if subscriber.timezone is None else {**told, "timezone": subscriber.timezone}
