"""How alembic reaches the tables of `moderation`."""

from moderation.migrating import run_migrations
from moderation.store.tables import metadata

run_migrations(metadata)
