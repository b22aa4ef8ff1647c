"""How the bot's tables are saved: less what one process had in its hand."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import deliveries, metadata
from moderation.backup import Package

SAVED = Package(
    name="bot",
    metadata=metadata,
    version_table="bot_version",
    as_saved={
        "deliveries.state": sa.case((deliveries.c.state == "leased", "pending"), else_=deliveries.c.state),
        "deliveries.leased_until": sa.null(),
        "inbox.leased_until": sa.null(),
    },
)
