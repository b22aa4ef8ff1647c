"""How the bot's tables are saved: less what one process had in its hand."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import deliveries, metadata, pushes
from moderation.backup import Package

SAVED = Package(
    name="bot",
    metadata=metadata,
    version_table="bot_version",
    as_saved={
        "deliveries.state": sa.case((deliveries.c.state == "leased", "pending"), else_=deliveries.c.state),
        "deliveries.leased_until": sa.null(),
        # Whoever takes it up where it was restored need not wait for a planner that is not there.
        "pushes.leased_until": pushes.c.begun_at,
        "inbox.leased_until": sa.null(),
    },
)
