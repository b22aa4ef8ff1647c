"""How this package's tables are saved: less what one process had in its hand, and less what opens doors."""

from __future__ import annotations

import sqlalchemy as sa

from moderation.backup import Package
from moderation.store.tables import metadata

SAVED = Package(
    name="moderation",
    metadata=metadata,
    version_table="moderation_version",
    as_saved={
        "comments.claimed_by": sa.null(),
        "comments.claimed_until": sa.null(),
        "outbox.leased_until": sa.null(),
    },
    # Who was logged out since would be logged in again.
    emptied=frozenset({"login_links", "sessions"}),
)
