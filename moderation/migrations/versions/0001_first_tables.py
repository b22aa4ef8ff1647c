"""The first tables, and an audit that can only grow."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0001"
down_revision = None

KEEP_AUDIT = {
    "sqlite": (
        """CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is not changed'); END""",
        """CREATE TRIGGER audit_kept BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is not shortened'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'the audit only grows'; END $$""",
        """CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION keep_audit()""",
    ),
}


def upgrade() -> None:
    op.create_table('agreements',
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('terms', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=32), nullable=False),
    sa.Column('agreed_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('author', 'terms')
    )
    op.create_table('audit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('comment_id', sa.BigInteger(), nullable=False),
    sa.Column('revision_id', sa.BigInteger(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('act', sa.String(length=16), nullable=False),
    sa.Column('from_status', sa.String(length=16), nullable=True),
    sa.Column('to_status', sa.String(length=16), nullable=False),
    sa.Column('clause', sa.String(length=32), nullable=True),
    sa.Column('reason', sa.String(length=32), nullable=True),
    sa.Column('terms', sa.Text(), nullable=True),
    sa.Column('model', sa.String(length=64), nullable=True),
    sa.Column('scores', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    op.create_index('audit_of_comment', 'audit', ['comment_id', 'id'], unique=False)
    op.create_index('audit_screened_once', 'audit', ['revision_id'], unique=True, sqlite_where=sa.text("act = 'screen'"), postgresql_where=sa.text("act = 'screen'"))
    op.create_table('comments',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('story', sa.Text(), nullable=False),
    sa.Column('parent', sa.BigInteger(), nullable=True),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('author_name', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=32), nullable=True),
    sa.Column('source_key', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('latest_revision', sa.Integer(), nullable=False),
    sa.Column('published_revision', sa.Integer(), nullable=True),
    sa.Column('published_at', UtcTime(), nullable=True),
    sa.Column('edited', sa.Boolean(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('claimed_by', sa.Text(), nullable=True),
    sa.Column('claimed_until', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['parent'], ['comments.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('source_key'),
    sqlite_autoincrement=True
    )
    op.create_index('comments_answering', 'comments', ['parent', 'status'], unique=False)
    op.create_index('comments_by_time', 'comments', ['status', 'published_at', 'id'], unique=False)
    op.create_index('comments_of_author', 'comments', ['author', 'status', 'id'], unique=False)
    op.create_index('comments_of_story', 'comments', ['story', 'status', 'published_at', 'id'], unique=False)
    op.create_table('login_links',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('expires_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('token_hash')
    )
    op.create_table('models',
    sa.Column('version', sa.String(length=64), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('figures', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('version')
    )
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('comment_id', sa.BigInteger(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('story', sa.Text(), nullable=False),
    sa.Column('decided_by', sa.String(length=16), nullable=True),
    sa.Column('moderator', sa.Text(), nullable=True),
    sa.Column('moderator_name', sa.Text(), nullable=True),
    sa.Column('clause', sa.String(length=32), nullable=True),
    sa.Column('reason', sa.String(length=32), nullable=True),
    sa.Column('visible', sa.Boolean(), nullable=False),
    sa.Column('first', sa.Boolean(), nullable=False),
    sa.Column('silent', sa.Boolean(), nullable=False),
    sa.Column('due_at', UtcTime(), nullable=False),
    sa.Column('leased_until', UtcTime(), nullable=True),
    sa.Column('done_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    op.create_index('outbox_untold', 'outbox', ['id'], unique=False, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
    op.create_index('outbox_of_comment', 'outbox', ['comment_id', 'id'], unique=False, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
    op.create_index('outbox_visible', 'outbox', ['visible', 'id'], unique=False)
    op.create_index('outbox_visible_of_story', 'outbox', ['story', 'visible', 'id'], unique=False)
    op.create_table('sessions',
    sa.Column('id_hash', sa.String(length=64), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('csrf', sa.String(length=64), nullable=False),
    sa.Column('expires_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('id_hash')
    )
    op.create_table('promotions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('version', sa.String(length=64), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['version'], ['models.version'], ),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    op.create_table('revisions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('comment_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.String(length=16), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('received_at', UtcTime(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('held_at', UtcTime(), nullable=True),
    sa.Column('outcome', sa.String(length=16), nullable=True),
    sa.Column('decided_by', sa.String(length=16), nullable=True),
    sa.Column('decided_at', UtcTime(), nullable=True),
    sa.Column('terms', sa.Text(), nullable=True),
    sa.Column('clause', sa.String(length=32), nullable=True),
    sa.Column('reason', sa.String(length=32), nullable=True),
    sa.Column('moderator', sa.Text(), nullable=True),
    sa.Column('moderator_name', sa.Text(), nullable=True),
    sa.Column('language', sa.String(length=32), nullable=True),
    sa.Column('model', sa.String(length=64), nullable=True),
    sa.Column('scores', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('findings', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('machine_clause', sa.String(length=32), nullable=True),
    sa.Column('machine_reason', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['comment_id'], ['comments.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('comment_id', 'number', name='revisions_once'),
    sqlite_autoincrement=True
    )
    op.create_index('revisions_alike', 'revisions', ['fingerprint', 'received_at'], unique=False)
    op.create_index('revisions_held', 'revisions', ['held_at', 'comment_id'], unique=False, sqlite_where=sa.text("status = 'held'"), postgresql_where=sa.text("status = 'held'"))
    op.create_index('revisions_of_author', 'revisions', ['author', 'received_at'], unique=False)
    op.create_index('revisions_undecided_once', 'revisions', ['comment_id'], unique=True, sqlite_where=sa.text("status IN ('received', 'held')"), postgresql_where=sa.text("status IN ('received', 'held')"))
    op.create_index('revisions_unscreened', 'revisions', ['received_at'], unique=False, sqlite_where=sa.text("status = 'received'"), postgresql_where=sa.text("status = 'received'"))
    for statement in KEEP_AUDIT[op.get_bind().dialect.name]:
        op.execute(statement)
