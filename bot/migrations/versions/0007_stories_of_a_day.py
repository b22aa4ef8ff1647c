"""How many stories somebody gets in a day is told without looking at all they ever got."""

from moderation.migrating import add_index

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    add_index("deliveries_by_day", "deliveries", ["subscriber_id", "due_at"])
