"""Digests: when they come, and which message shows which stories."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("subscribers", sa.Column("digest_at", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("subscribers", sa.Column("digest_due", UtcTime(), nullable=True))
    op.add_column("subscribers", sa.Column("alerts", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "digested",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("story_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("shown_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "message_id", "place"),
    )
    op.create_index("digested_by_time", "digested", ["shown_at"], unique=False)
    op.create_index("digested_story", "digested", ["story_id", "revision"], unique=False)
