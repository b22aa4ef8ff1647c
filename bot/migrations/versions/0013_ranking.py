"""What is ranked by: a story's place in its feed, what editors pinned and muted, who opened what."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("stories", sa.Column("place", sa.Integer(), nullable=True))
    op.add_column("stories", sa.Column("pinned_until", UtcTime(), nullable=True))
    op.add_column("stories", sa.Column("muted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "opened",
        sa.Column("story_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("story_id", "person"),
    )
    op.create_index("opened_by_person", "opened", ["person"], unique=False)
    op.create_index("opened_by_time", "opened", ["opened_at"], unique=False)
