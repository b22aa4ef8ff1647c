"""Stories corrected or recalled, what a message shows of them, subscribers' time zones, deliveries that failed."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("stories", sa.Column("corrected_at", UtcTime(), nullable=True))
    op.add_column("stories", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.add_column("stories", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.add_column("stories", sa.Column("amending", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("subscribers", sa.Column("timezone", sa.String(length=64), nullable=True))
    op.add_column("deliveries", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("shown", sa.Column("revision", sa.Integer(), nullable=True))
