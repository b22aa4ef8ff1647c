"""The first tables."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table('cards',
    sa.Column('chat_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('message_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('comment_id', sa.BigInteger(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('open', sa.Boolean(), nullable=False),
    sa.Column('posted_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('chat_id', 'message_id')
    )
    op.create_index('cards_of_comment', 'cards', ['comment_id', 'revision'], unique=False)
    op.create_index('cards_open', 'cards', ['open', 'chat_id'], unique=False)
    op.create_table('conversations',
    sa.Column('person', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('state', sa.JSON(), nullable=False),
    sa.Column('changed_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('person')
    )
    op.create_table('feeds',
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('etag', sa.Text(), nullable=True),
    sa.Column('last_modified', sa.Text(), nullable=True),
    sa.Column('polled_at', UtcTime(), nullable=True),
    sa.Column('succeeded_at', UtcTime(), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('url')
    )
    op.create_table('inbox',
    sa.Column('update_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('lane', sa.BigInteger(), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('received_at', UtcTime(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('due_at', UtcTime(), nullable=False),
    sa.Column('leased_until', UtcTime(), nullable=True),
    sa.Column('done_at', UtcTime(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('update_id')
    )
    op.create_index('inbox_waiting', 'inbox', ['done_at', 'lane', 'update_id'], unique=False)
    op.create_table('notes',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('notices',
    sa.Column('comment_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('revision', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('chat_id', sa.BigInteger(), nullable=False),
    sa.Column('message_id', sa.BigInteger(), nullable=False),
    sa.Column('told', sa.String(length=16), nullable=False),
    sa.Column('event_id', sa.BigInteger(), nullable=False),
    sa.Column('told_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('comment_id', 'revision')
    )
    op.create_table('shown',
    sa.Column('chat_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('message_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('story_id', sa.BigInteger(), nullable=False),
    sa.Column('comment_id', sa.BigInteger(), nullable=True),
    sa.Column('shown_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('chat_id', 'message_id')
    )
    op.create_table('stories',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('section', sa.String(length=64), nullable=False),
    sa.Column('picture', sa.Text(), nullable=True),
    sa.Column('published_at', UtcTime(), nullable=False),
    sa.Column('seen_at', UtcTime(), nullable=False),
    sa.Column('top', sa.Boolean(), nullable=False),
    sa.Column('recalled_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('url'),
    sqlite_autoincrement=True
    )
    op.create_index('stories_by_language', 'stories', ['language', 'published_at'], unique=False)
    op.create_index('stories_by_time', 'stories', ['published_at', 'id'], unique=False)
    op.create_table('subscribers',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=16), nullable=False),
    sa.Column('sections', sa.JSON(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('joined_at', UtcTime(), nullable=False),
    sa.Column('stopped_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('subscribers_by_language', 'subscribers', ['language', 'active', 'id'], unique=False)
    op.create_table('deliveries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('story_id', sa.BigInteger(), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('due_at', UtcTime(), nullable=False),
    sa.Column('leased_until', UtcTime(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.BigInteger(), nullable=True),
    sa.Column('sent_at', UtcTime(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['story_id'], ['stories.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('story_id', 'subscriber_id', name='deliveries_once'),
    sqlite_autoincrement=True
    )
    op.create_index('deliveries_due', 'deliveries', ['state', 'due_at'], unique=False)
