"""Pushes planned in pages, who used the bot when, and which delivery goes before which."""

import sqlalchemy as sa
from alembic import op

from moderation.database import Id, UtcTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "pushes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("story_id", sa.BigInteger(), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("begun_at", UtcTime(), nullable=False),
        sa.Column("lately", sa.Boolean(), nullable=False),
        sa.Column("after_at", UtcTime(), nullable=True),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("leased_until", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("pushes_of_story", "pushes", ["story_id"], unique=False)
    op.add_column("subscribers", sa.Column("engaged_at", UtcTime(), nullable=True))
    op.add_column("deliveries", sa.Column("urgency", sa.SmallInteger(), server_default="2", nullable=False))
