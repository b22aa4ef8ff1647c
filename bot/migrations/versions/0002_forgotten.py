"""Readers who were erased, and which cards show their words."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table('forgotten',
    sa.Column('author_hash', sa.String(length=64), nullable=False),
    sa.Column('erased_at', UtcTime(), nullable=False),
    sa.Column('through_message', sa.BigInteger(), nullable=False),
    sa.Column('person', sa.BigInteger(), nullable=True),
    sa.Column('done', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('author_hash')
    )
    op.create_index('forgotten_unfinished', 'forgotten', ['person'], unique=False, sqlite_where=sa.text('person IS NOT NULL'), postgresql_where=sa.text('person IS NOT NULL'))
    op.add_column('cards', sa.Column('stale', sa.Boolean(), server_default=sa.false(), nullable=False))
