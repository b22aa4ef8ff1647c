"""What editors pinned is found without looking at all stories."""

from moderation.migrating import add_index

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    add_index("stories_pinned", "stories", ["pinned_until"], where="pinned_until IS NOT NULL")
