"""The bot's tables and every query on them: stories, subscribers, deliveries, the inbox, and what was shown where.

Nobody else reads these tables; `moderation` has its own in the same database. `upgrade` migrates them.
"""

from __future__ import annotations

from pathlib import Path

from bot.store.amendments import RECALLED, Amendments, Behind
from bot.store.conversations import Conversations
from bot.store.deliveries import QUIET, UNWANTED, Deliveries, Delivery
from bot.store.digests import Digests, SentDigest, TakenDigest
from bot.store.forgotten import Forgotten, Unfinished
from bot.store.inbox import Inbox, StoredUpdate
from bot.store.keywords import Keywords
from bot.store.opened import Opened
from bot.store.pushes import Push, Pushes, Wanted
from bot.store.shown import Card, NoticeRow, Shown
from bot.store.stories import FeedState, Stories
from bot.store.subscribers import Subscribers
from moderation import migrating
from moderation.database import Database

__all__ = [
    "QUIET",
    "RECALLED",
    "UNWANTED",
    "Behind",
    "BotStore",
    "Card",
    "Delivery",
    "FeedState",
    "NoticeRow",
    "Push",
    "SentDigest",
    "StoredUpdate",
    "TakenDigest",
    "Unfinished",
    "Wanted",
    "upgrade",
]


class BotStore:
    """The bot's side of the database, a part for each kind of thing."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.stories = Stories(database)
        self.subscribers = Subscribers(database)
        self.deliveries = Deliveries(database)
        self.pushes = Pushes(database)
        self.keywords = Keywords(database)
        self.digests = Digests(database)
        self.amendments = Amendments(database)
        self.opened = Opened(database)
        self.inbox = Inbox(database)
        self.conversations = Conversations(database)
        self.shown = Shown(database)
        self.forgotten = Forgotten(database)


def upgrade(address: str, *, to: str = "head") -> bool:
    """Bring the bot's tables to their newest form, or to an older one; True if anything was done.

    Blocking. Raises SettingsError.
    """
    folder = Path(__file__).resolve().parent.parent / "migrations"
    return migrating.upgrade(address, migrations=folder, version_table="bot_version", to=to)
