"""Erasures and legal holds; an audit row may lose who, name and scores once its comment was erased, and nothing else."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0003"
down_revision = "0002"

_FIXED = ("id", "at", "comment_id", "revision_id", "act", "from_status", "to_status", "clause", "reason", "terms", "model")
_SAME = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _FIXED)
_ERASED = "EXISTS (SELECT 1 FROM comments WHERE comments.id = OLD.comment_id AND comments.author = '')"

KEEP_AUDIT = {
    "sqlite": (
        "DROP TRIGGER audit_unchanged",
        f"""CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
        WHEN NOT ({_SAME} AND NEW.who IN (OLD.who, '') AND NEW.name IN (OLD.name, '')
            AND (NEW.scores IS NULL OR NEW.scores IS OLD.scores) AND {_ERASED})
        BEGIN SELECT RAISE(ABORT, 'the audit is not changed'); END""",
    ),
    "postgresql": (
        f"""CREATE OR REPLACE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN
            IF TG_OP = 'UPDATE' AND NEW.who IN (OLD.who, '') AND NEW.name IN (OLD.name, '')
                AND (NEW.scores IS NULL OR NEW.scores::text = OLD.scores::text)
                AND to_jsonb(NEW) - 'who' - 'name' - 'scores' = to_jsonb(OLD) - 'who' - 'name' - 'scores'
                AND {_ERASED}
            THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'the audit only grows';
        END $$""",
    ),
}


def upgrade() -> None:
    op.create_table('erasures',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('author_hash', sa.String(length=64), nullable=False),
    sa.Column('erased_at', UtcTime(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('author_hash', 'erased_at', name='erasures_once'),
    sqlite_autoincrement=True
    )
    op.create_table('legal_holds',
    sa.Column('comment_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('since', UtcTime(), nullable=False),
    sa.Column('erasure_due', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comments.id'], ),
    sa.PrimaryKeyConstraint('comment_id')
    )
    for statement in KEEP_AUDIT[op.get_bind().dialect.name]:
        op.execute(statement)
