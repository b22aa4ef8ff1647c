"""How alembic reaches the tables of `moderation`."""

from moderation.database import run_migrations
from moderation.store.tables import metadata

run_migrations(metadata)
