"""When stories may come to a subscriber, how many a day, and which they asked for themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("subscribers", sa.Column("quiet_from", sa.SmallInteger(), nullable=True))
    op.add_column("subscribers", sa.Column("quiet_until", sa.SmallInteger(), nullable=True))
    op.add_column("subscribers", sa.Column("breaking", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("subscribers", sa.Column("daily_at_most", sa.SmallInteger(), nullable=True))
    op.add_column("deliveries", sa.Column("asked", sa.Boolean(), server_default=sa.false(), nullable=False))
