"""Seals on the audit, which can only be added."""

import sqlalchemy as sa
from alembic import op

from moderation.database import UtcTime

revision = "0005"
down_revision = "0004"

KEEP_SEALS = {
    "sqlite": (
        """CREATE TRIGGER audit_seals_unchanged BEFORE UPDATE ON audit_seals
        BEGIN SELECT RAISE(ABORT, 'a seal is not changed'); END""",
        """CREATE TRIGGER audit_seals_kept BEFORE DELETE ON audit_seals
        BEGIN SELECT RAISE(ABORT, 'a seal is not taken away'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION keep_audit_seals() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'seals are only added'; END $$""",
        """CREATE TRIGGER audit_seals_kept BEFORE UPDATE OR DELETE ON audit_seals
        FOR EACH ROW EXECUTE FUNCTION keep_audit_seals()""",
    ),
}


def upgrade() -> None:
    op.create_table('audit_seals',
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('up_to', sa.BigInteger(), nullable=False),
    sa.Column('row_count', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('number')
    )
    for statement in KEEP_SEALS[op.get_bind().dialect.name]:
        op.execute(statement)
