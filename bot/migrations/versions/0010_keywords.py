"""Words that subscribers follow or mute."""

import sqlalchemy as sa
from alembic import op

from moderation.database import Id

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "keywords",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subscriber_id", "kind", "folded", name="keywords_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("keywords_by_word", "keywords", ["folded", "kind", "subscriber_id"], unique=False)
