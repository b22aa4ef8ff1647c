"""A process that goes on reading threads and handing in comments, and notes how long each of it took.

python -m tests.faults.traffic first JOURNAL    comments as the first release stored them, in fewer columns
python -m tests.faults.traffic now JOURNAL      comments by the door there is now

A line of the journal: `read SECONDS TRIES`, or `write SECONDS TRIES KEY` once it was accepted. Who is told to try again
does.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa

from benchmarks.million import BUSY_STORY
from moderation.comment import Submission
from moderation.config import load_policy
from moderation.database import Database, is_passing
from moderation.intake import Intake, fingerprint
from moderation.queue import ScreeningQueue, connect
from moderation.running import say_ready
from moderation.settings import Settings
from moderation.store import Store
from moderation.threads import Threads

AUTHOR = "test:1"
PAUSE_S = 0.01

Submit = Callable[[str], Awaitable[object]]


def micros() -> int:
    """This moment as the tables have it."""
    return round(datetime.now(UTC).timestamp() * 1e6)


def first_release(database: Database) -> Submit:
    """What the first release wrote for a comment, in one transaction."""
    given = {"story": BUSY_STORY, "author": AUTHOR, "text": "As I said."}
    statements = [
        sa.text(
            "INSERT INTO comments (story, author, author_name, source_key, status, latest_revision, edited, created_at)"
            " VALUES (:story, :author, 'Reader', :key, 'received', 1, :edited, :at) RETURNING id"
        ),
        sa.text(
            "INSERT INTO revisions (comment_id, number, text, fingerprint, author, received_at, status)"
            " VALUES (:id, 1, :text, :fingerprint, :author, :at, 'received') RETURNING id"
        ),
        sa.text(
            "INSERT INTO audit (at, comment_id, revision_id, who, name, act, to_status)"
            " VALUES (:at, :id, :revision, :author, '', 'submit', 'received')"
        ),
        sa.text(
            'INSERT INTO outbox (at, kind, comment_id, revision, author, story, visible, "first", silent, due_at)'
            " VALUES (:at, 'received', :id, 1, :author, :story, :no, :no, :no, :at)"
        ),
    ]

    async def submit(key: str) -> None:
        at = micros()
        async with database.write() as connection:
            row = await connection.execute(statements[0], {**given, "key": key, "edited": False, "at": at})
            comment_id = row.scalar_one()
            values = {**given, "id": comment_id, "fingerprint": fingerprint("As I said."), "at": at, "no": False}
            revision_id = (await connection.execute(statements[1], values)).scalar_one()
            await connection.execute(statements[2], values | {"revision": revision_id})
            await connection.execute(statements[3], values)

    return submit


async def the_door(database: Database, settings: Settings) -> Submit:
    """Intake, as the bot has it."""
    queue = ScreeningQueue(connect(settings.redis_address()), at_most=settings.queue_at_most)
    intake = Intake(Store(database), queue, terms=load_policy().version)
    await intake.agree(AUTHOR, language="en", now=datetime.now(UTC))

    async def submit(key: str) -> None:
        await intake.submit(Submission(BUSY_STORY, AUTHOR, "Reader", "As I said.", key), now=datetime.now(UTC))

    return submit


async def until_done(act: Callable[[], Awaitable[object]]) -> str:
    """Do it, as often as it takes: seconds, and tries."""
    began, tries = time.monotonic(), 0
    while True:
        tries += 1
        try:
            await act()
            return f"{time.monotonic() - began:.4f} {tries}"
        except Exception as error:
            if not is_passing(error):
                raise
            await asyncio.sleep(PAUSE_S)


async def run(kind: str, journal: TextIO) -> None:
    """Read and write side by side until SIGTERM."""
    settings = Settings()
    database = Database(settings.database_address())
    threads = Threads(Store(database))
    submit = first_release(database) if kind == "first" else await the_door(database, settings)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def read() -> None:
        while not stop.is_set():
            took = await until_done(lambda: threads.published(BUSY_STORY, sort="newest", limit=20, cursor=None))
            journal.write(f"read {took}\n")
            await asyncio.sleep(PAUSE_S)

    async def write() -> None:
        number = 0
        while not stop.is_set():
            key = f"traffic:{kind}:{number}"
            took = await until_done(lambda key=key: submit(key))  # type: ignore[misc]  # called before the next key
            journal.write(f"write {took} {key}\n")
            number += 1
            await asyncio.sleep(PAUSE_S)

    say_ready()
    await asyncio.gather(read(), write())
    await database.close()


if __name__ == "__main__":
    with Path(sys.argv[2]).open("a", encoding="utf-8", buffering=1) as notes:
        asyncio.run(run(sys.argv[1], notes))
