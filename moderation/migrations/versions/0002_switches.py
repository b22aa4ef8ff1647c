"""Switches for a bad day, and what a comment's front said of its story."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0002"
down_revision = "0001"

_BEGUN = ("id", "kind", "scope", "target", "note", "begun_by", "begun_by_name", "begun_at")
_CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in _BEGUN)

KEEP_SWITCHES = {
    "sqlite": (
        f"""CREATE TRIGGER switches_only_end BEFORE UPDATE ON switches
        WHEN OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR {_CHANGED}
        BEGIN SELECT RAISE(ABORT, 'a switch is only ended'); END""",
        """CREATE TRIGGER switches_kept BEFORE DELETE ON switches
        BEGIN SELECT RAISE(ABORT, 'switches are kept'); END""",
    ),
    "postgresql": (
        f"""CREATE FUNCTION keep_switches() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'switches are kept'; END IF;
            IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR {_CHANGED} THEN
                RAISE EXCEPTION 'a switch is only ended';
            END IF;
            RETURN NEW;
        END $$""",
        """CREATE TRIGGER switches_kept BEFORE UPDATE OR DELETE ON switches
        FOR EACH ROW EXECUTE FUNCTION keep_switches()""",
    ),
}


def upgrade() -> None:
    op.create_table('switches',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('scope', sa.String(length=16), nullable=False),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('begun_by', sa.Text(), nullable=False),
    sa.Column('begun_by_name', sa.Text(), nullable=False),
    sa.Column('begun_at', UtcTime(), nullable=False),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.Column('ended_by_name', sa.Text(), nullable=True),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    op.create_index('switches_active_once', 'switches', ['kind', 'scope', 'target'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.add_column('comments', sa.Column('section', sa.Text(), nullable=True))
    op.add_column('comments', sa.Column('story_published_at', UtcTime(), nullable=True))
    for statement in KEEP_SWITCHES[op.get_bind().dialect.name]:
        op.execute(statement)
