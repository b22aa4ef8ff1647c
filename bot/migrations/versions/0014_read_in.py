"""Where a story stands in other languages, and when it was pushed to everybody it is for."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("stories", sa.Column("read_in", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("stories", sa.Column("pushed_at", UtcTime(), nullable=True))
