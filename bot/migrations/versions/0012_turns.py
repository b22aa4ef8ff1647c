"""Who used the bot last, and what is sent next, are found without looking at all."""

from moderation.migrating import add_index, drop_index

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    add_index("subscribers_engaged", "subscribers", ["language", "engaged_at", "id"], where="engaged_at IS NOT NULL")
    add_index("deliveries_turn", "deliveries", ["state", "urgency", "due_at"])
    drop_index("deliveries_due")
