"""How this package's tables are saved: less what one process had in its hand, and less what opens doors."""

from __future__ import annotations

import sqlalchemy as sa

from moderation.backup import Package
from moderation.store.tables import audit_seals, metadata

_HEAD = sa.cast(audit_seals.c.number, sa.Text) + sa.literal(":") + audit_seals.c.hash

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
    # A head that is kept outside the database: all seals written anew do not end in it.
    noted={"audit_head": sa.select(_HEAD).order_by(audit_seals.c.number.desc()).limit(1)},
)
