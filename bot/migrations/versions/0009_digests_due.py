"""Whose digest is due is found without looking at all subscribers."""

from moderation.migrating import add_index

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    add_index("subscribers_digest_due", "subscribers", ["digest_due"], where="digest_due IS NOT NULL")
