"""What retention, an erasure and a reader's own data are found by, so that none of them reads a table whole."""

from moderation.migrating import add_index, drop_index

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Where 0003 was done before it left these two to this one they are there, and are left as they are.
    add_index("revisions_with_findings", "revisions", ["decided_at"], where="findings IS NOT NULL")
    add_index("revisions_taken_back", "revisions", ["received_at"], where="status = 'withdrawn' AND text <> ''")
    add_index("audit_of_moderator", "audit", ["who", "id"], where="act NOT IN ('submit', 'edit', 'withdraw', 'screen')")
    add_index("outbox_told", "outbox", ["done_at"], where="done_at IS NOT NULL")
    # Of told events too: an erasure takes the author out of all of them.
    add_index("outbox_about_comment", "outbox", ["comment_id", "id"])
    drop_index("outbox_of_comment")
