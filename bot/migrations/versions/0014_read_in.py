"""Where a story stands in other languages."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("stories", sa.Column("read_in", sa.JSON(), server_default="[]", nullable=False))
