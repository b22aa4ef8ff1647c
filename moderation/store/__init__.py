"""The tables of `moderation` and every query on them. Nobody else reads these tables, and nothing here decides.

Reading is by the methods of Store. Writing what becomes of a comment is by `Store.change()`, which only intake and
enforcement open. A database error that may pass surfaces as it is: callers judge it with `database.is_passing`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from moderation import migrating
from moderation.database import Database
from moderation.store.change import Change
from moderation.store.models import ModelQueries
from moderation.store.outbox import OutboxQueries
from moderation.store.people import PeopleQueries
from moderation.store.privacy import PrivacyQueries
from moderation.store.retention import RetentionQueries
from moderation.store.review import ReviewQueries
from moderation.store.screening import ScreeningQueries
from moderation.store.seals import Mark, SealQueries
from moderation.store.switches import SwitchQueries
from moderation.store.threads import Place, Sort, ThreadQueries
from moderation.store.values import (
    MACHINE,
    Arrival,
    AuditRow,
    CommentRecord,
    Counts,
    Erased,
    Erasure,
    Held,
    Latest,
    LegalHold,
    ModelRecord,
    NewEvent,
    NewRevision,
    Pending,
    Promotion,
    PublishedComment,
    SessionRow,
    Standing,
)

__all__ = [
    "MACHINE",
    "Arrival",
    "AuditRow",
    "Change",
    "CommentRecord",
    "Counts",
    "Erased",
    "Erasure",
    "Held",
    "Latest",
    "LegalHold",
    "Mark",
    "ModelRecord",
    "NewEvent",
    "NewRevision",
    "Pending",
    "Place",
    "Promotion",
    "PublishedComment",
    "SessionRow",
    "Sort",
    "Standing",
    "Store",
    "upgrade",
]


class Store(
    ScreeningQueries,
    OutboxQueries,
    ThreadQueries,
    ReviewQueries,
    ModelQueries,
    PeopleQueries,
    SwitchQueries,
    PrivacyQueries,
    RetentionQueries,
    SealQueries,
):
    """The store, on one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextlib.asynccontextmanager
    async def change(self) -> AsyncIterator[Change]:
        """A transaction that may change comments: durable when the block has ended, undone when it raises."""
        async with self.database.write() as connection:
            yield Change(self.database, connection)

    async def standing_of(self, comment_id: int) -> Standing | None:
        """Where a comment's latest revision stands at this moment; it may be another place at the next."""
        async with self.database.read() as connection:
            found = await Change(self.database, connection).standing(comment_id=comment_id)
            return found[-1] if found else None


def upgrade(address: str, *, to: str = "head") -> bool:
    """Bring the tables to their newest form, or to an older one; True if anything was done.

    Blocking. Raises SettingsError.
    """
    folder = Path(__file__).resolve().parent.parent / "migrations"
    return migrating.upgrade(address, migrations=folder, version_table="moderation_version", to=to)
