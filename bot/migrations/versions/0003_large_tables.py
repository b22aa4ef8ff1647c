"""What was handled is emptied, and nothing of one reader is looked for in a whole table."""

from moderation.migrating import add_index, change_rows

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Where 0002 was done before it left these to this one they are there, and are left as they are.
    add_index("cards_stale", "cards", ["stale"], where="stale")
    add_index("shown_by_time", "shown", ["shown_at"])
    # What was handled has served: it is emptied.
    change_rows(
        "inbox",
        "update_id",
        values={"payload": "'{}'", "lane": "0"},
        where="done_at IS NOT NULL AND error IS NULL AND (lane <> 0 OR CAST(payload AS TEXT) <> '{}')",
    )
    add_index("inbox_of_chat", "inbox", ["lane", "update_id"], where="lane <> 0")
    add_index("inbox_handled", "inbox", ["received_at"], where="done_at IS NOT NULL")
    add_index("inbox_set_aside", "inbox", ["update_id"], where="done_at IS NOT NULL AND error IS NOT NULL")
    add_index("deliveries_to_subscriber", "deliveries", ["subscriber_id", "story_id"])
    add_index("notices_in_chat", "notices", ["chat_id", "message_id"])
