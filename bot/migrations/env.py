"""How alembic reaches the bot's tables."""

from bot.store.tables import metadata
from moderation.migrating import run_migrations

run_migrations(metadata)
