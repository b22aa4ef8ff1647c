"""The messages of a story are found, those from before the revisions too."""

from moderation.migrating import add_index, change_rows

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Of the messages from before, those that were deliveries are known to show the story itself.
    change_rows(
        "shown",
        "chat_id",
        values={"revision": "0"},
        where=(
            "revision IS NULL AND comment_id IS NULL AND EXISTS (SELECT 1 FROM deliveries d WHERE "
            "d.subscriber_id = shown.chat_id AND d.story_id = shown.story_id AND d.message_id = shown.message_id)"
        ),
    )
    add_index("stories_amending", "stories", ["amending"], where="amending")
    add_index("shown_of_story", "shown", ["story_id", "revision"], where="revision IS NOT NULL")
