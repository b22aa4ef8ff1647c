"""The tables of `moderation`. A change here needs a migration beside it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from moderation.database import Id, UtcTime

metadata = sa.MetaData()

AnyRow = sa.Row[*tuple[Any, ...]]
"""A row of any columns, read by their names."""

Json = sa.JSON(none_as_null=True)

BY_MODERATORS = sa.text("act NOT IN ('submit', 'edit', 'withdraw', 'screen')")
"""Of the audit's rows those of what people did at the desk. A partial index is used where a query says just this."""

comments = sa.Table(
    "comments",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("story", sa.Text, nullable=False),
    sa.Column("parent", sa.BigInteger, sa.ForeignKey("comments.id")),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("author_name", sa.Text, nullable=False),
    sa.Column("language", sa.String(32)),
    sa.Column("source_key", sa.Text, nullable=False, unique=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("latest_revision", sa.Integer, nullable=False),
    sa.Column("published_revision", sa.Integer),
    sa.Column("published_at", UtcTime),
    sa.Column("edited", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_until", UtcTime),
    # What the front said of the story when the comment came: switches and the age of stories go by it.
    sa.Column("section", sa.Text),
    sa.Column("story_published_at", UtcTime),
    sa.Index("comments_of_story", "story", "status", "published_at", "id"),
    sa.Index("comments_by_time", "status", "published_at", "id"),
    sa.Index("comments_of_author", "author", "status", "id"),
    sa.Index("comments_answering", "parent", "status"),
    # An erased comment's number must never be given to another one.
    sqlite_autoincrement=True,
)

revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("comment_id", sa.BigInteger, sa.ForeignKey("comments.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String(16), nullable=False),
    # Repeated from the comment, so that flooding and repeats are counted from one index.
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("held_at", UtcTime),
    # The decision in force.
    sa.Column("outcome", sa.String(16)),
    sa.Column("decided_by", sa.String(16)),
    sa.Column("decided_at", UtcTime),
    sa.Column("terms", sa.Text),
    sa.Column("clause", sa.String(32)),
    sa.Column("reason", sa.String(32)),
    sa.Column("moderator", sa.Text),
    sa.Column("moderator_name", sa.Text),
    # What the machine saw and concluded: it stays when a moderator decides, and comes back when that is undone.
    sa.Column("language", sa.String(32)),
    sa.Column("model", sa.String(64)),
    sa.Column("scores", Json),
    sa.Column("findings", Json),
    sa.Column("machine_clause", sa.String(32)),
    sa.Column("machine_reason", sa.String(32)),
    sa.UniqueConstraint("comment_id", "number", name="revisions_once"),
    sa.Index("revisions_of_author", "author", "received_at"),
    sa.Index("revisions_alike", "fingerprint", "received_at"),
    sa.Index(
        "revisions_unscreened",
        "received_at",
        sqlite_where=sa.text("status = 'received'"),
        postgresql_where=sa.text("status = 'received'"),
    ),
    sa.Index(
        "revisions_held",
        "held_at",
        "comment_id",
        sqlite_where=sa.text("status = 'held'"),
        postgresql_where=sa.text("status = 'held'"),
    ),
    # The database's own word that a comment never waits for two decisions at once.
    sa.Index(
        "revisions_undecided_once",
        "comment_id",
        unique=True,
        sqlite_where=sa.text("status IN ('received', 'held')"),
        postgresql_where=sa.text("status IN ('received', 'held')"),
    ),
    # What retention looks for, so that a look that finds nothing costs nothing.
    sa.Index(
        "revisions_with_findings",
        "decided_at",
        sqlite_where=sa.text("findings IS NOT NULL"),
        postgresql_where=sa.text("findings IS NOT NULL"),
    ),
    sa.Index(
        "revisions_taken_back",
        "received_at",
        sqlite_where=sa.text("status = 'withdrawn' AND text <> ''"),
        postgresql_where=sa.text("status = 'withdrawn' AND text <> ''"),
    ),
    sqlite_autoincrement=True,
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("comment_id", sa.BigInteger, nullable=False),
    sa.Column("revision_id", sa.BigInteger, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("act", sa.String(16), nullable=False),
    sa.Column("from_status", sa.String(16)),
    sa.Column("to_status", sa.String(16), nullable=False),
    sa.Column("clause", sa.String(32)),
    sa.Column("reason", sa.String(32)),
    sa.Column("terms", sa.Text),
    sa.Column("model", sa.String(64)),
    sa.Column("scores", Json),
    sa.Index("audit_of_comment", "comment_id", "id"),
    # The database's own word that a revision gets one machine decision.
    sa.Index(
        "audit_screened_once",
        "revision_id",
        unique=True,
        sqlite_where=sa.text("act = 'screen'"),
        postgresql_where=sa.text("act = 'screen'"),
    ),
    sa.Index("audit_of_moderator", "who", "id", sqlite_where=BY_MODERATORS, postgresql_where=BY_MODERATORS),
    sqlite_autoincrement=True,
)

audit_seals = sa.Table(
    "audit_seals",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("up_to", sa.BigInteger, nullable=False),
    sa.Column("row_count", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("comment_id", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("story", sa.Text, nullable=False),
    sa.Column("decided_by", sa.String(16)),
    sa.Column("moderator", sa.Text),
    sa.Column("moderator_name", sa.Text),
    sa.Column("clause", sa.String(32)),
    sa.Column("reason", sa.String(32)),
    sa.Column("visible", sa.Boolean, nullable=False),
    sa.Column("first", sa.Boolean, nullable=False),
    sa.Column("silent", sa.Boolean, nullable=False),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("leased_until", UtcTime),
    sa.Column("done_at", UtcTime),
    sa.Index(
        "outbox_untold",
        "id",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    ),
    sa.Index("outbox_about_comment", "comment_id", "id"),
    sa.Index(
        "outbox_told",
        "done_at",
        sqlite_where=sa.text("done_at IS NOT NULL"),
        postgresql_where=sa.text("done_at IS NOT NULL"),
    ),
    sa.Index("outbox_visible", "visible", "id"),
    sa.Index("outbox_visible_of_story", "story", "visible", "id"),
    sqlite_autoincrement=True,
)

agreements = sa.Table(
    "agreements",
    metadata,
    sa.Column("author", sa.Text, primary_key=True),
    sa.Column("terms", sa.Text, primary_key=True),
    sa.Column("language", sa.String(32), nullable=False),
    sa.Column("agreed_at", UtcTime, nullable=False),
)

login_links = sa.Table(
    "login_links",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id_hash", sa.String(64), primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("version", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("figures", Json, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)

promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("version", sa.String(64), sa.ForeignKey("models.version"), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

switches = sa.Table(
    "switches",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("scope", sa.String(16), nullable=False),
    # The story or section it is about; "" for the site, since NULLs are never alike in a unique index.
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("begun_by", sa.Text, nullable=False),
    sa.Column("begun_by_name", sa.Text, nullable=False),
    sa.Column("begun_at", UtcTime, nullable=False),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_by_name", sa.Text),
    sa.Column("ended_at", UtcTime),
    # The database's own word that a switch is not begun twice.
    sa.Index(
        "switches_active_once",
        "kind",
        "scope",
        "target",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("author_hash", sa.String(64), nullable=False),
    sa.Column("erased_at", UtcTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.UniqueConstraint("author_hash", "erased_at", name="erasures_once"),
    sqlite_autoincrement=True,
)

legal_holds = sa.Table(
    "legal_holds",
    metadata,
    sa.Column("comment_id", sa.BigInteger, sa.ForeignKey("comments.id"), primary_key=True, autoincrement=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
    # Its author was erased meanwhile: what the hold keeps goes when it is released.
    sa.Column("erasure_due", sa.Boolean, nullable=False),
)
